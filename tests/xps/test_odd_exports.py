"""Exports that are nearly as they should be: the right number, a doubted one, or none with the reason; never a wrong one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers import read

from .planted import REGIONS, eq1, scan, tables, write, write_scienta

SOURCES = [("Al", 1486.69), ("Mg", 1253.6), ("Ag", 2984.3), ("Cr", 5414.8)]


@pytest.mark.parametrize("kinetic", [True, False])
@pytest.mark.parametrize(("source", "photon"), SOURCES)
def test_any_source_on_either_axis(
    config: dict, tmp_path: Path, source: str, photon: float, kinetic: bool
) -> None:
    scans = [scan(r, 0.5, photon_eV=photon, source=source, kinetic=kinetic) for r in REGIONS]
    row = eq1(tables(write(tmp_path / "a.vms", scans), config))
    assert row["coverage"] == pytest.approx(0.5, abs=0.02) and row["quality"] == "ok"


@pytest.mark.parametrize(
    ("unit", "factor"), [("c/s", 1.0), ("1/s", 1.0), ("s-1", 1.0), ("kcps", 1e-3), ("kc/s", 1e-3)]
)
def test_units_of_rates(config: dict, tmp_path: Path, unit: str, factor: float) -> None:
    scans = [scan(r, 0.5, rate_unit=unit, rate_factor=factor) for r in REGIONS]
    found = tables(write(tmp_path / "a.vms", scans), config)
    row = eq1(found)
    assert row["coverage"] == pytest.approx(0.5, abs=0.02) and row["quality"] == "ok"
    assert all(0.7 < r["reduced_chi_square"] < 1.5 for r in found["xps_fits"])


def test_rates_that_pass_for_counts_are_doubted(config: dict, tmp_path: Path) -> None:
    scans = [scan(r, 0.5, rate_unit="d") for r in REGIONS]
    row = eq1(tables(write(tmp_path / "a.vms", scans), config))
    assert row["quality"] == "doubtful" and "of that of counts" in row["quality_note"]


def test_different_pass_energies_without_transmission_are_doubted(
    config: dict, tmp_path: Path
) -> None:
    scans = [scan(r, scale=2.0 if r == "Ni 2p" else 1.0) for r in REGIONS]
    scans[-1].pass_energy_eV = 80.0
    found = tables(write(tmp_path / "a.vms", scans), config)
    assert (
        eq1(found)["quality"] == "doubtful"
        and "pass energies of 40 and 80 eV" in eq1(found)["quality_note"]
    )
    assert all(r["quality"] == "doubtful" for r in found["xps_components"])
    # A region measured again counts once: with the first of its name.
    again = [*(scan(r) for r in REGIONS), scan("S 2p", scale=2.5, pass_energy_eV=80.0)]
    row = eq1(tables(write(tmp_path / "b.vms", again), config))
    assert row["coverage"] == pytest.approx(0.5, abs=0.02) and row["quality"] == "ok"


def _cut(s: Any) -> None:
    s.binding_eV, s.counts = s.binding_eV[:130], s.counts[:130]


def _stuck(s: Any) -> None:
    s.counts[150:] = s.counts[150]


def _dark(s: Any) -> None:
    s.counts = np.random.default_rng(1).poisson(0.2, len(s.counts)).astype(float)


def _spike(s: Any) -> None:
    s.counts[60] = 5 * s.counts.max()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_cut, "of the fitted area were measured"),
        (_stuck, "the same number"),
        (_spike, "a spike at"),
    ],
)
def test_a_scan_that_went_wrong_gives_no_coverage(
    config: dict, tmp_path: Path, damage: Any, said: str
) -> None:
    scans = [scan(r) for r in REGIONS]
    damage(scans[2])
    row = eq1(tables(write(tmp_path / "a.vms", scans), config))
    assert row["quality"] == "unusable" and said in row["quality_note"]


def test_a_detector_that_was_hardly_on_measures_no_absence(config: dict, tmp_path: Path) -> None:
    scans = [scan(r) for r in REGIONS]
    _dark(scans[3])
    row = eq1(tables(write(tmp_path / "a.vms", scans), config))
    assert row["quality"] == "doubtful" and "was the detector on" in row["quality_note"]


def test_an_integral_is_as_doubtful_as_its_region(config: dict, tmp_path: Path) -> None:
    """A region without a model has a judgement in its row, as every other one has."""
    scans = [replace(scan("P 2p"), region=r) for r in ("Mo 3d", "W 4f")]
    _dark(scans[1])
    found = tables(write(tmp_path / "a.vms", scans), config)
    assert [r["quality"] for r in found["xps_components"]] == ["ok", "doubtful"]
    assert "was the detector on" in found["xps_components"][1]["quality_note"]


@pytest.mark.parametrize("named", ["XPS {}{}", "spot 1 {}{}", "{}{}/12", "{}{}2", "{} {}#2"])
def test_names_around_the_name_of_a_line(config: dict, tmp_path: Path, named: str) -> None:
    scans = [replace(scan(r), region=named.format(*r.split())) for r in REGIONS]
    scans[0].region = scans[0].region.upper()
    found = tables(write(tmp_path / "a.vms", scans), config)
    assert eq1(found)["coverage"] == pytest.approx(0.5, abs=0.02)
    assert found["xps_fits"][0]["charge_shift_eV"] == pytest.approx(1.0, abs=0.08)


def test_regions_without_names_are_known_by_their_energies(config: dict, tmp_path: Path) -> None:
    """Omicron EIS writes none."""
    scans = [replace(scan(r, 0.5), region="") for r in REGIONS]
    found = tables(write(tmp_path / "a.vms", scans), config)
    assert eq1(found)["coverage"] == pytest.approx(0.5, abs=0.02) and eq1(found)["quality"] == "ok"
    assert any("by their energies: C 1s, O 1s" in w for w in found["warnings"])


def test_differential_charging_is_doubted(config: dict, tmp_path: Path) -> None:
    scans = [scan(r, shift=2.1 if r in ("S 2p", "P 2p") else 1.0) for r in REGIONS]
    found = tables(write(tmp_path / "a.vms", scans), config)
    own = [r for r in found["xps_components"] if r["region"] in ("S 2p", "P 2p")]
    assert eq1(found)["quality"] == "doubtful"
    assert all(r["quality"] == "doubtful" for r in own)


def test_a_part_of_the_spot_at_another_potential_doubts_broad_lines_too(
    config: dict, tmp_path: Path
) -> None:
    """Ni 2p hides it, with energies 0.3 eV off."""
    scans = []
    for region in REGIONS:
        parts = [scan(region, shift=s, time=t) for s, t in ((1.0, 0.7), (2.2, 0.3))]
        whole = scan(region)
        scans.append(replace(whole, counts=sum(p.counts for p in parts)))
    found = tables(write(tmp_path / "a.vms", scans), config)
    (nickel,) = [r for r in found["xps_components"] if r["component"] == "nickel"]
    assert abs(nickel["binding_energy_eV"] - 855.0) > 5 * nickel["binding_energy_eV_sd"]
    for row in (*found["xps_fits"], nickel):
        assert row["quality"] == "doubtful" and "charge by another amount" in row["quality_note"]


@pytest.mark.parametrize(
    ("variable", "time_s", "angle"),
    [
        (("Etch Time", "s"), [0, 30, 60], [None] * 3),
        (("Sputter", "min"), [0, 1800, 3600], [None] * 3),
        (("Etch Level", "d"), [None] * 3, [None] * 3),
        (("Take-off angle", "degree"), [None] * 3, [0, 30, 60]),
    ],
)  # fmt: skip
def test_levels_are_times_angles_or_numbers(
    config: dict, tmp_path: Path, variable: tuple[str, str], time_s: list, angle: list
) -> None:
    scans = [scan(r, 0.3 + v / 200, variable=v) for v in (0, 30, 60) for r in REGIONS[2:]]
    found = tables(write(tmp_path / "a.vms", scans, variable), config)["xps_profile"]
    rows = [r for r in found if r["component"] == "nickel"]
    assert [r["level"] for r in rows] == [0, 30, 60]
    assert [r["sputter_time_s"] for r in rows] == time_s
    assert [r["angle_deg"] for r in rows] == angle
    percent = [r["at_percent"] for r in rows]
    assert percent == sorted(percent, reverse=True)


@pytest.mark.parametrize("value", [0.0, 388.0])
def test_a_charge_reference_that_was_not_measured_is_no_missing_one(
    config: dict, tmp_path: Path, value: float
) -> None:
    scans = [scan(r) for r in REGIONS]
    scans[0].counts[:] = value
    found = tables(write(tmp_path / "a.vms", scans), config)
    row = eq1(found)
    assert row["coverage"] == pytest.approx(0.5, abs=0.02)
    assert row["quality"] == "doubtful" and "C 1s: all 231 intensities are" in row["quality_note"]
    assert all(r["charge_shift_eV"] is None for r in found["xps_fits"])


def test_few_points_scatter_more(config: dict, tmp_path: Path) -> None:
    """Steps of 0.5 eV: some 20 points a region, of which none deviates by more than counting makes them."""
    doubted = 0
    for seed in range(12):
        scans = [scan(r, seed=seed) for r in REGIONS[2:4]]
        for s in scans:
            s.binding_eV, s.counts = s.binding_eV[::5], s.counts[::5]
        fits = tables(write(tmp_path / "a.vms", scans), config)["xps_fits"]
        doubted += sum(r["quality"] != "ok" for r in fits)
    assert doubted <= 1


@pytest.mark.parametrize("first", [True, False])
def test_samples_and_levels_in_one_file(config: dict, tmp_path: Path, first: bool) -> None:
    scans = [
        scan(r, base + v / 300, variable=v, sample=name)
        for name, base in (("a", 0.2), ("b", 0.6)) for v in (0, 30, 60) for r in REGIONS
    ]  # fmt: skip
    file = write(tmp_path / "a.vms", scans, ("Etch Time", "s"))
    with pytest.raises(AnalysisError, match="1 = 'a', 2 = 'b'"):
        tables(file, config)
    name, base = ("a", 0.2) if first else ("b", 0.6)
    row = eq1(tables(file, config, sample_in_file=name, level="30"))
    assert row["coverage"] == pytest.approx(base + 0.1, abs=0.02)


def test_a_line_that_ends_in_two_returns_is_one_line(tmp_path: Path) -> None:
    """CasaXPS writes comments of SPECS files so; counted as two lines, all that follows would be misread."""
    path = write(tmp_path / "a.vms", [scan("C 1s"), scan("O 1s")])
    plain = read(path, "xps")
    lines = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n")
    ends = [b"\r\r\n" if i % 7 == 2 else b"\r\n" for i in range(len(lines))]
    path.write_bytes(b"".join(line + end for line, end in zip(lines, ends, strict=True)))
    for a, b in zip(plain.sets, read(path, "xps").sets, strict=True):
        assert (a["intensity_cps"] == b["intensity_cps"]).all()


def test_scans_that_were_joined_have_an_energy_twice(tmp_path: Path) -> None:
    one = scan("C 1s")
    whole = read(write(tmp_path / "a.vms", [one]), "xps").sets[0]
    twice = [np.insert(values, 50, values[50]) for values in (one.binding_eV, one.counts)]
    joined = replace(one, binding_eV=twice[0], counts=twice[1])
    export = read(write_scienta(tmp_path / "a.txt", [joined]), "xps")
    assert len(export.sets[0]["counts"]) == len(whole["counts"])
    assert any("twice in a row" in w for w in export.warnings)
    many = replace(one, binding_eV=np.repeat(one.binding_eV, 2), counts=np.repeat(one.counts, 2))
    with pytest.raises(ReadError, match="only rise or only fall"):
        read(write_scienta(tmp_path / "b.txt", [many]), "xps")
