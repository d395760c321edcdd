"""One quantity by several techniques: agreement, contradiction, limits, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.ranking.consistency import compare, correlations
from coatbench.ranking.criteria import Values, read_criteria
from scipy import stats

from ranking import synthetic
from ranking.ranked import run

SAMPLES = synthetic.samples((300, 400))
CONFIG = {
    "layer_thickness_nm": {
        "XPS": {
            "table": "xps_layer", "column": "thickness_nm", "uncertainty": "thickness_nm_sd", "relative_sd": 0.2,
            "limit": "is_lower_limit", "caveat": "XPS: blind beyond 10 nm",
        },
        "LEIS": {"table": "leis_layers", "column": "thickness_nm", "uncertainty": "thickness_nm_sd"},
        "STEM": {"table": "stem_layers", "column": "value_median", "where": {"quantity": "layer_thickness_nm"}},
    }
}  # fmt: skip


def rows_of(xps, leis, stem, limit=False, **quality):
    tables = {
        "xps_layer": [
            {"sample": "c300", "thickness_nm": xps, "thickness_nm_sd": 0.5, "is_lower_limit": limit}
            | quality
        ],
        "leis_layers": [{"sample": "c300", "thickness_nm": leis, "thickness_nm_sd": 0.5}],
        "stem_layers": [
            {"sample": "c300", "field": f, "quantity": "layer_thickness_nm", "value_median": v}
            for f, v in (("a", stem - 1), ("b", stem + 1))
        ],
    }
    return compare(tables, SAMPLES, CONFIG, "uncoated")


def test_values_that_agree_stand_side_by_side():
    rows = rows_of(4.0, 4.5, 4.2)
    assert [(r["sample"], r["technique"], r["agrees"]) for r in rows] == [
        ("c300", "XPS", True), ("c300", "LEIS", True), ("c300", "STEM", True),
    ]  # fmt: skip
    assert rows[0]["value_sd"] == pytest.approx((0.5**2 + 0.8**2) ** 0.5)
    assert rows[2]["value_sd"] == pytest.approx(1.0)  # scatter of two fields, over root 2


def test_values_far_apart_contradict_each_other_and_say_by_how_much():
    rows = rows_of(4.0, 12.0, 33.0)
    assert [r["agrees"] for r in rows] == [False, False, False]
    assert "contradicts LEIS (8 apart" in rows[0]["note"]
    assert "XPS: blind beyond 10 nm" in rows[0]["note"]


def test_only_the_one_that_is_apart_contradicts_all():
    rows = rows_of(4.0, 4.5, 30.0)
    assert [r["agrees"] for r in rows] == [False, False, False]  # each is in one contradiction
    assert "LEIS" not in rows[0]["note"] and "STEM" in rows[0]["note"]


def test_a_lower_limit_agrees_with_all_above_it_and_not_below():
    above = rows_of(10.0, 25.0, 30.0, limit=True)
    assert "XPS" not in above[2]["note"] and above[0]["note"].startswith("a lower limit")
    below = rows_of(30.0, 5.0, 30.5, limit=True)
    assert below[0]["agrees"] is False and "LEIS" in below[0]["note"]


def test_an_unusable_value_does_not_stand_here_and_a_doubtful_one_says_so():
    assert [r["technique"] for r in rows_of(4, 4.5, 4.2, quality="unusable", quality_note="x")] == [
        "LEIS",
        "STEM",
    ]
    doubtful = rows_of(4, 4.5, 4.2, quality="doubtful", quality_note="charging of 20 eV")
    assert doubtful[0]["note"] == "charging of 20 eV"


def test_one_technique_alone_agrees_with_nobody():
    tables = {"leis_layers": [{"sample": "c400", "thickness_nm": 4.0, "thickness_nm_sd": 0.5}]}
    (row,) = compare(tables, SAMPLES, CONFIG, "uncoated")
    assert row["agrees"] is None


def test_correlations_have_the_planted_sign_and_an_honest_interval():
    tables = synthetic.tables(
        optima={"ice": 300.0, "ocv": 300.0, "sims": 1100.0, "coverage": 300.0}
    )
    rows = {(r["first"], r["second"]): r for r in correlations(run(tables).ranked)}
    same = rows["coverage", "relaxed_potential_discharge"]
    assert same["correlation"] == pytest.approx(1.0)
    assert same["correlation_ci_low"] > 0
    other = rows["coverage", "degradation_polysulfide_like"]
    assert other["correlation"] < 0.3
    for r in rows.values():
        assert -1 <= r["correlation_ci_low"] <= r["correlation_ci_high"] <= 1
    few = synthetic.tables((100, 300, 500))
    ranking = run(few, synthetic.samples((100, 300, 500)))
    assert all("correlation" not in r for r in correlations(ranking.ranked))


def of_columns(*columns):
    """Values of so many criteria, known exactly."""
    criteria = read_criteria({f"c{j}": {"table": "t", "column": "v"} for j in range(len(columns))})
    value = np.array(columns, dtype=float).T
    samples = tuple(f"s{i}" for i in range(len(value)))
    return Values(samples, criteria, value, np.zeros_like(value), np.zeros_like(value))


def test_equal_values_are_tied_in_a_correlation_whatever_the_order_of_the_samples():
    """Of no thickness, or of full coverage, several samples have the very same value."""
    rises = [1, 2, 3, 4, 5]
    assert "correlation" not in correlations(of_columns([1] * 5, rises))[0]
    for order in (slice(None), slice(None, None, -1)):
        (row,) = correlations(of_columns([0, 0, 0, 1, 1][order], rises[order]))
        expected = stats.spearmanr([0, 0, 0, 1, 1], rises).statistic
        assert row["correlation"] == pytest.approx(expected)


PROGRESS = {
    "oxidised": {
        "XPS": {
            "table": "xps_components", "column": "fraction", "uncertainty": "fraction_sd", "where": {"region": "S 2p"},
            "parts": {"component": ["sulfite", "sulfate"]}, "relative_sd": 0.1,
        },
        "TGA": {
            "table": "tga_ms_events", "column": "onset", "until": "end", "along": "annealing_temperature_degC",
            "where": {"signal": "mass", "event": "gain 1"}, "relative_sd": 0.1, "caveat": "in bulk",
        },
    }
}  # fmt: skip


def oxidation(fractions):
    """Two spots per sample with planted sulfite and sulfate, and a gain of mass from 200 to 300 degC."""
    rows = [
        {
            "sample": f"c{t}", "spot": spot, "region": "S 2p", "component": c, "fraction": share * f + shift,
            "fraction_sd": 0.01,
        }
        for t, f in fractions.items()
        for spot, shift in (("1", 0.005), ("2", -0.005))
        for c, share in (("sulfide", 1 / f - 1 if f else 1.0), ("sulfite", 0.25), ("sulfate", 0.75))
    ]  # fmt: skip
    gain = {"run": "r", "sample": "lps", "signal": "mass", "event": "gain 1", "quality": "ok"}
    gain |= {"onset": 200.0, "onset_sd": 3.0, "end": 300.0, "end_sd": 3.0}
    samples = [{"sample": "lps", "role": "precursor", "annealing_temperature_degC": ""}]
    samples += [
        {"sample": f"c{t}", "role": "coated", "annealing_temperature_degC": str(t)}
        for t in fractions
    ]
    made = compare({"xps_components": rows, "tga_ms_events": [gain]}, samples, PROGRESS)
    return {(r["sample"], r["technique"]): r for r in made}


@pytest.mark.parametrize("limited", [(), ("a",), ("a", "b")])
def test_a_sum_is_a_lower_limit_where_one_of_its_parts_is(limited):
    parts = {"component": ["a", "b"]}
    entry = {"table": "t", "column": "v", "limit": "least", "parts": parts}
    rows = [
        {"sample": "c", "spot": "1", "component": c, "v": 0.2, "least": c in limited} for c in "ab"
    ]
    (row,) = compare({"t": rows}, [{"sample": "c", "role": "coated"}], {"q": {"one": entry}})
    assert row["value"] == pytest.approx(0.4)
    assert row["note"] == ("a lower limit" if limited else "")


def test_the_gain_of_the_precursor_bounds_the_oxidation_from_below():
    found = oxidation({100: 0.3, 250: 0.8, 500: 0.97})
    assert [found[f"c{t}", "TGA"]["value"] for t in (100, 250, 500)] == [0.0, 0.5, 1.0]
    assert found["c250", "XPS"]["value"] == pytest.approx(0.8)
    # A furnace holds what the run only passes: more oxidation than TGA shows is no contradiction.
    assert all(r["agrees"] for r in found.values())


def predicted(fractions, **quality):
    """Predictions of the precursor's conversion at 300 degC, rising with time, beside planted XPS fractions per time."""
    entry = {
        "table": "tga_ms_conversion", "column": "conversion", "uncertainty": "conversion_sd",
        "at": ["annealing_temperature_degC", "annealing_time_h"], "where": {"event": "gain 1"}, "relative_sd": 0.1,
    }  # fmt: skip
    rows = [
        {
            "sample": who, "event": event, "annealing_temperature_degC": 300.0, "annealing_time_h": h,
            "conversion": c if (who, event) == ("lps", "gain 1") else 0.01, "conversion_sd": 0.02,
        } | quality
        for h, c in ((0.5, 0.3), (1.0, 0.6), (4.0, 0.99))
        for who, event in (("lps", "gain 1"), ("lps", "loss 1"), ("other", "gain 1"))
    ]  # fmt: skip
    samples = [{"sample": "lps", "role": "precursor"}]
    samples += [
        {"sample": f"s{h}", "role": "coated", "annealing_temperature_degC": "300", "annealing_time_h": h}
        for h in fractions
    ]  # fmt: skip
    xps = [{"sample": f"s{h}", "value": f, "sd": 0.02} for h, f in fractions.items()]
    of_xps = {"table": "xps", "column": "value", "uncertainty": "sd"}
    made = compare(
        {"tga_ms_conversion": rows, "xps": xps},
        samples,
        {"oxidised": {"XPS": of_xps, "TGA kinetics": entry}},
    )
    return {(r["sample"], r["technique"]): r for r in made}


