"""What holds for any numbers: fronts, ranks, scales, the best set, the uncertainty of a mean."""

from __future__ import annotations

import numpy as np
from coatbench.ranking.criteria import Criterion, Values, standard_uncertainty
from coatbench.ranking.montecarlo import draw_weights, probability_best, share_best, simulate
from coatbench.ranking.rank import best_set
from coatbench.ranking.score import Ruler, average_ranks, pareto_front, ranks, ruler, spread
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

NUMBERS = st.floats(-1e3, 1e3).map(lambda v: round(v, 3))
TABLES = st.tuples(st.integers(1, 8), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=NUMBERS)
)


def criterion(name: str, sign: int = 1, sd: float = 0.1) -> Criterion:
    return Criterion(name, name, "1", name, "t", "v", (), sign, (), None, None, sd, 0.0)


def values_of(table: np.ndarray, signs: np.ndarray, sd: float = 0.1) -> Values:
    n, m = table.shape
    return Values(
        tuple(f"s{i}" for i in range(n)),
        tuple(criterion(f"c{j}", int(signs[j])) for j in range(m)),
        table,
        np.full((n, m), sd),
        np.zeros((n, m)),
    )


@given(TABLES, st.randoms(use_true_random=False))
def test_the_best_by_any_positive_weights_is_on_the_front(table, random):
    weights = np.array([random.uniform(0.1, 1) for _ in range(table.shape[1])])
    score = table @ weights
    best = np.flatnonzero(score >= score.max() - 1e-6)
    assert pareto_front(table, 0)[best].any()


@given(TABLES)
def test_a_front_is_never_empty_and_no_member_dominates_another(table):
    front = table[pareto_front(table, 0)]
    assert len(front)
    for a in front:
        for b in front:
            assert not ((a >= b).all() and (a > b + 1e-6).any())


@given(TABLES, st.floats(0, 500))
def test_with_differences_that_do_not_matter_a_front_is_never_empty_and_never_smaller(table, least):
    textbook, front = pareto_front(table / 50, 0), pareto_front(table / 50, least / 50)
    assert front.any()
    best = (table.sum(axis=1)).argmax()
    assert front[best]  # nobody is ahead of it in sum
    kept = pareto_front(table / 50, 1e9)
    assert kept.all() and textbook.any()


@given(arrays(float, st.integers(1, 12), elements=NUMBERS), st.randoms(use_true_random=False))
def test_ranks_follow_their_samples(score, random):
    order = list(range(score.size))
    random.shuffle(order)
    assert np.array_equal(ranks(score)[order], ranks(score[order]))
    assert average_ranks(score).sum() == score.size * (score.size + 1) / 2
    assert ranks(score).min() == 1


@given(TABLES, st.randoms(use_true_random=False))
def test_without_a_smallest_difference_utilities_are_tenths_of_the_range_whatever_unit_and_direction(
    table, random
):
    signs = np.array([random.choice((-1, 1)) for _ in range(table.shape[1])])
    values = values_of(table, signs)
    u = ruler(values).utility(values.value)
    assert u.min() >= -1e-9 and u.max() <= 10 + 1e-6  # from the worst, in tenths of the range
    assert spread(u).max() <= 1 + 1e-9
    factor = np.array([random.uniform(0.5, 20) for _ in signs])
    scaled = values_of(table * factor + 7.0, signs)
    assert np.allclose(ruler(scaled).utility(scaled.value), u, atol=1e-5)


@given(
    arrays(float, st.integers(1, 10), elements=st.floats(0.001, 1)),
    st.floats(0.05, 0.95),
)
def test_the_best_set_reaches_its_confidence_and_is_no_larger_than_needed(share, confidence):
    share = share / share.sum()
    inside = best_set(share, confidence)
    assert share[inside].sum() >= confidence - 1e-9
    assert share[inside].sum() - share[inside].min() < confidence


@given(st.integers(1, 6), st.integers(0, 5))
def test_drawn_weights_lie_on_the_simplex_and_spare_what_weighs_nothing(n, without):
    stated = np.ones(n)
    stated[: min(without, n - 1)] = 0
    drawn = draw_weights(stated / stated.sum(), 50, np.random.default_rng(0))
    assert np.allclose(drawn.sum(axis=1), 1)
    assert (drawn[:, stated == 0] == 0).all()


@settings(max_examples=25)
@given(TABLES, st.floats(0, 50))
def test_outcomes_are_probabilities_and_ranks(table, sd):
    n, m = table.shape
    values, stated = values_of(table, np.ones(m), sd), np.full(m, 1 / m)
    measure = Ruler(np.zeros(m), np.ones(m))
    outcome = simulate(values, measure, stated, 300)
    assert (
        probability_best(values, measure, stated, 300) == outcome.best_stated
    ).all()  # same draws
    for share in (outcome.best, outcome.best_stated, outcome.weight_share):
        assert np.isclose(share.sum(), 1)
    assert (outcome.rank_low >= 1).all() and (outcome.rank_high <= n).all()
    assert (outcome.score_low <= outcome.score_high).all()
    assert (outcome.front >= outcome.best_stated - 1e-9).all()  # the best stands on the front


@given(st.floats(0, 10), st.integers(1, 50), st.floats(0, 100), st.floats(0, 10))
def test_pooled_scatter_lies_between_prior_and_measurement(sd, n, freedom, prior):
    c = Criterion("c", "c", "1", "c", "t", "v", (), 1, ("sd",), "n", "f", prior, 0.0)
    found = standard_uncertainty({"sd": sd, "n": float(n), "f": freedom}, c, 4.0) * np.sqrt(n)
    one = sd * np.sqrt(n)
    assert min(one, prior) - 1e-9 <= found <= max(one, prior) + 1e-9


def test_ties_share_a_draw():
    assert share_best(np.array([[1.0, 1.0, 0.0], [2.0, 0.0, 0.0]])).tolist() == [0.75, 0.25, 0.0]
