"""What people get wrong: each is refused in a line, or its numbers say that they should be doubted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.errors import AnalysisError
from coatbench.readers import read
from coatbench.xps.inside import describe

from .planted import Scan, eq1, scan, tables, write, write_columns

REGIONS = ("C 1s", "S 2p", "P 2p", "Ni 2p")  # what coverage needs


def analysed(scans: list[Scan], config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return eq. 1 of scans, without the sensitivity study."""
    config["sensitivity"]["backgrounds"] = []
    return eq1(tables(write(folder / "a.vms", scans), config))


def swapped(s: Scan) -> Scan:
    return replace(s, binding_eV=s.photon_eV - s.binding_eV, kinetic=False)


def below_zero(s: Scan) -> Scan:
    return replace(s, counts=s.counts - s.counts.min() - 200)


def without_background(s: Scan) -> Scan:
    return replace(s, counts=s.counts - s.counts[-10:].mean())


def backwards(s: Scan) -> Scan:
    return replace(s, counts=s.counts[::-1].copy())


def of_another_step(s: Scan) -> Scan:
    return replace(s, binding_eV=s.binding_eV[0] - 0.11 * np.arange(len(s.counts)))


def one_scan_of_ten(s: Scan) -> Scan:
    return replace(s, scans=1, time_s=s.time_s / 10)


def under_magnesium(s: Scan) -> Scan:
    return scan(s.region, photon_eV=1253.6, source="Mg")


def under_another_anode(s: Scan) -> Scan:
    return replace(s, source="Mg")


@pytest.mark.parametrize(
    ("mistake", "quality", "said"),
    [
        (swapped, "unusable", "20 are needed; the scan lies at 1307.7 to 1334.2 eV"),
        (below_zero, "unusable", "S 2p: reduced chi square"),
        (without_background, "doubtful", "S 2p: reduced chi square"),
        (backwards, "doubtful", "S 2p: reduced chi square"),
        (of_another_step, "doubtful", "S 2p: reduced chi square"),
        (one_scan_of_ten, "doubtful", "above P 2p to 3e+03 below S 2p"),
        (under_magnesium, "doubtful", "photon energies differ"),
        (under_another_anode, "doubtful", "the source 'Mg' and 1486.69 eV"),
    ],
)
def test_an_export_with_a_mistake(
    config: dict, tmp_path: Path, mistake: Callable[[Scan], Scan], quality: str, said: str
) -> None:
    scans = [mistake(scan(r)) if r == "S 2p" else scan(r) for r in REGIONS]
    row = analysed(scans, copy.deepcopy(config), tmp_path)
    assert row["quality"] == quality and said in row["quality_note"]


def test_a_sample_of_neither_coating_nor_substrate_has_no_coverage(
    config: dict, tmp_path: Path
) -> None:
    """Noise alone made a coverage of 0.97 of it."""
    scans = [scan(r, atoms=None if r == "C 1s" else 0.0) for r in REGIONS]
    row = analysed(scans, copy.deepcopy(config), tmp_path)
    assert row["quality"] == "unusable" and "neither S 2p + P 2p nor Ni 2p" in row["quality_note"]


def test_steps_of_two_sizes_are_no_mistake(config: dict, tmp_path: Path) -> None:
    s = scan("S 2p")
    half = len(s.counts) // 2
    kept = np.r_[0:half:3, half : len(s.counts)]
    coarse = replace(s, binding_eV=s.binding_eV[kept], counts=s.counts[kept])
    config = copy.deepcopy(config)
    config["sensitivity"]["backgrounds"] = []
    scans = [coarse if r == "S 2p" else scan(r) for r in REGIONS]
    row = eq1(tables(write_columns(tmp_path / "a.txt", scans), config))
    assert row["coverage"] == pytest.approx(0.5, abs=0.02) and row["quality"] == "ok"


def test_energies_are_as_doubtful_as_the_carbon_that_corrects_them(
    config: dict, tmp_path: Path
) -> None:
    """A part of the carbon charges more; amounts do not need it."""
    carbon = [scan("C 1s", shift=s, time=t).counts for s, t in ((1.0, 0.7), (2.2, 0.3))]
    scans = [replace(scan("C 1s"), counts=sum(carbon)), *map(scan, REGIONS[1:])]
    config = copy.deepcopy(config)
    config["sensitivity"]["backgrounds"] = []
    found = tables(write(tmp_path / "a.vms", scans), config)
    assert eq1(found)["quality"] == "ok"
    for row in found["xps_components"]:
        assert row["quality"] == "doubtful" and "C 1s" in row["quality_note"]


