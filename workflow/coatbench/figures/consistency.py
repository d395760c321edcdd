"""Figure `consistency`: what several techniques say of one quantity, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ..order import ordered
from ..tables import read_table
from . import layout, style
from .drawing import Drawing

Row = dict[str, Any]
MARKERS = "osD^vP"


def draw(drawing: Drawing, consistency: str) -> None:
    """Draw one panel per quantity, one row per sample, one marker per technique; contradictions are filled."""
    every = read_table(consistency)
    compared = {r["quantity"] for r in every if r["agrees"] is not None}
    rows = [r for r in every if r["quantity"] in compared]
    quantities = list(dict.fromkeys(r["quantity"] for r in rows))
    names = {r["sample"] for r in rows}
    shown = [s for s in ordered(drawing.samples) if s["sample"] in names]
    height = min(max(2.0, 1.1 + 0.2 * len(shown)), layout.PAGE_INCH)
    figure = style.new_figure(drawing.config, "double", height)
    if not rows:
        style.no_data(figure.subplots(), "no quantity was measured by two techniques")
        style.save(figure, drawing, rows)
        return
    techniques = list(dict.fromkeys(r["technique"] for r in rows))
    panels = figure.subplots(1, len(quantities), squeeze=False)[0]
    for i, (quantity, axes) in enumerate(zip(quantities, panels, strict=True)):
        mine = [r for r in rows if r["quantity"] == quantity]
        _panel(axes, mine, shown, techniques)
        axes.set_xlabel(_label(quantity))
        axes.set_yticks(range(len(shown)), [style.label(s) for s in shown] if i == 0 else [])
        style.panel_letter(axes, "abcdefgh"[i])
    panels[-1].legend(
        *panels[0].get_legend_handles_labels(), loc="center left", bbox_to_anchor=(1.02, 0.5),
        title="filled: contradicts\nanother technique", fontsize=5.5,
    )  # fmt: skip
    style.save(figure, drawing, rows)


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    techniques: Sequence[str],
) -> None:
    for k, technique in enumerate(techniques):
        colour = style.CATEGORIES[k % len(style.CATEGORIES)]
        shift = 0.5 * (k / max(len(techniques) - 1, 1) - 0.5)
        by_sample = {r["sample"]: r for r in rows if r["technique"] == technique}
        axes.plot([], [], MARKERS[k % 6], color=colour, markerfacecolor="white", label=technique)
        for y, sample in enumerate(shown):
            row = by_sample.get(sample["sample"])
            if row is None:
                continue
            against = row["agrees"] is False
            limit = str(row["note"] or "").startswith("a lower limit")
            axes.errorbar(
                row["value"], y + shift, xerr=row["value_sd"], fmt=MARKERS[k % 6], color=colour,
                markerfacecolor=colour if against else "white", capsize=0 if limit else 2, xlolims=limit,
            )  # fmt: skip
    for y in range(len(shown) - 1):
        axes.axhline(y + 0.5, color=style.GREY, linewidth=0.3, alpha=0.5)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.0), high)


def _label(quantity: str) -> str:
    words = quantity.split("_")
    unit = words.pop() if words[-1] in ("nm", "um", "percent", "eV", "V") else ""
    return " ".join(words) + (f" / {unit}" if unit else "")
