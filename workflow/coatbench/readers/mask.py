"""Which pixels of a region count: an image of its size, or polygons as a table of corners."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from . import text

COLUMNS = ("x_px", "y_px")


def read_mask(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Read a mask.

    An image (PNG, TIFF, or text in rows) is as large as the region's; pixels that are not black count. A CSV file with the columns
    `x_px`, `y_px` (and `polygon`, where there are several) holds corners in order, counted from the first pixel's corner; pixels
    whose centre lies inside count.

    Parameters
    ----------
    path : Path
    shape : tuple of int
        (y, x) pixels of the region.

    Returns
    -------
    numpy.ndarray
        bool (y, x): True where a pixel counts.

    Raises
    ------
    ReadError
        Unreadable, of another size, or without a pixel that counts.
    """
    raw = text.read_bytes(path)
    if raw.startswith((b"\x89PNG", b"II", b"MM", b"GIF8", b"BM", b"\xff\xd8")):
        counted = _image(path)
    elif b"\0" in raw[:4096] and not text.is_utf16(raw):
        raise ReadError(
            path, "mask", "an image (PNG, TIFF) or a table of corners", "another binary file"
        )
    else:
        counted = _table(path, text.decode(raw, path)[0], shape)
    if counted.shape != shape:
        raise ReadError(
            path, "mask", f"{shape[1]} x {shape[0]} pixels as the region",
            f"{' x '.join(map(str, counted.shape[::-1]))}",
            "draw it on an image of this region, as exported",
        )  # fmt: skip
    if not counted.any():
        raise ReadError(
            path, "mask", f"at least one pixel of the {shape[1]} x {shape[0]} that counts", "none",
            "not black, or inside corners given in pixels",
        )  # fmt: skip
    return counted


def _image(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            values = np.asarray(image.convert("L") if image.mode == "P" else image)
    except (OSError, ValueError, SyntaxError) as error:
        raise ReadError(path, "mask", "an image", str(error)) from error
    if values.ndim == 3:
        colours = values[..., :3] if values.shape[2] in (3, 4) else values[..., :1]
        values = colours.max(axis=2)
    return values > 0


def _table(path: Path, content: str, shape: tuple[int, int]) -> np.ndarray:
    lines = [line for line in content.splitlines() if line.strip() and line[0] != "#"]
    mark = next((m for m in ";\t," if lines and m in lines[0]), None)
    rows = [
        line.split() if mark is None else next(csv.reader([line], delimiter=mark)) for line in lines
    ]
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    header = [
        cell if cell in COLUMNS else f"{cell}_px" if cell in ("x", "y") else cell for cell in header
    ]
    try:
        if not set(COLUMNS) <= set(header):
            return np.array([[_number(c) for c in row if c.strip()] for row in rows]) > 0
        polygons: dict[str, list[tuple[float, float]]] = {}
        for row in rows[1:]:
            cells = dict(zip(header, row, strict=False))
            corner = _number(cells["x_px"]), _number(cells["y_px"])
            polygons.setdefault(cells.get("polygon", ""), []).append(corner)
    except (ValueError, KeyError) as error:
        raise ReadError(
            path, "mask", "rows of pixels, or corners in columns x_px and y_px", quote(str(error))
        ) from error
    counted = np.zeros(shape, dtype=bool)
    for corners in polygons.values():
        counted |= _inside(corners, shape)
    return counted


def _number(cell: str) -> float:
    return float(cell.replace(",", "."))


def _inside(corners: list[tuple[float, float]], shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels whose centre a polygon holds: a ray to the right crosses its edges an odd number of times."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    odd = np.zeros(shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd
