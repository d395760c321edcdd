"""TGA-MS of one run: events of mass, DSC and ion currents; lag; isotopologue ratios; annealing window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality, readers
from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError
from . import ions as ion_module
from .areas import set_areas
from .event import Event, Signal, extent_variable
from .events import find_events
from .isotopes import ratios
from .lag import Lag, estimate_lag
from .run import Run, heating_rate_K_s, prepare
from .segments import segment_at
from .smooth import smooth, white_noise
from .window import recommended, slopes

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig


def analyse(rows: list[dict[str, str]], files: list[Path], config: TgaMsConfig) -> Analysis:
    """Read and analyse one run: its thermogram, then ion currents and blank run where the row names them.

    Returns
    -------
    Analysis
        Tables tga_ms_events, tga_ms_ratios, tga_ms_window, tga_ms_slopes, tga_ms_runs; curves `mass`
        (time; furnace clock) and, with ion currents, `ions` (mz, time).

    Raises
    ------
    ReadError, AnalysisError
        A file cannot be read, or carries no mass over temperature.
    """
    (row,) = rows
    names = [c for c in ("tga_file", "ms_file", "blank_file") if row.get(c)]
    stated = {"tga_file": row.get("format", "")}  # what the index says of the thermogram
    exports = {
        name: readers.read(file, "tga_ms", stated.get(name, ""))
        for name, file in zip(names, files, strict=True)
    }
    result = Analysis()
    for export in exports.values():
        result.warnings += export.warnings
    run = prepare(exports["tga_file"], exports.get("blank_file"), config)
    result.warnings += run.warnings
    key = {"run": row["run"], "sample": row["sample"]}
    mass = _signal("mass", run)
    mass_events = find_events(mass, run.grid, config, drift=run.drift)
    limits = config["plausible"]["mass_percent"]
    extremes = [
        quality.plausible(float(m), "mass in percent of the initial mass", limits)
        for m in (run.mass_percent.min(), run.mass_percent.max())
    ]
    doubts = [quality.doubtful(note) for note in run.doubts]
    for event in mass_events:
        event.quality = quality.worst([event.quality, *extremes, *doubts])
    events = list(mass_events)
    if run.dsc is not None:
        dsc_events = find_events(_signal("dsc", run), run.grid, config)
        if run.exo == 0 and dsc_events:
            result.warnings.append(
                "the export does not say which sign of DSC is exothermic: taken as positive"
            )
        set_areas(dsc_events, _signal("dsc", run), run.grid, run.dsc_unit, config["dsc_baseline"])
        for event in dsc_events:
            event.quality = quality.worst([event.quality, *doubts])
        events += dsc_events
    lag, ions = _ions(row, exports, run, config, result)
    ion_events: list[Event] = []
    cut: dict[int, str] = {}
    for mz, current in zip(ions.mz, ions.current_A, strict=True) if ions is not None else ():
        signal = Signal(f"mz{mz}", current, False, (1,), ion_module.robust_baseline(current, 1))
        assert ions is not None
        lag_sd_K = lag.sd_s * run.grid.rate_K_s if lag.sd_s == lag.sd_s else 0.0
        found = find_events(signal, ions.grid, config, extra_sd_K=lag_sd_K)
        judged = [lag.quality, *doubts]
        if (top := ion_module.saturated_A(current)) == top and found:
            cut[int(mz)] = f"m/z {mz} is cut off at {top:.2g} A: the electrometer is saturated"
            judged.append(quality.doubtful(cut[int(mz)]))
        for event in found:
            event.quality = quality.worst([event.quality, *judged])
        ion_events += found
    result.warnings += cut.values()
    for event in events + ion_events:
        lag_cells = (
            {"ms_lag_s": lag.value_s, "ms_lag_s_sd": lag.sd_s} if event in ion_events else {}
        )
        segment = segment_at(run.segments, event.time_s.get("peak", math.nan))
        result.add("tga_ms_events", **key, **event.row(), **lag_cells, segment=segment)
    if ions is not None:
        for event in _evolutions(ion_events, config["ratio_window_mz"]):
            for cells in ratios(ions, event, config):
                result.add("tga_ms_ratios", **key, **_without_cut(cells, cut))
    result.add("tga_ms_window", **key, **recommended(mass_events, run.buoyancy))
    for cells in slopes(run, run.grid, mass_events, config["baseline_min_K"]):
        result.add("tga_ms_slopes", **key, **cells)
    result.add("tga_ms_runs", **key, **_describe(exports, run, lag, config["temperature_sd_K"]))
    result.curves = _curves(run, ions, config["smoothing_window_K"])
    extents = {
        extent_variable(event.name): ("time", event.extent, {"units": "1"})
        for event in mass_events
        if event.extent is not None
    }
    result.curves["mass"] = result.curves["mass"].assign(extents)
    return result


def _signal(name: str, run: Run) -> Signal:
    if name == "mass":
        return Signal("mass", run.mass_percent, True, (1, -1), 0 * run.mass_percent)
    assert run.dsc is not None
    return Signal("dsc", run.dsc, False, (1, -1), ion_module.robust_baseline(run.dsc, 3), run.exo)


def _ions(
    row: dict[str, str], exports: dict[str, Any], run: Run, config: TgaMsConfig, result: Analysis
) -> tuple[Lag, ion_module.Ions | None]:
    """Return the lag and the ion currents on the furnace clock; None without any that can be placed."""
    unknown = float("nan")
    own_file = "ms_file" in exports
    block: Arrays = exports["ms_file" if own_file else "tga_file"].sets[0]
    if "ion_current_A" not in block:
        if own_file:
            raise AnalysisError(
                exports["ms_file"].path, "columns", "ion currents",
                ", ".join(block.variables), "name an export with m/z channels in ms_file",
            )  # fmt: skip
        return Lag(unknown, unknown, "none"), None
    given = row.get("ms_lag_s", "")
    if given:
        lag = Lag(float(given), unknown, "index")
    elif not own_file:
        lag = Lag(0.0, unknown, "same clock")
    else:
        window = run.grid.window(config["smoothing_window_K"])
        dtg = smooth(run.mass_percent, window, run.grid.step_s)
        lag = estimate_lag(
            np.asarray(block["time_s"], float),
            dict(
                zip(
                    (int(m) for m in np.asarray(block["mz"])),
                    np.asarray(block["ion_current_A"]),
                    strict=True,
                )
            ),
            run.grid,
            dtg,
            window_K=config["smoothing_window_K"],
            baseline_K=config["baseline_K"],
            range_s=config["lag_range_s"],
            channels=config["lag_mz"],
            least=config["lag_min_correlation"],
        )
        result.warnings += lag.warnings
    if lag.value_s != lag.value_s:
        return lag, None
    ions = ion_module.place(block, run.grid, lag.value_s)
    if ions is None:
        result.warnings.append(
            "ion currents and thermogram do not overlap in time: no evolution is given"
        )
    return lag, ions


def _without_cut(cells: dict[str, Any], cut: Mapping[int, str]) -> dict[str, Any]:
    """Return a ratio's cells; of a channel that was cut off there is no ratio, whatever comes out."""
    notes = [cut[m] for m in (cells["numerator_mz"], cells["denominator_mz"]) if m in cut]
    if not notes:
        return cells
    keep = (
        "numerator_mz",
        "denominator_mz",
        "window_start_degC",
        "window_end_degC",
        "isotope_ratio",
    )
    return {k: cells.get(k) for k in keep} | {"finding": f"no ratio: {'; '.join(notes)}"}


