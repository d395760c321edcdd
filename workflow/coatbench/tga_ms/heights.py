"""How high the steps of a thermogram are: fitted with their tails, or read between baselines where no fit knows better."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .event import Event, Signal
from .smooth import Grid, white_noise
from .steps import WELL_DESCRIBED, Guess, Steps, fit_steps

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig

# Events with less quiet heating between them than so many baselines share their tails: they are fitted together.
TOGETHER = 2.0
MOST_TOGETHER = 5
REACHES = (20.0, 1.0, 0.5)  # widths of a step on either side of it that its fit sees
HIDDEN = 0.05  # of a step that baselines beside it miss, as a standard uncertainty
SHAPE = 0.0005  # of a step that no shape is known better than
HOLD_K = 5.0  # temperatures that are held
RESTLESS = 0.03  # of a step in a hold: so much more change beside it is part of it
BADLY_DESCRIBED = 4.0  # root mean square of a fit's residual over the white noise


def set_heights(
    events: list[Event],
    signal: Signal,
    grid: Grid,
    config: TgaMsConfig,
    drift: Callable[[float], float],
) -> None:
    """Replace changes between baselines by those of fitted steps, which include the tails."""
    whole = [e for e in events if not (e.region.at_start or e.region.at_end)]
    first = max((e.region.right for e in events if e.region.at_start), default=0)
    last = min((e.region.left for e in events if e.region.at_end), default=signal.values.size - 1)
    noise = white_noise(signal.values)
    quiet = TOGETHER * grid.points(config["baseline_K"])
    groups: list[list[Event]] = []
    for event in whole:
        if groups and event.region.left - groups[-1][-1].region.right < quiet:
            groups[-1].append(event)
        else:
            groups.append([event])
    for i, group in enumerate(groups):
        start, stop = first, last
        if i:
            start = (groups[i - 1][-1].region.right + group[0].region.left) // 2
        if i + 1 < len(groups):
            stop = (group[-1].region.right + groups[i + 1][0].region.left) // 2
        found: Steps | None = None
        fitted_part = slice(start, stop)
        guesses = [_guess(e, signal, grid) for e in group]
        # The longer the record, the better a tail is told from a drift; but what else happens far away is not the
        # steps' to describe.
        for share in REACHES if len(group) <= MOST_TOGETHER else ():
            least = grid.points(config["baseline_K"])
            near, far = (
                max(int(share * (e.region.right - e.region.left)), least)
                for e in (group[0], group[-1])
            )
            part = slice(
                max(start, group[0].region.left - near),
                min(stop, group[-1].region.right + far) + 1,
            )
            tried = fit_steps(
                grid.time_s[part],
                grid.temperature_degC[part],
                signal.values[part],
                guesses,
                noise,
                config["slope_sd_percent_K"] * grid.rate_K_s,
            )
            if tried is not None and (found is None or tried.misfit < found.misfit):
                found, fitted_part = tried, part
            if found is not None and found.misfit < WELL_DESCRIBED:
                break
        for k, event in enumerate(group):
            if found is not None and found.misfit < BADLY_DESCRIBED:
                event.extent = _whole(found.extent[k], fitted_part, signal.values.size)
            fitted = None if found is None else (float(found.change[k]), float(found.sd[k]))
            misfit = math.inf if found is None else found.misfit
            _height(event, signal, grid, fitted, misfit, len(group) > 1, drift)
            # No reaction of order n speeds up at constant temperature, but nuclei do: a bad fit, and no drift either.
            if misfit > WELL_DESCRIBED and len(group) == 1:
                _in_hold(event, signal, grid, slice(start, stop + 1))


def _height(
    event: Event,
    signal: Signal,
    grid: Grid,
    fitted: tuple[float, float] | None,
    misfit: float,
    shared: bool,
    drift: Callable[[float], float],
) -> None:
    """Set the change of one event: of the fit, where that knows it, else between baselines or flanks.

    Baselines miss what a step shares with a neighbour (`shared`), however surely they are drawn.
    """
    region = event.region
    edges = [
        event.time_s.get(position, float(grid.time_s[edge]))
        for position, edge in (("onset_first_deviation", region.left), ("end", region.right))
    ]
    first, last = np.interp(edges, grid.time_s, signal.values)
    curve = float(last - first)
    lines, spread = event.value.get("change", math.nan), event.sd.get("change", math.nan)
    established = math.isfinite(lines) and math.isfinite(spread)
    if not established:
        lines, spread = curve, 0.0
    # Baselines that drift and the curve itself may tell different changes, and neither holds what a reaction does before
    # it is seen and after.
    coarse = math.hypot(spread, (lines - curve) / math.sqrt(3), HIDDEN * lines)
    value, sd = lines, coarse
    together = shared and misfit < WELL_DESCRIBED
    if fitted is not None and (together or fitted[1] < max(coarse, HIDDEN * abs(fitted[0]))):
        value, sd = fitted
        if misfit > BADLY_DESCRIBED:
            # A shape that no reaction has, with corners instead of tails: what baselines beside it tell.
            value, sd = lines, math.hypot(spread, (lines - value) / math.sqrt(3), sd)
    length = float(grid.time_s[region.right] - grid.time_s[region.left]) * grid.rate_K_s
    event.value["change"] = value
    event.sd["change"] = math.hypot(sd, SHAPE * value, drift(length))


def _in_hold(event: Event, signal: Signal, grid: Grid, free: slice) -> None:
    """Read a change that lies in a hold between levels two of its widths away, as far as hold and neighbours let it."""
    region = event.region
    heat = grid.temperature_degC
    away = np.abs(heat - heat[region.peak]) > HOLD_K
    left = np.flatnonzero(away[: region.peak])
    right = np.flatnonzero(away[region.peak :])
    low = max(free.start, int(left[-1]) + 1) if left.size else free.start
    high = min(free.stop, region.peak + int(right[0])) - 1 if right.size else free.stop - 1
    if not low <= region.left < region.right <= high:
        inside = min(high, region.right) - max(low, region.left)
        if inside > 0.5 * (region.right - region.left):
            _add_note(event, "partly outside of the hold that it lies in: no level beside it there")
        return
    reach = 2 * (region.right - region.left)
    low, high = max(low, region.left - reach), min(high, region.right + reach)
    few = max(3, (region.right - region.left) // 10)
    # A level is one only where it stays: half as far away it should be the same.
    change = float(signal.values[region.right] - signal.values[region.left])
    for far, edge in ((low, region.left), (high, region.right)):
        half = (far + edge) // 2
        moved = float(signal.values[max(half - few, 0) : half + few].mean() - signal.values[max(far - few, 0) : far + few].mean())  # fmt: skip
        if abs(moved) > RESTLESS * abs(change):
            side = "before" if far == low else "after"
            _add_note(event, f"no quiet level {side} it in the hold")
    levels = signal.values[high - few : high + 1].mean() - signal.values[low : low + few + 1].mean()
    apart = (float(levels) - event.value["change"]) / math.sqrt(12)
    event.value["change"] = float(levels)
    event.sd["change"] = math.hypot(event.sd["change"], apart)


def _add_note(event: Event, note: str) -> None:
    event.note = "; ".join(n for n in (event.note, note) if n)


def _guess(event: Event, signal: Signal, grid: Grid) -> Guess:
    """Where a step is, for the fit to start from."""
    region, n = event.region, signal.values.size
    time = grid.time_s
    values = signal.values[region.left : region.right + 1]
    change = event.value.get("change", math.nan)
    if not math.isfinite(change):
        change = float(values[-3:].mean() - values[:3].mean())
    change = region.sign * max(abs(change), 0.01)
    # Half of the step lies between its quarters.
    rise = np.maximum.accumulate(region.sign * (values - values[0]))
    quarters = np.searchsorted(rise, np.array([0.25, 0.75]) * max(float(rise[-1]), 1e-9))
    left, right = (min(region.left + int(q), n - 1) for q in quarters)
    width = max(1.6 * float(time[right] - time[left]), 3 * grid.step_s)
    peak = float(time[region.peak])
    return Guess(peak, peak - width / 2, peak + width / 2, change)


def _whole(extent: np.ndarray, part: slice, n: int) -> np.ndarray:
    """Return an extent on the whole record: nothing has happened before the part that was fitted, and all after it."""
    whole = np.zeros(n)
    whole[part.stop :] = 1.0
    whole[part] = extent
    return whole
