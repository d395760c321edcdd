"""Ion currents added up to the rate of mass loss at a lag, and how well they explain it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Loss:
    """The rate of mass loss on a uniform grid, and the points that a comparison needs."""

    rate: np.ndarray
    start_s: float
    step_s: float
    needed: tuple[int, int]


@dataclass(frozen=True)
class Currents:
    """Channels that evolve, above their background, on a uniform grid of their own clock."""

    mz: tuple[int, ...]
    excess: np.ndarray  # (channel, n), smoothed, not negative
    raw: np.ndarray
    start_s: float


@dataclass(frozen=True)
class Match:
    """How well the currents add up to the mass loss at one shift."""

    share: float
    weights: np.ndarray


def moved_currents(excess: np.ndarray, shift: int, size: int) -> np.ndarray:
    """Currents on the points of the loss: point i meets point i + shift, and nothing where there is no record."""
    moved = np.zeros((excess.shape[0], size))
    low, high = max(0, -shift), min(size, excess.shape[1] - shift)
    if high > low:
        moved[:, low:high] = excess[:, low + shift : high + shift]
    return moved


def match_at(loss: Loss, excess: np.ndarray, shift: int) -> Match | None:
    """Add the currents up to the rate of mass loss; None where they do not cover what is needed of it."""
    from scipy.optimize import nnls

    low, high = max(0, -shift), min(loss.rate.size, excess.shape[1] - shift)
    if low > loss.needed[0] or high < loss.needed[1] or not excess.shape[0]:
        return None
    moved = moved_currents(excess, shift, loss.rate.size)
    norm = np.sqrt((moved**2).sum(axis=1))
    norm[norm == 0] = np.inf
    unit = moved / norm[:, None]
    # By the normal equations: a few channels instead of all points.
    gram = unit @ unit.T + 1e-9 * np.eye(len(norm))
    root = np.linalg.cholesky(gram).T
    weights, _ = nnls(root, np.linalg.solve(root.T, unit @ loss.rate))
    left = loss.rate - weights @ unit
    total = float(loss.rate @ loss.rate)
    return Match(1 - float(left @ left) / total if total > 0 else 0.0, weights / norm)


def vertex(values: np.ndarray, best: int) -> float:
    """Offset of the maximum from the best point, by a parabola."""
    if 0 < best < values.size - 1 and np.isfinite(values[[best - 1, best + 1]]).all():
        a, b, c = (float(v) for v in values[best - 1 : best + 2])
        if a - 2 * b + c < 0:
            return 0.5 * (a - c) / (a - 2 * b + c)
    return 0.0
