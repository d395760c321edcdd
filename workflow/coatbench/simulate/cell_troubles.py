"""What happens to pellet cells in laboratories: impedance between steps, pulses, holds, tests that still run, several files.

All act on EC-Lab's finished columns (`cycling_records.pellet_columns`), so that the instrument's own bookkeeping (half
cycle, charge of the half cycle, net charge) goes on as the instrument would keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray]
TIME, CHARGE, NET, HALF = "time/s", "Q charge/discharge/mA.h", "(Q-Qo)/mA.h", "half cycle"
POTENTIAL, CURRENT, MODE, INCREMENT = "Ewe/V", "<I>/mA", "mode", "dq/mA.h"

PULSE_S, AFTER_PULSE_S = 10, 300.0
HOLD_END, RAMP_SHARE = 0.1, 0.1
FREQUENCIES_HZ = np.geomspace(1e6, 1e-1, 50)
IMPEDANCE_NOISE = 1e-3


def apply(
    columns: Columns, troubles: Mapping[str, float], nominal_mA: float, rng: np.random.Generator
) -> Columns:
    """Return the columns of a cell with the troubles that are planted.

    Parameters
    ----------
    columns : dict
        EC-Lab's columns.
    troubles : mapping
        `held_percent`: share of the first charge at constant voltage. `pulse_C`, `pulse_resistance_ohm`: a discharge
        pulse of ten seconds after the first rest. `ohmic_resistance_ohm`, `interface_resistance_ohm`: a spectrum after
        each rest. `recorded_percent`: how much of the first charge is there yet. Absent: none of it.
    nominal_mA : float
        Current of 1C.
    rng : numpy Generator
    """
    if "held_percent" in troubles:
        columns = with_hold(columns, 0.01 * troubles["held_percent"])
    if "pulse_C" in troubles:
        columns = with_pulse(
            columns, troubles["pulse_C"] * nominal_mA, troubles["pulse_resistance_ohm"]
        )
    if "interface_resistance_ohm" in troubles:
        columns = with_impedance(
            columns, troubles["ohmic_resistance_ohm"], troubles["interface_resistance_ohm"], rng
        )
    if "recorded_percent" in troubles:
        columns = unfinished(columns, 0.01 * troubles["recorded_percent"])
    return columns


def _rests(columns: Columns) -> list[tuple[int, int]]:
    """Return first row and one past the last of every rest after a half cycle."""
    resting = columns[MODE] == 3
    edges = np.flatnonzero(np.diff(resting.astype(np.int8), prepend=0, append=0))
    pairs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    return [pair for pair in pairs if pair[0] > 0]


def _inserted(columns: Columns, at: int, rows: Columns, duration_s: float) -> Columns:
    """Return the columns with rows before `at`; what follows is later by the duration."""
    n = rows[TIME].size
    found = {}
    for name, values in columns.items():
        new = rows.get(name, np.full(n, values[at - 1]))
        found[name] = np.concatenate((values[:at], new.astype(values.dtype), values[at:]))
    found[TIME][at + n :] += duration_s
    return found


def with_impedance(
    columns: Columns, ohmic_ohm: float, interface_ohm: float, rng: np.random.Generator
) -> Columns:
    """Insert a potentiostatic sweep over frequency after each rest."""
    n = FREQUENCIES_HZ.size
    total = columns[TIME].size
    columns = dict(columns) | {
        name: np.zeros(total) for name in ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")
    }
    omega = 2 * np.pi * FREQUENCIES_HZ
    impedance = ohmic_ohm + interface_ohm / (1 + 1j * omega * 1e-4)
    impedance = impedance + 0.02 * interface_ohm / np.sqrt(1j * omega)
    waits = np.cumsum(np.maximum(2.0 / FREQUENCIES_HZ, 0.5))
    for _, end in reversed(_rests(columns)):
        noise = IMPEDANCE_NOISE * (rng.normal(size=n) + 1j * rng.normal(size=n))
        seen = impedance * (1 + noise)
        rows = {
            MODE: np.full(n, 2),
            TIME: columns[TIME][end - 1] + waits,
            INCREMENT: np.zeros(n),
            CURRENT: 1e-4 * rng.normal(size=n),
            "freq/Hz": FREQUENCIES_HZ,
            "Re(Z)/Ohm": seen.real,
            "-Im(Z)/Ohm": -seen.imag,
        }
        columns = _inserted(columns, end, rows, float(waits[-1]) + 1.0)
    return columns


def with_pulse(columns: Columns, current_mA: float, resistance_ohm: float) -> Columns:
    """Insert a discharge pulse and a short rest after the rest that follows the first charge."""
    end = _rests(columns)[0][1]
    time = np.concatenate(
        (np.arange(PULSE_S) + 0.01, PULSE_S + np.linspace(0.0, AFTER_PULSE_S, 20))
    )
    driven = np.arange(time.size) < PULSE_S
    current = np.where(driven, -current_mA, 0.0)
    charge = np.cumsum(np.where(driven, -current_mA / 3600.0, 0.0))
    charge = np.where(driven, np.concatenate(([0.0], charge[:-1])), charge[PULSE_S - 1])
    half = columns[HALF][end - 1]
    columns = {name: values.copy() for name, values in columns.items()}
    later = np.arange(columns[TIME].size) >= end
    columns[CHARGE][later & (columns[HALF] == half + 1)] += charge[-1]
    columns[NET][later] += charge[-1]
    rows = {
        MODE: np.where(driven, 1, 3),
        "ox/red": np.zeros(time.size),
        TIME: columns[TIME][end - 1] + time,
        POTENTIAL: columns[POTENTIAL][end - 1] + current * 1e-3 * resistance_ohm,
        CURRENT: current,
        INCREMENT: np.diff(charge, prepend=0.0),
        CHARGE: charge,
        NET: columns[NET][end - 1] + charge,
        HALF: np.full(time.size, half + 1),
    }
    return _inserted(columns, end, rows, float(time[-1]) + 0.5)


def with_hold(columns: Columns, share: float) -> Columns:
    """Let the last part of the first charge flow at constant voltage, while the current falls to a tenth.

    What is charged stays the same; the voltage rises to the cut-off over the part before.
    """
    columns = {name: values.copy() for name, values in columns.items()}
    rows = np.flatnonzero((columns[HALF] == 0) & (columns[MODE] == 1))
    charge = columns[CHARGE][rows]
    whole = charge[-1]
    top = columns[POTENTIAL][rows[-1]]
    begin, ramp = (1 - share) * whole, (1 - share - RAMP_SHARE) * whole
    held = charge >= begin
    near = (charge > ramp) & ~held
    lack = top - np.interp(begin, charge, columns[POTENTIAL][rows])
    columns[POTENTIAL][rows[near]] += lack * ((charge[near] - ramp) / (begin - ramp)) ** 2
    columns[POTENTIAL][rows[held]] = top
    current = float(np.median(columns[CURRENT][rows]))
    moved = charge[held] - begin
    tau_h = share * whole / ((1 - HOLD_END) * current)
    start = float(np.interp(begin, charge, columns[TIME][rows]))
    end = columns[TIME][rows[-1]]
    columns[TIME][rows[held]] = start - 3600 * tau_h * np.log(1 - moved / (current * tau_h))
    columns[CURRENT][rows[held]] = current - moved / tau_h
    columns[MODE][rows[held]] = 2
    columns[TIME][rows[-1] + 1 :] += columns[TIME][rows[-1]] - end
    return columns


def unfinished(columns: Columns, share: float) -> Columns:
    """Cut the record within its first charge: the test is still running."""
    charge = np.where(columns[HALF] == 0, columns[CHARGE], 0.0)
    n = int(np.argmax(charge >= share * charge.max()))
    return {name: values[:n] for name, values in columns.items()}


def in_files(columns: Columns, count: int) -> list[Columns]:
    """Cut a record into files as linked techniques do: a new one where a later sequence begins."""
    sequences = np.unique(columns["Ns"])
    edges = [0]
    for part in range(1, count):
        first = sequences[min(part + 1, sequences.size - 1)]
        edges.append(int(np.argmax(columns["Ns"] == first)))
    edges.append(columns[TIME].size)
    return [{name: values[a:b] for name, values in columns.items()} for a, b in pairwise(edges)]
