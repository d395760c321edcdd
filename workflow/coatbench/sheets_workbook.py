"""Tables in .xlsx workbooks, as a person sees them: values, merged cells, leading zeros, and what is hidden."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .errors import StudyError, quote
from .sheet import (  # fmt: skip
    MAX_BYTES,
    MAX_TITLE_LINES,
    Sheet,
    numbered,
    said_of_comments,
    said_of_titles,
    title_lines,
)


def read_workbook(path: Path, known: Collection[str]) -> Sheet:
    """Read the sheet of a workbook that holds the table: formulas by their stored result, dates as ISO 8601.

    Of several sheets it is the first visible one, unless only a later one has known columns.

    Raises
    ------
    StudyError
        One line: damaged, no sheet with a table, a formula without its result.
    """
    book, written = _opened(path)
    sheets = [s for s in book.worksheets if s.sheet_state == "visible"] or book.worksheets
    if not sheets:
        raise StudyError([f"{path}: expected a sheet with a table, found none"])
    read = {sheet.title: _rows(sheet) for sheet in sheets}
    chosen = max(sheets, key=lambda s: _merit(read[s.title], known))
    rows = read[chosen.title]
    _look_for_unsaved(path, chosen, written[chosen.title])
    comments = [
        n for n, cells in rows if re.match(r"#[^\s#]", cells[0]) and sum(map(bool, cells)) > 1
    ]
    rows = [(n, cells) for n, cells in rows if not cells[0].startswith("#")]
    if not rows:
        raise StudyError([f"{path}: expected a header line, found an empty table"])
    titles = title_lines([cells for _, cells in rows[:MAX_TITLE_LINES]], known)
    number, header = rows[titles]
    while header and not header[-1]:
        header = header[:-1]
    of = f" of {len(book.worksheets)}" if len(book.worksheets) > 1 else ""
    assumed = [f"workbook, sheet {quote(chosen.title)}{of}", *said_of_titles(titles)]
    if any(r.max_row > r.min_row for r in chosen.merged_cells.ranges):
        assumed.append("merged cells as the same value in each row")
    odd = [
        *said_of_comments([n for n in comments if n > number]),
        *_hidden(chosen, rows[titles + 1 :]),
        *_other_tables(book, chosen, known),
    ]
    return Sheet(header, number, rows[titles + 1 :], "", assumed, odd)


def _opened(path: Path) -> tuple[Any, Any]:
    """Return the workbook with the stored results of formulas, and with the formulas."""
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise StudyError([f"{path}: expected a table, found more than {MAX_BYTES:,} bytes"])
        return openpyxl.load_workbook(path, data_only=True), openpyxl.load_workbook(path)
    except StudyError:
        raise
    except Exception as error:  # whatever a damaged archive or its XML makes of the library
        raise StudyError(
            [f"{path}: expected an .xlsx workbook, found a damaged one; save it again, or as CSV"]
        ) from error


def _rows(sheet: Any) -> list[tuple[int, list[str]]]:
    """Return the rows of a sheet that hold anything, with their numbers."""
    merged = {}
    for area in sheet.merged_cells.ranges:
        for row in range(area.min_row + 1, area.max_row + 1):
            merged[row, area.min_col] = (area.min_row, area.min_col)
    rows = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [
            _as_text(sheet.cell(*merged[number, column]) if (number, column) in merged else cell)
            for column, cell in enumerate(cells, 1)
        ]
        if any(texts):
            rows.append((number, texts))
    return rows


def _merit(rows: list[tuple[int, list[str]]], known: Collection[str]) -> bool:
    return any(len({*cells} & {*known}) > 1 for _, cells in rows[:MAX_TITLE_LINES])


def _look_for_unsaved(path: Path, sheet: Any, formulas: Any) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is None and formulas.cell(cell.row, cell.column).data_type == "f":
                raise StudyError(
                    [
                        f"{path}: row {cell.row}: expected a value, found a formula without its result; "
                        "open and save it in a spreadsheet program"
                    ]
                )


def _hidden(sheet: Any, rows: list[tuple[int, list[str]]]) -> list[str]:
    hidden = [n for n, _ in rows if n in sheet.row_dimensions and sheet.row_dimensions[n].hidden]
    if not hidden:
        return []
    verb = ("is", "it is") if len(hidden) == 1 else ("are", "they are")
    return [f"{numbered(hidden)} {verb[0]} hidden in the workbook; {verb[1]} read like all others"]


def _other_tables(book: Any, chosen: Any, known: Collection[str]) -> list[str]:
    """Name the sheets that are not read; of those that look like this table it is said."""
    others = [s for s in book.worksheets if s.title != chosen.title]
    alike = [s.title for s in others if _merit(_rows(s), known)]
    return [
        f"sheet {quote(title)} holds such a table too and is not read; one sheet is"
        for title in alike
    ]


def _as_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and re.fullmatch(r"0{2,}", str(cell.number_format)):
        return f"{value:.0f}".zfill(len(cell.number_format))  # 007 as it is shown
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return " ".join(str(value).split("\n")).strip()
