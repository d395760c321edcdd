"""Quick-look of all XPS regions of a sample: data, components, background, envelope, residuals."""

from __future__ import annotations

import math

from matplotlib.figure import SubFigure

from ..analysis import load_rows
from ..arrays import Arrays
from ..curves import load_curves
from ..quality import OK, UNUSABLE
from . import style, xps_common, xps_profile
from .drawing import Drawing

COLUMNS = 3
MOST_PANELS = 24


def draw(drawing: Drawing, curves: str, rows: str) -> None:
    """Draw one panel per spot and region, and one per spot that is a depth profile or an angle series."""
    sample = drawing.samples[0]
    every = load_curves(curves)
    groups = dict(list(every.items())[:MOST_PANELS])
    analysis = load_rows(rows)
    levels_of = analysis.tables.get("xps_profile", [])
    profiles = xps_profile.profiles(levels_of)
    n_rows = max(1, math.ceil((len(groups) + len(profiles)) / COLUMNS))
    figure = style.new_figure(drawing.config, "double", 2.1 * n_rows + 0.3)
    if not groups:
        axes = figure.subplots()
        style.no_data(axes, analysis.problem or "no region was measured")
        style.save_quicklook(figure, drawing)
        return
    more = f", first {len(groups)} of {len(every)} regions" if len(every) > len(groups) else ""
    figure.suptitle(style.label(sample) + more, fontsize=drawing.config["font_size_pt"] + 1)
    cells = figure.subfigures(n_rows, COLUMNS, squeeze=False).ravel()
    for cell, (group, data) in zip(cells, groups.items(), strict=False):
        _panel(cell, group.split("|")[0], data)
    for cell, ((_, spot), levels) in zip(cells[len(groups) :], profiles.items(), strict=False):
        axes = cell.subplots()
        xps_profile.panel(axes, levels, xps_profile.colours_of([levels]))
        axes.set_title(f"levels, spot {spot}; open: doubtful", loc="left")
        axes.legend(fontsize=5.5)
    style.save_quicklook(figure, drawing)


def _panel(cell: SubFigure, spot: str, data: Arrays) -> None:
    title = f"{data.attrs['region']}, spot {spot}"
    if not data.attrs["fitted"]:
        axes = cell.subplots()
        axes.plot(data["binding_energy_eV"], data["intensity_cps"], color="#404040", linewidth=0.6)
        axes.set_xlim(
            float(data["binding_energy_eV"].max()), float(data["binding_energy_eV"].min())
        )
        axes.set_xlabel("binding energy / eV")
        axes.set_ylabel("counts/s")
        axes.set_title(title, loc="left")
        why = "survey" if data.attrs["survey"] else "no model: integrated"
        if data.attrs["quality"] == UNUSABLE:
            why = UNUSABLE
        axes.text(
            0.98,
            0.96,
            why,
            transform=axes.transAxes,
            ha="right",
            va="top",
            color=style.GREY,
            fontsize=6,
        )
        return
    residuals, axes = cell.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 4], "hspace": 0.02}
    )
    xps_common.draw_fit(axes, data)
    xps_common.descending(axes, [data])
    axes.set_ylabel("counts/s")
    window = xps_common.in_window(data)
    residuals.plot(window["binding_energy_eV"], window["residual"], color="#404040", linewidth=0.5)
    residuals.axhline(0, color=style.GREY, linewidth=0.4)
    limit = max(4.0, float(abs(window["residual"]).max()) * 1.05)
    residuals.set_ylim(-limit, limit)
    residuals.set_ylabel("res. / $\\sigma$", fontsize=5.5)
    residuals.tick_params(labelbottom=False)
    residuals.set_title(title, loc="left")
    chi = data.attrs["reduced_chi_square"]
    text = f"$\\chi^2_\\nu$ {chi:.2f}" if math.isfinite(chi) else "counting time unknown"
    if data.attrs["quality"] != OK:
        residuals.set_title(
            f"{data.attrs['quality']}, {text}", loc="right", color=style.ACCENT, fontsize=5.5
        )
    else:
        residuals.set_title(text, loc="right", color=style.GREY, fontsize=5.5)
