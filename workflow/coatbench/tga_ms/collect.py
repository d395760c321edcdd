"""What needs several runs of one sample: kinetics over conversion, and what they predict for the study's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality
from ..arrays import Arrays
from ..quality import doubtful, unusable
from .event import extent_variable
from .kinetics import LEAST_RATES, Conversion, Kinetics, distinct_rates, held, isoconversional

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig

Row = dict[str, Any]
# Energies of the two methods that differ by more than both, and a share of the energy over conversion that several steps have.
DIFFERENT_SD, DIFFERENT_SHARE, SEVERAL_STEPS = 3.0, 0.1, 0.3
# The map of conversions: beyond the study's settings by so much, and times that ovens are used for.
BEYOND_K, MAP_STEP_K = 60.0, 5.0
MAP_HOURS = tuple(round(0.1 * 1.25**i, 3) for i in range(28))
# A prediction below the temperatures at which the process was seen is an extrapolation.
FAR_K = 40.0


def collect(
    tables: dict[str, list[Row]],
    samples: list[Row],
    config: TgaMsConfig,
    *,
    settings: Sequence[tuple[float, float]],
    curves: Mapping[str, Mapping[str, Arrays]],
) -> dict[str, list[Row]]:
    """Add kinetics to the tables of all runs.

    Parameters
    ----------
    settings : sequence of (float, float)
        Annealing temperature in degC and time in h of the study's samples.
    curves : mapping
        Curve sets of each run, `{run: {"mass": Arrays}}`.

    Returns
    -------
    dict
        The tables, with tga_ms_kinetics, tga_ms_conversion and tga_ms_conversion_map.
    """
    result = dict(tables)
    found: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    rates = {r["run"]: r["heating_rate_K_min"] for r in tables.get("tga_ms_runs", [])}
    for (sample, event), rows in _processes(tables.get("tga_ms_events", [])).items():
        counted, inherited = quality.counted(rows, "run")
        names = [row["run"] for row in counted]
        shown = {n: curves[n]["mass"] for n in names if "mass" in curves.get(n, {})}
        runs = [
            Conversion(
                own["time_s"], own["temperature_degC"], own[extent_variable(event)], rates[n]
            )
            for n, own in shown.items()
            if extent_variable(event) in own
        ]
        if not runs:
            continue
        key = {"sample": sample, "event": event}
        distinct = distinct_rates([r.rate_K_min for r in runs])
        described = {
            "n_runs": len(runs),
            "heating_rates_K_min": "; ".join(f"{r:.3g}" for r in distinct),
        }
        if len(distinct) < LEAST_RATES:
            rate_s = "heating rate" if len(distinct) == 1 else "heating rates"
            note = f"not estimated: {len(distinct)} {rate_s}, and kinetics take three or more"
            # Nothing is wrong with the measurement: it was made for something else.
            found[0].append(key | described | {"note": note} | quality.Quality().columns())
            continue
        kinetics = isoconversional(runs, config["temperature_sd_K"])
        judged = quality.worst([_judged(kinetics), inherited])
        found[0].extend(
            key | described | row | judged.columns() for row in _over_conversion(kinetics)
        )
        if judged.usable:
            for table, points in ((found[1], settings), (found[2], _grid(kinetics, settings))):
                table.extend(key | row for row in _predicted(kinetics, points, judged))
    return result | {
        "tga_ms_kinetics": found[0],
        "tga_ms_conversion": found[1],
        "tga_ms_conversion_map": found[2],
    }


def _processes(events: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows of the mass's events by sample and event: one for each run that shows it."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in events:
        if row["signal"] == "mass":
            found.setdefault((row["sample"], row["event"]), []).append(row)
    return found


def _judged(kinetics: Kinetics) -> quality.Quality:
    if not (kinetics.energy_J_mol > 0).all():
        return unusable(
            "not one process: it does not move to higher temperature with the heating rate"
        )
    found = []
    apart = np.abs(kinetics.energy_J_mol - kinetics.energy_integral_J_mol)
    limit = DIFFERENT_SD * kinetics.energy_J_mol_sd + DIFFERENT_SHARE * kinetics.energy_J_mol
    if (apart > limit).mean() > 0.2:
        found.append(doubtful("energies from rates and from times differ"))
    return quality.worst(found)


def _over_conversion(kinetics: Kinetics) -> list[Row]:
    middle = kinetics.energy_J_mol[1:-1]
    varies = float(np.ptp(middle) / middle.mean())
    note = f"the energy varies by {100 * varies:.0f} % over conversion: more than one step" if varies > SEVERAL_STEPS else ""  # fmt: skip
    return [
        {
            "conversion": float(kinetics.conversion[i]),
            "activation_energy_kJ_mol": float(kinetics.energy_J_mol[i]) / 1000,
            "activation_energy_kJ_mol_sd": float(kinetics.energy_J_mol_sd[i]) / 1000,
            "activation_energy_integral_kJ_mol": float(kinetics.energy_integral_J_mol[i]) / 1000,
            "ln_rate_s": float(kinetics.ln_rate[i]),
            "ln_rate_s_sd": float(kinetics.draws[:, 1, i].std(ddof=1)),
            "note": note,
        }
        for i in range(len(kinetics.conversion))
    ]


def _predicted(
    kinetics: Kinetics, points: Sequence[tuple[float, float]], judged: quality.Quality
) -> list[Row]:
    rows = []
    for temperature in dict.fromkeys(t for t, _ in points):
        hours = [h for t, h in points if t == temperature]
        draws = held(kinetics, temperature, hours)
        far = kinetics.range_degC[0] - temperature
        found = [judged]
        if far > FAR_K:
            found.append(
                doubtful(f"{far:.0f} K below the temperatures at which the process was seen")
            )
        for k, h in enumerate(hours):
            rows.append(
                {
                    "annealing_temperature_degC": temperature,
                    "annealing_time_h": h,
                    "conversion": float(draws[0, k]),
                    "conversion_sd": float(draws[1:, k].std(ddof=1)),
                }
                | quality.worst(found).columns()
            )
    return rows


def _grid(kinetics: Kinetics, settings: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Temperatures and times of the map: what the study used and where the process was seen."""
    low, high = kinetics.range_degC
    own = [t for t, _ in settings]
    first = min([low - BEYOND_K, *own]) // MAP_STEP_K * MAP_STEP_K
    last = max([high, *own])
    return [
        (float(t), h)
        for t in np.arange(max(first, 0.0), last + MAP_STEP_K, MAP_STEP_K)
        for h in MAP_HOURS
    ]
