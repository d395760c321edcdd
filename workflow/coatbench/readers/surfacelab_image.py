"""One SurfaceLab image as text: `x y I` per line, in any order, counted from 0 or from 1.

Lines before the first row that are blank, begin with `#` or with a word are a header. Blanks, tabs, semicolons or commas part
the columns. Each pixel must come once, but for exports that leave out pixels without counts. A fourth column (`x y scan I`) is a
scan-resolved export, whose scans are summed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from . import text

_SHORTEST_ROW = 6  # bytes of "0 0 0\n"
_HEADER_LINES = 30  # of words, without a mark
_SPARSE_GAPS = 5
_SPARSE_PIXELS = 1 << 24  # raster of an export that leaves out pixels
# What else SurfaceLab and SmartSoft write as text.
_NO_IMAGE = (
    (re.compile(rb"sputter ?time|profile smoothing|data point #|depth profile", re.I), "a depth profile (intensities over sputter time)",
     "export the images of the region; profiles are not read"),
    (re.compile(rb"mass spectrum|channel\s+m/z|m/z[^\n]*intensity|mass \(u\)[^\n]*intensity", re.I), "a mass spectrum",
     "export the images of the region; spectra are not read"),
)  # fmt: skip


@dataclass(frozen=True)
class Image:
    """One parsed file.

    Attributes
    ----------
    values : numpy.ndarray
        (y, x)
    dropped : tuple of int or None
        The pixel (y, x) that was dropped with an incomplete last line.
    first : int or None
        What the first pixel is counted as, 0 or 1; None where pixels are left out, whose number stands in `values` as written.
    """

    values: np.ndarray
    dropped: tuple[int, int] | None
    first: int | None = 0


class Incomplete(ReadError):
    """Rows are missing, and none says 0 counts."""


def read_image(path: Path, sparse: bool = False) -> Image:
    """Parse one image: whole counts as uint32, else float64.

    Parameters
    ----------
    path : Path
    sparse : bool
        Whether the export is known to leave out pixels without counts.

    Raises
    ------
    ReadError
        With the line at fault; or pixels that come twice or not at all.
    """
    from . import ascii_kernel as kernel

    data = _bytes(path)
    data, start, columns = _first_row(path, data)
    capacity = (data.size - start) // _SHORTEST_ROW + 1
    x, y = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    value = np.empty(capacity)
    rows, position, status, _ = kernel.parse_rows(data, start, columns, x, y, value)
    if status not in (kernel.END, kernel.NO_LINE_END) or rows == 0:
        _raise_at(path, data, position, columns, status == kernel.NEGATIVE)
    x, y, value = x[:rows], y[:rows], value[:rows]
    cut = bytes(data[position:]) if status == kernel.NO_LINE_END else None
    image = _raster(path, x, y, value, scans=columns == 4, cut=cut, sparse=sparse)
    values = image.values
    whole = values.astype(np.uint32) if values.max() < 2**32 else values
    return replace(image, values=whole if np.array_equal(whole, values) else values)


def _bytes(path: Path) -> np.ndarray:
    raw = text.read_bytes(path)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or raw[:4].count(0) == 2:
        raw = text.decode(raw, path)[0].encode("latin-1", "replace")
    stripped = raw.rstrip(b"\x00")  # SurfaceLab ends some text files with a NUL
    return np.frombuffer(stripped, dtype=np.uint8)


def _first_row(path: Path, data: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Return the bytes with columns parted by blanks, where the rows begin, and how many columns they have."""
    raw = data.data
    start, words = 0, 0
    while start < len(raw):
        chunk = bytes(raw[start : start + 4096])
        line = chunk.splitlines(keepends=True)[0]
        end = start + len(line)
        for pattern, found, advice in _NO_IMAGE:
            if pattern.search(line):
                raise ReadError(path, "content", "an image, `x y I` per line", found, advice)
        content = line.strip().lstrip(b'"')
        if content and not content.startswith(b"#"):
            if content[:1].isalpha() and words < _HEADER_LINES:
                words += 1
            else:
                return _parted(path, data, start, line)
        if len(line) == 4096:  # a header line longer than the piece looked at
            rest = bytes(raw[end:])
            end += len(rest.splitlines(keepends=True)[0]) if rest else 0
        start = end
    raise ReadError(
        path, f"byte {len(raw)}", "rows `x y I` after the header", "the end of the file"
    )


