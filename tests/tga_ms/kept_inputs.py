"""What the tests of kept numbers share: a configuration, rows by column, decisions on both sides of a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from coatbench.tga_ms.event import POSITIONS, Event
from coatbench.tga_ms.regions import Region

KEPT = Path(__file__).parent / "kept"
# No key has its shipped value.
CHANGED = {
    "smoothing_window_K": 4.0, "smoothing_window_K_choices": [3.0, 4.0, 6.0],
    "onset_k": 4.0, "onset_k_choices": [2.5, 4.0, 7.0],
    "baseline_K": 30.0, "baseline_K_choices": [15.0, 30.0, 45.0], "baseline_min_K": 6.0,
    "detection_sigma": 7.0, "min_relative_peak": 0.03, "min_of_background": 0.03, "min_step_percent": 0.4,
    "slope_sd_percent_K": 0.004, "resamples": 10, "temperature_sd_K": 0.7, "dsc_baseline": "linear",
    "buoyancy_sd_mg": 0.03, "buoyancy_corrected_sd_mg": 0.005, "lag_range_s": [-400.0, 500.0],
    "lag_mz": [64, 18], "lag_min_correlation": 0.5, "isotope_ratio_sd": 0.002, "mass_discrimination_sd": 0.03,
    "fragment_ratios": {"48/64": 0.45}, "fragment_ratio_sd": 0.1, "finding_sigma": 2.5,
}  # fmt: skip


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows by column: numbers as an array, words in one line, nothing where all cells are empty."""
    found: dict[str, Any] = {}
    rows = list(rows)
    for name in dict.fromkeys(n for row in rows for n in row):
        cells = [row.get(name) for row in rows]
        if any(isinstance(c, str) for c in cells):
            if any(cells):
                found[name] = " | ".join(str(c) for c in cells)
        else:
            numbers = np.array([np.nan if c is None else float(c) for c in cells])
            if np.isfinite(numbers).any():
                found[name] = numbers
    return found


def turns(decide: Callable[[float], Any], values: Iterable[float]) -> str:
    """At which of ascending values a decision becomes another one: a limit that moves moves one of them."""
    found, last = [], None
    for value in values:
        now = decide(float(value))
        if not found or now != last:
            found.append(f"{value:.4g}: {now}")
        last = now
    return "; ".join(found)


def around(limit: float, n: int = 25) -> np.ndarray:
    """Values on both sides of a limit, 2 % apart next to it, up to a factor of five away."""
    steps = 1.02 ** (np.arange(n) ** 1.4)
    return np.round(limit * np.concatenate([1 / steps[::-1], steps]), 9)


def event_at(grid, onset, end, signal="mass", kind="loss", sign=-1, sd=2.0, change=-3.0, change_sd=0.1) -> Event:  # fmt: skip
    """An event as if it had been measured, onset and end in points of the grid."""
    points = dict(zip(POSITIONS, (onset, 0.7 * onset + 0.3 * end, 0.5 * (onset + end), 0.3 * onset + 0.7 * end, end), strict=True))  # fmt: skip
    at = {p: grid.time_s[0] + i * grid.step_s for p, i in points.items()}
    event = Event(signal, kind, Region(round(points["peak"]), sign, round(onset), round(end), 0, grid.time_s.size - 1, False, False), 1, at)  # fmt: skip
    event.value = {p: float(grid.temperature_at(t)) for p, t in at.items()} | {"change": change}
    event.sd = dict.fromkeys(POSITIONS, sd) | {"change": change_sd}
    return event
