"""imzML: a spectrum per pixel, its metadata as XML and its numbers in `<name>.ibd` beside it; through the optional package pyimzML."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from ..errors import MissingExtraError, ReadError
from .channel_lookup import channel_lookup
from .sims_region import ALL_EVENTS, NO_COUNTS, Channel, Region, Spectrum, Window, reader

if TYPE_CHECKING:
    from pyimzml.ImzMLParser import ImzMLParser

# A mass scale as of a flight time, so that spectra are treated like those of event lists.
FINE = 200_000.0  # channels per sqrt(u): 1.3 ppm at m/z 64
COARSE = 40_000.0
SPECTRA = 1 << 14  # that the spectrum of a region is made of, at equal distances
MAX_PIXELS = 1 << 26
MAX_MASS_U = 20_000.0
SIGN = {"negative": -1, "positive": 1}


def binary_beside(path: Path) -> Path | None:
    """Return the file with the numbers, whatever the case of its ending; None without one."""
    named = (path.with_suffix(end) for end in (".ibd", ".IBD", ".Ibd"))
    return next((p for p in named if p.is_file()), None)


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Sum the spectrum of each pixel within the windows; several spectra of a pixel are added.

    Raises
    ------
    ReadError
        Damaged, its .ibd file is absent, cut or of another measurement, or a stack over depth.
    MissingExtraError
        pyimzML is not installed.
    """
    parser = _opened(path)
    places = np.array(parser.coordinates, dtype=np.int64)
    if len(set(places[:, 2].tolist())) > 1:
        raise ReadError(
            path,
            "position z",
            "an image of one region",
            f"{len(set(places[:, 2].tolist()))} depths",
            "export one of them",
        )
    x, nx = _placed(places[:, 0], parser.imzmldict.get("max count of pixels x"))
    y, ny = _placed(places[:, 1], parser.imzmldict.get("max count of pixels y"))
    if ny * nx > MAX_PIXELS:
        raise ReadError(path, "position x and y", f"at most {MAX_PIXELS} pixels", f"{nx} x {ny}")
    lookup = channel_lookup(FINE, 0.0, windows, path)
    counts = np.zeros((len(windows), ny, nx))
    total = np.zeros((ny, nx))
    for i, (mass, intensity) in _spectra(path, parser, range(len(places))):
        total[y[i], x[i]] += intensity.sum()
        channel = np.rint(FINE * np.sqrt(mass)).astype(np.int64)
        window = np.where(channel < lookup.size, lookup[np.minimum(channel, lookup.size - 1)], -1)
        mine = window >= 0
        if mine.any():
            counts[:, y[i], x[i]] += np.bincount(
                window[mine], weights=intensity[mine], minlength=len(windows)
            )
    whole = all(np.array_equal(a, np.rint(a)) for a in (total, counts)) and total.max() < 2**32
    if whole:
        counts, total = counts.astype(np.uint32), total.astype(np.uint32)
    attrs: dict[str, Any] = {"instrument": "", "date": "", "vendor": {}}
    if sign := SIGN.get(parser.polarity or ""):
        attrs["polarity"] = sign
    parser.m.close()
    return Region(
        path=path, format="imzML", shape=(ny, nx),
        channels=[
            Channel(i + 1, w.label, w.centre_u, w.lower_u, w.upper_u) for i, w in enumerate(windows)
        ],
        read_image=lambda i: counts[i],
        total=total, total_source=ALL_EVENTS, attrs=attrs,
        warnings=[] if whole else [f"{path.name}: {NO_COUNTS}"],
    )  # fmt: skip


read = reader(open_region)


