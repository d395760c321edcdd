"""The edge of the matrix under a layer: how far it moved against the reference's, and how high it stands.

a * reference(E + shift) is fitted to a sample's spectrum. Both spectra count, so the variance of their difference
depends on the shift as well as on the scale: the likelihood holds its logarithm, without which a shift to where the
reference counts less would look better than it is (3 eV for two measurements of one surface). Both are averaged over
the same box first: it changes neither shift nor scale, and chance finds fewer shifts to fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Arrays

MARGIN_EV = 100.0  # above the window: the edge's foot
# Counts above the foot: dark counts, tails of heavier atoms, which no layer moves.
ABOVE_EV = (60.0, 260.0)
MAX_SHIFT_EV = 500.0
MAX_SCALE = 1.5
BOX_EV = 40.0
ROUNDS = 5  # of a scale and the variances that it makes
SEEN = 3.0  # standard uncertainties of its height from which on there is an edge
# Shifts around the best one that the minimum is read from: those less likely by up to this, and at least so many.
DEPTH, POINTS = 12.0, 6


def edge_shape(base: Arrays, own: Arrays, low: float, high: float) -> dict[str, Any]:
    """Fit a * reference(E + shift) to a sample's signal from the window's lower bound to above its edge.

    Parameters
    ----------
    base, own : Arrays
        Spectra of the reference and of the sample: `energy_eV`, `intensity`, `intensity_sd`, in even steps.
    low, high : float
        Bounds of the window in eV; `high` is the edge.

    Returns
    -------
    dict
        edge_shift_eV and edge_scale with _sd (counting; scaled by the reduced chi-square where that is above 1);
        empty where no shift of the range describes the edge, or none is left.
    """
    energy, step, (m, y), (m_var, y_var) = _common(base, own, high)
    box = round(BOX_EV / step) | 1
    m_box, y_box = _boxed(m, box), _boxed(y, box)
    m_var, y_var = _boxed(m_var, box), _boxed(y_var, box)
    inside = (energy >= low) & (energy <= high + MARGIN_EV)
    at = energy[inside]
    if len(at) < 2 * POINTS:
        return {}
    shifts = step * np.arange(-int(MARGIN_EV / step), int(MAX_SHIFT_EV / step) + 1)
    cost, scale, scale_sd = np.full((3, len(shifts)), np.inf)
    for i, shift in enumerate(shifts):
        moved, noise = np.interp(at + shift, energy, m_box), np.interp(at + shift, energy, m_var)
        fitted, variance, weight = _scale(y_box[inside], moved, y_var[inside], noise, box)
        if np.isfinite(fitted):
            scale[i], scale_sd[i] = fitted, weight**-0.5
            misfit = (y_box[inside] - fitted * moved) ** 2 / variance
            cost[i] = misfit.sum() + np.log(variance).sum() / box
    found = _minimum(shifts, cost)
    if found is None:
        return {}
    shift, shift_sd = found
    best = float(np.interp(shift, shifts, scale))
    if best > MAX_SCALE:
        return {}
    k = int(np.argmin(np.abs(shifts - shift)))
    residual = y[inside] - best * np.interp(at + shift, energy, m)
    variance = y_var[inside] + best**2 * np.interp(at + shift, energy, m_var)
    reduced = max(1.0, float((residual**2 / variance).sum()) / (len(at) - 2))
    # Scale and shift are correlated: what the scale does within the shift's uncertainty counts as well.
    slope = (scale[k + 1] - scale[k - 1]) / (2 * step)
    best_sd = float(np.hypot(scale_sd[k], slope * shift_sd)) * reduced**0.5
    if best < SEEN * best_sd:  # nothing is left
        return {}
    return {
        "edge_shift_eV": shift,
        "edge_shift_eV_sd": shift_sd * reduced**0.5,
        "edge_scale": best,
        "edge_scale_sd": best_sd,
    }


def _common(
    base: Arrays, own: Arrays, high: float
) -> tuple[np.ndarray, float, list[np.ndarray], list[np.ndarray]]:
    """Both spectra on the sample's axis, per channel of the sample, less what stands above the edge; variances."""
    energy = np.asarray(own["energy_eV"])
    step = float(energy[1] - energy[0])
    above = (energy > high + ABOVE_EV[0]) & (energy <= high + ABOVE_EV[1])
    intensities, variances = [], []
    for curve in (base, own):
        axis = np.asarray(curve["energy_eV"])
        width = step / float(axis[1] - axis[0])
        # A wider channel holds more counts; interpolation leaves the variance of one channel.
        value = width * np.interp(energy, axis, np.asarray(curve["intensity"]))
        variance = width * np.interp(energy, axis, np.asarray(curve["intensity_sd"]) ** 2)
        intensities.append(value - (value[above].mean() if above.any() else 0.0))
        variances.append(variance)
    return energy, step, intensities, variances


def _boxed(values: np.ndarray, n: int) -> np.ndarray:
    return np.convolve(np.pad(values, n // 2, mode="edge"), np.ones(n) / n, "valid")


def _scale(
    y: np.ndarray, moved: np.ndarray, y_var: np.ndarray, m_var: np.ndarray, box: int
) -> tuple[float, np.ndarray, float]:
    """Best scale of a shifted reference, the variance of the difference, and the scale's weight (1 / variance)."""
    scale = 1.0
    for _ in range(ROUNDS):
        variance = y_var + scale**2 * m_var
        # The square of a noisy reference is too large by its variance.
        weight = float(((moved**2 - m_var / box) / variance).sum())
        if not weight > 0:
            return float("inf"), variance, 1.0
        scale = float((moved * y / variance).sum()) / weight
    return scale, y_var + scale**2 * m_var, weight


def _minimum(shifts: np.ndarray, cost: np.ndarray) -> tuple[float, float] | None:
    """Place and standard uncertainty of the minimum, from a cubic through the shifts around the best."""
    k = int(cost.argmin())
    if not np.isfinite(cost[k]):
        return None
    likely = np.flatnonzero(cost < cost[k] + DEPTH)
    reach = max(POINTS, int(likely[-1] - likely[0]) // 2 + 1)
    near = slice(max(0, k - reach), k + reach + 1)
    if k < POINTS or k > len(shifts) - 1 - POINTS or not np.isfinite(cost[near]).all():
        return None
    cubic = np.polynomial.Polynomial.fit(shifts[near] - shifts[k], cost[near], 3).convert()
    roots = cubic.deriv().roots()
    roots = roots[np.abs(roots.imag) < 1e-9].real
    bottom = [float(r) for r in roots if cubic.deriv(2)(r) > 0]
    if not bottom:
        return None
    place = min(bottom, key=abs)
    return float(shifts[k]) + place, float((2 / cubic.deriv(2)(place)) ** 0.5)
