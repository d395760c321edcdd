"""The analyst's own peak list: SurfaceLab's (tab, 19 columns) or a table with a name and masses a row."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import ReadError, quote
from . import text

# Names of columns in SurfaceLab and in plain tables, lower case.
NAMES = ("assignment", "fragment", "name", "label", "formula")
CENTRES = ("center mass (u)", "centre mass (u)", "centre_u", "center_u", "mass_u", "m/z", "mass")
LOWERS = ("lower mass (u)", "lower_u", "mass_lower_u")
UPPERS = ("upper mass (u)", "upper_u", "mass_upper_u")


@dataclass(frozen=True)
class Listed:
    """One named peak: centre and limits in u, as the list says."""

    name: str
    centre_u: float
    lower_u: float
    upper_u: float


def read_peak_list(path: Path) -> list[Listed]:
    """Read a peak list.

    A row needs a name and a centre, or both limits; rows without (totals, sums of peaks) are left out.

    Raises
    ------
    ReadError
        Unreadable, without such columns, or without a row.
    """
    content = text.decode(text.read_bytes(path), path)[0].replace("\x00", "")
    lines = [line for line in content.splitlines() if line.strip() and not line.startswith("#")]
    head = lines[0] if lines else ""
    separator = next((s for s in "\t;" if s in head), ",")
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []

    def column(names: tuple[str, ...]) -> int | None:
        return next((header.index(n) for n in names if n in header), None)

    name, centre, lower, upper = (column(c) for c in (NAMES, CENTRES, LOWERS, UPPERS))
    if name is None or (centre is None and (lower is None or upper is None)):
        raise ReadError(
            path, "header", "columns for the name (Assignment, fragment) and the mass (Center Mass (u), centre_u) of each peak",
            quote(head[:120]),
        )  # fmt: skip
    found = []
    for row in rows[1:]:
        cells = [c.strip() for c in row] + [""] * len(header)
        low, high = _number(cells, lower), _number(cells, upper)
        middle = _number(cells, centre)
        if math.isnan(middle):
            middle = (low + high) / 2
        if cells[name] and cells[name] != "(null)" and middle > 0:
            found.append(Listed(cells[name], middle, low, high))
    if not found:
        raise ReadError(path, "rows", "at least one peak with a name and a mass", "none")
    return found


def _number(cells: list[str], column: int | None) -> float:
    try:
        value = float(cells[column].replace(",", ".")) if column is not None else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
