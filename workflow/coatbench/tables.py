"""Write and read the result tables: fixed column order, fixed number format, empty cell for unknown."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .analysis import write_atomically

# How spreadsheets know a formula. Text that starts so came from a label or an export, never from us.
FORMULA_STARTS = ("=", "+", "-", "@", "\t")
HARMLESS = re.compile(r"[A-Za-z0-9_.\-]+")  # ids and integers: a name or a number, no call

# Twelve significant digits: more than any instrument gives, fewer than summation order can disturb.
NUMBER_FORMAT = ".12g"


def cell(value: Any) -> str:
    """Return the text of one cell; None and non-finite numbers are unknown, so empty."""
    if value is None:
        return ""
    if not isinstance(value, (str, float)) and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(value, NUMBER_FORMAT) if math.isfinite(value) else ""
    # The csv module would not quote a return, and readers break the row there.
    text = str(value).replace("\r", " ")
    if text.startswith(FORMULA_STARTS) and not HARMLESS.fullmatch(text):
        return f"'{text}"  # an apostrophe makes it text, also for a spreadsheet
    return text


def write_table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], path: str | Path
) -> None:
    """Write rows as CSV with exactly these columns.

    Raises
    ------
    ValueError
        A row has a column that the schema does not name: a typo must not vanish silently.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    known = set(columns)
    for row in rows:
        if unknown := set(row) - known:
            raise ValueError(f"{Path(path).name}: no such column: {', '.join(sorted(unknown))}")
        writer.writerow([cell(row.get(column)) for column in columns])
    write_atomically(path, stream.getvalue())


def read_table(path: str | Path) -> list[dict[str, Any]]:
    """Read a result table: numbers as float, ids as text, empty cells as None.

    Columns of ids and names (sample, cell, protocol, unit ...) stay text even where they look like numbers.
    """
    with Path(path).open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        columns = next(reader, [])
        return [
            {k: _parse(k, v) for k, v in zip(columns, row, strict=True)} for row in reader if row
        ]


# Names that people give, and units: 300 may be a sample, 2 a protocol, 1 the unit of a ratio.
ID_COLUMNS = frozenset(
    {"sample", "cell", "region", "run", "spot", "field", "id", "protocol", "reference", "found_sample", "samples", "unit", "component", "window", "fragment", "group", "label"}
)  # fmt: skip


def _parse(column: str, text: str) -> Any:
    if text == "":
        return None
    if column not in ID_COLUMNS:
        if text in ("true", "false"):
            return text == "true"
        try:
            return float(text)
        except ValueError:
            pass
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text
