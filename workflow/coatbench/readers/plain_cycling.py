"""Columns of plain cycler tables to the common table: sign, direction, steps, accumulated charge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import quote
from . import bdf
from .assemble import DescribedFile
from .cells import clock_seconds, stamp
from .model import Export
from .table_rows import Part

QUANTITIES = (
    "time_s", "voltage_V", "current_A", "capacity_Ah", "charge_capacity_Ah", "discharge_capacity_Ah",
    "net_capacity_Ah", "temperature_degC", "cycle", "step", "record", "state", "clock",
)  # fmt: skip
HEAD = ()
# What is used where it is known in every record.
OPTIONAL = (
    "capacity_Ah", "charge_capacity_Ah", "discharge_capacity_Ah", "net_capacity_Ah", "temperature_degC", "cycle", "step",
)  # fmt: skip
# Units of time that files mean where they name another: milliseconds, minutes, hours.
TIME_FACTORS = (1e-3, 60.0, 3600.0)
CLOCK_SHARE = 0.1
RESTART_SHARE = 0.5
OPPOSITE_SHARE = 0.9  # of the moved charge against the sign of the current


def build(file: DescribedFile) -> Export:
    """Make the common table of a plain one.

    Raises
    ------
    ReadError
        No time, voltage or current; a state that the description does not know.
    """
    part = file.part()
    time = _time_by_clock(file, part)
    if time is None:
        time = _checked_time(file, part, file.needed(part, "time_s"))
    voltage, current = file.needed(part, "voltage_V"), file.needed(part, "current_A")
    for one, values in zip(part.found, part.values, strict=True):
        if one.column.quantity in OPTIONAL and (gaps := int(np.isnan(values).sum())):
            file.warnings.append(
                f"{file.path.name}: {gaps} empty cells in column {quote(one.label)}: it is not used"
            )
    step_id = _whole(part, "step")
    cycle = _whole(part, "cycle")
    direction = _states(file, part)
    if file.description.current == "discharge_positive":
        current = -current
    if direction is None:
        direction = _direction(file, current, voltage, step_id, time, part)
    current = np.where(direction == 0, 0.0, direction * np.abs(current))
    charging, discharging, net = _charges(part, direction)
    if charging is not None and discharging is not None:
        direction, current = _against_charge(file, direction, current, charging - discharging)
    keys = [k for k in (step_id, cycle) if k is not None]
    steps = bdf.step_count(direction, *keys)
    held = bdf.constant_voltage(voltage, current, steps)
    table: dict[str, npt.NDArray] = {
        bdf.TIME: time,
        bdf.VOLTAGE: voltage,
        bdf.CURRENT: current,
        bdf.RECORD: np.arange(1, time.size + 1, dtype=np.int32),
        bdf.STEP_COUNT: steps,
        bdf.STEP_TYPE: bdf.step_types(direction, held),
    }
    if cycle is not None:
        table[bdf.CYCLE] = cycle
    if step_id is not None:
        table[bdf.STEP_ID] = step_id
    if charging is not None and discharging is not None:
        table |= {
            bdf.CHARGING: charging,
            bdf.DISCHARGING: discharging,
            bdf.NET: charging - discharging,
        }
    elif net is not None:
        table[bdf.NET] = net
    temperature = part.of("temperature_degC")
    if temperature is not None and np.isfinite(temperature).all():
        table[bdf.TEMPERATURE] = temperature
    about = file.attrs()
    return bdf.build(
        file.path, file.description.name, table, instrument=about["instrument"],
        date=about["date"] or _first_clock(file, part), vendor=about["vendor"],
        warnings=file.warnings, incomplete_rows=int(bool(file.tables.dropped)),
        more=_ends(file, part, direction, time),
    )  # fmt: skip


def _whole(part: Part, quantity: str) -> npt.NDArray[np.int32] | None:
    values = part.of(quantity)
    if values is None or not np.isfinite(values).all() or (np.abs(values) > 2**31 - 1).any():
        return None
    return np.round(values).astype(np.int32)


def _states(file: DescribedFile, part: Part) -> npt.NDArray[np.int8] | None:
    """Return 1, -1 or 0 of every row by the file's own names of states; None where it has none."""
    cells = part.of("state")
    if cells is None or not file.description.states:
        return None
    value = {"charge": 1, "discharge": -1, "rest": 0}
    code: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell in code:
            continue
        fits = [n for n, pattern in file.description.states.items() if pattern.search(cell)]
        if len(fits) != 1:
            known = ", ".join(f"{n} ({p.pattern})" for n, p in file.description.states.items())
            raise file.error(part, row, f"one of the states {known}", quote(cell))
        code[cell] = value[fits[0]]
    return np.array([code[cell] for cell in cells], np.int8)