def _evolutions(events: list[Event], mz: int) -> list[Event]:
    """Return the complete evolutions that ratios are taken over, the main one first."""
    chosen = [
        e
        for e in events
        if e.signal == f"mz{mz}" and {"onset_first_deviation", "end"} <= e.time_s.keys()
    ]
    return sorted(chosen, key=lambda e: not e.main)


def _describe(
    exports: dict[str, Any], run: Run, lag: Lag, temperature_sd_K: float
) -> dict[str, Any]:
    window_s = float(run.grid.step_s)
    return {
        "instrument": exports["tga_file"].attrs.get("instrument", ""),
        "date": exports["tga_file"].attrs.get("date", ""),
        "initial_mass_mg": run.initial_mass_mg,
        "start_degC": float(run.grid.temperature_degC[0]),
        "end_degC": float(run.grid.temperature_degC.max()),
        "heating_rate_K_min": 60 * heating_rate_K_s(run.grid.time_s, run.grid.temperature_degC),
        "final_mass_percent": float(run.mass_percent[-4:].mean()),
        "mass_noise_percent": white_noise(run.mass_percent),
        "grid_step_s": window_s,
        "final_mass_percent_sd": _mass_sd(run, ends=4),
        **_losses(run, temperature_sd_K),
        "segments": "; ".join(
            f"{s.name} {s.start_s / 60:.1f}-{s.stop_s / 60:.1f} min" for s in run.segments
        ),
        "artefacts": "; ".join(a.note for a in run.artefacts),
        "buoyancy": run.buoyancy,
        "drift_sd_percent": run.drift_sd_percent,
        "ms_lag_s": lag.value_s,
        "ms_lag_s_sd": lag.sd_s,
        "ms_lag_source": lag.source,
        "ms_lag_correlation": lag.correlation,
    }


