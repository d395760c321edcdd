"""Curves that the report's reader can zoom, hover and compare: gathered from the jobs' files, and packed small.

Packing: at most so many points a curve as a screen shows, the lowest and the highest of each interval kept; values as 16-bit steps
between the curve's ends, an even abscissa as its first value and its step.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..curves import load_curves
from ..quality import UNUSABLE
from ..techniques import TECHNIQUES

# Of a curve at most, twice what a phone shows across; where all curves together need more than the budget, fewer.
POINTS = (900, 600, 400, 280, 200, 140, 100, 60)
PACKED_BYTES = 7_000_000
GAP = 65535  # the step that stands for no value
EVEN = 1e-6  # an abscissa is even where its steps differ by less than this share
PART_SHARE = 0.002  # of its height, below which a component is its background
TURNS_BACK_DEGC = 2.0  # a temperature that falls by more is no abscissa

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Curve:
    """One line: of which sample, which of its measurements, what it is, and how it is drawn.

    `kind`: `data` (points), `fit`, `part`, `base` (background), `line`, `marks` (line with points) or `sticks`.
    """

    sample: str
    group: str
    unit: str
    name: str
    kind: str
    x: np.ndarray
    y: np.ndarray


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


def gather(paths: Iterable[str | Path], results: Path, cells: Rows, against: str) -> list[View]:
    """Return the views of a study, those with curves only.

    Parameters
    ----------
    paths : netCDF files of the jobs, below `results`/<technique>
    results : folder of the results
    cells : rows of cycling_cells, for capacity over cycles
    against : what potentials are measured against; empty for none
    """
    views = _views(f"potential / V{f' vs {against}' if against else ''}")
    for path in map(Path, paths):
        inside = path.relative_to(results).parts
        if reader := READERS.get(inside[0]):
            for key, curve in reader(path, inside):
                views[key].curves.append(curve)
    for key, curve in _capacities(cells):
        views[key].curves.append(curve)
    return [view for view in views.values() if view.curves]


def _views(potential: str) -> dict[str, View]:
    heat: dict[str, Any] = {"x": "temperature / °C", "unit": "run"}
    cell: dict[str, Any] = {"group": "half cycle", "unit": "cell"}
    found = [
        View("xps", "XPS fits", "binding energy / eV", "counts/s", True, False, True, "region", "spot"),
        View("profiles", "Voltage profiles", "capacity / mAh g⁻¹", potential, **cell),
        View("dqdv", "dQ/dV", potential, "dQ/dV / mAh g⁻¹ V⁻¹", **cell),
        View("relaxation", "Relaxation", "time after the current stopped / h", potential, **cell),
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


def _xps(path: Path, inside: Sequence[str]) -> Found:
    names = {
        "binding_energy_eV", "intensity_cps", "background_cps", "envelope_cps", "component", "component_cps",
    }  # fmt: skip
    for key, data in load_curves(path, names=names).items():
        quality = str(data.attrs.get("quality", "ok"))
        unit = key.split("|")[0] + ("" if quality == "ok" else f" ({quality})")
        region = str(data.attrs["region"])
        x = data["binding_energy_eV"]

        def curve(
            name: str,
            kind: str,
            y: np.ndarray,
            x: np.ndarray = x,
            region: str = region,
            unit: str = unit,
        ) -> tuple[str, Curve]:
            return "xps", Curve(path.stem, region, unit, name, kind, x, y)

        fitted = "envelope_cps" in data
        yield curve("measured", "data" if fitted else "line", data["intensity_cps"])
        if fitted:
            yield curve("fit", "fit", data["envelope_cps"])
            yield curve("background", "base", data["background_cps"])
            for name, part in zip(data["component"], data["component_cps"], strict=True):
                there = part > PART_SHARE * np.nanmax(part, initial=0.0)
                yield curve(str(name), "part", (data["background_cps"] + part)[there], x[there])


def _cycling(path: Path, inside: Sequence[str]) -> Found:
    _, sample, protocol, _ = inside
    sets = load_curves(path, lambda attrs: "bin_V" in attrs or "relaxation_time_s" in attrs)

    def halves(name: str, dim: str) -> Iterator[tuple[str, Arrays, int]]:
        data = sets.get(name)
        if data is not None and dim in data.sizes:
            for i, (cycle, way) in enumerate(zip(data["cycle"], data["direction"], strict=True)):
                yield f"{protocol}: {way} {cycle}", data.isel(dim, i), 1 if way == "charge" else -1

    def curve(group: str, x: np.ndarray, y: np.ndarray) -> Curve:
        return Curve(sample, group, f"{path.stem}", "", "line", x, y)

    for group, half, _ in halves("profiles", "half"):
        yield "profiles", curve(group, half["capacity_mAh_g"], half["voltage_V"])
    for group, half, sign in halves("dqdv", "curve"):
        yield "dqdv", curve(group, half["potential_V"], sign * half["dqdv"])
    for group, half, _ in halves("relaxation", "half"):
        yield "relaxation", curve(group, half["time_s"] / 3600, half["voltage_V"])


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
                name = column.split("_")[0] if view == "capacity" else ""
                group = f"{protocol}: {name}" if name else protocol
                x, y = ([float(r[c]) for r in known] for c in ("cycle", column))
                yield view, Curve(sample, group, cell, "", "marks", np.array(x), np.array(y))


def _tga_ms(path: Path, inside: Sequence[str]) -> Found:
    sets = load_curves(path)

    def curve(name: str, data: Arrays, y: np.ndarray) -> Curve:
        x, group = data["temperature_degC"], "over temperature"
        if np.nanmax(np.fmax.accumulate(x) - x, initial=0.0) > TURNS_BACK_DEGC:
            x, group = data["time_s"] / 60, "over time in min"
        return Curve(path.stem, group, "", name, "line", x, y)

    if (data := sets.get("mass")) is not None:
        for view, column in (
            ("mass", "mass_smooth_percent"),
            ("dtg", "dtg_percent_min"),
            ("dsc", "dsc"),
        ):
            if column in data:
                unit = str(data.attrs_of(column).get("units", "")) if view == "dsc" else ""
                yield view, curve(unit, data, data[column])
    if (data := sets.get("ions")) is not None and "mz" in data:
        for mz, current in zip(data["mz"], data["ion_current_A"], strict=True):
            yield "ions", curve(f"m/z {int(mz)}", data, current)


def _leis(path: Path, inside: Sequence[str]) -> Found:
    for data in load_curves(path).values():
        group = f"{float(data.attrs['heating_temperature_degC']):g} °C"
        x = data["energy_eV"]
        yield "leis", Curve(path.stem, group, "", "measured", "line", x, data["intensity"])
        for element, peak in zip(data["element"], data["peak_model"], strict=True):
            if np.isfinite(peak).any():
                yield "leis", Curve(path.stem, group, "", f"fit of {element}", "fit", x, peak)


def _sims(path: Path, inside: Sequence[str]) -> Found:
    data = load_curves(path, lambda attrs: True, {"counts", "mass_u"}).get("spectrum")
    if data is not None and data["counts"].size:
        block = "" if path.stem == "all" else path.stem
        yield "sims", Curve(inside[1], "", block, "peaks", "sticks", data["mass_u"], data["counts"])


# By technique: `_xps` reads the curves of XPS. A technique without one has no living curves.
READERS: dict[str, Callable[[Path, Sequence[str]], Found]] = {
    technique: globals()[f"_{technique}"]
    for technique in TECHNIQUES
    if f"_{technique}" in globals()
}


def pack(views: Sequence[View], budget: int = PACKED_BYTES) -> dict[str, str]:
    """Return each view as JSON by its id, together below `budget` bytes if thinning can do it."""
    known = {view.id: [(c, *_known(c, view.log)) for c in view.curves] for view in views}
    sizes = [(x.size, is_even(x)) for curves in known.values() for _, x, _ in curves]

    def needed(points: int) -> float:
        return sum(90 + 8 / 3 * _values(n, even, points) for n, even in sizes)

    points = next((p for p in POINTS if needed(p) <= budget), POINTS[-1])
    return {view.id: _packed(view, known[view.id], points) for view in views}


def _values(n: int, even: bool, points: int) -> int:
    """Return how many numbers a curve takes: an even abscissa takes none, but is lost by thinning."""
    whole = n if even else 2 * n
    return min(whole, 2 * points)


def _known(curve: Curve, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve in order of x, without what stands before its first and after its last value."""
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    if log:
        y = np.log10(np.where(y > 0, y, np.nan))
    known = np.isfinite(x)
    x, y = x[known], y[known]
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    there = np.flatnonzero(np.isfinite(y))
    inner = slice(there[0], there[-1] + 1) if there.size else slice(0)
    return x[inner], y[inner]


