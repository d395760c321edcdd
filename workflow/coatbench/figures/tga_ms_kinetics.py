"""Figure `tga_ms_kinetics`: activation energy over conversion, and the conversion that an annealing reaches.

One row per process that was analysed: energies of both methods, and the map over annealing temperature and time with the
study's own settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..quality import DOUBTFUL
from ..tables import read_table
from . import style
from .drawing import Drawing

Row = dict[str, Any]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MAX_ROWS = 4


def draw(drawing: Drawing, **tables: str) -> None:
    """Draw one row of panels per sample and event."""
    energies, own, grid = (
        read_table(tables[f"tga_ms_{name}"])
        for name in ("kinetics", "conversion", "conversion_map")
    )
    processes = list(dict.fromkeys((r["sample"], r["event"]) for r in grid))[:MAX_ROWS]
    if not processes:
        figure = style.new_figure(drawing.config, "single", 2.0)
        style.no_data(figure.subplots(), "kinetics take three heating rates of one sample")
        style.save(figure, drawing, [])
        return
    figure = style.new_figure(drawing.config, "double", 0.4 + 2.2 * len(processes))
    axes = figure.subplots(len(processes), 2, squeeze=False)
    labels = {s["sample"]: style.label(s) for s in drawing.samples}
    for (left, right), process in zip(axes, processes, strict=True):
        picked = [
            [r for r in rows if (r["sample"], r["event"]) == process]
            for rows in (energies, own, grid)
        ]
        _energies(left, picked[0])
        left.set_title(f"{labels.get(process[0], process[0])}: {process[1]}", loc="right")
        _map(right, picked[2], picked[1])
    for letter, panel in zip("abcdefgh", axes.flat, strict=False):
        style.panel_letter(panel, letter)
    style.save(figure, drawing, grid)


def _energies(axes: Axes, rows: Sequence[Row]) -> None:
    conversion = [r["conversion"] for r in rows]
    doubted = rows[0]["quality"] == DOUBTFUL
    axes.errorbar(
        conversion,
        [r["activation_energy_kJ_mol"] for r in rows],
        [r["activation_energy_kJ_mol_sd"] for r in rows],
        fmt="o",
        markerfacecolor="white" if doubted else None,
        color=style.CATEGORIES[0],
        label="from rates",
    )
    axes.plot(
        conversion,
        [r["activation_energy_integral_kJ_mol"] for r in rows],
        color=style.CATEGORIES[1],
        label="from times",
    )
    axes.set_xlabel("conversion")
    axes.set_ylabel("activation energy / kJ mol$^{-1}$")
    axes.set_xlim(0, 1)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))  # room for the legend above the highest interval
    axes.legend(loc="upper right")


def _map(axes: Axes, grid: Sequence[Row], own: Sequence[Row]) -> None:
    temperature = np.array(sorted({r["annealing_temperature_degC"] for r in grid}))
    hours = np.array(sorted({r["annealing_time_h"] for r in grid}))
    place = {
        (r["annealing_temperature_degC"], r["annealing_time_h"]): r["conversion"] for r in grid
    }
    values = np.array([[place[t, h] for t in temperature] for h in hours])
    mesh = axes.pcolormesh(temperature, hours, values, vmin=0, vmax=1, cmap="cividis", shading="nearest", rasterized=True)  # fmt: skip
    lines = axes.contour(temperature, hours, values, LEVELS, colors="white", linewidths=0.6)
    # Labels on the lines would cover each other: all of the reaction takes a few tens of kelvin.
    bar = axes.figure.colorbar(mesh, ax=axes, label="conversion", ticks=(0, *LEVELS, 1))
    bar.add_lines(lines)
    for row in own:
        axes.plot(
            row["annealing_temperature_degC"],
            row["annealing_time_h"],
            "o",
            color="white",
            markeredgecolor="white" if row["quality"] == DOUBTFUL else "black",
            markerfacecolor="none" if row["quality"] == DOUBTFUL else "white",
            clip_on=False,
        )
    axes.set_yscale("log")
    axes.set_xlabel("annealing temperature / °C")
    axes.set_ylabel("annealing time / h")
