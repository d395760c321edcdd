"""Cycling exports of the demo study: pellet cells (short, EC-Lab) and sheet cells (long, MACCOR).

All curves come from the one cell of `cell_model`. What is planted per sample are capacities, relaxed
potentials, the overpotential in the middle of the window and over how much charge the end of the discharge is
hindered; for sheet cells the capacity at each rate and the retention, from which the growing overpotential
follows. Masses are planted as well: the index holds what the balance showed.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import cell_model
from .cell_model import Drive, Half
from .write_maccor import write_maccor
from .write_mpt import write_mpt

NOMINAL_MAH_G = 200.0
CAM_FRACTION = {"short": 0.80, "long": 0.792}  # sheets hold 1 % binder
SHORT_RATE_C, SHORT_WINDOW_V = 0.05, (1.9, 3.7)
LONG_WINDOW_V = (2.28, 3.68)
RELAX_S = 3600.0
SHORT_RESTS_S = (5400.0, 5400.0, 43200.0)  # after charge, discharge, second charge (overnight)
START_REST_S = 1800.0
LONG_REST_S = 600.0

# (rate, cycles) of the rate test; the long-term cycles follow.
RATE_TEST = ((0.1, 3), (0.2, 3), (0.5, 3), (1.0, 3))
LONG_TERM_RATE_C, LONG_TERM_CYCLES, RETENTION_CYCLE = 0.2, 100, 90
FADE_EXPONENT = 0.8
SIDE_MAH_G = 0.12  # electrolyte oxidation of every later cycle of a sheet cell

VOLTAGE_NOISE_V, CURRENT_NOISE, CYCLE_NOISE_MAH_G = 1e-4, 2e-4, 0.05
STEP_S, STEP_V = 90.0, 0.010
LONG_STEP_S, LONG_STEP_V = 450.0, 0.015  # at 0.1C; shorter at higher rates


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the exports of one sample that its index rows name, below `folder`.

    Parameters
    ----------
    sample : str
    rows : list of dict
        `file`, `cell`, `protocol` (`short`: .mpt, `long`: MACCOR text).
    folder : Path
        The study's cycling folder.
    truth : dict
        Quantities `cycling.*`, see `short_cell` and `long_cell`; `cycling.composite_mass_mg.<protocol>.<cell>`.
    settings : dict
        Not used.
    seed : int
    """
    for protocol in ("short", "long"):
        own = [row for row in rows if row["protocol"] == protocol]
        for i, row in enumerate(own):
            # Cells of one kind differ symmetrically, so that their mean is what the truth says.
            place = 0.0 if len(own) == 1 else 2.0 * i / (len(own) - 1) - 1.0
            key = zlib.crc32(f"cycling {sample} {row['cell']} {protocol}".encode())
            rng = np.random.default_rng([seed, key])
            values = {k.removeprefix("cycling."): v for k, v in truth.items()}
            mass = values.get(
                f"composite_mass_mg.{protocol}.{row['cell']}", 12.0 if protocol == "short" else 7.5
            )
            write = _write_short if protocol == "short" else _write_long
            write(
                Path(folder) / row["file"],
                values,
                mass * CAM_FRACTION[protocol] * 1e-3,
                place,
                i,
                rng,
            )


