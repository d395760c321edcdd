"""`snakemake check` says what stands in each export, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

from coatbench.check import COLUMNS, inspect_study, layout
from coatbench.study import load_study


def test_real_exports(realdata: Path) -> None:
    study = load_study(realdata)
    rows, failed = inspect_study(realdata, study.measurements)
    assert failed == 0
    assert len(rows) == sum(len(r) for r in study.measurements.values())
    by_file = {row["file"]: row for row in rows}
    assert by_file["SnO2_10nm.spe"]["format"] == "PHI SPE"
    assert by_file["SnO2_10nm.spe"]["points"] == "1751"
    assert by_file["SnO2_10nm.spe"]["date"].startswith("2024-01-22")
    qtac = by_file["BP_CuSi_230929_BP_CuSi_0V18nm_spot4.txt"]
    assert (qtac["points"], qtac["first"], qtac["last"]) == ("1023", "536", "2580")
    assert "1 incomplete last line" in by_file["maccor_two.txt"]["warnings"]
    for row in rows:
        assert float(row["first"]) <= float(row["last"])
    lines = layout(rows, COLUMNS).splitlines()
    assert len(lines) == len(rows) + 1


def test_an_unreadable_file_is_a_row_too(tmp_path: Path) -> None:
    (tmp_path / "leis").mkdir()
    (tmp_path / "leis" / "a.txt").write_bytes(b"\x00\x00BIF6nonsense")
    row = {"sample": "a", "file": "a.txt"}
    rows, failed = inspect_study(tmp_path, {"leis": [row]})
    assert failed == 1
    assert "expected an export of leis, found BIF6" in rows[0]["warnings"]