def _direction(
    file: DescribedFile,
    current: npt.NDArray,
    voltage: npt.NDArray,
    step_id: npt.NDArray | None,
    time: npt.NDArray,
    part: Part,
) -> npt.NDArray[np.int8]:
    """Return the direction by the sign of the current; where currents carry none, by charge counters, else the voltage."""
    limit = bdf.rest_current(current, time)
    driven = np.abs(current) > limit
    if (current < -limit).any():
        return np.where(driven, np.sign(current), 0).astype(np.int8)
    counted = _by_counters(part, driven)
    if counted is not None:
        return counted
    if file.description.current != "unsigned":
        return np.where(driven, np.sign(current), 0).astype(np.int8)
    file.warnings.append(
        f"{file.path.name}: neither a sign nor a state tells charge from discharge: steps in which the "
        "voltage rises are taken as charge"
    )
    keys = [driven.astype(np.int8)] + ([step_id] if step_id is not None else [])
    steps = bdf.step_count(*keys)
    direction = np.zeros(current.size, np.int8)
    for step in np.unique(steps[driven]):
        rows = np.flatnonzero((steps == step) & driven)
        # The jump over the resistance at the start has the right sign too.
        before = voltage[rows[0] - 1] if rows[0] else voltage[rows[0]]
        direction[rows] = 1 if voltage[rows[-1]] >= before else -1
    return direction


def _by_counters(part: Part, driven: npt.NDArray) -> npt.NDArray[np.int8] | None:
    """Return the direction by which of two counters grows; None where a file has not both or only one of them counts."""
    counters = [part.of(f"{name}_capacity_Ah") for name in ("charge", "discharge")]
    if any(c is None or not c.size or not np.isfinite(c).all() for c in counters):
        return None
    up, down = (np.diff(_grown(np.abs(c)), prepend=0.0) for c in counters if c is not None)
    up[0] = down[0] = 0.0
    if not down.any():
        return None
    sign = np.sign(up - down)
    known = np.flatnonzero(sign)
    # A record in which nothing was counted yet goes with the next one that counts.
    following = known[np.minimum(np.searchsorted(known, np.arange(sign.size)), known.size - 1)]
    return np.where(driven, sign[following], 0).astype(np.int8)


def _grown(values: npt.NDArray) -> npt.NDArray:
    """Return the growth of a counter that may start again: where it falls by more than half, which no jitter does."""
    step = np.diff(values, prepend=0.0)
    fell = np.zeros(values.size, bool)
    fell[1:] = values[1:] < RESTART_SHARE * values[:-1]
    step[fell] = values[fell]
    return np.cumsum(step)


def _known(part: Part, quantity: str) -> npt.NDArray | None:
    """Return a column that is known in every record."""
    values = part.of(quantity)
    return None if values is None or not values.size or not np.isfinite(values).all() else values


def _charges(
    part: Part, direction: npt.NDArray
) -> tuple[npt.NDArray | None, npt.NDArray | None, npt.NDArray | None]:
    """Return never-reset charging and discharging capacity, or the net one, as far as the file has them."""
    charge, discharge = (_known(part, f"{name}_capacity_Ah") for name in ("charge", "discharge"))
    if charge is not None and discharge is not None:
        return _grown(np.abs(charge)), _grown(np.abs(discharge)), None
    one = _known(part, "capacity_Ah")
    if one is not None and (one >= 0).all():
        # One counter for either direction. Recorders book the last of it on the first record at rest.
        driven = np.maximum.accumulate(np.where(direction != 0, np.arange(one.size), 0))
        step = np.diff(_grown(one), prepend=0.0)
        return (
            np.cumsum(np.where(direction[driven] > 0, step, 0.0)),
            np.cumsum(np.where(direction[driven] < 0, step, 0.0)),
            None,
        )
    net = _known(part, "net_capacity_Ah")
    return None, None, net