def test_kinetics_bound_the_oxidation_of_each_annealing_from_below():
    found = predicted({"0.5": 0.35, "1": 0.9, "4.0": 0.2, "8": 0.9, "": 0.5})
    values = [found[f"s{h}", "TGA kinetics"]["value"] for h in ("0.5", "1", "4.0")]
    assert values == [0.3, 0.6, 0.99]
    assert found["s0.5", "XPS"]["agrees"] and found["s1", "XPS"]["agrees"]
    assert not found["s4.0", "XPS"]["agrees"]
    assert found["s4.0", "TGA kinetics"]["note"].startswith("a lower limit; contradicts XPS")
    # What was not predicted, or whose time nobody knows, has nothing beside it.
    assert ("s8", "TGA kinetics") not in found and ("s", "TGA kinetics") not in found
    assert found["s8", "XPS"]["agrees"] is None


def test_a_doubted_prediction_says_so_and_an_unusable_one_is_none():
    doubted = predicted({"1": 0.9}, quality="doubtful", quality_note="extrapolated")
    assert "extrapolated" in doubted["s1", "TGA kinetics"]["note"]
    assert ("s1", "TGA kinetics") not in predicted({"1": 0.9}, quality="unusable", quality_note="x")


def test_sulfur_that_is_still_sulfide_after_the_gain_contradicts_it():
    found = oxidation({400: 0.2})
    assert not found["c400", "XPS"]["agrees"] and not found["c400", "TGA"]["agrees"]
    assert "contradicts XPS" in found["c400", "TGA"]["note"]
    assert found["c400", "TGA"]["note"].startswith("a lower limit")
