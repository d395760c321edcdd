"""What the recorders make of half cycles: rows with noise, habits and everything that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from . import cell_model
from .cell_model import Half
from .cell_protocols import (
    LONG_REST_S,
    NOMINAL_MAH_G,
    SHORT_RATE_C,
    SHORT_RESTS_S,
    SHORT_WINDOW_V,
    START_REST_S,
)

VOLTAGE_NOISE_V, CURRENT_NOISE = 1e-4, 2e-4
STEP_S, STEP_V = 90.0, 0.010
LONG_STEP_S, LONG_STEP_V = 450.0, 0.015  # at 0.1C; shorter at higher rates
PAUSE_S = 10800.0


def pellet_columns(
    halves: Sequence[Half], mass_g: float, rng: np.random.Generator
) -> tuple[dict[str, npt.NDArray], list[dict[str, str]]]:
    """Return EC-Lab's columns and sequences of a pellet cell.

    Rest, charge, rest, discharge, rest, charge, rest: sequences Ns 0 to 3, each rest in that of its step.
    """
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
    return _derived(columns, current_mA, rng), _sequences(current_mA)


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


@dataclass(frozen=True)
class _Part:
    """Records of one step that share everything but time, voltage and charge."""

    cycle: int
    step: int
    state: str
    time_s: npt.NDArray
    voltage_V: npt.NDArray
    charge_Ah: npt.NDArray
    current_A: float = 0.0
    end: int = 129


def sheet_columns(
    cycles: Sequence[tuple[float, Half, Half]], mass_g: float, pause: int, rng: np.random.Generator
) -> dict[str, npt.NDArray]:
    """Return the columns of a sheet cell as `write_maccor` takes them.

    Parameters
    ----------
    cycles : sequence of (rate, charge, discharge)
    mass_g : float
    pause : int
        Cycle whose discharge is suspended for three hours; 0 for none.
    rng : numpy Generator
    """
    wait = np.array([0.0, 60.0, 300.0, LONG_REST_S])
    open_V = float(cycles[0][1].voltage_V[0])
    parts = [_Part(0, 1, "R", wait, np.full(4, open_V), np.zeros(4))]
    clock = LONG_REST_S
    for number, (rate, *halves) in enumerate(cycles, 1):
        current_A = rate * NOMINAL_MAH_G * mass_g * 1e-3
        for k, half in enumerate(halves):
            every = LONG_STEP_S * 0.1 / rate
            keep = cell_model.recorded(half.time_s, half.voltage_V, every, LONG_STEP_V)
            driven = _Part(
                number,
                2 + 2 * k,
                "CD"[k],
                clock + half.time_s[keep],
                half.voltage_V[keep],
                half.charge_mAh_g[keep] * mass_g * 1e-3,
                current_A,
                133,
            )
            parts += _suspended(driven) if number == pause and driven.state == "D" else [driven]
            clock = float(parts[-1].time_s[-1])
            relaxed = half.relaxing_V(wait[1:])
            parts.append(_Part(number, 3 + 2 * k, "R", clock + wait[1:], relaxed, np.zeros(3)))
            clock += LONG_REST_S
    return _joined(parts, rng)


def _suspended(part: _Part) -> list[_Part]:
    """Cut a step in two with a suspension between; its charge goes on where it was."""
    cut = part.time_s.size // 2
    last = part.charge_Ah[cut - 1]
    hold = part.time_s[cut - 1] + np.array([1.0, PAUSE_S / 3, PAUSE_S])
    rest_V = part.voltage_V[cut] + 0.02 * (1 - np.exp(-np.array([0.0, 1.0, 3.0])))
    # The recorder writes the charge that it has when the current comes back.
    time = np.insert(part.time_s[cut:] + PAUSE_S, 0, hold[-1] + 0.5)
    voltage = np.insert(part.voltage_V[cut:], 0, part.voltage_V[cut - 1])
    charge = np.insert(part.charge_Ah[cut:], 0, last)
    return [
        replace(
            part,
            time_s=part.time_s[:cut],
            voltage_V=part.voltage_V[:cut],
            charge_Ah=part.charge_Ah[:cut],
            end=0,
        ),
        _Part(part.cycle, part.step, "S", hold, rest_V, np.full(3, last), end=0),
        replace(part, time_s=time, voltage_V=voltage, charge_Ah=charge),
    ]


def _joined(parts: Sequence[_Part], rng: np.random.Generator) -> dict[str, npt.NDArray]:
    sizes = [part.time_s.size for part in parts]
    time = np.concatenate([part.time_s for part in parts])
    starts: list[float] = []
    for before, part in zip([None, *parts[:-1]], parts, strict=True):
        same = before is not None and (before.cycle, before.step) == (part.cycle, part.step)
        starts.append(starts[-1] if same else float(part.time_s[0]))
    voltage = np.concatenate([part.voltage_V for part in parts])
    current = np.repeat([part.current_A for part in parts], sizes)
    return {
        "cycle": np.repeat([part.cycle for part in parts], sizes),
        "step": np.repeat([part.step for part in parts], sizes),
        "time_s": time,
        "step_time_s": time - np.repeat(starts, sizes),
        "charge_Ah": np.concatenate([part.charge_Ah for part in parts]),
        "energy_Wh": np.concatenate([_energy(p.charge_Ah, p.voltage_V) for p in parts]),
        "current_A": current * (1 + rng.normal(0, CURRENT_NOISE, time.size)),
        "voltage_V": voltage + rng.normal(0, VOLTAGE_NOISE_V, time.size),
        "state": np.repeat([part.state for part in parts], sizes),
        "end": np.concatenate(
            [np.append(np.ones(n - 1, int), p.end) for n, p in zip(sizes, parts, strict=True)]
        ),
    }


def _energy(charge_Ah: npt.NDArray, voltage_V: npt.NDArray) -> npt.NDArray:
    """Return the energy since the start of a step."""
    middle = 0.5 * (voltage_V[1:] + voltage_V[:-1])
    return np.concatenate(([charge_Ah[0] * voltage_V[0]], np.cumsum(np.diff(charge_Ah) * middle)))
