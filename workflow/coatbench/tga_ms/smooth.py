"""Signals on a uniform time grid: binning, Savitzky-Golay smoothing and derivative, noise."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

POLYNOMIAL_ORDER = 2
MIN_WINDOW = 5  # points; fewer leave nothing to smooth with a parabola


@dataclass(frozen=True)
class Grid:
    """A uniform time grid with the furnace's temperature on it.

    Attributes
    ----------
    time_s : (n,) array
    temperature_degC : (n,) array
        Smoothed sample temperature.
    rate_K_s : float
        Median heating rate of the ramps; at least 1 K/min, so that an isothermal run has windows in time.
    """

    time_s: np.ndarray
    temperature_degC: np.ndarray
    rate_K_s: float

    @property
    def step_s(self) -> float:
        """Distance of two points in s."""
        return float(self.time_s[1] - self.time_s[0])

    def points(self, kelvin: float) -> int:
        """Number of points that `kelvin` of heating takes, at least 1."""
        return max(1, round(kelvin / self.rate_K_s / self.step_s))

    def window(self, kelvin: float) -> int:
        """Odd number of points of a smoothing window of `kelvin`."""
        return max(MIN_WINDOW, self.points(kelvin) // 2 * 2 + 1)

    def temperature_at(self, time_s: np.ndarray | float) -> np.ndarray:
        """Temperature at a time; NaN for an unknown (NaN) time."""
        return np.interp(time_s, self.time_s, self.temperature_degC)


def onto_grid(time_s: np.ndarray, values: np.ndarray, grid_s: np.ndarray) -> np.ndarray:
    """Average records into the bins of a uniform grid; bins without a record are interpolated.

    Averaging keeps the noise of a fine record small and of known size, which picking or
    interpolating alone would not. Records and values that are NaN are left out.

    Parameters
    ----------
    time_s, values : (m,) arrays, time ascending
    grid_s : (n,) array, uniform

    Returns
    -------
    (n,) array
    """
    known = np.isfinite(values) & np.isfinite(time_s)
    time_s, values = time_s[known], values[known]
    if time_s.size == 0:
        return np.full(grid_s.size, np.nan)
    step = grid_s[1] - grid_s[0]
    inside = (time_s >= grid_s[0] - step / 2) & (time_s < grid_s[-1] + step / 2)
    bins = np.floor((time_s[inside] - grid_s[0]) / step + 0.5).astype(int)
    counts = np.bincount(bins, minlength=grid_s.size)
    means = np.full(grid_s.size, np.nan)
    centres = np.full(grid_s.size, np.nan)
    filled = counts > 0
    means[filled] = np.bincount(bins, values[inside], grid_s.size)[filled] / counts[filled]
    centres[filled] = np.bincount(bins, time_s[inside], grid_s.size)[filled] / counts[filled]
    if filled.sum() < 2:
        return np.interp(grid_s, time_s, values)
    # The mean of a bin belongs to the mean time of its records, not to the middle of the bin. The outer bins
    # are half empty, so their points are reached by the line through the two outermost means.
    x, y = centres[filled], means[filled]
    result = np.interp(grid_s, x, y)
    for outside, i, j in ((grid_s < x[0], 0, 1), (grid_s > x[-1], -1, -2)):
        near = outside & (np.abs(grid_s - x[i]) <= step)
        result[near] = y[i] + (grid_s[near] - x[i]) * (y[j] - y[i]) / (x[j] - x[i])
    return result


def smooth(values: np.ndarray, window: int, derivative_step: float | None = None) -> np.ndarray:
    """Savitzky-Golay smoothing (Anal. Chem. 36 (1964) 1627), or its first derivative.

    Parameters
    ----------
    values : (..., n) array
    window : int
        Odd number of points; shortened where the signal is shorter.
    derivative_step : float, optional
        Distance of two points: the first derivative per unit of it is returned.
    """
    from scipy.signal import savgol_filter

    window = min(window, values.shape[-1] - (values.shape[-1] + 1) % 2)
    if derivative_step is None:
        return savgol_filter(values, window, POLYNOMIAL_ORDER, mode="interp")
    return savgol_filter(
        values, window, POLYNOMIAL_ORDER, deriv=1, delta=derivative_step, mode="interp"
    )


def white_noise(values: np.ndarray) -> float:
    """Standard deviation of the white noise of a signal, from its second differences.

    Robust (median absolute deviation): steps and peaks do not count. Digital steps can make it 0.
    """
    second = np.diff(values, 2)
    return float(1.4826 * np.median(np.abs(second - np.median(second))) / np.sqrt(6))


def averaged_points(window: int) -> float:
    """Number of independent points that one smoothed point stands for: 1 / sum of the squared weights."""
    from scipy.signal import savgol_coeffs

    return float(1 / np.sum(savgol_coeffs(window, POLYNOMIAL_ORDER) ** 2))


def smoothed_noise(values: np.ndarray, window: int, derivative_step: float | None = None) -> float:
    """Standard deviation that is left after `smooth`, white and slow noise together.

    White noise is carried through the filter; slow noise (a balance that wanders) is what the smoothed
    signal still does against a version smoothed five times as long, as seen in its quietest quarter.
    """
    from scipy.signal import savgol_coeffs

    window = min(window, values.size - (values.size + 1) % 2)
    deriv, delta = (0, 1.0) if derivative_step is None else (1, derivative_step)
    weights = savgol_coeffs(window, POLYNOMIAL_ORDER, deriv=deriv, delta=delta)
    white = white_noise(values) * float(np.sqrt(np.sum(weights**2)))
    short = smooth(values, window, derivative_step)
    wander = np.abs(short - smooth(short, 5 * window // 2 * 2 + 1))
    slow = float(np.quantile(wander, 0.25)) / 0.3186  # lower quartile of a half-normal distribution
    return max(white, slow)


def seed_of(values: np.ndarray) -> int:
    """Return a seed for random numbers that a signal has on every processor: their sums differ in the last digits."""
    return zlib.crc32(values.astype(np.float32).tobytes())


def block_noise(
    residual: np.ndarray, block: int, rng: np.random.Generator, n: int, length: int | None = None
) -> np.ndarray:
    """Return `n` resampled residuals: blocks of `block` points drawn from anywhere, sign at random.

    Blocks keep the correlation of neighbouring points, which drawing points singly would destroy
    (Kuensch, Ann. Statist. 17 (1989) 1217).

    Returns
    -------
    (n, length) array; as long as the residual, if nothing is said
    """
    size = residual.size
    length = length or size
    block = max(1, min(block, size))
    count = -(-length // block)
    starts = rng.integers(0, size - block + 1, (n, count))
    signs = rng.choice([-1.0, 1.0], (n, count))
    index = starts[:, :, None] + np.arange(block)
    return (residual[index] * signs[:, :, None]).reshape(n, -1)[:, :length]
