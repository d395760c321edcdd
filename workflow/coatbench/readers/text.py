"""Text exports: decode them, cut them into lines, turn cells into numbers. Strict, and with a place in every error.

Instruments write in the code page of the PC that they stand beside, with the line ends of whatever ran on
it, and with the decimal sign of its country. Nothing here guesses a number: what is not plainly one is an error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import ReadError, quote

MAX_BYTES = 1 << 30  # a text export beyond 1 GiB is a mistake, not a measurement

# CR CR LF is one end of a line that went through a text mode twice, as comments of CasaXPS do.
_LINE_END = re.compile(r"\r{0,2}\n|\r")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMERIC_CHARACTERS = re.compile(r"[0-9eE+\-., \t;]*")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Two Cyrillic letters of cp1251 side by side are a Russian word; in cp1252 the same bytes are
# accented letters, which stand alone (or in pairs such as the German sharp s after a vowel).
_CYRILLIC_WORD = re.compile(rb"[\xc0-\xff]{3,}")


@dataclass(frozen=True)
class Text:
    """A decoded text file.

    Attributes
    ----------
    path : Path
    encoding : str
        What it was decoded with.
    lines : list of str
        Without line ends; the empty piece after a final line end is not a line.
    ended : bool
        The last line has its line end. If not, the instrument may still have been writing.
    line_end : str
        The first line end of the file; empty if there is none.
    """

    path: Path
    encoding: str
    lines: list[str]
    ended: bool
    line_end: str

    def where(self, index: int) -> str:
        """Return the place of `lines[index]` for a message: ``line 12`` counts from 1."""
        return f"line {index + 1}"

    def error(self, index: int, expected: str, found: str, advice: str = "") -> ReadError:
        """Return a ReadError at `lines[index]`, with `found` quoted and shortened."""
        return ReadError(self.path, self.where(index), expected, quote(found), advice)


def read_bytes(path: str | Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file.

    Raises
    ------
    ReadError
        It cannot be opened, is empty, or is larger than `max_bytes`.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise ReadError(path, "file", f"at most {max_bytes} bytes", f"{size} bytes")
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    if not raw:
        raise ReadError(path, "byte 0", "a raw export", "an empty file", "export it again")
    return raw


def read_head(
    path: Path, size: int, opened: Callable[[Path], BinaryIO] = lambda path: path.open("rb")
) -> bytes:
    """Read the beginning of a file.

    Raises
    ------
    ReadError
        It cannot be opened, or is empty.
    """
    try:
        with opened(path) as stream:
            head = stream.read(size)
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    if not head:
        raise ReadError(path, "byte 0", "a raw export", "an empty file", "export it again")
    return head


def decode(raw: bytes, path: str | Path) -> tuple[str, str]:
    """Decode bytes of unknown encoding.

    A byte order mark decides; else zero bytes in every second place mean UTF-16; else UTF-8 if it is
    valid; else Windows-1251 if there are Cyrillic words, Windows-1252, and Latin-1 as the last resort.

    Returns
    -------
    text, encoding : str

    Raises
    ------
    ReadError
        Marked or recognised as UTF-8 or UTF-16 and not valid as such.
    """
    path = Path(path)
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return _strict(raw[len(mark) :], encoding, path), encoding
    if (guess := _utf16_without_mark(raw)) is not None:
        return _strict(raw, guess, path), guess
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    order = ("cp1251", "cp1252") if _CYRILLIC_WORD.search(raw) else ("cp1252", "cp1251")
    for encoding in order:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def is_utf16(raw: bytes) -> bool:
    """Whether bytes are text in UTF-16, by their mark or their zero bytes."""
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff") or _utf16_without_mark(raw) is not None


def _utf16_without_mark(raw: bytes) -> str | None:
    head = raw[:4096]
    if len(head) < 8 or len(head) % 2:
        head = head[: len(head) // 2 * 2]
    pairs = len(head) // 2
    if pairs < 4:
        return None
    zeros_even, zeros_odd = head[0::2].count(0), head[1::2].count(0)
    if zeros_odd > 0.7 * pairs and zeros_even < 0.1 * pairs:
        return "utf-16-le"
    if zeros_even > 0.7 * pairs and zeros_odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def _strict(raw: bytes, encoding: str, path: Path) -> str:
    if encoding.startswith("utf-16") and len(raw) % 2:
        raw = raw[:-1]  # half a character at the very end: the last line is incomplete anyhow
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(
            path,
            f"byte {error.start}",
            f"text in {encoding.upper()}",
            quote(raw[error.start : error.start + 8]),
            "export it again",
        ) from error


def read_text(path: str | Path, max_bytes: int = MAX_BYTES) -> Text:
    """Read, decode and cut a text export into lines; CR, LF and CRLF end a line, nothing else does.

    Raises
    ------
    ReadError
        Unreadable, empty, too large, or not valid in the encoding that it is marked with.
    """
    path = Path(path)
    text, encoding = decode(read_bytes(path, max_bytes), path)
    first = _LINE_END.search(text)
    lines = _LINE_END.split(text)
    ended = lines[-1] == ""
    if ended:
        lines.pop()
    if not lines:
        raise ReadError(path, "byte 0", "a raw export", "an empty file", "export it again")
    return Text(path, encoding, lines, ended, first.group() if first else "")


def number(cell: str, path: str | Path, where: str, what: str = "a number") -> float:
    """Parse one cell: an optional sign, digits with a decimal point or comma, an optional exponent.

    Thousands separators, ``nan``, ``inf``, hexadecimal and overflow to infinity are errors, not numbers.

    Parameters
    ----------
    cell : str
        Blanks around it are ignored.
    path, where, what
        File, place and meaning for the message.

    Raises
    ------
    ReadError
    """
    value = parse_number(cell)
    if value is None:
        raise ReadError(path, where, what, quote(cell))
    return value


def parse_number(cell: str) -> float | None:
    """Return the number that a cell holds, or None if it holds none (see `number`)."""
    stripped = cell.strip(" \t")
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped.replace(",", "."))
    return value if math.isfinite(value) else None


def integer(cell: str, path: str | Path, where: str, what: str, low: int, high: int) -> int:
    """Parse a whole number within [low, high]; declared counts go through here before anything is allocated.

    Raises
    ------
    ReadError
    """
    stripped = cell.strip(" \t")
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", stripped):
        raise ReadError(path, where, what, quote(cell))
    value = int(stripped)
    if not low <= value <= high:
        raise ReadError(path, where, f"{what} from {low} to {high}", str(value))
    return value


def read_rows(
    text: Text,
    start: int,
    stop: int,
    n_columns: int,
    separator: str | None = None,
    decimal: str | None = None,
    missing: frozenset[str] = frozenset(),
    columns: Sequence[int] | None = None,
    drop_cut: bool = True,
) -> tuple[np.ndarray, int]:
    """Parse ``text.lines[start:stop]`` as rows of numbers.

    Parameters
    ----------
    text : Text
        The decoded file.
    start, stop : int
        Range of lines.
    n_columns : int
        Cells of every row; empty cells after them (trailing separators) are ignored.
    separator : str or None
        None splits at any run of blanks and tabs.
    decimal : str or None
        ``"."`` or ``","``; the other sign is then an error. None takes either, but one of them in all rows (unless the
        comma separates).
    missing : frozenset of str
        Cells that stand for "no value" and become NaN; by default none do.
    columns : sequence of int, optional
        Which cells are numbers; the others are not looked at. By default all are.
    drop_cut : bool
        Leave out a last line of the file that has no line end and is not plainly complete.

    Returns
    -------
    values : (row, n_columns or len(columns)) array of float
    dropped : int
        1 if the last line of the file was left out, else 0.

    Raises
    ------
    ReadError
        A cell is not a number, or a row has the wrong number of cells.
    """
    dropped = 0
    at_end = stop == len(text.lines) and stop > start and not text.ended
    if drop_cut and at_end and not last_is_whole(text.lines[start:stop][-2:], separator, n_columns):
        stop, dropped = stop - 1, 1
    if separator == ",":
        decimal = "."
    take = range(n_columns) if columns is None else columns
    values = np.empty((stop - start, len(take)))
    signs: set[str] = set()
    for i in range(start, stop):
        values[i - start] = _row(text, i, n_columns, separator, decimal, missing, take, signs)
    return values, dropped


def _row(
    text: Text,
    index: int,
    n_columns: int,
    separator: str | None,
    decimal: str | None,
    missing: frozenset[str],
    take: Sequence[int],
    signs: set[str],
) -> list[float]:
    line = text.lines[index]
    cells = split(line, separator)
    while len(cells) > n_columns and not cells[-1].strip():
        cells.pop()
    if len(cells) != n_columns:
        raise text.error(index, f"{n_columns} columns", line, f"it has {len(cells)}")
    if len(take) < n_columns:
        cells = [cells[k] for k in take]
    wrong = {".": ",", ",": "."}.get(decimal or "")
    joined = ";".join(cells)
    if decimal is None:
        # One of two signs parts thousands, and nothing says which.
        signs |= {sign for sign in ".," if sign in joined}
        if len(signs) > 1:
            raise text.error(
                index,
                "one decimal sign in all rows",
                line,
                "point and comma stand in the file: export without marks between thousands",
            )
    if _NUMERIC_CHARACTERS.fullmatch(joined) and (wrong is None or wrong not in joined):
        # The usual row: with these characters float() takes exactly what `number` takes.
        try:
            row = [float(cell.replace(",", ".")) for cell in cells]
        except ValueError:
            pass
        else:
            if all(map(math.isfinite, row)):
                return row
    row = []
    for k, cell in zip(take, cells, strict=True):
        if cell.strip() in missing:
            row.append(math.nan)
            continue
        value = None if wrong is not None and wrong in cell else parse_number(cell)
        if value is None:
            raise text.error(index, f"a number in column {k + 1}", cell)
        row.append(value)
    return row


def split(line: str, separator: str | None) -> list[str]:
    """Cut a line into cells; None cuts at any run of blanks and tabs."""
    return line.split() if separator is None else line.split(separator)


def last_is_whole(rows: Sequence[str], separator: str | None, n_columns: int) -> bool:
    """Whether a last line without its line end is complete: its last cell is written like the one above.

    A number that lost its last digits still looks like a number; one with as many decimals and exponent
    digits as its neighbour did not lose any. Whole numbers cannot be told, so they count as cut.
    """
    if len(rows) < 2:
        return False
    above, last = ([c for c in split(row, separator)] for row in rows)
    if len(last) != len(above) or len(last) < n_columns:
        return False
    forms = [re.sub(r"^[+-]?[0-9]+|[0-9]", "9", cell.strip()) for cell in (above[-1], last[-1])]
    forms = [form.replace("-", "+") for form in forms]
    return forms[0] == forms[1] and ("." in forms[0] or "," in forms[0])
