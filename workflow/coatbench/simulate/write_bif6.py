"""Write a region as BIF6, byte for byte as SurfaceLab does."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Interval = tuple[int, tuple[float, float, float], np.ndarray]


def write_bif6(path: Path, intervals: Sequence[Interval]) -> None:
    """Write intervals: (number, (centre, lower, upper) in u, counts (y, x)); number 0 is the total."""
    ny, nx = intervals[0][2].shape
    with path.open("wb") as stream:
        stream.write(b"\0\0BIF6" + struct.pack("<HHH", len(intervals), nx, ny))
        for number, masses, counts in intervals:
            stream.write(struct.pack("<I3f", number, *masses))
            stream.write(np.ascontiguousarray(counts, dtype="<u4").tobytes())