def _parted(path: Path, data: np.ndarray, start: int, line: bytes) -> tuple[np.ndarray, int, int]:
    """Put blanks where semicolons, or commas that are no decimal signs, part the columns."""
    mark = (
        b";" if b";" in line else b"," if len(line.split()) == 1 and line.count(b",") >= 2 else b""
    )
    if mark:
        data = np.where(data == mark[0], np.uint8(32), data)
        line = line.replace(mark, b" ")
    columns = len(line.split())
    if columns not in (3, 4):
        _raise_at(path, data, start, 3)
    return data, start, columns


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
    path: Path,
    x: np.ndarray,
    y: np.ndarray,
    value: np.ndarray,
    scans: bool,
    cut: bytes | None,
    sparse: bool,
) -> Image:
    """Put the rows onto the raster that they span, each pixel once (or once per scan)."""
    if cut is None and _leaves_out(x, y, value, scans, 1 if sparse else _SPARSE_GAPS):
        image: np.ndarray = np.zeros((int(y.max()) + 1, int(x.max()) + 1))
        image[y, x] = value
        return Image(image, None, None)
    first = int(x.min() == 1 and y.min() == 1)
    x, y = x - first, y - first
    nx, ny = int(x.max()) + 1, int(y.max()) + 1
    pixels = nx * ny
    if pixels > x.size + (cut is not None):  # told before an image of absurd size is made
        kind = Incomplete if value.min() > 0 and cut is None and not scans else ReadError
        raise kind(
            path, "end of file", f"{pixels} rows for {nx} x {ny} pixels", f"{x.size} rows",
            "the file is cut or has a wrong coordinate; export it again",
        )  # fmt: skip
    places = y.astype(np.int64) * nx + x
    image = np.bincount(places, value, pixels).reshape(ny, nx)
    seen = np.bincount(places, minlength=pixels).reshape(ny, nx)
    times = int(seen.max()) if scans else 1
    odd = np.flatnonzero(seen != times)
    if not odd.size and cut is None:
        return Image(image, None, first)
    row, column = divmod(int(odd[0]) if odd.size else pixels - 1, nx)
    one_missing = odd.size == 1 and seen[row, column] == times - 1
    if cut is not None and one_missing and _begins(cut, column + first, row + first):
        image[row, column] = 0
        return Image(image, (row, column), first)
    raise ReadError(
        path, f"pixel ({column + first}, {row + first})",
        "each pixel in each scan" if scans else "each pixel once",
        f"{seen[row, column]} of {times} times" if odd.size else "a further incomplete line",
        "the file is cut or joined from two; export it again",
    )  # fmt: skip


def _leaves_out(
    x: np.ndarray, y: np.ndarray, value: np.ndarray, scans: bool, least_gaps: int
) -> bool:
    """Tell whether an export leaves out pixels without counts.

    Then no row has 0 counts, no pixel comes twice, and rows are missing in between at many places: a file that was cut has all
    rows up to its end, and a damaged one lacks one or two.
    """
    nx, ny = int(x.max()) + 1, int(y.max()) + 1
    if scans or nx * ny > _SPARSE_PIXELS or value.min() <= 0:
        return False
    place = np.sort(y.astype(np.int64) * nx + x)
    steps = np.diff(place)
    first = int(x.min() == 1 and y.min() == 1)
    whole = (nx - first) * (ny - first)
    gaps = int(np.count_nonzero(steps > 1 + first))
    many = max(least_gaps, 0.02 * x.size if least_gaps > 1 else 0)
    for along, others in ((x, ny), (y, nx)):
        # A single wrong coordinate would widen a whole image.
        if x.size > 1 and x.size >= (int(np.partition(along, -2)[-2]) + 1 - first) * (
            others - first
        ):
            return False
    return bool(x.size < whole and steps.size and steps.min() > 0 and gaps >= many)
