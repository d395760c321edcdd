"""Several factors: optimum, effects, confounding and advice on planted surfaces."""

from __future__ import annotations

import math
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from coatbench.cli import main
from coatbench.errors import StudyError
from coatbench.factors import read_factors
from coatbench.ranking.advice import _neighbours, _over_edges, knowledge_gradient, sample_rows
from coatbench.ranking.effects import _canonical, _effect, _ends, _terms
from coatbench.ranking.next_samples import next_samples

from ranking.planted import FACTORS, study

T, TIME, GAS = FACTORS


def settings(n: int, seed: int = 3) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [
        {
            T: float(rng.choice(np.arange(250, 551, 50))),
            TIME: float(rng.choice([0.5, 1, 2, 4, 8, 16])),
            GAS: str(rng.choice(["air", "O2"])),
        }
        for _ in range(n)
    ]


def plane(s) -> float:
    """Rises with temperature, falls with the logarithm of time, a little higher in O2; no interaction."""
    return (
        0.5
        + 0.15 * (s[T] - 250) / 300
        - 0.25 * math.log(s[TIME] / 0.5) / math.log(32)
        + 0.05 * (s[GAS] == "O2")
    )


def hill(s) -> float:
    """Highest at 425 °C, 2 h, air."""
    a, b = (s[T] - 425) / 80, math.log(s[TIME] / 2) / 1.0
    return 0.4 + 0.5 * math.exp(-0.5 * (a * a + b * b)) * (1.0 if s[GAS] == "air" else 0.6)


def saddle(s) -> float:
    """Time helps when cold and harms when hot: an interaction and nothing else."""
    return (
        0.5 + 0.3 * ((s[T] - 250) / 300 - 0.5) * (math.log(s[TIME] / 0.5) / math.log(32) - 0.5) * -4
    )


@pytest.fixture(scope="module")
def made():
    return study(settings(18), {"plane": plane, "hill": hill, "saddle": saddle})


def row(rows, **where):
    return next(r for r in rows if all(r[k] == v for k, v in where.items()))


def test_every_sample_is_ranked_whatever_was_varied(made):
    assert sum(r.get("rank") is not None for r in made[0]["ranking"]) == 18


def test_main_effects_have_the_planted_signs_sizes_and_order(made):
    effects = [r for r in made[0]["ranking_effects"] if r["criterion"] == "plane"]
    for term, truth in ((T, 0.15), (TIME, -0.25), (GAS, 0.05)):
        found = row(effects, term=term)
        assert found["effect_ci_low"] <= truth <= found["effect_ci_high"]
        assert abs(found["effect"] - truth) < 0.06
        assert found["effect_ci_low"] * found["effect_ci_high"] > 0 or term == GAS
    assert max(effects, key=lambda r: r["share_of_variance"])["term"] == TIME
    assert all(r["share_of_variance"] < 0.05 for r in effects if " x " in r["term"])


def test_an_interaction_is_called_one(made):
    effects = [r for r in made[0]["ranking_effects"] if r["criterion"] == "saddle"]
    both = row(effects, term=f"{T} x {TIME}")
    assert both["share_of_variance"] > 0.6
    assert (
        both["effect_ci_low"] <= -1.2 <= both["effect_ci_high"]
    )  # -0.6 to 0.6 between the corners
    assert row(effects, term=T)["share_of_variance"] < 0.15


def test_the_optimum_of_every_factor_is_held(made):
    optimum = [r for r in made[0]["ranking_optimum"] if r["response"] == "hill"]
    for factor, truth in ((T, 425), (TIME, 2.0)):
        found = row(optimum, factor=factor)
        assert found["optimum_ci_low"] <= truth <= found["optimum_ci_high"]
    assert row(optimum, factor=GAS)["optimum"] == "air"
    assert row(optimum, factor=GAS)["probability"] > 0.5
    edge = row(made[0]["ranking_optimum"], response="plane", factor=TIME)
    assert edge["optimum_ci_low"] == 0.5
    assert edge["note"].startswith("at the lower end of the tested range (0.5 h)")


