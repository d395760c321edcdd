"""Order of samples in figures, and the places of their colours."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from coatbench.errors import StudyError
from coatbench.factors import check_factors, read_factors, varied
from coatbench.figures.style import codings
from coatbench.order import (
    AXIS,
    LABEL,
    SCALE,
    SERIES,
    STEPS,
    TICK,
    colour_places,
    ordered,
    with_axis,
)


def sample(
    name: str, temperature: str = "", role: str = "coated", time: str = ""
) -> dict[str, str]:
    return {
        "sample": name, "role": role, "annealing_temperature_degC": temperature, "annealing_time_h": time,
    }  # fmt: skip


STUDY = [
    sample("bare", role="uncoated"),
    sample("b", "300"),
    sample("a", "25"),
    sample("c", "700"),
    sample("p", role="precursor"),
]


def test_precursors_uncoated_then_by_temperature() -> None:
    assert [s["sample"] for s in ordered(STUDY)] == ["p", "bare", "a", "b", "c"]


def test_the_colour_is_the_temperature() -> None:
    assert colour_places(STUDY) == {"a": 0.0, "b": 275 / 675, "c": 1.0}


def test_one_more_temperature_leaves_the_others_their_colours() -> None:
    before, after = colour_places(STUDY), colour_places([*STUDY, sample("d", "350")])
    assert {k: after[k] for k in before} == before
    assert before["b"] < after["d"] < before["c"]


def test_samples_that_would_look_alike_are_spread_by_their_order() -> None:
    series = [sample(f"t{t}", "400", time=str(t)) for t in (8, 1, 4, 2)]
    even = {"t1": 0.0, "t2": 1 / 3, "t4": 2 / 3, "t8": 1.0}
    assert colour_places(series) == pytest.approx(even, abs=0.03)
    close = [sample("a", "25"), sample("b", "30"), sample("c", "700")]
    assert colour_places(close) == pytest.approx({"a": 0.0, "b": 0.5, "c": 1.0}, abs=0.03)


@pytest.mark.parametrize("n", [2, 5, 18, 33, 60])
def test_neighbours_in_a_design_of_many_factors_differ_in_dash_and_marker(n: int) -> None:
    many = [sample(f"s{i:02d}", "400", time=str(1 + i)) for i in range(n)]
    for one, other in pairwise(codings(many).values()):
        assert one.marker != other.marker and one.dash != other.dash


def test_places_never_coincide() -> None:
    many = [sample(f"s{i}", str(25 + 7 * i * i)) for i in range(40)]
    places = sorted(colour_places(many).values())
    assert all(b - a >= 0.999 / STEPS for a, b in pairwise(places))


def test_one_sample_and_one_that_is_not_annealed() -> None:
    assert colour_places([sample("a", "400")]) == {"a": 0.0}
    both = colour_places([sample("a"), sample("b", "400")])
    assert both == pytest.approx({"a": 0.0, "b": 1.0}, abs=0.03)


FACTORS = read_factors(
    {
        "annealing_temperature_degC": {"label": "annealing temperature", "unit": "°C"},
        "annealing_time_h": {"label": "annealing time", "unit": "h", "scale": "log"},
        "gas": {"label": "gas", "kind": "categorical", "levels": ["N2", "air", "O2"]},
    }
)


def coated(name: str, temperature: str, time: str, gas: str) -> dict[str, str]:
    return sample(name, temperature, time=time) | {"gas": gas}


def test_the_axis_is_the_factor_that_varies_most_and_its_scale_is_kept() -> None:
    times = [coated(f"t{t}", "400", t, g) for t in ("16", "1", "4") for g in ("air",)]
    times.append(coated("o", "400", "4", "O2"))
    placed = with_axis([sample("bare", role="uncoated"), *times], FACTORS)
    row = next(s for s in placed if s["sample"] == "t4")
    assert (row[LABEL], row[SCALE], row[AXIS], row[SERIES]) == (
        "annealing time / h",
        "log",
        "4",
        "air",
    )
    assert [s["sample"] for s in ordered(placed)] == ["bare", "t1", "t4", "o", "t16"]
    assert AXIS not in placed[0]
    alone = with_axis(times[:3], FACTORS)
    assert colour_places(alone) == {"t1": 0.0, "t4": 0.5, "t16": 1.0}  # by the logarithm


def test_categories_have_an_axis_of_their_own_in_the_order_of_the_config() -> None:
    gases = [coated(g, "400", "1", g) for g in ("O2", "N2", "air")]
    placed = with_axis(gases, FACTORS)
    assert [s["sample"] for s in ordered(placed)] == ["N2", "air", "O2"]
    assert {s[TICK]: s[AXIS] for s in placed} == {"N2": "0", "air": "1", "O2": "2"}
    assert {s[SCALE] for s in placed} == {"categorical"}


def test_a_factor_that_all_share_is_none() -> None:
    assert varied(FACTORS, [coated("a", "400", "1", "air"), coated("b", "400", "1", "air")]) == ()
    found = varied(FACTORS, [coated("a", "400", "1", "air"), coated("b", "", "2", "air")])
    assert [f.name for f in found] == ["annealing_time_h"]


def test_settings_that_an_advice_may_name() -> None:
    temperature, time, gas = FACTORS
    assert temperature.allowed([385.0, 398.0])[:3] == [385.0, 385.5, 386.0]
    assert len(temperature.allowed([25.0, 700.0])) > 15
    stepped = replace(temperature, low=250.0, high=550.0, step=25.0)
    assert stepped.allowed([300.0]) == [250.0 + 25 * i for i in range(13)]
    assert time.allowed([0.5, 16.0]) == [0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0]
    assert replace(time, levels=(1, 2, 99), high=50.0).allowed([1.0]) == [1.0, 2.0]
    assert gas.allowed(["air"]) == ["N2", "air", "O2"]


def test_what_an_empty_cell_means_is_a_setting_like_any_other() -> None:
    """0 has no place on a log scale, also where nothing is written for it; a level that is a number in the config is one."""
    amount = read_factors({"wt": {"scale": "log", "empty": 0}})[0]
    assert amount.setting({"wt": ""}) is None and amount.setting({"wt": "0"}) is None
    assert replace(amount, scale="linear").setting({"wt": ""}) == 0.0
    batch = read_factors({"batch": {"kind": "categorical", "empty": 2}})[0]
    assert batch.setting({"batch": ""}) == batch.setting({"batch": "2"}) == "2"
    two = [{"sample": s, "role": "coated", "batch": b} for s, b in (("a", ""), ("b", "2"))]
    assert varied([batch], two) == ()


def test_mistakes_in_factors_are_one_line_each() -> None:
    words = read_factors({"wt": {"empty": "none"}})
    with pytest.raises(StudyError, match="empty: found 'none', expected a number"):
        check_factors(words, [{"sample": "a", "role": "coated", "wt": ""}])
    wrong = (replace(FACTORS[0], low=9.0, high=1.0), replace(FACTORS[1], low=0.0), FACTORS[2])
    with pytest.raises(StudyError) as caught:
        check_factors(wrong, [coated("a", "warm", "1", "argon")])
    assert len(caught.value.problems) == 4
    assert "column annealing_temperature_degC: found 'warm', expected a number" in str(caught.value)
    assert "expected one of its levels in the config: N2, O2, air" in str(caught.value)
