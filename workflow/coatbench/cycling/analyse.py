"""One cell: from its raw exports to rows and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import readers
from ..analysis import Analysis
from ..quality import Quality, worst
from . import cells, curve_sets, features, files, impedance, judge, metrics, pulses
from .cells import Cell
from .dqdv import Curve
from .half_cycles import Cycle, HalfCycle, half_cycles, pair
from .record import CHARGE, DISCHARGE, NAMES, Record
from .windows import Window, windows_of

if TYPE_CHECKING:
    from ..config_types import CyclingConfig, CyclingDqdv


def analyse(rows: list[dict[str, str]], paths: list[Path], config: CyclingConfig) -> Analysis:
    """Read and analyse the exports of one cell, a row each.

    Returns
    -------
    Analysis
        Tables cycling_cells, cycling_half_cycles, cycling_dqdv_features, cycling_dqdv_quality,
        cycling_cell_metrics, cycling_fade, cycling_impedance, cycling_pulses; curves `dqdv`, `profiles`, `relaxation`, `record`,
        `impedance`.

    Raises
    ------
    ReadError, AnalysisError
        A file cannot be read, the files of the cell do not belong together, or their rows disagree.
    """
    cell = cells.cell_of(rows, config, paths[0])
    result = Analysis()
    data, parts = _read(rows, paths, cell, result)
    name = parts[0].file.name if len(parts) == 1 else f"cell {cell.key['cell']}"
    protocol = config["protocols"][cell.key["protocol"]]
    halves, stubs = half_cycles(data, config["stub_fraction"])
    first = DISCHARGE if protocol["first"] == "discharge" else CHARGE
    cycles, lone = pair(halves, first)
    _report_halves(result, name, cell, data, cycles, stubs, lone)
    cutoffs = {CHARGE: protocol["charge_cutoff_V"], DISCHARGE: protocol["discharge_cutoff_V"]}
    windows = windows_of(data, halves, cutoffs, config["cutoff_tolerance_V"])
    running = judge.running(data, halves, windows, config["hold_end_fraction"])
    judged = _cycles(data, parts, cycles, running, cell, windows, config)
    whole = judge.of_cell(judged)
    cycle_rows = [row for row, _ in judged]
    for row in cycle_rows:
        result.add("cycling_cells", **cell.key, **row, cell_quality=whole.level)
        if row["note"] not in ("", cells.unpaired(first)):
            result.warnings.append(f"{name}: cycle {row['cycle']}: {row['note']}")
    named = ";".join(f"{low}-{high}" for low, high in cell.left_out)
    if beyond := judge.beyond(named, len(cycle_rows)):
        result.warnings.append(
            f"{name}: leave_out_cycles names {beyond}, which the cell does not have ({len(cycle_rows)} cycles)"
        )
    _check_capacity(result, name, cycle_rows, config["capacity_check_percent"])
    relative = math.hypot(cell.mass_relative_sd, config["charge_sd_percent"] / 100)
    found = metrics.first_cycles(judged)
    # A pulse in a rest is a doubt about the relaxed potential, and none about capacities.
    capacities = [row | judgement.of_capacities().columns() for row, judgement in judged]
    found += metrics.irreversible(
        capacities, relative, config["efficiency_sd_percent"], config["retention_cycle"], first
    )
    if protocol["kind"] == "long" and cycle_rows:
        more, fits, notes = metrics.long_test(capacities, relative, config)
        found += more
        result.warnings += [f"{name}: {note}" for note in notes]
        for fit in fits if whole.usable else []:
            result.add("cycling_fade", **cell.key, **fit)
    spectra = impedance.rows_of(
        data, cycles, cell.area_cm2, config["kramers_kronig_residual_percent"]
    )
    for spectrum in spectra:
        result.add("cycling_impedance", **cell.key, **spectrum)
    for pulse in pulses.rows_of(data, cycles, stubs, cell.area_cm2, config):
        result.add("cycling_pulses", **cell.key, **pulse)
    curves = _differential(result, cell, data, cycles, judged, running, config)
    found += _overpotential(curves, judged, config["dqdv"])
    for metric in found:
        quality = worst([metric.pop("quality", Quality()), whole])
        result.add("cycling_cell_metrics", **cell.key, **metric, **quality.columns())
    result.curves = {
        "dqdv": curve_sets.differential({k: main for k, (main, _) in curves.items()}),
        "profiles": curve_sets.profiles(data, cycles, cell.active_g, config["profile_cycles"]),
        "relaxation": curve_sets.relaxations(data, cycles, config["dqdv_cycles"]),
        "record": curve_sets.whole(data),
        "impedance": impedance.curves(data, spectra),
    }
    potential = cell.potential or str(parts[0].attrs.get("potential", ""))
    for curve in result.curves.values():
        curve.attrs["potential"] = potential
        curve.attrs["relaxation_time_s"] = config["relaxation_time_s"]
    return result


def _read(
    rows: Sequence[Mapping[str, str]], paths: Sequence[Path], cell: Cell, result: Analysis
) -> tuple[Record, list[files.Part]]:
    """Read all exports of a cell and join them in order."""
    parts = []
    for row, path in zip(rows, paths, strict=True):
        export = readers.read(path, "cycling", row.get("format", ""))
        result.warnings += [f"{path.name}: {note}" for note in export.warnings]
        place = row.get("part")
        order = float(place) if place else None
        parts.append(files.part_of(path, export.sets[0], cell.potential, order))
        del export  # a long one is not held twice
    data, parts, notes = files.joined(parts)
    result.warnings += notes
    return data, parts


def _cycles(
    data: Record,
    parts: Sequence[files.Part],
    cycles: Sequence[Cycle],
    running: HalfCycle | None,
    cell: Cell,
    windows: Mapping[int, Window],
    config: CyclingConfig,
) -> list[tuple[dict[str, Any], judge.Judgement]]:
    """Return row and judgement of every cycle."""
    judged = []
    before = judge.Before()
    counter = parts[0].counted_before_Ah
    step_A = max(float(part.attrs.get("current_step_A", 0.0)) for part in parts)
    for cycle in cycles:
        row, judgement = cells.cycle_row(
            data, cycle, cell, windows, config,
            running=running, before=before, counter_Ah=counter, current_step_A=step_A,
        )  # fmt: skip
        judged.append((row, judgement))
        counts = judgement.whole.usable and not cell.leaves_out(cycle.number)
        before = before.after(row, cycle.first, counts=counts)
    return judged


def _report_halves(
    result: Analysis,
    name: str,
    cell: Cell,
    data: Record,
    cycles: Sequence[Cycle],
    stubs: Sequence[HalfCycle],
    lone: HalfCycle | None,
) -> None:
    numbered: list[tuple[HalfCycle, int | None]] = [(stub, None) for stub in stubs]
    if lone:
        numbered.append((lone, None))
        result.warnings.append(
            f"{name}: starts with a {NAMES[lone.direction]}, which belongs to no cycle"
        )
    numbered += [(half, cycle.number) for cycle in cycles for half in cycle.halves]
    numbered.sort(key=lambda pair: pair[0].first)
    for number, (half, cycle_number) in enumerate(numbered, 1):
        row = cells.half_cycle_row(data, half, number, cycle_number)
        result.add("cycling_half_cycles", **cell.key, **row)
    if stubs:
        result.warnings.append(f"{name}: {len(stubs)} stub half cycles or pulses not counted")
    if not numbered:
        result.warnings.append(f"{name}: no current flowed: no cycles")


def _check_capacity(
    result: Analysis, name: str, rows: Sequence[Mapping[str, Any]], limit_percent: float
) -> None:
    """Say where the integral of current over time disagrees with the capacity that is used."""
    checks = [
        (r.get(f"{half}_check_percent"), r.get(f"{half}_check_rounding_percent") or 0.0)
        for r in rows
        for half in NAMES.values()
    ]
    off = [c for c, rounding in checks if c is not None and abs(c) > limit_percent + rounding]
    if off:
        worst_off = max(off, key=abs)
        result.warnings.append(
            f"{name}: in {len(off)} half cycles the integral of current over time differs from the "
            f"instrument's charge by more than {limit_percent:g} % (worst {worst_off:+.2f} %)"
        )


Curves = dict[tuple[int, int], tuple["Curve", list["Curve"]]]


def _differential(
    result: Analysis,
    cell: Cell,
    data: Record,
    cycles: Sequence[Cycle],
    judged: Sequence[tuple[dict[str, Any], judge.Judgement]],
    running: HalfCycle | None,
    config: CyclingConfig,
) -> Curves:
    """Make dQ/dV of the configured cycles; add features and quality rows."""
    made: Curves = {}
    settings = config["dqdv"]
    whole = judge.of_cell(judged)
    for i, cycle in enumerate(cycles):
        if cycle.number not in config["dqdv_cycles"]:
            continue
        for half in cycle.halves:
            if half is running:
                continue
            main, others = features.curves(data, half, cell.active_g, settings)
            if main is None:
                continue
            made[cycle.number, half.direction] = main, others
            place = {"cycle": cycle.number, "direction": NAMES[half.direction]}
            low, high = settings["integral_low"], settings["integral_high"]
            conserved = low <= main.integral_over_charge <= high
            result.add(
                "cycling_dqdv_quality",
                **cell.key,
                **place,
                bin_V=main.bin_V,
                charge_mAh_g=main.charge_mAh_g,
                integral_over_charge=main.integral_over_charge,
                charge_conserved=conserved,
                noise_mAh_g_V=features.noise_of(main),
            )
            if not conserved:
                result.warnings.append(
                    f"{cell.key['sample']} {cell.key['cell']}: dQ/dV of {place['direction']} {cycle.number} holds "
                    f"{main.integral_over_charge:.4f} of the charge"
                )
            quality = worst([judge.up_to([j for _, j in judged], i, half.direction), whole])
            for f in features.find(main, others, half.direction, settings, config["voltage_sd_V"]):
                result.add(
                    "cycling_dqdv_features",
                    **cell.key,
                    **place,
                    feature=f.name,
                    potential_V=f.potential_V,
                    potential_V_sd=f.potential_V_sd,
                    prominence_mAh_g_V=f.prominence,
                    kind=f.kind,
                    height_mAh_g_V=f.height,
                    seen_in=f.seen_in,
                    **quality.columns(),
                )
    return made


def _overpotential(
    curves: Curves,
    judged: Sequence[tuple[dict[str, Any], judge.Judgement]],
    settings: CyclingDqdv,
) -> list[dict[str, Any]]:
    """Half the distance between the main peaks of the first discharge and of the charge after it."""
    low, high = settings["overpotential_low_V"], settings["overpotential_high_V"]
    pair_of = (curves.get((1, DISCHARGE)), curves.get((2, CHARGE)))
    if pair_of[0] is None or pair_of[1] is None:
        return []
    down = features.main_peak(*pair_of[0], low, high)
    up = features.main_peak(*pair_of[1], low, high)
    if down is None or up is None:
        return []
    quality = judge.up_to([j for _, j in judged], 1, CHARGE)
    sd = 0.5 * math.hypot(down[1], up[1])
    value = 0.5 * (up[0] - down[0])
    return [{"metric": "overpotential_V", "value": value, "value_sd": sd, "quality": quality}]
