"""EC-Lab and BT-Lab records: from the vendor's columns to the common table, for text and binary alike.

Current is positive on charge. What drives a row is told by `mode` (1 current, 2 voltage, 3 rest) and the
sign of the charge that flowed; never by `ox/red`, which keeps the flag of the step before, nor by `Ns`,
which stays the same through charge, hold and rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote
from . import bdf

MODE_REST, MODE_VOLTAGE = 3, 2
VOLTAGES = ("Ewe/V", "<Ewe>/V", "<Ewe/V>", "Ecell/V", "<Ecell>/V", "Ewe-Ece/V", "<Ewe-Ece>/V")
CURRENTS = ("<I>/mA", "I/mA", "<I>/A", "I/A", "<I>/µA", "I/µA", "<I>/uA", "I/uA")
INCREMENTS = ("dq/mA.h", "dQ/mA.h", "dq/A.h", "dQ/A.h", "dq/µA.h", "dQ/µA.h", "dq/C", "dQ/C")
NETS = ("(Q-Qo)/mA.h", "(Q-Qo)/A.h", "(Q-Qo)/C", "(Q-Qo)/µA.h")
INTEGRALS = ("Q charge/discharge/mA.h", "Q charge/discharge/A.h", "Q charge/discharge/C")
TEMPERATURES = ("Temperature/°C", "Temperature/\ufffdC")

FACTORS = {"A": 1.0, "mA": 1e-3, "µA": 1e-6, "uA": 1e-6,
           "A.h": 1.0, "mA.h": 1e-3, "µA.h": 1e-6, "C": 1.0 / 3600.0}  # fmt: skip

FLOATS = (*VOLTAGES, *CURRENTS, *INCREMENTS, *NETS, *INTEGRALS, *TEMPERATURES, "time/s")
WHOLES = ("mode", "Ns", "half cycle")

Columns = Mapping[str, npt.NDArray]


def wanted(names: list[str]) -> dict[str, type]:
    """Return which of the vendor's columns are used, and what they hold."""
    kinds: dict[str, type] = {name: float for name in names if name in FLOATS}
    kinds.update({name: int for name in names if name in WHOLES})
    return kinds


def normalise(path: Path, columns: Columns) -> tuple[dict[str, npt.NDArray], list[str]]:
    """Return the columns of the common table.

    Raises
    ------
    ReadError
        There is no time or no voltage.
    """
    warnings: list[str] = []
    voltage_name = voltage_column(path, columns)
    others = [n for n in VOLTAGES if n in columns and n != voltage_name]
    if others:
        warnings.append(f"voltage is {voltage_name}; not used: {', '.join(others)}")
    time = columns["time/s"].astype(float)
    mode = _mode(columns, time.size)
    increment = _scaled(columns, INCREMENTS)
    net = _scaled(columns, NETS)
    integral = _scaled(columns, INTEGRALS)
    if increment is None and net is not None:
        increment = np.diff(net, prepend=net[:1])
    current = _current(columns, increment, time, mode)
    direction = _direction(mode, current, increment)
    step_id = columns["Ns"].astype(np.int32) if "Ns" in columns else np.zeros(time.size, np.int32)
    half = columns.get("half cycle")
    keys = [mode, direction, step_id] + ([half] if half is not None else [])
    table: dict[str, npt.NDArray] = {
        bdf.TIME: time,
        bdf.VOLTAGE: columns[voltage_name].astype(float),
        bdf.CURRENT: current,
        bdf.RECORD: np.arange(1, time.size + 1, dtype=np.int32),
        bdf.STEP_COUNT: bdf.step_count(*keys),
        bdf.STEP_TYPE: bdf.step_types(direction, mode == MODE_VOLTAGE),
    }
    if "Ns" in columns:
        table[bdf.STEP_ID] = step_id
    if half is not None:
        # EC-Lab's own `cycle number`; kept as a record, not used to pair half cycles.
        table[bdf.CYCLE] = (half // 2).astype(np.int32)
    if net is None and increment is not None:
        net = np.cumsum(increment)
    if net is not None:
        table[bdf.NET] = net
    if integral is not None:
        block = bdf.step_count(*([half] if half is not None else []), np.sign(integral))
        totals = bdf.accumulate(np.abs(integral), block, np.sign(integral).astype(np.int8))
        table[bdf.CHARGING], table[bdf.DISCHARGING] = totals
    if (celsius := _first(columns, TEMPERATURES)) is not None:
        table[bdf.TEMPERATURE] = columns[celsius].astype(float)
    if increment is None and integral is None and (mode != MODE_REST).any():
        warnings.append("no charge column: capacities are integrals of current over time")
    return table, warnings


def voltage_column(path: Path, names: Iterable[str]) -> str:
    """Return the name of the voltage among the vendor's column names.

    Raises
    ------
    ReadError
        There is no time or no voltage.
    """
    known = list(names)
    found = next((name for name in VOLTAGES if name in known), None)
    if found is None or "time/s" not in known:
        raise ReadError(
            path,
            "columns",
            "time/s and a voltage (Ewe/V, Ecell/V)",
            quote(", ".join(known[:12])) if known else "none of the columns of a cycling record",
            "export with time, voltage, current and charge",
        )
    return found


def _first(columns: Columns, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in columns), None)


