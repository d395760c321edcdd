"""One ToF-SIMS region as its export holds it: images of counts, each of a mass interval, and their total.

BIF6 files, folders of SurfaceLab images and GRD event lists all become this. Images are handed out one
at a time, so that a region never has to stand in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Arrays
from .model import Export

NOT_GIVEN = float("nan")

# Where a total comes from.
TOTAL_IMAGE = "image 0"
ALL_EVENTS = "events"
NO_TOTAL = "none"
NO_COUNTS = "intensities are no counts: uncertainties from counting are not known well"


@dataclass(frozen=True)
class Window:
    """A mass interval into which an event list is binned."""

    label: str
    centre_u: float
    lower_u: float
    upper_u: float


class Channel(NamedTuple):
    """One image of a region: its number and label in the export, and its mass interval.

    Masses are NaN and the label is empty where the export does not give them.
    """

    number: int
    label: str = ""
    mass_u: float = NOT_GIVEN
    lower_u: float = NOT_GIVEN
    upper_u: float = NOT_GIVEN


@dataclass(frozen=True)
class Spectrum:
    """Ions per time-of-flight channel, and the mass scale that the export states: mass = ((channel - offset) / factor)^2.

    Attributes
    ----------
    counts : numpy.ndarray
        (channel,)
    scale_factor, offset : float
    """

    counts: np.ndarray
    scale_factor: float
    offset: float

    def channel(self, mass_u: float) -> float:
        """Return the channel of a mass."""
        return float(self.scale_factor * mass_u**0.5 + self.offset)

    def mass_u(self, channel: float) -> float:
        """Return the mass of a channel."""
        return float(((channel - self.offset) / self.scale_factor) ** 2)


@dataclass
class Region:
    """An opened region.

    Attributes
    ----------
    path : Path
    format : str
    shape : tuple of int
        (y, x) pixels.
    channels : list of Channel
        The images without the total.
    read_image : callable
        Index of a channel -> counts, shape (y, x), an integer type; float64 where the export holds numbers
        that are not whole.
    total : numpy.ndarray or None
        Ions per pixel, shape (y, x); None where the export has no total.
    total_source : str
        `image 0`, `events` or `none`.
    attrs : dict
        `field_of_view_um`, `shots_per_pixel`, `polarity` (-1, 1), `instrument`, `date`, `vendor`, where known.
    warnings : list of str
    """

    path: Path
    format: str
    shape: tuple[int, int]
    channels: list[Channel]
    read_image: Callable[[int], np.ndarray]
    total: np.ndarray | None
    total_source: str
    attrs: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def images(self) -> Iterator[tuple[Channel, np.ndarray]]:
        """Hand out (channel, counts) one after the other."""
        for i, channel in enumerate(self.channels):
            yield channel, self.read_image(i)


def reader(open_region: Callable[[Path], Region]) -> Callable[[Path], Export]:
    """Return the `read` of a format: all images of a region; of an export of every ion the total alone, for want of windows."""
    return lambda path: to_export(open_region(path))


def to_export(region: Region) -> Export:
    """Load all images of a region into the common data model: counts (image, y, x) and total (y, x)."""
    images = [counts for _, counts in region.images()]
    shape = (len(images), *region.shape)
    data: dict[str, Any] = {
        "counts": (
            ("image", "y", "x"),
            np.stack(images) if images else np.zeros(shape, dtype=np.uint32),
            {"units": "counts"},
        )
    }
    if region.total is not None:
        data["total"] = (("y", "x"), region.total, {"units": "counts"})
    coords: dict[str, Any] = {
        "number": ("image", [c.number for c in region.channels]),
        "label": ("image", np.array([c.label for c in region.channels], dtype=object)),
    }
    for name, field_name in (
        ("mass_u", "mass_u"), ("mass_lower_u", "lower_u"), ("mass_upper_u", "upper_u"),
    ):  # fmt: skip
        coords[name] = ("image", [getattr(c, field_name) for c in region.channels], {"units": "u"})
    attrs = {"instrument": "", "date": "", "vendor": {}, **region.attrs}
    block = Arrays.of(data, coords, attrs | {"total_source": region.total_source})
    return Export(region.path, region.format, "sims", [block], warnings=list(region.warnings))
