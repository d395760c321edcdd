"""EC-Lab and BT-Lab records: from the vendor's columns to the common table, for text and binary alike.

Current is positive on charge. What drives a row is told by `mode` (1 current, 2 voltage, 3 rest) and the
sign of the charge that flowed; never by `ox/red`, which keeps the flag of the step before, nor by `Ns`,
which stays the same through charge, hold and rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote
from . import bdf

MODE_REST, MODE_VOLTAGE = 3, 2
# Of a potentiostatic step: a hold has its largest current only at its beginning.
PLATEAU_SHARE = 0.2
WORKING = ("Ewe/V", "<Ewe>/V", "<Ewe/V>")
COUNTER = ("Ece/V", "<Ece>/V", "<Ece/V>")
CELL = ("Ecell/V", "<Ecell>/V", "Ewe-Ece/V", "<Ewe-Ece>/V", "<Ewe-Ece/V>")
VOLTAGES = (*WORKING, *CELL)
POTENTIALS = {"working": WORKING, "counter": COUNTER, "cell": CELL}
FACTORS = {"mA": 1e-3, "A": 1.0, "µA": 1e-6, "uA": 1e-6, "nA": 1e-9,
           "mA.h": 1e-3, "A.h": 1.0, "µA.h": 1e-6, "uA.h": 1e-6, "nA.h": 1e-9, "C": 1.0 / 3600.0, "mC": 1e-3 / 3600.0}  # fmt: skip


def _in_units(*quantities: str) -> tuple[str, ...]:
    units = [u for u in FACTORS if u.endswith("A") == ("I" in quantities)]
    return tuple(f"{quantity}/{unit}" for quantity in quantities for unit in units)


CURRENTS = _in_units("<I>", "I")
# EC-Lab's manual: dq is the charge since the record before, dQ the charge since the beginning of the step, (Q-Qo) that
# since the beginning of the experiment, Q charge/discharge that of the half cycle so far.
INCREMENTS = _in_units("dq")
STEP_CHARGES = _in_units("dQ")
NETS = _in_units("(Q-Qo)")
INTEGRALS = _in_units("Q charge/discharge")
TEMPERATURES = ("Temperature/°C", "Temperature/\ufffdC")
FREQUENCY = "freq/Hz"
REAL, IMAGINARY, MODULUS, PHASE = "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg"
IMPEDANCES = (FREQUENCY, REAL, IMAGINARY, MODULUS, PHASE)

FLOATS = (
    *VOLTAGES, *COUNTER, *CURRENTS, *INCREMENTS, *STEP_CHARGES, *NETS, *INTEGRALS, *TEMPERATURES,
    *IMPEDANCES, "time/s",
)  # fmt: skip
WHOLES = ("mode", "Ns", "half cycle")

Columns = Mapping[str, npt.NDArray]
Taken = dict[str, npt.NDArray]


def wanted(names: list[str]) -> dict[str, type]:
    """Return which of the vendor's columns are used, and what they hold."""
    kinds: dict[str, type] = {name: float for name in names if name in FLOATS}
    kinds.update({name: int for name in names if name in WHOLES})
    return kinds


@dataclass(frozen=True)
class Normalised:
    """The columns of the common table, with what the export does not say in columns."""

    table: dict[str, npt.NDArray]
    warnings: list[str]
    more: dict[str, Any]