def _against_charge(
    file: DescribedFile, direction: npt.NDArray, current: npt.NDArray, net: npt.NDArray
) -> tuple[npt.NDArray, npt.NDArray]:
    """Turn the current round where the file's own charge counters say that it is written the other way."""
    moved = np.diff(net, prepend=net[:1])
    against = float(np.abs(moved[np.sign(moved) == -direction]).sum())
    total = float(np.abs(moved[direction != 0]).sum())
    if total > 0 and against > OPPOSITE_SHARE * total:
        file.warnings.append(
            f"{file.path.name}: the charge grows where the current is negative: discharge is taken as "
            "positive in this file"
        )
        return -direction, -current
    return direction, current


def _ends(
    file: DescribedFile, part: Part, direction: npt.NDArray, time: npt.NDArray
) -> dict[str, Any]:
    """Return when the time was zero, and the signed charge counter at both ends: another file may go on from there."""
    more: dict[str, Any] = {}
    if written := part.written.get("current_A"):
        more["current_step_A"] = written
    if clock := _first_clock(file, part):
        more |= bdf.clock(datetime.fromisoformat(clock), float(time[0]))
    driven = np.flatnonzero(direction)
    if driven.size:
        counters = {
            sign: values
            if (values := _known(part, name)) is not None
            else _known(part, "capacity_Ah")
            for sign, name in ((1, "charge_capacity_Ah"), (-1, "discharge_capacity_Ah"))
        }

        def signed(row: int) -> float:
            sign = int(direction[row])
            counter = counters.get(sign)
            return 0.0 if counter is None else sign * abs(float(counter[row]))

        more["counter_Ah"] = (signed(0), signed(int(driven[-1])))
    return more


def _first_clock(file: DescribedFile, part: Part) -> str:
    cells: Any = part.of("clock")
    found = (
        stamp(cells[0], file.description.date_order) if cells is not None and len(cells) else None
    )
    return found.isoformat(timespec="seconds") if found else ""


def _time_by_clock(file: DescribedFile, part: Part) -> npt.NDArray | None:
    """Return the time since the first record by the clock, where no column has it; None where none is needed or known."""
    cells: Any = part.of("clock")
    if part.of("time_s") is not None or cells is None:
        return None
    known = {cell: stamp(cell, file.description.date_order) for cell in dict.fromkeys(cells)}
    for row, cell in enumerate(cells):
        if known[cell] is None:
            raise file.error(part, row, "a date and time", quote(cell))
    stamps = np.array([known[cell] for cell in cells], "datetime64[us]")
    return np.asarray((stamps - stamps[0]) / np.timedelta64(1, "s"), float)


def _checked_time(file: DescribedFile, part: Part, time: npt.NDArray) -> npt.NDArray:
    """Return the time in s: by the clock beside it, where the unit that the label names cannot be right."""
    cells: Any = part.of("clock")
    if cells is None or len(cells) < 2 or not time[-1] > time[0]:
        return time
    ends = [stamp(c, file.description.date_order) for c in (cells[0], cells[-1])]
    if ends[0] is None or ends[1] is None or clock_seconds(cells[0]) is not None:
        return time
    elapsed = (ends[1] - ends[0]).total_seconds()
    ratio = elapsed / float(time[-1] - time[0])
    if elapsed <= 10:
        return time
    for factor in TIME_FACTORS:
        if abs(ratio / factor - 1) < CLOCK_SHARE:
            file.warnings.append(
                f"{file.path.name}: by its clock the file took {ratio:.4g} times the time of its column: "
                f"times are multiplied by {factor:g}"
            )
            return time * factor
    return time
