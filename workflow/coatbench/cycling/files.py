"""One cell in several exports: their order, what they repeat, and how charge goes on from one to the next.

Instruments write a file per linked technique, a new one after a restart, or cut long tests into numbered parts. The
index may give the order (`part`); else the clocks do. Records that a later file repeats are recognised by time and
content and dropped. An integral goes on where the file before it ended, or starts at zero again: the one that the
current can have brought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays
from ..errors import AnalysisError
from .record import Record, record

# Clocks of one start differ by rounding; files of one acquisition then share their time of zero.
SAME_START_S = 5.0
# Two records are the same if time and voltage agree: exports round differently.
REPEATED_V = 0.002
REPEATED_SHARE = 0.9
# A new test may seem to begin before the last one ended by as much as the clocks are rounded.
CLOCK_ROUNDING_S = 2.0
# Between two files more time than this is a gap that is reported.
GAP_S = 600.0


@dataclass(frozen=True)
class Part:
    """One export of a cell as read.

    Attributes
    ----------
    file : Path
    attrs : mapping
        Attributes of its columns: `clock_zero_s`, `counter_Ah`, `potential`.
    data : Record
    part : float or None
        Place that the index gives it.
    """

    file: Path
    attrs: Mapping[str, Any]
    data: Record
    part: float | None = None

    @property
    def zero_s(self) -> float | None:
        """When its test time was zero, on the clock; None where no clock is known."""
        found = self.attrs.get("clock_zero_s")
        return None if found is None else float(found)

    @property
    def counted_before_Ah(self) -> float | None:
        """What its integral holds at its first record; None where nothing tells what had flowed before."""
        if "counter_Ah" in self.attrs:
            return float(self.attrs["counter_Ah"][0])
        # A net charge holds earlier cycles too: only where it is at zero it tells.
        net = self.attrs.get("net_Ah")
        return 0.0 if net is not None and net[0] == 0 else None


def part_of(file: Path, columns: Arrays, potential: str = "", part: float | None = None) -> Part:
    """Make a part of what a reader returned; the columns themselves are not kept.

    Raises
    ------
    AnalysisError
        The file lacks the potential that the index asks for.
    """
    try:
        return Part(file, columns.attrs, record(columns, potential), part)
    except LookupError as error:
        raise AnalysisError(
            file, "column potential of the index", f"a file that holds the {potential} potential",
            "one that does not", "leave the cell empty to take the controlled potential",
        ) from error  # fmt: skip


def joined(parts: Sequence[Part]) -> tuple[Record, list[Part], list[str]]:
    """Join the exports of one cell.

    Parameters
    ----------
    parts : sequence of Part
        In any order.

    Returns
    -------
    Record
    parts : list of Part
        In order of their time.
    notes : list of str
        What was left out, assumed or missing between them.

    Raises
    ------
    AnalysisError
        The order cannot be told, or two files hold different records of the same time.
    """
    records = [part.data for part in parts]
    if len(parts) == 1:
        return records[0], list(parts), []
    offsets, notes = _offsets(parts, records)
    records = [
        replace(r, time_s=r.time_s + offset) for r, offset in zip(records, offsets, strict=True)
    ]
    order = _order(parts, records)
    whole: Record | None = None
    counter: tuple[float, float] | None = None
    net: tuple[float, float] | None = None
    used: list[Part] = []
    previous: Part | None = None
    for i in order:
        part, new = parts[i], records[i]
        if new.time_s.size == 0:
            notes.append(f"{part.file.name}: no records")
            continue
        first = 0
        if whole is not None and previous is not None:
            first, new = _without_repeats(whole, previous, part, new, notes)
        if first == new.time_s.size:
            continue
        new = _cut(new, first, len(used))
        own = part.attrs.get("counter_Ah")
        at = 0 if whole is None else whole.time_s.size
        whole = (
            new
            if whole is None
            else _append(whole, new, counter if first == 0 else None, own, first)
        )
        if net is not None and first == 0 and at and whole.increments_Ah is not None:
            whole.increments_Ah[at] = _net_between(whole, at, net, part.attrs.get("net_Ah"))
        counter, net = own, part.attrs.get("net_Ah")
        used.append(part)
        previous = part
    if whole is None:
        return records[0], list(parts), notes
    return whole, used, notes


def _offsets(parts: Sequence[Part], records: Sequence[Record]) -> tuple[list[float], list[str]]:
    """Return what to add to each file's time to get one clock for all."""
    spans = [_span(r) for r in records]
    zeros = [part.zero_s for part in parts]
    if all(zero is not None for zero in zeros):
        snapped: list[float] = []
        for zero in zeros:
            assert zero is not None
            snapped.append(next((z for z in snapped if abs(z - zero) < SAME_START_S), zero))
        return [z - min(snapped) for z in snapped], []
    known = sorted(span for span in spans if span is not None)
    apart = all(b[0] >= a[1] - CLOCK_ROUNDING_S for a, b in pairwise(known))
    numbered = all(part.part is not None for part in parts)
    if apart and not numbered:
        return [0.0] * len(parts), []
    if not numbered:
        lacking = [part.file for part, zero in zip(parts, zeros, strict=True) if zero is None]
        raise AnalysisError(
            lacking[0],
            "order of the cell's files",
            "a date in each, or times that follow each other",
            "times that overlap and no date",
            "give the order in the index's column part",
        )
    # No clock for all: each file follows the one before it.
    offsets = [0.0] * len(parts)
    end = -np.inf
    for i in sorted(range(len(parts)), key=lambda i: parts[i].part or 0.0):
        span = spans[i]
        if span is None:
            continue
        if span[0] < end:
            offsets[i] = end - span[0]
        end = span[1] + offsets[i]
    return offsets, ["no date in every file: times between files are not known"]


