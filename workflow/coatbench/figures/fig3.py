"""Figure 3: LEIS spectra of all measured samples at each heating temperature, and the near-surface signal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..arrays import Arrays
from ..order import ordered
from ..quality import DOUBTFUL, OK, quality_of
from ..tables import read_table
from . import layout, leis_common, style
from .drawing import Drawing

Row = dict[str, Any]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def draw(drawing: Drawing, curves: Sequence[str], windows: str, surface_peaks: str) -> None:
    """Draw one panel per heating temperature and one of the near-surface ratios."""
    spectra = leis_common.load_spectra(curves)
    near = [r for r in read_table(windows) if r["window"] == leis_common.NEAR_SURFACE]
    peaks = read_table(surface_peaks)
    shown = [s for s in ordered(drawing.samples) if any(k[0] == s["sample"] for k in spectra)]
    codings = style.codings(drawing.samples)
    temperatures = sorted({t for _, t in spectra})
    related = any(r["relative_to_reference"] is not None for r in near)
    n = max(1, len(temperatures)) + related
    n_rows = math.ceil(n / 3)
    figure = style.new_figure(drawing.config, "double", min(2.75 * n_rows, layout.PAGE_INCH))
    if not related:
        left = figure
        panels = figure.subplots(n_rows, min(n, 3), squeeze=False).ravel()
    elif n_rows == 1:
        # The legend stands below the spectra alone, beside the names of the samples under the last panel.
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(n - 1, 1))
        left, right = parts[0]
        panels = np.append(left.subplots(1, n - 1, squeeze=False).ravel(), right.subplots())
    else:
        left = figure
        panels = figure.subplots(n_rows, 3).ravel()
    for letter, axes, temperature in zip(LETTERS, panels, temperatures, strict=False):
        own = [
            (s, spectra[s["sample"], temperature])
            for s in shown
            if (s["sample"], temperature) in spectra
        ]
        _spectra(axes, own, codings)
        rows = [r for r in peaks if r["heating_temperature_degC"] == temperature]
        leis_common.label_peaks(axes, rows, leis_common.peak_tops(rows, [c for _, c in own]))
        _window(axes, [r for r in near if r["heating_temperature_degC"] == temperature])
        if n > 1:
            style.panel_letter(axes, letter)
        axes.set_title(f"after heating to {temperature:g} °C", loc="right")
    if not temperatures:
        style.no_data(panels[0], "no LEIS spectrum could be analysed")
    else:
        # Every sample has one line style in all panels: one legend, outside of them.
        handles = {h.get_label(): h for p in panels for h in p.get_legend_handles_labels()[0]}
        style.legend_below(left, handles)
    if related:
        last = panels[len(temperatures) or 1]
        _ratios(last, near, shown, temperatures)
        style.panel_letter(last, LETTERS[len(temperatures)])
    for axes in panels[n:]:
        axes.set_axis_off()
    numbers = _numbers(shown, temperatures, spectra) + _ratio_numbers(near)
    style.save(figure, drawing, numbers)


def _spectra(
    axes: Axes,
    own: Sequence[tuple[Mapping[str, str], Arrays]],
    codings: Mapping[str, style.Coding],
) -> None:
    for sample, curve in own:
        axes.plot(
            curve["energy_eV"],
            curve["intensity"],
            color=codings[sample["sample"]].colour,
            linestyle=codings[sample["sample"]].dash,
            label=style.label(sample),
            linewidth=0.7,
        )
    axes.set_xlim(
        min(float(c["energy_eV"][0]) for _, c in own),
        max(float(c["energy_eV"][-1]) for _, c in own),
    )
    axes.set_ylim(0, 1.3 * max(float(np.nanmax(c["intensity"])) for _, c in own))
    axes.set_xlabel("energy / eV")
    axes.set_ylabel("counts nC$^{-1}$ per channel")


def _window(axes: Axes, rows: Sequence[Row]) -> None:
    if rows:
        low, high = rows[0]["energy_low_eV"], rows[0]["energy_high_eV"]
        leis_common.mark_window(axes, low, high)
        axes.text(
            0.5 * (low + high),
            0.98,
            f"≥ {low:.0f} eV:\n{rows[0]['depth_near_nm']:.0f}–{rows[0]['depth_far_nm']:.1f} nm",
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            color=style.GREY,
        )


def _ratios(
    axes: Axes,
    near: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    temperatures: Sequence[float],
) -> None:
    names = [s["sample"] for s in shown]
    for i, temperature in enumerate(temperatures):
        rows = [
            r
            for r in near
            if r["heating_temperature_degC"] == temperature
            and r["relative_to_reference"] is not None
        ]
        offset = 0.12 * (i - (len(temperatures) - 1) / 2)
        for level, face in ((OK, None), (DOUBTFUL, "white")):
            judged = [r for r in rows if quality_of(r).level == level]
            axes.errorbar(
                [names.index(r["sample"]) + offset for r in judged],
                [r["relative_to_reference"] for r in judged],
                [r["relative_to_reference_sd"] for r in judged],
                fmt="os^Dvp"[i % 6],
                color=style.CATEGORIES[i % len(style.CATEGORIES)],
                markerfacecolor=face,
                capsize=2,
                label=f"{temperature:g} °C" if level == OK else None,
            )
    if any(quality_of(r).level == DOUBTFUL for r in near):
        axes.text(0.98, 0.02, "open: doubtful", transform=axes.transAxes, ha="right", va="bottom")
    axes.axhline(1, color=style.GREY, linewidth=0.6, zorder=0)
    style.sample_axis(axes, shown, 1.8)
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    axes.set_ylabel("near-surface signal / reference")
    axes.legend(title="heated to", loc="upper center", ncols=2, columnspacing=1.0)


def _numbers(
    shown: Sequence[Mapping[str, str]],
    temperatures: Sequence[float],
    spectra: Mapping[tuple[str, float], Arrays],
) -> list[Row]:
    return [
        {
            "sample": s["sample"],
            "heating_temperature_degC": t,
            "energy_eV": float(energy),
            "intensity_counts_per_nC": float(value),
            "intensity_sd_counts_per_nC": float(sd),
            "near_surface_relative": None,
            "near_surface_relative_sd": None,
            "quality": None,
        }
        for t in temperatures
        for s in shown
        if (curve := spectra.get((s["sample"], t))) is not None
        for energy, value, sd in zip(
            curve["energy_eV"],
            curve["intensity"],
            curve["intensity_sd"],
            strict=True,
        )
    ]


def _ratio_numbers(near: Sequence[Row]) -> list[Row]:
    return [
        {
            "sample": r["sample"],
            "heating_temperature_degC": r["heating_temperature_degC"],
            "near_surface_relative": r["relative_to_reference"],
            "near_surface_relative_sd": r["relative_to_reference_sd"],
            "quality": quality_of(r).level,
        }
        for r in near
        if r["relative_to_reference"] is not None
    ]
