"""Images from plain tables: a pixel a row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ReadError
from .assemble import DescribedFile
from .micrograph_block import image
from .model import Export
from .table_rows import Part

QUANTITIES = ("x_nm", "y_nm", "intensity")
HEAD = ()


def _raster(
    file: DescribedFile, part: Part, x: str, y: str
) -> tuple[np.ndarray, np.ndarray, Any, Any]:
    columns, at_x = np.unique(file.needed(part, x), return_inverse=True)
    lines, at_y = np.unique(file.needed(part, y), return_inverse=True)
    if len(part.lines) != columns.size * lines.size or np.unique(at_y * columns.size + at_x).size != len(part.lines):  # fmt: skip
        raise ReadError(
            file.path,
            "pixels",
            f"each of {columns.size} x {lines.size} once",
            f"{len(part.lines)} rows",
        )
    return columns, lines, at_x, at_y


def build(file: DescribedFile) -> Export:
    """Return one block with the image."""
    part = file.part()
    x, y, at_x, at_y = _raster(file, part, "x_nm", "y_nm")
    pixels = np.empty((y.size, x.size))
    pixels[at_y, at_x] = file.needed(part, "intensity")
    steps = [float(np.ptp(v)) / (v.size - 1) if v.size > 1 else math.nan for v in (y, x)]
    if any(np.ptp(np.diff(v)) > 0.01 * s for v, s in zip((y, x), steps, strict=True) if v.size > 2):
        raise ReadError(file.path, "pixels", "even steps of x_nm and y_nm", "others")
    block = image(
        file.path, pixels, (steps[0], steps[1]), calibration="columns x_nm and y_nm",
        **file.attrs(),
    )  # fmt: skip
    return Export(file.path, file.description.name, "stem", [block], warnings=file.warnings)
