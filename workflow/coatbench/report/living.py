"""Curves that the report's reader can zoom, hover and compare, gathered from the jobs' files; `packing` makes them small.

What is unusable is no curve, but for the fits of XPS, which are shown one at a time and say so; what should be doubted is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..curves import load_curves
from ..quality import DOUBTFUL, LEVELS, OK, UNUSABLE
from ..techniques import TECHNIQUES

PART_SHARE = 0.002  # of its height, below which a component is its background
TURNS_BACK_DEGC = 2.0  # a temperature that falls by more is no abscissa

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Curve:
    """One line: of which sample, which of its measurements, what it is, and how it is drawn.

    `kind`: `data` (points), `fit`, `part`, `base` (background), `line`, `marks` (line with points) or `sticks`; `quality` as in the tables.
    """

    sample: str
    group: str
    unit: str
    name: str
    kind: str
    x: np.ndarray
    y: np.ndarray
    quality: str = OK


@dataclass
class View:
    """Curves that share their axes; `one` says that a reader sees one measurement of a sample at first."""

    id: str
    title: str
    x: str
    y: str
    descending: bool = False
    log: bool = False
    one: bool = False
    group: str = "show"
    unit: str = "measurement"
    curves: list[Curve] = field(default_factory=list)


def gather(
    paths: Iterable[str | Path], results: Path, tables: Mapping[str, Rows], against: str
) -> list[View]:
    """Return the views of a study, those with curves only.

    Parameters
    ----------
    paths : netCDF files of the jobs, below `results`/<technique>
    results : folder of the results
    tables : name -> rows of the result tables, for capacity over cycles and for what should be doubted
    against : what potentials are measured against; empty for none
    """
    views = _views(f"potential / V{f' vs {against}' if against else ''}")
    judged = _judged(tables)
    for path in map(Path, paths):
        inside = path.relative_to(results).parts
        if reader := READERS.get(inside[0]):
            for key, curve in reader(path, inside, judged):
                views[key].curves.append(curve)
    for key, curve in _capacities(tables.get("cycling_cells", ())):
        views[key].curves.append(curve)
    for view in views.values():
        if view.id != "xps":
            view.curves = [curve for curve in view.curves if curve.quality != UNUSABLE]
    return [view for view in views.values() if view.curves]


# Tables that judge what curves show, and the columns that name it.
JUDGES = {
    "cycling_cells": ("sample", "protocol", "cell", "cycle"),
    "cycling_impedance": ("sample", "protocol", "cell", "spectrum"),
    "leis_windows": ("sample", "heating_temperature_degC"),
    "tga_ms_events": ("run", "signal"),
    "sims_acquisition": ("sample",),
}
Judged = Callable[..., str]


def _judged(tables: Mapping[str, Rows]) -> Judged:
    """Return a function from a table and a curve's name in it to its quality.

    A curve that the table judges in parts (windows, events, regions) is as good as the best of them where that is not ok, and doubtful
    where some of them are not.
    """
    found: dict[tuple[Any, ...], set[str]] = {}
    for table, columns in JUDGES.items():
        for row in tables.get(table, ()):
            known = [str(row.get(c) or OK) for c in ("quality", "cell_quality")]
            if "quality" not in row and row.get("note"):  # why a spectrum has no resistance
                known.append(DOUBTFUL)
            level = max(known, key=LEVELS.index)
            found.setdefault((table, *map(row.get, columns)), set()).add(level)

    def level_of(table: str, *name: Any) -> str:
        levels = found.get((table, *name), {OK})
        best = min(levels, key=LEVELS.index)
        return DOUBTFUL if best == OK and len(levels) > 1 else best

    return level_of


def _views(potential: str) -> dict[str, View]:
    heat: dict[str, Any] = {"x": "temperature / °C", "unit": "run"}
    cell: dict[str, Any] = {"group": "half cycle", "unit": "cell"}
    found = [
        View("xps", "XPS fits", "binding energy / eV", "counts/s", True, False, True, "region", "spot"),
        View("profiles", "Voltage profiles", "capacity / mAh g⁻¹", potential, **cell),
        View("dqdv", "dQ/dV", potential, "dQ/dV / mAh g⁻¹ V⁻¹", **cell),
        View("relaxation", "Relaxation", "time after the current stopped / h", potential, **cell),
        View("impedance", "Impedance", "real part / Ω", "−imaginary part / Ω", group="after", unit="cell"),
        View("capacity", "Capacity over cycles", "cycle", "capacity / mAh g⁻¹", unit="cell"),
        View("efficiency", "Coulombic efficiency", "cycle", "Coulombic efficiency / %", unit="cell"),
        View("mass", "TGA: mass", y="mass / %", **heat),
        View("dtg", "TGA: rate of the mass", y="DTG / % min⁻¹", **heat),
        View("dsc", "DSC", y="DSC", **heat),
        View("ions", "Ion currents", y="ion current / A", log=True, one=True, **heat),
        View("leis", "LEIS", "energy / eV", "counts nC⁻¹ per channel", group="heated to"),
        View("sims", "ToF-SIMS peaks", "mass / u", "counts", one=True, unit="region"),
    ]  # fmt: skip
    return {view.id: view for view in found}


Found = Iterator[tuple[str, Curve]]


def _xps(path: Path, inside: Sequence[str], judged: Judged) -> Found:
    names = {
        "binding_energy_eV", "intensity_cps", "background_cps", "envelope_cps", "component", "component_cps",
    }  # fmt: skip
    for key, data in load_curves(path, names=names).items():
        quality = str(data.attrs.get("quality", "ok"))
        unit = key.split("|")[0]
        region = str(data.attrs["region"])
        x = data["binding_energy_eV"]

        def curve(
            name: str,
            kind: str,
            y: np.ndarray,
            x: np.ndarray = x,
            region: str = region,
            unit: str = unit,
            quality: str = quality,
        ) -> tuple[str, Curve]:
            return "xps", Curve(path.stem, region, unit, name, kind, x, y, quality)

        fitted = "envelope_cps" in data
        yield curve("measured", "data" if fitted else "line", data["intensity_cps"])
        if fitted:
            yield curve("fit", "fit", data["envelope_cps"])
            yield curve("background", "base", data["background_cps"])
            for name, part in zip(data["component"], data["component_cps"], strict=True):
                there = part > PART_SHARE * np.nanmax(part, initial=0.0)
                yield curve(str(name), "part", (data["background_cps"] + part)[there], x[there])


def _cycling(path: Path, inside: Sequence[str], judged: Judged) -> Found:
    _, sample, protocol, _ = inside
    sets = load_curves(path, lambda attrs: "bin_V" in attrs or "relaxation_time_s" in attrs)
    own = (sample, protocol, path.stem)

    def halves(name: str, dim: str) -> Iterator[tuple[Arrays, int, tuple[str, int]]]:
        data = sets.get(name)
        if data is not None and dim in data.sizes:
            for i, (cycle, way) in enumerate(zip(data["cycle"], data["direction"], strict=True)):
                yield data.isel(dim, i), 1 if way == "charge" else -1, (str(way), int(cycle))

    def curve(half: tuple[str, int], x: np.ndarray, y: np.ndarray) -> Curve:
        way, cycle = half
        quality = judged("cycling_cells", *own, cycle)
        return Curve(sample, f"{protocol}: {way} {cycle}", path.stem, "", "line", x, y, quality)

    for data, _, half in halves("profiles", "half"):
        yield "profiles", curve(half, data["capacity_mAh_g"], data["voltage_V"])
    for data, sign, half in halves("dqdv", "curve"):
        yield "dqdv", curve(half, data["potential_V"], sign * data["dqdv"])
    for data, _, half in halves("relaxation", "half"):
        yield "relaxation", curve(half, data["time_s"] / 3600, data["voltage_V"])
    spectra = sets.get("impedance")
    if spectra is not None and "spectrum" in spectra.sizes:
        for i, (cycle, after) in enumerate(zip(spectra["cycle"], spectra["after"], strict=True)):
            one = spectra.isel("spectrum", i)
            group = f"{protocol}: {after} {cycle}" if cycle else f"{protocol}: before cycling"
            known = (
                judged("cycling_impedance", *own, i + 1),
                judged("cycling_cells", *own, int(cycle) or 1),
            )
            quality = max(known, key=LEVELS.index)
            x, y = one["real_ohm"], -one["imaginary_ohm"]
            yield (
                "impedance",
                Curve(sample, group, path.stem, f"spectrum {i + 1}", "data", x, y, quality),
            )


def _capacities(cells: Rows) -> Found:
    quantities = {
        "capacity": ("discharge_capacity_mAh_g", "charge_capacity_mAh_g"),
        "efficiency": ("coulombic_efficiency_percent",),
    }
    of_cell: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in cells:
        if UNUSABLE not in (row.get("quality"), row.get("cell_quality")):
            key = str(row["sample"]), str(row["protocol"]), str(row["cell"])
            of_cell.setdefault(key, []).append(row)
    for (sample, protocol, cell), rows in of_cell.items():
        for view, columns in quantities.items():
            for column in columns:
                known = [r for r in rows if r.get(column) is not None]
                doubted = any(DOUBTFUL in (r.get("quality"), r.get("cell_quality")) for r in known)
                name = column.split("_")[0] if view == "capacity" else ""
                group = f"{protocol}: {name}" if name else protocol
                x, y = ([float(r[c]) for r in known] for c in ("cycle", column))
                yield view, Curve(
                    sample, group, cell, "", "marks", np.array(x), np.array(y), DOUBTFUL if doubted else OK
                )  # fmt: skip


def _tga_ms(path: Path, inside: Sequence[str], judged: Judged) -> Found:
    sets = load_curves(path)

    def curve(name: str, signal: str, data: Arrays, y: np.ndarray) -> Curve:
        x, group = data["temperature_degC"], "over temperature"
        if np.nanmax(np.fmax.accumulate(x) - x, initial=0.0) > TURNS_BACK_DEGC:
            x, group = data["time_s"] / 60, "over time in min"
        # An event that cannot be told is no reason to hide what was recorded.
        quality = OK if judged("tga_ms_events", path.stem, signal) == OK else DOUBTFUL
        return Curve(path.stem, group, "", name, "line", x, y, quality)

    if (data := sets.get("mass")) is not None:
        for view, column, signal in (
            ("mass", "mass_smooth_percent", "mass"),
            ("dtg", "dtg_percent_min", "mass"),
            ("dsc", "dsc", "dsc"),
        ):
            if column in data:
                unit = str(data.attrs_of(column).get("units", "")) if view == "dsc" else ""
                yield view, curve(unit, signal, data, data[column])
    if (data := sets.get("ions")) is not None and "mz" in data:
        for mz, current in zip(data["mz"], data["ion_current_A"], strict=True):
            yield "ions", curve(f"m/z {int(mz)}", f"mz{int(mz)}", data, current)


def _leis(path: Path, inside: Sequence[str], judged: Judged) -> Found:
    for data in load_curves(path).values():
        heated_degC = float(data.attrs["heating_temperature_degC"])
        quality = judged("leis_windows", path.stem, heated_degC)
        own = path.stem, f"{heated_degC:g} °C", ""
        x = data["energy_eV"]
        yield "leis", Curve(*own, "measured", "line", x, data["intensity"], quality)
        for element, peak in zip(data["element"], data["peak_model"], strict=True):
            if np.isfinite(peak).any():
                yield "leis", Curve(*own, f"fit of {element}", "fit", x, peak, quality)


def _sims(path: Path, inside: Sequence[str], judged: Judged) -> Found:
    data = load_curves(path, lambda attrs: True, {"counts", "mass_u"}).get("spectrum")
    if data is not None and data["counts"].size:
        block = "" if path.stem == "all" else path.stem
        quality = judged("sims_acquisition", inside[1])
        yield (
            "sims",
            Curve(inside[1], "", block, "peaks", "sticks", data["mass_u"], data["counts"], quality),
        )


# By technique: `_xps` reads the curves of XPS. A technique without one has no living curves.
READERS: dict[str, Callable[[Path, Sequence[str], Judged], Found]] = {
    technique: globals()[f"_{technique}"]
    for technique in TECHNIQUES
    if f"_{technique}" in globals()
}
