"""Curves packed small for the page.

At most so many points a curve as a screen shows, the lowest and the highest of each interval kept; values as 16-bit steps between the
curve's ends, an even abscissa as its first value and its step.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..quality import OK
from .living import Curve, View

# Of a curve at most, twice what a phone shows across; where all curves together need more than the budget, fewer.
POINTS = (900, 600, 400, 280, 200, 140, 100, 60)
PACKED_BYTES = 7_000_000
GAP = 65535  # the step that stands for no value
EVEN = 1e-6  # an abscissa is even where its steps differ by less than this share


def pack(views: Sequence[View], budget: int = PACKED_BYTES) -> dict[str, str]:
    """Return each view as JSON by its id, together below `budget` bytes if thinning can do it."""
    known = {view.id: [(c, *_known(c, view.log)) for c in view.curves] for view in views}
    sizes = [(x.size, is_even(x)) for curves in known.values() for _, x, _ in curves]

    def needed(points: int) -> float:
        return sum(90 + 8 / 3 * _values(n, even, points) for n, even in sizes)

    points = next((p for p in POINTS if needed(p) <= budget), POINTS[-1])
    return {view.id: _packed(view, known[view.id], points) for view in views}


def _values(n: int, even: bool, points: int) -> int:
    """Return how many numbers a curve takes: an even abscissa takes none, but is lost by thinning."""
    whole = n if even else 2 * n
    return min(whole, 2 * points)


def _known(curve: Curve, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve in order of x, without what stands before its first and after its last value."""
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    if log:
        y = np.log10(np.where(y > 0, y, np.nan))
    known = np.isfinite(x)
    x, y = x[known], y[known]
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    there = np.flatnonzero(np.isfinite(y))
    inner = slice(there[0], there[-1] + 1) if there.size else slice(0)
    return x[inner], y[inner]


def _packed(view: View, known: Sequence[tuple[Curve, np.ndarray, np.ndarray]], points: int) -> str:
    about = {
        k: getattr(view, k) for k in ("id", "title", "x", "y", "descending", "log", "one", "group", "unit")
    }  # fmt: skip
    curves = []
    for curve, x, y in known:
        if not x.size:
            continue
        if _values(x.size, is_even(x), points) == 2 * points:
            x, y = thinned(x, y, points)
        told = [curve.sample, curve.group, curve.unit, curve.name, curve.kind]
        curves.append([*told, abscissa(x), steps(y), *([curve.quality] * (curve.quality != OK))])
    text = json.dumps({**about, "curves": curves}, ensure_ascii=False, separators=(",", ":"))
    # So that no text of the study can end the element that it stands in.
    return text.replace("<", "\\u003c")


def thinned(x: np.ndarray, y: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve, given in order of x, with at most `points` points.

    Of each of `points`/2 intervals of the record the lowest and the highest value stay, so that no peak is lost; where an interval
    holds no value, a gap stays.

    Examples
    --------
    >>> x = np.arange(1000.0)
    >>> few, values = thinned(x, np.where(x == 501, 9.0, 0.0), 100)
    >>> len(few) <= 100, float(values.max())
    (True, 9.0)
    """
    if x.size <= points:
        return x, y
    width = -(-x.size // max(1, points // 2 - 1))
    padded = np.full(-(-x.size // width) * width, np.nan)
    padded[: x.size] = y
    rows = padded.reshape(-1, width)
    first = np.arange(rows.shape[0]) * width
    gap = np.isnan(rows)
    low = first + np.where(gap, np.inf, rows).argmin(axis=1)
    high = first + np.where(gap, -np.inf, rows).argmax(axis=1)
    chosen = np.unique(np.concatenate([[0, x.size - 1], low, high]))
    return x[chosen], y[chosen]


def is_even(x: np.ndarray) -> bool:
    """Tell whether an abscissa has equal steps."""
    if x.size < 3:
        return False
    step = (x[-1] - x[0]) / (x.size - 1)
    return bool(np.abs(np.diff(x) - step).max() <= EVEN * abs(step))


def abscissa(x: np.ndarray) -> list[Any]:
    """Return an even abscissa as `[first, step, n]`, another one as `steps` gives it."""
    if is_even(x):
        step = (x[-1] - x[0]) / (x.size - 1)
        return [float(f"{x[0]:.9g}"), float(f"{step:.9g}"), int(x.size)]
    return steps(x)


def steps(values: np.ndarray) -> list[Any]:
    """Return values as `[low, size of a step, base64 of 16-bit steps]`; 65535 is a gap.

    Examples
    --------
    >>> steps(np.array([0.0, 1.0, np.nan]))
    [0.0, 1.52592547e-05, 'AAD+////']
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    step = (high - low) / (GAP - 1) or 1.0
    whole = np.where(np.isfinite(values), np.rint((values - low) / step), GAP)
    packed = base64.b64encode(whole.astype("<u2").tobytes()).decode()
    return [float(f"{low:.9g}"), float(f"{step:.9g}"), packed]