def _packed(view: View, known: Sequence[tuple[Curve, np.ndarray, np.ndarray]], points: int) -> str:
    about = {
        k: getattr(view, k) for k in ("id", "title", "x", "y", "descending", "log", "one", "group", "unit")
    }  # fmt: skip
    curves = []
    for curve, x, y in known:
        if not x.size:
            continue
        if _values(x.size, is_even(x), points) == 2 * points:
            x, y = thinned(x, y, points)
        told = [curve.sample, curve.group, curve.unit, curve.name, curve.kind]
        curves.append([*told, abscissa(x), steps(y)])
    text = json.dumps({**about, "curves": curves}, ensure_ascii=False, separators=(",", ":"))
    # So that no text of the study can end the element that it stands in.
    return text.replace("<", "\\u003c")


def thinned(x: np.ndarray, y: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve, given in order of x, with at most `points` points.

    Of each of `points`/2 intervals of the record the lowest and the highest value stay, so that no peak is lost; where an interval
    holds no value, a gap stays.

    Examples
    --------
    >>> x = np.arange(1000.0)
    >>> few, values = thinned(x, np.where(x == 501, 9.0, 0.0), 100)
    >>> len(few) <= 100, float(values.max())
    (True, 9.0)
    """
    if x.size <= points:
        return x, y
    width = -(-x.size // max(1, points // 2 - 1))
    padded = np.full(-(-x.size // width) * width, np.nan)
    padded[: x.size] = y
    rows = padded.reshape(-1, width)
    first = np.arange(rows.shape[0]) * width
    gap = np.isnan(rows)
    low = first + np.where(gap, np.inf, rows).argmin(axis=1)
    high = first + np.where(gap, -np.inf, rows).argmax(axis=1)
    chosen = np.unique(np.concatenate([[0, x.size - 1], low, high]))
    return x[chosen], y[chosen]


def is_even(x: np.ndarray) -> bool:
    """Tell whether an abscissa has equal steps."""
    if x.size < 3:
        return False
    step = (x[-1] - x[0]) / (x.size - 1)
    return bool(np.abs(np.diff(x) - step).max() <= EVEN * abs(step))


def abscissa(x: np.ndarray) -> list[Any]:
    """Return an even abscissa as `[first, step, n]`, another one as `steps` gives it."""
    if is_even(x):
        step = (x[-1] - x[0]) / (x.size - 1)
        return [float(f"{x[0]:.9g}"), float(f"{step:.9g}"), int(x.size)]
    return steps(x)


def steps(values: np.ndarray) -> list[Any]:
    """Return values as `[low, size of a step, base64 of 16-bit steps]`; 65535 is a gap.

    Examples
    --------
    >>> steps(np.array([0.0, 1.0, np.nan]))
    [0.0, 1.52592547e-05, 'AAD+////']
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    step = (high - low) / (GAP - 1) or 1.0
    whole = np.where(np.isfinite(values), np.rint((values - low) / step), GAP)
    packed = base64.b64encode(whole.astype("<u2").tobytes()).decode()
    return [float(f"{low:.9g}"), float(f"{step:.9g}"), packed]
