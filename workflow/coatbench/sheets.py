"""Tables as people's spreadsheets write them: separators, decimal signs, encodings and workbooks told by their content.

Only the standard library, and openpyxl where a workbook is met: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from .errors import StudyError, quote
from .sheet import (
    MAX_BYTES,
    MAX_TITLE_LINES,
    SEPARATORS,
    Sheet,
    said_of_comments,
    said_of_titles,
    title_lines,
)
from .sheets_workbook import read_workbook

MAX_CELLS_RUN_OVER = 2  # lines that one cell may fill


def read_sheet(path: str | Path, known: Collection[str] = ()) -> Sheet:
    """Read a table: CSV of any kind, or a sheet of an .xlsx workbook.

    Parameters
    ----------
    path : path-like
        A line that starts with `#` is a comment, an empty one is passed over.
    known : collection of str
        Columns that may stand in it; they decide which separator it has, and which line is its header.

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
            return read_workbook(path, known)
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
    beginning = [i for i in range(first, min(first + MAX_TITLE_LINES, len(lines)))]
    beginning = [i for i in beginning if not _passed_over(lines[i])]
    splits = [_cells(lines[i], _separator(lines[i], known)) for i in beginning]
    titles = title_lines(splits, known)
    separator = _separator(lines[beginning[titles]], known)
    if stated and stated[1] in SEPARATORS:
        separator = stated[1]
    rows = list(_records(path, lines, beginning[titles], separator))
    assumed = [f"{SEPARATORS[separator]}-separated"] if separator != "," else []
    assumed += ([encoding] if encoding else []) + said_of_titles(titles)
    number, header = rows[0]
    comments = [
        i
        for i, line in enumerate(lines[number:], number + 1)
        if re.match(r'[ "]*#[^\s#]', line) and len(_cells(line, separator)) == len(header) > 1
    ]
    return Sheet(header, number, rows[1:], separator, assumed, said_of_comments(comments))


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [c.strip() for c in next(csv.reader([line], delimiter=separator))]
    except csv.Error:
        return []


def _passed_over(line: str) -> bool:
    return not line.strip(' \t,;|"\xa0') or line.lstrip(' "\ufeff').startswith("#")


def _separator(header: str, known: Collection[str]) -> str:
    """Return the separator by which most of a header's columns are known ones; else the one that makes most columns."""

    def merit(separator: str) -> tuple[int, int]:
        cells = _cells(header, separator)
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
        if len(lines[at]) > csv.field_size_limit():
            raise StudyError(
                [
                    f"{path}: row {number}: expected a row of a table, found {len(lines[at]):,} characters"
                ]
            )
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
