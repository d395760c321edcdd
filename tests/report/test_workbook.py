"""Tables as a workbook: same numbers, sensible digits, nothing that a spreadsheet would run."""

from __future__ import annotations

import doctest
import time
from pathlib import Path

import pytest
from coatbench.report import wide, workbook
from coatbench.report.workbook import write_workbook
from coatbench.tables import write_table
from openpyxl import load_workbook

SAMPLES = [
    {"sample": "c300", "role": "coated", "label": "300 °C", "annealing_temperature_degC": "300"},
    {"sample": "007", "role": "uncoated", "label": "", "annealing_temperature_degC": ""},
]
ROWS = [
    {"sample": "c300", "value": 3.14159265, "value_sd": 0.0123, "note": "=1+1", "quality": "ok"},
    {"sample": "007", "value": 123456.789, "value_sd": None, "note": None, "quality": "unusable"},
]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_table(ROWS, list(ROWS[0]), tmp_path / "cells.csv")
    write_table([], ["a", "b"], tmp_path / "empty.csv")
    path = tmp_path / "tables.xlsx"
    write(path)
    return path


def write(path: Path) -> None:
    write_workbook(
        path,
        [path.parent / "cells.csv", path.parent / "empty.csv"],
        title="=A study",
        simulated=True,
        samples=SAMPLES,
        meanings={"cells": {"value": "what was measured in V"}},
    )


def test_examples() -> None:
    assert doctest.testmod(workbook).failed == 0
    assert doctest.testmod(wide).failed == 0


def test_each_table_is_a_sheet_with_labels_and_factors_beside_the_sample(made: Path) -> None:
    book = load_workbook(made)
    assert book.sheetnames == ["about", "cells", "empty", "columns"]
    rows = list(book["cells"].iter_rows(values_only=True))
    assert rows[0] == (
        "sample", "label", "annealing_temperature_degC", "value", "value_sd", "note", "quality",
    )  # fmt: skip
    assert rows[1] == ("c300", "300 °C", 300, 3.142, 0.012, "=1+1", "ok")
    assert rows[2] == ("007", None, None, 123457, None, None, "unusable")
    assert [r[:2] for r in book["empty"].iter_rows(values_only=True)] == [("a", "b")]
    assert ("cells", "value", "what was measured in V") in list(
        book["columns"].iter_rows(values_only=True)
    )


def test_the_first_sheet_says_that_the_study_is_simulated_and_nothing_is_a_formula(
    made: Path,
) -> None:
    book = load_workbook(made)
    text = [c for row in book["about"].iter_rows(values_only=True) for c in row if c]
    assert any("Simulated" in t for t in text) and "=A study" in text
    kinds = {c.data_type for sheet in book for row in sheet.iter_rows() for c in row}
    assert "f" not in kinds


def test_rows_that_count_nowhere_are_coloured(made: Path) -> None:
    sheet = load_workbook(made)["cells"]
    assert sheet["A2"].fill.fgColor.rgb == "00000000"
    assert sheet["A3"].fill.fgColor.rgb.endswith(workbook.FILLS["unusable"])


def test_equal_tables_give_equal_bytes(made: Path) -> None:
    before = made.read_bytes()
    time.sleep(2.1)  # archives note the time in steps of two seconds
    write(made)
    assert made.read_bytes() == before


def test_long_names_stay_apart(tmp_path: Path) -> None:
    names = [f"{'x' * 40}{i}" for i in range(3)]
    for name in names:
        write_table([], ["a"], tmp_path / f"{name}.csv")
    path = tmp_path / "t.xlsx"
    tables = [tmp_path / f"{n}.csv" for n in names]
    write_workbook(path, tables, title="t", simulated=False, samples=[])
    assert len(set(load_workbook(path).sheetnames)) == 4


def test_a_doubt_stands_beside_its_point() -> None:
    """In the sheet of curves the column `quality` was dropped, and a doubtful capacity looked like any."""
    rows = [
        {"sample": "c300", "cell": cell, "cycle": c, "capacity_mAh_g": 180.0 - c, "potential_V": None, "direction": "discharge",
         "quality": "doubtful" if (cell, c) == ("B", 2.0) else "ok"}
        for cell in "AB" for c in (1.0, 2.0)
    ]  # fmt: skip
    found = wide.wide("fig7", rows, {})
    assert found is not None
    heads, table, _ = found
    assert [h for h in heads if "quality" in h] == ["c300, cell B: quality"]
    assert [row[heads.index("c300, cell B: quality")] for row in table] == ["ok", "doubtful"]


def test_a_figure_of_curves_has_a_column_per_curve_with_sample_and_unit(tmp_path: Path) -> None:
    """Curves that share an abscissa share its column; what is no curve stands in a sheet of its own."""
    stack = [
        {"sample": s, "region": "S 2p", "binding_energy_eV": x, "intensity_cps": 10.0 * x, "background_cps": 1.0,
         "envelope_cps": 10.0, "divided_by_cps": 2.0, "offset": 0.0, "components_cps": f"C-O {x:g}; sulfate 0.5"}
        for s in ("c300", "007") for x in (160.0, 161.0)
    ]  # fmt: skip
    dqdv = [
        {"panel": "c", "sample": "c300", "quantity": "dqdv_mAh_g_V charge 2", "cell": None, "potential_V": 3.0, "value": 5.0},
        {"panel": "a", "sample": "c300", "quantity": "capacity_mAh_g", "cell": "A", "potential_V": None, "value": 180.0},
    ]  # fmt: skip
    for name, rows in (("fig1", stack), ("fig5", dqdv)):
        write_table(rows, list(rows[0]), tmp_path / f"{name}.csv")
    write_workbook(
        tmp_path / "figures.xlsx", [tmp_path / "fig1.csv", tmp_path / "fig5.csv"],
        title="A study", simulated=False, samples=SAMPLES,
    )  # fmt: skip
    book = load_workbook(tmp_path / "figures.xlsx")
    assert book.sheetnames == ["about", "fig1", "fig5", "fig5 points"]
    head, first, second = book["fig1"].iter_rows(values_only=True)
    assert head[0] == "binding energy / eV" and head.count("binding energy / eV") == 1
    assert head[1] == "300 °C, S 2p: intensity / (counts/s)"
    assert head[4:6] == ("300 °C, S 2p: C-O / (counts/s)", "300 °C, S 2p: sulfate / (counts/s)")
    assert head[6].startswith("007, S 2p")
    assert (first[0], first[1], first[4], second[4]) == (160, 1600, 160, 161)
    assert next(book["fig5"].iter_rows(values_only=True)) == (
        "potential / V", "300 °C, panel c: dqdv charge 2 / mAh g⁻¹ V⁻¹",
    )  # fmt: skip
    assert len(list(book["fig5 points"].iter_rows())) == 2
