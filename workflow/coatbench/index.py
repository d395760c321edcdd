"""What the tables that a user writes may hold: columns, the check of each cell, and which rows are one measurement."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .cell_checks import NUMBER, Check, a_number
from .errors import StudyError, quote
from .sheet import SEPARATORS, Sheet
from .sheets import read_sheet
from .slips import is_no_value, no_row_of_a_table, what_it_was
from .spelling import column_meant, composed, nearest

DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?\Z", re.ASCII)

# The key of a row that has problems of its own: `cells` where its cells are not in their columns, else `values`.
BROKEN = "#broken"


@dataclass(frozen=True)
class Table:
    """What a table must and may hold.

    Attributes
    ----------
    required, optional : mapping of column to check
    files : columns that name a file, relative to the folder of the table
    further_files : columns that name a file which goes with those
    key : no two rows share these
    claims : mapping of columns to columns
        No two rows share these either, where all of the columns on the right have a value: such rows claim the same
        measurement. Numbers are compared as numbers, files as paths.
    apart : mapping of columns of `claims` to text
        What to do about such rows, where the usual advice does not say it.
    needs : mapping of (column, value) to column
        Where a row has that value, the other column may not be empty.
    """

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    files: tuple[str, ...] = ("file",)
    further_files: tuple[str, ...] = ()
    key: tuple[str, ...] = ("sample", "file")
    claims: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    apart: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    needs: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def named_files(self) -> tuple[str, ...]:
        """All columns that name a file."""
        return (*self.files, *self.further_files)

    @property
    def columns(self) -> dict[str, Check]:
        """All columns that are known."""
        return {**self.required, **self.optional}


def read_rows(
    path: Path,
    table: Table,
    problems: list[str],
    notes: list[str] | None = None,
    declared: Collection[str] = (),
) -> list[dict[str, str]]:
    """Return the rows of one table, numbers with a decimal point.

    Parameters
    ----------
    path : Path
    table : Table
    problems : list of str
        What makes the table unusable is added, one line each.
    notes : list of str, optional
        What was assumed and what looks like a typing error is added, one line each.
    declared : collection of str
        Further columns that somebody asked for: no typing errors.

    Returns
    -------
    list of dict
        Column to text. The row's number in the file stands in the key `#`; a row with problems of its own has the key
        `BROKEN`: its id is known all the same, so that no other table is blamed.
    """
    notes = [] if notes is None else notes
    known = {*table.columns, *declared}
    try:
        sheet = read_sheet(path, known)
    except StudyError as error:
        problems.extend(error.problems)
        return []
    if found := list(_header_problems(path, sheet, table)):
        problems.extend(found)
        return []
    notes.extend(_near_misses(path, sheet.header, table, declared))
    notes.extend(f"{path}: {line}" for line in sheet.odd)
    for at, name in enumerate(sheet.header):
        if not name and any(len(cells) > at and cells[at] for _, cells in sheet.rows):
            notes.append(
                f"{path}: row {sheet.header_row}: column {at + 1} has values but no name, and is not read"
            )
    rows = []
    width = len(sheet.header)
    wrong: list[tuple[str, str]] = []  # (row, what is wrong with it)
    for number, cells in sheet.rows:
        row = {c: t for c, t in zip(sheet.header, [*cells, *[""] * width], strict=False) if c}
        row = {c: "" for c in table.optional} | row
        for column in row.keys() - set(table.named_files):
            row[column] = composed(
                row[column]
            )  # files stay as they are spelled: two may differ by that
        row["#"] = str(number)
        if any(cells[width:]):
            wrong.append((row["#"], f"found {len(cells)} cells, expected {width}; is a text with the separator in it without quotes?"))  # fmt: skip
            row[BROKEN] = "cells"
        elif other := _another_separator(cells, width, sheet.separator):
            wrong.append(
                (
                    row["#"],
                    f"found {other}s between cells, expected {SEPARATORS[sheet.separator]}s as in the header",
                )
            )
            row[BROKEN] = "cells"
        elif said := no_row_of_a_table(cells, sheet.header):
            wrong.append((row["#"], said))
            continue
        rows.append(row)
    whole = [row for row in rows if BROKEN not in row]
    problems.extend(f"{path}: {line}" for line in _decimal_points(whole, sheet, table))
    if sheet.assumed:
        notes.append(f"{path}: read as {', '.join(sheet.assumed)}")
    for row in whole:
        found_wrong = list(_cell_problems(row, table))
        wrong.extend((row["#"], line) for line in found_wrong)
        if found_wrong:
            row[BROKEN] = "values"
    problems.extend(f"{path}: {line}" for line in together(wrong))
    problems.extend(_repeated(path, whole, table))
    return rows


def _another_separator(cells: Sequence[str], width: int, separator: str) -> str:
    """Return the name of the separator that a row has instead of the header's; empty where it has the same."""
    if not separator or len([c for c in cells if c]) >= width:
        return ""
    found = [name for mark, name in SEPARATORS.items() if mark != separator and mark in cells[0]]
    return found[0] if found else ""


