"""Events of one signal with uncertainties: from resampled noise and from the choices that an onset needs.

A number like "onset 180 degC" depends on noise, on the threshold k, on the smoothing window and on the
length of the baseline. All of them are varied, and the scatter of the result is its uncertainty.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from .onset import Settings, measure_sides, refine_peak
from .regions import Region, find_regions
from .smooth import Grid, averaged_points, block_noise, smooth, smoothed_noise, white_noise

if TYPE_CHECKING:
    import numpy as np

POSITIONS = (
    "onset_first_deviation",
    "onset_extrapolated",
    "peak",
    "end_extrapolated",
    "end",
)
KINDS = {
    ("mass", 1): "gain",
    ("mass", -1): "loss",
    ("dsc", 1): "exothermic",
    ("dsc", -1): "endothermic",
}
MIN_SHARE = 0.5  # a position that fewer of the variations find is not a finding


@dataclass
class Event:
    """One event.

    Attributes
    ----------
    signal, kind : str
    number : int
        From 1, per kind in order of time.
    region : Region
    time_s : dict
        Position -> time on the furnace clock; NaN where it is not defined.
    value, sd : dict
        Position -> temperature in degC and its standard uncertainty; ``change``: in percent.
    main : bool
        The largest of its kind in this signal.
    note : str
    """

    signal: str
    kind: str
    region: Region
    number: int = 0
    time_s: dict[str, float] = field(default_factory=dict)
    value: dict[str, float] = field(default_factory=dict)
    sd: dict[str, float] = field(default_factory=dict)
    size: float = 0.0
    main: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """Kind and number, as in the table."""
        return f"{self.kind} {self.number}"

    def row(self) -> dict[str, Any]:
        """Cells of the table tga_ms_events."""
        cells: dict[str, Any] = {"signal": self.signal, "event": self.name}
        for position in POSITIONS:
            cells[f"{position}_degC"] = self.value[position]
            cells[f"{position}_degC_sd"] = self.sd[position]
        cells["change_percent"] = self.value.get("change", float("nan"))
        cells["change_percent_sd"] = self.sd.get("change", float("nan"))
        return cells | {"main": self.main, "note": self.note}


@dataclass(frozen=True)
class Signal:
    """What is searched for events.

    Attributes
    ----------
    name : str
        ``mass``, ``dsc``, ``mz64`` ...
    values : (n,) array
    step : bool
        Events are steps (mass) and not peaks.
    signs : tuple of int
        Directions that are events.
    pedestal : (n,) array
        Slow background that is subtracted before peaks are sought (not before they are measured).
    exo : int
        For DSC: sign of an exothermic event.
    """

    name: str
    values: np.ndarray
    step: bool
    signs: tuple[int, ...]
    pedestal: np.ndarray
    exo: int = 1


def find_events(
    signal: Signal,
    grid: Grid,
    config: dict[str, Any],
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
    config : dict
        Section `tga_ms`.
    drift : callable
        Standard uncertainty of a change of mass in percent over so many K, by buoyancy and balance.
    extra_sd_K : float
        Further uncertainty of every temperature, as the lag of the ion-current clock.

    Returns
    -------
    list of Event, in order of time
    """
    import numpy as np

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

    least = 0.0 if signal.step else config["min_of_background"] * abs(float(np.median(smoothed)))
    least = 0.0 if signal.name == "dsc" else least
    threshold = max(config["detection_sigma"] * noise, least)
    regions = find_regions(
        rate,
        noise,
        config["detection_sigma"],
        config["min_relative_peak"],
        signal.signs,
        least,
        accept,
    )
    rng = np.random.default_rng(
        [zlib.crc32(signal.name.encode()), zlib.crc32(signal.values.tobytes())]
    )
    variations = list(_variations(signal, smoothed, grid, config, rng))
    events = [
        _measure(signal, region, grid, config, variations, drift, extra_sd_K) for region in regions
    ]
    events = [e for e in events if any(math.isfinite(e.value[p]) for p in POSITIONS)]
    _number(events)
    return events


@dataclass(frozen=True)
class Variation:
    """One way to look at the signal: other noise, or another choice."""

    source: str  # "value", "choice", "noise"
    smoothed: np.ndarray
    derivative: np.ndarray  # per point
    rate: np.ndarray
    settings: Settings
    floor: float


def _variations(
    signal: Signal,
    smoothed: np.ndarray,
    grid: Grid,
    config: dict[str, Any],
    rng: np.random.Generator,
) -> Iterator[Variation]:
    k, kelvin, length = config["onset_k"], config["smoothing_window_K"], config["baseline_K"]
    chosen = (k, kelvin, length)
    choices = {
        *product(config["onset_k_choices"], config["smoothing_window_K_choices"], [length]),
        *product(config["onset_k_choices"], [kelvin], config["baseline_K_choices"]),
    }
    white = white_noise(signal.values)

    def vary(source: str, values: np.ndarray, k: float, kelvin: float, length: float) -> Variation:
        window = grid.window(kelvin)
        curve = smooth(values, window)
        derivative = smooth(values, window, 1.0)
        independent = averaged_points(window)
        settings = Settings(
            k,
            grid.points(length),
            max(4, grid.points(config["baseline_min_K"])),
            grid.points(kelvin),
            independent,
        )
        floor = white / math.sqrt(independent)
        rate = derivative if signal.step else curve - signal.pedestal
        return Variation(source, curve, derivative, rate, settings, floor)

    yield vary("value", signal.values, *chosen)
    for choice in sorted(choices - {chosen}):
        yield vary("choice", signal.values, *choice)
    residual = signal.values - smoothed
    block = 2 * grid.window(kelvin)
    for noise in block_noise(residual, block, rng, config["resamples"]):
        yield vary("noise", smoothed + noise, *chosen)


