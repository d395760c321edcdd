"""Half cycles: stretches of one sign of charge, the rest that follows them, and the charge they moved.

A half cycle is the longest run of driven records of one sign; the rest after it belongs to it. Pulses (of a resistance
test) and records with an alternating signal (impedance) end neither. Vendors' cycle counters and flags are not used:
they disagree with each other and with the charge (see docs/cycling.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .record import CHARGE, Record

# A shorter stretch of current is a pulse if it also moves less than this share of the largest half cycle: no cell is
# cycled in a minute.
PULSE_S, PULSE_SHARE = 60.0, 0.1
# A small stretch beside a half cycle of the same direction is a pulse if its current differs by more than this.
OTHER_CURRENT = 0.2
# So many stretches with rests between are no accident.
LEAST_PULSES = 10


@dataclass(frozen=True)
class HalfCycle:
    """One half cycle.

    Attributes
    ----------
    direction : int
        1 charge, -1 discharge.
    first, last : int
        First and last driven record.
    end : int
        One past the last record of the rest that follows.
    charge_Ah : float
        Magnitude of the charge moved, by the best source.
    stretches : tuple of (first, stop)
        Records whose charge counts: driven ones and those at rest up to the next driven one, since recorders book the
        last increment there.
    pauses_s : float
        Time without current between the first and the last driven record.
    stub : bool
        Too small to count: reported, not paired.
    """

    direction: int
    first: int
    last: int
    end: int
    charge_Ah: float
    stretches: tuple[tuple[int, int], ...]
    pauses_s: float = 0.0
    stub: bool = False

    @property
    def is_titration(self) -> bool:
        """Whether it was made of many pulses with rests between (GITT)."""
        return len(self.stretches) >= LEAST_PULSES

    def moved(self, step_Ah: npt.NDArray) -> float:
        """Return the magnitude of the charge of this half cycle by another source of charge per record."""
        return abs(float(sum(step_Ah[first:stop].sum() for first, stop in self.stretches)))

    def resting(self, data: Record) -> npt.NDArray[np.intp]:
        """Return the records at rest after it: no pulses, no alternating signal."""
        rows = np.arange(self.last + 1, self.end)
        return rows[(data.sign[rows] == 0) & ~data.alternating[rows]]


def half_cycles(data: Record, stub_fraction: float) -> tuple[list[HalfCycle], list[HalfCycle]]:
    """Split a record.

    Parameters
    ----------
    data : Record
    stub_fraction : float
        Half cycles with less than this share of the largest one's charge are stubs or pulses. Half cycles of one
        direction that only such keep apart are one.

    Returns
    -------
    halves, stubs : lists of HalfCycle, in order of time.
    """
    parts = _stretches(data)
    if not parts:
        return [], []
    stubs: list[HalfCycle] = []
    runs = _merged(parts)
    while True:
        largest = max(run.charge_Ah for run in runs)
        limit = stub_fraction * largest
        small = [run for run in runs if _is_stub(data, run, limit, largest)]
        if not small or len(small) == len(runs):
            break
        dropped = {id(run) for run in small}
        stubs += small
        runs = _merged([run for run in runs if id(run) not in dropped])
    halves = []
    by_first = {part.first: part for part in parts}
    for run in runs:
        own = [by_first[first] for first, _ in run.stretches]
        run, pulses = _without_pulses(data, run, own, limit)
        stubs += pulses
        halves.append(run)
    ends = [half.first for half in halves[1:]] + [data.sign.size]
    halves = [replace(h, end=end) for h, end in zip(halves, ends, strict=True)]
    stubs = [replace(s, stub=True) for s in sorted(stubs, key=lambda s: s.first)]
    return [replace(h, pauses_s=pauses_s(data, h)) for h in halves], stubs


def _stretches(data: Record) -> list[HalfCycle]:
    """Return the stretches of adjacent driven records of one sign, each with the rest after it."""
    driven = np.flatnonzero(data.sign)
    if driven.size == 0:
        return []
    new = (np.diff(driven) > 1) | (np.diff(data.sign[driven]) != 0)
    firsts = driven[np.concatenate(([True], new))]
    lasts = driven[np.concatenate((new, [True]))]
    stops = np.append(firsts[1:], data.sign.size)
    total = np.concatenate(([0.0], data.charge_Ah))
    charges = np.abs(total[stops] - total[firsts])
    return [
        HalfCycle(int(data.sign[first]), first, last, stop, charge, ((first, stop),))
        for first, last, stop, charge in zip(
            firsts.tolist(), lasts.tolist(), stops.tolist(), charges.tolist(), strict=True
        )
    ]


def _merged(parts: Sequence[HalfCycle]) -> list[HalfCycle]:
    """Unite neighbours of one direction."""
    groups: list[list[HalfCycle]] = []
    for part in parts:
        if groups and groups[-1][0].direction == part.direction:
            groups[-1].append(part)
        else:
            groups.append([part])
    return [
        replace(
            group[0],
            last=group[-1].last,
            end=group[-1].end,
            charge_Ah=sum(part.charge_Ah for part in group),
            stretches=tuple(s for part in group for s in part.stretches),
        )
        for group in groups
    ]


def _is_stub(data: Record, run: HalfCycle, limit: float, largest: float) -> bool:
    duration = data.time_s[run.last] - data.time_s[run.first]
    return run.charge_Ah < limit or (duration <= PULSE_S and run.charge_Ah < PULSE_SHARE * largest)


def _without_pulses(
    data: Record, run: HalfCycle, own: list[HalfCycle], limit: float
) -> tuple[HalfCycle, list[HalfCycle]]:
    """Set aside small stretches before and after a half cycle that rests keep apart from it.

    A pulse in the half cycle's own direction after the rest before it, or after the rest that follows it, would end
    that rest. One with the same current that lasts longer is an interrupted half cycle.
    """
    if len(own) < 2:
        return run, []
    usual = mean_current_A(data, run)
    pulses = []

    def is_pulse(part: HalfCycle) -> bool:
        if part.charge_Ah >= limit:
            return False
        current = mean_current_A(data, part)
        short = data.time_s[part.last] - data.time_s[part.first] <= PULSE_S
        return short or not abs(current / usual - 1) <= OTHER_CURRENT

    while len(own) > 1 and is_pulse(own[0]):
        pulses.append(own.pop(0))
    while len(own) > 1 and is_pulse(own[-1]):
        pulses.append(own.pop())
    return (_merged(own)[0] if pulses else run), pulses


def mean_current_A(data: Record, half: HalfCycle) -> float:
    """Return the median magnitude of the current over the constant-current records."""
    rows = slice(half.first, half.last + 1)
    pick = data.constant_current[rows] & (data.sign[rows] == half.direction)
    current = np.abs(data.current_A[rows][pick])
    return float(np.median(current)) if current.size else float("nan")


def silent(data: Record, half: HalfCycle) -> npt.NDArray[np.bool_]:
    """Mark the intervals of a half cycle in which its current did not flow.

    Element k is the interval that ends at record `first + 1 + k`. Over records at rest, of a stub or in a gap between
    driven records less than half of the charge moved that the current would have brought.
    """
    rows = slice(half.first, half.last + 1)
    interval = np.diff(data.time_s[rows])
    current = np.abs(data.current_A[rows])
    moved = half.direction * data.step_Ah[rows][1:]
    driven = data.sign[rows] == half.direction
    same = driven[1:] & driven[:-1]
    # At constant voltage the current falls between records: only constant current tells what it brings.
    steady = same & data.constant_current[rows][1:] & data.constant_current[rows][:-1]
    expected = np.where(same, 0.5 * (current[1:] + current[:-1]), mean_current_A(data, half))
    expected = expected * interval / 3600.0
    # Where charge and current are not in the same unit, all intervals would be silent.
    ratio = moved[steady & (expected > 0)] / expected[steady & (expected > 0)]
    usual = float(np.median(ratio)) if ratio.size else 1.0
    found = np.where(same, steady, True) & (moved < 0.5 * min(usual, 1.0) * expected)
    return np.asarray(found)


def pauses_s(data: Record, half: HalfCycle) -> float:
    """Return the time inside a half cycle in which its current did not flow."""
    interval = np.diff(data.time_s[half.first : half.last + 1])
    return float(np.nansum(interval[silent(data, half)]))


@dataclass(frozen=True)
class Cycle:
    """A charge and the discharge that follows it (or the reverse); `number` counts from 1.

    Attributes
    ----------
    number : int
    charge, discharge : HalfCycle or None
        The second of them may be missing.
    first : int
        Direction of the half cycle that comes first.
    """

    number: int
    charge: HalfCycle | None
    discharge: HalfCycle | None
    first: int = CHARGE

    @property
    def halves(self) -> list[HalfCycle]:
        """Its half cycles in order of time."""
        both = (self.charge, self.discharge)
        return [half for half in (both if self.first == CHARGE else both[::-1]) if half is not None]


def pair(halves: Sequence[HalfCycle], first: int = CHARGE) -> tuple[list[Cycle], HalfCycle | None]:
    """Pair each half cycle of the first direction with the one after it.

    Returns
    -------
    cycles : list of Cycle
    lone : HalfCycle or None
        A half cycle of the other direction before the first cycle; it belongs to none.
    """
    lone = halves[0] if halves and halves[0].direction != first else None
    rest = halves[1:] if lone else halves
    cycles: list[Cycle] = []
    for i in range(0, len(rest), 2):
        one, other = rest[i], rest[i + 1] if i + 1 < len(rest) else None
        charge, discharge = (one, other) if first == CHARGE else (other, one)
        cycles.append(Cycle(len(cycles) + 1, charge, discharge, first))
    return cycles, lone
