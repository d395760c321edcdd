"""Strict reading of tab-separated numbers in bounded memory, for the cyclers' text exports.

The file is walked in blocks; only wanted columns are kept. Every line must have as many fields as the
header (one empty field more is the trailing tab that some versions write); a cell that is not a number
is an error that names line and column. Only the last line of the file may be incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote

BLOCK_BYTES = 8 << 20
# Turns the text cells of a column, the first of which stands in the given line, into an array.
Converter = Callable[[npt.NDArray[np.object_], int], npt.NDArray]
Kind = type | Converter
# EC-Lab writes this for a value that it does not have.
NOT_AVAILABLE = "XXX"


@dataclass
class Columns:
    """What `read_columns` returns: arrays by name, and how many incomplete last lines were dropped."""

    values: dict[str, npt.NDArray] = field(default_factory=dict)
    rows: int = 0
    incomplete: int = 0


def read_columns(
    path: Path,
    names: Sequence[str],
    wanted: Mapping[str, Kind],
    *,
    offset: int,
    first_line: int,
    decimal_comma: bool,
    block_bytes: int = BLOCK_BYTES,
) -> Columns:
    """Read the wanted columns of all data lines from `offset` on.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        All column names in file order, without the empty one of a trailing tab.
    wanted : mapping of name to kind
        `float`: numbers (float64; XXX becomes NaN). `int`: whole numbers (int32). A function: text, which
        it turns into an array; it raises ReadError with the line.
    offset, first_line : int
        Byte and line number (from 1) of the first data line.
    decimal_comma : bool
        Commas are decimal points.
    block_bytes : int
        How much of the file is held at once.

    Raises
    ------
    ReadError
        A line with another number of fields, or a cell that is not of its column's type.
    """
    parts: dict[str, list[npt.NDArray]] = {name: [] for name in wanted}
    result = Columns()
    line = first_line
    for block, is_last in _blocks(path, offset, block_bytes):
        text = block.replace(b"\r\n", b"\n")
        text, width, dropped = _complete(text, path, names, line, is_last, wanted)
        result.incomplete += dropped
        if not text:
            continue
        if decimal_comma:
            text = text.replace(b",", b".")
        values, dropped = _parse(text, path, names, width, wanted, line, is_last)
        result.incomplete += dropped
        for name, array in values.items():
            parts[name].append(array)
        line += text.count(b"\n")
    for name, kind in wanted.items():
        chunks = parts.pop(name)
        empty = np.empty(0, np.int32 if kind is int else np.float64)
        result.values[name] = np.concatenate(chunks) if chunks else empty
    result.rows = next(iter(result.values.values())).size if wanted else 0
    return result


def _blocks(path: Path, offset: int, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield whole lines of about `size` bytes, and whether they are the last ones of the file.

    One block is held back, so that the last block always holds the last two lines.
    """
    held = b""
    with path.open("rb") as stream:
        stream.seek(offset)
        rest = b""
        while data := stream.read(size):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if len(rest) > 4 * size:
                raise ReadError(
                    path, f"byte {stream.tell()}", "lines of numbers", "a line without end"
                )
            if cut and data[:cut].count(b"\n") > 1:
                if held:
                    yield held, False
                held = data[:cut]
            else:
                rest = data
        yield held + rest, True


