"""Half cycles: stretches of one sign of charge, the rest that follows them, and the charge they moved.

A half cycle is the longest run of driven records of one sign; the rest after it belongs to it. Vendors'
cycle counters and flags are not used: they disagree with each other and with the charge (see docs/cycling.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays
from ..readers import bdf

CHARGE, DISCHARGE = 1, -1
NAMES = {CHARGE: "charge", DISCHARGE: "discharge"}


@dataclass(frozen=True)
class Record:
    """The columns of one cell as arrays.

    Attributes
    ----------
    time_s, voltage_V, current_A : (n,) arrays
    sign : (n,) array
        1 charge, -1 discharge, 0 rest.
    constant_current : (n,) bool array
    integral_Ah : (n,) array or None
        Charging minus discharging capacity by the instrument's own integral.
    increments_Ah : (n,) array or None
        Net capacity by the recorded increments.
    """

    time_s: npt.NDArray
    voltage_V: npt.NDArray
    current_A: npt.NDArray
    sign: npt.NDArray
    constant_current: npt.NDArray
    integral_Ah: npt.NDArray | None
    increments_Ah: npt.NDArray | None

    @property
    def charge_Ah(self) -> npt.NDArray:
        """Net charge of every record by the best source there is."""
        if self.integral_Ah is not None:
            return self.integral_Ah
        if self.increments_Ah is not None:
            return self.increments_Ah
        return self.trapezoid_Ah

    @property
    def trapezoid_Ah(self) -> npt.NDArray:
        """Integral of the current over time between driven records, by the trapezoid rule."""
        if self.time_s.size == 0:
            return np.zeros(0)
        interval = np.diff(self.time_s)
        step = 0.5 * (self.current_A[1:] + self.current_A[:-1]) * interval / 3600.0
        # Before the first driven record of a step the recorder may have waited for half an hour.
        step = np.where(self.sign[1:] != self.sign[:-1], 0.0, step)
        return np.concatenate(([0.0], np.cumsum(np.where(np.isfinite(step), step, 0.0))))


def record(columns: Arrays) -> Record:
    """Return the arrays of columns in Battery Data Format labels."""
    codes = columns[bdf.STEP_TYPE]
    sign = np.zeros(codes.size, np.int8)
    sign[(codes == bdf.CC_CHG) | (codes == bdf.CV_CHG)] = CHARGE
    sign[(codes == bdf.CC_DCH) | (codes == bdf.CV_DCH)] = DISCHARGE
    integral = None
    if bdf.CHARGING in columns:
        integral = columns[bdf.CHARGING] - columns[bdf.DISCHARGING]
    increments = None
    if bdf.NET in columns:
        increments = columns[bdf.NET]
    return Record(
        time_s=columns[bdf.TIME],
        voltage_V=columns[bdf.VOLTAGE],
        current_A=columns[bdf.CURRENT],
        sign=sign,
        constant_current=(codes == bdf.CC_CHG) | (codes == bdf.CC_DCH),
        integral_Ah=integral,
        increments_Ah=increments,
    )


@dataclass(frozen=True)
class HalfCycle:
    """One half cycle.

    Attributes
    ----------
    direction : int
        `CHARGE` or `DISCHARGE`.
    first, last : int
        First and last driven record.
    end : int
        One past the last record of the rest that follows.
    charge_Ah : float
        Magnitude of the charge moved, by the best source.
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
    pauses_s: float = 0.0
    stub: bool = False

    def moved(self, cumulative_Ah: npt.NDArray) -> float:
        """Return the magnitude of the charge of this half cycle in another cumulative column.

        It ends with the rest: recorders book the last increment on the first record at rest.
        """
        before = cumulative_Ah[self.first - 1] if self.first else 0.0
        return float(abs(cumulative_Ah[self.end - 1] - before))


def half_cycles(data: Record, stub_fraction: float) -> tuple[list[HalfCycle], list[HalfCycle]]:
    """Split a record.

    Parameters
    ----------
    data : Record
    stub_fraction : float
        Half cycles with less than this share of the largest one's charge are stubs. Half cycles of one
        direction that only stubs keep apart are one (interrupted) half cycle.

    Returns
    -------
    halves, stubs : lists of HalfCycle, in order of time.
    """
    driven = np.flatnonzero(data.sign)
    if driven.size == 0:
        return [], []
    starts = driven[np.flatnonzero(np.diff(data.sign[driven], prepend=0))]
    ends = np.append(starts[1:], data.sign.size)
    charge = data.charge_Ah
    runs = []
    for first, end in zip(starts.tolist(), ends.tolist(), strict=True):
        last = int(driven[np.searchsorted(driven, end) - 1])
        half = HalfCycle(int(data.sign[first]), first, last, end, 0.0)
        runs.append(replace(half, charge_Ah=half.moved(charge)))
    limit = stub_fraction * max(run.charge_Ah for run in runs)
    stubs = [replace(run, stub=True) for run in runs if run.charge_Ah < limit]
    halves: list[HalfCycle] = []
    for run in runs:
        if run.charge_Ah < limit:
            continue
        if halves and halves[-1].direction == run.direction:
            before = halves.pop()
            run = replace(run, first=before.first, charge_Ah=before.charge_Ah + run.charge_Ah)
        halves.append(run)
    return [replace(h, pauses_s=_pauses(data, h)) for h in halves], stubs


def _pauses(data: Record, half: HalfCycle) -> float:
    """Return the time inside a half cycle in which its current did not flow.

    Records at rest or of a stub count; so does a gap between driven records over which less than half of
    the charge moved that their current would have brought: the recorder was off as well.
    """
    rows = slice(half.first, half.last + 1)
    interval = np.diff(data.time_s[rows])
    idle = (data.sign[rows] != half.direction)[1:]
    current = np.abs(data.current_A[rows])
    expected = 0.5 * (current[1:] + current[:-1]) * interval / 3600.0
    moved = np.abs(np.diff(data.charge_Ah[rows]))
    # At constant voltage the current falls between records: only constant current tells what it brings.
    steady = data.constant_current[rows][1:] & data.constant_current[rows][:-1]
    silent = steady & (data.sign[rows][1:] == data.sign[rows][:-1]) & (moved < 0.5 * expected)
    return float(np.nansum(interval[idle | silent]))


@dataclass(frozen=True)
class Cycle:
    """A charge and the discharge that follows it; `number` counts from 1."""

    number: int
    charge: HalfCycle
    discharge: HalfCycle | None


def pair(halves: list[HalfCycle]) -> tuple[list[Cycle], HalfCycle | None]:
    """Pair each charge with the discharge after it.

    Returns
    -------
    cycles : list of Cycle
    lone : HalfCycle or None
        A discharge before the first charge; it belongs to no cycle.
    """
    lone = halves[0] if halves and halves[0].direction == DISCHARGE else None
    rest = halves[1:] if lone else halves
    cycles: list[Cycle] = []
    for i in range(0, len(rest), 2):
        discharge = rest[i + 1] if i + 1 < len(rest) else None
        cycles.append(Cycle(len(cycles) + 1, rest[i], discharge))
    return cycles, lone
