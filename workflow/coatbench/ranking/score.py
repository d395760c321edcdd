"""Scores, ranks and agreement: deterministic formulas on arrays of any leading shape.

Arrays are (..., samples, criteria) or (..., samples, groups). "Utility" is a value on the scale of its
criterion: 0 for the worst ranked sample, 1 for the best, linear in between and beyond.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .criteria import Criterion, Values

TIE = 1e-9  # scores closer than this are equal: far below any uncertainty, above rounding


def scale(values: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return worst value and signed span of each criterion over the ranked samples.

    The span is at least the criterion's `smallest_difference`, so that a range without meaning is not
    stretched to the full scale. With one sample, or equal values, the span may be 0.
    """
    signs = np.array([c.sign for c in values.criteria], dtype=float)
    signed = values.value * signs
    worst, best = signed.min(axis=0), signed.max(axis=0)
    least = np.array([c.smallest_difference for c in values.criteria])
    return worst * signs, np.maximum(best - worst, least) * signs


def utility(value: np.ndarray, worst: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Put values (..., criteria) on the criteria's scales; a span of 0 gives 0 for every sample."""
    safe = np.where(span == 0, 1.0, span)
    return np.where(span == 0, 0.0, (value - worst) / safe)


def group_matrix(criteria: Sequence[Criterion]) -> np.ndarray:
    """Return the matrix (criteria, groups) that averages the criteria of each group."""
    groups = list(dict.fromkeys(c.group for c in criteria))
    matrix = np.array([[float(c.group == g) for g in groups] for c in criteria])
    return matrix / matrix.sum(axis=0)


def pareto_front(utilities: np.ndarray) -> np.ndarray:
    """Tell which samples no other one dominates: at least as good in all, better in one.

    Parameters
    ----------
    utilities : array, shape (..., samples, groups)

    Returns
    -------
    bool array, shape (..., samples)
    """
    a, b = utilities[..., :, None, :], utilities[..., None, :, :]
    beaten = (b >= a - TIE).all(axis=-1) & (b > a + TIE).any(axis=-1)
    front: np.ndarray = np.logical_not(beaten.any(axis=-1))
    return front


def ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks 1, 2, ... from the best score down; equal scores share the better rank.

    Parameters
    ----------
    scores : array, shape (..., samples)
    """
    better = scores[..., None, :] > scores[..., :, None] + TIE
    return 1 + better.sum(axis=-1)


def average_ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks where equal scores share the mean of their places; shape (..., samples)."""
    equal = np.abs(scores[..., None, :] - scores[..., :, None]) <= TIE
    return ranks(scores) + (equal.sum(axis=-1) - 1) / 2


def topsis(utilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the TOPSIS closeness on min-max scales (Hwang and Yoon 1981), shape (samples,).

    Shown only as a cross-check of the ranking: TOPSIS can reverse the order of two samples when a third
    one is added (Aires and Ferreira 2019, doi:10.1016/j.cie.2019.04.023).
    """
    weighted = utilities * weights
    to_best = np.sqrt(((weighted - weighted.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((weighted - weighted.min(axis=0)) ** 2).sum(axis=1))
    total = to_best + to_worst
    return np.where(total == 0, 0.5, to_worst / np.where(total == 0, 1.0, total))


def kendall_w(utilities: np.ndarray) -> float | None:
    """Return Kendall's coefficient of concordance between the columns, corrected for ties.

    1: all criteria order the samples alike; 0: no agreement (Kendall and Babington Smith 1939; correction
    as in Siegel and Castellan 1988). None for fewer than two samples or columns, or when all are tied.
    """
    n, m = utilities.shape
    if n < 2 or m < 2:
        return None
    placed = average_ranks(utilities.T)
    sums = placed.sum(axis=0)
    ties = 0.0
    for column in placed:
        counts = np.unique(column, return_counts=True)[1].astype(float)
        ties += float((counts**3 - counts).sum())
    denominator = m**2 * (n**3 - n) - m * ties
    if denominator <= 0:
        return None
    return float(12 * ((sums - sums.mean()) ** 2).sum() / denominator)