def short_cell(truth: dict[str, float], place: float) -> tuple[Half, Half, Half]:
    """Return charge, discharge and second charge of a pellet cell, noiseless.

    Parameters
    ----------
    truth : dict
        `first_charge_capacity_mAh_g`, `first_discharge_capacity_mAh_g`, `second_charge_capacity_mAh_g`,
        `relaxed_potential_charge_V`, `relaxed_potential_discharge_V`, `overpotential_V`,
        `hindrance_length_mAh_g`, `cell_spread_percent`, `cell_spread_efficiency_percent`, `cell_spread_V`.
    place : float
        -1 to 1: where the cell stands within the spread.
    """
    scale = 1.0 + 0.01 * truth["cell_spread_percent"] * place
    shift = truth["cell_spread_V"] * place
    low, high = SHORT_WINDOW_V
    top_V = cell_model.end_potential_V(truth["relaxed_potential_charge_V"] + shift, high, RELAX_S)
    bottom_V = cell_model.end_potential_V(
        truth["relaxed_potential_discharge_V"] - shift, low, RELAX_S
    )
    top, bottom = (float(cell_model.charge_at(v)) for v in (top_V, bottom_V))
    discharge = truth["first_discharge_capacity_mAh_g"] * scale
    second = truth["second_charge_capacity_mAh_g"] * scale
    efficiency = truth["first_discharge_capacity_mAh_g"] / truth["first_charge_capacity_mAh_g"]
    first = discharge / (efficiency + 0.01 * truth["cell_spread_efficiency_percent"] * place)
    reached = discharge / (top - bottom)
    charge_1 = Drive(
        1, 0.0, top, reached, first - reached * top, high, truth["overpotential_V"],
        cell_model.TOP_LENGTH_MAH_G, SHORT_RATE_C * NOMINAL_MAH_G, activation_V=0.04,
    )  # fmt: skip
    if charge_1.side_mAh_g < 0:
        raise ValueError(
            "the first charge is less than the lithium that leaves: truth is inconsistent"
        )
    half_1 = cell_model.run(charge_1, None, 0.0, 6000)
    discharge_1 = replace(
        charge_1, direction=-1, start_z=top, end_z=bottom, side_mAh_g=0.0, cutoff_V=low,
        length_mAh_g=truth["hindrance_length_mAh_g"], activation_V=0.0,
    )  # fmt: skip
    half_2 = cell_model.run(discharge_1, half_1, SHORT_RESTS_S[0], 6000)
    charge_2 = replace(charge_1, start_z=bottom, side_mAh_g=second - discharge, activation_V=0.0)
    half_3 = cell_model.run(charge_2, half_2, SHORT_RESTS_S[1], 6000)
    return half_1, half_2, half_3


def long_schedule(truth: dict[str, float], place: float) -> list[tuple[float, float]]:
    """Return rate and discharge capacity (mAh/g) of every cycle of a sheet cell.

    Parameters
    ----------
    truth : dict
        `long.first_discharge_capacity_mAh_g`, `long.capacity_at_0.1C_mAh_g` and the other rates,
        `long.first_long_term_capacity_mAh_g`, `long.retention_percent`, `long.cell_spread_percent`,
        `long.cell_spread_retention_percent`.
    place : float
        -1 to 1: where the cell stands within the spread.
    """
    scale = 1.0 + 0.01 * truth["long.cell_spread_percent"] * place
    schedule: list[tuple[float, float]] = []
    for rate, n in RATE_TEST:
        mean = truth[f"long.capacity_at_{rate:g}C_mAh_g"]
        if not schedule:
            first = truth["long.first_discharge_capacity_mAh_g"]
            rest = (n * mean - first) / (n - 1)
            values = [first] + [rest + 0.2 * (0.5 * (n - 2) - i) for i in range(n - 1)]
        else:
            values = [mean + 0.3 * (0.5 * (n - 1) - i) for i in range(n)]
        schedule += [(rate, value * scale) for value in values]
    start = truth["long.first_long_term_capacity_mAh_g"] * scale
    kept = truth["long.retention_percent"] + truth["long.cell_spread_retention_percent"] * place
    span = RETENTION_CYCLE - len(schedule) - 1
    for i in range(LONG_TERM_CYCLES):
        lost = (1.0 - 0.01 * kept) * (i / span) ** FADE_EXPONENT
        schedule.append((LONG_TERM_RATE_C, start * (1.0 - lost)))
    return schedule


