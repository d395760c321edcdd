"""Segments of a temperature programme as the file names them: by a column, by lines `#SEG. n:`, by the stages of an NGB.

The furnace follows its programme in time, and the sample's temperature lags and overshoots: what a segment is meant to be is
not always seen in the temperature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Arrays

HEATING, ISOTHERMAL, COOLING = "heating", "isothermal", "cooling"
# A programme is the record's where the sample is within this, or this share, of the set temperatures.
OFF_K, OFF_SHARE = 40.0, 0.06
SLOW_K_S = 0.3 / 60  # a numbered stretch whose temperature changes less is isothermal
BODY = 1  # stages of an NGB that are run; the others are initial and emergency ones
_NUMBER = r"-?\d+(?:[.,]\d+)?"
_RAMP = re.compile(
    rf"(?P<start>{_NUMBER})[^/\d]*/(?P<rate>{_NUMBER})\s*\(K/min\)/(?P<end>{_NUMBER})"
)
_HOLD = re.compile(
    rf"(?P<start>{_NUMBER})[^/\d]*/(?P<h>\d+):(?P<m>\d+)(?::(?P<s>\d+))?[^/]*/(?P<end>{_NUMBER})"
)


@dataclass(frozen=True)
class Segment:
    """One ramp or hold: its number in the programme, its time in s on the record's clock, and what it is."""

    number: int
    start_s: float
    stop_s: float
    kind: str

    @property
    def name(self) -> str:
        """Number and kind, `2 isothermal`."""
        return f"{self.number} {self.kind}"


@dataclass(frozen=True)
class Step:
    """One set step of a programme: temperatures in degC, duration in s."""

    number: int
    start_degC: float
    end_degC: float
    duration_s: float

    @property
    def kind(self) -> str:
        """Heating, isothermal or cooling."""
        if self.end_degC == self.start_degC:
            return ISOTHERMAL
        return HEATING if self.end_degC > self.start_degC else COOLING


def segments_of(
    block: Arrays, time_s: np.ndarray, temperature_degC: np.ndarray
) -> tuple[list[Segment], str]:
    """Return the segments that the file names, in order of time; none, and why, where they are not the record's.

    Parameters
    ----------
    block : Arrays
        Of a Proteus text or an NGB binary: variable `segment`, attribute `vendor`.
    time_s, temperature_degC : (n,) arrays

    Returns
    -------
    segments : list of Segment
        Empty where the file names none.
    note : str
        Why a programme that is named is not used.
    """
    vendor = block.attrs.get("vendor", {})
    steps = {s.number: s for s in _stages(vendor) or _lines(vendor)}
    if "segment" in block:
        return _numbered(block["segment"].astype(float), time_s, temperature_degC, steps), ""
    if not steps:
        return [], ""
    first = min(steps)
    starts = [float(time_s[0])] + ([0.0] if first == 1 else [])
    best = min(starts, key=lambda t: _off(_timed(steps, t), steps, time_s, temperature_degC))
    found = _timed(steps, best)
    if (off := _off(found, steps, time_s, temperature_degC)) > 1:
        return [], (
            "the programme that the file names does not fit its temperature "
            f"({off:.1f} times the tolerance): segments are told from the temperature"
        )
    return [s for s in found if s.start_s < time_s[-1]], ""


def segment_at(segments: list[Segment], time_s: float) -> str:
    """Name of the segment at a time; empty where none is named."""
    return next((s.name for s in segments if s.start_s <= time_s <= s.stop_s), "")


def end_of_segments(
    segments: list[Segment], time_s: np.ndarray, temperature_degC: np.ndarray, standby_K: float
) -> int:
    """Number of records up to the end of the last ramp or hold; 0 where no segment heats or holds.

    What is held after cooling within `standby_K` of the start is the furnace at rest.
    """
    rest = float(temperature_degC[0]) + standby_K
    hot = float(temperature_degC.max()) > rest
    for segment in reversed(segments):
        inside = (time_s >= segment.start_s) & (time_s <= segment.stop_s)
        if segment.kind == COOLING or not inside.any():
            continue
        at_rest = hot and float(np.median(temperature_degC[inside])) < rest
        if not (segment.kind == ISOTHERMAL and at_rest):
            return int(np.searchsorted(time_s, segment.stop_s + 1e-6, "right"))
    return 0


