"""What the room makes of studies far from the shipped configuration, held number by number (`kept_numbers`)."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import StudyError
from coatbench.factors import Factor
from coatbench.ranking import effects, words
from coatbench.ranking.columns import table_columns
from coatbench.ranking.consistency import compare, correlations
from coatbench.ranking.criteria import Criterion, Values, collect_values, read_criteria
from coatbench.ranking.montecarlo import probability_best, probability_better, simulate
from coatbench.ranking.next_samples import next_samples
from coatbench.ranking.rank import best_set, stated_weights
from coatbench.ranking.score import (
    average_ranks,
    group_matrix,
    kendall_w,
    pareto_front,
    ranks,
    ruler,
    spread,
    topsis,
)
from coatbench.ranking.surface import Kernel, Space, fit_surface
from coatbench.ranking.surfaces import spread_points
from coatbench.tables import write_table
from kept_numbers import hold

from ranking.kept_studies import DEGC, HOURS, STUDIES, THREE, columns

KEPT = Path(__file__).parent / "kept"


@pytest.mark.parametrize("name", list(STUDIES))
def test_kept_study(name):
    made, paragraphs = STUDIES[name]()
    found = {table: columns(rows) for table, rows in made.items()}
    hold(KEPT / f"{name.replace(' ', '_')}.csv", {"statement": paragraphs} | found)


def criterion(name: str, group: str, sign: int = 1, least: float = 0.0, **more) -> Criterion:
    return Criterion(name, name, "1", group, "t", "v", (), sign, (), None, None, 0.0, least, **more)


CRITERIA = (
    criterion("a", "x", 1, 0.5), criterion("b", "y", -1, 0.2), criterion("c", "y", 1), criterion("d", "z", -1, coating_only=True),
    criterion("e", "x", 1, 0.3, relative=True),
)  # fmt: skip


def values(n: int, seed: int) -> Values:
    """Measured values, the second and third sample equal, part of an uncertainty shared."""
    rng = np.random.default_rng(seed)
    value = np.round(rng.normal(1, 0.6, (n, len(CRITERIA))), 2)
    value[1:3] = value[1]
    sd = rng.uniform(0.05, 0.3, value.shape)
    shared = np.where([c.relative for c in CRITERIA], 0.6 * sd, 0.0)
    return Values(tuple("pqrstuvw"[:n]), CRITERIA, value, sd, shared)


def test_kept_scores():
    six = values(6, 1)
    reference = Values(("ref",), CRITERIA, np.array([[0.9, 1.2, np.nan, 1.0, 1.0]]), np.full((1, 5), 0.1), np.zeros((1, 5)))  # fmt: skip
    found: dict = {}
    for name, against in (("against the reference", reference), ("against the worst", None)):
        measure = ruler(six, against)
        utility = measure.utility(six.value)
        groups = utility @ group_matrix(CRITERIA)
        found[name] = {
            "zero": measure.zero, "unit": measure.unit, "part": measure.take([3, 1]).unit, "utility": utility, "spread": spread(groups),
            "front": [pareto_front(groups, i).astype(int) for i in (0.0, 1.0, 4.0)], "topsis": topsis(groups, np.array([0.5, 0.2, 0.3])),
            "ranks": [ranks(groups.T)[0], average_ranks(groups.T)[1]], "kendall": [kendall_w(groups), kendall_w(utility), kendall_w(groups[:2]), kendall_w(np.round(groups / 3))],
        }  # fmt: skip
    same = Values(six.samples, CRITERIA, np.ones((6, 5)), six.sd, six.shared)
    found["alike"] = [ruler(same).unit, ruler(same).utility(same.value), spread(same.value), topsis(same.value, np.ones(5)), kendall_w(same.value)]  # fmt: skip
    found["nothing"] = [ruler(six.take([])).zero, kendall_w(np.ones((1, 3))), kendall_w(np.ones((3, 1)))]  # fmt: skip
    found["sets"] = [best_set(np.array([0.1, 0.4, 0.1, 0.3, 0.1]), c).astype(int) for c in (0.39, 0.4, 0.7, 0.8, 1.0)]  # fmt: skip
    found["weights"] = [stated_weights(CRITERIA, w) for w in ({}, {"x": 3, "z": 0}, {"x": 0, "y": 0, "z": 0})]  # fmt: skip
    hold(KEPT / "scores.csv", found)


def test_kept_draws():
    six = values(6, 2)
    reference = Values(("ref",), CRITERIA, np.array([[0.9, 1.2, 0.8, 1.0, 1.0]]), np.full((1, 5), 0.1), np.zeros((1, 5)))  # fmt: skip
    measure = ruler(six, reference)
    found: dict = {}
    for name, stated in (("all", (0.5, 0.2, 0.3)), ("without x", (0.0, 0.4, 0.6)), ("only z", (0.0, 0.0, 1.0))):  # fmt: skip
        weights = np.array(stated)
        found[name] = vars(simulate(six, measure, weights, 300)) | {
            "stated": probability_best(six, measure, weights, 300), "better": probability_better(six, reference, measure, weights, 300),
        }  # fmt: skip
    gap = reference.take()
    gap.value[0, 1] = np.nan
    found["of a gap"] = probability_better(six, gap, measure, np.ones(3) / 3, 300)
    found["of nothing"] = probability_better(six, reference.take([]), measure, np.ones(3) / 3, 300)
    found["of the coating"] = probability_better(six.take(criteria=["d"]), reference.take(criteria=["d"]), measure.take([3]), np.ones(1), 300)  # fmt: skip
    hold(KEPT / "draws.csv", found)


SECTION = {
    "plain": {"table": "t", "column": "v", "uncertainty": "v_sd", "replicate_sd": 0.3},
    "interval": {"table": "t", "column": "w", "uncertainty": ["w_low", "w_high"], "where": {"kind": "k"}, "direction": "lower", "relative": True, "bounds": [0, None], "label": "W", "unit": "nm", "group": "g"},
    "cells": {"table": "t", "column": "v", "uncertainty": "v_sd", "count": "n", "replicate_sd": 0.2, "smallest_difference": 0.1},
    "pooled": {"table": "t", "column": "v", "uncertainty": "v_sd", "count": "n", "freedom": "f", "replicate_sd": 0.2, "coating_only": True},
    "bare": {"table": "t", "column": "w"}, "absent": {"table": "other", "column": "v"}, "unused": {"table": "t", "column": "v", "use": False},
}  # fmt: skip


def test_kept_criteria():
    """Uncertainties of one and several replicates, of an interval, of samples that were made alike; what is unusable."""
    rows = [
        {"sample": s, "kind": "k", "v": v, "v_sd": sd, "n": n, "f": f, "w": v and v / 2, "w_low": v and v / 2 - 0.2, "w_high": v and v / 2 + 0.1, "quality": q, "quality_note": q and "why"}
        for s, v, sd, n, f, q in (
            ("ref", 1.0, 0.1, 2.0, 3.0, ""), ("p", 2.0, 0.4, 1.0, 0.0, ""), ("q", 2.5, 0.2, 3.0, 6.0, "doubtful"), ("r", 2.2, None, 3.0, None, ""),
            ("s", 1.5, 0.3, None, None, "unusable"), ("t", None, None, 2.0, 1.0, ""), ("u", 4.0, 0.9, 4.0, 0.0, ""), ("p2", 2.9, 0.0, 1.0, 0.0, ""),
        )
    ]  # fmt: skip
    samples = [{"sample": r["sample"], "role": "coated"} for r in rows]
    criteria = read_criteria(SECTION)
    found: dict = {"criteria": [[c.name, c.label, c.unit, c.group, c.sign, *c.bounds, c.coating_only] for c in criteria]}  # fmt: skip
    made = {"alone": None, "replicates": {"p": (1,), "p2": (1,), "q": (2,), "r": (2,), "s": (2,)}}
    for name, settings in made.items():
        for scale in (1.0, 2.0):
            got = collect_values({"t": rows}, samples, criteria, prior_cells=4, prior_scale=scale, reference="ref", settings=settings)  # fmt: skip
            found[f"{name} {scale}"] = {"value": got.value, "sd": got.sd, "shared": got.shared, "own": got.own_sd, "of u": got.sd[6], "of p": [*got.sd[1], *got.shared[1]]}  # fmt: skip
    found["quality"] = {s: got.quality(s).columns() for s in ("p", "q", "s")}
    more = [*rows, *({**rows[1], "v": v} for v in (3.0, 4.0))]
    found["mean"] = collect_values(
        {"t": more}, samples, criteria, prior_cells=4, average=True
    ).value
    # Which one is meant must be said, whether it is usable or not.
    for name, doubled in (("several", more), ("one of them unusable", [*rows, rows[1] | {"quality": "unusable"}])):  # fmt: skip
        with pytest.raises(StudyError) as error:
            collect_values({"t": doubled}, samples, criteria, prior_cells=4)
        found[name] = str(error.value).splitlines()
    hold(KEPT / "criteria.csv", found)


# --- agreement -------------------------------------------------------------------------------------------

SOURCES = {
    "thickness_nm": {
        "A": {"table": "a", "column": "d", "uncertainty": "d_sd", "relative_sd": 0.1, "limit": "is_limit", "caveat": "A: blind"},
        "B": {"table": "b", "column": "d", "uncertainty": "d_sd"},
        "C": {"table": "c", "column": "area", "uncertainty": "area_sd", "where": {"kind": "k"}, "parts": {"part": ["one", "two"]}},
    },
    "odd": {"run": {"table": "odd", "column": "from", "until": "to", "along": "degC"}},
    "share": {
        "run": {"table": "run", "column": "from", "until": "to", "along": "degC", "relative_sd": 0.05},
        "model": {"table": "model", "column": "x", "at": ["degC", "h"]}, "B": {"table": "b", "column": "x", "uncertainty": "x_sd"},
    },
}  # fmt: skip


def test_kept_consistency():
    samples = [{"sample": "lps", "role": "precursor"}, {"sample": "ref", "role": "uncoated"}, {"sample": "bare", "role": "coated"}]  # fmt: skip
    samples += [{"sample": s, "role": "coated", "degC": t, "h": "2"} for s, t in (("p", "300"), ("q", "360"), ("r", "500"), ("s", ""))]  # fmt: skip
    a = [("p", 4.0, 0.3, False, "ok"), ("q", 9.0, 0.2, True, "ok"), ("r", 9.0, 0.2, True, "doubtful"), ("ref", 1.0, 0.1, False, "ok"), ("s", 5.0, None, False, "ok")]  # fmt: skip
    b = [("p", 4.4, 0.2), ("p", 4.9, 0.3), ("q", 20.0, 0.5), ("r", 5.0, None), ("s", 7.0, None)]
    parts = [("p", 1, "one", 2.0), ("p", 1, "two", 4.0), ("p", 2, "one", 2.5), ("q", 1, "one", 3.0), ("q", 1, "two", 4.0), ("q", 2, "one", 3.5), ("q", 2, "two", 4.0)]  # fmt: skip
    tables = {
        "a": [{"sample": s, "d": d, "d_sd": sd, "is_limit": limit, "quality": q, "quality_note": "charged"} for s, d, sd, limit, q in a],
        "b": [{"sample": s, "d": d, "d_sd": sd, "x": d / 10, "x_sd": sd and sd / 10} for s, d, sd in b],
        "c": [{"sample": s, "spot": spot, "part": p, "area": v, "area_sd": 0.2 * v, "kind": "k"} for s, spot, p, v in parts],
        "run": [{"sample": "lps", "from": f, "to": t, "from_sd": 5.0, "to_sd": 9.0} for f, t in ((280.0, 400.0), (290.0, 380.0), (300.0, 290.0))],
        "odd": [{"sample": "lps", "from": 300.0, "to": 290.0}],
        "model": [{"sample": "lps", "degC": t, "h": 2.0, "x": x} for t, x in ((300.0, 0.2), (360.0, 0.9), (500.0, 0.1), (400.0, 0.5))],
    }  # fmt: skip
    rows = compare(tables, samples, SOURCES, "bare")
    hold(KEPT / "consistency.csv", {f"{r['sample']} {r['quantity']} {r['technique']}": [r["value"], r["value_sd"], r["agrees"], r["note"]] for r in rows})  # fmt: skip


def test_kept_correlations():
    eight = values(8, 3)
    eight.value[:3, 2] = np.nan
    eight.value[:5, 3] = np.nan
    hold(KEPT / "correlations.csv", {f"{r.pop('first')} {r.pop('second')}": r for r in correlations(eight)})  # fmt: skip


# --- surfaces --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["smooth", "rough", "stepped"])
def test_kept_kernels(kind):
    rng = np.random.default_rng(4)
    x, categorical = rng.uniform(size=(7, 3)), np.array([False, True, False])
    x[:, 1] = [0, 1, 2, 0, 1, 2, 0]
    step = rng.normal(size=(2, 2))
    many = Kernel(kind, rng.normal(0, 0.5, (2, 3)), rng.normal(0, 0.5, 2), rng.normal(size=2), 2 if kind == "stepped" else -1, step)  # fmt: skip
    one = Kernel(kind, rng.normal(0, 0.5, (2, 1)), rng.normal(0, 0.5, 2), np.zeros(2), 0 if kind == "stepped" else -1, step)  # fmt: skip
    found = {"three factors": many(x, x[:4], categorical), "one": one(x[:, :1], x[:4, :1], np.array([False])), "a row": many(x[:1], x[1:5], categorical)[0, 0]}  # fmt: skip
    hold(KEPT / f"kernel_{kind}.csv", found)


@pytest.mark.parametrize("factors", [1, 2])
def test_kept_surfaces(factors):
    rng = np.random.default_rng(5)
    x = np.column_stack([np.linspace(0, 1, 8), [0, 1, 2, 0, 1, 2, 0, 1]])[:, :factors]
    value = 3 + np.where(x[:, 0] < 0.6, x[:, 0], 0.1) + 0.2 * x.sum(axis=1)
    fit = fit_surface(x, value, np.full(8, 0.05), np.array([False, True])[:factors], rng, settings=6, bounds=(3.0, None))  # fmt: skip
    points = np.column_stack([np.linspace(-0.2, 1.2, 9), np.arange(9) % 3])[:, :factors]
    mean, covariance = fit.posterior(fit.kernels[0], points)
    sums = np.array([[1, -1, 0, 0, 0, 0, 0, 0, 0], [0.5, 0, 0, 0, -1, 0, 0, 0, 0.5]])
    drawn = fit.draws(points, 40, rng)
    found = {
        "centre": [fit.centre, fit.spread], "weights": fit.weights, "kinds": " ".join(k.kind for k in fit.kernels),
        "parameters": [np.concatenate([k.shape[0], k.height, k.joint, k.step.ravel()]) for k in fit.kernels],
        "mean": list(mean), "covariance": covariance, "variances": fit.variances(points, sums), "drawn": drawn, "least": drawn.min(axis=0),
    }  # fmt: skip
    hold(KEPT / f"surface_of_{factors}.csv", found)


def test_kept_spaces():
    factors = (Factor("t", "t", "°C"), Factor("p", "p", "Pa", scale="log"), Factor("g", "g", kind="categorical", levels=("N2", "air", "O2")))  # fmt: skip
    made = [(300.0, 10.0, "air"), (500.0, 1000.0, "O2"), (350.0, 10.0, "Ar"), (300.0, 50.0, "air")]
    space = Space.of(factors, made)
    found = {
        "tested": [" ".join(map(str, t)) for t in space.tested], "levels": " ".join(map(str, space.levels(2))), "coded": list(space.coded([*made, (200.0, 1.0, "N2")])),
        "natural": [space.natural(i, np.array([-0.2, 0.0, 0.3, 1.0])) for i in (0, 1)], "points": [spread_points(4, d) for d in (1, 2, 3)],
    }  # fmt: skip
    hold(KEPT / "spaces.csv", found)


# --- words, columns, rows to add ---------------------------------------------------------------------------


def test_kept_grids():
    """Settings of each factor that effects are read from: fewer where there are more factors."""
    found = {}
    for free, levels in product((1, 2, 3, 4, 6, 8), ((), (2,), (3, 4))):
        factors = [Factor(f"f{i}", "f") for i in range(free)] + [Factor(f"g{i}", "g", kind="categorical") for i in range(len(levels))]  # fmt: skip
        tested = [(0.0, 1.0)] * free + [tuple("abcd"[:n]) for n in levels]
        found[f"{free} {levels}"] = " ".join(str(len(a)) for a in effects._axes(Space(tuple(factors), tuple(tested))))  # fmt: skip
    hold(KEPT / "grids.csv", found)


def test_kept_words():
    found = {
        "percent": " ".join(words.percent(p) for p in (0, 0.004, 0.006, 0.014, 0.5, 0.994, 0.996, 1)),
        "short": " ".join(words.short(x) for x in (0.0123, 0.996, 9.96, 12.3, 99.4, 99.6, 1234.5, -250.0)),
        "with_sd": "; ".join(words.with_sd(v, s) for v, s in ((1234.567, None), (12.3456, 0.0), (12.3456, 0.012), (12.3456, 0.99), (12.3456, 10.2), (1234.5, 300))),
        "listed": [words.listed(n) for n in (["a"], ["a", "b"], ["a", "b", "c"], ["a, b", "c"])],
        "settings": [
            words.setting_text([Factor(str(i), f"f{i}", u, k) for i, (u, k) in enumerate(kinds)], [v for _, v in zip(kinds, (1.5, 2.0, "air"), strict=False)])
            for kinds in ([("h", "continuous")], [("h", "continuous")] * 2, [("h", "continuous"), ("%", "continuous"), ("", "categorical")], [("", "continuous"), ("1", "continuous")])
        ],
    }  # fmt: skip
    hold(KEPT / "words.csv", found)


def test_kept_columns():
    documented = {"ranking": ["rank", "annealing_temperature_degC", "<other factor>", "<criterion>", "<criterion>_sd", "<annotation>", "note"], "other": ["x", "<factor>"]}  # fmt: skip
    criteria = {"a": {"group": "g"}, "b": {}, "c": {"use": False}}
    config = {
        "criteria": criteria,
        "annotations": {"d": {}, "e": {"use": False}},
        "weights": {"g": 2},
    }
    factors = {DEGC: {}, "f": {"use": False}, "h": None, HOURS: {"label": "t"}}
    found: dict = {t: " ".join(c) for t, c in table_columns(documented, config, factors).items()}
    found["without factors"] = " ".join(table_columns(documented, config)["ranking"])
    for name, wrong in (("twice", {"annotations": {"a": {}, "note": {}}}), ("unknown", {"weights": {"x": 1, "g": 1}}), ("zeros", {"weights": {"g": 0, "b": 0}})):  # fmt: skip
        with pytest.raises(StudyError) as error:
            table_columns(documented, config | wrong, factors)
        found[name] = str(error.value).splitlines()
    hold(KEPT / "columns.csv", found)


def test_kept_rows_to_add(tmp_path):
    made, _ = STUDIES["three factors"]()
    (tmp_path / "tables").mkdir()
    for name in ("ranking_next", "ranking_optimum"):
        rows = made[name]
        write_table(rows, list(dict.fromkeys(k for r in rows for k in r)), tmp_path / "tables" / f"{name}.csv")  # fmt: skip
    header = ["sample", "role", "label", *THREE, "operator", "batch"]
    coated = [["p", "coated", "P", "300", "1", "air", "kim", "1"], ["next2", "coated", "Q", "400", "1", "air", "kim", "2"]]  # fmt: skip
    with (tmp_path / "samples.csv").open("w", newline="", encoding="utf-8") as stream:
        stream.write("# comment\n\n")
        csv.writer(stream).writerows([header, ["bare", "uncoated", "", "", "", "", "lee", "1"], *coated])  # fmt: skip
    hold(KEPT / "rows_to_add.csv", {"lines": next_samples(tmp_path, tmp_path).splitlines()})
