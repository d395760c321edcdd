"""Lines of a text export or cells of a workbook, a block at a time: a file of any size needs a block's memory."""

from __future__ import annotations

import codecs
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ..errors import ReadError, quote
from .text import decode, read_head

BLOCK_BYTES = 4 << 20
HEAD_BYTES, HEAD_ROWS = 1 << 16, 60
MAX_LINE = 1 << 20
BLOCK_ROWS = 20_000
# A workbook that unpacks to more than this, or to this many times its size, is no measurement.
MAX_UNPACKED_BYTES, MAX_RATIO = 8 << 30, 200

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Block:
    """Some lines.

    Attributes
    ----------
    first : int
        Number of the first line, from 1.
    lines : list of str
        Without line ends; cells of a workbook are joined by TAB.
    last : bool
        No line follows.
    ended : bool
        The last line has its line end: nothing is being written behind it.
    sheet : str
        Name of the sheet, for messages.
    """

    first: int
    lines: list[str]
    last: bool
    ended: bool = True
    sheet: str = ""


def encoding_of(path: Path, tried: Sequence[str] = ()) -> str:
    """Return the encoding of a text file: the first of `tried` that fits all of it, else told from its bytes.

    Raises
    ------
    ReadError
        Unreadable, empty, or not text in any of `tried`.
    """
    head = read_head(path, HEAD_BYTES)
    for encoding in tried:
        if _fits(path, encoding):
            return encoding
    if tried:
        raise ReadError(path, "bytes", f"text in {' or '.join(tried)}", quote(head[:24]))
    # A character may be cut at the end of the head.
    guess = decode(head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head, path)[1]
    if guess == "utf-8":
        mark = head.startswith(b"\xef\xbb\xbf")
        return ("utf-8-sig" if mark else "utf-8") if _fits(path, "utf-8") else "cp1252"
    return "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else guess


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while data := stream.read(BLOCK_BYTES):
                decoder.decode(data)
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def head_text(head: bytes) -> str:
    """Return the beginning of a file as text, for recognition; what cannot be decoded is replaced."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, errors="replace").replace("\r\n", "\n")
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text[1:2] == b"\0" and text[3:4] == b"\0":
        return text.decode("utf-16-le", errors="replace").replace("\r\n", "\n")
    try:
        found = text.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that only the end of the head cuts does not make it another encoding.
        cut = error.start >= len(text) - 4
        found = text.decode("utf-8" if cut else "cp1252", errors="replace")
    return _LINE_END.sub("\n", found)


def text_blocks(path: Path, encoding: str) -> Iterator[Block]:
    """Yield the lines of a text file.

    Raises
    ------
    ReadError
        A line without end, or bytes that are no text in this encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)(
        errors="replace" if encoding in ("cp1252", "cp1251") else "strict"
    )
    first, rest, done = 1, "", False
    held: Block | None = None  # one block waits, so that the last line is known as such
    with path.open("rb") as stream:
        while not done:
            data = stream.read(BLOCK_BYTES)
            done = not data
            try:
                rest += decoder.decode(data, final=done and not encoding.startswith("utf-16"))
            except UnicodeError as error:
                raise ReadError(
                    path, f"after line {first}", f"text in {encoding}", quote(str(error)), "export it again"
                ) from error  # fmt: skip
            if not done and rest.endswith("\r"):
                continue  # the other half of CRLF may follow
            lines = _LINE_END.split(rest)
            rest = lines.pop()
            ended = rest == ""
            if done and not ended:
                lines.append(rest)
            if len(rest) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
                raise ReadError(
                    path, f"after line {first}", "lines of numbers", "a line without end"
                )
            if lines:
                if held is not None:
                    yield held
                held = Block(first, lines, False, ended or not done)
                first += len(lines)
    if held is not None:
        lines = held.lines
        while lines and not lines[-1].strip(" \t\x1a\0"):
            lines = lines[:-1]
        yield Block(held.first, lines, True, held.ended or len(lines) < len(held.lines))


def workbook_blocks(path: Path, sheet: str) -> Iterator[Block]:
    """Yield the rows of one sheet of a workbook.

    Raises
    ------
    ReadError
        Not a workbook that can be read.
    """
    with closing(_open(path)) as book:
        first, lines = 1, []
        for row in book[sheet].iter_rows(values_only=True):
            lines.append("\t".join(_cell(value) for value in row))
            if len(lines) == BLOCK_ROWS:
                yield Block(first, lines, False, sheet=sheet)
                first, lines = first + len(lines), []
        yield Block(first, lines, True, sheet=sheet)


def workbook_heads(path: Path) -> dict[str, str]:
    """Return the first rows of every sheet as text, by its name.

    Raises
    ------
    ReadError
        Not a workbook that can be read.
    """
    with closing(_open(path)) as book:
        return {
            sheet.title: "\n".join(
                "\t".join(_cell(v) for v in row)
                for row in sheet.iter_rows(max_row=HEAD_ROWS, values_only=True)
            )
            for sheet in book.worksheets
        }


def is_workbook(path: Path) -> bool:
    """Whether a file is an .xlsx workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _open(path: Path) -> Any:
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > min(MAX_UNPACKED_BYTES, MAX_RATIO * path.stat().st_size + (1 << 20)):
            raise ReadError(path, "archive", "a workbook", f"{unpacked} bytes when unpacked")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which hold no numbers
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except ReadError:
        raise
    except Exception as error:  # whatever a damaged archive makes the library raise
        found = quote(f"{type(error).__name__} {error}".strip())
        raise ReadError(path, "archive", "an intact workbook", found, "export it again") from error


def _cell(value: Any) -> str:
    """Return a cell as text: numbers with all digits, times as clocks."""
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f} s"
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return " ".join(str(value).split())
