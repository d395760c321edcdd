"""Quick-look of one sample's STEM images and maps: as measured, with the mask, and the layer's distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..analysis import load_rows
from . import stem_common, style
from .drawing import Drawing
from .stem_common import Panel


def draw(drawing: Drawing, curves: str, rows: str) -> None:
    """Draw one row per image: picture, mask over it, thickness along the rim."""
    sample = drawing.samples[0]
    analysis = load_rows(rows)
    panels = stem_common.load_panels([curves])
    n = max(1, len(panels))
    side = drawing.config["double_column_inch"] / 3
    figure = style.new_figure(drawing.config, "double", n * (0.9 * side) + 0.3)
    grid = figure.subplots(n, 3, squeeze=False)
    if not panels:
        for axes in grid[0]:
            style.no_data(axes, "")
        style.no_data(grid[0, 1], analysis.problem or "no image")
    for panel, (left, middle, right) in zip(panels, grid, strict=False):
        stem_common.show(left, panel)
        left.set_title(f"{style.label(sample)}, {panel.field} {panel.element}".strip())
        if "mask" not in panel.curves:
            style.no_data(middle, "not divided into layer and core")
        else:
            stem_common.show(middle, panel)
            stem_common.overlay(middle, panel)
        if panel.kind == "edx":
            _element(right, panel, analysis.tables.get("stem_elements", []))
        else:
            _distribution(right, panel)
    style.save_quicklook(figure, drawing)


def _distribution(axes: Axes, panel: Panel) -> None:
    if "thickness_nm" not in panel.curves or panel.curves.sizes["rim"] == 0:
        style.no_data(axes, "no rim")
        return
    thickness = panel.curves["thickness_nm"]
    axes.hist(thickness, bins=40, color=style.CATEGORIES[4])
    axes.axvline(float(np.median(thickness)), color=style.ACCENT)
    axes.set_xlabel("layer thickness / nm")
    axes.set_ylabel("points of the rim")
    axes.set_title(f"median {float(np.median(thickness)):.1f} nm")


def _element(axes: Axes, panel: Panel, rows: list[dict[str, Any]]) -> None:
    own = next(
        (
            r
            for r in rows
            if (r["file"], r["element"]) == (panel.curves.attrs["file"], panel.element)
        ),
        None,
    )
    if own is None or own["detected"] is None:
        style.no_data(axes, (own or {}).get("note", ""))
        return
    values = [own["counts_per_pixel"], own["background_counts_per_pixel"]]
    axes.bar(["layer", "beside"], values, color=[style.CATEGORIES[4], style.GREY], width=0.6)
    axes.set_ylabel("counts per pixel")
    found = "present" if own["detected"] else "not found"
    axes.set_title(f"{panel.element} {found} ({own['significance']:.0f} sd)")