def _scaled(columns: Columns, names: tuple[str, ...]) -> npt.NDArray | None:
    """Return the first of these columns in A or Ah."""
    name = _first(columns, names)
    if name is None:
        return None
    return columns[name].astype(float) * FACTORS[name.rsplit("/", 1)[1]]


def _mode(columns: Columns, n: int) -> npt.NDArray:
    if "mode" in columns:
        return columns["mode"].astype(np.int8)
    # Without a mode column a row is driven where current flows.
    current = _scaled(columns, CURRENTS)
    if current is None:
        return np.full(n, MODE_REST, np.int8)
    return np.where(current == 0, MODE_REST, 1).astype(np.int8)


def _current(
    columns: Columns, increment: npt.NDArray | None, time: npt.NDArray, mode: npt.NDArray
) -> npt.NDArray:
    """Return the current in A: as recorded, else the mean over the interval, dq/dt; zero at rest."""
    current = _scaled(columns, CURRENTS)
    if current is None:
        current = np.zeros(time.size)
        if increment is not None and time.size:
            interval = np.diff(time, prepend=time[0])
            with np.errstate(divide="ignore", invalid="ignore"):
                current = np.where(interval > 0, increment * 3600.0 / interval, 0.0)
    return np.where(mode == MODE_REST, 0.0, current)


def _direction(
    mode: npt.NDArray, current: npt.NDArray, increment: npt.NDArray | None
) -> npt.NDArray[np.int8]:
    """Return 1, -1 or 0 (rest) for every row; a driven row without flow follows its neighbours."""
    flow = current if increment is None else np.where(increment != 0, increment, current)
    sign = np.nan_to_num(np.sign(flow)).astype(np.int8)
    sign[mode == MODE_REST] = 0
    undecided = (mode != MODE_REST) & (sign == 0)
    if undecided.any() and (sign != 0).any():
        known = np.flatnonzero(sign)
        following = known[
            np.minimum(np.searchsorted(known, np.flatnonzero(undecided)), len(known) - 1)
        ]
        sign[undecided] = sign[following]
    return sign


_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s+(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?")


def parse_date(text: str) -> datetime | None:
    """Read EC-Lab's MM/DD/YYYY hh:mm:ss(.fff); with a day above 12 in first place, DD/MM/YYYY."""
    match = _DATE.search(text)
    if not match:
        return None
    first, second, year, hour, minute, sec = (int(g) for g in match.groups()[:6])
    month, day = (second, first) if first > 12 else (first, second)
    fraction = int(f"{match[7] or '0':0<6}"[:6])
    try:
        return datetime(year, month, day, hour, minute, sec, fraction)
    except ValueError:
        return None
