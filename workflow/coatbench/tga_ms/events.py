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

from .. import quality
from ..quality import OK, Quality, doubtful, unusable
from .onset import Settings, measure_sides, refine_peak
from .regions import Region, find_regions
from .smooth import Grid, averaged_points, block_noise, smooth, smoothed_noise, white_noise
from .steps import WELL_DESCRIBED, Guess, fit_steps

if TYPE_CHECKING:
    import numpy as np

POSITIONS = (
    "onset_first_deviation",
    "onset_extrapolated",
    "peak",
    "end_extrapolated",
    "end",
)
# Times on the furnace clock: what happens in a hold has no temperature of its own.
TIMES = {"onset_time_s": "onset_first_deviation", "peak_time_s": "peak", "end_time_s": "end"}
KINDS = {
    ("mass", 1): "gain",
    ("mass", -1): "loss",
    ("dsc", 1): "exothermic",
    ("dsc", -1): "endothermic",
}
# A step that takes less than this is a jump of the balance or of the sample, and no reaction of its powder.
JUMP_K, JUMP_S = 2.0, 12.0
SIGNIFICANT = 3.0
# A gain that sets in within this time of the start of a ramp may be the gas's, up to so many times what buoyancy leaves.
RAMP_S, APPARENT = 120.0, 10.0
# Events with less quiet heating between them than so many baselines share their tails: they are fitted together.
TOGETHER = 2.0
MOST_TOGETHER = 5
REACHES = (20.0, 1.0, 0.5)  # widths of a step on either side of it that its fit sees
HIDDEN = 0.05  # of a step that baselines beside it miss, as a standard uncertainty
SHAPE = 0.0015  # of a step that no shape is known better than
BADLY_DESCRIBED = 4.0  # root mean square of a fit's residual over the white noise
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
    quality: Quality = field(default_factory=Quality)

    @property
    def established(self) -> bool:
        """Whether beginning, end and change of a step are known, and the event is to be trusted."""
        needed = [self.value.get(p, math.nan) for p in ("onset_first_deviation", "end", "change")]
        return self.quality.level == OK and all(math.isfinite(v) for v in needed)

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
        for cell, position in TIMES.items():
            cells[cell] = self.time_s.get(position, float("nan"))
        cells["change_percent"] = self.value.get("change", float("nan"))
        cells["change_percent_sd"] = self.sd.get("change", float("nan"))
        return cells | {"main": self.main, "note": self.note} | self.quality.columns()


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
        window,
    )
    rng = np.random.default_rng(
        [zlib.crc32(signal.name.encode()), zlib.crc32(signal.values.tobytes())]
    )
    variations = list(_variations(signal, smoothed, grid, config, rng))
    common_sd_K = math.hypot(config["temperature_sd_K"], extra_sd_K)
    events = [_measure(signal, region, grid, variations, drift, common_sd_K) for region in regions]
    events = [e for e in events if any(math.isfinite(e.value[p]) for p in POSITIONS)]
    _number(events)
    if signal.step:
        _heights(events, signal, grid, config, drift)
    for event in events:
        event.quality = _judged(event, signal, grid, drift)
    return events


def _heights(
    events: list[Event],
    signal: Signal,
    grid: Grid,
    config: dict[str, Any],
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
        found = None
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
                found = tried
            if found is not None and found.misfit < WELL_DESCRIBED:
                break
        for k, event in enumerate(group):
            fitted = None if found is None else (float(found.change[k]), float(found.sd[k]))
            _height(event, signal, grid, fitted, math.inf if found is None else found.misfit, drift)


def _height(
    event: Event,
    signal: Signal,
    grid: Grid,
    fitted: tuple[float, float] | None,
    misfit: float,
    drift: Callable[[float], float],
) -> None:
    """Set the change of one event: of the fit, where that knows it, else between baselines or flanks."""
    import numpy as np

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
    if fitted is not None and fitted[1] < max(coarse, HIDDEN * abs(fitted[0])):
        value, sd = fitted
        if misfit > BADLY_DESCRIBED:
            # A shape that no reaction has, with corners instead of tails: what baselines beside it tell.
            value, sd = lines, math.hypot(spread, (lines - value) / math.sqrt(3), sd)
    length = float(grid.time_s[region.right] - grid.time_s[region.left]) * grid.rate_K_s
    event.value["change"] = value
    event.sd["change"] = math.hypot(sd, SHAPE * value, drift(length))


def _guess(event: Event, signal: Signal, grid: Grid) -> Guess:
    """Where a step is, for the fit to start from."""
    import numpy as np

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


def _judged(event: Event, signal: Signal, grid: Grid, drift: Callable[[float], float]) -> Quality:
    """Judge one event by what is known of its beginning, its end and its size."""
    import numpy as np

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
        if math.isfinite(onset) and end - onset < max(JUMP_S, JUMP_K / grid.rate_K_s):
            found.append(unusable(f"within {end - onset:.0f} s: a jump, not a reaction"))
    return quality.worst(found)


def _ramp_starts(time_s: float, grid: Grid) -> bool:
    """Whether the furnace goes over from a hold to a ramp around this time, or starts there."""
    import numpy as np

    if not math.isfinite(time_s):
        return False
    before, after = grid.temperature_at(np.array([time_s - RAMP_S, time_s + RAMP_S]))
    here = float(grid.temperature_at(time_s))
    rate = grid.rate_K_s * RAMP_S
    return here - float(before) < 0.3 * rate and float(after) - here > 0.3 * rate


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
    variations: list[Variation],
    drift: Callable[[float], float],
    common_sd_K: float,
) -> Event:
    import numpy as np

    results: dict[str, list[np.ndarray]] = {"value": [], "choice": [], "noise": []}
    for variation in variations:
        results[variation.source].append(_positions(signal, region, variation))
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
            spreads.append(float(np.std(column, ddof=1)) if column.size > 1 else float("nan"))
        if not known:
            event.value[position] = event.sd[position] = float("nan")
            event.time_s.pop(position, None)
        elif position == "change":
            event.value["change"] = time["change"]
            length = abs(event.value["end"] - event.value["onset_first_deviation"])
            event.sd["change"] = math.hypot(*spreads, drift(length), time["change_sd"])
        else:
            event.value[position] = float(grid.temperature_at(event.time_s[position]))
            event.sd[position] = math.hypot(*spreads, common_sd_K)
    event.size = _size(signal, region, variations[0])
    event.note = _note(region, event)
    return event


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
