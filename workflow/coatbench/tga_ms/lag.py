"""The lag between the clock of the ion currents and the furnace's, from all channels together.

At the right lag the currents, each with a weight of its own that is not negative, add up to the rate of mass loss: gas
that a channel shows has left the sample. One channel alone may follow the wrong loss; together they have to serve all
of them with one lag.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..quality import Quality, doubtful, worst
from .ions import MIN_POINTS, background_line
from .lag_doubts import APART_S, contradictions, gases_alone, rivals
from .lag_match import Currents, Loss, match_at, moved_currents, vertex
from .smooth import Grid, averaged_points, block_noise, onto_grid, seed_of, smooth, white_noise

CORE = 0.2  # of the largest rate of mass loss: the overlap holds this part of it and a baseline beside it
NEAR_S = 60.0  # resampled lags are sought this close to the best one
RESAMPLES = 24
# A channel takes part when it rises above its noise and its background by so much.
EVOLVES_SIGMA, EVOLVES_SHARE = 8.0, 0.02


@dataclass
class Lag:
    """Seconds that are subtracted from the ion-current clock to get the furnace clock.

    Attributes
    ----------
    value_s, sd_s : float
        NaN: not known; an `sd_s` of NaN beside a value: not estimated but given.
    source : str
        ``same clock``, ``index``, ``m/z 18, 48, 64`` (the channels it was estimated from) or ``none``.
    correlation : float
        Root of the share of the mass loss that the channels explain.
    quality : Quality
    warnings : list of str
    """

    value_s: float
    sd_s: float
    source: str
    correlation: float = float("nan")
    quality: Quality = field(default_factory=Quality)
    warnings: list[str] = field(default_factory=list)


def estimate_lag(
    time_s: np.ndarray,
    currents_A: Mapping[int, np.ndarray],
    grid: Grid,
    dtg_percent_s: np.ndarray,
    *,
    window_K: float,
    baseline_K: float,
    range_s: Sequence[float],
    channels: Sequence[int],
    least: float,
) -> Lag:
    """Estimate the lag of the ion-current clock by adding the currents up to the rate of mass loss.

    Its uncertainty joins resampled noise, what each channel alone would say, and the difference in width of loss and
    evolution (gas need not leave while mass is lost).

    Parameters
    ----------
    time_s : (m,) array
        Clock of the currents.
    currents_A : mapping of m/z to (m,) array
    grid : Grid
        Of the thermogram.
    dtg_percent_s : (n,) array
        Smoothed derivative of the mass, percent per s.
    window_K, baseline_K : float
        Smoothing window and length of a baseline.
    range_s : pair of float
        Where the lag is sought.
    channels : sequence of int
        Gases that leave with mass; one of them has to evolve.
    least : float
        Least root of the explained share.
    """
    nothing = Lag(float("nan"), float("nan"), "none")
    if time_s.size < MIN_POINTS or not (typical := float(np.median(np.diff(time_s)))) > 0:
        nothing.warnings.append("too few cycles of ion currents to estimate the lag of their clock")
        return nothing
    step = max(1.0, grid.step_s, typical)
    loss = _loss(grid, dtg_percent_s, step, baseline_K)
    window = max(5, int(window_K / grid.rate_K_s / step) // 2 * 2 + 1)
    found = _evolving(time_s, currents_A, step, window)
    low, high = sorted(range_s)
    shifts = np.unique(np.round((loss.start_s + np.arange(low, high + step / 2, step) - found.start_s) / step).astype(int))  # fmt: skip
    matches = [match_at(loss, found.excess, int(shift)) for shift in shifts]
    shares = np.array([m.share if m else -math.inf for m in matches])
    best = int(shares.argmax())
    match = matches[best]
    # Fragments and isotopologues go with their gas: which of them carries the weight is chance.
    leaves = any(mz in channels for mz in found.mz)
    if match is None or not leaves or math.sqrt(max(match.share, 0.0)) < least:
        nothing.warnings.append(
            "no ion current follows the mass loss: the lag of its clock cannot be estimated; "
            "give ms_lag_s in the index"
        )
        return nothing
    position = float(shifts[best]) + vertex(shares, best)
    lag = position * step + found.start_s - loss.start_s
    alone = gases_alone(loss, found, match, int(shifts[best]))
    noise_sd = _noise_sd(loss, found, int(shifts[best]), window)
    weight = np.array([a[1] for a in alone.values()])
    apart = np.array([a[0] for a in alone.values()])
    channel_sd = float(np.sqrt(np.average(apart**2, weights=weight))) if weight.sum() > 0 else 0.0
    explained = match.weights @ moved_currents(found.excess, int(shifts[best]), loss.rate.size)
    width_sd = _width_difference(loss, explained) / 12**0.5
    # Channels that contradict each other are named; their quarrel is no uncertainty of the others.
    channel_sd = min(channel_sd, APART_S)
    own_sd = math.sqrt(noise_sd**2 + width_sd**2 + step**2 / 12)
    sd = math.hypot(own_sd, channel_sd)
    used = sorted(mz for mz, w in zip(found.mz, match.weights, strict=True) if w > 0)
    result = Lag(lag, sd, f"m/z {', '.join(map(str, used))}", math.sqrt(match.share))
    judged = contradictions(loss, found, int(shifts[best]), alone, own_sd)
    if others := rivals(loss, found, shifts, matches, best):
        # The right one may be any of them.
        there = " or ".join(f"{float(shifts[i]) * step + found.start_s - loss.start_s:.0f}" for i in others)  # fmt: skip
        judged.append(doubtful(f"a lag of {there} s explains the mass loss nearly as well as {lag:.0f} s"))  # fmt: skip
    if not low + step < lag < high - step:
        judged.append(doubtful(f"the lag of {lag:.0f} s lies at the edge of lag_range_s: widen it"))
    result.quality = worst(judged)
    result.warnings += result.quality.notes
    return result


def _evolving(
    time: np.ndarray, currents: Mapping[int, np.ndarray], step: float, window: int
) -> Currents:
    """Return the channels that rise above their noise and their background."""
    from scipy.signal import find_peaks, peak_prominences

    own_s = np.arange(time[0], time[-1], step)
    mz, excess, raw = [], [], []
    for name, values in currents.items():
        current = onto_grid(time, values, own_s)
        if not np.isfinite(current).all() or float(np.ptp(current)) == 0:
            continue
        curve = smooth(current, window)
        above = curve - background_line(current)
        least = max(
            EVOLVES_SIGMA * white_noise(current) / math.sqrt(averaged_points(window)),
            EVOLVES_SHARE * abs(float(np.median(current))),
        )
        # A background that is pumped off falls from the first record on: an evolution rises and falls.
        tops = peak_prominences(curve, find_peaks(curve, prominence=least)[0])[0]
        if tops.size and float(tops.max()) > 0.3 * float(np.ptp(above)):
            mz.append(int(name))
            excess.append(np.clip(above, 0, None))
            raw.append(current)
    empty = np.empty((0, own_s.size))
    return Currents(
        tuple(mz),
        np.array(excess) if mz else empty,
        np.array(raw) if mz else empty,
        float(own_s[0]),
    )


def _noise_sd(loss: Loss, found: Currents, shift: int, window: int) -> float:
    """Scatter of the lag over resampled noise of the channels."""
    near = shift + np.arange(-int(NEAR_S / loss.step_s), int(NEAR_S / loss.step_s) + 1)
    smoothed = smooth(found.raw, window)
    background = np.array([background_line(raw) for raw in found.raw])
    rng = np.random.default_rng(seed_of(found.raw))
    noise = [block_noise(left, 2 * window, rng, RESAMPLES) for left in found.raw - smoothed]
    lags = []
    for i in range(RESAMPLES):
        drawn = np.array([n[i] for n in noise])
        excess = np.clip(smooth(smoothed + drawn, window) - background, 0, None)
        shares = np.array(
            [m.share if (m := match_at(loss, excess, int(s))) else -math.inf for s in near]
        )
        best = int(shares.argmax())
        lags.append((float(near[best]) + vertex(shares, best)) * loss.step_s)
    return float(np.std(lags, ddof=1))


def _loss(grid: Grid, dtg_percent_s: np.ndarray, step: float, baseline_K: float) -> Loss:
    """Rate of mass loss, and the points that the main one takes with a baseline on either side.

    An ion record that only starts within them would fit anything: its background decays there.
    """
    time = np.arange(grid.time_s[0], grid.time_s[-1], step)
    rate = np.clip(-np.interp(time, grid.time_s, dtg_percent_s), 0, None)
    low = high = int(rate.argmax())
    level = CORE * rate[low]
    while low > 0 and rate[low - 1] > level:
        low -= 1
    while high < rate.size - 1 and rate[high + 1] > level:
        high += 1
    margin = round(baseline_K / grid.rate_K_s / step)
    return Loss(
        rate, float(time[0]), step, (max(0, low - margin), min(rate.size, high + 1 + margin))
    )


def _width_difference(loss: Loss, excess: np.ndarray) -> float:
    """Difference in s between the widths at half height of the two main peaks."""
    widths = []
    for values in (loss.rate, excess):
        peak = int(np.argmax(values))
        below = values < values[peak] / 2
        left, right = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
        if not (left.size and right.size):
            return 0.0
        widths.append(float(peak + right[0] - left[-1]) * loss.step_s)
    return abs(widths[0] - widths[1])
