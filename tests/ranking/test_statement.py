"""The ranking in words, held against the tables: the answer first, and nothing that the tables contradict."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from coatbench.factors import Factor
from coatbench.ranking.statement import _effects
from coatbench.ranking.words import named, with_sd

from ranking import synthetic
from ranking.planted import study

JARGON = ("Pareto", "Kendall", "variance", "posterior", "Gaussian", "Monte Carlo", "utility")


def random_study(k: int):
    """A study with its own samples, optima, gaps and doubts."""
    rng = np.random.default_rng(k)
    if k % 4 == 3:  # two factors
        settings = [
            {"annealing_temperature_degC": float(t), "atmosphere": g}
            for t in rng.choice(np.arange(100, 700, 25), 6, replace=False)
            for g in ("air", "O2")
        ]
        top, width = rng.uniform(100, 600), rng.uniform(60, 250)
        factors = {
            "annealing_temperature_degC": {"label": "annealing temperature", "unit": "°C"},
            "atmosphere": {"label": "atmosphere", "kind": "categorical"},
        }

        def response(s):
            high = synthetic.bump(s["annealing_temperature_degC"], top, width)
            return high + 0.1 * (s["atmosphere"] == "air")

        return study(
            settings,
            {"q": response, "r": lambda s: 1 - response(s) / 3},
            sd=0.03,
            factors=factors,
            seed=k,
        )
    temperatures = sorted(
        int(t) for t in rng.choice(np.arange(25, 701, 25), int(rng.integers(1, 9)), replace=False)
    )
    optima = dict(zip(("coverage", "ice", "ocv", "sims"), rng.uniform(0, 800, 4), strict=True))
    tables = synthetic.tables(temperatures, optima=optima)
    if k % 3 == 1:
        tables["xps_coverage"][1] |= {"quality": "doubtful", "quality_note": "chi-square of 8"}
    if k % 5 == 2:
        del tables["sims_degradation"]
    if k % 7 == 5:
        tables["cycling_metrics"] = tables["cycling_metrics"][:-3]
    return synthetic.make(
        tables, synthetic.samples(temperatures), synthetic.config() | {"draws": 2000}, "uncoated"
    )


@pytest.mark.parametrize("k", range(20))
def test_words_and_tables_say_the_same(k):
    made, text = random_study(k)
    ranked = [r for r in made["ranking"] if r.get("rank") is not None]
    whole = " ".join(text)
    assert "{{" not in whole and "None" not in whole and "nan" not in whole
    if not ranked:
        assert text[0].startswith("No sample can be ranked")
        return
    first = text[0].split(". ")[0]
    best = max(r["probability_best"] for r in ranked)
    label = {r["sample"]: name for r in ranked for name in [_label(r["sample"])]}
    leaders = {
        label[r["sample"]]
        for r in ranked
        if _not_told_apart(best, r["probability_best"], synthetic_draws(k))
    }
    if len(ranked) == 1:
        assert "nothing to compare it with" in first
    elif first.startswith("Best: "):
        named = re.match(r"Best: (.+?) \((.+?)\)", first)
        assert named and {named[1]} == leaders  # one sample is called best, the most probable one
        chance = int(re.sub(r"\D", "", named[2]))
        assert abs(chance / 100 - best) < 0.011
        assert len(re.findall("Best: ", whole)) == 1
        others = {label[r["sample"]] for r in ranked if r["best_set"]} - leaders
        assert ("not excluded" in first) == bool(others)
        assert all(re.search(rf"\b{re.escape(o)}", first) for o in others)
    else:
        assert first.startswith("No sample is best: ") and len(leaders) > 1
        assert all(name in first for name in leaders)
        assert "cannot be told apart" in first
    overall = [r for r in made["ranking_optimum"] if r["response"] == "overall"]
    assert ("Optimum: " in text[0]) == bool(overall)
    for row in overall:
        if "probability" not in row:
            found = re.search(r"annealing temperature (\S+) °C \(95 %: (\S+) to (\S+)\)", text[0])
            assert found
            numbers = [float(v) for v in found.groups()]
            assert numbers == pytest.approx(
                [row["optimum"], row["optimum_ci_low"], row["optimum_ci_high"]], abs=0.6
            )
            assert ("not bracketed" in text[0]) == (row["probability_at_edge"] > 0.5)
        else:
            assert f"atmosphere {row['optimum']} (" in text[0]
    assert ("What to do next: measure all" in whole) == bool(made["ranking_next"])
    assert ("make samples at further settings" in whole) == ("needs at least" in text[0])
    for row in made["ranking_next"]:
        assert f"{row['annealing_temperature_degC']:.4g} °C" in whole
    doubtful = [label[r["sample"]] for r in ranked if r["quality"] == "doubtful"]
    assert ("Doubtful values count" in whole) == bool(doubtful)
    for part in whole.split("Against ")[1:2]:
        for r in ranked:
            if (chance := r["probability_better_than_reference"]) is not None:
                kind = (
                    "better" if chance >= 0.975 else "worse" if chance <= 0.025 else "not decided"
                )
                listed = re.search(rf"{kind}: ([^;.]*)", part)
                assert listed
                assert label[r["sample"]] in listed[1] or re.match(r"\d+ samples", listed[1])
    for word in JARGON:
        assert word not in " ".join(text[:1]), word


def synthetic_draws(k: int) -> int:
    return synthetic.config()["draws"] if k % 4 == 3 else 2000


def _not_told_apart(first: float, other: float, draws: int) -> bool:
    """Whether two shares of the same draws differ by less than twice the standard error, or read the same."""
    error = math.sqrt((first + other - (first - other) ** 2) / draws)
    return first - other <= 2 * error or f"{first:.2f}" == f"{other:.2f}"


def _label(sample: str) -> str:
    return f"{int(sample[1:])} °C" if sample.startswith("c") else f"sample {int(sample[1:])}"


def test_samples_made_alike_that_share_a_label_are_one_answer():
    tables, samples = synthetic.tables((100, 300, 500)), synthetic.samples((100, 300, 500))
    samples += [s | {"sample": "again"} for s in samples if s["sample"] == "c300"]
    samples += [s | {"sample": "odd", "label": "100 °C"} for s in samples if s["sample"] == "c500"]
    for name in ("xps_coverage", "cycling_metrics", "sims_degradation"):
        for row in list(tables[name]):
            for old, new in (("c300", "again"), ("c500", "odd")):
                if row["sample"] == old:
                    tables[name].append(row | {"sample": new})
    made, text = synthetic.make(tables, samples, synthetic.config(), "uncoated")
    both = sum(r["probability_best"] for r in made["ranking"] if r["sample"] in ("c300", "again"))
    assert text[0].startswith("Best: 300 °C (") and text[0].count("300 °C") == 1
    assert abs(int(re.findall(r"(\d+) %", text[0])[0]) / 100 - both) < 0.011
    # One label for two settings would mislead: these say which sample is meant.
    assert "100 °C (c100)" in " ".join(text) and "100 °C (odd)" in " ".join(text)


def test_two_equal_samples_are_not_called_best():
    tables = synthetic.tables((300, 400), optimum=350.0)
    samples = synthetic.samples((300, 400))
    config = synthetic.config() | {"draws": 40000}
    made, text = synthetic.make(tables, samples, config, "uncoated")
    chances = [r["probability_best"] for r in made["ranking"] if r.get("rank")]
    assert abs(chances[0] - chances[1]) < 0.02
    assert text[0].startswith("No sample is best: ") and "Best: " not in text[0]


@pytest.mark.parametrize("ahead", np.linspace(0, 0.012, 9))
def test_no_two_samples_read_as_equally_best(ahead):
    """Whatever the distance of two samples, one called best has a higher percentage than every other."""
    tables = synthetic.tables((300, 400), optimum=350.0)
    for row in tables["xps_coverage"]:
        row["coverage"] += ahead if row["sample"] == "c400" else 0.0
    made, text = synthetic.make(
        tables, synthetic.samples((300, 400)), synthetic.config(), "uncoated"
    )
    shown = [round(100 * r["probability_best"]) for r in made["ranking"] if r.get("rank")]
    numbers = [int(v) for v in re.findall(r"(\d+) %", text[0].split(". ")[0])]
    if text[0].startswith("Best: "):
        assert len(set(numbers)) == len(numbers) == 2 and numbers[0] == max(shown)
        assert max(shown) - min(shown) >= 1
    else:
        assert "300 °C" in text[0] and "400 °C" in text[0] and "cannot be told apart" in text[0]
        assert set(numbers) == set(shown)


def test_replicates_that_hold_more_than_the_best_sample_are_no_mere_remainder():
    tables, samples = synthetic.tables((300, 400), optimum=352.0), synthetic.samples((300, 400))
    samples += [s | {"sample": "again"} for s in samples if s["sample"] == "c300"]
    for rows in tables.values():
        rows += [r | {"sample": "again"} for r in list(rows) if r.get("sample") == "c300"]
    made, text = synthetic.make(tables, samples, synthetic.config(), "uncoated")
    chance = {r["sample"]: r["probability_best"] for r in made["ranking"] if r.get("rank")}
    assert chance["c400"] > chance["c300"] and chance["c300"] + chance["again"] > chance["c400"]
    assert text[0].startswith("No sample is best: 400 °C (") and "300 °C (" in text[0]


def test_what_the_first_sentence_does_not_name_is_counted_in_it():
    tables = synthetic.tables((200, 250, 300, 350, 400, 450, 500), optimum=350.0)
    _, text = synthetic.make(
        tables,
        synthetic.samples((200, 250, 300, 350, 400, 450, 500)),
        synthetic.config() | {"confidence": 0.5},
        "uncoated",
    )
    first = text[0].split(". ")[0]
    numbers = [int(v) for v in re.findall(r"(\d+) %", first)]
    assert "for all others together" in first and sum(numbers) == pytest.approx(100, abs=1.6)


def test_where_names_are_too_many_samples_are_counted_and_not_their_labels():
    ranking = SimpleNamespace(label=lambda name: name[:2])
    samples = [f"{k:02d}{copy}" for k in range(9) for copy in "ab"]
    assert named(ranking, samples) == "18 samples"
    assert named(ranking, samples[:4]) == "00 and 01"


def test_few_settings_are_told_to_make_more():
    _, text = study([{"annealing_temperature_degC": t} for t in (200, 500)], {"q": lambda s: s["annealing_temperature_degC"] / 1000})  # fmt: skip
    assert any(p.startswith("What to do next: make samples at further settings") for p in text)


@pytest.mark.parametrize(
    ("value", "sd", "said"),
    [(18.84, 3.0, "18.8 ± 3.0"), (0.18, 0.0092, "0.1800 ± 0.0092"), (31.9, 51.0, "32 ± 51"), (5.123, None, "5.12")],
)  # fmt: skip
def test_values_have_the_digits_of_their_uncertainty(value, sd, said):
    assert with_sd(value, sd) == said


def test_two_samples_were_ranked_not_was():
    _, text = synthetic.make(
        synthetic.tables((100, 300)), synthetic.samples((100, 300)), synthetic.config(), "uncoated"
    )
    assert "2 coated samples were ranked" in " ".join(text)


def told(*rows: tuple[str, float, float | None, float], factors: str = "ab") -> list[str]:
    """Sentences of effects on the score: term, effect, share of variance, half its interval."""
    ranking = SimpleNamespace(factors=[Factor(n, n.upper()) for n in factors])
    found = [
        {"criterion": "overall", "term": term, "effect": effect, "effect_ci_low": effect - half, "effect_ci_high": effect + half, "share_of_variance": share, "meaning": "from 0 to 1"}
        for term, effect, share, half in rows
    ]  # fmt: skip
    return _effects(ranking, [{"criterion": "other", "share_of_variance": 0.9}, *found])


def test_an_effect_has_a_direction_where_its_interval_has_one_however_small_it_is():
    assert told(("a", -0.4, 0.3, 0.1), ("b", 0.4, 0.6, 0.1)) == [
        "B from 0 to 1 raises it (60 % of the variance of the score)", "A from 0 to 1 lowers it (30 % of the variance of the score)",
    ]  # fmt: skip
    for effect in (-0.4, 0.4):
        assert told(("a", effect, 0.3, 0.5)) == ["A changes it without a clear direction (30 % of the variance of the score)"]  # fmt: skip
    assert told(("a x b", 5.0, 0.12, 0.1)) == ["A and B act together (12 % of the variance of the score)"]  # fmt: skip


def test_what_does_little_or_is_not_known_and_what_one_factor_does_is_no_sentence():
    assert told(("a", 3.0, 0.08, 0.1), ("a x b", 3.0, None, 0.1)) == []
    assert told(("a", 3.0, 0.9, 0.1), factors="a") == []
    assert len(told(*[("a", 3.0, 0.2, 0.1)] * 6)) == 4