@pytest.mark.parametrize(("second", "quality"), [(0.5, "ok"), (0.2, "doubtful")])
def test_a_region_that_was_measured_twice_has_one_area(
    config: dict, tmp_path: Path, second: float, quality: str
) -> None:
    """Two places under one name: the first alone would count, and coverage be 0.39 instead of 0.5."""
    scans = [*map(scan, REGIONS), scan("S 2p", second, seed=1)]
    row = analysed(scans, copy.deepcopy(config), tmp_path)
    assert row["quality"] == quality
    assert ("S 2p was measured twice" in row["quality_note"]) == (quality == "doubtful")


@pytest.mark.parametrize(("factor", "quality"), [(1.5, "ok"), (0.339, "doubtful")])
def test_a_factor_of_another_scale_is_doubted(
    config: dict, tmp_path: Path, factor: float, quality: str
) -> None:
    """0.339 would be P 2p on the scale of F 1s, not on that of C 1s."""
    row = analysed(
        [*map(scan, REGIONS)], copy.deepcopy(config) | {"rsf_extra": {"P 2p": factor}}, tmp_path
    )
    assert row["quality"] == quality
    assert ("rsf_extra gives 0.339 for P 2p" in row["quality_note"]) == (quality == "doubtful")


@pytest.mark.parametrize(("factor", "quality"), [(1.68, "ok"), (16.8, "doubtful")])
def test_a_components_own_factor_is_near_that_of_its_line(
    config: dict, tmp_path: Path, factor: float, quality: str
) -> None:
    """With a factor of its own sulfate was no S 2p any more, and coverage 0.44 instead of 0.5."""
    changed = copy.deepcopy(config)
    changed["regions"]["S 2p"]["components"]["sulfate"]["rsf"] = factor
    row = analysed([*map(scan, REGIONS)], changed, tmp_path)
    assert row["quality"] == quality
    assert ("rsf of sulfate gives 16.8 for S 2p" in row["quality_note"]) == (quality != "ok")
    if quality == "ok":
        assert row["coverage"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        ("charge_reference component", "adventitous", "expected one of adventitious, C-O, carbonate of C 1s"),
        ("charge_reference region", "C1s", "expected C 1s, found C1s"),
        ("coverage contamination", {"C1s": ["adventitious"]}, "contamination: expected C 1s, found C1s"),
        ("coverage substrate", "Ni2p3", "substrate: expected Ni 2p, found Ni2p3"),
        ("regions C 1s window_eV", [293.5, 281.0], "the lower energy comes first"),
        ("regions C 1s components carbonate binding_energy_eV", 298.8, "298.8 eV lies outside of the window"),
    ],
)  # fmt: skip
def test_a_slip_in_the_configuration_is_refused(
    config: dict, tmp_path: Path, keys: str, value: Any, said: str
) -> None:
    changed = copy.deepcopy(config)
    *path, last = keys.replace("C 1s", "C_1s").split()
    section = changed
    for key in path:
        section = section[key.replace("_1s", " 1s")]
    section[last] = value
    with pytest.raises(AnalysisError, match=said):
        analysed([scan("C 1s")], changed, tmp_path)
    with pytest.raises(AnalysisError, match=said):  # before anything runs
        describe(read(tmp_path / "a.vms", "xps"), changed)


def test_a_component_of_the_coverage_that_no_model_has_is_named(
    config: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `carbonate` among the contamination its atoms would count as coating."""
    changed = copy.deepcopy(config)
    changed["sensitivity"]["backgrounds"] = []
    changed["coverage"]["contamination"] = {"C 1s": ["adventitious", "C-O", "carbonat"]}
    tables(write(tmp_path / "a.vms", [scan("C 1s")]), changed)
    assert "carbonate of C 1s, found carbonat;" in caplog.text
    assert "s, spot 1: no S 2p, P 2p, Ni 2p: no eq1 of it" in caplog.text
