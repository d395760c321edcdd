"""Unusual but honest studies: each gets a right statement, a doubted one, or one line that says why not."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from coatbench.factors import Factor
from coatbench.ranking import tables
from coatbench.ranking.advice import advise
from coatbench.ranking.optimum import UNDECIDED
from coatbench.ranking.words import listed, setting_text

from ranking import synthetic
from ranking.planted import FACTORS, study

T, TIME, GAS = FACTORS


def hill(at: float, width: float):
    return lambda s: 0.4 + 0.5 * math.exp(-0.5 * ((s[T] - at) / width) ** 2)


def along(temperatures, response, *, sd=0.01, **entry):
    factors = {T: {"label": "annealing temperature", "unit": "°C"} | entry}
    return study([{T: float(t)} for t in temperatures], {"q": response}, factors=factors, sd=sd)


def of(made, factor=T, response="overall"):
    rows = made["ranking_optimum"]
    return next(r for r in rows if (r["response"], r["factor"]) == (response, factor))


@pytest.mark.parametrize("first, step", [(330.0, 5.0), (340.0, 0.1), (1000.0, 0.5)])
def test_settings_of_a_narrow_range_are_named_apart(first, step):
    made, text = along([first + i * step for i in range(4)], hill(first + 1.3 * step, step))
    following = next(p for p in text if p.startswith("What to do next: "))
    named = re.findall(r"([\d.]+) °C", following)
    assert len(named) == len(set(named)) == len(made["ranking_next"])
    assert [float(v) for v in named] == [r[T] for r in made["ranking_next"]]


@pytest.mark.parametrize("sd", [0.0, 1e-12])
def test_equal_samples_have_no_optimum_at_an_end(sd):
    made, text = along([300, 350, 400, 450, 500], lambda s: 0.5, sd=sd, low=250, high=550, step=25)
    row = of(made)
    assert row["note"] == UNDECIDED and row["probability_at_edge"] < 0.5
    assert "do not narrow the range of annealing temperature" in text[0]
    assert text[0].startswith("No sample is best: ") and "alone is best" not in " ".join(text)


def test_an_interval_over_decades_has_no_zero():
    factors = {"pressure_Pa": {"label": "pressure", "unit": "Pa", "scale": "log"}}
    settings = [{"pressure_Pa": p} for p in (1e-3, 1e-1, 10.0, 1e3, 1e5)]
    made, text = study(
        settings,
        {"q": lambda s: math.exp(-0.5 * (math.log10(s["pressure_Pa"]) - 2) ** 2)},
        factors=factors,
    )
    row = of(made, "pressure_Pa")
    low, high = re.search(r"95 %: (\S+) to (\S+)\)", text[0]).groups()
    assert float(low) == pytest.approx(row["optimum_ci_low"], rel=0.1)
    assert float(high) == pytest.approx(row["optimum_ci_high"], rel=0.1)


@pytest.mark.parametrize(
    "entry",
    [
        {"low": 400, "high": 400, "step": 25},
        {"low": 300, "high": 500, "step": 500},
        {"low": 350, "high": 450},
        {"levels": [350, 450]},
        {"low": 310, "high": 490, "step": 20},
    ],
)
def test_a_repeat_lies_within_what_is_allowed_and_may_be_the_best(entry):
    made, text = along([300, 350, 400, 450, 500], hill(420, 80), **entry)
    factor = Factor(T, T, **{k: tuple(v) if k == "levels" else v for k, v in entry.items()})
    score = {float(r[T]): r["score"] for r in made["ranking"] if r.get("rank")}
    for row in made["ranking_next"]:
        assert factor.allows(row[T])
        if row["purpose"] == "confirm":
            assert score[row[T]] > max(score.values()) - 5
    if not made["ranking_next"]:
        assert any("the config leaves no setting to measure" in p for p in text)


def test_advice_closes_in_on_the_place_where_a_property_breaks_off():
    """Followed for two rounds, it finds the last setting before a break (468 °C) that nobody tells it of."""

    def response(s):
        return 0.3 + 0.8 * (s[T] - 300) / 200 - 0.6 * (s[T] > 469)

    temperatures = [300.0, 380.0, 440.0, 500.0]
    for _ in range(2):
        made, _ = along(temperatures, response, low=300, high=500, step=4)
        temperatures += [r[T] for r in made["ranking_next"]]
    below = max(t for t in temperatures if t < 469)
    assert below >= 464, sorted(temperatures)
    row = of(along(temperatures, response)[0], response="q")
    assert row["optimum_ci_low"] <= 468 <= row["optimum_ci_high"]
    assert row["optimum_ci_high"] - row["optimum_ci_low"] <= 40


def test_the_last_of_a_batch_alone_is_sent_beyond_an_end(monkeypatch):
    """Where an optimum lies at an end of what was tested, and no other of the batch looks beyond it."""
    seen = []
    monkeypatch.setattr(tables, "advise", lambda surfaces, *_, **__: seen.append(surfaces) or [])
    along([300, 350, 400, 450, 500], hill(400, 60), low=200, high=600, step=20)

    def purposes(batch, **edges):
        config = synthetic.config()["next"] | {"batch": batch}
        return [row["purpose"] for row in advise(seen[0], config, **edges)]

    assert purposes(1) == ["improve"]
    assert purposes(1, edges={T: 1}) == ["extend"]
    assert purposes(2) == purposes(2, edges={T: 1}) == ["improve", "extend"]


@pytest.mark.parametrize(("low", "high", "beyond"), [(200, 500, False), (200, 600, True)])
def test_an_end_that_may_not_be_passed_is_named_whatever_the_other_end_allows(low, high, beyond, monkeypatch):  # fmt: skip
    seen = []
    keep = tables.advise
    monkeypatch.setattr(tables, "advise", lambda *a, **k: seen.append((a[0], k)) or keep(*a, **k))
    made, text = along([400, 425, 450, 475, 500], lambda s: (s[T] - 300) / 200, low=low, high=high, step=25)  # fmt: skip
    assert ("allows nothing beyond it: widen" in " ".join(text)) != beyond
    surfaces, given = seen[0]
    assert given["edges"] == {T: 1}
    one = synthetic.config()["next"] | {"batch": 1}
    (row,) = advise(surfaces, one, **given)
    assert row[T] > 500 if beyond else [row] == advise(surfaces, one, **given | {"edges": {}})
    assert any(r[T] > 500 for r in made["ranking_next"]) == beyond


def test_a_factorial_of_two_levels_each_has_effects():
    settings = [{T: t, GAS: g} for t in (300.0, 500.0) for g in ("air", "O2")] * 2
    made, text = study(
        settings,
        {"q": lambda s: 0.3 + 0.2 * (s[T] > 400) + 0.1 * (s[GAS] == "O2")},
        factors={T: FACTORS[T], GAS: FACTORS[GAS]},
    )
    effects = {r["term"]: r for r in made["ranking_effects"] if r["criterion"] == "q"}
    assert effects[T]["effect_ci_low"] <= 0.2 <= effects[T]["effect_ci_high"]
    assert effects[GAS]["effect_ci_low"] <= 0.1 <= effects[GAS]["effect_ci_high"]
    assert "do not narrow" not in " ".join(text)


def test_a_factor_that_does_nothing_is_not_said_to_lie_at_an_end():
    factors = {T: FACTORS[T], "drying_degC": {"label": "drying temperature", "unit": "°C"}}
    places = [(300, 60), (350, 120), (400, 80), (450, 100), (500, 60), (325, 100), (425, 60)]
    places += [(475, 120), (375, 100), (425, 120), (350, 80), (450, 60)]
    settings = [{T: float(a), "drying_degC": float(b)} for a, b in places]
    made, text = study(settings, {"q": hill(425, 60)}, factors=factors)
    assert of(made, "drying_degC")["probability_at_edge"] <= 0.5
    assert "That of drying temperature" not in text[0]
    following = next(p for p in text if p.startswith("What to do next: "))
    assert "annealing temperature" in following and "drying temperature" in following


def test_names_with_commas_are_told_apart():
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["400 °C, 1 h", "500 °C, 2 h", "c"]) == "400 °C, 1 h; 500 °C, 2 h and c"


def test_a_number_that_could_be_of_two_factors_names_its_own():
    oxygen, water = Factor("o", "oxygen", "%"), Factor("w", "water", "%")
    time, gas = Factor("h", "time", "h"), Factor("g", "gas", kind="categorical")
    assert setting_text([oxygen, time, gas], [21.0, 2.0, "air"]) == "oxygen 21 %, 2 h, air"
    assert setting_text([oxygen, water], [21.0, 3.0]) == "oxygen 21 %, water 3 %"
    assert setting_text([oxygen], [21.0]) == "21 %"


def judged(table: str, samples: tuple[str, ...], quality: str):
    tables = synthetic.tables((100, 200, 300, 400, 500))
    rows = [r for r in tables[table] if not samples or r["sample"] in samples]
    for row in rows:
        row |= {"quality": quality, "quality_note": "charging"}
    made, text = synthetic.make(
        tables, synthetic.samples((100, 200, 300, 400, 500)), synthetic.config(), "uncoated"
    )
    return made, " ".join(text)


def test_what_is_unusable_everywhere_was_measured():
    _, text = judged("xps_coverage", (), "unusable")
    assert "coverage (eq. 1) (no usable value; unusable: charging)" in text
    assert "not measured" not in text


def test_a_reference_without_usable_values_is_no_zero_and_no_comparison():
    made, text = judged("cycling_metrics", ("uncoated",), "unusable")
    assert "Nothing tells whether coating helps: uncoated lacks initial Coulombic" in text
    assert "(unusable: charging)" in text and "where it has no value from the lowest" in text
    assert all(r.get("probability_better_than_reference") is None for r in made["ranking"])


def test_what_an_unranked_sample_lacks_is_named_by_its_label():
    _, text = judged("xps_coverage", ("c300",), "unusable")
    assert "300 °C: not ranked: lacks coverage (eq. 1) (unusable: charging)" in text


def test_one_that_lacks_little_is_worth_a_measurement():
    made, text = judged("xps_coverage", ("c300",), "unusable")
    assert next(r for r in made["ranking"] if r["sample"] == "c300").get("rank") is None
    assert "Measure what 300 °C (coverage (eq. 1)) lacks, so that it can be ranked." in text


@pytest.mark.parametrize("samples, reasons", [(("c300",), True), ((), False)])
def test_many_doubts_are_named_and_few_are_explained(samples, reasons):
    _, text = judged("cycling_metrics", samples, "doubtful")
    part = text.split("Doubtful values count: ")[1].split(".")[0]
    assert ("charging" in text) == reasons and "300 °C" in part


def test_what_cannot_be_the_best_is_not_looked_at_for_being_it():
    factors = {TIME: {"label": "annealing time", "unit": "h", "scale": "log"}}
    settings = [{TIME: t} for t in (0.5, 1.0, 2.0, 4.0, 8.0)]
    made, _ = study(settings, {"q": lambda s: 0.1 * math.log2(2 * s[TIME])}, factors=factors)
    assert made["ranking_next"]
    for row in made["ranking_next"]:
        assert row[TIME] >= 4 or not row["note"].startswith("tells most")


def test_a_dozen_factors_are_more_than_any_grid_holds_and_have_their_effects():
    rng = np.random.default_rng(0)
    factors = {f"f{i}": {"label": f"factor {i}", "unit": "g"} for i in range(12)}
    settings = [{n: float(rng.choice([0, 1, 2])) for n in factors} for _ in range(24)]
    made, text = study(
        settings, {"q": lambda s: 0.3 + 0.2 * s["f0"] - 0.1 * s["f1"]}, factors=factors
    )
    effects = {r["term"]: r for r in made["ranking_effects"] if r["criterion"] == "q"}
    assert len(effects) == 12 + 66
    for name, truth in (("f0", 0.4), ("f1", -0.2)):
        row = effects.pop(name)
        assert row["effect_ci_low"] <= truth <= row["effect_ci_high"]
        assert abs(row["effect"] - truth) < 0.1 and row["effect_ci_low"] * row["effect_ci_high"] > 0
    # Each factor's own effect is known; what two do together may be more than 24 settings say.
    known = {term: r for term, r in effects.items() if r["share_of_variance"] is not None}
    assert {f"f{i}" for i in range(2, 12)} <= known.keys() and len(known) < len(effects)
    assert all(r["share_of_variance"] < 0.05 for r in known.values())
    assert all("not determined" in r["note"] for t, r in effects.items() if t not in known)
    assert "factor 0 from 0 g to 2 g raises it" in " ".join(text)


def test_the_regression_of_many_factors_says_what_a_grid_says(monkeypatch):
    settings = [
        {T: t, TIME: h, GAS: g}
        for t in (250.0, 400.0, 550.0)
        for h in (1.0, 4.0)
        for g in ("air", "O2")
    ]

    def response(s):
        hot, oxygen = (s[T] - 250) / 300, s[GAS] == "O2"
        return 0.3 + 0.2 * hot - 0.1 * math.log(s[TIME]) + 0.2 * hot * oxygen

    def of_q():
        made, _ = study(settings, {"q": response})
        return {r["term"]: r for r in made["ranking_effects"] if r["criterion"] == "q"}

    laid = of_q()
    monkeypatch.setattr("coatbench.ranking.effects.LARGEST", 0)
    regressed = of_q()
    assert list(laid) == list(regressed)
    for term, row in laid.items():
        # Polynomials are rougher than the surface, and their own uncertainty says by how much.
        assert abs(regressed[term]["effect"] - row["effect"]) < regressed[term]["effect_sd"]
        assert regressed[term]["meaning"] == row["meaning"]
        assert regressed[term]["share_of_variance"] == pytest.approx(
            row["share_of_variance"], abs=0.06
        )


@pytest.mark.parametrize("shift, worse", [(-1.0, True), (0.0, False)])
def test_coatings_that_only_harm_are_said_to_do_so_at_once(shift, worse):
    made, text = along([300, 350, 400, 450, 500], lambda s: hill(420, 60)(s) + shift)
    chances = [r["probability_better_than_reference"] for r in made["ranking"] if r.get("rank")]
    assert max(chances) == (0.0 if worse else 1.0)
    assert ("Every coated sample is worse than bare." in text[0]) == worse


def test_an_amount_of_zero_on_a_log_scale_is_said_to_have_no_place():
    factors = {"wt": {"label": "amount", "unit": "wt%", "scale": "log"}}
    _, text = study(
        [{"wt": w} for w in (0, 0.1, 0.3, 1.0, 3.0)], {"q": lambda s: s["wt"] / 9}, factors=factors
    )
    assert "sample 0, or one is 0, which has no place on a log scale: left out" in " ".join(text)


def test_a_sample_whose_values_are_all_unusable_was_measured():
    tables = synthetic.tables((100, 300))
    for rows in tables.values():
        for row in rows:
            row |= {"quality": "unusable", "quality_note": "charging"}
    _, text = synthetic.make(tables, synthetic.samples((100, 300)), synthetic.config(), "uncoated")
    assert "300 °C: not ranked: no criterion has a usable value" in " ".join(text)
    assert "measured" not in " ".join(text)


def test_equal_values_at_a_bound_have_surfaces():
    """Without a smallest difference nothing counts them: their bound was not a number, and so was every draw."""
    tables = synthetic.tables(optima={"ice": 450})
    for row in tables["xps_coverage"]:
        row["coverage"] = 0.0
    config = synthetic.config()
    config["criteria"]["coverage"]["smallest_difference"] = 0.0
    made, _ = synthetic.make(tables, synthetic.samples(), config, None)
    for table in ("ranking_response", "ranking_optimum", "ranking_next", "ranking_effects"):
        numbers = [v for r in made[table] for v in r.values() if isinstance(v, float)]
        assert numbers and all(math.isfinite(v) for v in numbers), table