def read_spectrum(path: Path) -> Spectrum:
    """Return the sum of the spectra; of many from some at equal distances."""
    parser = _opened(path)
    n = len(parser.coordinates)
    counts = np.zeros(1)
    for _, (mass, intensity) in _spectra(path, parser, range(0, n, -(-n // SPECTRA))):
        own = np.bincount(np.rint(COARSE * np.sqrt(mass)).astype(np.int64), weights=intensity)
        if own.size > counts.size:
            counts = np.pad(counts, (0, own.size - counts.size))
        counts[: own.size] += own
    parser.m.close()
    return Spectrum(counts, COARSE, 0.0)


def _opened(path: Path) -> ImzMLParser:
    try:
        from pyimzml.ImzMLParser import ImzMLParser
    except ImportError as error:
        raise MissingExtraError("pyimzML", "sims", "Reading imzML") from error
    binary = binary_beside(path)
    if binary is None:
        raise ReadError(
            path, "folder", f"{path.with_suffix('.ibd').name} beside it", "no such file",
            "an imzML export is two files: copy both",
        )  # fmt: skip
    try:
        with warnings.catch_warnings():  # of misspelt names of terms, which their numbers tell
            warnings.simplefilter("ignore", UserWarning)
            parser = ImzMLParser(path, parse_lib="ElementTree", ibd_file=binary.open("rb"))
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or str(error)) from error
    except ParseError as error:
        raise ReadError(
            path,
            "XML",
            "a whole imzML file",
            str(error),
            "the file is cut or damaged; export it again",
        ) from error
    except (RuntimeError, KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        raise ReadError(
            path,
            "spectrum list",
            "spectra with arrays of m/z and intensity and a position",
            type(error).__name__ + f" {error}",
        ) from error
    _check_binary(path, binary, parser)
    return parser


def _placed(position: np.ndarray, stated: Any) -> tuple[np.ndarray, int]:
    """Return positions from 0 and their number: as stated, where the positions fit, since pixels without ions may be left out."""
    size = int(stated) if str(stated or "").isdigit() else 0
    first = 1 if position.min() >= 1 and position.max() <= size else int(position.min())
    placed = position - first
    return placed, max(size if first == 1 else 0, int(placed.max()) + 1)


def _check_binary(path: Path, binary: Path, parser: ImzMLParser) -> None:
    """Refuse numbers that are cut, or of another measurement."""
    ends = [
        max((o + n * parser.sizeDict[kind] for o, n in zip(offsets, lengths, strict=True)), default=0)
        for offsets, lengths, kind in (
            (parser.mzOffsets, parser.mzLengths, parser.mzPrecision),
            (parser.intensityOffsets, parser.intensityLengths, parser.intensityPrecision),
        )
    ]  # fmt: skip
    size = binary.stat().st_size
    if size < max(ends):
        raise ReadError(
            binary, f"byte {size}", f"{max(ends)} bytes as {path.name} says", f"{size} bytes",
            "the file is cut; copy or export it again",
        )  # fmt: skip
    stated = str(
        parser.metadata.file_description.param_by_name.get("universally unique identifier", "")
    )
    stated = "".join(c for c in stated.lower() if c in "0123456789abcdef")
    parser.m.seek(0)
    found = parser.m.read(16).hex()
    if len(stated) == 32 and stated != found:
        raise ReadError(
            binary, "byte 0", f"the identifier {stated} of {path.name}", found,
            "the two files are of different exports",
        )  # fmt: skip


def _spectra(
    path: Path, parser: ImzMLParser, which: range
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    """Hand out (number, (m/z, intensity)) of the spectra, without what no instrument measures."""
    for i in which:
        try:
            mass, intensity = (np.asarray(v, dtype=float) for v in parser.getspectrum(i))
        except (OSError, ValueError, EOFError) as error:
            raise ReadError(
                path, f"spectrum {i + 1}", "numbers in the .ibd file", str(error)
            ) from error
        if mass.size != intensity.size:
            raise ReadError(
                path, f"spectrum {i + 1}", f"{mass.size} intensities", str(intensity.size)
            )
        known = (mass > 0) & (mass < MAX_MASS_U) & np.isfinite(intensity) & (intensity != 0)
        if np.any(intensity[known] < 0):
            raise ReadError(
                path, f"spectrum {i + 1}", "intensities of at least 0", f"{intensity.min():g}"
            )
        yield i, (mass[known], intensity[known])
