"""MACCOR text exports in the dialects of MIMS, of the KIT sheets, and re-saved ones.

All have a column line that starts with `Rec`; what stands above it, the names of the columns, the unit of
time (days and h:m:s, seconds, minutes), the decimal sign, and whether discharge current is negative,
differ. The sign of a row comes from its state. The charge integral restarts with a step in most files, and
goes on from constant current into constant voltage in some: a step that begins where the one before ended
continues it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote
from . import bdf
from .cells import clock_seconds, stamp
from .model import Export
from .tabular import Kind, opened, read_columns, uses_decimal_comma
from .text import decode, read_head

MAX_HEADER_LINES = 60
MAX_HEADER_BYTES = 1 << 20

# Column names by what they hold; the first that a file has is used.
NAMES: dict[str, tuple[str, ...]] = {
    "record": ("Rec#", "Rec"),
    "cycle": ("Cycle C", "Cyc#", "Cycle"),
    "step": ("Step",),
    "time": ("TestTime", "Test (Sec)", "Test (Min)", "Test (Hr)", "Test Time"),
    "capacity": ("Cap. [Ah]", "Amp-hr", "mAmp-hr", "Capacity (mAh)", "Capacity (Ah)"),
    "current": ("Current [A]", "Amps", "mAmps", "Current (mA)", "Current (A)"),
    "voltage": ("Voltage [V]", "Volts", "Voltage (V)"),
    "state": ("Md", "State"),
    "clock": ("DPT Time", "DPt Time"),
}
MILLI = {"mAmp-hr", "Capacity (mAh)", "mAmps", "Current (mA)"}
TIME_UNITS = {"Test (Sec)": 1.0, "Test (Min)": 60.0, "Test (Hr)": 3600.0}
POSSIBLE_UNITS = (1.0, 60.0, 3600.0)
CHARGE, DISCHARGE = "C", "D"
STATES = "RCDOPS"  # rest, charge, discharge, off, pause, suspended
PAUSED = "OPS"
# States of several letters are measurements of their own (FRA: frequency response), neither charge nor rest.
OTHER = re.compile(r"[A-Z][A-Za-z0-9]{1,5}\Z")
OTHER_CODE = ord("~")

# No battery has 20 V: such a file holds everything in a thousandth of the unit that its header names.
THOUSANDTHS_ABOVE_V = 20.0


def read(path: Path) -> Export:
    """Read one MACCOR text export.

    Raises
    ------
    ReadError
        No column line, a column that is needed is absent, a record with missing fields or a cell that is
        no number or no known state.
    """
    preamble, names, first_line, offset, rows = _header(path)
    found = {role: next((n for n in known if n in names), "") for role, known in NAMES.items()}
    for role in ("time", "capacity", "current", "voltage", "state"):
        if not found[role]:
            raise ReadError(path, "column names", f"a column of {role}", ", ".join(names)[:120])
    numbers = [names.index(found[k]) for k in ("capacity", "current", "voltage")]
    comma = uses_decimal_comma(path, rows, numbers, first_line)
    as_text = any("d" in row[names.index(found["time"])] for row in rows[:1])
    kinds: dict[str, Kind] = {found[k]: float for k in ("capacity", "current", "voltage")}
    kinds[found["time"]] = partial(_days, path) if as_text else float
    kinds[found["state"]] = partial(_states, path, found["state"])
    kinds.update({found[k]: int for k in ("cycle", "step", "record") if found[k]})
    columns = read_columns(
        path, names, kinds, offset=offset, first_line=first_line, decimal_comma=comma
    )
    values = {role: columns.values[name] for role, name in found.items() if name in kinds}
    warnings = []
    if columns.incomplete:
        warnings.append(f"{columns.incomplete} incomplete last line dropped")
    seconds = values["time"]
    named = 1.0 if as_text else TIME_UNITS.get(found["time"])
    units = POSSIBLE_UNITS if named is None else (named,)
    stamps = [row[names.index(found["clock"])] for row in rows] if found["clock"] else []
    clock, day_first = _clock(stamps, comma, seconds, units)
    unit = named or _fitting_unit(clock, seconds, units)
    if unit is None:
        unit = 60.0
        warnings.append("time has no unit and no clock to compare with: taken as minutes")
    seconds = seconds * unit
    table, notes, counter = _normalise(values, found, seconds)
    vendor = _preamble(preamble)
    first = next((c for c in clock[:1] if c), None)
    started = _started(vendor, day_first) or first
    more = bdf.clock(first, float(seconds[0])) if first and seconds.size else bdf.clock(started)
    return bdf.build(
        path,
        "MACCOR ASCII",
        table,
        instrument=" ".join(["MACCOR", vendor.get("Channel", "") and f"channel {vendor['Channel']}"]).strip(),
        date=started.isoformat() if started else "",
        vendor=vendor,
        warnings=warnings + notes,
        incomplete_rows=columns.incomplete,
        more={**more, "counter_Ah": counter},
    )  # fmt: skip


def _header(path: Path) -> tuple[list[str], list[str], int, int, list[list[str]]]:
    """Find the column line.

    Returns the lines above it, the column names, line and byte of the first record, and some records.
    """
    lines = read_head(path, MAX_HEADER_BYTES, opened).split(b"\n")
    for i, line in enumerate(lines[:MAX_HEADER_LINES]):  # noqa: B007
        if re.match(rb"Rec#?\t", line) and b"\tStep\t" in line:
            break
    else:
        raise ReadError(
            path,
            f"lines 1 to {min(len(lines), MAX_HEADER_LINES)}",
            "a line of column names that starts with Rec",
            quote(lines[0].strip()),
            "the file is cut within its header or no MACCOR export",
        )
    preamble = [decode(b, path)[0].rstrip("\r") if b.strip() else "" for b in lines[:i]]
    names = [n.strip() for n in lines[i].decode("latin-1").rstrip("\r").split("\t")]
    if names and names[-1] == "":
        names.pop()
    names = [n if names.index(n) == k else f"{n} #{k}" for k, n in enumerate(names)]
    first = i + 1
    while first < len(lines) - 1 and not lines[first].strip():
        first += 1
    offset = sum(len(line) + 1 for line in lines[:first])
    rows = [b.decode("latin-1").rstrip("\r").split("\t") for b in lines[first : first + 200]]
    return preamble, names, first + 1, offset, [r for r in rows if len(r) >= len(names)]


def _normalise(
    values: dict[str, npt.NDArray], found: dict[str, str], seconds: npt.NDArray
) -> tuple[dict[str, npt.NDArray], list[str], tuple[float, float]]:
    warnings = []
    state = values["state"]
    voltage = values["voltage"]
    scale = {role: 1e-3 if found[role] in MILLI else 1.0 for role in ("current", "capacity")}
    scale["voltage"] = 1.0
    if voltage.size and np.median(np.abs(voltage)) > THOUSANDTHS_ABOVE_V:
        scale = {role: factor * 1e-3 for role, factor in scale.items()}
        warnings.append(
            f"{found['voltage']} reach {voltage.max():.0f}: the file holds thousandths of the units in its "
            "header; voltage, current and capacity are divided by 1000"
        )
    direction = np.select([state == ord(CHARGE), state == ord(DISCHARGE)], [1, -1], 0).astype(
        np.int8
    )
    other = state == OTHER_CODE
    paused = np.isin(state, [ord(letter) for letter in PAUSED])
    current = direction * np.abs(values["current"]) * scale["current"]
    capacity = np.abs(values["capacity"]) * scale["capacity"]
    step = values.get("step", np.zeros(state.size, np.int32))
    cycle = values.get("cycle", np.zeros(state.size, np.int32))
    steps = bdf.step_count(step, cycle, direction, other.astype(np.int8))
    flow = _flow(direction, paused, step, cycle, capacity)
    block = _restarts(capacity, steps, flow)
    charging, discharging = bdf.accumulate(capacity, block, flow)
    held = bdf.constant_voltage(voltage * scale["voltage"], current, steps)
    types = bdf.step_types(direction, held)
    types[paused], types[other] = bdf.PAUSE, bdf.AC
    table: dict[str, npt.NDArray] = {
        bdf.TIME: seconds,
        bdf.VOLTAGE: voltage * scale["voltage"],
        bdf.CURRENT: current,
        bdf.RECORD: values.get("record", np.arange(1, state.size + 1, dtype=np.int32)),
        bdf.STEP_COUNT: steps,
        bdf.STEP_TYPE: types,
        bdf.NET: charging - discharging,
        bdf.CHARGING: charging,
        bdf.DISCHARGING: discharging,
    }
    if "step" in values:
        table[bdf.STEP_ID] = step
    if "cycle" in values:
        table[bdf.CYCLE] = cycle
    return table, warnings, _counter(flow, capacity)


def _flow(
    direction: npt.NDArray,
    paused: npt.NDArray,
    step: npt.NDArray,
    cycle: npt.NDArray,
    capacity: npt.NDArray,
) -> npt.NDArray:
    """Return in which direction the charge of every record flowed.

    A record of a suspended, paused or ended test holds the charge that flowed since the last driven record of its step
    (the test stopped between two records).
    """
    flow = direction.copy()
    rows = np.flatnonzero(paused)
    if rows.size == 0:
        return flow
    last = np.maximum.accumulate(np.where(direction != 0, np.arange(direction.size), -1))[rows]
    known = last >= 0
    rows, last = rows[known], last[known]
    same = (step[rows] == step[last]) & (cycle[rows] == cycle[last])
    grown = same & (capacity[rows] >= capacity[last])
    flow[rows[grown]] = direction[last[grown]]
    return flow


def _counter(flow: npt.NDArray, capacity: npt.NDArray) -> tuple[float, float]:
    """Return the signed integral at the first record and at the last one in which charge flowed."""
    moving = np.flatnonzero(flow)
    if moving.size == 0:
        return 0.0, 0.0
    last = moving[-1]
    return float(flow[0] * capacity[0]), float(flow[last] * capacity[last])


def _restarts(capacity: npt.NDArray, steps: npt.NDArray, direction: npt.NDArray) -> npt.NDArray:
    """Number the stretches over which the charge integral runs on.

    A driven step restarts it, unless it begins at or above the last value of the driven step before it in
    the same direction. A rest or pause in between does not matter; a value that falls always restarts.
    """
    driven = np.flatnonzero(direction != 0)
    block = np.zeros(capacity.size, np.int32)
    if driven.size == 0:
        return block
    value, step, sign = capacity[driven], steps[driven], direction[driven]
    new_step = step[1:] != step[:-1]
    falls = value[1:] < value[:-1]
    fresh = np.concatenate(([True], falls | (new_step & (sign[1:] != sign[:-1]))))
    # Rows at rest show what is left on the counter; they move no charge, so their block is the last one's.
    block[driven] = np.cumsum(fresh)
    previous = np.maximum.accumulate(np.where(direction != 0, np.arange(capacity.size), -1))
    return np.where(previous >= 0, block[np.maximum(previous, 0)], 0)


def _states(path: Path, name: str, cells: npt.NDArray, first_line: int) -> npt.NDArray:
    """Turn states into their character codes (one byte a row); longer ones into one code of their own."""
    codes: dict[str, int] = {letter: ord(letter) for letter in STATES}
    try:
        return np.array([codes[cell] for cell in cells], np.uint8)
    except KeyError:
        pass
    for i, cell in enumerate(cells):
        if cell not in codes and not OTHER.match(cell):
            expected = f"one of the states {', '.join(STATES)}, or a name such as FRA"
            raise ReadError(path, f"line {first_line + i}, column {name!r}", expected, quote(cell))
    return np.array([codes.get(cell, OTHER_CODE) for cell in cells], np.uint8)


def _days(path: Path, cells: npt.NDArray, first_line: int) -> npt.NDArray:
    """Turn `1d 02:18:47.41` into seconds."""
    found = [clock_seconds(cell.replace(",", ".")) for cell in cells]
    if None in found:
        i = found.index(None)
        where = f"line {first_line + i}, column 'TestTime'"
        raise ReadError(path, where, "a time like 1d 02:18:47", quote(cells[i]))
    return np.array(found, float)


def _clock(
    cells: list[str], day_first: bool, time: npt.NDArray, units: Sequence[float]
) -> tuple[list[datetime | None], bool]:
    """Return the clock of the first records, and whether days stand before months.

    A date goes with the language of the PC, as the decimal sign does, and not always with the same one: where only the other
    order fits the times of the records, that one counts.
    """
    for order in (day_first, not day_first):
        clock = [_date(cell, order) for cell in cells]
        if _fitting_unit(clock, time, units):
            return clock, order
    return [_date(cell, day_first) for cell in cells], day_first


def _fitting_unit(
    clock: list[datetime | None], time: npt.NDArray, units: Sequence[float]
) -> float | None:
    """Return which of these seconds per unit of time the clock says; None where it says nothing of the kind."""
    known = [i for i in range(min(len(clock), time.size)) if clock[i] is not None]
    if len(known) < 2:
        return None
    first, last = known[0], known[-1]
    elapsed = (clock[last] - clock[first]).total_seconds()  # type: ignore[operator]
    if not (elapsed > 0 and time[last] > time[first]):
        return None
    per_unit = elapsed / (time[last] - time[first])
    return next((unit for unit in units if abs(per_unit / unit - 1) < 0.1), None)


def _date(text: str, day_first: bool) -> datetime | None:
    """Return a date with its time of day; before noon and after it are words of those who write the month first."""
    first = "dmy" if day_first and not re.search(r"[AaPp][Mm]", text) else "mdy"
    return stamp(text, first) if ":" in text else None


def _preamble(lines: list[str]) -> dict[str, str]:
    """Return what stands above the columns: key, tab, value; several to a line in MIMS files."""
    vendor: dict[str, str] = {}
    for line in lines:
        parts = [p.strip() for p in line.split("\t") if p.strip()]
        if len(parts) == 2 and len(parts[0]) < 40:
            vendor[parts[0].rstrip(":")] = parts[1]
        elif parts:
            vendor[f"line {len(vendor) + 1}"] = " ".join(parts)
    return vendor


def _started(vendor: dict[str, str], day_first: bool) -> datetime | None:
    return next(
        (d for k in ("Started", "Date of Test") if (d := _date(vendor.get(k, ""), day_first))), None
    )
