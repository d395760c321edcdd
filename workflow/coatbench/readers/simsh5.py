"""SIMS-H5: the ions of a PHI nanoTOF region as a sparse matrix in HDF5, sorted by flight time. Open format, version 0.1.

`data/mass_csr` has the occupied flight-time bins (`mass_bin`, in units of `mass_bin_width_ps`), where the ions of each begin (`indptr`),
and for each entry its pixel (C order over frames, y, x; the first row of pixels is the lowest) and its count; counts above 255 stand in
`count_exceptions`. sqrt(m / u) = a t / us + b, with a and b in `calibration/mass/coefficients`. The compression of these files needs
the optional package hdf5plugin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError, ReadError, quote
from .channel_lookup import channel_lookup
from .sims_region import ALL_EVENTS, Channel, Region, Spectrum, Window, reader

if TYPE_CHECKING:
    import h5py

CHANNEL_PS = 32  # flight times are summed into channels of about this width: 3 ppm at m/z 64
ENTRIES = 1 << 22  # of the matrix that are read at once
MAX_PIXELS = 1 << 26
SIGN = {"+": 1, "pos": 1, "1": 1, "-": -1, "neg": -1}  # how a polarity begins


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Bin the ions of a region into one image per window; frames are summed.

    Raises
    ------
    ReadError
        Damaged, or a depth profile or a mosaic.
    MissingExtraError
        hdf5plugin is not installed.
    """
    with _opened(path) as file:
        frames, ny, nx = _shape(path, file)
        scale, step = _scale(path, file)
        lookup = channel_lookup(scale.scale_factor, scale.offset, windows, path)
        counts = np.zeros((len(windows), ny * nx), np.uint32)
        total = np.zeros(ny * nx, np.uint32)
        for bins, pixels, ions in _entries(path, file):
            place = pixels % (ny * nx)
            if pixels.size and int(pixels.max()) >= frames * ny * nx:
                raise ReadError(
                    path, "data/mass_csr/pixel_id", f"below {frames * ny * nx}", str(pixels.max())
                )
            np.add.at(total, place, ions)
            channel = bins // step
            inside = channel < lookup.size
            window = np.where(inside, lookup[np.minimum(channel, lookup.size - 1)], -1)
            mine = window >= 0
            np.add.at(counts, (window[mine], place[mine]), ions[mine])
        attrs: dict[str, Any] = {
            "instrument": "PHI nanoTOF", "date": _text(file.attrs.get("created", "")),
            "vendor": {k: _text(v) for k, v in file.attrs.items()}, "scans": frames,
        }  # fmt: skip
        polarity = _text(file.attrs.get("polarity", "")).strip().lower()
        if sign := next((s for begin, s in SIGN.items() if polarity.startswith(begin)), 0):
            attrs["polarity"] = sign
    images = counts.reshape(len(windows), ny, nx)[:, ::-1]
    return Region(
        path=path, format="SIMS-H5", shape=(ny, nx),
        channels=[
            Channel(i + 1, w.label, w.centre_u, w.lower_u, w.upper_u) for i, w in enumerate(windows)
        ],
        read_image=lambda i: images[i],
        total=total.reshape(ny, nx)[::-1], total_source=ALL_EVENTS, attrs=attrs,
    )  # fmt: skip


read = reader(open_region)


