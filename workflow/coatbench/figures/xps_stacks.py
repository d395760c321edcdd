"""Figures 1, S1 and S2: fitted spectra of one or several regions, stacked by annealing temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import layout, style, xps_common
from .drawing import Drawing

MARGIN_INCH = 0.9  # title, axis and legend
LEAST_INCH = 1.04  # of a panel: lower ones push their legend out of the figure


def draw(drawing: Drawing, curves: Sequence[str], regions: Sequence[str]) -> None:
    """Draw one panel per region.

    Parameters
    ----------
    regions : sequence of str
        Regions to show, a panel each.
    """
    spectra = {region: xps_common.load_first_spots(curves, region) for region in regions}
    n = max([1, *(len(s) for s in spectra.values())])
    width = "double" if len(regions) > 1 else "single"
    panel_inch = min(max(LEAST_INCH, 0.52 * n), layout.PAGE_INCH - MARGIN_INCH)
    figure = style.new_figure(drawing.config, width, MARGIN_INCH + panel_inch)
    panels = figure.subplots(1, max(1, len(regions)), squeeze=False)[0]
    if not regions:
        style.no_data(panels[0], "the configuration names no region for this figure")
    numbers: list[dict[str, Any]] = []
    for letter, axes, region in zip("abcdef", panels, regions, strict=False):
        numbers += xps_common.stack(axes, spectra[region], drawing.samples, region)
        xps_common.legend(axes, spectra[region], panel_inch)
        if len(regions) > 1:
            style.panel_letter(axes, letter)
        axes.set_title(region, loc="right", pad=11)  # above the binding energies
    style.save(figure, drawing, numbers)
