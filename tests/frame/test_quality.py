"""A judgement travels with what is made of the measurement."""

from __future__ import annotations

import doctest

import pytest
from coatbench import quality
from coatbench.quality import (
    LEVELS,
    Quality,
    counted,
    doubtful,
    plausible,
    quality_of,
    unusable,
    worst,
)
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(
    st.fixed_dictionaries(
        {"quality": st.sampled_from(LEVELS), "quality_note": st.sampled_from(["", "a", "b; c"])}
    )
)


def test_examples() -> None:
    assert doctest.testmod(quality).failed == 0


@given(ROWS)
def test_what_is_counted_is_as_bad_as_its_worst_part(rows: list[dict[str, str]]) -> None:
    kept, found = counted(rows)
    assert kept == [row for row in rows if row["quality"] != "unusable"]
    parts = kept or rows
    assert found.level == max((r["quality"] for r in parts), key=LEVELS.index, default="ok")
    for row in rows:
        for note in filter(None, row["quality_note"].split("; ")):
            assert note in found.note


def test_reasons_name_their_measurement_and_stand_once() -> None:
    rows = [
        {"cell": "A", **doubtful("rest of 10 min").columns()},
        {"cell": "B", **unusable("running").columns()},
        {"cell": "C"},
    ]
    kept, found = counted(rows, "cell")
    assert [row["cell"] for row in kept] == ["A", "C"]
    assert found.columns() == {
        "quality": "doubtful",
        "quality_note": "cell A: rest of 10 min; left out: cell B: running",
    }
    assert worst([doubtful("x"), doubtful("x")]).notes == ("x",)


@given(ROWS)
def test_columns_are_read_back(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert quality_of(quality_of(row).columns()) == quality_of(row)


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (100, "ok"),
        (50, "ok"),
        (49.9, "doubtful"),
        (601, "unusable"),
        (None, "ok"),
        (float("nan"), "ok"),
    ],
)
def test_limits_of_the_config(value: float | None, level: str) -> None:
    found = plausible(value, "q", {"doubtful": [50, 300], "unusable": [1, 600]})
    assert found.level == level
    assert plausible(-5, "q", {"unusable": [None, 3]}) == Quality()
