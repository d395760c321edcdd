"""Quick-look of a sample's cells: voltage profiles, dQ/dV with its features, relaxation, capacity over cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from ..analysis import Analysis, load_rows
from ..arrays import Arrays
from ..curves import load_curves
from . import style
from .cycling_common import potential_label, unusable
from .drawing import Drawing

COLOUR = {"charge": style.CATEGORIES[1], "discharge": style.CATEGORIES[0]}
LINE = ("-", "--", ":", "-.")


def draw(
    drawing: Drawing,
    curves: Sequence[str],
    rows: Sequence[str],
    cells: Sequence[tuple[str, str]],
    *,
    potential_reference: str,
) -> None:
    """Draw four panels for each cell of a sample.

    Parameters
    ----------
    cells : sequence of (protocol, cell)
        Whose the curves are, in the same order.
    potential_reference : str
        What potentials are measured against.
    """
    sample = drawing.samples[0]
    loaded = [load_curves(path) for path in curves]
    heights = [6.4 if _has_spectra(sets) else 4.4 for sets in loaded]
    figure = style.new_figure(drawing.config, "double", sum(heights))
    parts = figure.subfigures(len(cells), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, sets, own_rows, (protocol, cell) in zip(parts, loaded, rows, cells, strict=True):
        title = f"{style.label(sample)}, {protocol} protocol, cell {style.plain(cell)}"
        label = potential_label(sets.values(), potential_reference)
        _cell(part, title, sets, load_rows(own_rows), label)
    style.save_quicklook(figure, drawing)


def _cell(
    part: SubFigure, title: str, sets: Mapping[str, Arrays], analysis: Analysis, label: str
) -> None:
    part.suptitle(title)
    spectra = _has_spectra(sets)
    panels = part.subplots(3 if spectra else 2, 2)
    why = analysis.problem or "no current flowed"
    seen: list[str] = []  # cycles, in the order of their line styles
    _profiles(panels[0, 0], sets.get("profiles"), sets.get("record"), seen, why, label)
    _dqdv(panels[0, 1], sets.get("dqdv"), analysis, seen, why, label)
    no_rest = analysis.problem or "no rest recorded"
    _relaxation(panels[1, 0], sets.get("relaxation"), seen, no_rest, label)
    _capacity(panels[1, 1], analysis, why)
    if spectra:
        _nyquist(panels[2, 0], sets["impedance"])
        _bode(panels[2, 1], sets["impedance"])
    # A half cycle looks the same in all panels: one legend, beside them, for curves leave no room.
    handles = {h.get_label(): h for p in panels.flat for h in p.get_legend_handles_labels()[0]}
    if handles:
        part.legend(handles=list(handles.values()), loc="outside right upper", handlelength=1.5)


def _has_spectra(sets: Mapping[str, Arrays]) -> bool:
    data = sets.get("impedance")
    return (
        data is not None and "spectrum" in data.sizes and bool(np.isfinite(data["real_ohm"]).any())
    )


def _each_spectrum(data: Arrays) -> Iterator[tuple[str, dict[str, Any], Arrays]]:
    """Yield label, line and data of every spectrum."""
    for i, (cycle, after) in enumerate(zip(data["cycle"], data["after"], strict=True)):
        label = "impedance before cycle 1" if not cycle else f"impedance, {after} {cycle}"
        line = {"color": COLOUR.get(str(after), style.GREY), "marker": ".", "ms": 2.0, "lw": 0.5}
        yield (
            label,
            line | {"ls": LINE[max(int(cycle) - 1, 0) % len(LINE)]},
            data.isel("spectrum", i),
        )


def _nyquist(axes: Axes, data: Arrays) -> None:
    for label, line, one in _each_spectrum(data):
        axes.plot(one["real_ohm"], -one["imaginary_ohm"], label=label, **line)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("Re Z / \u03a9")
    axes.set_ylabel("\u2212Im Z / \u03a9")


def _bode(axes: Axes, data: Arrays) -> None:
    phases = axes.twinx()
    for _, line, one in _each_spectrum(data):
        impedance = one["real_ohm"] + 1j * one["imaginary_ohm"]
        axes.loglog(one["frequency_Hz"], np.abs(impedance), **line)
        phases.plot(
            one["frequency_Hz"],
            np.degrees(np.angle(impedance)),
            color=line["color"],
            lw=0.5,
            alpha=0.5,
        )
    axes.set_xlabel("frequency / Hz")
    axes.set_ylabel("|Z| / \u03a9 (points)")
    phases.set_ylabel("phase / \u00b0 (line)")


def _halves(data: Arrays | None, dim: str) -> list[tuple[str, str, Arrays]]:
    """Return label, direction and data of every half cycle, or nothing."""
    if data is None or dim not in data.sizes:
        return []
    return [
        (f"{direction} {cycle}", str(direction), data.isel(dim, i))
        for i, (cycle, direction) in enumerate(zip(data["cycle"], data["direction"], strict=True))
    ]


def _style_of(label: str, direction: str, seen: list[str]) -> dict[str, Any]:
    number = label.split()[-1]
    if number not in seen:
        seen.append(number)
    return {"color": COLOUR[direction], "ls": LINE[seen.index(number) % len(LINE)], "label": label}


def _profiles(
    axes: Axes,
    data: Arrays | None,
    record: Arrays | None,
    seen: list[str],
    why: str,
    potential: str,
) -> None:
    halves = _halves(data, "half")
    if not halves and record is not None and record.sizes.get("point"):
        # Nothing flowed: what was recorded is still worth a look.
        axes.plot(record["time_s"] / 3600, record["voltage_V"], color=style.GREY)
        axes.set_xlabel("time / h")
        axes.set_ylabel(potential)
        return None
    if not halves:
        return style.no_data(axes, why)
    for label, direction, half in halves:
        axes.plot(half["capacity_mAh_g"], half["voltage_V"], **_style_of(label, direction, seen))
    axes.set_xlabel("capacity / mAh g$^{-1}$")
    axes.set_ylabel(potential)


def _dqdv(
    axes: Axes,
    data: Arrays | None,
    analysis: Analysis,
    seen: list[str],
    why: str,
    potential: str,
) -> None:
    halves = _halves(data, "curve")
    if not halves or data is None:
        return style.no_data(axes, why)
    for label, direction, half in halves:
        sign = 1 if direction == "charge" else -1
        axes.plot(data["potential_V"], sign * half["dqdv"], **_style_of(label, direction, seen))
    for feature in analysis.tables.get("cycling_dqdv_features", []):
        sign = 1 if feature["direction"] == "charge" else -1
        named = not feature["feature"].startswith("peak")
        axes.plot(
            feature["potential_V"],
            sign * feature["height_mAh_g_V"],
            "o" if named else ".",
            color=style.ACCENT if named else style.GREY,
        )
    axes.axhline(0, color=style.GREY, linewidth=0.5)
    axes.set_xlabel(potential)
    axes.set_ylabel("dQ/dV / mAh g$^{-1}$ V$^{-1}$")


def _relaxation(axes: Axes, data: Arrays | None, seen: list[str], why: str, potential: str) -> None:
    halves = _halves(data, "half")
    if not halves:
        return style.no_data(axes, why)
    for label, direction, half in halves:
        axes.plot(half["time_s"] / 3600, half["voltage_V"], **_style_of(label, direction, seen))
    if data is not None:
        hours = data.attrs["relaxation_time_s"] / 3600
        axes.axvline(hours, color=style.GREY, linewidth=0.5)
        # As far as was recorded, but not much beyond where the potential is taken.
        axes.set_xlim(0, min(float(np.nanmax(data["time_s"])) / 3600, 2.0 * max(hours, 1.0)))
    axes.set_xlabel("time after the current stopped / h")
    axes.set_ylabel(potential)


def _capacity(axes: Axes, analysis: Analysis, why: str) -> None:
    rows = analysis.tables.get("cycling_cells", [])
    if not rows:
        return style.no_data(axes, why)
    for name in ("charge", "discharge"):
        known = [r for r in rows if r.get(f"{name}_capacity_mAh_g") is not None]
        axes.plot(
            [r["cycle"] for r in known],
            [r[f"{name}_capacity_mAh_g"] for r in known],
            "^" if name == "charge" else "v",
            mfc="none" if name == "charge" else None,
            color=COLOUR[name],
            label=f"{name} capacity",
        )
    marks = {"interrupted": ("x", lambda r: r["interrupted"]), "unusable": ("+", unusable)}
    for label, (mark, is_so) in marks.items():
        odd = [
            (r["cycle"], value)
            for r in rows
            for name in ("charge", "discharge")
            if is_so(r) and (value := r.get(f"{name}_capacity_mAh_g")) is not None
        ]
        if odd:
            axes.plot(*zip(*odd, strict=True), mark, color=style.ACCENT, label=label, zorder=4)
    axes.set_xlim(0, max(r["cycle"] for r in rows) + 1)
    axes.margins(y=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("cycle")
    axes.set_ylabel("capacity / mAh g$^{-1}$")
