"""The two protocols of the demo study: from planted truth to noiseless half cycles.

Pellet cells (short) charge, discharge and charge again at 0.05C with rests of more than an hour. Sheet cells
(long) go through a rate test and then 100 cycles at C/5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import cell_model
from .cell_model import Drive, Half

NOMINAL_MAH_G = 200.0
CAM_FRACTION = {"short": 0.80, "long": 0.792}  # sheets hold 1 % binder
COMPOSITE_MASS_MG = {"short": 12.0, "long": 7.5}
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