def _complete(
    text: bytes,
    path: Path,
    names: Sequence[str],
    line: int,
    is_last: bool,
    wanted: Mapping[str, Kind],
) -> tuple[bytes, int, int]:
    """Check the number of fields of every line; drop blank lines at the end and a cut last line.

    Returns the text, the largest number of fields in it, and how many lines were dropped.
    """
    if is_last:
        stripped = text.rstrip(b"\r\n \x1a")
        # Without its line end a line may be cut, also within its last field.
        open_end = len(stripped) == len(text)
        text = stripped + b"\n"
        if text == b"\n":
            return b"", 0, 0
    raw = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(raw == 10)
    tabs = np.searchsorted(np.flatnonzero(raw == 9), ends)
    fields = np.diff(tabs, prepend=0) + 1
    n = len(names)
    trailing = (fields == n + 1) & (raw[ends - 1] == 9)
    wrong = np.flatnonzero((fields != n) & ~trailing)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if wrong.size:
        first = int(wrong[0])
        if is_last and first == ends.size - 1 and fields[first] < n:
            return text[: starts[first]], n + int(trailing.any()), 1
        found = quote(text[starts[first] : ends[first]])
        if starts[first] == ends[first]:
            found = "a blank line"
        raise ReadError(path, f"line {line + first}", f"{n} fields", f"{fields[first]} in {found}")
    if is_last and open_end and names[-1] in wanted and ends.size > 1 and not trailing[-1]:
        # All fields are there, but the last may lack digits: shorter than in the line above is cut.
        previous, last = (text[starts[i] : ends[i]].rsplit(b"\t", 1)[-1] for i in (-2, -1))
        if len(last) < len(previous.rstrip(b"\t")):
            return text[: starts[-1]], n + int(trailing.any()), 1
    return text, n + int(trailing.any()), 0


def _parse(
    text: bytes,
    path: Path,
    names: Sequence[str],
    width: int,
    wanted: Mapping[str, Kind],
    line: int,
    is_last: bool,
) -> tuple[dict[str, npt.NDArray], int]:
    import pandas as pd

    index = {names.index(name): (name, kind) for name, kind in wanted.items()}
    order = sorted(index)
    options: dict[str, Any] = {
        "names": range(width),
        "usecols": order,
        "dtype": {i: (np.float64 if index[i][1] in (float, int) else object) for i in order},
        "na_values": {i: [NOT_AVAILABLE] for i in order if index[i][1] is float},
    }
    try:
        frame = pd.read_csv(
            BytesIO(text),
            sep="\t",
            header=None,
            keep_default_na=False,
            quoting=3,
            index_col=False,
            engine="c",
            encoding="latin-1",
            skip_blank_lines=False,
            **options,
        )
        values = {index[i][0]: frame[i].to_numpy() for i in order}
        for i in order:
            name, kind = index[i]
            values[name] = _typed(values[name], kind)
    except (ValueError, OverflowError, pd.errors.ParserError):
        at, name, found, cells = _culprit(text, order, index)
        if is_last and at == text.count(b"\n") - 1 and name == names[-1]:
            kept = text[: text.rstrip(b"\n").rfind(b"\n") + 1]
            return (_parse(kept, path, names, width, wanted, line, False)[0] if kept else {}), 1
        raise ReadError(path, f"line {line + at}, column {name!r}", cells, found) from None
    for name, kind in wanted.items():
        if kind is not float and kind is not int:
            values[name] = kind(values[name], line)
    return values, 0


def _typed(array: npt.NDArray, kind: Kind) -> npt.NDArray:
    if kind is float or kind is int:
        if np.isinf(array).any():
            raise ValueError
        if kind is int:
            if not (np.abs(array) < 2**31).all() or (array != np.floor(array)).any():
                raise ValueError
            return array.astype(np.int32)
    return array


def _culprit(
    text: bytes, order: Sequence[int], index: Mapping[int, tuple[str, Kind]]
) -> tuple[int, str, str, str]:
    """Find the first cell that is not what its column holds."""
    for at, row in enumerate(text.decode("latin-1").split("\n")[:-1]):
        cells = row.split("\t")
        for i in order:
            name, kind = index[i]
            cell = cells[i]
            if kind not in (float, int) or (kind is float and cell == NOT_AVAILABLE):
                continue
            try:
                number = float(cell)
            except ValueError:
                return at, name, quote(cell), "a number"
            if not np.isfinite(number) or "_" in cell:
                return at, name, quote(cell), "a finite number"
            if kind is int and (number != int(number) or abs(number) >= 2**31):
                return at, name, quote(cell), "a whole number"
    return 0, index[order[0]][0], "a block that does not parse", "numbers"
