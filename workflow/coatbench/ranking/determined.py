"""What the settings of a study determine, and what no analysis of them can know.

A surface is a statement about every setting, and between settings that were never tested together it goes back to what each factor
does for itself: there it repeats its own assumption. How much of a statement comes from the samples is the share of its variance that
exact measurements of them would remove, given the lengths and the joint share that the values make likely. Docs: docs/ranking.md.
"""

from __future__ import annotations

import numpy as np

from .surface import Space
from .surfaces import OVERALL, STATED, Surfaces, spread_points

# Share of an effect's variance below which it is the surface's more than the samples': three corners of four, measured exactly,
# leave about half of their interaction open.
LEAST = 0.6
AVERAGED = 32  # settings of the other factors that stand for all of them


def determined(surfaces: Surfaces, points: np.ndarray, sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each response which share of each sum the samples determine, 0 to 1.

    Parameters
    ----------
    points : array (points, factors), coded
    sums : array (sums, points); each adds up to 0, since the level of a response is no question of its shape
    """
    parts = [fit.variances(points, sums) for fit in surfaces.fits]
    before, after = (np.array([p[k] for p in parts]) for k in (0, 1))
    square = surfaces.shares**2
    found = {c.name: _share(before[j], after[j]) for j, c in enumerate(surfaces.criteria)}
    together = _share(square @ before, square @ after)
    return found | {OVERALL: together, STATED: together}


def along(surfaces: Surfaces, points: np.ndarray) -> dict[str, np.ndarray]:
    """Return which share the samples determine of a response at some points, compared with its mean over the tested settings."""
    tested = np.unique(surfaces.x, axis=0)
    sums = np.hstack([np.eye(len(points)), np.full((len(points), len(tested)), -1 / len(tested))])
    return determined(surfaces, np.vstack([points, tested]), sums)


def between_ends(
    space: Space, term: tuple[int, ...], ends: list[tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the effect of a term as a sum over points: the change from one end of each factor to the other, mean over all others.

    Parameters
    ----------
    term : numbers of the factors, one or two
    ends : of each of them, coded
    """
    others = spread_points(AVERAGED, len(space.factors))
    for k in np.flatnonzero(space.categorical):
        others[:, k] = np.floor(others[:, k] * len(space.tested[k]))
    points, signs = [others], [np.ones(AVERAGED)]
    for i, pair in zip(term, ends, strict=True):
        at_end = []
        for block in points:
            for end in pair:
                moved = block.copy()
                moved[:, i] = end
                at_end.append(moved)
        signs = [sign * s for s in signs for sign in (-1, 1)]
        points = at_end
    return np.concatenate(points), np.concatenate(signs)[None] / AVERAGED


def _share(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 - np.minimum(after, before) / np.where(before > 0, before, 1.0)
    return found
