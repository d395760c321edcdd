"""Quick-look of one run: mass with DTG and events, DSC, ion currents, all over temperature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import load_rows
from ..curves import load_curves
from . import style
from . import tga_ms_common as common

if TYPE_CHECKING:
    from ..config_types import FiguresConfig


def draw(
    curves: str,
    rows: str,
    output: Mapping[str, str],
    *,
    sample: Mapping[str, str],
    simulated: bool,
    config: FiguresConfig,
) -> None:
    """Draw one run.

    Parameters
    ----------
    curves, rows : str
        The job's netCDF and JSON files.
    output : mapping
        Paths of `png` and, for the report, `webp`.
    sample : mapping
        Its row of samples.csv.
    simulated : bool
        Whether the study is simulated.
    config : mapping
        Section `figures` of the config.
    """
    analysis = load_rows(rows)
    sets = load_curves(curves)
    if "mass" not in sets:
        figure = style.new_figure(config, "single", 2.3)
        style.no_data(figure.subplots(), analysis.problem or "no thermogram")
        style.save_quicklook(figure, output, simulated=simulated)
        return
    mass, ions = sets["mass"], sets.get("ions")
    panels = 1 + ("dsc" in mass) + (ions is not None)
    figure = style.new_figure(config, "single", 0.6 + 1.7 * panels)
    axes = list(figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0])
    events = [r for r in analysis.tables.get("tga_ms_events", []) if r["signal"] == "mass"]
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
    style.save_quicklook(figure, output, simulated=simulated)