def test_advice_stays_on_the_steps_and_repeats_only_to_confirm(made):
    tested = {(r[T], r[TIME], r[GAS]) for r in made[0]["ranking"] if r.get("rank") is not None}
    tested = {(float(a), float(b), c) for a, b, c in tested}
    advice = made[0]["ranking_next"]
    assert [r["order"] for r in advice] == [1, 2, 3, 4]
    chosen = [(r[T], r[TIME], r[GAS]) for r in advice]
    assert len(set(chosen)) == 4
    for setting, r in zip(chosen, advice, strict=True):
        assert 250 <= setting[0] <= 550 and setting[0] % 25 == 0
        assert setting[1] in FACTORS[TIME]["levels"] and setting[2] in ("air", "O2")
        assert (setting in tested) == (r["purpose"] == "confirm")
        assert r["expected_gain"] >= 0 and r["expected_gain_sd"] >= 0
    gains = [r["expected_gain"] for r in advice]
    assert sum(gains) < 20  # smallest differences: the whole hill is 10 high


def corner(s) -> float:
    """Good only where it is hot and long: 0.3 in the last corner of an else flat response."""
    return 0.5 + 0.3 * ((s[T] - 250) / 300) * (math.log(s[TIME] / 0.5) / math.log(32))


LEGS = [(t, 0.5) for t in (250.0, 325.0, 400.0, 475.0, 550.0)] + [(250.0, h) for h in (1, 4, 16)]
CROSS = [(t, 2.0) for t in (250.0, 325.0, 400.0, 475.0, 550.0)] + [(400.0, h) for h in (0.5, 8, 16)]
GRID = list(product((250.0, 400.0, 550.0), (0.5, 2.0, 16.0)))


@pytest.mark.parametrize(("design", "known"), [(LEGS, False), (CROSS, False), (GRID, True)])
def test_what_two_factors_do_together_is_not_drawn_as_known_where_no_sample_varies_both(
    design, known
):
    two = {name: FACTORS[name] for name in (T, TIME)}
    made, text = study([{T: t, TIME: h} for t, h in design], {"corner": corner}, factors=two)
    found = row(made["ranking_effects"], criterion="corner", term=f"{T} x {TIME}")
    said = "together stays open where too few samples vary both: annealing temperature and annealing time."
    if known:
        assert found["determined"] > 0.9 and found["note"] == ""
        assert found["effect_ci_low"] <= 0.3 <= found["effect_ci_high"]
    else:
        assert found["determined"] < 0.6 and "not determined" in found["note"]
        assert found["effect"] is found["effect_ci_high"] is found["share_of_variance"] is None
    assert any(said in p for p in text) is not known
    there = [r["determined"] for r in made["ranking_response"] if r["response"] == "corner"]
    assert min(there) >= 0 and max(there) > 0.9
    assert (min(there) > 0.5) or not known


def test_time_and_atmosphere_that_changed_together_are_named():
    design = [
        {T: float(t), TIME: time, GAS: gas}
        for t, (time, gas) in product(range(250, 551, 60), ((1.0, "air"), (8.0, "O2")))
    ]
    made, text = study(design, {"hill": hill})
    effects = made["ranking_effects"]
    assert row(effects, criterion="hill", term=TIME)["confounded_with"].startswith(GAS)
    assert row(effects, criterion="hill", term=GAS)["confounded_with"].startswith(TIME)
    assert row(effects, criterion="hill", term=T)["confounded_with"] == ""
    assert any("annealing time and atmosphere" in p and "cannot be told apart" in p for p in text)


