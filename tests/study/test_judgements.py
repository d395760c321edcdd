"""What should be doubted stands in one table, each value once."""

from __future__ import annotations

import doctest

import pytest
from coatbench import judgements, spelling
from coatbench.judgements import QUALITY_COLUMNS, judged


def test_rows_of_a_kind_are_one_and_the_worst_come_first() -> None:
    cells = [
        {"sample": "a", "cell": "1", "protocol": "long", "cycle": float(n), "charge": 200.0, "quality": "doubtful", "quality_note": "high"}
        for n in range(1, 90)
    ]  # fmt: skip
    metric = {"sample": "a", "protocol": "long", "metric": "retention_percent", "value": 80.0, "quality": "unusable", "quality_note": "running"}  # fmt: skip
    leis = {"sample": "a", "heating_temperature_degC": 200.0, "window": "near", "quality": "doubtful", "quality_note": "few counts"}  # fmt: skip
    good = {"sample": "b", "metric": "m", "value": 1.0, "quality": "ok", "quality_note": ""}
    rows = judged(
        [("cycling", "cycling_cells", cells), ("cycling", "cycling_metrics", [metric, good]), ("leis", "leis_windows", [leis]), ("stem", "no_quality", [{"sample": "a"}])]
    )  # fmt: skip
    assert [list(r) for r in rows] == [list(QUALITY_COLUMNS)] * 3
    assert rows[0]["unit"] == "a/long"
    assert rows[0]["value"] == "cycling_metrics: retention_percent"
    assert (rows[1]["unit"], rows[1]["value"]) == ("a/1/long", "cycling_cells (89 rows)")
    assert (rows[2]["unit"], rows[2]["note"]) == ("a/200", "few counts")


def test_examples() -> None:
    assert doctest.testmod(judgements).failed == 0
    assert doctest.testmod(spelling).failed == 0


def test_what_is_tried_besides_for_the_uncertainty_is_no_result() -> None:
    bad = {"quality": "doubtful", "quality_note": "chi-square of 3"}
    tried = [
        {"sample": "a", "background": name, "is_default": name == "shirley", **bad}
        for name in ("tougaard", "shirley")
    ]
    assert [r["value"] for r in judged([("xps", "xps_areas", tried)])] == ["xps_areas: shirley"]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ([("573.15", ""), ("673.15", "")], True),
        ([("573", "300 °C"), ("673", "400 °C"), ("", "bare")], True),
        ([("300", "300 °C"), ("400", "400 °C")], False),
        ([("573", "A"), ("673", "B")], True),  # multiples of 25 in degC, and odd ones as they stand
        ([("573", "A"), ("680", "B")], False),  # may be degC
        ([("573.15", ""), ("400", "")], True),  # one of them only
        ([("401.15", ""), ("400", "")], False),  # may be measured
        ([("25", "25 °C"), ("573.15", "")], True),
        ([("300", "300 °C"), ("673", "400 °C")], True),
        ([("300", "batch 27"), ("400", "")], False),
    ],
)
def test_kelvin_in_a_column_of_celsius_is_named(cells: list[tuple[str, str]], named: bool) -> None:
    rows = [{"annealing_temperature_degC": t, "label": label} for t, label in cells]
    assert bool(spelling.kelvin_for_celsius(rows)) == named
