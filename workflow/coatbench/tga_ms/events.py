"""Events of one signal: found in its rate, measured with their uncertainties, and judged."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import quality
from ..quality import Quality, doubtful, unusable
from .event import POSITIONS, Event, Signal
from .heights import set_heights
from .positions import measure, variations_of
from .regions import Region, find_regions
from .smooth import Grid, seed_of, smooth, smoothed_noise

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig

# A step that takes less than this is a jump of the balance or of the sample, and no reaction of its powder. Smoothed, a jump
# takes half a window.
JUMP_K, JUMP_S, JUMP_WINDOWS = 2.0, 12.0, 0.6
SIGNIFICANT = 3.0
# A gain that sets in within this time of the start of a ramp may be the gas's, up to so many times what buoyancy leaves.
RAMP_S, APPARENT = 120.0, 10.0


def find_events(
    signal: Signal,
    grid: Grid,
    config: TgaMsConfig,
    *,
    drift: Callable[[float], float] = lambda kelvin: 0.0,
    extra_sd_K: float = 0.0,
) -> list[Event]:
    """Find and measure all events of a signal.

    Parameters
    ----------
    signal : Signal
    grid : Grid
        Of the same length as the signal.
    drift : callable
        Standard uncertainty of a change of mass in percent over so many K, by buoyancy and balance.
    extra_sd_K : float
        Further uncertainty of every temperature, as the lag of the ion-current clock.

    Returns
    -------
    list of Event, in order of time
    """
    window = grid.window(config["smoothing_window_K"])
    smoothed = smooth(signal.values, window)
    if signal.step:
        rate = smooth(signal.values, window, grid.step_s)
        noise = smoothed_noise(signal.values, window, grid.step_s)
    else:
        rate = smoothed - signal.pedestal
        noise = smoothed_noise(signal.values, window)

    def accept(region: Region) -> bool:
        if signal.step:
            change = smoothed[region.right] - smoothed[region.left]
            return abs(change) >= config["min_step_percent"]
        # Background that decays from the first record on, or that is curved, lies above a straight one at
        # the edges of the record: an event rises there.
        floors = [float(smoothed[region.left])] if region.at_end else []
        floors += [float(signal.values[:window].mean())] if region.left <= 3 * window else []
        rises = all(region.sign * (smoothed[region.peak] - low) >= threshold for low in floors)
        return region.peak >= window and rises

    threshold = config["detection_sigma"] * noise
    if not signal.step and signal.name != "dsc":
        background = abs(float(np.median(smoothed)))
        threshold = max(threshold, config["min_of_background"] * background)
    regions = find_regions(
        rate,
        noise,
        config["detection_sigma"],
        config["min_relative_peak"],
        signal.signs,
        threshold,
        accept,
        window,
    )
    rng = np.random.default_rng([zlib.crc32(signal.name.encode()), seed_of(signal.values)])
    variations = list(variations_of(signal, smoothed, grid, regions, config, rng))
    common_sd_K = math.hypot(config["temperature_sd_K"], extra_sd_K)
    events = [measure(signal, region, grid, variations, drift, common_sd_K) for region in regions]
    events = [e for e in events if any(math.isfinite(e.value[p]) for p in POSITIONS)]
    _number(events)
    if signal.step:
        set_heights(events, signal, grid, config, drift)
    for event in events:
        event.quality = _judged(event, signal, grid, drift, window * grid.step_s)
    return events


def _judged(
    event: Event, signal: Signal, grid: Grid, drift: Callable[[float], float], window_s: float
) -> Quality:
    """Judge one event by what is known of its beginning, its end and its size, smoothed over a window."""
    found = [doubtful(note) for note in event.note.split("; ") if note]
    onset, end = (event.time_s.get(p, math.nan) for p in ("onset_first_deviation", "end"))
    change = event.value.get("change", math.nan)
    if signal.step:
        if not math.isfinite(change):
            found.append(doubtful("its change is not known"))
        elif abs(change) < SIGNIFICANT * event.sd["change"]:
            found.append(
                doubtful(f"a change of {change:.2g} +- {event.sd['change']:.2g} % is none")
            )
        span = float(np.ptp(grid.temperature_degC))
        if (
            event.kind == "gain"
            and _ramp_starts(onset, grid)
            and abs(change) < APPARENT * drift(span)
        ):
            found.append(doubtful("it begins where a ramp begins: buoyancy and drag change there"))
        shortest = max(JUMP_S, JUMP_K / grid.rate_K_s, JUMP_WINDOWS * window_s)
        if math.isfinite(onset) and end - onset < shortest:
            found.append(unusable(f"within {end - onset:.0f} s: a jump, not a reaction"))
    return quality.worst(found)


def _ramp_starts(time_s: float, grid: Grid) -> bool:
    """Whether the furnace goes over from a hold to a ramp around this time, or starts there."""
    if not math.isfinite(time_s):
        return False
    before, after = grid.temperature_at(np.array([time_s - RAMP_S, time_s + RAMP_S]))
    here = float(grid.temperature_at(time_s))
    rate = grid.rate_K_s * RAMP_S
    return here - float(before) < 0.3 * rate and float(after) - here > 0.3 * rate


def _number(events: list[Event]) -> None:
    counts: dict[str, int] = {}
    for event in events:
        counts[event.kind] = event.number = counts.get(event.kind, 0) + 1
    for kind in counts:
        max((e for e in events if e.kind == kind), key=lambda e: e.size).main = True
