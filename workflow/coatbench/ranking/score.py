"""Scores, ranks and agreement: deterministic formulas on arrays of any leading shape.

Arrays are (..., samples, criteria) or (..., samples, groups). "Utility" is a value counted in the smallest differences
that matter of its criterion, from the reference upwards: a fixed ruler, which no further sample can move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .criteria import Criterion, Values

TIE = 1e-9  # scores closer than this are equal: far below any uncertainty, above rounding
STEPS = 10  # steps between reference and best where no smallest difference is given


@dataclass(frozen=True)
class Ruler:
    """What utilities are counted from and in.

    Attributes
    ----------
    zero : array (criteria,), the reference's values; without one, those of the worst ranked sample
    unit : array (criteria,), the smallest difference that matters, negative where lower is better
    """

    zero: np.ndarray
    unit: np.ndarray

    def utility(self, value: np.ndarray) -> np.ndarray:
        """Put values (..., criteria) on the ruler."""
        safe = np.where(self.unit == 0, 1.0, self.unit)
        found: np.ndarray = np.where(self.unit == 0, 0.0, (value - self.zero) / safe)
        return found

    def take(self, places: Sequence[int]) -> Ruler:
        """Return the ruler of some criteria."""
        return Ruler(self.zero[list(places)], self.unit[list(places)])


def ruler(ranked: Values, reference: Values | None = None) -> Ruler:
    """Return the ruler of a study.

    A criterion without `smallest_difference` is counted in tenths of the way from the reference to the best sample
    (without a reference: from the worst): then the best one, and only it, can move the ruler.
    """
    signs = np.array([c.sign for c in ranked.criteria], dtype=float)
    signed = ranked.value * signs
    worst, best = (
        (signed.min(axis=0), signed.max(axis=0)) if len(signed) else (signs * 0, signs * 0)
    )
    zero = worst
    if reference is not None and len(reference.samples):
        known = reference.value[0] * signs
        zero = np.where(np.isnan(known), worst, known)
    least = np.array([c.smallest_difference for c in ranked.criteria])
    width = np.where(best - zero > 0, best - zero, best - worst)
    return Ruler(zero * signs, np.where(least > 0, least, width / STEPS) * signs)


def spread(utilities: np.ndarray) -> np.ndarray:
    """Put utilities (samples, criteria) on 0 (worst sample) to 1 (best); all alike: 0."""
    low, high = utilities.min(axis=0), utilities.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    found: np.ndarray = (utilities - low) / width
    return found


def group_matrix(criteria: Sequence[Criterion]) -> np.ndarray:
    """Return the matrix (criteria, groups) that averages the criteria of each group."""
    groups = list(dict.fromkeys(c.group for c in criteria))
    matrix = np.array([[float(c.group == g) for g in groups] for c in criteria])
    return matrix / matrix.sum(axis=0)


def pareto_front(utilities: np.ndarray, indifference: float = 1.0) -> np.ndarray:
    """Tell which samples no other one dominates.

    One that is ahead in a group by more than matters, behind in none by more than matters, and ahead in sum, dominates
    (the sum keeps three samples from dominating each other in a circle).

    Parameters
    ----------
    utilities : array, shape (..., samples, groups)
    indifference : float
        Difference of utilities that does not matter: 1, the unit of the ruler; 0 is the textbook's front.

    Returns
    -------
    bool array, shape (..., samples)

    Examples
    --------
    >>> pareto_front(np.array([[1.0, 9.0], [1.3, 1.0], [9.0, 1.0]])).tolist()
    [True, False, True]
    """
    front = np.ones(utilities.shape[:-1], bool)
    # One rival after the other: all pairs of 60 samples in 20,000 draws would take 3 GB.
    for rival in range(utilities.shape[-2]):
        ahead = utilities[..., rival, None, :] - utilities
        beaten = (ahead >= -indifference - TIE).all(axis=-1)
        beaten &= (ahead > indifference + TIE).any(axis=-1)
        front &= ~(beaten & (ahead.sum(axis=-1) > TIE))
    return front


def ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks 1, 2, ... from the best score down; equal scores share the better rank.

    Parameters
    ----------
    scores : array, shape (..., samples)
    """
    place = np.ones(scores.shape, int)
    for rival in range(scores.shape[-1]):
        place += scores[..., rival, None] > scores + TIE
    return place


def average_ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks where equal scores share the mean of their places; shape (..., samples)."""
    equal = np.zeros(scores.shape, int)
    for rival in range(scores.shape[-1]):
        equal += np.abs(scores[..., rival, None] - scores) <= TIE
    return ranks(scores) + (equal - 1) / 2


def topsis(utilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the TOPSIS closeness on scales from worst to best (Hwang and Yoon 1981), shape (samples,).

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
