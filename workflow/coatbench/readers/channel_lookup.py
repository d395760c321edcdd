"""Which window an ion belongs to, by its time-of-flight channel: mass = ((channel - offset) / factor)^2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ReadError
from .sims_region import Window

MAX_CHANNEL = 1 << 26


def channel_lookup(
    scale_factor: float, offset: float, windows: Sequence[Window], path: Path
) -> np.ndarray:
    """Return for each time-of-flight channel the number of its window, or -1; between two windows the nearer centre wins.

    Raises
    ------
    ReadError
        The mass scale puts the windows where no channel can be; `path` is where it stands.
    """
    if not windows:
        return np.full(1, -1, np.int16)

    def channel(mass_u: float) -> float:
        return scale_factor * math.sqrt(mass_u) + offset

    highest = channel(max(w.upper_u for w in windows))
    if not 0 < highest < MAX_CHANNEL:
        raise ReadError(
            path, "mass scale", "channels that can be",
            f"channel {highest:.0f} for {max(w.upper_u for w in windows):g} u",
        )  # fmt: skip
    lookup = np.full(int(highest) + 2, -1, np.int16)
    nearest = np.full(lookup.size, np.inf)
    for number, window in enumerate(windows):
        first = max(0, math.ceil(channel(window.lower_u)))
        last = max(first, math.floor(channel(window.upper_u)) + 1)
        channels = np.arange(first, min(last, lookup.size))
        distance = np.abs(((channels - offset) / scale_factor) ** 2 - window.centre_u)
        mine = distance < nearest[channels]
        lookup[channels[mine]] = number
        nearest[channels[mine]] = distance[mine]
    return lookup