def together(lines: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each mistake, however many rows have it.

    Examples
    --------
    >>> together([("2", "found nothing"), ("3", "found '-'"), ("4", "found nothing")])
    ["row 2 (and in 1 more): found nothing", "row 3: found '-'"]
    """
    rows: dict[str, list[str]] = {}
    for row, text in lines:
        rows.setdefault(text, []).append(row)
    return [
        f"row {found[0]}{f' (and in {len(found) - 1} more)' if len(found) > 1 else ''}: {text}"
        for text, found in rows.items()
    ]


def _header_problems(path: Path, sheet: Sheet, table: Table) -> Iterable[str]:
    header = sheet.header
    where = f"{path}: row {sheet.header_row}"
    free = [c for c in header if c not in table.columns]
    lacking = [c for c in table.required if c not in header]
    if lacking and len(header) == 1:
        yield (
            f"{where}: expected columns {', '.join(table.required)}, found one column, {quote(header[0])}; "
            "separate columns by commas, semicolons or tabs"
        )
    elif lacking:
        near = [(nearest(c, free, 0.5), c) for c in lacking]
        renamed = ", ".join(f"{found} to {c}" for found, c in near if found)
        yield (
            f"{where}: expected {'a column' if len(lacking) == 1 else 'columns'} {', '.join(lacking)}, found "
            f"{', '.join(header)[:200]}{f'; rename {renamed}?' if renamed else ''}"
        )
    for column in sorted({c for c in header if c and header.count(c) > 1}):
        yield f"{where}: column {column}: found twice, expected once"


def _near_misses(
    path: Path, header: list[str], table: Table, declared: Collection[str]
) -> Iterable[str]:
    absent = [c for c in table.optional if c not in header]
    for column in header:
        if column in table.columns or column in declared:
            continue
        if likely := column_meant(column, absent):
            yield f"{path}: column {column} is not read; did you mean {likely}?"


def _decimal_points(rows: list[dict[str, str]], sheet: Sheet, table: Table) -> list[str]:
    """Write numbers with a decimal point, where a spreadsheet wrote a comma; return what can be read in two ways.

    With commas between the columns 1,500 may be a thousand and a half: such a cell stays as it is, and is refused. So is
    1.500 in a table with decimal commas.
    """
    checks = table.columns
    with_comma = False
    grouped = []
    for row in rows:
        for column, text in row.items():
            check = checks.get(column)
            if isinstance(check, a_number) and re.fullmatch(r"-?\d{1,3}(\.\d{3})+", text):
                grouped.append(
                    f"row {row['#']}: column {column}: found {quote(text)} in a table with decimal commas, "
                    "expected a number without a mark between thousands"
                )
            if not isinstance(check, a_number) and column in checks:
                continue
            text = text.replace("\u2212", "-") if isinstance(check, a_number) else text
            thousands = sheet.separator == "," and re.search(r"\d,\d{3}\Z", text)
            wanted = isinstance(check, a_number) or sheet.separator != ","
            if wanted and DECIMAL_COMMA.match(text) and not thousands:
                text = text.replace(",", ".")
                with_comma = True
            row[column] = text
    if with_comma:
        sheet.assumed.append("decimal comma")
    return grouped if with_comma else []


def _cell_problems(row: Mapping[str, str], table: Table) -> Iterable[str]:
    """Say what is wrong with the cells of a row; its empty cells are one mistake."""
    empty = [c for c in table.required if not row[c]]
    if empty:
        one = len(empty) == 1
        yield (
            f"column{'' if one else 's'} {', '.join(empty)}: found {'an empty cell' if one else 'empty cells'}, "
            f"expected {'a value' if one else 'values'}"
        )
    for column, check in table.columns.items():
        text = row[column]
        if not text:
            continue
        if column in table.optional and is_no_value(text):
            yield f"column {column}: found {quote(text)}, expected a value, or an empty cell where there is none"
        elif expected := check(text):
            yield f"column {column}: found {quote(text)}, expected {expected}{what_it_was(text, column)}"
    for (column, value), needed in table.needs.items():
        if row.get(column) == value and not row.get(needed) and not row.get("exclude"):
            yield f"column {needed}: found an empty cell, expected a value where {column} is {value}"


def _comparable(row: Mapping[str, str], column: str, table: Table) -> str:
    text = row.get(column, "")
    if column in table.files:
        return posixpath.normpath(text)
    if isinstance(table.columns.get(column), a_number) and NUMBER.match(text):
        return repr(float(text))
    return text


def _repeated(path: Path, rows: list[dict[str, str]], table: Table) -> Iterable[str]:
    named: set[str] = set()
    needed = tuple(c for c in table.key if c in table.required)
    for columns, filled in {table.key: needed, **table.claims}.items():
        seen: dict[tuple[str, ...], str] = {}
        for row in rows:
            if row.get("exclude") or not all(row.get(c) for c in filled):
                continue
            value = tuple(_comparable(row, c, table) for c in columns)
            if value in seen and row["#"] not in named:
                named.add(row["#"])  # one mistake, one line
                shown = {c: row[c] for c in columns if row.get(c)}
                advice = table.apart.get(columns, "tell them apart, or exclude one")
                yield (
                    f"{path}: row {row['#']}: column {'+'.join(shown)}: found {quote(' '.join(shown.values()))} "
                    f"again (first in row {seen[value]}), expected each {f'measurement once; {advice}' if table.files else 'id once'}"
                )
            seen.setdefault(value, row["#"])
