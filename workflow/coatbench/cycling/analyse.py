"""One cell: from its raw export to rows and curves."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import readers
from ..analysis import Analysis
from ..errors import AnalysisError
from . import cells, curve_sets, features, metrics
from .halves import CHARGE, NAMES, Cycle, HalfCycle, Record, half_cycles, pair, record

if TYPE_CHECKING:
    from .dqdv import Curve


def analyse(rows: list[dict[str, str]], files: list[Path], config: dict[str, Any]) -> Analysis:
    """Read and analyse the export of one cell.

    Parameters
    ----------
    rows : list of dict
        The cell's one row of cycling/index.csv, text as in the file.
    files : list of Path
        The raw export.
    config : dict
        Section `cycling` of the config.

    Returns
    -------
    Analysis
        Tables cycling_cells, cycling_half_cycles, cycling_dqdv_features, cycling_dqdv_quality,
        cycling_cell_metrics, cycling_fade; curves `dqdv`, `profiles`, `relaxation`, `record`.

    Raises
    ------
    ReadError, AnalysisError
        The file cannot be read, or the index names more than one file for the cell.
    """
    if len(rows) != 1 or len(files) != 1:
        raise AnalysisError(
            files[0] if files else "", "index", "one file per cell", f"{len(files)}"
        )
    row, file = rows[0], files[0]
    export = readers.read(file, "cycling", row.get("format", ""))
    result = Analysis(warnings=[f"{file.name}: {note}" for note in export.warnings])
    assert export.columns is not None  # what `technique` asked for
    data = record(export.columns)
    key = {"sample": row["sample"], "cell": row["cell"], "protocol": row["protocol"]}
    mass = cells.active_mass(row, config)
    halves, stubs = half_cycles(data, config["stub_fraction"])
    cycles, lone = pair(halves)
    _report_halves(result, file, key, data, cycles, stubs, lone)
    protocol = config["protocols"][row["protocol"]]
    running = cells.running_half(data, cycles, protocol, config["cutoff_tolerance_V"])
    cycle_rows = [cells.cycle_row(data, c, mass, protocol, config, running) for c in cycles]
    cycles = [replace(c, discharge=None) if c.discharge is running else c for c in cycles]
    for cycle_row in cycle_rows:
        result.add("cycling_cells", **key, **cycle_row)
        if cycle_row["note"] and cycle_row["note"] != "no discharge yet":
            result.warnings.append(f"{file.name}: cycle {cycle_row['cycle']}: {cycle_row['note']}")
    _check_capacity(result, file, cycle_rows, config)
    relative = math.hypot(mass.relative_sd, config["charge_sd_percent"] / 100)
    found = metrics.first_cycles(cycle_rows) + metrics.irreversible(
        cycle_rows, relative, config["efficiency_sd_percent"], config["retention_cycle"]
    )
    if row["protocol"] == "long" and cycle_rows:
        more, fits, notes = metrics.long_test(cycle_rows, relative, config)
        found += more
        result.warnings += [f"{file.name}: {note}" for note in notes]
        for fit in fits:
            result.add("cycling_fade", **key, **fit)
    curves = _differential(result, key, data, cycles, mass.active_g, config)
    found += _overpotential(curves, config)
    for metric in found:
        result.add("cycling_cell_metrics", **key, **metric)
    result.curves = {
        "dqdv": curve_sets.differential({k: main for k, (main, _) in curves.items()}),
        "profiles": curve_sets.profiles(data, cycles, mass.active_g, config["profile_cycles"]),
        "relaxation": curve_sets.relaxations(data, cycles, config["dqdv_cycles"]),
        "record": curve_sets.whole(data),
    }
    for curve in result.curves.values():
        curve.attrs["potential_reference"] = config["potential_reference"]
        curve.attrs["relaxation_time_s"] = config["relaxation_time_s"]
    return result


def _report_halves(
    result: Analysis,
    file: Path,
    key: dict[str, str],
    data: Record,
    cycles: list[Cycle],
    stubs: list[HalfCycle],
    lone: HalfCycle | None,
) -> None:
    numbered: list[tuple[HalfCycle, int | None]] = [(stub, None) for stub in stubs]
    if lone:
        numbered.append((lone, None))
        result.warnings.append(f"{file.name}: starts with a discharge, which belongs to no cycle")
    for cycle in cycles:
        numbered.append((cycle.charge, cycle.number))
        if cycle.discharge:
            numbered.append((cycle.discharge, cycle.number))
    numbered.sort(key=lambda pair: pair[0].first)
    for number, (half, cycle_number) in enumerate(numbered, 1):
        row = cells.half_cycle_row(data, half, number, cycle_number)
        result.add("cycling_half_cycles", **key, **row)
    if stubs:
        result.warnings.append(f"{file.name}: {len(stubs)} stub half cycles not counted")
    if not numbered:
        result.warnings.append(f"{file.name}: no current flowed: no cycles")


def _check_capacity(
    result: Analysis, file: Path, rows: list[dict[str, Any]], config: dict[str, Any]
) -> None:
    """Say where the integral of current over time disagrees with the capacity that is used."""
    checks = [r.get(f"{name}_check_percent") for r in rows for name in NAMES.values()]
    off = [c for c in checks if c is not None and abs(c) > config["capacity_check_percent"]]
    if off:
        worst = max(off, key=abs)
        result.warnings.append(
            f"{file.name}: in {len(off)} half cycles the integral of current over time differs from the "
            f"instrument's charge by more than {config['capacity_check_percent']:g} % (worst {worst:+.2f} %)"
        )


Curves = dict[tuple[int, int], tuple["Curve", list["Curve"]]]


def _differential(
    result: Analysis,
    key: dict[str, str],
    data: Record,
    cycles: list[Cycle],
    mass_g: float,
    config: dict[str, Any],
) -> Curves:
    """Make dQ/dV of the configured cycles; add features and quality rows."""
    made: Curves = {}
    settings = config["dqdv"]
    for cycle in cycles:
        if cycle.number not in config["dqdv_cycles"]:
            continue
        for half in (cycle.charge, cycle.discharge):
            if half is None:
                continue
            main, others = features.curves(data, half, mass_g, settings)
            if main is None:
                continue
            made[cycle.number, half.direction] = main, others
            place = {"cycle": cycle.number, "direction": NAMES[half.direction]}
            low, high = settings["integral_low"], settings["integral_high"]
            conserved = low <= main.integral_over_charge <= high
            result.add(
                "cycling_dqdv_quality",
                **key,
                **place,
                bin_V=main.bin_V,
                charge_mAh_g=main.charge_mAh_g,
                integral_over_charge=main.integral_over_charge,
                charge_conserved=conserved,
                noise_mAh_g_V=features.noise_of(main),
            )
            if not conserved:
                result.warnings.append(
                    f"{key['sample']} {key['cell']}: dQ/dV of {place['direction']} {cycle.number} holds "
                    f"{main.integral_over_charge:.4f} of the charge"
                )
            for f in features.find(main, others, half.direction, settings, config["voltage_sd_V"]):
                result.add(
                    "cycling_dqdv_features",
                    **key,
                    **place,
                    feature=f.name,
                    potential_V=f.potential_V,
                    potential_V_sd=f.potential_V_sd,
                    prominence_mAh_g_V=f.prominence,
                    kind=f.kind,
                    height_mAh_g_V=f.height,
                    seen_in=f.seen_in,
                )
    return made


def _overpotential(curves: Curves, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Half the distance between the main peaks of the first discharge and of the charge after it."""
    settings = config["dqdv"]
    low, high = settings["overpotential_low_V"], settings["overpotential_high_V"]
    pair_of = (curves.get((1, -CHARGE)), curves.get((2, CHARGE)))
    if pair_of[0] is None or pair_of[1] is None:
        return []
    down = features.main_peak(*pair_of[0], low, high)
    up = features.main_peak(*pair_of[1], low, high)
    if down is None or up is None:
        return []
    sd = 0.5 * math.hypot(down[1], up[1])
    return [{"metric": "overpotential_V", "value": 0.5 * (up[0] - down[0]), "value_sd": sd}]
