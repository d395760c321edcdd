"""SurfaceLab images as text: one file `<measurement> (<id>) - <label>.txt` per peak, `x y I` per line.

A region is a folder of such files; id 0 is the total. Lines before the first row that are blank or begin
with `#` are a header. Rows come in any order; each pixel must come once. A fourth column (`x y scan I`)
is a scan-resolved export, whose scans are summed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from . import text
from .model import Export
from .sims_region import NO_TOTAL, TOTAL_IMAGE, Channel, Region, Window, to_export

FILE_NAME = re.compile(
    r"(?P<measurement>.*) \((?P<number>\d{1,9})\) - (?P<label>.*)\.txt", re.I | re.S
)
TOTAL_NUMBER = 0
_SHORTEST_ROW = 6  # bytes of "0 0 0\n"


@dataclass(frozen=True)
class Image:
    """One parsed file: values (y, x), and the pixel (y, x) that was dropped with an incomplete last line."""

    values: np.ndarray
    dropped: tuple[int, int] | None


def read(path: Path) -> Export:
    """Read one image file, or a folder with all images of a region.

    Raises
    ------
    ReadError
    """
    return to_export(open_region(path))


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Open a folder of images (or one image) and parse them.

    Raises
    ------
    ReadError
        No image, two measurements or one id twice in a folder, images of different size, or a damaged file.
    """
    path = Path(path)
    files, warnings = _files(path)
    numbers = sorted(files)
    images = [n for n in numbers if n != TOTAL_NUMBER]
    first = files[numbers[0]][0]
    parsed = {n: read_image(files[n][0]) for n in numbers}
    shape = parsed[numbers[0]].values.shape
    for n in numbers:
        if parsed[n].values.shape != shape:
            _raise_other_raster(files[n][0], parsed[n].values.shape, first, shape)
        warnings += _dropped(files[n][0], parsed[n])
    total = parsed[TOTAL_NUMBER].values if TOTAL_NUMBER in parsed else None
    if total is None:
        warnings.append(f"{path.name}: no total image (id 0)")
    for image in parsed.values():
        if image.dropped is not None and total is not None:
            total[image.dropped] = 0  # a pixel without all its counts is left out
    return Region(
        path=path,
        format="SurfaceLab ASCII images",
        shape=(int(shape[0]), int(shape[1])),
        channels=[Channel(n, files[n][1]) for n in images],
        read_image=lambda i: parsed[images[i]].values,
        total=total,
        total_source=NO_TOTAL if total is None else TOTAL_IMAGE,
        attrs={"instrument": "IONTOF SurfaceLab", "date": "", "vendor": {}},
        warnings=warnings,
    )


def _raise_other_raster(
    file: Path, shape: tuple[int, ...], first: Path, first_shape: tuple[int, ...]
) -> None:
    """Blame the smaller of two rasters of one region: a file that was cut between two lines."""
    pairs = sorted(
        [(shape[0] * shape[1], file, shape), (first_shape[0] * first_shape[1], first, first_shape)]
    )
    (_, small, at), (_, large, other) = pairs
    raise ReadError(
        small, "raster", f"{other[1]} x {other[0]} pixels as in {large.name}", f"{at[1]} x {at[0]}",
        "the file is cut, or not of this region",
    )  # fmt: skip


def _files(path: Path) -> tuple[dict[int, tuple[Path, str]], list[str]]:
    """Return {id: (file, label)} of a region, and what else stands in its folder."""
    if not path.is_dir():
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            return {1: (path, path.stem)}, [
                f"{path.name}: not named `<measurement> (<id>) - <label>.txt`; read as one image"
            ]
        return {int(match["number"]): (path, match["label"])}, []
    try:
        names = sorted(p.name for p in path.iterdir() if p.is_file())
    except OSError as error:
        raise ReadError(
            path, "folder", "a readable folder", error.strerror or "an error"
        ) from error
    files: dict[int, tuple[Path, str]] = {}
    warnings: list[str] = []
    measurements: dict[str, str] = {}
    for name in names:
        match = FILE_NAME.fullmatch(name)
        if match is None:
            if name.lower().endswith(".txt"):
                warnings.append(f"{path.name}: {name} is not an image of the region; left out")
            continue
        number = int(match["number"])
        if number in files:
            raise ReadError(
                path, name, f"one image with id {number}", f"also {files[number][0].name}",
                "keep one region per folder",
            )  # fmt: skip
        files[number] = (path / name, match["label"])
        measurements.setdefault(match["measurement"], name)
    if not files:
        raise ReadError(
            path, "folder", "images named `<measurement> (<id>) - <label>.txt`",
            f"{len(names)} other files",
        )  # fmt: skip
    if len(measurements) > 1:
        raise ReadError(
            path, "folder", "images of one measurement",
            " and ".join(quote(m) for m in list(measurements)[:2]), "keep one region per folder",
        )  # fmt: skip
    return files, warnings


