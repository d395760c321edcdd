"""Tables as a workbook: same numbers, sensible digits, nothing that a spreadsheet would run."""

from __future__ import annotations

import doctest
import time
from pathlib import Path

import pytest
from coatbench.report import workbook
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
