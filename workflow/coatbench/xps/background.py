"""Backgrounds under photoelectron lines, and how the noise of the spectrum enters them.

Energies are binding energies, ascending; the level is fixed at both ends by the mean of a few points. Each
background comes with its linear response dB/dy, because an uncertainty that takes the background as known is too small.

References: D. A. Shirley, Phys. Rev. B 5 (1972) 4709; A. Proctor, P. M. A. Sherwood, Anal. Chem. 54 (1982) 13;
S. Tougaard, Surf. Interface Anal. 11 (1988) 453 (two-parameter universal cross section, C = 1643 eV^2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

TOUGAARD_C = 1643.0  # eV^2
KINDS = ("shirley", "linear", "tougaard", "active_shirley")


class NotConverged(ValueError):
    """A background that has no solution on this spectrum; the message says why."""


@dataclass(frozen=True)
class Background:
    """Values of a background, and `respond`: rows of weights m (k, n) -> m @ dB/dy (k, n)."""

    kind: str
    values: np.ndarray
    respond: Callable[[np.ndarray], np.ndarray]


def cumulative(x: np.ndarray) -> np.ndarray:
    """Return the (n, n) matrix of the cumulative trapezoidal integral."""
    step = np.diff(x)
    weights = np.zeros((len(x), len(x)))
    lower = np.tri(len(x), k=-1)[:, :-1]  # row i sums the intervals below point i
    weights[:, :-1] += 0.5 * step * lower
    weights[:, 1:] += 0.5 * step * lower
    return weights


def ends(n: int, n_end: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the averaging weights (n,) of the low and of the high end."""
    k = max(1, min(n_end, n // 4))
    low, high = np.zeros(n), np.zeros(n)
    low[:k] = high[n - k :] = 1 / k
    return low, high


def end_points(x: np.ndarray, width_eV: float, points: int | None = None) -> int:
    """Return how many points are averaged at each end: those of a width, or a number that is given.

    A width keeps the ends out of the lines whatever the step of the spectrum is: where it differs, that of the coarser end.
    """
    step = max(float(np.median(np.diff(x))), float(x[1] - x[0]), float(x[-1] - x[-2]))
    return points or max(1, round(width_eV / round(step, 6)))


def linear(x: np.ndarray, y: np.ndarray, n_end: int) -> Background:
    """Straight line through the two averaged ends."""
    low, high = ends(len(x), n_end)
    position_low, position_high = low @ x, high @ x
    t = (x - position_low) / (position_high - position_low)
    values = (1 - t) * (low @ y) + t * (high @ y)
    return Background(
        "linear", values, lambda m: np.outer(m @ (1 - t), low) + np.outer(m @ t, high)
    )


def shirley(
    x: np.ndarray, y: np.ndarray, n_end: int, tolerance: float = 1e-6, max_iterations: int = 200
) -> Background:
    """Iterated Shirley background.

    Parameters
    ----------
    x, y : (n,) arrays
        Binding energy in eV, ascending; intensity.
    n_end : int
        Points averaged at each end.
    tolerance : float
        Largest change between iterations, relative to the height of the step (or of the signal).

    Raises
    ------
    NotConverged
        No signal above the background, or no fixed point within `max_iterations`.
    """
    from scipy.linalg import solve_triangular

    low, high = ends(len(x), n_end)
    y_low, y_high = float(low @ y), float(high @ y)
    scale = max(abs(y_high - y_low), 1e-9 * float(np.ptp(y)), 1e-300)
    # The plain iteration (all of the correction at once) swings and diverges where the step times the window is
    # large against the signal; taking a part of each correction leads to the same fixed point.
    problem = ""
    for part in (1.0, 0.5, 0.2, 0.05):
        values, share, total, problem = _iterate(
            x, y, y_low, y_high, part, tolerance * scale, max_iterations
        )
        if not problem:
            break
    else:
        raise NotConverged(problem)

    @cache
    def system() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # Fixed point B = y_low + (y_high - y_low) C(y - B) / w(y - B), differentiated implicitly: 1 + a with
        # a = slope (C - share w) is a triangle and one outer product, so nothing is inverted (Sherman, Morrison).
        matrix = cumulative(x)
        triangle = np.eye(len(x)) + slope * matrix
        whole = solve_triangular(triangle, matrix[-1], trans="T", lower=True)
        return matrix, triangle, slope * whole / (1 - slope * float(whole @ share))

    slope = (y_high - y_low) / total

    def respond(m: np.ndarray) -> np.ndarray:
        matrix, triangle, outer = system()
        z = solve_triangular(triangle, m.T, trans="T", lower=True).T
        z = z + np.outer(z @ share, outer)
        moved = slope * (z @ matrix - np.outer(z @ share, matrix[-1]))
        return np.outer(z @ (1 - share), low) + np.outer(z @ share, high) + moved

    return Background("shirley", values, respond)


def _iterate(
    x: np.ndarray,
    y: np.ndarray,
    y_low: float,
    y_high: float,
    part: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[np.ndarray, np.ndarray, float, str]:
    """Iterate the Shirley background; return it, the running share of the signal, its sum and what failed."""
    step = np.diff(x)
    values = np.full(len(x), min(y_low, y_high))
    share, total = np.zeros(len(x)), 0.0
    for _ in range(max_iterations):
        signal = y - values
        running = np.concatenate([[0.0], np.cumsum(0.5 * step * (signal[1:] + signal[:-1]))])
        total = float(running[-1])
        if total <= 0:
            return values, share, total, "no signal above the Shirley background"
        share = running / total
        change = y_low + (y_high - y_low) * share - values
        values = values + part * change
        if float(np.max(np.abs(change))) < tolerance:
            return values, share, total, ""
    return values, share, total, f"Shirley background not converged in {max_iterations} iterations"


def tougaard(x: np.ndarray, y: np.ndarray, n_end: int) -> Background:
    """Tougaard background of the universal cross section B T/(C + T^2)^2, B from the high end.

    Raises
    ------
    NotConverged
        No inelastic signal at the high end to fix B.
    """
    low, high = ends(len(x), n_end)
    y_low, y_high = float(low @ y), float(high @ y)
    loss = np.maximum(x[:, None] - x[None, :], 0.0)
    weight = np.gradient(x)
    kernel = loss / (TOUGAARD_C + loss**2) ** 2 * weight
    at_end = high @ kernel
    total = float(at_end @ (y - y_low))
    if total <= 0:
        raise NotConverged("no signal above the Tougaard background")
    share = kernel @ (y - y_low) / total

    def respond(m: np.ndarray) -> np.ndarray:
        a = (y_high - y_low) / total * (kernel - np.outer(share, at_end))
        ma = m @ a
        return np.outer(m @ (1 - share) - ma.sum(axis=1), low) + np.outer(m @ share, high) + ma

    return Background("tougaard", y_low + (y_high - y_low) * share, respond)


@dataclass(frozen=True)
class CrossSection:
    """Tougaard's B T / ((C - T^2)^2 + D T^2) above the loss T0 (D and T0 may be 0: C then is negative); B is absolute."""

    b: float
    c: float
    d: float = 0.0
    t0: float = 0.0


def tougaard_of(x: np.ndarray, y: np.ndarray, n_end: int, given: CrossSection) -> Background:
    """Tougaard background of a given cross section, from the averaged low end on; nothing is scaled to the high end.

    S. Tougaard, Surf. Interface Anal. 25 (1997) 137 (three parameters). CasaXPS's exported background of a public fit
    (FeO, U 3 Tougaard) is reproduced to 0.04 % of its step.
    """
    low, _ = ends(len(x), n_end)
    loss = np.maximum(x[:, None] - x[None, :], 0.0)
    kernel = given.b * loss / ((given.c - loss**2) ** 2 + given.d * loss**2)
    kernel = np.where(loss > given.t0, kernel, 0.0) * np.gradient(x)
    y_low = float(low @ y)

    def respond(m: np.ndarray) -> np.ndarray:
        mk = m @ kernel
        return np.outer(m.sum(axis=1) - mk.sum(axis=1), low) + mk

    return Background("tougaard", y_low + kernel @ (y - y_low), respond)


def static(
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    n_end: int,
    tolerance: float = 1e-6,
    max_iterations: int = 200,
    cross_section: CrossSection | None = None,
) -> Background:
    """Return the background of a kind of `KINDS` that is taken before the fit.

    Raises
    ------
    NotConverged
        See the single backgrounds.
    ValueError
        Unknown kind.
    """
    if kind == "shirley":
        return shirley(x, y, n_end, tolerance, max_iterations)
    if kind == "linear":
        return linear(x, y, n_end)
    if kind == "tougaard" and cross_section is not None:
        return tougaard_of(x, y, n_end, cross_section)
    if kind == "tougaard":
        return tougaard(x, y, n_end)
    raise ValueError(f"unknown background {kind!r}; known: {', '.join(KINDS)}")