def normalise(path: Path, columns: Taken, controlled: str = "") -> Normalised:
    """Return the columns of the common table.

    Parameters
    ----------
    path : Path
    columns : dict of EC-Lab's name to (n,) array
        Taken over: what is used is no longer in it, so that a long record is not held twice.
    controlled : str
        What the head of the export calls the controlled potential (`Ewe`, `Ece`, `Ewe-Ece`); empty: not known.

    Raises
    ------
    ReadError
        There is no time or no voltage.
    """
    warnings: list[str] = []
    voltage, potential, others = _potentials(path, columns, controlled, warnings)
    time = np.asarray(columns.pop("time/s"), float)
    frequency = columns.get(FREQUENCY, np.zeros(0)).astype(float)
    alternating = frequency > 0 if frequency.size else np.zeros(time.size, bool)
    recorded = _scaled(columns, CURRENTS)
    increment = _scaled(columns, INCREMENTS)
    since_step = _scaled(columns, STEP_CHARGES) if increment is None else None
    # What had flowed in a step before its first record: of a file that begins within one.
    begun = (
        None if since_step is None else (float(since_step[:1].sum()), float(since_step[-1:].sum()))
    )
    net = _scaled(columns, NETS)
    integral = _scaled(columns, INTEGRALS)
    if "mode" not in columns and recorded is None:
        _refuse_charge(path, (increment, since_step, net, integral))
    mode = np.where(alternating, MODE_REST, _mode(columns, recorded, time)).astype(np.int8)
    if increment is None and net is not None:
        increment = np.diff(net, prepend=net[:1])
    step_id = columns.pop("Ns", np.zeros(0)).astype(np.int32)
    half = columns.pop("half cycle", None)
    keys: list[npt.NDArray] = [k for k in (step_id, half) if k is not None and k.size]
    keys.append(alternating)
    if increment is None and since_step is not None:
        net = bdf.steps_to_totals(since_step, bdf.step_count(*keys))
        increment = np.diff(net, prepend=net[:1])
    current = _current(recorded, increment, time, mode)
    direction = _direction(mode, current, increment)
    steps = bdf.step_count(mode, direction, *keys)
    held = (mode == MODE_VOLTAGE) & ~_galvanostatic(voltage, current, steps, mode)
    types = bdf.step_types(direction, held)
    types[alternating] = bdf.AC
    ends = (
        None
        if net is None or not net.size or since_step is not None
        else (float(net[0]), float(net[-1]))
    )
    if net is None and increment is not None:
        net = np.cumsum(increment)
    counted = increment is not None or integral is not None
    del increment, since_step, recorded
    table: dict[str, npt.NDArray] = {
        bdf.TIME: time,
        bdf.VOLTAGE: voltage,
        bdf.CURRENT: current,
        bdf.RECORD: np.arange(1, time.size + 1, dtype=np.int32),
        bdf.STEP_COUNT: steps,
        bdf.STEP_TYPE: types,
        **others,
        **_impedance(columns, alternating),
    }
    if step_id.size:
        table[bdf.STEP_ID] = step_id
    if half is not None:
        # EC-Lab's own `cycle number`; kept as a record, not used to pair half cycles.
        table[bdf.CYCLE] = (half // 2).astype(np.int32)
    if net is not None:
        table[bdf.NET] = net
    more: dict[str, Any] = {"potential": potential} if others else {}
    if ends is not None:
        more["net_Ah"] = ends
    if begun is not None:
        more["counter_Ah"] = begun
    if integral is not None:
        block = bdf.step_count(*([half] if half is not None else []), np.sign(integral))
        if integral.size:
            more["counter_Ah"] = (float(integral[0]), float(integral[-1]))
        sign = np.sign(integral).astype(np.int8)
        totals = bdf.accumulate(np.abs(integral, out=integral), block, sign)
        table[bdf.CHARGING], table[bdf.DISCHARGING] = totals
    if (celsius := _first(columns, TEMPERATURES)) is not None:
        table[bdf.TEMPERATURE] = columns[celsius].astype(float)
    if not counted and (mode != MODE_REST).any():
        warnings.append("no charge column: capacities are integrals of current over time")
    return Normalised(table, warnings, more)


def _potentials(
    path: Path, columns: Taken, controlled: str, warnings: list[str]
) -> tuple[npt.NDArray, str, dict[str, npt.NDArray]]:
    """Return the voltage, which potential it is, and all of them where there is more than one.

    The voltage is the potential that the instrument controlled, where the head says so.
    """
    name = voltage_column(path, columns)
    found = {
        kind: np.asarray(columns.pop(first), float)
        for kind, names in POTENTIALS.items()
        if (first := _first(columns, names)) is not None
    }
    if "working" in found and "counter" in found:
        found.setdefault("cell", found["working"] - found["counter"])
    elif "working" in found and "cell" in found:
        found["counter"] = found["working"] - found["cell"]
    potential = next(kind for kind, names in POTENTIALS.items() if name in names)
    told = {"Ewe": "working", "Ece": "counter", "Ewe-Ece": "cell", "Ecell": "cell"}
    asked = told.get(controlled.replace(" ", ""), "")
    if asked in found:
        potential = asked
    if len(found) == 1:
        return found[potential], potential, {}
    if not asked:
        warnings.append(
            f"holds potentials of {', '.join(found)} and not which was controlled: {potential} is used; "
            "the index's column potential chooses"
        )
    return found[potential], potential, {bdf.POTENTIALS[kind]: v for kind, v in found.items()}


def _impedance(columns: Columns, alternating: npt.NDArray) -> dict[str, npt.NDArray]:
    """Return frequency and impedance of the records with an alternating signal, or nothing."""
    if not alternating.any():
        return {}
    table = {bdf.FREQUENCY: columns[FREQUENCY]}
    if REAL in columns and IMAGINARY in columns:
        table |= {bdf.REAL: columns[REAL], bdf.IMAGINARY: -columns[IMAGINARY]}
    elif MODULUS in columns and PHASE in columns:
        phase = np.radians(columns[PHASE])
        table |= {
            bdf.REAL: columns[MODULUS] * np.cos(phase),
            bdf.IMAGINARY: columns[MODULUS] * np.sin(phase),
        }
    return {label: np.where(alternating, values, np.nan) for label, values in table.items()}


def _galvanostatic(
    voltage: npt.NDArray, current: npt.NDArray, steps: npt.NDArray, mode: npt.NDArray
) -> npt.NDArray[np.bool_]:
    """Mark the rows of potentiostatic steps whose current is constant while the voltage moves.

    Files of old versions mark galvanostatic records as potentiostatic: the current tells.
    """
    marked = np.zeros(mode.size, bool)
    if not (mode == MODE_VOLTAGE).any():
        return marked
    edges = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1, append=steps[-1] + 1))
    for start, end in pairwise(edges.tolist()):
        if mode[start] != MODE_VOLTAGE:
            continue
        magnitude = np.abs(current[start:end])
        plateau = magnitude >= (1.0 - bdf.CV_CURRENT_DROP) * np.median(np.sort(magnitude)[-5:])
        away = np.abs(voltage[start:end] - voltage[end - 1]) > bdf.CV_VOLTAGE_BAND_V
        if plateau.sum() >= max(3, PLATEAU_SHARE * (end - start)) and (plateau & away).any():
            marked[start:end] = plateau
    return marked


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


