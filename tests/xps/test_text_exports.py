"""Text of SPECS Prodigy and Scienta SES, written with planted coverage."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers import read

from .planted import REGIONS, eq1, scan, tables, write_ibw, write_scienta, write_specs


@pytest.mark.parametrize("passes", [1, 3])
def test_specs_scans_are_averaged(config: dict, tmp_path: Path, passes: int) -> None:
    path = write_specs(tmp_path / "a.xy", [scan(r, 0.4) for r in REGIONS], passes)
    found = tables(path, config)
    assert eq1(found)["coverage"] == pytest.approx(0.4, abs=0.02) and eq1(found)["quality"] == "ok"
    assert found["xps_fits"][0]["charge_shift_eV"] == pytest.approx(1.0, abs=0.05)
    # Counts of all scans: the scatter is that of counting.
    assert all(0.7 < r["reduced_chi_square"] < 1.4 for r in found["xps_fits"])
    assert any("averaged" in w for w in found["warnings"]) == (passes > 1)


def test_specslab2_counts_its_scans_before_the_cycle(tmp_path: Path) -> None:
    path = write_specs(tmp_path / "a.xy", [scan("C 1s"), scan("O 1s")])
    prodigy = [s.attrs["counting_time_s"] for s in read(path, "xps").sets]
    text = path.read_bytes().replace(b"# Number of Scans: 1\r\n", b"")
    for old, new in (
        (b"#   Energy Axis:              Binding Energy", b"#   Kinetic Energy Axis:      no"),
        (b"Separate Scan Data:       yes", b"Separate Scan Data:       no"),
        (b"# Pass Energy:", b"# Number of Scans:   25\r\n# Pass Energy:"),
    ):
        text = text.replace(old, new)
    path.write_bytes(text)
    found = read(path, "xps").sets
    assert [s.attrs["counting_time_s"] for s in found] == [25 * t for t in prodigy]
    path.write_bytes(text.replace(b"Method:              XPS", b"Method:              ISS", 1))
    assert [s.attrs["region"] for s in read(path, "xps").sets] == ["O 1s"]


def test_specs_groups_are_samples_and_parameters_are_levels(config: dict, tmp_path: Path) -> None:
    scans = [scan(r, c, sample=s) for s, c in (("bare", 0.1), ("coated", 0.6)) for r in REGIONS]
    path = write_specs(tmp_path / "a.xy", scans)
    with pytest.raises(AnalysisError, match="1 = 'bare', 2 = 'coated'"):
        tables(path, config)
    found = tables(path, config, sample_in_file="coated")
    assert eq1(found)["coverage"] == pytest.approx(0.6, abs=0.02)
    path = write_specs(tmp_path / "b.xy", [scan(r) for r in REGIONS], 2, "Sputter time [min]")
    assert [s.attrs["variables"] for s in read(path, "xps").sets[:2]] == [
        {"Sputter time [min]": 1.0}, {"Sputter time [min]": 2.0},
    ]  # fmt: skip


def test_specs_transmission_and_what_is_refused(config: dict, tmp_path: Path) -> None:
    path = write_specs(tmp_path / "a.xy", [scan("C 1s")], transmission="  32.5")
    assert (read(path, "xps").sets[0]["transmission"] == 32.5).all()
    text = path.read_bytes()
    for old, new, said in (
        (b"Curve: 0", b"Curve: 1", "one curve and one channel"),
        (b"Binding Energy", b"Analyzer Energy", "a binding or kinetic energy axis"),
        (b"energy counts/s", b"energy volt", "counts or counts/s"),
        (b"  32.5", b"  x", "a number in column 3"),
        (b"# Region:", b"# Place:", "# Region and # ColumnLabels above"),
    ):
        path.write_bytes(text.replace(old, new))
        with pytest.raises(ReadError, match=said):
            read(path, "xps", "SPECS XY")


@pytest.mark.parametrize(("kinetic", "slices"), [(True, 1), (False, 1), (True, 4)])
def test_scienta(config: dict, tmp_path: Path, kinetic: bool, slices: int) -> None:
    scans = [scan(r, 0.4, kinetic=kinetic) for r in REGIONS]
    found = tables(write_scienta(tmp_path / "a.txt", scans, slices), config)
    assert eq1(found)["coverage"] == pytest.approx(0.4, abs=0.02) and eq1(found)["quality"] == "ok"
    assert all(0.7 < r["reduced_chi_square"] < 1.4 for r in found["xps_fits"])


def test_scienta_numbers_that_are_no_counts_have_no_counting_statistics(
    config: dict, tmp_path: Path
) -> None:
    path = write_scienta(tmp_path / "a.txt", [scan(r, 0.4) for r in REGIONS], gain=0.0317)
    found = tables(path, config)
    # Sums or means over sweeps: the file does not say it, so regions of different times do not compare.
    assert eq1(found)["quality"] == "doubtful" and "time" in eq1(found)["quality_note"]
    assert any("no whole counts" in w for w in found["warnings"])
    assert all(math.isnan(r["reduced_chi_square"] or math.nan) for r in found["xps_fits"])


def test_a_cut_scienta_file_is_refused(tmp_path: Path) -> None:
    path = write_scienta(tmp_path / "a.txt", [scan("C 1s"), scan("O 1s")])
    text = path.read_text()
    path.write_text(text[: text.index("[Info 2]")])
    with pytest.raises(ReadError, match=r"region 2 of 2: expected \[Region\]"):
        read(path, "xps")
    path.write_text("\n".join(text.splitlines()[:-30]))
    with pytest.raises(ReadError, match="the file is cut"):
        read(path, "xps")


@pytest.mark.parametrize(("kinetic", "slices"), [(True, 1), (False, 4)])
def test_an_igor_wave_of_scienta_is_its_text(tmp_path: Path, kinetic: bool, slices: int) -> None:
    one = scan("S 2p", 0.4, kinetic=kinetic)
    export = read(write_ibw(tmp_path / "a.ibw", one, slices), "xps")
    (wave,), (text,) = (
        export.sets,
        read(write_scienta(tmp_path / "a.txt", [one], slices), "xps").sets,
    )
    assert export.format == "Scienta SES wave"
    for name in ("binding_energy_eV", "intensity_cps", "counts"):
        assert np.allclose(wave[name], text[name], rtol=1e-12)
    same = [k for k in text.attrs if k != "vendor"]
    assert {k: str(wave.attrs[k]) for k in same} == {k: str(text.attrs[k]) for k in same}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"Binding Energy [eV]", b"Detector angle [dg]", "kinetic or binding energy"),
        (b"[SES]", b"(SES)", "Igor wave"),
        (b"\x05\x00", b"\x02\x00", "a binary file"),
        (b"[eV]", b"", "it is cut"),
    ],
)
def test_an_igor_wave_that_is_none_of_scienta(
    tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    path = write_ibw(tmp_path / "a.ibw", scan("S 2p", kinetic=False))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(old, new, 1) if len(new) else raw[: -len(old)])
    with pytest.raises(ReadError, match=said):
        read(path, "xps")