def _mass_sd(run: Run, ends: int = 1) -> float:
    """Standard uncertainty of the mass in percent, averaged over so many points: noise, and what buoyancy leaves."""
    return math.hypot(white_noise(run.mass_percent) / math.sqrt(ends), run.drift(math.inf))


def _losses(run: Run, temperature_sd_K: float) -> dict[str, float]:
    """Temperatures at which 5 and 10 % of the initial mass are lost, for good; NaN: not lost."""
    cells = {}
    mass, temperature = run.mass_percent, run.grid.temperature_degC
    for percent in (5, 10):
        above = np.flatnonzero(mass > 100 - percent)
        last = int(above[-1]) if above.size else -1
        at = sd = math.nan
        if 0 <= last < mass.size - 1:
            at = float(temperature[last])
            # How far the temperature goes while the mass changes by its uncertainty.
            near = slice(max(last - 5, 0), last + 6)
            slope = abs(float(np.polyfit(np.arange(mass[near].size), mass[near], 1)[0]))
            points = _mass_sd(run) / slope if slope > 0 else math.inf
            ends = [min(max(last + sign * points, 0), mass.size - 1) for sign in (-1, 1)]
            reach = 0.5 * float(np.ptp(np.interp(ends, np.arange(mass.size), temperature)))
            sd = math.hypot(reach, temperature_sd_K)
        cells[f"loss_{percent}_percent_degC"] = at
        cells[f"loss_{percent}_percent_degC_sd"] = sd
    return cells


def _curves(run: Run, ions: ion_module.Ions | None, smoothing_K: float) -> dict[str, Arrays]:
    grid = run.grid
    window = grid.window(smoothing_K)
    dtg = smooth(run.mass_percent, window, grid.step_s)
    variables: dict[str, Any] = {
        "temperature_degC": ("time", grid.temperature_degC, {"units": "degC"}),
        "mass_percent": ("time", run.mass_percent, {"units": "%"}),
        "mass_smooth_percent": ("time", smooth(run.mass_percent, window), {"units": "%"}),
        "dtg_percent_min": ("time", 60 * dtg, {"units": "%/min"}),
    }
    if run.dsc is not None:
        attrs = {"units": run.dsc_unit, "exo": run.exo}
        variables["dsc"] = ("time", smooth(run.dsc, window), attrs)
    time = {"time_s": ("time", grid.time_s, {"units": "s"})}
    curves = {"mass": Arrays.of(variables, time)}
    if ions is not None:
        own = ions.grid.window(smoothing_K)
        curves["ions"] = Arrays.of(
            {
                "temperature_degC": ("time", ions.grid.temperature_degC, {"units": "degC"}),
                "ion_current_A": (("mz", "time"), ions.current_A, {"units": "A"}),
                "ion_current_smooth_A": (
                    ("mz", "time"),
                    smooth(ions.current_A, own),
                    {"units": "A"},
                ),
            },
            {
                "time_s": ("time", ions.grid.time_s, {"units": "s"}),
                "mz": ("mz", np.asarray(ions.mz)),
            },
        )
    return curves
