"""Quick-look of one sample's LEIS spectra: window, depth scale, surface peaks and their fits."""

from __future__ import annotations

import numpy as np

from ..analysis import load_rows
from ..curves import load_curves
from . import leis_common, style
from .drawing import Drawing


def draw(drawing: Drawing, curves: str, rows: str) -> None:
    """Draw every spectrum of one sample, one below the other."""
    sample = drawing.samples[0]
    analysis = load_rows(rows)
    spectra = load_curves(curves)
    figure = style.new_figure(drawing.config, "single", 2.3 * max(1, len(spectra)))
    panels = figure.subplots(max(1, len(spectra)), 1, squeeze=False)[:, 0]
    if not spectra:
        style.no_data(panels[0], analysis.problem or "no spectrum")
    for axes, curve in zip(panels, spectra.values(), strict=False):
        temperature = float(curve.attrs["heating_temperature_degC"])
        own = {
            name: [r for r in table if r["heating_temperature_degC"] == temperature]
            for name, table in analysis.tables.items()
        }
        energy = curve["energy_eV"]
        axes.plot(energy, curve["intensity"], color=style.colours([sample])[sample["sample"]])
        for element in range(curve.sizes["element"]):
            detected = own["leis_surface_peaks"][element]["detected"]
            axes.plot(
                energy,
                curve["peak_model"][element],
                color=style.ACCENT if detected else style.GREY,
                linewidth=0.7,
            )
            axes.plot(
                energy, curve["peak_background"][element], color=style.GREY, linewidth=0.5, ls="--"
            )
        peaks = own["leis_surface_peaks"]
        leis_common.label_peaks(axes, peaks, leis_common.peak_tops(peaks, [curve]))
        for window in own["leis_windows"]:
            if window["window"] == leis_common.NEAR_SURFACE:
                leis_common.mark_window(axes, window["energy_low_eV"], window["energy_high_eV"])
        axes.set_xlim(energy[0], energy[-1])
        axes.set_ylim(0, 1.15 * float(np.nanmax(curve["intensity"])))
        axes.set_xlabel("energy / eV")
        axes.set_ylabel("counts nC$^{-1}$ per channel")
        axes.set_title(f"{style.label(sample)}, heated to {temperature:g} °C")
    style.save_quicklook(figure, drawing)
