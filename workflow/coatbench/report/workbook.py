"""Tables and plotted numbers as Excel workbooks, for those who go on in a spreadsheet or in Origin.

The CSV files stay the results, in full precision. Here numbers are rounded to what their uncertainty supports, and beside
each sample stand its label and what was varied.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..quality import DOUBTFUL, UNUSABLE
from ..tables import read_table
from .wide import wide

SHEET_NAME = 31  # letters that Excel allows
DIGITS = 6  # significant ones of a number without an uncertainty of its own
FILLS = {DOUBTFUL: "FFF1E0", UNUSABLE: "F9D9D5"}
_CHANGED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def write_workbook(
    path: str | Path,
    tables: Sequence[str | Path],
    *,
    title: str,
    simulated: bool,
    samples: Sequence[Mapping[str, str]],
    meanings: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write tables (CSV files) as one workbook: a sheet each, and a first one that explains.

    Parameters
    ----------
    path : path-like
        The .xlsx file; equal tables give equal bytes.
    tables : sequence of path-like
    title, simulated : what the study is called, and whether its data are simulated
    samples : rows of samples.csv
    meanings : table -> column -> what it holds; stands in the sheet `columns`
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    names = _sheet_names([Path(t).stem for t in tables])
    first = book.create_sheet("about")
    first.column_dimensions["A"].width = 34
    first.column_dimensions["B"].width = 90
    for row in _about(title, simulated):
        first.append(_cells(first, row, bold=len(row) == 1))
    shown = {Path(t): read_table(t) for t in tables}
    beside = {s["sample"]: _beside(s) for s in samples}
    labels = {s["sample"]: str(s.get("label") or s["sample"]) for s in samples}
    for table, rows in shown.items():
        # Of tables only a figure's plotted numbers are curves.
        curves = None if meanings else wide(table.stem, rows, labels)
        if curves is None:
            first.append(
                [names[table.stem], f"{len(rows)} row{'s'[: len(rows) != 1]} of {table.name}"]
            )
            _sheet(book.create_sheet(names[table.stem]), table, rows, beside)
            continue
        heads, columns, rest = curves
        first.append([names[table.stem], f"curves of {table.name}, a column each"])
        _wide_sheet(book.create_sheet(names[table.stem]), heads, columns)
        if rest:
            points = f"{names[table.stem][: SHEET_NAME - 7]} points"
            first.append(
                [
                    points,
                    f"{len(rest)} row{'s'[: len(rest) != 1]} of {table.name} outside of the curves",
                ]
            )
            _sheet(book.create_sheet(points), table, rest, beside)
    if meanings:
        sheet = book.create_sheet("columns")
        sheet.append(_cells(sheet, ["table", "column", "meaning"], bold=True))
        for name in names:
            for column, meaning in meanings.get(name, {}).items():
                sheet.append(_cells(sheet, [name, column, meaning]))
    stream = io.BytesIO()
    book.save(stream)
    _write_undated(stream, Path(path))


def _about(title: str, simulated: bool) -> Iterator[list[str]]:
    yield [title]
    if simulated:
        yield ["Simulated study: every number was made by a computer, none was measured."]
    yield [
        "_sd",
        "one standard uncertainty, in the unit of the value; _ci_low and _ci_high: 95 % interval",
    ]
    yield ["empty cell", "unknown"]
    yield ["quality", "doubtful (shaded): counts, but look at it; unusable (red): counts nowhere"]
    yield [
        "digits",
        "two of the uncertainty, and the value to the same place; the CSV files hold all",
    ]
    yield ["sheet", "content"]


def _beside(sample: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands beside a sample's id: its label, and whatever samples.csv says of its making."""
    left_out = ("sample", "label", "role")
    more = {k: _number(v) for k, v in sample.items() if k not in left_out and not k.startswith("#")}
    return {"label": sample.get("label") or None, **more}


def _number(text: str) -> Any:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _sheet(
    sheet: Any,
    table: Path,
    rows: Sequence[Mapping[str, Any]],
    beside: Mapping[str, Mapping[str, Any]],
) -> None:
    columns = list(rows[0]) if rows else _header(table)
    more = list(dict.fromkeys(k for values in beside.values() for k in values))
    more = [k for k in more if k not in columns] if "sample" in columns else []
    at = columns.index("sample") + 1 if more else 0
    head = [*columns[:at], *more, *columns[at:]]
    sheet.freeze_panes = "A2"
    for i, name in enumerate(head):
        sheet.column_dimensions[_letter(i)].width = min(40, max(9, len(name) + 2))
    sheet.append(_cells(sheet, head, bold=True))
    for row in rows:
        own = beside.get(str(row.get("sample")), {})
        values = [own.get(k) if k in more else _rounded(row, k) for k in head]
        sheet.append(_cells(sheet, values, fill=FILLS.get(str(row.get("quality")))))


def _wide_sheet(sheet: Any, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet.freeze_panes = "A2"
    sheet.append(_cells(sheet, heads, bold=True))
    for row in rows:
        sheet.append([float(f"{v:.{DIGITS}g}") if isinstance(v, float) else v for v in row])


def _header(table: Path) -> list[str]:
    with table.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _letter(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(index + 1))


def _cells(
    sheet: Any, values: Iterable[Any], *, bold: bool = False, fill: str | None = None
) -> list[Any]:
    """Return cells; text is text also where it looks like a formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font, PatternFill

    made = []
    for value in values:
        if isinstance(value, str):
            value = ILLEGAL_CHARACTERS_RE.sub(" ", value)
        if not (bold or fill or isinstance(value, str)):
            made.append(value)
            continue
        cell = WriteOnlyCell(sheet, value=value)
        if isinstance(value, str):
            cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        if fill:
            cell.fill = PatternFill("solid", fgColor=fill)
        made.append(cell)
    return made


def _rounded(row: Mapping[str, Any], column: str) -> Any:
    """Return a cell with the digits that its uncertainty supports.

    Examples
    --------
    >>> _rounded({"x": 3.14159, "x_sd": 0.0123}, "x"), _rounded({"x": 3.14159, "x_sd": 0.0123}, "x_sd")
    (3.142, 0.012)
    """
    value = row[column]
    if isinstance(value, bool) or not isinstance(value, float) or not math.isfinite(value):
        return value
    base = re.sub(r"_(sd|ci_low|ci_high)\Z", "", column)
    scale = row.get(f"{base}_sd")
    if not scale:
        low, high = row.get(f"{base}_ci_low"), row.get(f"{base}_ci_high")
        scale = None if low is None or high is None else (high - low) / 4
    if not scale or value == 0:
        return float(f"{value:.{DIGITS}g}")
    return round(value, 1 - math.floor(math.log10(abs(scale))))


def _sheet_names(names: Sequence[str]) -> dict[str, str]:
    """Return a sheet's name for each table, short enough and each once."""
    made: dict[str, str] = {}
    for name in names:
        short, number = name[:SHEET_NAME], 2
        while short.lower() in {s.lower() for s in made.values()} | {"about", "columns"}:
            short = f"{name[: SHEET_NAME - len(str(number)) - 1]}~{number}"
            number += 1
        made[name] = short
    return made


def _write_undated(stream: io.BytesIO, path: Path) -> None:
    """Write the archive without the time at which it was made."""
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(stream) as made, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as kept:
        for entry in made.infolist():
            content = made.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _CHANGED.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            kept.writestr(
                zipfile.ZipInfo(entry.filename, (2000, 1, 1, 0, 0, 0)),
                content,
                zipfile.ZIP_DEFLATED,
            )
    part.replace(path)
