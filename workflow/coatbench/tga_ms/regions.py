"""Find the events of a signal without being told how many: where its rate rises above noise and falls back.

A *rate* is what an event makes a peak of: the derivative of the mass (DTG) for gains and losses, the signal
itself for ion currents and DSC. A region is one such peak with its flanks and the quiet stretches beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

OWN_PROMINENCE = (
    0.3  # a peak that stands out by less of its own height is a shoulder of its neighbour
)
FLANK_SHARE = 0.05  # of the height above the quiet point
FLANK_NOISE = 3.0  # a flank ends where the rate is below so many standard deviations of noise


@dataclass(frozen=True)
class Region:
    """One event, in points of the grid.

    Attributes
    ----------
    peak : int
        Where the rate is largest.
    sign : int
        +1 or -1: direction of the rate.
    left, right : int
        First and last point of the peak: beyond them the rate is within its flank level.
    before, after : int
        The quiet stretch before reaches from `before` to `left`, the one after from `right` to `after`.
    at_start, at_end : bool
        The peak runs over the edge of the record: it has no maximum or no baseline there.
    """

    peak: int
    sign: int
    left: int
    right: int
    before: int
    after: int
    at_start: bool
    at_end: bool


def find_regions(
    rate: np.ndarray,
    noise: float,
    significance: float,
    relative: float,
    signs: tuple[int, ...],
    least: float = 0.0,
    accept: Callable[[Region], bool] = lambda region: True,
    narrow: int = 0,
) -> list[Region]:
    """Find the peaks of a rate.

    Parameters
    ----------
    rate : (n,) array
        Smoothed, around zero where nothing happens.
    noise : float
        Its standard deviation there.
    significance : float
        A peak stands out by at least so many `noise`.
    relative : float
        And by at least this share of the largest peak.
    signs : tuple of int
        Which directions are events: (1, -1) or (1,).
    least : float
        And by at least this much.
    accept : callable
        Says of a region whether it is an event at all; those that are not become part of the quiet stretches.
    narrow : int
        A peak no wider at half height than so many points is a jump or a spike, and not what `relative` counts from.

    Returns
    -------
    list of Region, in order of time
    """
    from scipy.signal import find_peaks

    floor = max(significance * noise, least)
    largest = max(_largest(s * rate, narrow, floor) for s in signs)
    threshold = max(floor, relative * largest)
    if not largest > threshold or not threshold > 0:
        return []
    peaks: list[tuple[int, int]] = []
    for sign in signs:
        # A low value beyond each edge lets a rate that still rises at the end of the record be a peak.
        edge = [-abs(float(np.abs(rate).max()))]
        padded = np.concatenate([edge, sign * rate, edge])
        found, details = find_peaks(padded, height=threshold, prominence=threshold)
        heights = details["peak_heights"]
        keep = details["prominences"] >= OWN_PROMINENCE * heights
        peaks += [(int(p) - 1, sign) for p in found[keep]]
    peaks.sort()
    kept = [r for r in _regions(rate, noise, peaks) if accept(r)]
    return _regions(rate, noise, [(r.peak, r.sign) for r in kept])


def _largest(rate: np.ndarray, narrow: int, floor: float) -> float:
    """Height of the highest peak above a floor that is wide enough; of the highest of all, if none is."""
    highest = float(rate.max())
    left = rate.copy()
    while narrow and left[top := int(np.argmax(left))] > floor:
        above = np.flatnonzero(rate < 0.5 * rate[top])
        start = int(above[above < top].max(initial=-1)) + 1
        stop = int(above[above > top].min(initial=rate.size))
        if stop - start > narrow:
            return float(rate[top])
        left[start:stop] = 0.0
    return highest


def _regions(rate: np.ndarray, noise: float, peaks: list[tuple[int, int]]) -> list[Region]:
    n = rate.size
    # Neighbours share the quietest point between them.
    cuts = [0]
    for (a, _), (b, _) in pairwise(peaks):
        cuts.append(a + int(np.argmin(np.abs(rate[a : b + 1]))))
    cuts.append(n - 1)
    flanks = []
    for (peak, sign), low, high in zip(peaks, cuts, cuts[1:], strict=False):
        height = sign * float(rate[peak])
        left = _walk(sign * rate, peak, low, height, noise)
        right = _walk(sign * rate, peak, high, height, noise)
        flanks.append((left, right))
    regions = []
    for k, ((peak, sign), (left, right)) in enumerate(zip(peaks, flanks, strict=True)):
        before = flanks[k - 1][1] if k else 0
        after = flanks[k + 1][0] if k + 1 < len(peaks) else n - 1
        regions.append(Region(peak, sign, left, right, before, after, left <= 0, right >= n - 1))
    return regions


def _walk(rate: np.ndarray, peak: int, cut: int, height: float, noise: float) -> int:
    """Return the last point from the peak towards a cut that is above the flank level.

    The level counts from the quiet point itself: a slow loss that goes on between two steps is not a flank.
    """
    base = max(0.0, float(rate[cut]))
    level = base + max(FLANK_SHARE * (height - base), FLANK_NOISE * noise)
    step = 1 if cut > peak else -1
    point = peak
    while point != cut and rate[point + step] >= level:
        point += step
    return point
