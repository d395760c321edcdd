"""Write a micrograph as a baseline TIFF, byte by byte, with the scale in one of the usual places."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, DOUBLE = 1, 2, 3, 4, 5, 12
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, DOUBLE: 8}
CODES = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I", DOUBLE: "d"}
Tag = tuple[int, int, list[float] | bytes]


def write_tiff(
    path: str | Path, pixels: np.ndarray, pixel_size_nm: float | None, *, scale_in: str = "imagej"
) -> None:
    """Write one greyscale image, little-endian, uncompressed, in one strip.

    Parameters
    ----------
    path : path-like
    pixels : (y, x) array of uint8, uint16 or float32
    pixel_size_nm : float or None
        None: no scale, as of an image saved by a viewer.
    scale_in : str
        ``imagej``: description and resolution per nm; ``gatan``: Digital Micrograph's private tags;
        ``resolution``: pixels per cm, nothing else.
    """
    kind = {"u": 1, "f": 3}[pixels.dtype.kind]
    height, width = pixels.shape
    tags: list[Tag] = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [8 * pixels.dtype.itemsize]),
        (259, SHORT, [1]),
        (262, SHORT, [1]),
        (273, LONG, [0]),  # where the pixels start; filled in below
        (277, SHORT, [1]),
        (278, LONG, [height]),
        (279, LONG, [pixels.nbytes]),
        (339, SHORT, [kind]),
    ]
    if pixel_size_nm is None:
        tags += _resolution(72, 1, 2)
    elif scale_in == "imagej":
        tags.append((270, ASCII, b"ImageJ=1.54f\nunit=nm\nmin=0.0\n\0"))
        tags += _resolution(*_fraction(1 / pixel_size_nm), 1)
    elif scale_in == "gatan":
        unit = b"nm\0"
        tags += [(65003, ASCII, unit), (65004, ASCII, unit)]
        tags += [(65009, DOUBLE, [pixel_size_nm]), (65010, DOUBLE, [pixel_size_nm])]
    else:
        tags += _resolution(*_fraction(1e7 / pixel_size_nm), 3)
    Path(path).write_bytes(_assemble(sorted(tags, key=lambda t: t[0]), pixels))


def _resolution(numerator: int, denominator: int, unit: int) -> list[Tag]:
    value: list[float] = [numerator, denominator]
    return [(282, RATIONAL, value), (283, RATIONAL, value), (296, SHORT, [unit])]


def _fraction(value: float) -> tuple[int, int]:
    denominator = min(10**6, int((2**32 - 1) / max(value, 1.0)))
    return round(value * denominator), denominator


def _assemble(tags: list[Tag], pixels: np.ndarray) -> bytes:
    start = 8 + 2 + 12 * len(tags) + 4
    extra = b""
    entries = []
    for code, kind, values in tags:
        body = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{CODES[kind]}", *values)  # fmt: skip
        count = len(body) // SIZES[kind]
        if len(body) > 4:
            entries.append([code, kind, count, struct.pack("<I", start + len(extra))])
            extra += body + b"\0" * (len(body) % 2)
        else:
            entries.append([code, kind, count, body.ljust(4, b"\0")])
    for entry in entries:
        if entry[0] == 273:
            entry[3] = struct.pack("<I", start + len(extra))
    directory = b"".join(struct.pack("<HHI", *e[:3]) + e[3] for e in entries)  # type: ignore[operator]
    header = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags))
    return header + directory + struct.pack("<I", 0) + extra + pixels.tobytes()
