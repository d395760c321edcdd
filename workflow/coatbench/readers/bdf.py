"""The cyclers' common table: Battery Data Format 1.3.0 labels, accumulated charge, constant current.

Labels: https://w3id.org/battery-data-alliance/ontology/battery-data-format (release 1.3.0). Every cycler
reader ends in `build`; every analysis starts from its columns. Charge is positive current. A voltage is
what the instrument measured (here against In/InLi) and is never shifted to another reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays, Variable
from ..errors import ReadError
from .model import Export

Array = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]

TIME = "Test Time / s"
VOLTAGE = "Voltage / V"
CURRENT = "Current / A"
RECORD = "Record Index / 1"
CYCLE = "Cycle Count / 1"
STEP_COUNT = "Step Count / 1"
STEP_ID = "Step ID"
STEP_TYPE = "Step Type"
NET = "Net Capacity / Ah"
CHARGING = "Charging Capacity / Ah"
DISCHARGING = "Discharging Capacity / Ah"
TEMPERATURE = "Ambient Temperature / degC"
# Of files with a reference electrode, beside the one of them that is the voltage.
WORKING = "Working Electrode Potential / V"
COUNTER = "Counter Electrode Potential / V"
CELL = "Cell Potential / V"
# Of records that were measured with an alternating signal; elsewhere not a number.
FREQUENCY = "Frequency / Hz"
REAL = "Real Impedance / ohm"
IMAGINARY = "Imaginary Impedance / ohm"

COLUMNS = (
    TIME,
    VOLTAGE,
    CURRENT,
    RECORD,
    CYCLE,
    STEP_COUNT,
    STEP_ID,
    STEP_TYPE,
    NET,
    CHARGING,
    DISCHARGING,
    TEMPERATURE,
    WORKING,
    COUNTER,
    CELL,
    FREQUENCY,
    REAL,
    IMAGINARY,
)
POTENTIALS = {"working": WORKING, "counter": COUNTER, "cell": CELL}

# PAUSE: the test itself stood still (suspended, paused, ended). AC: measured with an alternating signal, which is
# neither charge nor rest.
REST, CC_CHG, CC_DCH, CV_CHG, CV_DCH, PAUSE, AC = range(7)
STEP_TYPES = ("REST", "CC_CHG", "CC_DCH", "CV_CHG", "CV_DCH", "PAUSE", "AC")

# Beyond these no cycler measures: such a value is damage, not data.
LIMITS = {
    TIME: 1e10,
    VOLTAGE: 1e3,
    CURRENT: 1e5,
    NET: 1e6,
    CHARGING: 1e6,
    DISCHARGING: 1e6,
    TEMPERATURE: 1e4,
    WORKING: 1e3,
    COUNTER: 1e3,
    CELL: 1e3,
}
# A cell outside this window is a wrong unit or a broken contact, not a battery.
PLAUSIBLE_VOLTAGE_V = (-2.0, 6.0)
CV_VOLTAGE_BAND_V = 0.005
CV_CURRENT_DROP = 0.03
# Where nothing but the current tells rest from charge: a smaller share of the usual current is noise of the recorder.
REST_CURRENT_FRACTION = 5e-3
# Noise: currents below this share that turn their sign so often; at rest is what lies within so many of their deviations.
NOISE_BELOW, FEWEST_NOISE, NOISE_TURNS, NOISE_SD = 0.03, 20, 0.2, 4.5


def accumulate(charge: Array, block: Ints, direction: Ints) -> tuple[Array, Array]:
    """Turn an instrument's integral, which restarts with every block, into never-reset totals.

    Parameters
    ----------
    charge : (n,) array
        Magnitude of the integral as exported; restarts where `block` changes.
    block : (n,) int array
        Anything that changes where the integral restarts.
    direction : (n,) int array
        Sign of the charge that flows in a row: 1, -1, or 0 where none does.

    Returns
    -------
    charging, discharging : (n,) arrays
        Cumulative charge in the units of `charge`.
    """
    if charge.size == 0:
        return charge.copy(), charge.copy()
    step = growth(charge)
    fresh = np.empty(charge.size, bool)
    fresh[0] = True
    fresh[1:] = block[1:] != block[:-1]
    step[fresh] = charge[fresh]
    charging = np.where(direction > 0, step, 0.0)
    step[direction >= 0] = 0.0
    return np.cumsum(charging, out=charging), np.cumsum(step, out=step)


def growth(values: Array) -> Array:
    """Return the differences between neighbours; the first value counts from 0.

    Examples
    --------
    >>> growth(np.array([1.0, 3.0, 6.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    step = np.array(values, dtype=float)
    np.subtract(values[1:], values[:-1], out=step[1:])
    return step


def step_count(*keys: npt.NDArray) -> Ints:
    """Number the maximal runs over which all keys are constant, from 1."""
    n = keys[0].size
    change = np.zeros(n, bool)
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    return np.cumsum(change, dtype=np.int32) + np.int32(1 if n else 0)


def constant_voltage(voltage: Array, current: Array, steps: Ints) -> npt.NDArray[np.bool_]:
    """Mark the rows of driven steps in which the instrument held the voltage.

    Many cyclers log constant current and constant voltage as one step. In the latter the current has
    left its plateau (the largest of the step) while the voltage stays where the step ends; that keeps a
    ramp at the beginning of a step, which is far from the final voltage, out.

    Parameters
    ----------
    voltage : (n,) array
        V.
    current : (n,) array
        Any unit.
    steps : (n,) int array
        Constant within a step.
    """
    held = np.zeros(voltage.size, bool)
    if voltage.size == 0:
        return held
    magnitude = np.abs(current)
    edges = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1, append=steps[-1] + 1))
    for start, end in pairwise(edges):
        rows = slice(start, end)
        dropped = magnitude[rows] < (1.0 - CV_CURRENT_DROP) * magnitude[rows].max()
        held[rows] = dropped & (np.abs(voltage[rows] - voltage[end - 1]) < CV_VOLTAGE_BAND_V)
    return held


def rest_current(current: Array, time: Array) -> float:
    """Return the magnitude of current up to which a record is at rest, where no column says what drives it.

    It is a share of the current that moved most of the charge, so that neither noise nor a short pulse sets the scale.

    Parameters
    ----------
    current : (n,) array
        Any unit; the result has the same.
    time : (n,) array
        s.
    """
    magnitude = np.abs(np.nan_to_num(current))
    moved = magnitude * np.maximum(np.nan_to_num(np.diff(time, prepend=time[:1])), 0.0)
    if not moved.sum() > 0:
        moved = magnitude
    order = np.argsort(magnitude)
    total = np.cumsum(moved[order])
    if total.size == 0 or not total[-1] > 0:
        return 0.0
    usual = float(magnitude[order[np.searchsorted(total, 0.5 * total[-1])]])
    small = np.nan_to_num(current)[magnitude < NOISE_BELOW * usual]
    # Noise changes its sign from record to record; a current that falls at constant voltage does not.
    turns = np.mean(small[1:] * small[:-1] < 0) if small.size >= FEWEST_NOISE else 0.0
    noise = NOISE_SD * float(np.sqrt(np.mean(small**2))) if turns > NOISE_TURNS else 0.0
    return max(REST_CURRENT_FRACTION * usual, noise)


def steps_to_totals(charge: Array, steps: Ints) -> Array:
    """Turn a signed charge that restarts with a step, or with some of them, into one that never does.

    A step whose first value has gone back towards zero, or has changed its sign, has restarted; one that begins where
    the step before it ended goes on.

    Parameters
    ----------
    charge : (n,) array
        Signed; charge since the beginning of the step.
    steps : (n,) int array
        Changes where a step may begin.
    """
    if charge.size == 0:
        return charge.copy()
    step = np.diff(charge, prepend=0.0)
    before, here = charge[:-1], charge[1:]
    restarted = (np.abs(here) < np.abs(before)) | (here * before < 0)
    begins = steps[1:] != steps[:-1]
    # Within a step a repeated sequence shows by its fall to almost nothing.
    restarted &= begins | (np.abs(here) < 0.5 * np.abs(before))
    step[1:] = np.where(restarted, here, step[1:])
    return np.cumsum(step)


def step_types(direction: Ints, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Return the code of the step type (index into `STEP_TYPES`) of every row."""
    codes = np.full(direction.size, REST, np.int8)
    codes[(direction > 0) & ~held] = CC_CHG
    codes[(direction < 0) & ~held] = CC_DCH
    codes[(direction > 0) & held] = CV_CHG
    codes[(direction < 0) & held] = CV_DCH
    return codes


def clock(moment: datetime | None, test_time_s: float = 0.0) -> dict[str, float]:
    """Return the attribute that says when the test time was zero; nothing where no clock is known.

    Files of one cell are put in order by it. Instruments write local time without its zone.
    """
    if moment is None:
        return {}
    return {"clock_zero_s": (moment - datetime(1970, 1, 1)).total_seconds() - test_time_s}


def build(
    path: Path,
    form: str,
    columns: Mapping[str, npt.NDArray],
    *,
    instrument: str,
    date: str,
    vendor: Mapping[str, str],
    warnings: list[str],
    incomplete_rows: int = 0,
    more: Mapping[str, Any] | None = None,
) -> Export:
    """Make the export from finished columns.

    Parameters
    ----------
    path, form
        The file and the name of its format.
    columns : mapping of label to (n,) array
        At least time, voltage, current, step count and step type (codes); absent labels stay absent.
    instrument, date, vendor
        What the file says of its origin; `date` in ISO 8601 or empty.
    warnings : list of str
        What the reader found odd; what the numbers show is added.
    incomplete_rows : int
        Rows that were dropped because the instrument was still writing them.
    more : mapping
        Further attributes: `clock_zero_s` (`clock`); `current_step_A`, the last decimal of a written current; `counter_Ah`, the instrument's signed integral at the first and the last record as exported
        (a file that continues another goes on from its last); `net_Ah`, the same of a net charge that never restarts; `potential`, which of `POTENTIALS` the voltage is.

    Raises
    ------
    ReadError
        A value that no cycler measures, or none at all where only time may be unknown.

    Returns
    -------
    Export with one set; its `attrs` hold instrument, date, vendor, capacity_source and incomplete_rows.
    """
    for label, limit in LIMITS.items():
        values = columns.get(label, np.empty(0))
        known = _known(values) if label == TIME else values
        wrong = np.flatnonzero(~((known <= limit) & (known >= -limit)))
        if wrong.size:
            found = f"{known[wrong[0]]:.6g}"
            raise ReadError(path, f"record {wrong[0] + 1}", f"{label} within {limit:g}", found)
    warnings = [*warnings, *_doubts(columns)]
    data: dict[str, Variable] = {}
    for label in COLUMNS:
        if label in columns:
            names = {"names": STEP_TYPES} if label == STEP_TYPE else {}
            data[label] = ("record", columns[label], names)
    source = (
        "instrument integral" if CHARGING in data else "increments" if NET in data else "trapezoid"
    )
    attrs = {
        "instrument": instrument,
        "date": date,
        "vendor": dict(vendor),
        "capacity_source": source,
        "incomplete_rows": incomplete_rows,
        **(more or {}),
    }
    table = Arrays.of(data, attrs=attrs)
    return Export(path=path, format=form, technique="cycling", sets=[table], warnings=warnings)


def _known(values: Array) -> Array:
    """Return the finite ones; the array itself where all are."""
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def _doubts(columns: Mapping[str, npt.NDArray]) -> list[str]:
    """Say what is odd about the numbers, without changing them."""
    found = []
    voltage, time = columns[VOLTAGE], columns[TIME]
    if voltage.size == 0:
        return ["the file has no records yet"]
    low, high = PLAUSIBLE_VOLTAGE_V
    outside = int(np.count_nonzero((voltage < low) | (voltage > high)))
    if outside:
        found.append(f"{outside} of {voltage.size} voltages lie outside {low} to {high} V")
    known = _known(time)
    if known.size < time.size:
        found.append(f"{time.size - known.size} records have no time")
    back = int(np.count_nonzero(known[1:] < known[:-1]))
    if back:
        found.append(f"time runs backwards at {back} records")
    if alternating := int(np.count_nonzero(columns[STEP_TYPE] == AC)):
        found.append(f"{alternating} records of impedance are neither charge nor rest: set aside")
    return found
