"""Ion currents on the furnace's clock: their own grid, their background, and the lag between the two clocks."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .smooth import Grid, block_noise, onto_grid, smooth

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

MIN_OVERLAP = 0.6  # of the shorter record, for a lag to be considered
ASYMMETRY = 0.02  # weight of points above the background line
MIN_POINTS = 40


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


@dataclass
class Ions:
    """Ion currents on a uniform grid of the furnace clock: ``current_A`` (mz, n), ascending m/z."""

    grid: Grid
    mz: np.ndarray
    current_A: np.ndarray


def background_line(values: np.ndarray) -> np.ndarray:
    """Straight line along the lower edge of a signal, by asymmetric least squares.

    Points above the line (peaks) weigh `ASYMMETRY`, points below it the rest (Newey & Powell,
    Econometrica 55 (1987) 819: an expectile).
    """
    import numpy as np

    index = np.linspace(-1, 1, values.size)
    design = np.stack([np.ones_like(index), index])
    weights = np.ones_like(values)
    line = np.full_like(values, values.mean())
    for _ in range(50):
        weighted = design * weights
        line_new = design.T @ np.linalg.solve(weighted @ design.T, weighted @ values)
        weights_new = np.where(values > line_new, ASYMMETRY, 1 - ASYMMETRY)
        if np.array_equal(weights_new, weights) and np.allclose(line_new, line, rtol=1e-12):
            break
        weights, line = weights_new, line_new
    return line_new


def robust_baseline(values: np.ndarray, degree: int) -> np.ndarray:
    """Slow baseline of a signal with peaks in either direction: a polynomial through what is within 2 sigma of it.

    It only serves to find peaks; they are measured against straight lines beside them.
    """
    import numpy as np
    from numpy.polynomial import Legendre

    index = np.linspace(-1, 1, values.size)
    centre = np.median(values)
    keep = np.abs(values - centre) <= 3 * np.median(np.abs(values - centre))
    for _ in range(20):
        curve = Legendre.fit(index[keep], values[keep], degree, domain=[-1, 1])(index)
        residual = values - curve
        sigma = 1.4826 * float(np.median(np.abs(residual[keep])))
        inside = np.abs(residual) <= 2 * sigma
        if inside.sum() < values.size // 4 or np.array_equal(inside, keep):
            break
        keep = inside
    return curve


def place(block: xr.Dataset, grid: Grid, lag_s: float, config: dict[str, Any]) -> Ions | None:
    """Put ion currents onto a uniform grid of the furnace clock; None if the records do not overlap."""
    import numpy as np

    time = block["time_s"].values - lag_s
    steps = np.diff(time)
    step = max(grid.step_s, float(np.median(steps[steps > 0]))) if (steps > 0).any() else 0.0
    start, stop = max(time[0], grid.time_s[0]), min(time[-1], grid.time_s[-1])
    if step <= 0 or (stop - start) / step < MIN_POINTS:
        return None
    grid_s = start + step * np.arange(int((stop - start) / step) + 1)
    current = np.stack([onto_grid(time, row, grid_s) for row in block["ion_current_A"].values])
    known = np.isfinite(current).all(axis=1)
    own = Grid(grid_s, grid.temperature_at(grid_s), grid.rate_K_s)
    return Ions(own, block["mz"].values[known], current[known])


def estimate_lag(
    block: xr.Dataset, grid: Grid, dtg_percent_s: np.ndarray, config: dict[str, Any]
) -> Lag:
    """Estimate the lag of the ion-current clock by cross-correlation with the rate of mass loss.

    The channel of `lag_mz` (in that order) that correlates well enough at its best lag is used. Its
    uncertainty joins resampled noise, the other channels' lags, and the difference between lags that
    only the rising or only the falling flanks would give (gas need not leave while mass is lost).

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
    step = max(1.0, grid.step_s, typical)
    if time.size < MIN_POINTS or typical <= 0:
        nothing.warnings.append("too few cycles of ion currents to estimate the lag of their clock")
        return nothing
    furnace_s = np.arange(grid.time_s[0], grid.time_s[-1], step)
    loss = np.clip(-np.interp(furnace_s, grid.time_s, dtg_percent_s), 0, None)
    own_s = np.arange(time[0], time[-1], step)
    window = max(5, int(config["smoothing_window_K"] / grid.rate_K_s / step) // 2 * 2 + 1)
    found: dict[int, tuple[float, float, np.ndarray]] = {}
    measured = [int(mz) for mz in block["mz"].values]
    preferred = [mz for mz in config["lag_mz"] if mz in measured]
    for mz in dict.fromkeys([*preferred, *measured]):
        current = onto_grid(time, block["ion_current_A"].sel(mz=mz).values, own_s)
        if not np.isfinite(current).all() or float(np.ptp(current)) == 0:
            continue
        excess = np.clip(smooth(current, window) - background_line(current), 0, None)
        lags = np.arange(config["lag_range_s"][0], config["lag_range_s"][1] + step / 2, step)
        lag, correlation = _best_lag(loss, furnace_s[0], excess, own_s[0], step, lags)
        if correlation >= config["lag_min_correlation"]:
            found[mz] = (lag, correlation, current)
    if not any(mz in found for mz in preferred):
        nothing.warnings.append(
            "no ion current follows the mass loss: the lag of its clock cannot be estimated; "
            "give ms_lag_s in the index"
        )
        return nothing
    mz = next(mz for mz in preferred if mz in found)
    lag, correlation, current = found[mz]
    near = lag + np.arange(-60, 60 + step / 2, step)
    smoothed = smooth(current, window)
    rng = np.random.default_rng([mz, zlib.crc32(current.tobytes())])
    again = [
        _best_lag(
            loss, furnace_s[0], np.clip(smooth(smoothed + noise, window) - background_line(smoothed), 0, None),
            own_s[0], step, near,
        )[0]
        for noise in block_noise(current - smoothed, 2 * window, rng, config["resamples"])
    ]  # fmt: skip
    noise_sd = float(np.std(again, ddof=1)) if len(again) > 1 else 0.0
    # Other channels that speak of the same event, weighted by the gas that they carry: what leaves
    # as another gas, somewhat earlier or later, moves the mass but not this channel.
    same = [v for v in found.values() if abs(v[0] - lag) < 120]
    gas = [float(np.sum(np.clip(v[2] - background_line(v[2]), 0, None))) for v in same]
    channel_sd = float(np.sqrt(np.average([(v[0] - lag) ** 2 for v in same], weights=gas)))
    flank_sd = (
        _flank_difference(loss, furnace_s, smoothed - background_line(smoothed), own_s) / 12**0.5
    )
    sd = float(np.sqrt(noise_sd**2 + channel_sd**2 + flank_sd**2 + step**2 / 12))
    result = Lag(lag, sd, f"m/z {mz}", correlation)
    if not config["lag_range_s"][0] + step < lag < config["lag_range_s"][1] - step:
        result.warnings.append(f"the lag of {lag:.0f} s lies at the edge of lag_range_s: widen it")
    return result


def _best_lag(
    loss: np.ndarray,
    loss_start: float,
    excess: np.ndarray,
    excess_start: float,
    step: float,
    lags: np.ndarray,
) -> tuple[float, float]:
    """Return the lag (s) of the highest correlation coefficient, refined by a parabola, and that coefficient."""
    import numpy as np

    shortest = MIN_OVERLAP * min(loss.size, excess.size)
    # Point i of the loss meets point i + shift of the current.
    shifts = np.unique(np.round((loss_start + lags - excess_start) / step).astype(int))
    values = np.full(shifts.size, -2.0)
    for k, shift in enumerate(shifts):
        low, high = max(0, -shift), min(loss.size, excess.size - shift)
        if high - low < shortest:
            continue
        x, y = loss[low:high], excess[low + shift : high + shift]
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
    return shift * step + excess_start - loss_start, float(values[best])


def _flank_difference(
    loss: np.ndarray, loss_s: np.ndarray, excess: np.ndarray, excess_s: np.ndarray
) -> float:
    """Difference in s between the widths at half height of the two main peaks."""
    import numpy as np

    widths = []
    for values, time in ((loss, loss_s), (excess, excess_s)):
        peak = int(np.argmax(values))
        below = values < values[peak] / 2
        left = np.flatnonzero(below[:peak])
        right = np.flatnonzero(below[peak:])
        if not (left.size and right.size):
            return 0.0
        widths.append(float(time[peak + right[0]] - time[left[-1]]))
    return abs(widths[0] - widths[1])