def test_what_is_at_an_end_is_looked_for_beyond_it_where_that_is_allowed():
    only = {T: FACTORS[T] | {"low": 25, "high": 700}}
    design = [{T: float(t)} for t in (100, 200, 300, 400, 500)]
    made, text = study(design, {"rise": lambda s: 0.3 + 0.0015 * s[T]}, factors=only)
    beyond = [r for r in made["ranking_next"] if r["purpose"] == "extend"]
    assert beyond and all(500 < r[T] <= 700 for r in beyond)
    assert "at the upper end of the tested range (500 °C)" in text[0]
    closed, _ = study(design, {"rise": lambda s: 0.3 + 0.0015 * s[T]}, factors={T: {"unit": "°C"}})
    assert all(r[T] <= 500 for r in closed["ranking_next"])


def test_a_furnace_run_that_holds_one_temperature_is_shared():
    cost = {"batch": 4, "cost_per_sample": 1.0, "cost_per_setting": {T: 20.0}}
    made, _ = study(settings(14), {"plane": plane, "hill": hill}, next=cost)
    temperatures = [r[T] for r in made["ranking_next"]]
    assert len(set(temperatures)) < 4
    assert made["ranking_next"][0]["cost"] == 21.0
    assert sum(r["cost"] for r in made["ranking_next"]) == 4 + 20 * len(set(temperatures))


def test_one_factor_that_has_no_numbers():
    gases = {GAS: {"kind": "categorical", "label": "atmosphere"}}
    design = [{GAS: g} for g in ("N2", "N2", "air", "air", "O2", "O2")]
    value = {"N2": 0.2, "air": 0.6, "O2": 0.5}
    made, text = study(design, {"q": lambda s: value[s[GAS]]}, factors=gases)
    assert row(made["ranking_optimum"], response="q")["optimum"] == "air"
    assert "atmosphere air" in text[0]


def test_knowledge_gradient_of_independent_points_is_the_textbook_formula():
    # Frazier, Powell, Dayanik 2009, equation 14: sd f(-|difference| / sd), f(z) = pdf(z) + z cdf(z).
    mean, variance, noise = np.array([1.0, 0.4]), np.array([0.3, 0.5]), 0.2
    gain, _ = knowledge_gradient(mean, np.diag(variance), noise, np.array([0, 1]))
    for k in (0, 1):
        sd = variance[k] / math.sqrt(variance[k] + noise)
        z = -0.6 / sd
        expected = sd * (
            math.exp(-z * z / 2) / math.sqrt(2 * math.pi) + z * 0.5 * math.erfc(-z / math.sqrt(2))
        )
        assert gain[k] == pytest.approx(expected, rel=0.1)


def test_neighbours_of_a_setting_are_two_either_way_or_the_other_levels():
    steps = (100.0, 200.0, 300.0, 400.0, 500.0, 600.0)
    near = _neighbours((400.0, "air"), [steps, ("air", "O2", "Ar")])
    assert [n[0] for n in near if n[1] == "air"] == [200, 300, 500, 600]
    assert [n[1] for n in near if n[0] == 400] == ["O2", "Ar"]


def test_each_end_of_a_factor_has_a_beyond():
    factors = [SimpleNamespace(name=n) for n in ("a", "b")]
    surfaces = SimpleNamespace(space=SimpleNamespace(factors=factors))
    x = np.array([[-0.2, 0.5], [0.0, -0.2], [1.2, 1.0]])
    assert _over_edges(surfaces, x, {"a": -1}).tolist() == [True, False, False]
    assert _over_edges(surfaces, x, {"a": 1}).tolist() == [False, False, True]
    assert _over_edges(surfaces, x, {"b": -1}).tolist() == [False, True, False]
    assert not _over_edges(surfaces, x, {}).any()


