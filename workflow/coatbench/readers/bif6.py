"""BIF6: all images of one region in one binary file, as SurfaceLab writes it.

Little endian: `00 00 "BIF6"`, uint16 number of intervals, pixels in x, pixels in y; then per interval a
uint32 number, three float32 masses and x*y uint32 counts, x fastest. Number 0 is the total, its masses are
NaN. The order of the masses is centre, lower, upper in files seen and lower, centre, upper in one
published description: the middle one is the centre either way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from .model import Export
from .sims_region import (
    NO_TOTAL,
    TOTAL_IMAGE,
    Channel,
    Region,
    Window,
    to_export,
)

MAGIC = b"\x00\x00BIF6"
HEADER = struct.Struct("<6sHHH")
TOTAL_NUMBER = 0


def read(path: Path) -> Export:
    """Read all images of a BIF6 file.

    Raises
    ------
    ReadError
    """
    return to_export(open_region(path))


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Open a BIF6 file; its images stay on disk until they are asked for.

    Raises
    ------
    ReadError
        Not BIF6, cut, longer than its header says, or with masses or numbers that cannot be.
    """
    path = Path(path)
    intervals, shape = _map(path)
    masses = np.sort(intervals["masses"].astype(np.float64), axis=1)  # NaN sorts last
    channels = [
        _channel(path, int(n), m, i)
        for i, (n, m) in enumerate(zip(intervals["number"], masses, strict=True))
    ]
    numbers = [c.number for c in channels]
    if repeated := sorted({n for n in numbers if numbers.count(n) > 1}):
        raise ReadError(
            path, "interval numbers", "each once", f"number {repeated[0]} more than once"
        )
    images = [i for i, n in enumerate(numbers) if n != TOTAL_NUMBER]
    has_total = TOTAL_NUMBER in numbers
    return Region(
        path=path,
        format="BIF6",
        shape=shape,
        channels=[channels[i] for i in images],
        read_image=lambda i: intervals["counts"][images[i]],
        total=intervals["counts"][numbers.index(TOTAL_NUMBER)] if has_total else None,
        total_source=TOTAL_IMAGE if has_total else NO_TOTAL,
        sources=[path],
        attrs={"instrument": "IONTOF SurfaceLab", "date": "", "vendor": {}},
        warnings=[] if has_total else [f"{path.name}: no total image (number 0)"],
    )


def _map(path: Path) -> tuple[np.ndarray, tuple[int, int]]:
    """Map the file's intervals after checking its size against its header."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(HEADER.size)
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    if len(head) < HEADER.size or not head.startswith(MAGIC):
        raise ReadError(path, "byte 0", f"the {HEADER.size} bytes of a BIF6 header", quote(head))
    _, n, nx, ny = HEADER.unpack(head)
    if not (n and nx and ny):
        raise ReadError(
            path, "byte 6", "at least one interval and pixel", f"{n} intervals of {nx} x {ny}"
        )
    interval_bytes = 16 + 4 * nx * ny
    expected = HEADER.size + n * interval_bytes
    if size != expected:  # told before numpy is asked for records of absurd size
        complete = (size - HEADER.size) // interval_bytes
        where = f"byte {min(size, expected)}"
        advice = (
            f"the file is cut in interval {complete + 1} of {n}; copy or export it again"
            if size < expected
            else "the file is longer than its header says; export it again"
        )
        raise ReadError(
            path, where, f"{expected} bytes for {n} intervals of {nx} x {ny} pixels",
            f"{size} bytes", advice,
        )  # fmt: skip
    record = np.dtype([("number", "<u4"), ("masses", "<f4", (3,)), ("counts", "<u4", (ny, nx))])
    # A read-only view: the system reads pages as they are used, and a region costs no memory of ours.
    return np.memmap(path, dtype=record, mode="r", offset=HEADER.size, shape=(n,)), (ny, nx)


def _channel(path: Path, number: int, masses: np.ndarray, index: int) -> Channel:
    if number == TOTAL_NUMBER or np.isnan(masses).all():
        return Channel(number)
    lower, centre, upper = (float(m) for m in masses)
    if not (np.isfinite(masses).all() and 0 < lower < upper):
        raise ReadError(
            path, f"interval {index + 1} (number {number})", "finite positive mass limits",
            f"{lower:g}, {centre:g}, {upper:g} u",
        )  # fmt: skip
    return Channel(number, "", centre, lower, upper)
