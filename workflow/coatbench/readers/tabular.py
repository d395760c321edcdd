"""Strict reading of tab-separated numbers in bounded memory, for the cyclers' text exports.

The file is walked in blocks; only wanted columns are kept. Every line must have as many fields as the
header (one empty field more is the trailing tab that some versions write); a cell that is not a number
is an error that names line and column. Only the last line of the file may be incomplete.
"""

from __future__ import annotations

import codecs
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote

BLOCK_BYTES = 4 << 20
# A decimal comma becomes a point, and a point, which then must not stand in a number, something that is none.
TO_POINT = bytes.maketrans(b".,", b"\x01.")
FROM_POINT = bytes.maketrans(b"\x01.", b".,")
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


@dataclass(frozen=True)
class _Plan:
    """What is read from where."""

    path: Path
    names: list[str]
    wanted: dict[str, Kind]
    missing: frozenset[str]
    decimal_comma: bool

    def columns(self) -> list[tuple[int, str, Kind]]:
        """Return position, name and kind of the wanted columns, in file order."""
        return sorted(
            ((self.names.index(name), name, kind) for name, kind in self.wanted.items()),
            key=lambda column: column[0],
        )


def read_columns(
    path: Path,
    names: Sequence[str],
    wanted: Mapping[str, Kind],
    *,
    offset: int,
    first_line: int,
    decimal_comma: bool,
    missing: Sequence[str] = (),
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
        `float`: numbers (float64). `int`: whole numbers (int32). A function: text, which
        it turns into an array; it raises ReadError with the line.
    offset, first_line : int
        Byte and line number (from 1) of the first data line.
    decimal_comma : bool
        Commas are decimal points.
    missing : sequence of str
        Columns of numbers that may hold XXX, which becomes NaN.
    block_bytes : int
        How much of the file is held at once.

    Raises
    ------
    ReadError
        A line with another number of fields, or a cell that is not of its column's type.
    """
    kept = {name: _Growing(path.stat().st_size - offset) for name in wanted}
    result = Columns()
    line = first_line
    plan = _Plan(path, list(names), dict(wanted), frozenset(missing), decimal_comma)
    for block, is_last in _blocks(path, offset, block_bytes):
        text, dropped = _complete(plan, block.replace(b"\r\n", b"\n"), line, is_last)
        if text:
            values, cut = _parse(plan, text, line, is_last)
            dropped += cut
            for name, array in values.items():
                kept[name].append(array, len(text))
        result.incomplete += dropped
        line += text.count(b"\n")
    for name, kind in wanted.items():
        empty = np.empty(0, np.int32 if kind is int else np.float64)
        result.values[name] = kept.pop(name).array(empty)
    result.rows = next(iter(result.values.values())).size if wanted else 0
    return result


class _Growing:
    """A column that grows block by block in one piece of memory, sized by the share of the text that the first block is.

    Parts that are joined at the end would hold the column twice, and what they leave behind is not given back.
    """

    def __init__(self, text_bytes: int) -> None:
        self.text_bytes = text_bytes
        self.held: npt.NDArray | None = None
        self.size = 0

    def append(self, values: npt.NDArray, text_bytes: int) -> None:
        """Add the values of a block of so much text."""
        if self.held is None:
            # Pages that are never written take no memory.
            expected = values.size * self.text_bytes // max(text_bytes, 1)
            self.held = np.empty(max(values.size, expected + expected // 8 + 1), values.dtype)
        end = self.size + values.size
        if end > self.held.size or self.held.dtype != np.result_type(self.held, values):
            kind = np.result_type(self.held, values)
            grown = np.empty(max(end + end // 4, self.held.size), kind)
            grown[: self.size] = self.held[: self.size]
            self.held = grown
        self.held[self.size : end] = values
        self.size = end

    def array(self, empty: npt.NDArray) -> npt.NDArray:
        """Return the column."""
        return empty if self.held is None else self.held[: self.size]


def opened(path: Path) -> BinaryIO:
    """Open a text export as bytes. One that is marked as UTF-16 is held in memory as the same text in UTF-8.

    Raises
    ------
    ReadError
        Marked as UTF-16 and not valid as such.
    """
    stream = path.open("rb")
    marked = stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    stream.seek(0)
    if not marked:
        return stream
    with stream:
        try:
            # Not final: half a character at the end is the incomplete last line of a file that is still written.
            text = codecs.getincrementaldecoder("utf-16")().decode(stream.read())
        except UnicodeDecodeError as error:
            raise ReadError(
                path, f"byte {error.start}", "UTF-16, as the mark at its beginning says", "other bytes", "export it again"
            ) from error  # fmt: skip
    return io.BytesIO(text.encode())


def uses_decimal_comma(
    path: Path, rows: Sequence[Sequence[str]], numbers: Sequence[int], first_line: int
) -> bool:
    """Tell the decimal sign from the first records.

    Parameters
    ----------
    path : Path
    rows : sequence of lists of str
        Cells of the first records; some may be short.
    numbers : sequence of int
        Columns that hold numbers.
    first_line : int
        Line of the first record, for the message.

    Raises
    ------
    ReadError
        Both signs occur: one of them is then no decimal sign, and nothing says which.
    """
    cells = [row[i] for row in rows for i in numbers if i < len(row)]
    comma = next((cell for cell in cells if "," in cell), None)
    if comma is None:
        return False
    if any("." in cell for cell in cells):
        lines = f"lines {first_line} to {first_line + len(rows) - 1}"
        raise ReadError(path, lines, "one decimal sign", f"point and comma, as in {quote(comma)}")
    return True


def _blocks(path: Path, offset: int, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield whole lines of about `size` bytes, and whether they are the last ones of the file.

    One block is held back, so that the last block always holds the last two lines.
    """
    held = b""
    with opened(path) as stream:
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


def _complete(plan: _Plan, text: bytes, line: int, is_last: bool) -> tuple[bytes, int]:
    """Check the number of fields of every line; drop blank lines at the end and a cut last line.

    Returns the text and how many lines were dropped.
    """
    open_end = False
    if is_last:
        stripped = text.rstrip(b"\r\n \x1a")
        # Without its line end a line may be cut, also within its last field.
        open_end = len(stripped) == len(text)
        text = stripped + b"\n"
        if text == b"\n":
            return b"", 0
    raw = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(raw == 10)
    starts = np.concatenate(([0], ends[:-1] + 1))
    tabs = np.searchsorted(np.flatnonzero(raw == 9), ends)
    fields = np.diff(tabs, prepend=0) + 1
    n = len(plan.names)
    trailing = (fields == n + 1) & (raw[ends - 1] == 9)
    wrong = np.flatnonzero((fields != n) & ~trailing)
    if wrong.size:
        first = int(wrong[0])
        if is_last and first == ends.size - 1 and fields[first] < n:
            return text[: starts[first]], 1
        found = quote(text[starts[first] : ends[first]])
        if starts[first] == ends[first]:
            found = "a blank line"
        raise ReadError(
            plan.path, f"line {line + first}", f"{n} fields", f"{fields[first]} in {found}"
        )
    if open_end and plan.names[-1] in plan.wanted and ends.size > 1 and not trailing[-1]:
        # All fields are there, but the last may lack digits: shorter than in the line above is cut.
        previous, last = (text[starts[i] : ends[i]].rsplit(b"\t", 1)[-1] for i in (-2, -1))
        if len(last) < len(previous.rstrip(b"\t")):
            return text[: starts[-1]], 1
    return text, 0


def _parse(
    plan: _Plan, text: bytes, line: int, is_last: bool
) -> tuple[dict[str, npt.NDArray], int]:
    """Return the wanted columns of a block whose lines are complete, and how many lines were dropped."""
    if plan.decimal_comma:
        text = text.translate(TO_POINT)
    columns = plan.columns()
    rows = text.decode("latin-1").split("\n")[:-1]
    lines = len(rows)
    try:
        values = _numbers(plan, rows)
    except ValueError:
        at, name, expected, found = _culprit(plan, text)
        if is_last and at == lines - 1 and name == plan.names[-1]:
            kept = text[: text[:-1].rfind(b"\n") + 1]
            if plan.decimal_comma:
                kept = kept.translate(FROM_POINT)
            return (_parse(plan, kept, line, False)[0] if kept else {}), 1
        raise ReadError(plan.path, f"line {line + at}, column {name!r}", expected, found) from None
    for i, name, kind in columns:
        if kind not in (float, int):
            cells = [_original(plan, row.split("\t", i + 1)[i]) for row in rows]
            values[name] = kind(np.array(cells, dtype=object), line)
    return values, 0


def _numbers(plan: _Plan, rows: list[str]) -> dict[str, npt.NDArray]:
    """Return the columns of numbers; a ValueError where a cell is none.

    numpy reads large files at a fifth of the speed of pandas, but most files in less time than it takes to import pandas.
    """
    columns = [column for column in plan.columns() if column[2] in (float, int)]
    if not columns:
        return {}
    lacking: dict[int | str, Callable[[str], float]] = {}
    if any(NOT_AVAILABLE in row for row in rows):
        lacking = {i: _or_missing for i, name, k in columns if k is float and name in plan.missing}
    table = np.loadtxt(
        rows,
        delimiter="\t",
        usecols=[i for i, _, _ in columns],
        comments=None,
        converters=lacking or None,
        encoding=None,
        ndmin=2,
    )
    if len(table) != len(rows):
        raise ValueError  # a blank line
    return {
        name: _typed(table[:, k].copy(), kind, may_lack=i in lacking)
        for k, (i, name, kind) in enumerate(columns)
    }


def _or_missing(cell: str) -> float:
    """Return a number, or NaN for XXX; anything else that float takes for a number is none here."""
    if cell == NOT_AVAILABLE:
        return math.nan
    if not math.isfinite(number := float(cell)) or "_" in cell:
        raise ValueError(cell)
    return number


def _typed(array: npt.NDArray, kind: Kind, *, may_lack: bool) -> npt.NDArray:
    """Check that numbers are finite, unless some may be missing, and counts whole."""
    if not may_lack and not np.isfinite(array).all():
        raise ValueError
    if kind is int:
        if not (np.abs(array) < 2**31).all() or (array != np.floor(array)).any():
            raise ValueError
        return array.astype(np.int32)
    return array


def _original(plan: _Plan, cell: str) -> str:
    """Return a cell as it stands in the file."""
    if not plan.decimal_comma:
        return cell
    return cell.encode("latin-1", "replace").translate(FROM_POINT).decode("latin-1")


def _culprit(plan: _Plan, text: bytes) -> tuple[int, str, str, str]:
    """Find the first cell that is not what its column holds: line, column, expected, found."""
    columns = plan.columns()
    for at, row in enumerate(text.decode("latin-1").split("\n")[:-1]):
        cells = row.split("\t")
        if "\r" in row:
            return at, plan.names[row[: row.index("\r")].count("\t")], "one line end", "a lone CR"
        for i, name, kind in columns:
            cell = cells[i]
            written = quote(_original(plan, cell))
            if kind not in (float, int) or (name in plan.missing and cell == NOT_AVAILABLE):
                continue
            try:
                number = float(cell)
            except ValueError:
                return at, name, "a number", written
            if not np.isfinite(number) or "_" in cell:
                return at, name, "a finite number", written
            if kind is int and (number != int(number) or abs(number) >= 2**31):
                return at, name, "a whole number", written
    return 0, columns[0][1], "numbers", "a block that does not parse"
