"""Whether the cycles of a cell can be trusted: finished, complete, at their cut-offs, and possible at all.

A judgement is about a half cycle (where it ended, what interrupted it) or about a whole cycle (its efficiency, its
charge against the integral of current). What is read off a half cycle inherits the judgements of the ones before it in
the same cycle: a discharge after a charge that was stopped half way is no capacity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quality import Quality, doubtful, moved, plausible, unusable, worst
from .half_cycles import HalfCycle, mean_current_A
from .record import NAMES, Record
from .windows import Window

if TYPE_CHECKING:
    from ..config_types import CyclingConfig

# Steps of the recorder between the last record and the cut-off that it may have missed.
MOST_STEPS = 1.5
ORDER = "give it in the index's column part"
# Later times are dates.
LONGEST_TEST_S = 3e8
# Share of a half cycle's span, and voltage, that no relaxation takes back.
BACK_SHARE, BACK_V = 0.5, 0.15
# A gap this many times as long as the longest usual interval is no habit of the recorder.
GAP_FACTOR, FEWEST_INTERVALS = 5.0, 50


def running(
    data: Record,
    halves: Sequence[HalfCycle],
    windows: Mapping[int, Window],
    hold_end_fraction: float,
) -> HalfCycle | None:
    """Return the half cycle that was still going on when the record ended, if there is one.

    After its last driven record stand at most records of a test that stands still. It is over if it reached its
    cut-off by constant current, or if a hold there has brought the current down: to where earlier holds of the cell
    ended, else to `hold_end_fraction` of the constant current.

    Parameters
    ----------
    data : Record
    halves : sequence of HalfCycle
    windows : mapping of direction to Window
    hold_end_fraction : float
    """
    if not halves:
        return None
    last = halves[-1]
    after = np.arange(last.last + 1, data.sign.size)
    if not (data.paused[after]).all():
        return None
    same = [h for h in halves[:-1] if h.direction == last.direction]
    if not data.constant_current[last.last]:
        earlier = [
            abs(float(data.current_A[h.last])) for h in same if not data.constant_current[h.last]
        ]
        limit = 1.2 * max(earlier) if earlier else hold_end_fraction * mean_current_A(data, last)
        here = abs(float(data.current_A[last.last]))
        return None if here <= limit else last
    if same and not data.constant_current[same[-1].last]:
        return last  # the hold that earlier half cycles ended with has not begun
    end = float(data.controlled_V[last.last])
    its = windows[last.direction]
    if its.cutoff_V is not None and its.reached(end):
        return None
    if not same:
        return None if its.cutoff_V is None else last
    # A test may count charge instead: then this half cycle has as much as the ones before.
    alike = abs(last.charge_Ah / float(np.median([h.charge_Ah for h in same])) - 1) < 0.01
    earlier = [float(data.controlled_V[h.last]) for h in same]
    if its.cutoff_V is None:  # it ends where those before did, by charge or by voltage
        over = alike or abs(end - float(np.median(earlier))) <= its.tolerance_V
    else:
        over = alike and not any(its.reached(v) for v in earlier)
    return None if over else last


def begins_in_the_middle(
    data: Record,
    first: HalfCycle,
    counter_Ah: float | None,
    stub_fraction: float,
    interruption_s: float,
) -> Quality:
    """Judge a record whose first half cycle had begun before it.

    Parameters
    ----------
    data : Record
    first : HalfCycle
        The first of the record.
    counter_Ah : float or None
        What the instrument's integral holds at the first record; None: nothing tells.
    stub_fraction : float
        Share of the half cycle's charge from which on it matters.
    interruption_s : float
        A record whose time begins later was not the first of its test.
    """
    if first.first > 0:
        return Quality()
    if counter_Ah is None:
        late = float(data.time_s[0])
        if not interruption_s < late < LONGEST_TEST_S:
            return Quality()
        return doubtful(
            f"the file begins {late:.0f} s after the test, with current flowing: what had flowed before is not known"
        )
    share = abs(counter_Ah) / first.charge_Ah if first.charge_Ah else 0.0
    if share <= stub_fraction:
        return Quality()
    said = f"the file begins in the middle of the {NAMES[first.direction]}: {1e3 * abs(counter_Ah):.4g} mAh had flowed"
    several = data.file.size and data.file[-1] > 0
    return unusable(f"{said}, or files are in another order: {ORDER}" if several else said)


@dataclass
class Judgement:
    """What is to be said of one cycle.

    Attributes
    ----------
    halves : dict of direction to Quality
    relaxed : dict of direction to Quality
        Only of the relaxed potential after it.
    whole : Quality
        Of what both half cycles give together.
    """

    halves: dict[int, Quality] = field(default_factory=dict)
    relaxed: dict[int, Quality] = field(default_factory=dict)
    whole: Quality = field(default_factory=Quality)

    def up_to(self, direction: int) -> Quality:
        """Return the quality of a half cycle's numbers, with that of the one before it in the cycle."""
        order = list(self.halves)
        known = order[: order.index(direction) + 1] if direction in order else order
        return worst(self.halves[d] for d in known)

    def of_capacities(self) -> Quality:
        """Return the quality of the cycle's charge and discharge together."""
        return worst([*self.halves.values(), self.whole])

    def of_cycle(self) -> Quality:
        """Return the quality of the cycle."""
        return worst([self.of_capacities(), *self.relaxed.values()])