def _span(data: Record) -> tuple[float, float] | None:
    known = data.time_s[np.isfinite(data.time_s)]
    return (float(known[0]), float(known[-1])) if known.size else None


def _order(parts: Sequence[Part], records: Sequence[Record]) -> list[int]:
    if all(part.part is not None for part in parts):
        return sorted(range(len(parts)), key=lambda i: parts[i].part or 0.0)

    def place(i: int) -> tuple[float, float, str]:
        # Of two that begin together the longer one first; equal ones by name, so that the index's order is no matter.
        start, end = _span(records[i]) or (np.inf, np.inf)
        return start, -end, parts[i].file.name

    return sorted(range(len(parts)), key=place)


def _without_repeats(
    whole: Record, previous: Part, part: Part, new: Record, notes: list[str]
) -> tuple[int, Record]:
    """Return the first record of a file that is not in the ones before it, and the file on a clock that follows them."""
    end = float(np.nanmax(whole.time_s))
    start = float(new.time_s[np.isfinite(new.time_s)][:1].sum())
    if start >= end:
        if start - end > GAP_S:
            notes.append(
                f"{part.file.name}: begins {start - end:.0f} s after {previous.file.name} ended"
            )
        return 0, new
    inside = np.flatnonzero(new.time_s <= end)
    if _repeats(whole, new, inside):
        first = int(inside[-1]) + 1
        notes.append(f"{part.file.name}: {first} records repeat {previous.file.name}: left out")
        return first, _from(new, first, end)
    if end - start <= CLOCK_ROUNDING_S:
        return 0, replace(new, time_s=new.time_s + (end - start))
    if previous.part is not None and part.part is not None and _continues(whole, new):
        notes.append(
            f"{part.file.name}: by its clock it begins {end - start:.0f} s before {previous.file.name} ended: the order is "
            "that of part, the time between them is not known"
        )
        return 0, replace(new, time_s=new.time_s + (end - start))
    raise AnalysisError(
        part.file,
        "time",
        f"records that follow {previous.file.name} of the same cell, or repeat it",
        f"other values over {end - start:.0f} s of the same time",
        "correct cell, sample or part in the index; where a clock was set back, part gives the order",
    )


def _continues(whole: Record, new: Record) -> bool:
    """Tell whether the voltage goes on from one record to the next better than the other way round."""

    def jump(before: Record, after: Record) -> float:
        return abs(float(after.voltage_V[0] - before.voltage_V[-1]))

    return jump(whole, new) < jump(new, whole)


