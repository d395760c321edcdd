"""Claims along any factor: what a number in `sample`, a maximum or a steepest rise speaks of."""

from __future__ import annotations

import math

import pytest
from coatbench.claims.read import read_claims
from coatbench.claims.verdicts import verdicts
from coatbench.factors import read_factors

from claims.test_claims import HEAD, write

T, TIME, GAS = "annealing_temperature_degC", "annealing_time_h", "atmosphere"
FACTORS = read_factors(
    {
        T: {"label": "annealing temperature", "unit": "°C", "empty": 25},
        TIME: {"label": "annealing time", "unit": "h", "scale": "log"},
        GAS: {"label": "atmosphere", "kind": "categorical"},
    }
)


def decide(tmp_path, column: str, settings, values, *, varied=None, **row):
    """Hold one claim against samples that differ in one column, or in those of `varied`."""
    samples = [{"sample": "bare", "role": "uncoated", "label": "", T: "", TIME: "", GAS: ""}]
    for i, setting in enumerate(settings):
        new = {"sample": f"s{i}", "role": "coated", "label": "", T: "300", TIME: "1", GAS: "air"}
        samples.append(new | {column: str(setting)} | (varied[i] if varied else {}))
    table = [{"sample": "bare", "v": 0.0, "v_sd": 0.01}]
    table += [{"sample": f"s{i}", "v": float(v), "v_sd": 0.01} for i, v in enumerate(values)]
    base = {"table": "t", "column": "v", "sample": "coated"}
    path = write(tmp_path, base | row, head=HEAD + ",factor")
    (found,) = verdicts(read_claims(path), {"t": table}, samples, "bare", FACTORS)
    return found


TIMES, RISING = (0.5, 1, 2, 4, 8, 16), (1, 2, 3, 9, 4, 2)


def test_the_maximum_of_a_study_of_times_is_a_time(tmp_path):
    found = decide(tmp_path, TIME, TIMES, RISING, relation="maximum", value="4", unit="h")
    assert (found["verdict"], found["found"]) == ("holds", 4.0)
    wrong = decide(tmp_path, TIME, TIMES, RISING, relation="maximum", value="300", unit="degC")
    assert (wrong["verdict"], wrong["found"]) == ("fails", 4.0)


def test_steepest_is_per_unit_of_the_factors_own_scale(tmp_path):
    # 1 h from 1 to 2 is as far as 8 h from 8 to 16 on a log scale: the middle is the geometric one.
    values = (0, 0, 1, 1, 1, 3)
    found = decide(tmp_path, TIME, TIMES, values, relation="steepest_rise", value="8..16")
    assert found["verdict"] == "holds"
    assert found["found"] == pytest.approx(math.sqrt(8 * 16))


def test_a_number_in_sample_is_a_setting_of_the_factor(tmp_path):
    assert decide(
        tmp_path, TIME, TIMES, RISING, sample="4", relation="equals", value="9", tolerance="0"
    )["verdict"] == ("holds")
    assert decide(tmp_path, TIME, TIMES, RISING, sample="2..8", relation="at_least", value="3")[
        "verdict"
    ] == ("holds")
    gone = decide(tmp_path, TIME, TIMES, RISING, sample="300", relation="at_least", value="3")
    assert gone["verdict"] == "not testable" and "no sample 300" in gone["reason"]


def test_levels_of_a_category(tmp_path):
    gases, values = ("N2", "air", "O2"), (1, 5, 3)
    found = decide(tmp_path, GAS, gases, values, relation="maximum", value="air")
    assert (found["verdict"], found["found"], found["found_all"]) == ("holds", None, "air")
    assert found["probability_holds"] > 0.99
    assert (
        decide(tmp_path, GAS, gases, values, relation="maximum", value="O2")["verdict"] == "fails"
    )
    at = decide(tmp_path, GAS, gases, values, sample="O2", relation="equals", value="3")
    assert at["verdict"] == "holds"
    for row, reason in (
        ({"relation": "maximum", "value": "Ar"}, "no sample has atmosphere Ar"),
        ({"relation": "maximum", "value": "300", "unit": "degC"}, "atmosphere has no numbers"),
        ({"relation": "steepest_rise", "value": "300"}, "atmosphere has no numbers"),
        ({"relation": "maximum", "value": "air", "factor": "gas"}, "no factor gas"),
    ):
        found = decide(tmp_path, GAS, gases, values, **row)
        assert found["verdict"] == "not testable" and reason in found["reason"]


def test_the_factor_of_a_claim_is_named_where_several_were_varied(tmp_path):
    varied = [{TIME: str(t)} for t in (8, 8, 4, 2, 1)]
    row = {"relation": "maximum", "varied": varied}
    temperatures, values = (200, 300, 400, 500, 600), (1, 2, 9, 4, 3)
    assert decide(tmp_path, T, temperatures, values, value="400", **row)["verdict"] == "holds"
    found = decide(tmp_path, T, temperatures, values, value="4", factor=TIME, **row)
    assert (found["verdict"], found["found"]) == ("holds", 4.0)