def up_to(judged: Sequence[Judgement], i: int, direction: int) -> Quality:
    """Return the quality of a half cycle's numbers with that of what led to it, the cycle before included."""
    before = [judged[i - 1].whole, *judged[i - 1].halves.values()] if i else []
    return worst([judged[i].up_to(direction), judged[i].whole, *before])


def half_cycle(data: Record, half: HalfCycle, its: Window, interruption_s: float) -> Quality:
    """Judge where a finished half cycle ended and whether it was interrupted."""
    name, end = NAMES[half.direction], float(data.controlled_V[half.last])
    found = []
    away = its.away_V(end)
    # A recorder that writes no last record stops up to one step before the end.
    one_step = abs(end - float(data.controlled_V[max(half.last - 1, half.first)]))
    if away is not None and not its.reached(end):
        judge = doubtful if its.short_of_V(end) <= MOST_STEPS * one_step else unusable
        found.append(
            judge(
                f"{name} ended at {end:.3f} V, {abs(away):.3f} V before the cut-off of {its.cutoff_V:g} V"
            )
        )
    elif its.own_V is not None and away is not None:
        found.append(doubtful(f"{name} to {end:.3f} V, where the protocol says {its.cutoff_V:g} V"))
    elif away is not None and abs(away) > its.tolerance_V:
        found.append(doubtful(f"{name} to {end:.3f} V, beyond the cut-off of {its.cutoff_V:g} V"))
    if half.is_titration:
        found.append(
            doubtful(f"{name} in {len(half.stretches)} pulses with rests between (titration)")
        )
    elif half.pauses_s > interruption_s:
        found.append(doubtful(f"{name} interrupted for {half.pauses_s:.0f} s"))
    gap = unexplained_gap_s(data, half) if data.source == "trapezoid" else 0.0
    if gap > interruption_s:
        found.append(
            doubtful(
                f"no records for {gap:.0f} s within the {name}, over which the current is taken to have flowed"
            )
        )
    return worst(found)


def undone(data: Record, half: HalfCycle, interruption_s: float) -> Quality:
    """Judge a half cycle over which charge of the other direction flowed that no record shows.

    Between files, and where nothing was recorded for longer than an interruption, the voltage of a resting cell relaxes by
    its overpotential. It does not go back by half of what the half cycle spans.
    """
    rows = np.arange(half.first, half.last + 1)
    rows = rows[~data.alternating[rows]]
    voltage = data.controlled_V[rows]
    apart = (np.diff(data.file[rows]) != 0) | (np.diff(data.time_s[rows]) > interruption_s)
    back = np.where(apart, half.direction * -np.diff(voltage), 0.0)
    if back.size == 0 or not back.max() > max(BACK_SHARE * float(np.ptp(voltage)), BACK_V):
        return Quality()
    at = int(back.argmax())
    return unusable(
        f"within the {NAMES[half.direction]} the voltage goes back from {voltage[at]:.3f} to {voltage[at + 1]:.3f} V over a "
        f"time without records: some are missing, or files are in another order: {ORDER}"
    )


def unexplained_gap_s(data: Record, half: HalfCycle) -> float:
    """Return the longest time between two driven records, if no habit of the recorder explains it; else 0."""
    rows = np.arange(half.first, half.last + 1)
    driven = data.sign[rows] == half.direction
    interval = np.diff(data.time_s[rows])[driven[1:] & driven[:-1]]
    interval = interval[np.isfinite(interval)]
    if interval.size < FEWEST_INTERVALS:
        return 0.0
    longest = float(interval.max())
    return longest if longest > GAP_FACTOR * float(np.percentile(interval, 98)) else 0.0


