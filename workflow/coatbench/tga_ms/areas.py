"""Area of a heat signal's peaks: what a reaction gives off or takes up.

The baseline under a peak is not measured. Two that are in use (ISO 11357-1) are drawn: a straight line from first deviation to end, and a
sigmoid that goes over from one level to the other with the reaction. One of them is the value, both are its uncertainty.
"""

from __future__ import annotations

import math

import numpy as np

from .event import Event, Signal
from .smooth import Grid, white_noise

ITERATIONS = 12
LEVEL_SHARE = 0.15  # of a peak's length, on either side, that its levels are read over
# Of the area, as standard uncertainties: what the levels take of a reaction's tails, and where a neighbour leaves no level between the two.
TAILS, CROWDED = 0.03, 0.1
# A heat flow of 1 mW/mg over 1 s is 1 J/g.
UNITS = {"mW/mg": "J/g", "W/g": "J/g", "uV/mg": "uV s/mg", "mW": "mJ", "uV": "uV s"}


def set_areas(events: list[Event], signal: Signal, grid: Grid, unit: str, baseline: str) -> None:
    """Integrate the peaks that have a beginning and an end.

    Parameters
    ----------
    events : list of Event
        Of the heat signal; area, area_sd and area_unit are set.
    signal : Signal
    grid : Grid
    unit : str
        Of the signal.
    baseline : str
        ``linear`` or ``sigmoidal``.
    """
    noise = white_noise(signal.values)
    for i, event in enumerate(events):
        edges = [event.time_s.get(p, math.nan) for p in ("onset_first_deviation", "end")]
        if not all(map(math.isfinite, edges)):
            continue
        first, last = ((t - grid.time_s[0]) / grid.step_s for t in edges)
        # Tails reach beyond what is seen; what a neighbour begins is not this one's.
        n = max(3, round(LEVEL_SHARE * (last - first)))
        low = events[i - 1].region.right if i else 0
        high = events[i + 1].region.left if i + 1 < len(events) else signal.values.size - 1
        value = {
            shape: _area(signal.values, max(first - n, low), min(last + n, high), n, shape)
            for shape in ("linear", "sigmoidal")
        }
        # Where a peak begins and ends is as uncertain as its temperatures say.
        moved = []
        for sign in (-1, 1):
            steps = [
                sign * event.sd[p] / grid.rate_K_s / grid.step_s
                for p in ("onset_first_deviation", "end")
            ]
            a, b = max(first - n + steps[0], low), min(last + n - steps[1], high)
            if b - a > 4:
                moved.append(_area(signal.values, a, b, n, baseline) - value[baseline])
        crowded = first - 2 * n < low or last + 2 * n > high
        # White noise within, and of the two levels, each a mean of some points.
        scatter = noise * math.sqrt((last - first) + 0.5 * (last - first) ** 2 / n)
        choice = (value["linear"] - value["sigmoidal"]) / math.sqrt(3)
        terms = [
            scatter,
            choice,
            0.5 * sum(map(abs, moved)),
            (CROWDED if crowded else TAILS) * value[baseline],
        ]
        event.area = abs(value[baseline]) * grid.step_s
        event.area_sd = math.hypot(*terms) * grid.step_s
        event.area_unit = UNITS.get(unit, f"{unit} s")


def _area(values: np.ndarray, first: float, last: float, n: int, baseline: str) -> float:
    """Area between a signal and its baseline, in units of the signal times points; levels are means of n points outside."""
    a, b = max(round(first), 0), min(round(last), values.size - 1)
    low, high = float(np.mean(values[max(a - n, 0) : a + 1])), float(np.mean(values[b : b + n + 1]))
    own = values[a : b + 1]
    line = np.linspace(low, high, own.size)
    for _ in range(ITERATIONS if baseline == "sigmoidal" else 0):
        grown = np.cumsum(own - line)
        if abs(grown[-1]) < 1e-12:
            break
        line = low + (high - low) * np.clip(grown / grown[-1], 0.0, 1.0)
    return float(np.trapezoid(own - line))
