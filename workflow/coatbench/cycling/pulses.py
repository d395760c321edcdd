"""Pulses of current in a cell's record (resistance tests, titrations) as their own data.

A pulse starts from a rest. The step of the voltage from the last record before it, over the current, is the resistance
that the cell shows after that time: the first record holds the ohmic part and the fast arcs, the last one diffusion too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .half_cycles import OTHER_CURRENT, PULSE_S, Cycle, HalfCycle, mean_current_A
from .record import NAMES, Record

if TYPE_CHECKING:
    from ..config_types import CyclingConfig

# Less than this share of the usual current is no pulse but noise of the recorder.
LEAST_CURRENT = 0.01

Stretch = tuple[str, int, int, int]  # kind, first and last driven record, end of the rest after it


def rows_of(
    data: Record,
    cycles: Sequence[Cycle],
    stubs: Sequence[HalfCycle],
    area_cm2: float | None,
    config: CyclingConfig,
) -> list[dict[str, Any]]:
    """Return the rows of the table cycling_pulses.

    Parameters
    ----------
    data : Record
    cycles : sequence of Cycle
    stubs : sequence of HalfCycle
        What `half_cycles` set aside.
    area_cm2 : float or None
    config : mapping
        `voltage_sd_V`, `charge_sd_percent` (of the current range).
    """
    halves = [(half, cycle.number) for cycle in cycles for half in cycle.halves]
    found: list[Stretch] = []
    for half, _ in halves:
        found += _within(data, half)
    usual = [mean_current_A(data, half) for half, _ in halves]
    least = LEAST_CURRENT * float(np.nanmax(usual)) if np.isfinite(usual).any() else 0.0
    for stub in stubs:
        if abs(_current_A(data, stub.first, stub.last)) > least:
            found += [("pulse", *stretch) for stretch in _driven(data, stub)]
    rows: list[dict[str, Any]] = []
    starts = np.array([half.first for half, _ in halves])
    for kind, first, last, stop in sorted(found, key=lambda stretch: stretch[1]):
        at = int(np.searchsorted(starts, first, "right")) - 1
        rows.append(
            {
                "pulse": len(rows) + 1,
                "kind": kind,
                "cycle": halves[at][1] if at >= 0 else None,
                "half_cycle_direction": NAMES[halves[at][0].direction] if at >= 0 else "",
                **_pulse(data, first, last, stop, area_cm2, config),
            }
        )
    return rows


def _driven(data: Record, half: HalfCycle) -> list[tuple[int, int, int]]:
    """Return first and last driven record and the end of every stretch of a half cycle."""
    found = []
    for first, stop in half.stretches:
        driven = np.flatnonzero(data.sign[first:stop] == half.direction)
        end = int(driven[-1])
        rest = np.flatnonzero(data.sign[first + end + 1 : stop] != 0)
        found.append((first, first + end, first + end + 1 + int(rest[0]) if rest.size else stop))
    return found


def _within(data: Record, half: HalfCycle) -> list[Stretch]:
    """Return the pulses that a half cycle is made of (titration), or holds: short ones of another current."""
    stretches = _driven(data, half)
    if len(stretches) < 2:
        return []
    usual = mean_current_A(data, half)
    found: list[Stretch] = []
    for first, last, stop in stretches:
        short = data.time_s[last] - data.time_s[first] <= PULSE_S
        if short and abs(abs(_current_A(data, first, last)) / usual - 1) > OTHER_CURRENT:
            found.append(("pulse", first, last, stop))
        elif half.is_titration:
            found.append(("titration", first, last, stop))
    return found


def _current_A(data: Record, first: int, last: int) -> float:
    return float(np.median(data.current_A[first : last + 1]))


def _pulse(
    data: Record,
    first: int,
    last: int,
    stop: int,
    area_cm2: float | None,
    config: CyclingConfig,
) -> dict[str, Any]:
    """Return what one pulse gives. No record at rest just before it: no resistance."""
    before = first - 1
    known = before >= 0 and data.sign[before] == 0 and not data.alternating[before]
    after = stop - 1
    rested = after > last and data.sign[after] == 0
    row: dict[str, Any] = {
        "direction": NAMES[int(data.sign[first])],
        "time_s": float(data.time_s[first]),
        "current_mA": 1e3 * _current_A(data, first, last),
        "charge_mAh": 1e3 * abs(float(data.step_Ah[first : min(last + 2, data.sign.size)].sum())),
        "potential_before_V": float(data.voltage_V[before]) if known else None,
        "potential_after_V": float(data.voltage_V[after]) if rested else None,
        "rest_after_s": float(data.time_s[after] - data.time_s[last]) if rested else 0.0,
    }
    for name, at in (("first", first), ("last", last)):
        resistance = sd = None
        seconds = float(data.time_s[at] - data.time_s[before]) if known else None
        if known and data.current_A[at] != 0:
            current = float(data.current_A[at])
            resistance = float(data.voltage_V[at] - data.voltage_V[before]) / current
            # Both voltages are off by the instrument's; the current by the gain of its range.
            sd = math.hypot(
                math.sqrt(2) * config["voltage_sd_V"] / current,
                resistance * config["charge_sd_percent"] / 100,
            )
        row[f"seconds_to_{name}_record"] = seconds
        for unit, factor in (("ohm", 1.0), ("ohm_cm2", area_cm2)):
            for suffix, value in (("", resistance), ("_sd", sd)):
                scaled = None if value is None or factor is None else value * factor
                row[f"resistance_{name}_{unit}{suffix}"] = scaled
    return row
