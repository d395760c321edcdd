"""What the LEIS figures share: reading curves, marking the window, labelling surface peaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from ..arrays import Arrays
from ..curves import load_curves
from . import style

NEAR_SURFACE = "near_surface"
REACH_EV = 40.0  # around a peak


def load_spectra(paths: Iterable[str]) -> dict[tuple[str, float], Arrays]:
    """Return {(sample, heating temperature): curves} of the jobs' netCDF files."""
    return {
        (Path(path).stem, float(curve.attrs["heating_temperature_degC"])): curve
        for path in paths
        for curve in load_curves(path).values()
    }


def mark_window(axes: Axes, low_eV: float, high_eV: float) -> None:
    """Shade the near-surface window."""
    axes.axvspan(low_eV, high_eV, color=style.GREY, alpha=0.12, linewidth=0, zorder=0)


def label_peaks(axes: Axes, rows: Sequence[Mapping[str, Any]], top: Mapping[str, float]) -> None:
    """Write each detected element above its peak, once.

    `top` maps elements to the height of the highest curve there, in data units.
    """
    labelled: set[str] = set()
    for row in rows:
        element = row["element"]
        if row["detected"] and element not in labelled and element in top:
            labelled.add(element)
            axes.annotate(
                element,
                (row["energy_eV"], top[element]),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
            )


def peak_tops(rows: Sequence[Mapping[str, Any]], curves: Sequence[Arrays]) -> dict[str, float]:
    """Return the height of the highest curve around each detected element."""
    tops: dict[str, float] = {}
    for row in rows:
        if not row["detected"]:
            continue
        for curve in curves:
            energy = curve["energy_eV"]
            near = abs(energy - row["energy_eV"]) <= REACH_EV
            if near.any():
                height = float(curve["intensity"][near].max())
                tops[row["element"]] = max(height, tops.get(row["element"], 0.0))
    return tops
