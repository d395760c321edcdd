"""Result tables: fixed columns and formats, unknown is empty, ids stay text."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.analysis import Analysis, gather, load_rows, save_rows
from coatbench.tables import cell, read_table, write_table
from hypothesis import given
from hypothesis import strategies as st


def test_cells() -> None:
    assert [cell(v) for v in (None, float("nan"), np.nan, float("inf"), np.float64(0.1))] == [
        "", "", "", "", "0.1",
    ]  # fmt: skip
    assert cell(True) == "true"
    assert cell(np.bool_(False)) == "false"
    assert cell(0) == "0"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_to_twelve_digits(value: float) -> None:
    assert float(cell(value)) == pytest.approx(value, rel=1e-11)


def test_round_trip(tmp_path) -> None:
    path = tmp_path / "t.csv"
    rows = [{"sample": "007", "value": 1.5, "detected": True}, {"sample": "b,\n", "value": None}]
    write_table(rows, ["sample", "value", "detected"], path)
    assert read_table(path) == [
        {"sample": "007", "value": 1.5, "detected": True},
        {"sample": "b,\n", "value": None, "detected": None},
    ]
    first = path.read_bytes()
    write_table(rows, ["sample", "value", "detected"], path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("name", ["300", "1e3", "007", "nan", "inf", "true", "1_000"])
@pytest.mark.parametrize(
    "column",
    ["sample", "protocol", "reference", "found_sample", "unit", "component", "window", "fragment", "group"],
)  # fmt: skip
def test_names_that_look_like_numbers_stay_names(tmp_path, column: str, name: str) -> None:
    """A sample 300 was 300.0 to whatever looked for its label, its picture, or the cells of its protocol."""
    path = tmp_path / "t.csv"
    write_table([{column: name, "value": 1.5}], [column, "value"], path)
    assert read_table(path) == [{column: name, "value": 1.5}]


def test_a_column_outside_the_schema_is_an_error(tmp_path) -> None:
    with pytest.raises(ValueError, match="no such column: vaule"):
        write_table([{"vaule": 1}], ["value"], tmp_path / "t.csv")


def test_rows_of_a_job(tmp_path) -> None:
    a = Analysis(warnings=["w"])
    a.add("t", sample="1", value=np.float64("nan"), n=np.int64(3))
    save_rows(a, tmp_path / "a.json")
    save_rows(Analysis(problem="p"), tmp_path / "b.json")
    assert load_rows(tmp_path / "a.json").tables == {"t": [{"sample": "1", "value": None, "n": 3}]}
    assert load_rows(tmp_path / "b.json").problem == "p"
    assert len(gather([tmp_path / "a.json", tmp_path / "b.json"])["t"]) == 1


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx"])
def test_text_is_never_a_formula(tmp_path, text: str) -> None:
    path = tmp_path / "t.csv"
    write_table([{"sample": "a", "label": text}], ["sample", "label"], path)
    assert cell(text) == f"'{text}"
    assert read_table(path) == [{"sample": "a", "label": text}]


def test_numbers_and_ids_are_left_alone() -> None:
    assert [cell(v) for v in (-1.5, -3, "-A.1", "S/P")] == ["-1.5", "-3", "-A.1", "S/P"]
