"""`snakemake check` says what stands in each export, and what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from coatbench.check import COLUMNS, inspect_study, layout
from coatbench.readers import read
from coatbench.simulate.write_phi_spe import write_spe
from coatbench.simulate.write_qtac import write_qtac
from coatbench.simulate.write_vamas import SpectrumRecord
from coatbench.study import load_study
from coatbench.techniques import TECHNIQUES
from coatbench.xps.inside import describe
from conftest import ROOT, SHARED, inputs
from cycling.made_cases import maccor, write_sheet
from xps.made_cases import foreign
from xps.planted import scan, write

PUBLIC = {
    "spe": ("SnO2_10nm.spe", "1751", "2024-01-22"), "qtac": ("BP_CuSi_230929_BP_CuSi_0V18nm_spot4.txt", "1023", "536", "2580"),
    "cut": "maccor_two.txt",
}  # fmt: skip


def made_study(folder: Path) -> dict:
    """Write a study of one export of each kind; return what `PUBLIC` says of the public one."""
    index = {
        "xps": "sample,file\na,wide.spe", "leis": "sample,file,heating_temperature_degC,dose_nC\na,a.txt,25,",
        "cycling": "sample,cell,file,protocol,composite_mass_mg,cam_mass_fraction\na,a,cut.txt,short,12,0.8",
    }  # fmt: skip
    (folder / "samples.csv").write_text("sample,role\na,coated\n")
    for technique, rows in index.items():
        (folder / technique).mkdir()
        (folder / technique / "index.csv").write_text(rows + "\n")
    wide = SpectrumRecord("Su 1s", 1200.0, -0.8, np.full(1501, 70.0), 0.5, 117.4)
    write_spe(folder / "xps" / "wide.spe", "a", [wide])
    write_qtac(folder / "leis" / "a.txt", 600.0 + 2 * np.arange(900), np.arange(900.0))
    write_sheet(folder / "cycling" / "cut.txt", maccor([(1.2, 1.1)], 0.1, (2.3, 3.7)))
    content = (folder / "cycling" / "cut.txt").read_bytes()
    (folder / "cycling" / "cut.txt").write_bytes(content[:-90])
    return {"spe": ("wide.spe", "1501", "2025-03-11"), "qtac": ("a.txt", "900", "600", "2398"), "cut": "cut.txt"}  # fmt: skip


@pytest.mark.parametrize("source", inputs("realdata"))
def test_what_stands_in_each_export(source: str, tmp_path: Path) -> None:
    folder, known = SHARED / "realdata", PUBLIC
    if source == "made":
        folder, known = tmp_path, made_study(tmp_path)
    study = load_study(folder)
    rows, failed = inspect_study(folder, study.measurements)
    assert failed == 0
    assert len(rows) == sum(len(r) for r in study.measurements.values())
    by_file = {row["file"]: row for row in rows}
    name, points, date = known["spe"]
    assert by_file[name]["format"] == "PHI SPE"
    assert by_file[name]["points"] == points
    assert by_file[name]["date"].startswith(date)
    name, *seen = known["qtac"]
    assert [by_file[name][c] for c in ("points", "first", "last")] == seen
    assert "1 incomplete last line" in by_file[known["cut"]]["warnings"]
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


def test_what_a_battery_cell_cannot_be_is_said_of_the_cell(tmp_path: Path) -> None:
    """Another unit in the index, cycles that are left out and are not there."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["cycling"]
    lines = [
        "EC-Lab ASCII FILE",
        "Nb header lines : 4",
        "",
        "time/s\tcontrol/V/mA\tEwe/V\tI/mA\tmode",
    ]
    for i in range(200):
        current = 0.0 if i % 50 == 0 else 1.0 if i % 100 < 50 else -1.0
        lines.append(f"{60 * i}.0\t{current}\t{3 + 0.01 * (i % 50)}\t{current}\t1")
    (tmp_path / "cycling").mkdir()
    (tmp_path / "cycling" / "a.mpt").write_text("\n".join(lines) + "\n", encoding="latin-1")
    row = dict.fromkeys(TECHNIQUES["cycling"].index.columns, "") | {
        "sample": "a", "cell": "A", "file": "a.mpt", "protocol": "short", "composite_mass_mg": "12",
        "cam_mass_fraction": "0.7", "nominal_capacity_mAh_g": "0.2", "leave_out_cycles": "1;5-7",
    }  # fmt: skip
    rows, failed = inspect_study(tmp_path, {"cycling": [row]}, {"cycling": config})
    assert failed == 0, rows
    assert "2 cycles" in rows[0]["inside"]
    assert rows[0]["unit"] == "a/A/short"
    assert "nominal_capacity_mAh_g: 0.2, expected 20 to 5000" in rows[0]["odd"]
    assert (
        rows[0]["not_evaluated"]
        == "leave_out_cycles names cycles 5-7, which the cell does not have"
    )
    several, _ = inspect_study(
        tmp_path, {"cycling": [row, row | {"part": "2"}]}, {"cycling": config}
    )
    assert several[0]["not_evaluated"] == ""  # the cycles may be in the other file


def test_a_modelled_region_without_sensitivity_factor_is_said(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["xps"]
    lines = [("metal", 31.2, 1.2, 5000.0, 2.18)]
    scans = [scan("C 1s"), foreign("W 4f", (28.0, 46.0), lines, 1.0)]
    export = read(write(tmp_path / "a.vms", scans), "xps")
    config |= {
        "rsf_library": "wagner",
        "regions": config["regions"]
        | {
            "W 4f": {
                "window_eV": [28.0, 46.0],
                "components": {"metal": {"binding_energy_eV": 31.2, "fwhm_eV": 1.2}},
            }
        },
    }
    assert "no sensitivity factor in wagner: W 4f" in describe(export, config)[1]
    assert "no sensitivity" not in describe(export, config | {"rsf_extra": {"W 4f": 3.5}})[1]


def test_components_of_another_line_need_its_factor_and_plasmons_none(tmp_path: Path) -> None:
    """Of a region whose components all name a line nothing was said; one that counts in nothing needs no factor."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["xps"]
    lines = [("metal", 31.2, 1.2, 5000.0, 2.18)]
    export = read(write(tmp_path / "a.vms", [foreign("W 4f", (28.0, 46.0), lines, 1.0)]), "xps")

    def said(**metal: Any) -> str:
        metal = {"binding_energy_eV": 31.2, "fwhm_eV": 1.2} | metal
        regions = config["regions"] | {"W 4f": {"window_eV": [28.0, 46.0], "components": {"metal": metal}}}  # fmt: skip
        return describe(export, config | {"rsf_library": "wagner", "regions": regions})[1]

    assert "no sensitivity factor in wagner: W 4f" in said(line="W 4f")
    assert "no sensitivity factor in wagner: Mo 4p" in said(line="Mo 4p")
    for fine in ({"line": "Ni 2p"}, {"rsf": 2.0}, {"quantify": False}):
        assert "no sensitivity" not in said(**fine)
