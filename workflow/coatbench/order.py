"""The order of samples in figures, and their places on the colour scale. Standard library only: the workflow asks too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

CLOSEST = 0.03  # of the scale: colours nearer to each other look the same
PLACE = "colour_place"  # key of a sample's row that holds its place


def temperature(sample: Mapping[str, str]) -> float | None:
    """Return the annealing temperature of a row of samples.csv in degC, None where not annealed."""
    text = sample.get("annealing_temperature_degC", "")
    return float(text) if text else None


def ordered(samples: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return samples in the order of figures: precursors, uncoated, then by temperature and time."""
    rank = {"precursor": 0, "uncoated": 1, "coated": 2}

    def key(item: tuple[int, Mapping[str, str]]) -> tuple:
        index, s = item
        t = temperature(s)
        time = s.get("annealing_time_h") or "0"
        return rank[s["role"]], -1e9 if t is None else t, float(time), index

    return [dict(s) for _, s in sorted(enumerate(samples), key=key)]


def colour_places(samples: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Return the place (0 to 1) of every coated sample on the colour scale.

    The place is the annealing temperature within the study's range, so that one more temperature in between leaves all
    others their colours. Where two samples would look alike (a second factor, or many temperatures) it is the
    place in the order.
    """
    coated = [s for s in ordered(samples) if s["role"] == "coated"]
    found = [t for s in coated if (t := temperature(s)) is not None]
    n = len(coated)
    if n > 1 and len(found) == n and max(found) > min(found):
        width = max(found) - min(found)
        places = [(t - min(found)) / width for t in found]
        if all(b - a >= CLOSEST for a, b in pairwise(places)):
            return {s["sample"]: p for s, p in zip(coated, places, strict=True)}
    return {s["sample"]: i / max(n - 1, 1) for i, s in enumerate(coated)}
