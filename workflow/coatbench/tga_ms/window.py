"""The annealing window that a thermogram suggests, and the slopes of the quiet stretches between events."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import quality
from ..quality import doubtful, unusable
from .event import Event
from .run import Run
from .smooth import Grid


def recommended(events: list[Event], buoyancy: str) -> dict[str, Any]:
    """Window between the end of the main gain and the first deviation of the next loss.

    Before the gain has ended the precursor is not fully oxidised; beyond the loss it leaves the surface.

    Parameters
    ----------
    events : list of Event
        Of the mass.
    buoyancy : str
        As in `Run`: without a correction the gain may be buoyancy, and the note says so.

    Returns
    -------
    dict
        Cells of tga_ms_window; empty ones, with what is missing, unless a gain and a loss are established (onset, end, change).
    """
    unknown = float("nan")
    cells: dict[str, Any] = dict.fromkeys(
        (
            "window_start_degC", "window_start_degC_sd", "window_end_degC", "window_end_degC_sd",
            "width_K", "width_K_sd",
        ),
        unknown,
    )  # fmt: skip
    gains = [e for e in events if e.kind == "gain"]
    sure = [e for e in gains if e.established]
    if not sure:
        missing = "no gain of mass was found: no oxidation to wait for"
        if gains:
            main = max(gains, key=lambda e: e.size)
            missing = f"no gain with beginning, end and change: {main.name}: {main.quality.note}"
        return cells | {"note": missing} | unusable(missing).columns()
    gain = max(sure, key=lambda e: abs(e.value["change"]))
    cells["window_start_degC"], cells["window_start_degC_sd"] = gain.value["end"], gain.sd["end"]
    later = [e for e in events if e.kind == "loss" and e.region.peak > gain.region.peak]
    if not later:
        note = "no loss of mass after the gain: the window is open towards higher temperature"
        return cells | {"note": note} | doubtful(note).columns()
    loss = later[0]
    onset, sd = loss.value["onset_first_deviation"], loss.sd["onset_first_deviation"]
    if not np.isfinite(onset) or not np.isfinite(loss.value["change"]) or not loss.quality.usable:
        note = f"no loss with beginning and change: {loss.name}: {loss.quality.note}"
        return cells | {"note": note} | doubtful(note).columns()
    cells["window_end_degC"], cells["window_end_degC_sd"] = onset, sd
    width = onset - gain.value["end"]
    width_sd = float(np.hypot(sd, gain.sd["end"]))
    note = f"from the end of {gain.name} to the first deviation of {loss.name}"
    found = [
        quality.Quality(loss.quality.level, tuple(f"{loss.name}: {n}" for n in loss.quality.notes))
    ]
    if width <= 2 * width_sd:
        note += "; its width is not significant"
        found.append(doubtful("its width is not significant"))
    if buoyancy == "none":
        note += "; no blank run: buoyancy may be part of the gain"
    judged = quality.worst(found).columns()
    return cells | {"width_K": width, "width_K_sd": width_sd, "note": note} | judged


def slopes(run: Run, grid: Grid, events: list[Event], min_K: float) -> list[dict[str, Any]]:
    """Slope of the mass, in percent per K, in every stretch between two events that is long enough.

    Its uncertainty joins the scatter around the line, with the correlation of neighbours, and buoyancy.
    """
    edges = [0]
    for event in events:
        # The measured positions where they exist, else the flanks of the peak.
        for position, edge in (
            ("onset_first_deviation", event.region.left),
            ("end", event.region.right),
        ):
            time = event.time_s.get(position, float("nan"))
            known = np.isfinite(time) and np.isfinite(event.value[position])
            edges.append(round((time - grid.time_s[0]) / grid.step_s) if known else edge)
    edges.append(grid.time_s.size - 1)
    rows = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start < 8 or np.ptp(grid.temperature_degC[start : stop + 1]) < min_K:
            continue
        x, y = grid.temperature_degC[start : stop + 1], run.mass_percent[start : stop + 1]
        centred = x - x.mean()
        spread = float(centred @ centred)
        slope = float(centred @ (y - y.mean())) / spread
        residual = y - y.mean() - slope * centred
        lag1 = float(residual[1:] @ residual[:-1]) / max(float(residual @ residual), 1e-300)
        inflation = (1 + max(0.0, min(lag1, 0.999))) / (1 - max(0.0, min(lag1, 0.999)))
        sd = float(np.sqrt(residual @ residual / (x.size - 2) / spread * inflation))
        length = float(np.ptp(x))
        sd = float(np.hypot(sd, run.drift(length) / length))
        rows.append(
            {
                "temperature_start_degC": float(x[0]),
                "temperature_end_degC": float(x[-1]),
                "slope_percent_K": slope,
                "slope_percent_K_sd": sd,
                "mass_start_percent": float(y[:4].mean()),
                "mass_end_percent": float(y[-4:].mean()),
            }
        )
    return rows
