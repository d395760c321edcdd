"""Sums, ranks and fronts of the ranking against independent libraries and brute force."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from coatbench.ranking.optimum import Optimum
from coatbench.ranking.rank import best_set, group_utilities
from coatbench.ranking.score import (
    average_ranks,
    group_matrix,
    kendall_w,
    pareto_front,
    ranks,
    spread,
    topsis,
)
from coatbench.ranking.summary import summary
from coatbench.ranking.surface import _root

from ranking import synthetic
from ranking.ranked import run


def hash_free(text: str) -> float:
    return float(sum(map(ord, text)) % 10)


@pytest.fixture
def matrix():
    found = run(synthetic.tables(optima={"coverage": 300, "ice": 500, "ocv": 420, "sims": 380}))
    ranked = found.ranked
    return ranked.value, np.array([c.sign for c in ranked.criteria]), found


def test_weighted_sum_and_topsis_agree_with_pymcdm(matrix):
    methods = pytest.importorskip("pymcdm.methods")
    from pymcdm import normalizations
    from pymcdm.helpers import rankdata

    value, signs, found = matrix
    ranked = found.ranked
    weights = group_matrix(ranked.criteria) @ np.full(4, 0.25)
    utilities = spread(found.ruler.utility(value))
    ours = utilities @ weights
    theirs = methods.WSM(normalizations.minmax_normalization)(value, weights, signs)
    assert np.allclose(ours, theirs)
    assert np.array_equal(ranks(ours), rankdata(theirs, reverse=True))
    closeness = methods.TOPSIS(normalizations.minmax_normalization)(value, weights, signs)
    assert np.allclose(topsis(utilities, weights), closeness)


def test_average_ranks_and_kendall_agree_with_scipy(matrix):
    stats = pytest.importorskip("scipy.stats")
    value, signs, _ = matrix
    score = np.array([3.0, 1.0, 3.0, 2.0])
    assert np.array_equal(average_ranks(score), stats.rankdata(-score))
    signed = value * signs
    n, m = signed.shape
    chi2, _ = stats.friedmanchisquare(*signed)  # Friedman's statistic is m (n - 1) W, ties included
    assert kendall_w(signed) == pytest.approx(chi2 / (m * (n - 1)))
    assert kendall_w(np.ones((4, 3))) is None
    assert kendall_w(np.arange(4.0)[:, None] * np.ones(3)) == pytest.approx(1)


def test_the_agreement_of_criteria_is_a_matter_of_no_unit():
    """Diffusion coefficients differ by 1e-12 of their unit, and are no ties."""
    config, small = synthetic.config(), synthetic.tables()
    (coverage,) = (c for c in config["criteria"].values() if c["table"] == "xps_coverage")
    expected = summary(run(small, config=config), Optimum())
    for row in small["xps_coverage"]:
        row[coverage["column"]] *= 1e-12
    for key in ("smallest_difference", "replicate_sd"):
        coverage[key] *= 1e-12
    found = summary(run(small, config=config), Optimum())
    w = [[r["value"] for r in rows if "Kendall" in r["quantity"]] for rows in (found, expected)]
    assert w[0] == pytest.approx(w[1])


def test_pareto_front_by_brute_force():
    rng = np.random.default_rng(3)
    u = rng.integers(0, 4, (30, 3)).astype(float)
    expected = [
        not any((u[j] >= u[i]).all() and (u[j] > u[i]).any() for j in range(30)) for i in range(30)
    ]
    assert pareto_front(u, 0).tolist() == expected
    assert pareto_front(np.stack([u, -u]), 0)[0].tolist() == expected


def test_memory_grows_with_the_samples_and_not_with_their_pairs():
    utilities = np.random.default_rng(4).normal(size=(2000, 40, 4))
    for function, of in ((pareto_front, utilities), (average_ranks, utilities.sum(axis=-1))):
        tracemalloc.start()
        function(of)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 6 * of.nbytes, function.__name__  # all pairs: more than 40 times


def test_best_set_is_the_smallest_that_reaches_the_confidence():
    assert best_set(np.array([0.1, 0.5, 0.4]), 0.8).tolist() == [False, True, True]
    assert best_set(np.array([0.1, 0.85, 0.05]), 0.8).tolist() == [False, True, False]
    assert best_set(np.array([1.0]), 0.8).tolist() == [True]


def test_a_range_without_meaning_is_not_stretched():
    tables = synthetic.tables()
    for r in tables["cycling_metrics"]:
        if r["metric"].startswith("initial"):
            r["value"] = 85.0 + 0.001 * hash_free(r["sample"])
    found = run(tables)
    j = [c.name for c in found.ranked.criteria].index("initial_coulombic_efficiency")
    assert np.ptp(found.ruler.utility(found.ranked.value)[:, j]) < 0.02
    assert group_utilities(found.ranked, found.ruler).shape == (8, 4)


def test_the_root_of_a_covariance_draws_it_whether_it_is_regular_or_not():
    """Regular, of lower rank, and one that rounding made indefinite: what is drawn has the covariance as near as one can be."""
    rng = np.random.default_rng(1)
    regular, flat = (a @ a.T for a in (rng.normal(size=(5, 5)), rng.normal(size=(5, 2))))
    off = np.diag([0.0, 0.0, 0.0, 0.0, 1e-3])
    for covariance, nearest, within in (
        (regular, regular, 1e-6), (flat, flat, 1e-6), (0 * flat, 0 * flat, 1e-9), (np.diag([1.0, 2, 3, 4, 0]) - off, np.diag([1.0, 2, 3, 4, 0]), 1e-9),
    ):  # fmt: skip
        root = _root(covariance)
        assert root @ root.T == pytest.approx(nearest, abs=within)