def test_an_interaction_is_the_difference_of_two_differences():
    """The sum of two factors, and 3 more where both are high."""
    space = SimpleNamespace(
        tested=[(300, 500), (1, 8)], categorical=[False, False], factors=[SimpleNamespace(text=str)] * 2
    )  # fmt: skip
    table = np.array([[[0.0, 1.0], [2.0, 6.0]]])
    axes = [np.array([0.0, 1.0])] * 2
    parts = dict(_terms(table, 2))
    ends = {term: _ends(space, axes, term, part) for term, part in parts.items()}
    found = {term: float(_effect(part, ends[term][0])[0]) for term, part in parts.items()}
    assert found == {(0,): 3.5, (1,): 2.5, (0, 1): 3.0}
    assert ends[0,][1] == "from 300 to 500"


def test_what_never_changes_goes_together_with_nothing():
    column = np.array([[-1.0], [0.0], [1.0], [0.5]])
    assert _canonical(0 * column, column) == 0
    assert _canonical(column, -2 * column) == pytest.approx(1)


def test_of_several_levels_every_contrast_may_go_together_with_another():
    """One that equals a sum of contrasts; with as few settings as contrasts any does, so only the first are compared."""
    contrasts = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 3)))[0]
    a, other = contrasts[:, :2], contrasts[:, 2:]
    assert _canonical(a, a @ [[0.0], [1.0]]) == pytest.approx(1)
    assert _canonical(a, a @ [[1.0], [1.0]] + other) == pytest.approx((2 / 3) ** 0.5)
    assert _canonical(a, other) == pytest.approx(0, abs=1e-12)
    few = a[:3]
    assert _canonical(few, few @ [[0.0], [1.0]]) < 1


def test_rows_to_add_to_samples_csv():
    factors = read_factors(FACTORS)
    samples = [
        {
            "sample": "bare",
            "role": "uncoated",
            "label": "",
            T: "",
            TIME: "",
            GAS: "",
            "operator": "",
        },
        {
            "sample": "next1",
            "role": "coated",
            "label": "",
            T: "300",
            TIME: "1",
            GAS: "air",
            "operator": "A",
        },
    ]
    advice = [
        {"order": 1, T: 425.0, TIME: 0.5, GAS: "O2"},
        {"order": 2, T: 400.0, TIME: 2.0, GAS: "air"},
    ]
    rows = sample_rows(advice, factors, samples)
    assert [r["sample"] for r in rows] == ["next2", "next3"]
    assert rows[0] == {
        "sample": "next2", "role": "coated", "label": "425 °C, 0.5 h, O2", T: "425", TIME: "0.5", GAS: "O2",
        "operator": "A",
    }  # fmt: skip


def test_a_finished_run_gives_lines_for_samples_csv(tmp_path, capsys):
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "ranking_next.csv"
    with pytest.raises(StudyError, match="advice of a finished run"):
        next_samples(tmp_path, tmp_path)
    table.write_text(
        f"order,{T},{TIME},{GAS},purpose,expected_gain,note,expected_gain_sd,cost\n"
        "1,375,,,improve,0.2,x,0.1,1\n2,300,,,confirm,0.1,x,0.1,1\n",
        encoding="utf-8",
    )
    (tmp_path / "samples.csv").write_text(
        f"# kept apart\nsample,role,label,{T},{TIME},{GAS}\nbare,uncoated,bare,,,\na,coated,A,300,1,air\nb,coated,B,400,1,air\n",
        encoding="utf-8",
    )
    assert main(["next", str(tmp_path), "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == next_samples(tmp_path, tmp_path)
    assert main(["next", str(tmp_path), "--results", str(tmp_path / "none")]) == 1
    assert "advice of a finished run" in capsys.readouterr().err
    assert next_samples(tmp_path, tmp_path).splitlines() == [
        f"sample,role,label,{T},{TIME},{GAS}",
        "next1,coated,375,375,1,air",
        "next2,coated,300,300,1,air",
    ]
    (tmp_path / "tables" / "ranking_optimum.csv").write_text(
        f"response,factor,optimum,unit\noverall,{T},370,°C\n", encoding="utf-8"
    )
    assert "next1,coated,375 °C,375,1,air" in next_samples(tmp_path, tmp_path)