def long_cell(
    truth: dict[str, float], place: float, schedule: list[tuple[float, float]]
) -> list[tuple[float, Half, Half]]:
    """Return rate, charge and discharge of every cycle of a sheet cell.

    The overpotential of each cycle is the one that leaves just the scheduled capacity in the window: rate and
    ageing act through resistance alone.

    Parameters
    ----------
    truth : dict
        `long.overpotential_V`, `long.hindrance_length_mAh_g`, `long.initial_coulombic_efficiency_percent`,
        `long.cell_spread_efficiency_percent`.
    place : float
        -1 to 1: where the cell stands within the spread.
    schedule : list of (rate, discharge capacity)
        From `long_schedule`.
    """
    low, high = LONG_WINDOW_V
    plateau = truth["long.overpotential_V"]
    efficiency = truth["long.initial_coulombic_efficiency_percent"]
    efficiency += truth["long.cell_spread_efficiency_percent"] * place
    best_top, best_bottom = high - 1.4 * plateau, 2.86

    def window(more_V: float) -> tuple[float, float]:
        top, bottom = cell_model.charge_at(
            np.array([best_top - more_V, best_bottom + 0.5 * more_V])
        )
        return float(top), float(bottom)

    top, bottom = window(0.0)
    reached = schedule[0][1] / (top - bottom)
    grid = np.linspace(-0.02, 0.5, 2081)
    spans = np.array([a - b for a, b in (window(g) for g in grid)])
    cycles: list[tuple[float, Half, Half]] = []
    z, before = 0.0, None
    for i, (rate, capacity) in enumerate(schedule):
        more = float(np.interp(-capacity / reached, -spans, grid))
        top, bottom = window(more)
        side = SIDE_MAH_G if i else 100.0 * capacity / efficiency - reached * top
        drive = Drive(
            1, z, top, reached, side, high, plateau + 0.6 * more, 10.0, rate * NOMINAL_MAH_G
        )
        charge = cell_model.run(drive, before, LONG_REST_S, 500)
        drive = replace(drive, direction=-1, start_z=top, end_z=bottom, side_mAh_g=0.0, cutoff_V=low,
                        length_mAh_g=truth["long.hindrance_length_mAh_g"],)  # fmt: skip
        before = cell_model.run(drive, charge, LONG_REST_S, 500)
        cycles.append((rate, charge, before))
        z = bottom
    return cycles


