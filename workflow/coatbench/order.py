"""The order of samples in figures, their axis, and their places on the colour scale. Standard library only: the workflow asks too.

What a figure needs to know of the study's factors stands in the samples' rows (`with_axis`); rows without it are taken by
annealing temperature and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from .factors import Factor, axis, varied

CLOSEST = (
    0.01  # of the scale: nearer to each other samples would look alike, dashes and markers too
)
# Of the scale: in this many the dashes and markers of samples take turns; neighbours among 2 to 9 even places, and both ends, differ.
STEPS = 173
TURNS = 4
PLACE = "colour_place"  # key of a sample's row that holds its place
# Keys of a coated sample's row: place on the figures' axis, its text there, the axis' label and scale (linear, log,
# categorical), what else was varied in words, what the sample is sorted by, and the
# column of samples.csv that the axis is.
AXIS, TICK, LABEL, SCALE, SERIES, SORT, FACTOR = (
    "axis_place", "axis_tick", "axis_label", "axis_scale", "axis_series", "axis_sort", "axis_factor",
)  # fmt: skip
TEMPERATURE = Factor("annealing_temperature_degC", "annealing temperature", "°C", empty=None)
TIME = Factor("annealing_time_h", "annealing time", "h")


def with_axis(
    samples: Sequence[Mapping[str, str]], factors: Iterable[Factor]
) -> list[dict[str, str]]:
    """Return samples.csv's rows with what figures need of the factors.

    Parameters
    ----------
    samples : rows of samples.csv
    factors : those of the config; figures draw along the one with most settings (`factors.axis`)
    """
    found = varied(factors, samples)
    chosen = axis(found, samples)
    if chosen is None:
        return [dict(s) for s in samples]
    others = [f for f in found if f is not chosen]
    numbers = {f.name: _numbers(f, samples) for f in found}
    rows = []
    for s in samples:
        row = dict(s)
        if s["role"] == "coated":
            row[AXIS] = ""  # no place unless it has a setting: another factor's number is none
        value = chosen.setting(s) if s["role"] == "coated" else None
        if value is not None:
            unit = f" / {chosen.unit}" if chosen.unit else ""
            words = [f.text(v) for f in others if (v := f.setting(s)) is not None]
            keys = [numbers[f.name].get(f.setting(s), -1e9) for f in (chosen, *others)]
            row |= {
                AXIS: f"{value:.10g}" if chosen.continuous else f"{numbers[chosen.name][value]:g}",
                TICK: f"{value:g}" if chosen.continuous else str(value),
                LABEL: f"{chosen.label}{unit}",
                SCALE: chosen.scale if chosen.continuous else "categorical",
                SERIES: ", ".join(words),
                FACTOR: chosen.name,
                SORT: " ".join(f"{k:.10g}" for k in keys),
            }
        rows.append(row)
    return rows


def _numbers(factor: Factor, samples: Sequence[Mapping[str, str]]) -> dict:
    """Return where each setting of a factor stands: on its scale, or its number among the levels."""
    known = {v for s in samples if s["role"] == "coated" and (v := factor.setting(s)) is not None}
    if factor.continuous:
        return {v: factor.place(float(v)) for v in known}
    order = [str(v) for v in factor.levels]
    names = sorted(
        (str(v) for v in known), key=lambda v: (order.index(v) if v in order else len(order), v)
    )
    return {v: float(i) for i, v in enumerate(names)}


def place_on_axis(sample: Mapping[str, str]) -> float | None:
    """Return where a sample stands on the figures' axis, None where it has no place."""
    if (place := sample.get(AXIS)) is not None:
        return float(place) if place else None
    value = TEMPERATURE.setting(sample)
    return None if value is None else float(value)


def ordered(samples: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return samples in the order of figures: precursors, uncoated, then coated ones along the axis and by what else was varied."""
    rank = {"precursor": 0, "uncoated": 1, "coated": 2}

    def key(item: tuple[int, Mapping[str, str]]) -> tuple:
        index, s = item
        if s.get(SORT):
            return rank[s["role"]], tuple(float(v) for v in s[SORT].split()), index
        place, time = place_on_axis(s), TIME.setting(s)
        places = (-1e9 if place is None else place, 0.0 if time is None else float(time))
        return rank[s["role"]], places, index

    return [dict(s) for _, s in sorted(enumerate(samples), key=key)]


def one_series(samples: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether a line may join coated samples in their order: numbers along one factor, nothing else varied, none made twice."""
    coated = [s for s in samples if s["role"] == "coated"]
    places = [place_on_axis(s) for s in coated]
    return (
        all(s.get(SCALE) != "categorical" for s in coated)
        and len({s.get(SERIES, "") for s in coated}) <= 1
        and len(set(places)) == len(places)
    )


def colour_places(samples: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Return the place (0 to 1) of every coated sample on the colour scale.

    The place is that on the axis within the study's range, so that one more setting in between leaves all
    others their colours. Where two samples would look alike (a second factor, or many settings) it is the
    place in the order.
    """
    coated = [s for s in ordered(samples) if s["role"] == "coated"]
    first = [
        float(s[SORT].split()[0]) if s.get(SORT) else place_on_axis(s) for s in coated
    ]  # on the factor's own scale
    found = [t for t in first if t is not None]
    n = len(coated)
    if n > 1 and len(found) == n and max(found) > min(found):
        width = max(found) - min(found)
        places = [(t - min(found)) / width for t in found]
        if all(b - a >= CLOSEST for a, b in pairwise(places)):
            return {s["sample"]: p for s, p in zip(coated, places, strict=True)}
    return {s["sample"]: _in_turn(i, n) for i, s in enumerate(coated)}


def _in_turn(i: int, n: int) -> float:
    """Return the place of the i-th of n samples: about evenly, each with another dash and marker than its neighbours."""
    even = STEPS * i / max(n - 1, 1)
    step = i % TURNS + TURNS * round((even - i % TURNS) / TURNS)
    return min(step, STEPS - TURNS + i % TURNS) / STEPS