def _numbered(
    numbers: np.ndarray, time: np.ndarray, temperature: np.ndarray, steps: Mapping[int, Step]
) -> list[Segment]:
    """Segments of a column of numbers; what they are says the header, else the temperature."""
    known = np.flatnonzero(np.isfinite(numbers))
    if not known.size:
        return []
    which = numbers[known]
    edges = np.flatnonzero(np.diff(which)) + 1
    found = []
    for first, end in zip([0, *edges], [*edges, known.size], strict=True):
        inside = known[first:end]
        start, stop = float(time[inside[0]]), float(time[inside[-1]])
        number = round(float(which[first]))
        if number in steps:
            kind = steps[number].kind
        else:
            change = float(temperature[inside[-1]] - temperature[inside[0]])
            rate = change / (stop - start) if stop > start else 0.0
            kind = ISOTHERMAL if abs(rate) < SLOW_K_S else HEATING if rate > 0 else COOLING
        found.append(Segment(number, start, stop, kind))
    return found


def _timed(steps: Mapping[int, Step], start_s: float) -> list[Segment]:
    found = []
    for number in sorted(steps):
        stop = start_s + steps[number].duration_s
        found.append(Segment(number, start_s, stop, steps[number].kind))
        start_s = stop
    return found


def _off(
    found: list[Segment], steps: Mapping[int, Step], time: np.ndarray, temperature: np.ndarray
) -> float:
    """Largest distance of the sample from the set temperatures half way and at the ends, in units of the tolerance."""
    worst = 0.0
    for segment in found:
        step = steps[segment.number]
        for share in (0.5, 1.0):
            at = segment.start_s + share * step.duration_s
            if time[0] <= at <= time[-1]:
                wanted = step.start_degC + share * (step.end_degC - step.start_degC)
                here = float(np.interp(at, time, temperature))
                worst = max(worst, abs(here - wanted) / max(OFF_K, OFF_SHARE * abs(wanted)))
    return worst


def _lines(vendor: Mapping[str, Any]) -> list[Step]:
    """Steps of the header's lines `SEG. n`: `25°C/10.0(K/min)/300°C`, `300°C/01:00/300°C`; none if one is of another kind."""
    steps = []
    for key, value in vendor.items():
        if not (named := re.fullmatch(r"SEG\.?\s*(\d{1,3})", key.strip(), re.IGNORECASE)):
            continue
        ramp, hold = _RAMP.match(str(value).strip()), _HOLD.match(str(value).strip())
        if not (match := ramp or hold):
            return []
        start, end = (float(match[name].replace(",", ".")) for name in ("start", "end"))
        if ramp:
            rate = abs(float(ramp["rate"].replace(",", ".")))
            if not rate > 0:
                return []
            seconds = 60 * abs(end - start) / rate
        else:
            seconds = 3600.0 * int(match["h"]) + 60 * int(match["m"]) + int(match["s"] or 0)
        steps.append(Step(int(named[1]), start, end, seconds))
    return steps


def _stages(vendor: Mapping[str, Any]) -> list[Step]:
    """Steps of an NGB's programme."""
    try:
        stages = json.loads(vendor.get("temperature_program", "{}"))
        ordered = [stages[k] for k in sorted(stages, key=lambda k: int(k.rpartition("_")[2]))]
        before: float | None = None
        steps: list[Step] = []
        for stage in ordered:
            end = float(stage["temperature"])
            if stage["stage_type"] == BODY and float(stage["time"]) > 0:
                steps.append(Step(len(steps) + 1, end if before is None else before, end, float(stage["time"])))  # fmt: skip
            before = end
    except (KeyError, TypeError, ValueError):
        return []
    return steps
