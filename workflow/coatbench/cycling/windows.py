"""Between which potentials a cell is cycled: by its protocol, or by where its half cycles end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .half_cycles import HalfCycle
from .record import Record


@dataclass(frozen=True)
class Window:
    """Where the half cycles of one direction of a cell end.

    Attributes
    ----------
    direction : int
    cutoff_V : float or None
        The protocol's; None: it has none.
    own_V : float or None
        Where at least two half cycles of this cell ended alike, none of them at the protocol's cut-off: the cell was
        cycled in another window.
    tolerance_V : float
    """

    direction: int
    cutoff_V: float | None
    own_V: float | None
    tolerance_V: float

    def away_V(self, end_V: float) -> float | None:
        """Return how far a half cycle ended from the protocol's cut-off; None where there is none."""
        return None if self.cutoff_V is None else end_V - self.cutoff_V

    def short_of_V(self, end_V: float) -> float:
        """Return by how much a half cycle stopped before its cut-off (the cell's own, where it has one)."""
        limit = self.cutoff_V if self.own_V is None else self.own_V
        return 0.0 if limit is None else max(self.direction * (limit - end_V), 0.0)

    def at_cutoff(self, end_V: float) -> bool:
        """Tell whether a half cycle ended at the protocol's cut-off."""
        away = self.away_V(end_V)
        return away is not None and abs(away) <= self.tolerance_V

    def reached(self, end_V: float) -> bool:
        """Tell whether a half cycle reached its cut-off."""
        return self.short_of_V(end_V) <= self.tolerance_V


def window(
    data: Record,
    halves: Sequence[HalfCycle],
    direction: int,
    cutoff_V: float | None,
    tolerance_V: float,
) -> Window:
    """Return the window of one direction from the protocol and from where the cell's half cycles ended."""
    ends = np.array([data.controlled_V[h.last] for h in halves if h.direction == direction])
    own = None
    if cutoff_V is not None and ends.size > 1:
        at_cutoff = np.abs(ends - cutoff_V) <= tolerance_V
        usual = float(np.median(ends))
        # Lower median for an even number: the middle between two ends would be none of them.
        usual = float(ends[np.argmin(np.abs(ends - usual))])
        alike = np.abs(ends - usual) <= tolerance_V
        if not at_cutoff.any() and alike.sum() > 1:
            own = usual
    return Window(direction, cutoff_V, own, tolerance_V)


def windows_of(
    data: Record,
    halves: Sequence[HalfCycle],
    cutoffs_V: Mapping[int, float | None],
    tolerance_V: float,
) -> dict[int, Window]:
    """Return the windows of both directions.

    Where one direction shows that the cell was cycled in another window than the protocol's, the other one's end is that
    window's as well, unless it stands at the protocol's cut-off.
    """
    found = {d: window(data, halves, d, v, tolerance_V) for d, v in cutoffs_V.items()}
    for direction, its in found.items():
        ends = [float(data.controlled_V[h.last]) for h in halves if h.direction == direction]
        if found[-direction].own_V is None or its.own_V is not None or its.cutoff_V is None:
            continue
        if ends and not any(its.at_cutoff(end) for end in ends):
            furthest = max(ends, key=lambda end: direction * end)
            found[direction] = replace(its, own_V=furthest)
    return found
