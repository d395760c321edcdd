"""Tables as people's spreadsheets write them: separators, decimal signs, encodings and workbooks told by their content.

Only the standard library, and openpyxl where a workbook is met: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import csv
import datetime
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import StudyError, quote

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
MAX_BYTES = 50_000_000  # of a table; a million rows of an index are fewer
MAX_CELLS_RUN_OVER = 2  # lines that one cell may fill


@dataclass(frozen=True)
class Sheet:
    """A table as it stands in its file, all cells text.

    Attributes
    ----------
    header : list of str
        Names of the columns, blanks around them removed.
    header_row : int
        Number of the header's line (from 1).
    rows : list of (int, list of str)
        Number of the line in the file, and its cells.
    separator : str
        One of `SEPARATORS`; empty for a workbook.
    assumed : list of str
        How the file was read, where it is not UTF-8 with commas.
    """

    header: list[str]
    header_row: int
    rows: list[tuple[int, list[str]]]
    separator: str = ","
    assumed: list[str] = field(default_factory=list)


def read_sheet(path: str | Path, known: Collection[str] = ()) -> Sheet:
    """Read a table: CSV of any kind, or the first sheet of an .xlsx workbook.

    Parameters
    ----------
    path : path-like
        A line that starts with `#` is a comment, an empty one is passed over.
    known : collection of str
        Columns that may stand in it; they decide which separator it has.

    Raises
    ------
    StudyError
        One line: not a regular file, too large, of no known encoding, a quote that is never closed, no header.
    """
    path = Path(path)
    if not path.exists():
        raise StudyError([f"{path}: expected a table, found No such file or directory"])
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise StudyError([f"{path}: expected a table, found {kind}"])
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StudyError([f"{path}: expected a table, found more than {MAX_BYTES:,} bytes"])
        if path.suffix.lower() == ".xlsx":
            return _workbook(path)
        raw = path.read_bytes()
    except OSError as error:
        raise StudyError([f"{path}: expected a table, found {error.strerror}"]) from error
    if raw.startswith(b"PK\x03\x04"):
        raise StudyError(
            [
                f"{path}: expected text, found a workbook; name it {path.stem}.xlsx, or save it as CSV"
            ]
        )
    return _delimited(path, raw, known)


def _decode(path: Path, raw: bytes) -> tuple[str, str]:
    """Return the text, and what was assumed of its encoding where it is not UTF-8."""
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if raw.startswith(mark):
            return _strictly(path, raw[2:], name), "UTF-16"
    for name, zeros in (("utf-16-le", raw[1:40:2]), ("utf-16-be", raw[0:40:2])):
        if len(zeros) > 3 and not any(zeros):  # every second byte of Latin text is 0
            return _strictly(path, raw, name), "UTF-16 without a byte order mark"
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return _strictly(path, raw, "cp1252"), "Windows encoding (cp1252)"


def _strictly(path: Path, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise StudyError(
            [
                f"{path}: byte {error.start}: expected UTF-8, UTF-16 or cp1252 text, found "
                f"{quote(error.object[error.start : error.end])}"
            ]
        ) from error


def _delimited(path: Path, raw: bytes, known: Collection[str]) -> Sheet:
    text, encoding = _decode(path, raw)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise StudyError([f"{path}: row {line}: expected text, found a zero byte"])
    lines = re.split(r"\r\n|\n|\r", text)
    start = 0
    stated = re.fullmatch(r"sep=(.)", lines[0].strip("\ufeff \"'"))  # how Excel is told
    if stated:
        start = 1
    first = next((i for i in range(start, len(lines)) if not _passed_over(lines[i])), None)
    if first is None:
        raise StudyError([f"{path}: expected a header line, found an empty table"])
    separator = _separator(lines[first], known)
    if stated and stated[1] in SEPARATORS:
        separator = stated[1]
    rows = list(_records(path, lines, first, separator))
    assumed = [f"{SEPARATORS[separator]}-separated"] if separator != "," else []
    number, header = rows[0]
    return Sheet(header, number, rows[1:], separator, assumed + ([encoding] if encoding else []))


def _passed_over(line: str) -> bool:
    return not line.strip(' \t,;"\xa0') or line.lstrip(' "\ufeff').startswith("#")


def _separator(header: str, known: Collection[str]) -> str:
    """Return the separator by which most of a header's columns are known ones; else the one that makes most columns."""

    def merit(separator: str) -> tuple[int, int]:
        try:
            cells = [c.strip() for c in next(csv.reader([header], delimiter=separator))]
        except csv.Error:
            return -1, 0
        return len({*cells} & {*known}), len(cells)

    return max(SEPARATORS, key=merit)


def _records(
    path: Path, lines: list[str], first: int, separator: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of its first line and the cells of each row; comments and empty lines are passed over."""
    at = first
    while at < len(lines):
        if _passed_over(lines[at]):
            at += 1
            continue
        number, cells = at + 1, None
        for end in range(at + 1, min(at + 1 + MAX_CELLS_RUN_OVER, len(lines)) + 1):
            try:
                cells = next(
                    csv.reader(["\n".join(lines[at:end])], delimiter=separator, strict=True)
                )
            except csv.Error:
                continue
            at = end
            break
        if cells is None or any(separator in c and "\n" in c for c in cells):
            raise StudyError(
                [
                    f'{path}: row {number}: expected a quote (") on both sides of a cell, '
                    f"found {quote(lines[number - 1])}"
                ]
            )
        yield number, [" ".join(c.split("\n")).strip() for c in cells]


def _workbook(path: Path) -> Sheet:
    """Read the first sheet of a workbook: values as a person sees them, formulas by their stored result."""
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise StudyError([f"{path}: expected a table, found more than {MAX_BYTES:,} bytes"])
        book = openpyxl.load_workbook(path, data_only=True)
        written = openpyxl.load_workbook(path)
    except StudyError:
        raise
    except Exception as error:  # whatever a damaged archive or its XML makes of the library
        raise StudyError(
            [f"{path}: expected an .xlsx workbook, found a damaged one; save it again, or as CSV"]
        ) from error
    if not book.worksheets:
        raise StudyError([f"{path}: expected a sheet with a table, found none"])
    sheet = book.worksheets[0]
    formulas = written.worksheets[0]
    rows: list[tuple[int, list[str]]] = []
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_as_text(value) for value in values]
        for column, text in enumerate(cells, 1):
            if not text and formulas.cell(number, column).data_type == "f":
                raise StudyError(
                    [
                        f"{path}: row {number}: expected a value, found a formula without its result; "
                        "open and save it in a spreadsheet program"
                    ]
                )
        if any(cells) and not cells[0].startswith("#"):
            rows.append((number, cells))
    if not rows:
        raise StudyError([f"{path}: expected a header line, found an empty table"])
    number, header = rows[0]
    while header and not header[-1]:
        header = header[:-1]
    of = f" of {len(book.worksheets)}" if len(book.worksheets) > 1 else ""
    return Sheet(header, number, rows[1:], "", [f"workbook, sheet {quote(sheet.title)}{of}"])


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return " ".join(str(value).split("\n")).strip()
