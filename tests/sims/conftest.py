"""Small regions of known counts, written in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coatbench.simulate.write_bif6 import write_bif6
from coatbench.simulate.write_grd import write_grd
from coatbench.simulate.write_surfacelab import write_surfacelab

from .write_imzml import write_imzml
from .write_simsh5 import write_simsh5

# (number, label, exact mass of the anion in u): ids have a gap, labels carry marks.
PEAKS = [
    (1, "S_2^-", 63.94469),
    (2, "SO_2-", 63.96245),
    (5, "PO_3-", 78.95905),
    (9, "^37Cl-", 36.96645),
]
SCALE, OFFSET, UPPER_MASS = 32982.7, -398.7, 200.0
OTHER_MASS = 24.00055  # C2-: counted in the total alone


@pytest.fixture
def counts() -> tuple[np.ndarray, np.ndarray]:
    """Counts (peak, y, x) and total (y, x), not square, with empty pixels and one image of zeros."""
    rng = np.random.default_rng(7)
    images = rng.poisson([[[3.0]], [[1.0]], [[6.0]], [[0.0]]], (4, 12, 16)).astype(np.uint32)
    images[:, 3, 4:9] = 0
    other = rng.poisson(8.0, (12, 16)).astype(np.uint32)
    other[3, 4:9] = 0
    return images, images.sum(axis=0, dtype=np.uint32) + other


Writer = Callable[[Path, np.ndarray, np.ndarray | None], Path]


def bif6(folder: Path, images: np.ndarray, total: np.ndarray | None) -> Path:
    """Write a BIF6 file."""
    nan = float("nan")
    intervals = [
        (n, (m, m * (1 - 1e-4), m * (1 + 1e-4)), c)
        for (n, _, m), c in zip(PEAKS, images, strict=True)
    ]
    if total is not None:
        intervals.insert(0, (0, (nan, nan, nan), total))
    path = folder / "region.bif6"
    write_bif6(path, intervals)
    return path


def ascii_folder(folder: Path, images: np.ndarray, total: np.ndarray | None) -> Path:
    """Write a folder of images."""
    content = {n: (label, c) for (n, label, _), c in zip(PEAKS, images, strict=True)}
    if total is not None:
        content[0] = ("total", total)
    path = folder / "region_ascii"
    write_surfacelab(path, "cell (a) 1", content)
    return path


def events_of(images: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return shuffled events (n, 5) that give exactly these images."""
    rest = total - images.sum(axis=0, dtype=np.uint32)
    pieces = []
    for mass, image in [(m, c) for (_, _, m), c in zip(PEAKS, images, strict=True)] + [
        (OTHER_MASS, rest)
    ]:
        y, x = np.nonzero(image)
        times = image[y, x]
        y, x = np.repeat(y, times), np.repeat(x, times)
        channel = np.full(y.size, round(SCALE * mass**0.5 + OFFSET))
        scan = np.arange(y.size) % 14
        pieces.append(np.column_stack([scan, scan * 0, x, y, channel]))
    events = np.concatenate(pieces).astype(np.uint32)
    return np.random.default_rng(3).permutation(events)


def grd(folder: Path, images: np.ndarray, total: np.ndarray | None) -> Path:
    """Write an event list; its raster is square, so pixels beyond the images stay empty."""
    assert total is not None
    path = folder / "region.itm.grd"
    write_grd(
        path, events_of(images, total), resolution_px=max(total.shape), field_of_view_m=150e-6,
        scale_factor=SCALE, offset=OFFSET, upper_mass_u=UPPER_MASS, scans=14,
    )  # fmt: skip
    return path


def _spectra(
    path: Path, write: Callable[..., object], images: np.ndarray, total: np.ndarray | None, *, upwards: bool = False
) -> Path:  # fmt: skip
    """Write the ions of each pixel; `upwards`, the first row of pixels is the lowest."""
    assert total is not None
    events = events_of(images, total)
    masses = ((events[:, 4].astype(float) - OFFSET) / SCALE) ** 2
    ny, nx = total.shape
    row = ny - 1 - events[:, 3] if upwards else events[:, 3]
    write(path, row * nx + events[:, 2], masses, (ny, nx))
    return path


def imzml(folder: Path, images: np.ndarray, total: np.ndarray | None) -> Path:
    """Write a spectrum per pixel."""
    return _spectra(folder / "region.imzML", write_imzml, images, total)


def simsh5(folder: Path, images: np.ndarray, total: np.ndarray | None) -> Path:
    """Write a sparse matrix."""
    return _spectra(folder / "region.h5", write_simsh5, images, total, upwards=True)