def _repeats(whole: Record, new: Record, inside: npt.NDArray[np.intp]) -> bool:
    """Tell whether records lie on those that are already there: at their times the same voltage and direction."""
    order = np.argsort(whole.time_s, kind="stable")
    time, voltage = whole.time_s[order], whole.voltage_V[order]
    at, value = new.time_s[inside], new.voltage_V[inside]
    right = np.clip(np.searchsorted(time, at), 1, time.size - 1)  # of one record: itself
    left = np.maximum(right - 1, 0)
    low = np.minimum(voltage[left], voltage[right]) - REPEATED_V
    high = np.maximum(voltage[left], voltage[right]) + REPEATED_V
    agree = (value >= low) & (value <= high)
    return bool(np.mean(agree) >= REPEATED_SHARE)


def _from(new: Record, first: int, end: float) -> Record:
    """Leave of the charge of the first new record what flowed after `end`."""
    if first >= new.time_s.size:
        return new
    interval = new.time_s[first] - new.time_s[first - 1]
    share = min((new.time_s[first] - end) / interval, 1.0) if interval > 0 else 1.0
    fields: dict[str, npt.NDArray] = {}
    for name in ("integral_Ah", "increments_Ah"):
        step = getattr(new, name)
        if step is not None:
            fields[name] = step.copy()
            fields[name][first] *= share
    return replace(new, **fields)


def _cut(data: Record, first: int, number: int) -> Record:
    def tail(values: npt.NDArray | None) -> npt.NDArray | None:
        return None if values is None else values[first:]

    fields = {name: tail(getattr(data, name)) for name in _COLUMNS}
    return Record(**fields | {"file": np.full(data.time_s.size - first, number, np.int16)})  # type: ignore[arg-type]


_COLUMNS = (
    "time_s", "voltage_V", "current_A", "sign", "constant_current", "alternating", "paused",
    "integral_Ah", "increments_Ah", "controlled_V", "frequency_Hz", "impedance_ohm", "file",
)  # fmt: skip


def _append(
    whole: Record,
    new: Record,
    counter: tuple[float, float] | None,
    own: tuple[float, float] | None,
    first: int,
) -> Record:
    """Return both records as one."""
    fields: dict[str, npt.NDArray | None] = {}
    for name in _COLUMNS:
        a, b = getattr(whole, name), getattr(new, name)
        fields[name] = None if a is None or b is None else np.concatenate((a, b))
    at = whole.time_s.size
    if fields["integral_Ah"] is None and fields["increments_Ah"] is None:
        # One counts by integral, the other by increments or not at all: each by its best.
        fields["increments_Ah"] = np.concatenate((whole.step_Ah, new.step_Ah))
    between = {"integral_Ah": _between(whole, new, counter, own), "increments_Ah": 0.0}
    for name, charge in between.items():
        step = fields[name]
        if step is not None and first == 0:
            step[at] = charge
    return Record(**fields)  # type: ignore[arg-type]


def _net_between(
    whole: Record, at: int, before: tuple[float, float], own: tuple[float, float] | None
) -> float:
    """Return what a net charge that goes on through linked techniques grew by up to a file's first record."""
    step = 0.0 if own is None else own[0] - before[1]
    interval = max(float(whole.time_s[at] - whole.time_s[at - 1]), 0.0)
    most = 1.1 * float(np.abs(whole.current_A[at - 1 : at + 1]).max()) * interval / 3600.0
    return step if step * float(whole.sign[at]) > 0 and abs(step) <= most else 0.0


def _between(
    whole: Record,
    new: Record,
    counter: tuple[float, float] | None,
    own: tuple[float, float] | None,
) -> float:
    """Return the charge between the last record of one file and the first of the next."""
    if own is None or new.sign[0] == 0:
        return 0.0
    direction = float(new.sign[0])
    restarted = direction * own[0]
    going_on = restarted - direction * counter[1] if counter is not None else restarted
    interval = max(float(new.time_s[0] - whole.time_s[-1]), 0.0)
    most = 1.1 * abs(float(new.current_A[0])) * interval / 3600.0
    if interval <= 0 and new.integral_Ah is not None and new.integral_Ah.size > 1:
        # The time between them is not known: as much as a usual record brings.
        most = 1.5 * abs(float(new.integral_Ah[1]))
    # A counter that goes on is known to be right however long the gap; one that starts again may hold what flowed since.
    if counter is not None and direction * counter[1] > 0 and going_on >= 0:
        return direction * going_on
    return direction * restarted if 0 <= restarted <= most else 0.0