def _dropped(path: Path, image: Image) -> list[str]:
    if image.dropped is None:
        return []
    y, x = image.dropped
    return [f"{path.name}: last line incomplete, 1 row dropped: pixel ({x}, {y}) is left out"]


def read_image(path: Path) -> Image:
    """Parse one image: whole counts as uint32, else float64.

    Raises
    ------
    ReadError
        With the line at fault; or pixels that come twice or not at all.
    """
    from . import ascii_kernel as kernel

    data = _bytes(path)
    start, columns = _first_row(path, data)
    capacity = (data.size - start) // _SHORTEST_ROW + 1
    x, y = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    value = np.empty(capacity)
    rows, position, status, _ = kernel.parse_rows(data, start, columns, x, y, value)
    if status not in (kernel.END, kernel.NO_LINE_END) or rows == 0:
        _raise_at(path, data, position, columns, status == kernel.NEGATIVE)
    x, y, value = x[:rows], y[:rows], value[:rows]
    cut = bytes(data[position:]) if status == kernel.NO_LINE_END else None
    image, dropped = _raster(path, x, y, value, scans=columns == 4, cut=cut)
    whole = image.astype(np.uint32) if image.max() < 2**32 else image
    return Image(whole if np.array_equal(whole, image) else image, dropped)


def _bytes(path: Path) -> np.ndarray:
    raw = text.read_bytes(path)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or raw[:4].count(0) == 2:
        raw = text.decode(raw, path)[0].encode("latin-1", "replace")
    stripped = raw.rstrip(b"\x00")  # SurfaceLab ends some text files with a NUL
    return np.frombuffer(stripped, dtype=np.uint8)


def _first_row(path: Path, data: np.ndarray) -> tuple[int, int]:
    """Return where the rows begin, and how many columns they have."""
    raw = data.data
    start = 0
    while start < len(raw):
        end = start
        chunk = bytes(raw[start : start + 4096])
        line = chunk.splitlines(keepends=True)[0] if chunk else b""
        end = start + len(line)
        if line.strip() and not line.lstrip().startswith(b"#"):
            columns = len(line.split())
            if columns not in (3, 4):
                _raise_at(path, data, start, 3)
            return start, columns
        if len(line) == 4096:  # a header line longer than the piece looked at
            rest = bytes(raw[end:])
            end += len(rest.splitlines(keepends=True)[0]) if rest else 0
        start = end
    raise ReadError(
        path, f"byte {len(raw)}", "rows `x y I` after the header", "the end of the file"
    )


def _raise_at(
    path: Path, data: np.ndarray, position: int, columns: int, negative: bool = False
) -> None:
    before = bytes(data[:position])
    line = before.count(b"\n") + (before.count(b"\r") - before.count(b"\r\n")) + 1
    found = bytes(data[position : position + 120]).splitlines() or [b""]
    expected = "`x y I`" if columns == 3 else "`x y scan I`"
    extra = " with counts of at least 0" if negative else ", whole coordinates and a plain number"
    raise ReadError(path, f"line {line}", expected + extra, quote(found[0]))


def _begins(line: bytes, x: int, y: int) -> bool:
    """Tell whether an incomplete line may be the beginning of this pixel's row."""
    found, whole = b" ".join(line.split()), b"%d %d" % (x, y)
    return whole.startswith(found) or found.startswith(whole + b" ")


def _raster(
    path: Path, x: np.ndarray, y: np.ndarray, value: np.ndarray, scans: bool, cut: bytes | None
) -> tuple[np.ndarray, tuple[int, int] | None]:
    """Put the rows onto the raster that they span, each pixel once (or once per scan)."""
    from . import ascii_kernel as kernel

    nx, ny = int(x.max()) + 1, int(y.max()) + 1
    pixels = nx * ny
    if pixels > x.size + (cut is not None):  # told before an image of absurd size is made
        raise ReadError(
            path, "end of file", f"{pixels} rows for {nx} x {ny} pixels", f"{x.size} rows",
            "the file is cut or has a wrong coordinate; export it again",
        )  # fmt: skip
    image, seen = np.zeros((ny, nx)), np.zeros((ny, nx), np.int32)
    kernel.place(x, y, value, image, seen)
    times = int(seen.max()) if scans else 1
    odd = np.flatnonzero(seen != times)
    if not odd.size and cut is None:
        return image, None
    row, column = divmod(int(odd[0]) if odd.size else pixels - 1, nx)
    one_missing = odd.size == 1 and seen[row, column] == times - 1
    if cut is not None and one_missing and _begins(cut, column, row):
        image[row, column] = 0
        return image, (row, column)
    raise ReadError(
        path, f"pixel ({column}, {row})", "each pixel in each scan" if scans else "each pixel once",
        f"{seen[row, column]} of {times} times" if odd.size else "a further incomplete line",
        "the file is cut or joined from two; export it again",
    )  # fmt: skip