def _write_short(
    path: Path,
    truth: dict[str, float],
    mass_g: float,
    place: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Write a pellet cell: rest, charge, rest, discharge, rest, charge, rest; sequences Ns 0 to 3."""
    halves = short_cell(truth, place)
    parts: list[dict[str, npt.NDArray]] = []
    start_times = np.arange(0.0, START_REST_S, 60.0)
    first_V = float(halves[0].voltage_V[0])
    parts.append(_rest_part(start_times, np.full(start_times.size, first_V), 0, 0, old_flag=1))
    clock = START_REST_S
    for k, (half, rest_s) in enumerate(zip(halves, SHORT_RESTS_S, strict=True)):
        sign = 1 if k % 2 == 0 else -1
        keep = cell_model.recorded(half.time_s, half.voltage_V, STEP_S, STEP_V)
        time, charge = half.time_s[keep], half.charge_mAh_g[keep] * mass_g
        old = parts[-1]["ox/red"][-1]
        flags = np.full(keep.size, 1 if sign > 0 else 0)
        flags[0] = old
        # The first record stands just after the start of current; the last increment comes with the rest.
        moved = charge.copy()
        moved[-1] = charge[-2] + 0.9995 * (charge[-1] - charge[-2])
        parts.append(
            {
                "mode": np.ones(keep.size, int),
                "ox/red": flags,
                "Ns": np.full(keep.size, k + 1),
                "time/s": clock + 0.0004 + time,
                "Ewe/V": half.voltage_V[keep],
                "Q charge/discharge/mA.h": sign * moved,
                "half cycle": np.full(keep.size, k),
            }
        )
        clock = float(parts[-1]["time/s"][-1])
        wait = np.concatenate(
            (
                np.arange(0.4, 60, 10.0),
                np.arange(60.0, 600, 60.0),
                np.arange(600.0, rest_s, 120.0),
                [rest_s],
            )
        )
        rest = _rest_part(clock + wait, half.relaxing_V(wait), k + 1, k, old_flag=int(flags[-1]))
        rest["Q charge/discharge/mA.h"] = np.full(wait.size, sign * charge[-1])
        parts.append(rest)
        clock += float(wait[-1])
    columns = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    current_mA = SHORT_RATE_C * NOMINAL_MAH_G * mass_g
    write_mpt(
        path,
        _derived(columns, current_mA, rng),
        sequences=_sequences(current_mA),
        window_V=(0.0, 5.0),
        decimal_comma=index % 2 == 0,
        started=f"0{1 + index}/15/2024 10:{int(rng.integers(10, 60))}:29.886",
    )


def _rest_part(
    time: npt.NDArray, voltage: npt.NDArray, ns: int, half: int, old_flag: int
) -> dict[str, npt.NDArray]:
    n = time.size
    return {
        "mode": np.full(n, 3),
        "ox/red": np.full(n, old_flag),
        "Ns": np.full(n, ns),
        "time/s": time,
        "Ewe/V": voltage,
        "Q charge/discharge/mA.h": np.zeros(n),
        "half cycle": np.full(n, half),
    }


def _derived(
    columns: dict[str, npt.NDArray], current_mA: float, rng: np.random.Generator
) -> dict[str, npt.NDArray]:
    """Add noise, and every column that follows from time, voltage and charge."""
    out = dict(columns)
    n = out["mode"].size
    driven = out["mode"] == 1
    out["Ewe/V"] = out["Ewe/V"] + rng.normal(0.0, VOLTAGE_NOISE_V, n)
    charge = out["Q charge/discharge/mA.h"]
    fresh = np.diff(out["half cycle"], prepend=0) != 0
    increment = np.where(fresh, charge, np.diff(charge, prepend=0.0))
    sign = np.where(out["half cycle"] % 2 == 0, 1.0, -1.0)
    interval = np.diff(out["time/s"], prepend=out["time/s"][0])
    current = np.divide(increment * 3600, interval, out=np.zeros(n), where=interval > 0)
    # The first record of a step covers a time that is too short for dq/dt: it reads the set current.
    current = np.where(driven & (np.abs(increment) < 1e-9), sign * current_mA, current)
    out["<I>/mA"] = np.where(driven, current * (1 + rng.normal(0, CURRENT_NOISE, n)), 0.0)
    out["dq/mA.h"] = increment
    out["(Q-Qo)/mA.h"] = np.cumsum(increment)
    out["control/V/mA"] = out["control/mA"] = np.where(driven, sign * current_mA, 0.0)
    out["I Range"] = np.full(n, 41)
    out["control changes"] = fresh.astype(int)
    out["Ns changes"] = (np.diff(out["Ns"], prepend=0) != 0).astype(int)
    out["Q charge/mA.h"] = np.where(sign > 0, np.abs(charge), 0.0)
    out["Q discharge/mA.h"] = np.where(sign < 0, np.abs(charge), 0.0)
    out["Capacity/mA.h"] = np.abs(charge)
    out["P/W"] = out["Ewe/V"] * out["<I>/mA"] * 1e-3
    energy = np.abs(increment) * out["Ewe/V"] * 1e-3
    out["Energy charge/W.h"] = np.cumsum(np.where(sign > 0, energy, 0.0))
    out["Energy discharge/W.h"] = np.cumsum(np.where(sign < 0, energy, 0.0))
    out["cycle number"] = (out["half cycle"] // 2).astype(float)
    return out


def _sequences(current_mA: float) -> list[dict[str, str]]:
    low, high = SHORT_WINDOW_V
    steps = [(0.0, 0.0, START_REST_S)]
    for k, rest in enumerate(SHORT_RESTS_S):
        steps.append((current_mA * (1 if k % 2 == 0 else -1), high if k % 2 == 0 else low, rest))
    return [
        {
            "Set I/C": "I",
            "Is": f"{current:.3f}",
            "unit Is": "mA",
            "N": "1.00",
            "EM (V)": f"{limit:.3f}",
            "tM (h:m:s)": "0:00:0.0000",
            "tR (h:m:s)": f"{int(rest) // 3600}:{int(rest) % 3600 // 60:02d}:0.0000",
            "dER/dt (mV/h)": "0.0",
            "dtR (s)": "120.0000",
            "goto Ns'": "0",
            "nc cycles": "0",
        }
        for current, limit, rest in steps
    ]


def _write_long(
    path: Path,
    truth: dict[str, float],
    mass_g: float,
    place: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Write a sheet cell; a cell that the truth names an interrupted cycle for pauses in its discharge."""
    schedule = [
        (rate, capacity + rng.normal(0.0, CYCLE_NOISE_MAH_G))
        for rate, capacity in long_schedule(truth, place)
    ]
    cycles = long_cell(truth, place, schedule)
    pause = round(truth.get("long.interrupted_cycle", 0)) if index == 1 else 0
    parts: list[tuple[int, int, str, npt.NDArray, npt.NDArray, npt.NDArray, float, int]] = []
    clock = 0.0
    wait = np.array([0.0, 60.0, 300.0, LONG_REST_S])
    open_V = float(cycles[0][1].voltage_V[0])
    parts.append((0, 1, "R", clock + wait, np.full(4, open_V), np.zeros(4), 0.0, 129))
    clock += LONG_REST_S
    for number, (rate, *halves) in enumerate(cycles, 1):
        current_A = rate * NOMINAL_MAH_G * mass_g * 1e-3
        for k, half in enumerate(halves):
            keep = cell_model.recorded(
                half.time_s, half.voltage_V, LONG_STEP_S * 0.1 / rate, LONG_STEP_V
            )
            time, volts = clock + half.time_s[keep], half.voltage_V[keep]
            charge = half.charge_mAh_g[keep] * mass_g * 1e-3
            step, letter = 2 + 2 * k, "CD"[k]
            if number == pause and letter == "D":
                cut = keep.size // 2
                parts.append(
                    (number, step, letter, time[:cut], volts[:cut], charge[:cut], current_A, 0)
                )
                hold = time[cut - 1] + np.array([1.0, 3600.0, 10800.0])
                rest_V = volts[cut] + 0.02 * (1 - np.exp(-np.array([0.0, 1.0, 3.0])))
                parts.append((number, step, "S", hold, rest_V, np.full(3, charge[cut - 1]), 0.0, 0))
                # The recorder writes the charge that it has when the current comes back.
                time = np.insert(time[cut:] + 10800.0, 0, hold[-1] + 0.5)
                volts = np.insert(volts[cut:], 0, volts[cut - 1])
                charge = np.insert(charge[cut:], 0, charge[cut - 1])
                parts.append((number, step, letter, time, volts, charge, current_A, 133))
            else:
                parts.append((number, step, letter, time, volts, charge, current_A, 133))
            clock = float(time[-1])
            parts.append(
                (
                    number,
                    step + 1,
                    "R",
                    clock + wait[1:],
                    half.relaxing_V(wait[1:]),
                    np.zeros(3),
                    0.0,
                    129,
                )
            )
            clock += LONG_REST_S
    columns = _maccor_columns(parts, rng)
    write_maccor(
        path,
        columns,
        name=f"SIMULATED-{path.stem}",
        started=datetime(2024, 3, 4, 9, int(rng.integers(10, 60)), 0),
        nominal_Ah=NOMINAL_MAH_G * mass_g * 1e-3,
        decimal_comma=index % 2 == 0,
    )


def _maccor_columns(parts: list[tuple], rng: np.random.Generator) -> dict[str, npt.NDArray]:
    sizes = [part[3].size for part in parts]
    time = np.concatenate([part[3] for part in parts])
    starts, start = [], 0.0
    for before, part in zip([None, *parts[:-1]], parts, strict=True):
        if before is None or part[:2] != before[:2]:
            start = float(part[3][0])
        starts.append(start)
    voltage = np.concatenate([part[4] for part in parts]) + rng.normal(
        0, VOLTAGE_NOISE_V, time.size
    )
    charge = np.concatenate([part[5] for part in parts])
    current = np.repeat([part[6] for part in parts], sizes)
    end = np.concatenate(
        [np.append(np.ones(s - 1, int), p[7]) for s, p in zip(sizes, parts, strict=True)]
    )
    return {
        "cycle": np.repeat([part[0] for part in parts], sizes),
        "step": np.repeat([part[1] for part in parts], sizes),
        "time_s": time,
        "step_time_s": time - np.repeat(starts, sizes),
        "charge_Ah": charge,
        "energy_Wh": np.concatenate([_energy(p[5], p[4]) for p in parts]),
        "current_A": current * (1 + rng.normal(0, CURRENT_NOISE, time.size)),
        "voltage_V": voltage,
        "state": np.repeat([part[2] for part in parts], sizes),
        "end": end,
    }


def _energy(charge_Ah: npt.NDArray, voltage_V: npt.NDArray) -> npt.NDArray:
    """Return the energy since the start of a step."""
    middle = 0.5 * (voltage_V[1:] + voltage_V[:-1])
    return np.concatenate(([charge_Ah[0] * voltage_V[0]], np.cumsum(np.diff(charge_Ah) * middle)))
