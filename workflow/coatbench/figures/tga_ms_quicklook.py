"""Quick-look of one run: mass with DTG and events, DSC, ion currents, all over temperature."""

from __future__ import annotations

import numpy as np

from ..analysis import load_rows
from ..curves import load_curves
from ..quality import quality_of
from . import style
from . import tga_ms_common as common
from .drawing import Drawing


def draw(drawing: Drawing, curves: str, rows: str) -> None:
    """Draw one run."""
    sample = drawing.samples[0]
    analysis = load_rows(rows)
    sets = load_curves(curves)
    if "mass" not in sets:
        figure = style.new_figure(drawing.config, "single", 2.3)
        style.no_data(figure.subplots(), analysis.problem or "no thermogram")
        style.save_quicklook(figure, drawing)
        return
    mass, ions = sets["mass"], sets.get("ions")
    panels = 1 + ("dsc" in mass) + (ions is not None)
    figure = style.new_figure(drawing.config, "single", 0.6 + 1.7 * panels)
    axes = list(figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0])
    found = analysis.tables.get("tga_ms_events", [])
    events = [r for r in found if r["signal"] == "mass" and quality_of(r).usable]
    common.mass_panel(axes[0], mass, style.colours([sample])[sample["sample"]])
    rest = axes[1:]
    if "dsc" in mass:
        common.dsc_panel(rest.pop(0), mass)
    if ions is not None:
        common.ion_panel(rest.pop(0), ions, [int(m) for m in ions["mz"]])
    temperature = mass["temperature_degC"]
    axes[0].set_xlim(float(np.nanmin(temperature)), float(np.nanmax(temperature)))
    for panel in axes:
        common.mark_events(panel, events)
    common.label_positions(axes[0], events)
    axes[-1].set_xlabel("temperature / °C")
    run = analysis.tables["tga_ms_runs"][0]["run"]
    axes[0].set_title(f"{style.label(sample)}, run {run}", pad=15)
    style.save_quicklook(figure, drawing)
