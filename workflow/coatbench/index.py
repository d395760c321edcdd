"""What the tables that a user writes may hold: columns, the check of each cell, and which rows are one measurement."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import quote

ID = re.compile(r"[A-Za-z0-9_.-]+\Z")

Check = Callable[[str], str | None]  # returns what was expected, or None when the cell is good

# Beside an index row's own columns: which of its files may not be read. Snakemake reads every input for its
# checksum, so such a file is no input; its job says what is wrong, and all other jobs go on.
UNREADABLE = "#unreadable"


@dataclass(frozen=True)
class Table:
    """What a table must and may hold.

    Attributes
    ----------
    required, optional : mapping of column to check
    files : columns that name a file, relative to the folder of the table
    key : no two rows share these
    """

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    files: tuple[str, ...] = ("file",)
    key: tuple[str, ...] = ("sample", "file")


def an_id(text: str) -> str | None:
    """Accept what can be part of a file name everywhere."""
    return None if ID.match(text) else "letters, digits, _ . - only"


def a_number(low: float = -math.inf, high: float = math.inf, *, above: bool = False) -> Check:
    """Return the check that a cell is a number in a range; `above`: the lowest is not good itself."""

    def check(text: str) -> str | None:
        try:
            value = float(text)
        except ValueError:
            return "a number with decimal point"
        if not math.isfinite(value):
            return "a finite number"
        if value < low or value > high or (above and value == low):
            return f"a number {'above' if above else 'from'} {low:g} to {high:g}"
        return None

    return check


def one_of(*names: str) -> Check:
    """Return the check that a cell is one of these names."""
    return lambda text: None if text in names else "one of " + ", ".join(names)


def any_text(text: str) -> str | None:
    """Accept every cell."""
    return None


TEMPERATURE = a_number(-273.15, 3000)
POSITIVE = a_number(0, math.inf, above=True)


def unreadable_files(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the files of index rows that may not be read, as the index names them."""
    return [row[c] for row in rows for c in row.get(UNREADABLE, "").split()]


def read_rows(path: Path, table: Table, problems: list[str]) -> list[dict[str, str]]:
    """Return the rows of one table, and add its problems to `problems`, one line each.

    The row's number in the file stands in the key `#`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{path}: expected a table, found {error.strerror}")
        return []
    except UnicodeDecodeError as error:
        problems.append(
            f"{path}: byte {error.start}: expected UTF-8 text, found {quote(error.object[error.start : error.end])}"
        )
        return []
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        problems.append(f"{path}: expected a header line, found an empty table")
        return []
    header = [cell.strip() for cell in next(csv.reader([lines[0][1]]))]
    found = len(problems)
    for column in table.required:
        if column not in header:
            problems.append(
                f"{path}: row {lines[0][0]}: expected a column {column}, found {', '.join(header)[:200]}"
            )
    for column in sorted({c for c in header if c and header.count(c) > 1}):
        problems.append(f"{path}: row {lines[0][0]}: column {column}: found twice, expected once")
    if len(problems) > found:
        return []
    rows = []
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) > len(header) and any(cells[len(header) :]):
            problems.append(
                f"{path}: row {number}: found {len(cells)} cells, expected {len(header)}"
            )
            continue
        row = dict(zip(header, cells + [""] * len(header), strict=False))
        row |= {c: "" for c in table.optional if c not in row}
        row["#"] = str(number)
        problems.extend(_cell_problems(path, row, table))
        rows.append(row)
    problems.extend(_repeated(path, rows, table))
    return rows


def _cell_problems(path: Path, row: Mapping[str, str], table: Table) -> Iterable[str]:
    for column, check in (table.required | table.optional).items():  # type: ignore[operator]
        text = row[column]
        if not text:
            if column in table.required:
                yield f"{path}: row {row['#']}: column {column}: found an empty cell, expected a value"
        elif expected := check(text):
            yield f"{path}: row {row['#']}: column {column}: found {quote(text)}, expected {expected}"


def _repeated(path: Path, rows: list[dict[str, str]], table: Table) -> Iterable[str]:
    key = table.key
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        value = tuple(row[k] for k in key)
        if value in seen and all(row[k] for k in key if k in table.required):
            yield (
                f"{path}: row {row['#']}: column {'+'.join(key)}: found {quote(' '.join(value))} "
                f"again (first in row {seen[value]}), expected each once"
            )
        seen.setdefault(value, row["#"])