@dataclass(frozen=True)
class Before:
    """What the cycles before one have shown, capacities in mAh/g.

    Attributes
    ----------
    rate_C : float
        Measured rate of the cycle before.
    most : float
        Largest capacity of a second half cycle so far, impossible cycles and those that the index leaves out not counted.
    first, second : float
        Capacities of the half cycles of the cycle before.
    """

    rate_C: float = math.nan
    most: float = 0.0
    first: float = math.nan
    second: float = math.nan

    def after(self, row: Mapping[str, Any], first: int, *, counts: bool) -> Before:
        """Return the same after one more cycle, whose row this is, and whether its capacity can be the cell's."""
        one, other = (_number(row.get(f"{NAMES[d]}_capacity_mAh_g")) for d in (first, -first))
        most = float(np.fmax(self.most, other)) if counts else self.most
        return Before(row["c_rate_measured"], most, one, other)

    def left_mAh_g(self, rate_C: float) -> float:
        """Return what the cycle before, if it was faster, left in the cell that a slower one may take out."""
        if not rate_C < 0.95 * self.rate_C:
            return 0.0
        return float(np.nanmax([self.most - self.second, self.first - self.second, 0.0]))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def whole_cycle(
    row: Mapping[str, Any],
    config: CyclingConfig,
    *,
    left_percent: float = 0.0,
) -> Quality:
    """Judge what both half cycles give: efficiency, the check of the charge, capacities that a material can have.

    Parameters
    ----------
    row : mapping
        Of the table cycling_cells.
    config : mapping
        `plausible` (limits by column), `check_unusable_percent`.
    left_percent : float
        What a faster cycle before left in the cell, over the charge of the first half cycle: so much more the second
        one may bring.
    """
    found = []
    for name, limits in config["plausible"].items():
        if name == "coulombic_efficiency_percent" and left_percent > 0:
            limits = moved(
                limits, lambda low, high: (low, high if high is None else high + left_percent)
            )
        found.append(plausible(row.get(name), name, limits))
    for name in NAMES.values():
        off = row.get(f"{name}_check_percent")
        if off is None or row.get("running") == name:
            continue
        limit, rounding = (
            config["check_unusable_percent"],
            row.get(f"{name}_check_rounding_percent"),
        )
        said = f"{name}: integral of current over time differs by {off:+.1f} % from the charge"
        if abs(off) > limit + (rounding or 0.0):
            found.append(unusable(said))
        elif abs(off) > limit:
            found.append(
                doubtful(f"{said}; the decimals of the written current explain {rounding:.1f} %")
            )
    return worst(found)


def of_cell(judged: Sequence[tuple[Mapping[str, Any], Judgement]]) -> Quality:
    """Judge all numbers of a cell by its cycles: an impossible one says that they are wrong.

    Impossible are efficiencies, checks of the charge and capacities beyond their limits. The first cycle's doubts count for all as well.
    """
    found = [judged[0][1].whole] if judged else []
    wrong = [(row["cycle"], j.whole) for row, j in judged[1:] if not j.whole.usable]
    if wrong:
        cycle, quality = wrong[0]
        more = f" (and {len(wrong) - 1} more cycles)" if len(wrong) > 1 else ""
        found += [unusable(f"cycle {cycle}: {note}{more}") for note in quality.notes]
        found.append(unusable("leave_out_cycles of the index leaves out cycles that went wrong"))
    return worst(found)


def left_out() -> Quality:
    """Return the judgement of a cycle that the index leaves out."""
    return unusable("left out by the index")


def parse_cycles(text: str) -> list[tuple[int, int]]:
    """Return the ranges of cycles that a cell of the index names: `1;5-7`.

    Raises
    ------
    ValueError
        Anything else.

    Examples
    --------
    >>> parse_cycles("1; 5-7")
    [(1, 1), (5, 7)]
    """
    ranges = []
    for part in text.split(";"):
        low, _, high = part.strip().partition("-")
        if part.strip():
            ranges.append((int(low), int(high or low)))
    return ranges


def beyond(text: str, number: int) -> str:
    """Return the cycles that a cell of the index names and a record does not have.

    Examples
    --------
    >>> beyond("1;5-7;90", 6)
    'cycles 7, 90'
    """
    found = [
        str(high) if max(low, number + 1) == high else f"{max(low, number + 1)}-{high}"
        for low, high in parse_cycles(text)
        if high > number
    ]
    return (
        f"cycle{'s' if len(found) > 1 or '-' in ''.join(found) else ''} {', '.join(found)}"
        if found
        else ""
    )
