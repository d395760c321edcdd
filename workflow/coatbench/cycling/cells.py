"""Rows of one cell: its cycles, its half cycles, and the numbers that each cycle gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError, quote
from ..quality import Quality, unusable, worst
from . import judge, relaxation
from .half_cycles import Cycle, HalfCycle, mean_current_A, silent
from .rates import recognise_rate
from .record import NAMES, Record
from .windows import Window

if TYPE_CHECKING:
    from ..config_types import CyclingConfig


@dataclass(frozen=True)
class Cell:
    """What the index says of one cell.

    Attributes
    ----------
    key : dict
        sample, cell, protocol.
    active_g : float
        Mass of active material.
    mass_relative_sd : float
        Of weighing and composition; every capacity per gram of this cell carries it.
    nominal_mAh_g : float
        What 1C refers to.
    area_cm2 : float or None
    potential : str
        Which potential of a three-electrode cell; empty: the controlled one.
    left_out : list of (first, last)
        Cycles that the index leaves out.
    """

    key: dict[str, str]
    active_g: float
    mass_relative_sd: float
    nominal_mAh_g: float
    area_cm2: float | None
    potential: str
    left_out: list[tuple[int, int]]

    @property
    def nominal_Ah(self) -> float:
        """Charge of 1C for an hour."""
        return self.nominal_mAh_g * self.active_g * 1e-3

    def leaves_out(self, cycle: int) -> bool:
        """Tell whether the index leaves a cycle out."""
        return any(low <= cycle <= high for low, high in self.left_out)


PER_CELL = ("composite_mass_mg", "cam_mass_fraction", "nominal_capacity_mAh_g", "area_cm2", "potential",
            "leave_out_cycles")  # fmt: skip


def cell_of(rows: Sequence[Mapping[str, str]], config: CyclingConfig, file: Path) -> Cell:
    """Return what the rows of the index say of a cell.

    Parameters
    ----------
    rows : sequence of mapping
        All rows of the cell, text as in the file.
    config : mapping
        `mass_sd_mg`, `cam_mass_fraction_sd`, `nominal_capacity_mAh_g`.
    file : Path
        Export that an error names.

    Raises
    ------
    AnalysisError
        The rows disagree, or a cell cannot be read.
    """
    first = rows[0]
    said = {}
    for column in PER_CELL:
        found = list(dict.fromkeys(row[column] for row in rows if row.get(column)))
        if len(found) > 1:
            raise AnalysisError(
                file,
                f"column {column} of the index",
                "one value for all files of a cell",
                ", ".join(found),
            )
        said[column] = found[0] if found else ""
    try:
        left_out = judge.parse_cycles(said["leave_out_cycles"])
    except ValueError:
        raise AnalysisError(
            file,
            "column leave_out_cycles of the index",
            "cycles such as 1;5-7",
            quote(said["leave_out_cycles"]),
        ) from None
    composite, fraction = float(said["composite_mass_mg"]), float(said["cam_mass_fraction"])
    relative = math.hypot(
        config["mass_sd_mg"] / composite, config["cam_mass_fraction_sd"] / fraction
    )
    return Cell(
        key={k: first[k] for k in ("sample", "cell", "protocol")},
        active_g=composite * fraction * 1e-3,
        mass_relative_sd=relative,
        nominal_mAh_g=float(said["nominal_capacity_mAh_g"] or config["nominal_capacity_mAh_g"]),
        area_cm2=float(said["area_cm2"]) if said["area_cm2"] else None,
        potential=said["potential"],
        left_out=left_out,
    )


def half_cycle_row(data: Record, half: HalfCycle, number: int, cycle: int | None) -> dict[str, Any]:
    """Return the row of the table cycling_half_cycles: charge from every source, and what was left out."""
    sources = {
        "capacity_integral_mAh": data.integral_Ah,
        "capacity_increments_mAh": data.increments_Ah,
        "capacity_trapezoid_mAh": data.trapezoid_Ah,
    }
    time = data.time_s
    return {
        "half_cycle": number,
        "direction": NAMES[half.direction],
        "cycle": cycle,
        "stub": half.stub,
        "capacity_mAh": 1e3 * half.charge_Ah,
        **{k: None if v is None else 1e3 * half.moved(v) for k, v in sources.items()},
        "first_V": data.voltage_V[half.first],
        "last_V": data.voltage_V[half.last],
        "duration_h": (time[half.last] - time[half.first]) / 3600.0,
        "pauses_s": half.pauses_s,
        "rest_s": time[half.end - 1] - time[half.last],
    }


def mean_voltage_V(data: Record, half: HalfCycle) -> float:
    """Return the mean voltage weighted by charge (energy over charge)."""
    rows = np.arange(max(half.first - 1, 0), half.last + 1)
    driven = data.sign[rows][1:] == half.direction
    charge = np.abs(data.step_Ah[rows][1:])[driven]
    voltage = 0.5 * (data.voltage_V[rows][1:] + data.voltage_V[rows][:-1])[driven]
    total = float(charge.sum())
    return float((charge * voltage).sum() / total) if total > 0 else math.nan


def check_percent(data: Record, half: HalfCycle) -> float | None:
    """Return by how much the integral of current over time differs from the charge, in percent.

    Where the current did not flow the recorder was off or the test stood still, and between two files nothing is known:
    both sides leave those intervals out.
    """
    flows = ~silent(data, half)
    rows = slice(half.first, half.last + 1)
    driven = data.sign[rows] == half.direction
    one_file = np.diff(data.file[rows]) == 0
    off = np.concatenate(([False], ~(flows & driven[1:] & driven[:-1] & one_file)))
    missing = abs(float(data.step_Ah[rows][off].sum()))
    if half.charge_Ah - missing <= 0:
        return None
    trapezoid = half.moved(data.trapezoid_Ah) - abs(float(data.trapezoid_Ah[rows][off].sum()))
    return 100 * (trapezoid / (half.charge_Ah - missing) - 1)


def held_Ah(data: Record, half: HalfCycle) -> float:
    """Return the charge that flowed at constant voltage."""
    rows = slice(half.first, half.last + 1)
    held = (data.sign[rows] == half.direction) & ~data.constant_current[rows]
    return abs(float(data.step_Ah[rows][held].sum()))


def ohmic_steps_V(data: Record, half: HalfCycle) -> tuple[float | None, float | None, float | None]:
    """Return the voltage steps when the current starts and stops, and the time to the first record after the stop (s).

    They hold the ohmic drop and whatever relaxes before the next record; the later that stands, the more. None where
    no record at rest stands beside.
    """
    before, after = half.first - 1, half.last + 1
    sign = half.direction
    start = stop = seconds = None
    if before >= 0 and data.sign[before] == 0 and not data.alternating[before]:
        start = sign * float(data.voltage_V[half.first] - data.voltage_V[before])
    if after < data.sign.size and data.sign[after] == 0 and not data.alternating[after]:
        stop = sign * float(data.voltage_V[half.last] - data.voltage_V[after])
        seconds = float(data.time_s[after] - data.time_s[half.last])
    return start, stop, seconds


def unpaired(first: int) -> str:
    """Return what is noted of a cycle that has its first half cycle alone."""
    return f"no {NAMES[-first]} yet"


def cycle_row(
    data: Record,
    cycle: Cycle,
    cell: Cell,
    windows: Mapping[int, Window],
    config: CyclingConfig,
    *,
    running: HalfCycle | None = None,
    before: judge.Before | None = None,
    counter_Ah: float | None = 0.0,
    current_step_A: float,
) -> tuple[dict[str, Any], judge.Judgement]:
    """Return the row of the table cycling_cells of one cycle, and what is to be said of it.

    The first half cycle of a cycle that is still running has its capacity so far and says so; a second one has none.

    Parameters
    ----------
    data : Record
    cycle : Cycle
    cell : Cell
    windows : mapping of direction to Window
    config : mapping
        See `analyse`.
    running : HalfCycle or None
        The one that was still going on when the record ended.
    before : Before or None
        What the cycles before have shown.
    counter_Ah : float or None
        What the instrument's integral holds at the first record; None: nothing tells.
    current_step_A : float
        Last decimal of the written current; 0: fine enough.
    """
    row: dict[str, Any] = {"cycle": cycle.number, "running": "", "interrupted": False}
    found = judge.Judgement()
    notes = []
    finished = [half for half in cycle.halves if half is not running]
    for half in cycle.halves:
        name = NAMES[half.direction]
        if half is running:
            row["running"] = name
            so_far = 1e3 * half.charge_Ah / cell.active_g
            end = data.voltage_V[half.last]
            notes.append(f"{name} still running: {so_far:.1f} mAh/g so far, at {end:.3f} V")
            if half is not cycle.halves[0]:
                continue
        row |= _half(data, half, name, cell, config, current_step_A)
        its = windows[half.direction]
        row[f"{name}_at_cutoff"] = its.at_cutoff(float(data.controlled_V[half.last]))
        own = (
            unusable(notes[-1])
            if half is running
            else judge.half_cycle(data, half, its, config["interruption_s"])
        )
        begun = judge.begins_in_the_middle(
            data, half, counter_Ah, config["stub_fraction"], config["interruption_s"]
        )
        undone = judge.undone(data, half, config["interruption_s"])
        index = judge.left_out() if cell.leaves_out(cycle.number) else Quality()
        found.halves[half.direction] = worst([index, own, begun, undone])
        found.relaxed[half.direction] = relaxation.judge(data, half, config["relaxation_time_s"])
        row["interrupted"] |= half.pauses_s > config["interruption_s"] and not half.is_titration
    if len(finished) == 2:
        row["coulombic_efficiency_percent"] = 100 * finished[1].charge_Ah / finished[0].charge_Ah
        row["coulombic_efficiency_percent_sd"] = config["efficiency_sd_percent"]
    elif not row["running"]:
        notes.append(unpaired(cycle.first))
    rates = [row.get(f"c_rate_{name}") for name in (NAMES[-cycle.first], NAMES[cycle.first])]
    measured = next((r for r in rates if r is not None and math.isfinite(r)), math.nan)
    row["c_rate_measured"] = measured
    row["c_rate"] = recognise_rate(measured, config["rates_C"], config["rate_tolerance"])
    if any(half.is_titration for half in cycle.halves):
        row["c_rate"] = math.nan  # its pulses have one, with the rests between them it has none
    # After a faster cycle a slower one takes out what that left: more than the charge between them brought.
    left = before.left_mAh_g(measured) if before else 0.0
    first = row.get(f"{NAMES[cycle.first]}_capacity_mAh_g")
    if not cell.leaves_out(cycle.number):
        found.whole = judge.whole_cycle(
            row, config, left_percent=100 * left / first if first else 0.0
        )
    quality = found.of_cycle()
    row["note"] = "; ".join(dict.fromkeys([*notes, *quality.notes]))
    return row | quality.columns(), found


def _half(
    data: Record,
    half: HalfCycle,
    name: str,
    cell: Cell,
    config: CyclingConfig,
    current_step_A: float,
) -> dict[str, Any]:
    """Return the cells of one half cycle."""
    capacity = 1e3 * half.charge_Ah / cell.active_g
    relative = math.hypot(cell.mass_relative_sd, config["charge_sd_percent"] / 100)
    current_A = mean_current_A(data, half)
    start, stop, seconds = ohmic_steps_V(data, half)
    held = held_Ah(data, half)
    rest = relaxation.relax(
        data, half, config["relaxation_time_s"], config["relaxation_slope_window_s"]
    )
    area = cell.area_cm2
    return {
        f"{name}_capacity_mAh_g": capacity,
        f"{name}_capacity_mAh_g_sd": capacity * relative,
        f"mean_{name}_V": mean_voltage_V(data, half),
        f"end_of_{name}_V": data.voltage_V[half.last],
        f"{name}_check_percent": check_percent(data, half) if data.source != "trapezoid" else None,
        f"{name}_check_rounding_percent": 50 * current_step_A / current_A
        if current_step_A and current_A > 0
        else None,
        f"{name}_constant_voltage_mAh_g": 1e3 * held / cell.active_g,
        f"{name}_constant_voltage_share": held / half.charge_Ah if half.charge_Ah else None,
        f"step_at_start_of_{name}_V": start,
        f"step_after_{name}_V": stop,
        f"step_after_{name}_s": seconds,
        f"{name}_capacity_mAh_cm2": None if area is None else 1e3 * half.charge_Ah / area,
        f"{name}_current_density_mA_cm2": None if area is None else 1e3 * current_A / area,
        f"c_rate_{name}": current_A / cell.nominal_Ah,
        **relaxation.columns(rest, name, config["voltage_sd_V"]),
    }
