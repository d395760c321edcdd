"""Monte Carlo over the uncertainty of every value and over weights: what the ranking is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..statistics import seed_of
from .criteria import Values
from .score import TIE, Ruler, average_ranks, group_matrix, pareto_front


@dataclass(frozen=True)
class Outcome:
    """What the draws say about each ranked sample; arrays have the shape (samples,).

    Attributes
    ----------
    score_low, score_high : 95 % interval of the score at the stated weights (values uncertain)
    best : probability of being best, values and weights uncertain
    best_stated : the same at the stated weights (values uncertain)
    weight_share : share of the weight space in which it is best (values as measured)
    rank_low, rank_high : 95 % interval of the rank, values and weights uncertain
    front : probability of standing on the Pareto front (values uncertain)
    """

    score_low: np.ndarray
    score_high: np.ndarray
    best: np.ndarray
    best_stated: np.ndarray
    weight_share: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray
    front: np.ndarray


def draw_utilities(values: Values, ruler: Ruler, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw group utilities (n, samples, groups): each value normal with its own uncertainty.

    What samples share through the reference of a ratio moves them together.
    """
    noise = rng.standard_normal((n, *values.value.shape))
    common = rng.standard_normal((n, 1, len(values.criteria)))
    drawn = values.value + noise * values.own_sd + common * np.nan_to_num(values.shared)
    return ruler.utility(drawn) @ group_matrix(values.criteria)


def draw_weights(stated: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw group weights (n, groups), uniform over the simplex (Dirichlet with all parameters 1).

    Lahdelma and Salminen 2001, SMAA-2, doi:10.1287/opre.49.3.444.11220. A group whose stated weight is 0
    is out of the ranking and stays so.
    """
    weights = np.zeros((n, stated.size))
    counted = stated > 0
    weights[:, counted] = rng.dirichlet(np.ones(int(counted.sum())), n)
    return weights


def share_best(scores: np.ndarray) -> np.ndarray:
    """Return how often each sample is best; equally good ones share the draw. (n, samples) -> (samples,)."""
    first = scores >= scores.max(axis=-1, keepdims=True) - TIE
    return (first / first.sum(axis=-1, keepdims=True)).mean(axis=0)


def simulate(values: Values, ruler: Ruler, stated: np.ndarray, n: int) -> Outcome:
    """Run the Monte Carlo for complete samples.

    Parameters
    ----------
    values : Values without gaps
    ruler : what utilities are counted in
    stated : array, shape (groups,), the stated weights, sum 1
    n : number of draws
    """
    rng = _generator(values)
    drawn = draw_utilities(values, ruler, n, rng)
    weights = draw_weights(stated, n, rng)
    measured = ruler.utility(values.value) @ group_matrix(values.criteria)
    at_stated = drawn @ stated
    everything = np.einsum("nsg,ng->ns", drawn, weights)
    placed = average_ranks(everything)
    low, high = np.quantile(at_stated, [0.025, 0.975], axis=0)
    rank_low, rank_high = np.quantile(placed, [0.025, 0.975], axis=0, method="inverted_cdf")
    counted = stated > 0
    return Outcome(
        score_low=low,
        score_high=high,
        best=share_best(everything),
        best_stated=share_best(at_stated),
        weight_share=share_best(weights @ measured.T),
        rank_low=rank_low,
        rank_high=rank_high,
        front=pareto_front(drawn[..., counted]).mean(axis=0),
    )


def probability_best(values: Values, ruler: Ruler, stated: np.ndarray, n: int) -> np.ndarray:
    """Return `Outcome.best_stated` of a simulation, from the same draws, and nothing else of it."""
    return share_best(draw_utilities(values, ruler, n, _generator(values)) @ stated)


def _generator(values: Values) -> np.random.Generator:
    return seed_of(values.samples, [c.name for c in values.criteria], values.value, values.sd)


def probability_better(
    values: Values, reference: Values, ruler: Ruler, stated: np.ndarray, n: int
) -> np.ndarray | None:
    """Return the probability that each sample is better than the reference, values and weights uncertain.

    Criteria that measure only the coating say nothing about a sample without one and do not count. A ratio is 1 for its
    reference by definition; the reference's uncertainty stands in the ratios of the others. None where nothing is
    left to compare, or the reference lacks a criterion: nothing is filled in.
    """
    places = [j for j, c in enumerate(values.criteria) if not c.coating_only]
    names = [values.criteria[j].name for j in places]
    if not len(reference.samples) or not names:
        return None
    kept = {g: w for g, w in zip(values.groups, stated, strict=True)}
    values, reference, ruler = (
        values.take(criteria=names),
        reference.take(criteria=names),
        ruler.take(places),
    )
    if np.isnan(reference.value).any():
        return None
    stated = np.array([kept[g] for g in values.groups])
    if not stated.any():
        return None
    rng = seed_of("reference", values.samples, values.value, values.sd, reference.value)
    groups = group_matrix(values.criteria)
    drawn = draw_utilities(values, ruler, n, rng)
    noise = rng.standard_normal((n, 1, len(values.criteria)))
    relative = np.array([c.relative for c in values.criteria])
    sd = np.where(relative, 0.0, np.nan_to_num(reference.sd))
    other = ruler.utility(reference.value + noise * sd) @ groups
    weights = draw_weights(stated, n, rng)
    difference = np.einsum("nsg,ng->ns", drawn - other, weights)
    return (difference > 0).mean(axis=0)
