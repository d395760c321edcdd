"""The relations of a claim: each turns found values into margins, positive where the claim holds.

Arrays have the shape (..., items); leading axes are Monte Carlo draws. An item is one sample, or one sample
and one kind (`each`), with its setting `x` of the factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

HALF = 0.5  # below this share of the other value is "much lower", unless the claim gives a share
ROUNDING = 1e-9  # relative; a value on the edge of its tolerance holds


@dataclass(frozen=True)
class Expectation:
    """What the items are held against; arrays have the shape (items,) or (..., items).

    Attributes
    ----------
    low, high : expected range of each item (equal for a plain number)
    tolerance : allowed deviation from a plain number or range
    least, most : smallest and largest value of what an item is compared with, or None
    share : for `much_lower` and `slightly_lower`
    """

    low: np.ndarray
    high: np.ndarray
    tolerance: float
    least: np.ndarray | None = None
    most: np.ndarray | None = None
    share: float = HALF


@dataclass(frozen=True)
class Relation:
    """Margin of each item, and whether a margin of exactly 0 holds."""

    margin: Callable[[np.ndarray, Expectation], np.ndarray]
    strict: bool = False
    derive: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    least_items: int = 1

    def holds(self, values: np.ndarray, expected: Expectation) -> np.ndarray:
        """Tell for each draw whether all items hold."""
        margins = self.margin(values, expected)
        result: np.ndarray = np.all(margins > 0 if self.strict else margins >= 0, axis=-1)
        return result


def _slack(values: np.ndarray, end: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the tolerance and what rounding adds to it: of the numbers themselves, since a diffusion coefficient is far below 1."""
    size = np.where(np.isfinite(end), np.maximum(np.abs(values), np.abs(end)), np.abs(values))
    return tolerance + ROUNDING * np.maximum(size, tolerance)


def _at_least(values: np.ndarray, e: Expectation) -> np.ndarray:
    return values - e.low + _slack(values, e.low, e.tolerance)


def _at_most(values: np.ndarray, e: Expectation) -> np.ndarray:
    return e.high - values + _slack(values, e.high, e.tolerance)


def _inside(values: np.ndarray, e: Expectation) -> np.ndarray:
    return np.minimum(_at_least(values, e), _at_most(values, e))


def _much_lower(values: np.ndarray, e: Expectation) -> np.ndarray:
    assert e.least is not None
    return e.share * e.least - values


def _slightly_lower(values: np.ndarray, e: Expectation) -> np.ndarray:
    assert e.least is not None and e.most is not None
    return np.minimum(e.least - values, values - e.share * e.most)


def _present(values: np.ndarray, e: Expectation) -> np.ndarray:
    here = np.where(values > 0, 1.0, -1.0)
    return here if e.most is None else np.minimum(here, np.where(e.most > 0, -1.0, 1.0))


def _absent(values: np.ndarray, e: Expectation) -> np.ndarray:
    gone = np.where(values > 0, -1.0, 1.0)
    return gone if e.least is None else np.minimum(gone, np.where(e.least > 0, 1.0, -1.0))


def _steepest(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Middle of the interval between neighbours in x with the largest rise per unit of x."""
    order = np.argsort(x, kind="stable")
    step = np.diff(x[order])
    slope = np.where(
        step > 0, np.diff(values[..., order], axis=-1) / np.where(step > 0, step, 1), -np.inf
    )
    middle = (x[order][1:] + x[order][:-1]) / 2
    return np.asarray(middle[np.argmax(slope, axis=-1)])


TABLE: dict[str, Relation] = {
    "equals": Relation(_inside),
    "within": Relation(_inside),
    "at_least": Relation(_at_least),
    "at_most": Relation(_at_most),
    "higher": Relation(lambda v, e: v - (e.high if e.most is None else e.most), strict=True),
    "lower": Relation(lambda v, e: (e.low if e.least is None else e.least) - v, strict=True),
    "much_lower": Relation(_much_lower),
    "slightly_lower": Relation(_slightly_lower, strict=True),
    "constant": Relation(
        lambda v, e: (1 + ROUNDING) * e.tolerance - v,
        derive=lambda v, _: np.ptp(v, axis=-1),
        least_items=2,
    ),
    "maximum": Relation(_inside, derive=lambda v, x: x[v.argmax(axis=-1)], least_items=2),
    "minimum": Relation(_inside, derive=lambda v, x: x[v.argmin(axis=-1)], least_items=2),
    "steepest_rise": Relation(_inside, derive=_steepest, least_items=3),
    "steepest_fall": Relation(_inside, derive=lambda v, x: _steepest(-v, x), least_items=3),
    "present": Relation(_present),
    "absent": Relation(_absent),
}


def expand(values: Sequence[tuple[float, float]], items: int) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high for every item; one expected value serves all.

    Raises
    ------
    ValueError
        Neither one value nor one per item.
    """
    if len(values) not in (1, items) and values:
        raise ValueError(f"{len(values)} expected values for {items} found ones")
    pairs = list(values) * items if len(values) == 1 else list(values) or [(np.nan, np.nan)] * items
    array = np.array(pairs, dtype=float).reshape(items, 2)
    return array[:, 0], array[:, 1]
