"""Where an event begins, peaks and ends, with uncertainties: from resampled noise and from the choices that an onset needs.

A number like "onset 180 degC" depends on noise, on the threshold k, on the smoothing window and on the
length of the baseline. All of them are varied, and the scatter of the result is its uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from .event import POSITIONS, Event, Signal
from .onset import Settings, measure_sides, refine_peak
from .regions import Region
from .smooth import Grid, averaged_points, block_noise, smooth, white_noise

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig

KINDS = {
    ("mass", 1): "gain",
    ("mass", -1): "loss",
    ("dsc", 1): "exothermic",
    ("dsc", -1): "endothermic",
}
# How much of the initial mass has changed, or is left to change, that any balance shows: a quieter one sees a step begin
# earlier and end later, and which of them is meant nobody knows.
VISIBLE_PERCENT = 0.05
LONG = 5  # windows over which noise is told from slow changes
MIN_SHARE = 0.5  # a position that fewer of the variations find is not a finding


@dataclass(frozen=True)
class Variation:
    """One way to look at the signal: other noise, or another choice."""

    source: str  # "value", "level", "choice", "noise"
    smoothed: np.ndarray
    derivative: np.ndarray  # per point
    rate: np.ndarray
    settings: Settings
    floor: float


def variations_of(
    signal: Signal,
    smoothed: np.ndarray,
    grid: Grid,
    regions: list[Region],
    config: TgaMsConfig,
    rng: np.random.Generator,
) -> Iterator[Variation]:
    """Return the ways to look at a signal: as chosen, with other choices, with other noise."""
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

    value = vary("value", signal.values, *chosen)
    yield value
    if signal.step:
        yield replace(value, source="level", floor=max(value.floor, VISIBLE_PERCENT / k))
    for choice in sorted(choices - {chosen}):
        yield vary("choice", signal.values, *choice)
    for noise in _noise(signal.values, grid.window(kelvin), regions, rng, config["resamples"]):
        yield vary("noise", smoothed + noise, *chosen)


def _noise(
    values: np.ndarray, window: int, regions: list[Region], rng: np.random.Generator, n: int
) -> np.ndarray:
    """Return `n` records of noise as the signal has it beside its events, larger where it scatters more.

    What a curve leaves that was smoothed by the same window lacks the noise that this window lets through, and with it
    most of what moves a maximum of the smoothed rate. A window five times as long takes little of it, but bends at events.
    """
    from scipy.ndimage import uniform_filter1d

    size, long = values.size, LONG * window // 2 * 2 + 1
    residual = values - smooth(values, window)
    quiet = np.ones(size, bool)
    for region in regions:
        quiet[max(region.left - long // 2, 0) : region.right + long // 2 + 1] = False
    if quiet.sum() < long:
        return block_noise(residual, 2 * window, rng, n)
    beside = (values - smooth(values, long))[quiet]
    # A running sum that comes back to zero ends a rounding error below it.
    scatter = np.sqrt(np.maximum(uniform_filter1d(residual**2, 4 * window), 0.0))
    usual = float(np.sqrt(np.mean(residual[quiet] ** 2)))
    return block_noise(beside, 2 * window, rng, n, size) * (scatter / usual if usual > 0 else 1.0)


def measure(
    signal: Signal,
    region: Region,
    grid: Grid,
    variations: list[Variation],
    drift: Callable[[float], float],
    common_sd_K: float,
) -> Event:
    """Measure one event in all variations: its positions as chosen, and how they scatter."""
    results: dict[str, list[np.ndarray]] = {"value": [], "level": [], "choice": [], "noise": []}
    for variation in variations:
        results[variation.source].append(_positions(signal, region, variation))
    if len(results["choice"]) < 2:
        results["choice"] += results["value"]  # lists of one choice: its distance, or none
    time = dict(zip((*POSITIONS, "change", "change_sd"), results["value"][0], strict=True))
    event = Event(signal.name, _kind(signal, region), region)
    event.time_s = {p: float(grid.time_s[0] + time[p] * grid.step_s) for p in POSITIONS}
    for j, position in enumerate((*POSITIONS, "change")):
        known = np.isfinite(time[position])
        spreads = []
        for source in ("choice", "noise"):
            column = np.array([r[j] for r in results[source]])
            if position != "change":
                column = grid.temperature_at(grid.time_s[0] + column * grid.step_s)
            column = column[np.isfinite(column)]
            known = known and column.size >= MIN_SHARE * len(results[source])
            spreads.append(float(np.std(column, ddof=1)) if column.size > 1 else 0.0)
        if not known:
            event.value[position] = event.sd[position] = float("nan")
            event.time_s.pop(position, None)
        elif position == "change":
            event.value["change"] = time["change"]
            length = abs(event.value["end"] - event.value["onset_first_deviation"])
            event.sd["change"] = math.hypot(*spreads, drift(length), time["change_sd"])
        else:
            event.value[position] = float(grid.temperature_at(event.time_s[position]))
            levels = [float(grid.temperature_at(grid.time_s[0] + r[j] * grid.step_s)) for r in results["level"]]  # fmt: skip
            spreads += [(t - event.value[position]) / math.sqrt(3) for t in levels if math.isfinite(t)]  # fmt: skip
            event.sd[position] = math.hypot(*spreads, common_sd_K)
    event.size = _size(signal, region, variations[0])
    event.note = _note(region, event)
    return event


def _positions(signal: Signal, region: Region, v: Variation) -> np.ndarray:
    """Return the five positions in points, the change from first deviation to end, and what its baselines leave.

    The last one is the scatter of the two baselines where they are read, with their extrapolation: a balance
    wanders more slowly than resampled noise does.
    """
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
    if signal.step:
        return abs(float(v.smoothed[region.right] - v.smoothed[region.left]))
    return abs(float(np.sum(v.rate[region.left : region.right + 1])))


def _note(region: Region, event: Event) -> str:
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