def read_spectrum(path: Path) -> Spectrum:
    """Return the ions per flight-time channel."""
    with _opened(path) as file:
        _shape(path, file)
        scale, step = _scale(path, file)
        counts = np.zeros(1, np.int64)
        for bins, _, ions in _entries(path, file):
            own = np.bincount(bins // step, weights=ions).astype(np.int64)
            if own.size > counts.size:
                counts = np.pad(counts, (0, own.size - counts.size))
            counts[: own.size] += own
    return Spectrum(counts, scale.scale_factor, scale.offset)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a file; what HDF5 says of damage inside becomes one line."""
    import h5py

    try:
        import hdf5plugin  # noqa: F401  registers the compressions
    except ImportError as error:
        raise MissingExtraError("hdf5plugin", "sims", "Reading SIMS-H5") from error
    try:
        with h5py.File(path, "r") as file:
            yield file
    except ReadError:
        raise
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        OverflowError,
        RuntimeError,
    ) as error:
        raise ReadError(
            path, "file", "a whole SIMS-H5 file", str(error), "copy it again"
        ) from error


def _text(value: Any) -> str:
    """Return an attribute as text; HDF5 hands out text of a fixed length as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _shape(path: Path, file: h5py.File) -> tuple[int, int, int]:
    """Return frames and pixels in y and x; refuse what is not one image."""
    mode = _text(file.attrs.get("acquisition_mode", "image_2d"))
    if mode != "image_2d":
        found = {"depth_profile": "a depth profile", "mosaic": "a mosaic of tiles"}.get(
            mode, quote(mode)
        )
        raise ReadError(
            path,
            "acquisition_mode",
            "an image of one region",
            found,
            "export the images of one region",
        )
    try:
        shape = [int(v) for v in file["geometry"].attrs["row_shape"]]
    except (KeyError, ValueError, TypeError) as error:
        raise ReadError(path, "geometry/row_shape", "frames, y and x", "no such numbers") from error
    if len(shape) != 3 or min(shape) < 1 or shape[1] * shape[2] > MAX_PIXELS:
        raise ReadError(path, "geometry/row_shape", "frames, y and x", quote(str(shape)))
    return shape[0], shape[1], shape[2]


def _scale(path: Path, file: h5py.File) -> tuple[Spectrum, int]:
    """Return the mass scale in channels (without counts), and how many flight-time bins make one."""
    try:
        a, b = (float(v) for v in file["calibration/mass/coefficients"][:])
        width = float(file["data/mass_csr"].attrs.get("mass_bin_width_ps", 1.0))
    except (KeyError, ValueError, OSError) as error:
        raise ReadError(path, "calibration/mass/coefficients", "two numbers", "none") from error
    if not (a > 0 and width > 0):
        raise ReadError(
            path, "calibration/mass/coefficients", "a rising mass scale", f"{a:g}, {b:g}"
        )
    step = max(1, round(CHANNEL_PS / width))
    per_channel = a * 1e-6 * width * step
    # A channel holds the flight times from its number on: its middle is half a channel later.
    return Spectrum(np.zeros(0), 1 / per_channel, -b / per_channel - 0.5 * (step > 1)), step


def _entries(path: Path, file: h5py.File) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Hand out flight-time bin, pixel and ions of the entries, in pieces."""
    try:
        group = file["data/mass_csr"]
        bins, starts = group["mass_bin"][:].astype(np.int64), group["indptr"][:].astype(np.int64)
        pixel, count = group["pixel_id"], group["count"]
        more = group.get("count_exceptions")
        at, value = (more["nnz_index"][:], more["value"][:]) if more is not None else ([], [])
        n = len(pixel)
        if (
            starts.size != bins.size + 1
            or starts[-1] != n
            or len(count) != n
            or np.any(np.diff(starts) < 0)
        ):
            raise ReadError(
                path, "data/mass_csr", f"{n} entries in {bins.size} bins", "indices that do not fit"
            )
        for low in range(0, n, ENTRIES):
            high = min(n, low + ENTRIES)
            ions = count[low:high].astype(np.uint32)
            large = (np.asarray(at) >= low) & (np.asarray(at) < high)
            ions[np.asarray(at, np.int64)[large] - low] = np.asarray(value)[large]
            row = np.searchsorted(starts, np.arange(low, high), side="right") - 1
            yield bins[row], pixel[low:high].astype(np.int64), ions
    except (KeyError, OSError) as error:
        raise ReadError(
            path, "data/mass_csr", "the ions of a region", str(error), "copy it again"
        ) from error
