"""Onset, peak and end of one event, by the two definitions that are in use.

First deviation (ASTM E2550): the point where the signal leaves the baseline established before the event;
here where the smoothed signal exceeds the extrapolated straight baseline by k of its own standard
deviations around it, and stays beyond until the steepest point. Extrapolated onset (ISO 11358-1 for steps, ISO 11357-1 for peaks): where the baseline meets
the tangent at the point of steepest slope. The end is the same thing, seen from the other side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .regions import Region

MAX_ITERATIONS = 25
TOP, TOP_POINTS = (
    0.7,
    10,
)  # of a peak's height, and the fewest points above it, that its maximum is read from


@dataclass(frozen=True)
class Settings:
    """How an onset is sought; lengths in points of the grid.

    Attributes
    ----------
    k : float
        Threshold in standard deviations of the detrended baseline.
    baseline, baseline_min : int
        Length of the baseline that is fitted, and the least that still counts as established.
    gap : int
        Distance between baseline and supposed onset, so that the first rise is not fitted as baseline.
    correlated : float
        Number of neighbouring points that smoothing has made one independent value.
    """

    k: float
    baseline: int
    baseline_min: int
    gap: int
    correlated: float = 1.0


@dataclass(frozen=True)
class Line:
    """A straight baseline ``level + slope (i - centre)`` with its scatter, valid near [start, stop)."""

    level: float
    slope: float
    centre: float
    scatter: float
    n: float  # independent points
    spread: float  # sum of squared distances of the independent points from the centre

    def at(self, index: np.ndarray | float) -> Any:
        """Value at a point."""
        return self.level + self.slope * (index - self.centre)

    def sd_at(self, index: np.ndarray | float) -> Any:
        """Standard deviation of one new point around the line: scatter and extrapolation."""
        return self.scatter * np.sqrt(1 + 1 / self.n + (index - self.centre) ** 2 / self.spread)


@dataclass(frozen=True)
class Side:
    """One side of an event: first deviation and extrapolated point (in points, NaN: not defined)."""

    deviation: float
    extrapolated: float
    line: Line | None


NOTHING = Side(float("nan"), float("nan"), None)


def fit_line(values: np.ndarray, start: int, stop: int, correlated: float = 1.0) -> Line:
    """Least-squares line through ``values[start:stop]``, of which `correlated` neighbours count as one."""
    index = np.arange(start, stop, dtype=float)
    centre = float(index.mean())
    y = values[start:stop]
    spread = float(np.sum((index - centre) ** 2))
    slope = float(np.sum((index - centre) * (y - y.mean())) / spread)
    residual = y - y.mean() - slope * (index - centre)
    independent = max(index.size / correlated, 3.0)
    # Two parameters are lost to the line, of as many values as there are independent ones.
    scatter = float(np.sqrt(np.mean(residual**2) * independent / (independent - 2)))
    share = independent / index.size
    return Line(float(y.mean()), slope, centre, scatter, independent, spread * share)


def measure_sides(
    smoothed: np.ndarray,
    derivative: np.ndarray,
    region: Region,
    settings: Settings,
    *,
    step: bool,
    floor: float,
) -> tuple[Side, Side]:
    """Measure both sides of an event.

    Parameters
    ----------
    smoothed : (n,) array
        The smoothed signal: mass for a step, ion current or DSC for a peak.
    derivative : (n,) array
        Of the smoothed signal, per point.
    region : Region
        Of the event in the rate (derivative for a step, the signal for a peak).
    settings : Settings
    step : bool
        The signal goes from one level to another (mass), or rises and comes back (peak).
    floor : float
        Least standard deviation of a baseline: the resolution of the signal.

    Returns
    -------
    before, after : Side
    """
    n = smoothed.size
    before = after = NOTHING
    if not region.at_start:
        rising = Flank(
            smoothed, derivative, region.before, region.left, region.peak, region.sign, step
        )
        before = _side(rising, settings, floor)
    if not region.at_end:
        # The same search on the reversed record: what is the end of a loss is the onset of a gain there.
        back = slice(None, None, -1)
        quiet, left, peak = (n - 1 - i for i in (region.after, region.right, region.peak))
        sign = -region.sign if step else region.sign
        mirrored = _side(
            Flank(smoothed[back], -derivative[back], quiet, left, peak, sign, step), settings, floor
        )
        line = mirrored.line
        if line is not None:
            line = replace(line, slope=-line.slope, centre=n - 1 - line.centre)
        after = Side(n - 1 - mirrored.deviation, n - 1 - mirrored.extrapolated, line)
    return before, after


@dataclass(frozen=True)
class Flank:
    """One side of an event, the quiet stretch first: it reaches from `quiet` to `left`, the flank on to `peak`."""

    smoothed: np.ndarray
    derivative: np.ndarray
    quiet: int
    left: int
    peak: int
    sign: int
    step: bool


def _side(flank: Flank, settings: Settings, floor: float) -> Side:
    guess = float(flank.left)
    line, deviation = None, float("nan")
    for _ in range(MAX_ITERATIONS):
        stretch = _baseline(flank, round(guess), settings)
        if stretch is None:
            break
        line = fit_line(flank.smoothed, *stretch, settings.correlated)
        deviation = _deviation(flank, line, stretch[0], settings.k, floor)
        # The baseline may only move back: following a slow rise forward would call the rise a baseline.
        if not deviation < guess - 1:
            break
        guess = deviation
    if line is None or deviation != deviation:
        return Side(float("nan"), float("nan"), line)
    return Side(deviation, _tangent(flank, line), line)


def _baseline(flank: Flank, guess: int, settings: Settings) -> tuple[int, int] | None:
    """Points [start, stop) of the baseline before a supposed onset; None if too few are quiet."""
    stop = guess - settings.gap
    start = max(flank.quiet, stop - settings.baseline)
    if stop - start < settings.baseline_min:
        # Too close to the neighbour: the quiet stretch itself, if it is long enough.
        start, stop = flank.quiet, min(flank.left, flank.quiet + settings.baseline)
    return (start, stop) if stop - start >= settings.baseline_min else None


def _deviation(flank: Flank, line: Line, start: int, k: float, floor: float) -> float:
    """Point from which the signal stays beyond k sigma of the line until the peak of the rate; NaN if it never does."""
    index = np.arange(start, flank.peak + 1)
    limit = k * np.hypot(line.sd_at(index), floor)
    excess = flank.sign * (flank.smoothed[start : flank.peak + 1] - line.at(index)) - limit
    below = np.flatnonzero(excess <= 0)
    if below.size == 0:
        return float(start)
    i = int(below[-1])
    if i == index.size - 1:
        return float("nan")
    return float(index[i]) + float(excess[i] / (excess[i] - excess[i + 1]))


def _tangent(flank: Flank, line: Line) -> float:
    """Point where the baseline meets the tangent at the steepest point; NaN if they do not meet before it."""
    steepest = flank.peak
    if not flank.step:
        rising = flank.sign * flank.derivative[flank.left : flank.peak + 1]
        steepest = flank.left + int(np.argmax(rising))
    rise = float(flank.derivative[steepest]) - line.slope
    if not flank.sign * rise > 0:
        return float("nan")
    point = steepest - (float(flank.smoothed[steepest]) - float(line.at(steepest))) / rise
    return float(point) if line.centre <= point <= steepest else float("nan")


def refine_peak(rate: np.ndarray, peak: int, sign: int) -> float:
    """Where a rate is largest: of a polynomial through its top, since noise moves the largest point of a flat one.

    Of fourth order, so that lopsided and two-humped tops keep their places; a top of few points has a parabola through three.
    """
    if not 0 < peak < rate.size - 1:
        return float(peak)
    height = sign * rate
    below = np.flatnonzero(height < TOP * height[peak])
    start = int(below[below < peak].max(initial=-1)) + 1
    stop = int(below[below > peak].min(initial=rate.size))
    if stop - start >= TOP_POINTS:
        top = np.polynomial.Polynomial.fit(np.arange(start, stop), height[start:stop], 4)
        _, at = top.linspace(10 * (stop - start))
        return float(start + (stop - 1 - start) * np.argmax(at) / (at.size - 1))
    a, b, c = (float(height[peak + k]) for k in (-1, 0, 1))
    curvature = a - 2 * b + c
    return peak + 0.5 * (a - c) / curvature if curvature < 0 else float(peak)
