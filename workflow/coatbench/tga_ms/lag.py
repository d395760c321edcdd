"""The lag between the clock of the ion currents and the furnace's, by cross-correlation with the mass loss."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .ions import MIN_POINTS, background_line
from .smooth import Grid, block_noise, onto_grid, smooth

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

MIN_OVERLAP = 0.5  # of the shorter record, for a lag to be considered
CORE = 0.2  # of the largest rate of mass loss: the overlap holds this part of it and a baseline beside it
SAME_EVENT_S = 120.0  # channels whose lags differ by less speak of the same event
NEAR_S = 60.0  # resampled lags are sought this close to the best one


@dataclass
class Lag:
    """Seconds that are subtracted from the ion-current clock to get the furnace clock.

    Attributes
    ----------
    value_s, sd_s : float
        NaN: not known; an `sd_s` of NaN beside a value: not estimated but given.
    source : str
        ``same clock``, ``index``, ``m/z 64`` (the channel it was estimated from) or ``none``.
    correlation : float
    warnings : list of str
    """

    value_s: float
    sd_s: float
    source: str
    correlation: float = float("nan")
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loss:
    """The rate of mass loss on a uniform grid, and the points that a comparison needs."""

    rate: np.ndarray
    start_s: float
    step_s: float
    needed: tuple[int, int]

    @property
    def time_s(self) -> np.ndarray:
        """Furnace time of each point."""
        import numpy as np

        return self.start_s + self.step_s * np.arange(self.rate.size)


@dataclass(frozen=True)
class Match:
    """A channel at its best lag."""

    lag_s: float
    correlation: float
    current: np.ndarray

    def excess(self, window: int) -> np.ndarray:
        """What stands above the background, smoothed."""
        return smooth(self.current, window) - background_line(self.current)


def estimate_lag(
    block: xr.Dataset, grid: Grid, dtg_percent_s: np.ndarray, config: dict[str, Any]
) -> Lag:
    """Estimate the lag of the ion-current clock by cross-correlation with the rate of mass loss.

    The first channel of `lag_mz` that correlates well enough at its best lag is used. Its uncertainty joins
    resampled noise, the lags of the other channels, and the difference in width of the two peaks (gas need
    not leave while mass is lost).

    Parameters
    ----------
    block : Dataset
        ``ion_current_A`` (mz, time) on its own clock.
    grid : Grid
        Of the thermogram.
    dtg_percent_s : (n,) array
        Smoothed derivative of the mass, percent per s.
    config : dict
        Section `tga_ms`.
    """
    import numpy as np

    time = block["time_s"].values.astype(float)
    typical = float(np.median(np.diff(time))) if time.size > 1 else 0.0
    nothing = Lag(float("nan"), float("nan"), "none")
    if time.size < MIN_POINTS or typical <= 0:
        nothing.warnings.append("too few cycles of ion currents to estimate the lag of their clock")
        return nothing
    step = max(1.0, grid.step_s, typical)
    loss = _loss(grid, dtg_percent_s, step, config)
    own_s = np.arange(time[0], time[-1], step)
    window = max(5, int(config["smoothing_window_K"] / grid.rate_K_s / step) // 2 * 2 + 1)
    low, high = config["lag_range_s"]
    lags = np.arange(low, high + step / 2, step)
    measured = [int(mz) for mz in block["mz"].values]
    preferred = [mz for mz in config["lag_mz"] if mz in measured]
    found: dict[int, Match] = {}
    for mz in measured:
        current = onto_grid(time, block["ion_current_A"].sel(mz=mz).values, own_s)
        if not np.isfinite(current).all() or float(np.ptp(current)) == 0:
            continue
        excess = np.clip(Match(0, 0, current).excess(window), 0, None)
        lag, correlation = _best_lag(loss, excess, own_s[0], lags)
        if correlation >= config["lag_min_correlation"]:
            found[mz] = Match(lag, correlation, current)
    chosen = [mz for mz in preferred if mz in found]
    if not chosen:
        nothing.warnings.append(
            "no ion current follows the mass loss: the lag of its clock cannot be estimated; "
            "give ms_lag_s in the index"
        )
        return nothing
    mz, best = chosen[0], found[chosen[0]]
    noise_sd = _noise_sd(loss, best, own_s[0], window, mz, config["resamples"])
    channel_sd = _channel_sd(best, list(found.values()))
    width_sd = _width_difference(loss, best.excess(window)) / 12**0.5
    sd = float(np.sqrt(noise_sd**2 + channel_sd**2 + width_sd**2 + step**2 / 12))
    result = Lag(best.lag_s, sd, f"m/z {mz}", best.correlation)
    if not low + step < best.lag_s < high - step:
        result.warnings.append(
            f"the lag of {best.lag_s:.0f} s lies at the edge of lag_range_s: widen it"
        )
    return result


def _loss(grid: Grid, dtg_percent_s: np.ndarray, step: float, config: dict[str, Any]) -> Loss:
    """Rate of mass loss, and the points that the main one takes with a baseline on either side.

    An ion record that only starts within them would fit anything: its background decays there.
    """
    import numpy as np

    time = np.arange(grid.time_s[0], grid.time_s[-1], step)
    rate = np.clip(-np.interp(time, grid.time_s, dtg_percent_s), 0, None)
    low = high = int(rate.argmax())
    level = CORE * rate[low]
    while low > 0 and rate[low - 1] > level:
        low -= 1
    while high < rate.size - 1 and rate[high + 1] > level:
        high += 1
    margin = round(config["baseline_K"] / grid.rate_K_s / step)
    return Loss(
        rate, float(time[0]), step, (max(0, low - margin), min(rate.size, high + 1 + margin))
    )


def _best_lag(
    loss: Loss, excess: np.ndarray, start_s: float, lags: np.ndarray
) -> tuple[float, float]:
    """Return the lag (s) of the highest correlation coefficient, refined by a parabola, and that coefficient.

    Only lags count at which the records overlap enough and the ion currents cover what is needed of the loss.
    """
    import numpy as np

    shortest = MIN_OVERLAP * min(loss.rate.size, excess.size)
    # Point i of the loss meets point i + shift of the current.
    shifts = np.unique(np.round((loss.start_s + lags - start_s) / loss.step_s).astype(int))
    values = np.full(shifts.size, -2.0)
    for k, shift in enumerate(shifts):
        low, high = max(0, -shift), min(loss.rate.size, excess.size - shift)
        if high - low < shortest or low > loss.needed[0] or high < loss.needed[1]:
            continue
        x, y = loss.rate[low:high], excess[low + shift : high + shift]
        x, y = x - x.mean(), y - y.mean()
        norm = np.sqrt((x @ x) * (y @ y))
        if norm > 0:
            values[k] = (x @ y) / norm
    best = int(np.argmax(values))
    position = float(best)
    if 0 < best < shifts.size - 1 and values[best - 1] > -2 and values[best + 1] > -2:
        a, b, c = values[best - 1 : best + 2]
        if a - 2 * b + c < 0:
            position = best + 0.5 * (a - c) / (a - 2 * b + c)
    shift = float(np.interp(position, np.arange(shifts.size), shifts))
    return shift * loss.step_s + start_s - loss.start_s, float(values[best])


def _noise_sd(
    loss: Loss, best: Match, start_s: float, window: int, mz: int, resamples: int
) -> float:
    """Scatter of the lag over resampled noise of the channel."""
    import numpy as np

    near = best.lag_s + np.arange(-NEAR_S, NEAR_S + loss.step_s / 2, loss.step_s)
    smoothed = smooth(best.current, window)
    background = background_line(best.current)
    rng = np.random.default_rng([mz, zlib.crc32(best.current.tobytes())])
    lags = []
    for noise in block_noise(best.current - smoothed, 2 * window, rng, resamples):
        excess = np.clip(smooth(smoothed + noise, window) - background, 0, None)
        lags.append(_best_lag(loss, excess, start_s, near)[0])
    return float(np.std(lags, ddof=1))


def _channel_sd(best: Match, found: list[Match]) -> float:
    """Scatter of the lags of all channels around the chosen one, weighted by the gas that they carry.

    What leaves as another gas, somewhat earlier or later, moves the mass but not the chosen channel.
    """
    import numpy as np

    same = [m for m in found if abs(m.lag_s - best.lag_s) < SAME_EVENT_S]
    gas = [float(np.sum(np.clip(m.current - background_line(m.current), 0, None))) for m in same]
    return float(np.sqrt(np.average([(m.lag_s - best.lag_s) ** 2 for m in same], weights=gas)))


def _width_difference(loss: Loss, excess: np.ndarray) -> float:
    """Difference in s between the widths at half height of the two main peaks."""
    import numpy as np

    widths = []
    for values in (loss.rate, excess):
        peak = int(np.argmax(values))
        below = values < values[peak] / 2
        left, right = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
        if not (left.size and right.size):
            return 0.0
        widths.append(float(peak + right[0] - left[-1]) * loss.step_s)
    return abs(widths[0] - widths[1])
