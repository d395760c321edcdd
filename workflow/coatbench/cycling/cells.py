"""Rows of one cell: its cycles, its half cycles, and the numbers that each cycle gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import relaxation
from .halves import NAMES, Cycle, HalfCycle, Record
from .rates import recognise_rate


@dataclass(frozen=True)
class Mass:
    """Mass of active material of one cell.

    Attributes
    ----------
    active_g : float
    relative_sd : float
        Of weighing and composition; every capacity per gram of this cell carries it.
    """

    active_g: float
    relative_sd: float


def active_mass(row: Mapping[str, str], config: Mapping[str, Any]) -> Mass:
    """Return the active mass from an index row: composite mass times mass fraction."""
    composite, fraction = float(row["composite_mass_mg"]), float(row["cam_mass_fraction"])
    relative = math.hypot(
        config["mass_sd_mg"] / composite, config["cam_mass_fraction_sd"] / fraction
    )
    return Mass(composite * fraction * 1e-3, relative)


def half_cycle_row(data: Record, half: HalfCycle, number: int, cycle: int | None) -> dict[str, Any]:
    """Return the row of the table cycling_half_cycles: charge from every source, and what was left out."""
    trapezoid = half.moved(data.trapezoid_Ah)
    sources = {
        "capacity_integral_mAh": data.integral_Ah,
        "capacity_increments_mAh": data.increments_Ah,
    }
    time = data.time_s
    return {
        "half_cycle": number,
        "direction": NAMES[half.direction],
        "cycle": cycle,
        "stub": half.stub,
        "capacity_mAh": 1e3 * half.charge_Ah,
        **{k: None if v is None else 1e3 * half.moved(v) for k, v in sources.items()},
        "capacity_trapezoid_mAh": 1e3 * trapezoid,
        "first_V": data.voltage_V[half.first],
        "last_V": data.voltage_V[half.last],
        "duration_h": (time[half.last] - time[half.first]) / 3600.0,
        "pauses_s": half.pauses_s,
        "rest_s": time[half.end - 1] - time[half.last],
    }


def mean_current_A(data: Record, half: HalfCycle) -> float:
    """Return the median magnitude of the current over the constant-current records."""
    rows = slice(half.first, half.last + 1)
    pick = data.constant_current[rows] & (data.sign[rows] == half.direction)
    current = np.abs(data.current_A[rows][pick])
    return float(np.median(current)) if current.size else math.nan


def mean_voltage_V(data: Record, half: HalfCycle) -> float:
    """Return the mean voltage weighted by charge (energy over charge)."""
    rows = np.arange(max(half.first - 1, 0), half.last + 1)
    driven = data.sign[rows][1:] == half.direction
    charge = np.abs(np.diff(data.charge_Ah[rows]))[driven]
    voltage = 0.5 * (data.voltage_V[rows][1:] + data.voltage_V[rows][:-1])[driven]
    total = float(charge.sum())
    return float((charge * voltage).sum() / total) if total > 0 else math.nan


def check_percent(data: Record, half: HalfCycle) -> float | None:
    """Return by how much the integral of current over time differs from the capacity, in percent."""
    if half.charge_Ah <= 0:
        return None
    return 100 * (half.moved(data.trapezoid_Ah) / half.charge_Ah - 1)


def running_half(
    data: Record, cycles: Sequence[Cycle], protocol: Mapping[str, Any], tolerance_V: float
) -> HalfCycle | None:
    """Return the half cycle that was still going on when the record ended, if there is one.

    The record ends with current, away from the cut-off. Where earlier half cycles of that direction did not
    end at the cut-off either, the protocol's window is not this cell's, and the half cycle counts as finished.
    """
    if not cycles:
        return None
    last = cycles[-1].discharge or cycles[-1].charge
    if last.last != data.sign.size - 1:
        return None
    cutoff = protocol[f"{NAMES[last.direction]}_cutoff_V"]
    same = [
        h for c in cycles for h in (c.charge, c.discharge) if h and h.direction == last.direction
    ]
    at_cutoff = [abs(data.voltage_V[h.last] - cutoff) <= tolerance_V for h in same]
    return last if not at_cutoff[-1] and (len(same) == 1 or any(at_cutoff)) else None


def cycle_row(
    data: Record,
    cycle: Cycle,
    mass: Mass,
    protocol: Mapping[str, Any],
    config: Mapping[str, Any],
    running: HalfCycle | None = None,
) -> dict[str, Any]:
    """Return the row of the table cycling_cells of one cycle.

    A charge that is still running has its capacity so far and says so; a discharge that is has none.
    """
    row: dict[str, Any] = {"cycle": cycle.number, "running": ""}
    notes = []
    if running is not None and running in (cycle.charge, cycle.discharge):
        row["running"] = NAMES[running.direction]
        so_far = 1e3 * running.charge_Ah / mass.active_g
        end = data.voltage_V[running.last]
        notes.append(f"{row['running']} still running: {so_far:.1f} mAh/g so far, at {end:.3f} V")
        if running is cycle.discharge:
            cycle = replace(cycle, discharge=None)
    rates = {}
    for name, half in (("charge", cycle.charge), ("discharge", cycle.discharge)):
        if half is None:
            continue
        capacity = 1e3 * half.charge_Ah / mass.active_g
        relative = math.hypot(mass.relative_sd, config["charge_sd_percent"] / 100)
        row[f"{name}_capacity_mAh_g"] = capacity
        row[f"{name}_capacity_mAh_g_sd"] = capacity * relative
        rates[name] = (
            mean_current_A(data, half) * 1e3 / mass.active_g / config["nominal_capacity_mAh_g"]
        )
        row[f"mean_{name}_V"] = mean_voltage_V(data, half)
        row[f"end_of_{name}_V"] = data.voltage_V[half.last]
        row[f"{name}_check_percent"] = check_percent(data, half)
        rest = relaxation.relax(
            data, half, config["relaxation_time_s"], config["relaxation_slope_window_s"]
        )
        row.update(relaxation.columns(rest, name, config["voltage_sd_V"]))
        away = data.voltage_V[half.last] - protocol[f"{name}_cutoff_V"]
        at_cutoff = abs(away) <= config["cutoff_tolerance_V"]
        row[f"{name}_at_cutoff"] = bool(at_cutoff)
        if rest.potential_V is not None and not at_cutoff:
            notes.append(f"the rest after {name} does not follow the cut-off ({away:+.3f} V away)")
        if half.pauses_s > config["interruption_s"]:
            row["interrupted"] = True
            notes.append(f"{name} interrupted for {half.pauses_s:.0f} s")
    row.setdefault("interrupted", False)
    if cycle.discharge is not None:
        ratio = 100 * cycle.discharge.charge_Ah / cycle.charge.charge_Ah
        row["coulombic_efficiency_percent"] = ratio
        row["coulombic_efficiency_percent_sd"] = config["efficiency_sd_percent"]
    elif not row["running"]:
        notes.append("no discharge yet")
    measured = rates.get("discharge", math.nan)
    measured = measured if math.isfinite(measured) else rates.get("charge", math.nan)
    row["c_rate_measured"] = measured
    row["c_rate"] = recognise_rate(measured, config["rates_C"], config["rate_tolerance"])
    row["note"] = "; ".join(notes)
    return row
