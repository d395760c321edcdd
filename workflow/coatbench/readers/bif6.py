"""BIF6: all images of one region in one binary file, as SurfaceLab writes it.

Little endian: `00 00 "BIF6"`, uint16 number of intervals, pixels in x, pixels in y; then per interval a
uint32 number, three float32 masses and x*y uint32 counts, x fastest. Number 0 is the total, its masses are
NaN. The order of the masses is centre, lower, upper in files seen and lower, centre, upper in one
published description: the middle one is the centre either way.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from .sims_region import (
    NO_TOTAL,
    TOTAL_IMAGE,
    Channel,
    Region,
    Window,
    reader,
)

MAGIC = b"\x00\x00BIF6"
HEADER = struct.Struct("<6sHHH")
INTERVAL_HEAD = [("number", "<u4"), ("masses", "<f4", (3,))]
TOTAL_NUMBER = 0
BLOCK_BYTES = 1 << 20  # read at once: few calls, and little enough to stay in a processor's cache


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Open a BIF6 file; its images stay on disk until they are asked for.

    Raises
    ------
    ReadError
        Not BIF6, cut, longer than its header says, or with masses or numbers that cannot be.
    """
    file = _File(path)
    n, nx, ny = _header(path, file)
    shape = (ny, nx)
    interval = np.dtype([*INTERVAL_HEAD, ("counts", "<u4", shape)])
    at_once = -(-BLOCK_BYTES // interval.itemsize)
    held = (0, np.empty((0, *shape), "<u4"))

    def image(index: int) -> np.ndarray:
        """Return the image of an interval; those after it come with it and are kept until others are asked for."""
        nonlocal held
        first, counts = held
        if not first <= index < first + len(counts):
            size = min(at_once, n - index) * interval.itemsize
            block = np.frombuffer(
                file.read(size, HEADER.size + index * interval.itemsize), interval
            )
            first, counts = held = index, block["counts"]
        return counts[index - first]

    starts = range(HEADER.size, file.size, interval.itemsize)
    heads = np.frombuffer(b"".join([file.read(16, start) for start in starts]), INTERVAL_HEAD)
    with np.errstate(invalid="ignore"):  # damaged bytes may be signalling NaNs
        masses = np.sort(heads["masses"].astype(np.float64), axis=1)  # NaN sorts last
    channels = [
        _channel(path, number, m, i)
        for i, (number, m) in enumerate(zip(heads["number"].tolist(), masses.tolist(), strict=True))
    ]
    numbers = [c.number for c in channels]
    if len(set(numbers)) < n:
        twice = next(k for i, k in enumerate(numbers) if k in numbers[:i])
        raise ReadError(path, "interval numbers", "each once", f"number {twice} more than once")
    images = [i for i, n in enumerate(numbers) if n != TOTAL_NUMBER]
    has_total = TOTAL_NUMBER in numbers
    return Region(
        path=path,
        format="BIF6",
        shape=shape,
        channels=[channels[i] for i in images],
        read_image=lambda i: image(images[i]),
        total=image(numbers.index(TOTAL_NUMBER)) if has_total else None,
        total_source=TOTAL_IMAGE if has_total else NO_TOTAL,
        attrs={"instrument": "IONTOF SurfaceLab", "date": "", "vendor": {}},
        warnings=[] if has_total else [f"{path.name}: no total image (number 0)"],
    )


read = reader(open_region)


class _File:
    """An open file that is read in pieces at given places, and closed with its last user.

    Not mapped into memory: a mapped file that is cut while it is read would end the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.stream = path.open("rb", buffering=0)
            self.number = self.stream.fileno()
            self.size = os.fstat(self.number).st_size
        except OSError as error:
            raise ReadError(
                path, "file", "a readable file", error.strerror or "an error"
            ) from error

    def read(self, size: int, position: int) -> bytes:
        """Return the bytes at a position."""
        got = b""
        try:
            while len(got) < size:  # once, as a rule
                more = os.pread(self.number, size - len(got), position + len(got))
                if not more:
                    raise ReadError(
                        self.path, f"byte {position + len(got)}", "counts", "the end of the file",
                        "the file changed while it was read",
                    )  # fmt: skip
                got = got + more if got else more
            return got
        except OSError as error:
            raise ReadError(
                self.path, f"byte {position}", "a readable file", error.strerror or "an error"
            ) from error


def _header(path: Path, file: _File) -> tuple[int, int, int]:
    """Return intervals, pixels in x and in y, after checking the file's size against them."""
    head = file.read(min(HEADER.size, file.size), 0)
    if len(head) < HEADER.size or not head.startswith(MAGIC):
        raise ReadError(path, "byte 0", f"the {HEADER.size} bytes of a BIF6 header", quote(head))
    _, n, nx, ny = HEADER.unpack(head)
    if not (n and nx and ny):
        raise ReadError(
            path, "byte 6", "at least one interval and pixel", f"{n} intervals of {nx} x {ny}"
        )
    interval_bytes = 16 + 4 * nx * ny
    expected = HEADER.size + n * interval_bytes
    if file.size != expected:  # told before memory is asked for images of absurd size
        complete = (file.size - HEADER.size) // interval_bytes
        advice = (
            f"the file is cut in interval {complete + 1} of {n}; copy or export it again"
            if file.size < expected
            else "the file is longer than its header says; export it again"
        )
        raise ReadError(
            path, f"byte {min(file.size, expected)}",
            f"{expected} bytes for {n} intervals of {nx} x {ny} pixels", f"{file.size} bytes", advice,
        )  # fmt: skip
    return n, nx, ny


def _channel(path: Path, number: int, masses: list[float], index: int) -> Channel:
    """Return an interval's channel; its masses come in ascending order, NaN last."""
    lower, centre, upper = masses
    if number == TOTAL_NUMBER or math.isnan(lower):
        return Channel(number)
    if not 0 < lower < upper < math.inf:  # also where one is NaN
        raise ReadError(
            path, f"interval {index + 1} (number {number})", "finite positive mass limits",
            f"{lower:g}, {centre:g}, {upper:g} u",
        )  # fmt: skip
    return Channel(number, "", centre, lower, upper)