def _measure(
    signal: Signal,
    region: Region,
    grid: Grid,
    config: dict[str, Any],
    variations: list[Variation],
    drift: Callable[[float], float],
    extra_sd_K: float,
) -> Event:
    import numpy as np

    results: dict[str, list[np.ndarray]] = {"value": [], "choice": [], "noise": []}
    for variation in variations:
        results[variation.source].append(_positions(signal, region, variation))
    time = dict(zip((*POSITIONS, "change", "change_sd"), results["value"][0], strict=True))
    event = Event(signal.name, _kind(signal, region), region)
    event.time_s = {p: float(grid.time_s[0] + time[p] * grid.step_s) for p in POSITIONS}
    common = math.hypot(config["temperature_sd_K"], extra_sd_K)
    for j, position in enumerate((*POSITIONS, "change")):
        known = np.isfinite(time[position])
        spreads = []
        for source in ("choice", "noise"):
            column = np.array([r[j] for r in results[source]])
            if position != "change":
                column = grid.temperature_at(grid.time_s[0] + column * grid.step_s)
            column = column[np.isfinite(column)]
            known = known and column.size >= MIN_SHARE * len(results[source])
            spreads.append(float(np.std(column, ddof=1)) if column.size > 1 else float("nan"))
        if position in ("onset_first_deviation", "end"):
            spreads.append(_delay_K(variations, results, j, grid, config))
        if not known:
            event.value[position] = event.sd[position] = float("nan")
            event.time_s.pop(position, None)
        elif position == "change":
            event.value["change"] = time["change"]
            length = abs(event.value["end"] - event.value["onset_first_deviation"])
            event.sd["change"] = math.hypot(*spreads, drift(length), time["change_sd"])
        else:
            event.value[position] = float(grid.temperature_at(event.time_s[position]))
            event.sd[position] = math.hypot(*spreads, common)
    event.size = _size(signal, region, variations[0])
    event.note = _note(region, event)
    return event


def _delay_K(
    variations: list[Variation],
    results: dict[str, list[np.ndarray]],
    column: int,
    grid: Grid,
    config: dict[str, Any],
) -> float:
    """Uncertainty in K because a deviation is only seen once it exceeds the noise.

    A step or peak that sets in with a finite curvature deviates with the square of the time, so the detected
    point lies behind the true one by c sqrt(k). The thresholds that are tried give c; the whole delay is
    taken as the half-width of a rectangular distribution.
    """
    chosen = next(v for v in variations if v.source == "value").settings
    same = [
        (v.settings.k, float(r[column]))
        for v, r in zip(
            [v for v in variations if v.source == "choice"], results["choice"], strict=True
        )
        if v.settings.baseline == chosen.baseline and v.settings.gap == chosen.gap
    ]
    same.append((chosen.k, float(results["value"][0][column])))
    (low, first), (high, last) = min(same), max(same)
    if not (high > low and math.isfinite(first) and math.isfinite(last)):
        return 0.0
    delay = abs(last - first) * math.sqrt(chosen.k) / (math.sqrt(high) - math.sqrt(low))
    return delay * grid.step_s * grid.rate_K_s / math.sqrt(3)


def _positions(signal: Signal, region: Region, v: Variation) -> np.ndarray:
    """Return the five positions in points, the change from first deviation to end, and what its baselines leave.

    The last one is the scatter of the two baselines where they are read, with their extrapolation: a balance
    wanders more slowly than resampled noise does.
    """
    import numpy as np

    inside = v.rate[region.left : region.right + 1]
    peak = region.left + int(np.argmax(region.sign * inside))
    here = replace(region, peak=peak)
    before, after = measure_sides(
        v.smoothed, v.derivative, here, v.settings, step=signal.step, floor=v.floor
    )
    # A maximum within a window of the end of the record is the end of the record.
    at_edge = peak <= 0 or peak >= v.rate.size - 1 - v.settings.gap
    position = float("nan") if at_edge else refine_peak(v.rate, peak, region.sign)
    change = change_sd = float("nan")
    if signal.step and before.line is not None and after.line is not None:
        # Between the baselines, not the curve: at its first deviation that has left them by k sigma already.
        change = float(after.line.at(after.deviation) - before.line.at(before.deviation))
        change_sd = math.hypot(
            before.line.sd_at(before.deviation), after.line.sd_at(after.deviation)
        )
    return np.array(
        [
            before.deviation, before.extrapolated, position, after.extrapolated, after.deviation,
            change, change_sd,
        ]
    )  # fmt: skip


def _kind(signal: Signal, region: Region) -> str:
    if signal.name == "dsc":
        return KINDS["dsc", region.sign * (signal.exo or 1)]
    return KINDS.get((signal.name, region.sign), "evolution")


def _size(signal: Signal, region: Region, v: Variation) -> float:
    import numpy as np

    if signal.step:
        return abs(float(v.smoothed[region.right] - v.smoothed[region.left]))
    return abs(float(np.sum(v.rate[region.left : region.right + 1])))


def _note(region: Region, event: Event) -> str:
    import numpy as np

    notes = []
    if region.at_start:
        notes.append("under way when the record starts")
    elif not np.isfinite(event.value["onset_first_deviation"]):
        notes.append("no baseline established before it")
    if region.at_end:
        notes.append("not finished when the record ends")
    elif not np.isfinite(event.value["end"]):
        notes.append("no baseline established after it")
    return "; ".join(notes)


def _number(events: list[Event]) -> None:
    counts: dict[str, int] = {}
    for event in events:
        counts[event.kind] = event.number = counts.get(event.kind, 0) + 1
    for kind in counts:
        max((e for e in events if e.kind == kind), key=lambda e: e.size).main = True
