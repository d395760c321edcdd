"""What one cell says in single numbers: the rows that the statistics over cells start from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality
from . import rates
from .features import as_array
from .judge import Judgement, up_to
from .record import CHARGE, DISCHARGE, NAMES

if TYPE_CHECKING:
    from ..config_types import CyclingConfig

Row = dict[str, Any]


def series_of(rows: Sequence[Row], first: int = CHARGE) -> rates.Series:
    """Return the capacities of a cell over its cycles, which begin with the half cycle of this direction."""
    return rates.Series(
        cycle=np.array([r["cycle"] for r in rows], dtype=int),
        charge=as_array(
            [None if r["running"] == "charge" else r.get("charge_capacity_mAh_g") for r in rows]
        ),
        discharge=as_array(
            [
                None if r["running"] == "discharge" else r.get("discharge_capacity_mAh_g")
                for r in rows
            ]
        ),
        rate=as_array([r.get("c_rate") for r in rows]),
        left_out=np.array(
            [bool(r["interrupted"]) or not quality.quality_of(r).usable for r in rows], bool
        ),
        first=first,
    )


# Metric, column of cycling_cells, cycle from 0, and whether it is of a charge, a discharge or both.
FIRST_CYCLES: tuple[tuple[str, str, int, int], ...] = (
    ("initial_coulombic_efficiency_percent", "coulombic_efficiency_percent", 0, 0),
    ("first_charge_capacity_mAh_g", "charge_capacity_mAh_g", 0, CHARGE),
    ("first_discharge_capacity_mAh_g", "discharge_capacity_mAh_g", 0, DISCHARGE),
    ("second_charge_capacity_mAh_g", "charge_capacity_mAh_g", 1, CHARGE),
    ("relaxed_potential_charge_V", "relaxed_potential_charge_V", 0, CHARGE),
    ("relaxed_potential_discharge_V", "relaxed_potential_discharge_V", 0, DISCHARGE),
    ("mean_charge_V", "mean_charge_V", 0, CHARGE),
    ("mean_discharge_V", "mean_discharge_V", 0, DISCHARGE),
    ("charge_cutoff_V", "end_of_charge_V", 0, CHARGE),
    ("discharge_cutoff_V", "end_of_discharge_V", 0, DISCHARGE),
    ("c_rate", "c_rate", 0, 0),
)


def first_cycles(judged: Sequence[tuple[Row, Judgement]]) -> list[Row]:
    """Return what the first cycles give: capacities, efficiency, relaxed potentials, rate, window.

    Each has the judgement of its half cycle and of those that led to it, as `quality`.
    """
    found = []
    for metric, column, i, direction in FIRST_CYCLES:
        if i >= len(judged):
            continue
        row, judgement = judged[i]
        value = row.get(column)
        if value is None or not math.isfinite(value):
            continue
        if row["running"] == NAMES.get(direction):
            continue  # what a half cycle has so far is not its capacity, nor its end a cut-off
        own = [*judgement.halves.values()]
        reasons = own if direction == 0 else [up_to([j for _, j in judged], i, direction)]
        if column.startswith("relaxed"):
            reasons.append(judgement.relaxed.get(direction, quality.Quality()))
        found.append(
            {
                "metric": metric,
                "value": value,
                "value_sd": row.get(f"{column}_sd"),
                "quality": quality.worst(reasons),
            }
        )
    return found


def irreversible(
    rows: Sequence[Row],
    relative_sd: float,
    efficiency_sd_percent: float,
    last_cycle: int,
    first: int = CHARGE,
) -> list[Row]:
    """Return the charge that cycles did not give back, in all, and the mean efficiency.

    Both count up to `last_cycle`, so that cells with more cycles compare with those that have fewer. The
    cycler's linearity is an error of every cycle alike, so it adds up with the charge that flowed.

    Parameters
    ----------
    rows : sequence of dict
        Table cycling_cells of one cell.
    relative_sd : float
        Of a capacity per gram.
    efficiency_sd_percent : float
        Of the efficiency of one cycle, percentage points.
    last_cycle : int
    first : int
        Direction of the half cycle that a cycle begins with: the other one gives back.
    """
    rows = [r for r in rows if r["cycle"] <= last_cycle]
    series = series_of(rows, first)
    usable = np.array([quality.quality_of(r).usable for r in rows], bool)
    complete = np.isfinite(series.charge) & np.isfinite(series.discharge) & usable
    if not complete.any():
        return []
    left = [
        f"left out: cycle {r['cycle']}: {quality.quality_of(r).note}"
        for r in rows
        if not quality.quality_of(r).usable and r["running"] == ""
    ]
    judged = quality.doubtful("; ".join(left)) if left else quality.Quality()
    lost = float((series.put_in - series.given_back)[complete].sum())
    found: list[Row] = [
        {
            "metric": "cumulative_irreversible_capacity_mAh_g",
            "value": lost,
            "value_sd": math.hypot(
                lost * relative_sd,
                0.01 * efficiency_sd_percent * float(series.put_in[complete].sum()),
            ),
            "quality": quality.worst([judged, _doubts(rows, np.flatnonzero(complete).tolist())]),
        }
    ]
    mean, counted = rates.mean_efficiency(series)
    if counted:
        found.append(
            {
                "metric": "mean_coulombic_efficiency_percent",
                "value": mean,
                "value_sd": efficiency_sd_percent,
                "quality": _doubts(rows, counted),
            }
        )
    return found


def _doubts(rows: Sequence[Row], counted: Iterable[int]) -> quality.Quality:
    """Return the doubts of the cycles that a number counts, by the first of them."""
    own = [rows[i] for i in counted if quality.quality_of(rows[i]).level == quality.DOUBTFUL]
    if not own:
        return quality.Quality()
    more = f" (and {len(own) - 1} more cycles)" if len(own) > 1 else ""
    return quality.doubtful(f"cycle {own[0]['cycle']}: {quality.quality_of(own[0]).note}{more}")


def long_test(
    rows: Sequence[Row], relative_sd: float, config: CyclingConfig
) -> tuple[list[Row], list[Row], list[str]]:
    """Return metrics, fade fits and warnings of a rate test with long-term cycling."""
    series = series_of(rows)
    parts = rates.plan(series, config["long_term_rate_C"])
    found: list[Row] = []
    at_rates = rates.capacities_at_rates(series, parts)
    slowest = min(at_rates, default=None)
    test = parts.rate_test[~series.left_out[parts.rate_test]]
    for rate, (value, error, _) in at_rates.items():
        own = test[series.rate[test] == rate].tolist()
        noise = error if math.isfinite(error) else 0.0
        found.append(
            {
                "metric": f"capacity_at_{rate:g}C_mAh_g",
                "value": value,
                "value_sd": math.hypot(value * relative_sd, noise),
                "quality": _doubts(rows, own),
            }
        )
        if slowest is not None and rate != slowest:
            base, base_error, _ = at_rates[slowest]
            base_noise = base_error if math.isfinite(base_error) else 0.0
            share = 100 * value / base
            found.append(
                {
                    "metric": f"rate_retention_at_{rate:g}C_percent",
                    "value": share,
                    "value_sd": share * math.hypot(noise / value, base_noise / base) or None,
                    "quality": _doubts(rows, own + test[series.rate[test] == slowest].tolist()),
                }
            )
    noise = rates.cycle_noise(series, parts, config["noise_half_width_cycles"])
    retained, note = rates.retentions(series, parts, config)
    for metric, (value, since) in retained.items():
        # Mass cancels in a ratio; the scatter of a single cycle does not, and stands on both sides:
        # for R = 100 Q/Q0, u(R) = u(Q)/Q0 sqrt(100^2 + R^2).
        sd = noise / series.discharge[since] * math.hypot(100.0, value)
        last = int(np.flatnonzero(series.cycle == config["retention_cycle"])[0])
        found.append(
            {
                "metric": metric,
                "value": value,
                "value_sd": sd if math.isfinite(sd) else None,
                "quality": _doubts(rows, [since, last]),
            }
        )
    if math.isfinite(noise):
        found.append({"metric": "cycle_noise_mAh_g", "value": noise, "value_sd": None})
    fits = rates.fade_fits(series, parts)
    return found, fits, [note] if note else []
