"""Ion currents on the furnace's clock: their own grid and their background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Legendre

from ..arrays import Arrays
from .smooth import Grid, onto_grid

ASYMMETRY = 0.02  # weight of points above the background line
MIN_POINTS = 40
# A peak is cut where it stays this close to its maximum for so many points and this share of its half width.
FLAT, FLAT_POINTS, FLAT_SHARE = 1e-3, 5, 0.12


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
    index = np.linspace(-1, 1, values.size)
    design = np.stack([np.ones_like(index), index])
    weights = np.ones_like(values)
    for _ in range(50):
        weighted = design * weights
        line = design.T @ np.linalg.solve(weighted @ design.T, weighted @ values)
        last, weights = weights, np.where(values > line, ASYMMETRY, 1 - ASYMMETRY)
        if np.array_equal(weights, last):
            break
    return line


def robust_baseline(values: np.ndarray, degree: int) -> np.ndarray:
    """Slow baseline of a signal with peaks in either direction: a polynomial through what is within 2 sigma of it.

    It only serves to find peaks; they are measured against straight lines beside them.
    """
    index = np.linspace(-1, 1, values.size)
    centre = np.median(values)
    keep = np.abs(values - centre) <= 3 * np.median(np.abs(values - centre))
    for _ in range(20):
        curve = Legendre.fit(index[keep], values[keep], degree)(index)
        residual = values - curve
        sigma = 1.4826 * float(np.median(np.abs(residual[keep])))
        inside = np.abs(residual) <= 2 * sigma
        if inside.sum() < values.size // 4 or np.array_equal(inside, keep):
            break
        keep = inside
    return curve


def saturated_A(current_A: np.ndarray) -> float:
    """Return the current at which an electrometer cuts a channel flat; NaN where it does not.

    The top of a peak is round: a thousandth below its maximum it is a twentieth of its width at half height wide. One that
    stays at its maximum for much longer was cut.
    """
    top, floor = float(current_A.max()), float(np.quantile(current_A, 0.1))
    if not top > 5 * max(floor, 0.0):
        return float("nan")
    flat = current_A >= top * (1 - FLAT)
    high = int((current_A >= 0.5 * (top + floor)).sum())
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
    longest = int((edges[1::2] - edges[::2]).max())
    cut = longest >= max(FLAT_POINTS, FLAT_SHARE * high)
    return top if cut else float("nan")


def place(block: Arrays, grid: Grid, lag_s: float) -> Ions | None:
    """Put ion currents onto a uniform grid of the furnace clock; None if the records do not overlap."""
    time = block["time_s"] - lag_s
    steps = np.diff(time)
    if not (steps > 0).any():
        return None
    step = max(grid.step_s, float(np.median(steps[steps > 0])))
    start, stop = max(time[0], grid.time_s[0]), min(time[-1], grid.time_s[-1])
    if (stop - start) / step < MIN_POINTS:
        return None
    grid_s = start + step * np.arange(int((stop - start) / step) + 1)
    current = np.stack([onto_grid(time, row, grid_s) for row in block["ion_current_A"]])
    known = np.isfinite(current).all(axis=1)
    own = Grid(grid_s, grid.temperature_at(grid_s), grid.rate_K_s)
    return Ions(own, block["mz"][known], current[known])
