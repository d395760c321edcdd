"""One micrograph or element map with its scale, as the methods need it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import AnalysisError
from ..readers.model import Export
from ..spelling import composed
from .lines import SERIES
from .surroundings import without_bar

ELEMENTS = frozenset(e for series in SERIES.values() for e in series)
# Where index and file both state a scale, they should agree this well.
SCALE_AGREEMENT = 0.01
# Pixels of electron micrographs are square; beyond this, distances would depend on direction.
SQUARENESS = 0.01


@dataclass
class Micrograph:
    """A calibrated image.

    Attributes
    ----------
    file : Path
    pixels : (y, x) array of float
    pixel_nm : float
    calibration : str
        Where the scale is from: `index` or the place in the file.
    warnings : list of str
    """

    file: Path
    pixels: np.ndarray
    pixel_nm: float
    calibration: str
    warnings: list[str] = field(default_factory=list)

    @property
    def extent_nm(self) -> tuple[float, float]:
        """Height and width of the field."""
        height, width = self.pixels.shape
        return height * self.pixel_nm, width * self.pixel_nm


def prepare(row: dict[str, str], file: Path, export: Export) -> Micrograph:
    """Take the image of an export and its scale, from the index if it gives one, else from the file.

    Raises
    ------
    AnalysisError
        No scale in file or index, pixels that are not square, or no plain image in the file.
    """
    images = [b for b in export.sets if "intensity" in b]
    if not images:
        raise AnalysisError(file, "file", "an image", "spectrum images only", "name its element in the index")  # fmt: skip
    warnings = list(export.warnings)
    block = _chosen(row, file, images, warnings)
    pixels = block["intensity"].astype(float)
    if row["kind"] != "edx":
        pixels, n = without_bar(pixels)
        if n:
            warnings.append(f"{n} rows of a data bar are left out")
    return Micrograph(file, pixels, *_scale(row, file, block, warnings), warnings)


def _chosen(row: dict[str, str], file: Path, images: list[Arrays], warnings: list[str]) -> Arrays:
    """Pick the image that the index names, by its number from 1 or its title; the first one where it names none."""
    wanted = (row.get("image") or "").strip()
    titles = [str(b.attrs.get("title") or "") for b in images]
    listed = ", ".join(f"{i} {t}".strip() for i, t in enumerate(titles, 1))
    if not wanted:
        # A Velox file holds maps of the elements beside the detectors' images, by their symbols.
        element = row.get("element") or ""
        maps = [t in ELEMENTS for t in titles]
        if row["kind"] == "edx" and element in titles:
            return images[titles.index(element)]
        if row["kind"] != "edx" and any(maps) and not all(maps):
            images = [b for b, is_map in zip(images, maps, strict=True) if not is_map]
            listed = ", ".join(str(b.attrs["title"]) for b in images)
        if len(images) > 1:
            warnings.append(f"{len(images)} images in the file ({listed}); the first one is used: `image` of the index picks another")  # fmt: skip
        return images[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(images):
        return images[int(wanted) - 1]
    named = [
        b for b, t in zip(images, titles, strict=True) if composed(t).lower() == wanted.lower()
    ]
    if len(named) != 1:
        raise AnalysisError(file, "index image", "the number or the title of one image in the file", f"{wanted!r}; there are: {listed}")  # fmt: skip
    return named[0]


def _scale(
    row: dict[str, str], file: Path, block: Arrays, warnings: list[str]
) -> tuple[float, str]:
    own = float(block.attrs["pixel_size_nm"])
    if given := (row.get("pixel_size_nm") or "").strip():
        size = _positive(given, file)
        if math.isfinite(own) and abs(size / own - 1) > SCALE_AGREEMENT:
            warnings.append(f"the index says {size:g} nm per pixel, the file {own:g}; the index is used")  # fmt: skip
        return size, "index"
    if not math.isfinite(own):
        raise AnalysisError(
            file, "scale", "nm per pixel in the file's tags or in the index", "neither",
            "give pixel_size_nm in stem/index.csv",
        )  # fmt: skip
    height = float(block["y_nm"][1] - block["y_nm"][0]) if block.sizes["y"] > 1 else own  # fmt: skip
    if abs(height / own - 1) > SQUARENESS:
        raise AnalysisError(file, "scale", "square pixels", f"{height:g} x {own:g} nm", "resample the image")  # fmt: skip
    return own, str(block.attrs["calibration"])


def _positive(given: str, file: Path) -> float:
    try:
        size = float(given)
    except ValueError:
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise AnalysisError(file, "index pixel_size_nm", "nm per pixel above 0", repr(given))
    return size