def _scaled(columns: Taken, names: tuple[str, ...]) -> npt.NDArray | None:
    """Take the first of these columns, in A or Ah."""
    name = _first(columns, names)
    if name is None:
        return None
    values = np.asarray(columns.pop(name), float)
    own = values if values.flags.writeable else None
    return np.multiply(values, FACTORS[name.rsplit("/", 1)[1]], out=own)


def _mode(columns: Taken, current: npt.NDArray | None, time: npt.NDArray) -> npt.NDArray:
    if "mode" in columns:
        return columns.pop("mode")
    # Without a mode column a row is driven where more current flows than noise.
    if current is None:
        return np.full(time.size, MODE_REST, np.int8)
    rest = np.abs(current) <= bdf.rest_current(current, time)
    return np.where(rest, MODE_REST, 1).astype(np.int8)


def _refuse_charge(path: Path, charges: Iterable[npt.NDArray | None]) -> None:
    """Refuse records whose charge flows and that tell neither what drives them nor their current."""
    if any(charge is not None and charge.any() for charge in charges):
        raise ReadError(
            path, "columns", "mode or a current (<I>/mA) beside the charge", "neither", "export with one of them"
        )  # fmt: skip


def _current(
    current: npt.NDArray | None,
    increment: npt.NDArray | None,
    time: npt.NDArray,
    mode: npt.NDArray,
) -> npt.NDArray:
    """Return the current in A: as recorded, else the mean over the interval, dq/dt; zero at rest."""
    if current is None:
        current = np.zeros(time.size)
        if increment is not None and time.size:
            interval = np.diff(time, prepend=time[0])
            with np.errstate(divide="ignore", invalid="ignore"):
                current = np.where(interval > 0, increment * 3600.0 / interval, 0.0)
    current[mode == MODE_REST] = 0.0
    return current


def _direction(
    mode: npt.NDArray, current: npt.NDArray, increment: npt.NDArray | None
) -> npt.NDArray[np.int8]:
    """Return 1, -1 or 0 (rest) for every row; a driven row without flow follows its neighbours."""
    sign = np.zeros(mode.size, np.int8)
    for value, compare in ((1, np.greater), (-1, np.less)):
        flows = compare(current, 0)
        if increment is not None:
            flows = np.where(increment != 0, compare(increment, 0), flows)
        sign[flows] = value
    sign[mode == MODE_REST] = 0
    undecided = (mode != MODE_REST) & (sign == 0)
    if undecided.any() and (sign != 0).any():
        known = np.flatnonzero(sign)
        following = known[
            np.minimum(np.searchsorted(known, np.flatnonzero(undecided)), len(known) - 1)
        ]
        sign[undecided] = sign[following]
    return sign
