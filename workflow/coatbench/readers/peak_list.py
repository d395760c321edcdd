"""The analyst's own peak list: SurfaceLab's (tab, 19 columns) or a table with a name and masses a row."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ReadError, quote
from . import text

# Names of columns in SurfaceLab and in plain tables: lower case, without units and marks (`_bare`).
NAMES = (
    "assignment",
    "fragment",
    "ion",
    "name",
    "peak name",
    "ion name",
    "label",
    "species",
    "formula",
    "substance",
    "peak",
)
CENTRES = (
    "center mass",
    "centre mass",
    "center of mass",
    "centre of mass",
    "centre",
    "center",
    "exact mass",
    "mass",
    "m/z",
    "mz",
    "peak mass",
    "position",
)
LOWERS = (
    "lower mass",
    "lower",
    "mass lower",
    "lower limit",
    "low",
    "start",
    "start mass",
    "from",
    "min",
    "left",
)
UPPERS = (
    "upper mass",
    "upper",
    "mass upper",
    "upper limit",
    "high",
    "end",
    "end mass",
    "to",
    "max",
    "right",
)
WIDTHS = ("width", "peak width", "window")
# Units of a width and their factor to u; or it is a share of the mass.
UNITS = {
    "": 1.0,
    "u": 1.0,
    "amu": 1.0,
    "da": 1.0,
    "th": 1.0,
    "m/z": 1.0,
    "mu": 1e-3,
    "mamu": 1e-3,
    "mda": 1e-3,
}
PPM = "ppm"


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
    rows = [
        [c.strip() for c in row]
        for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    ]
    header = [_bare(cell) for cell in rows[0]] if rows else []
    if len(header) == 2 and (kind := [_is_number(cell) for cell in rows[0]]) != [False, False]:
        rows.insert(0, [])  # two columns speak for themselves
        header = ["mass", "name"] if kind[0] else ["name", "mass"]

    def column(names: tuple[str, ...]) -> int | None:
        return next((header.index(n) for n in names if n in header), None)

    name, centre, lower, upper, width = (
        column(c) for c in (NAMES, CENTRES, LOWERS, UPPERS, WIDTHS)
    )
    if name is None or (centre is None and (lower is None or upper is None)):
        raise ReadError(
            path, "header", "columns for the name (Assignment, fragment) and the mass (Center Mass (u), centre_u; or lower_u and "
            "upper_u) of each peak", quote(lines[0][:120] if lines else ""),
        )  # fmt: skip
    unit = _unit(rows[0][width]) if width is not None and rows[0] else ""
    found = []
    for row in rows[1:]:
        cells = row + [""] * len(header)
        low, high = _number(cells, lower), _number(cells, upper)
        middle = _number(cells, centre)
        if math.isnan(middle):
            middle = (low + high) / 2
        if math.isnan(low + high) and not math.isnan(half := _number(cells, width) / 2):
            if unit not in UNITS and unit != PPM:
                raise ReadError(path, "header", "a width in u, mu or ppm", quote(unit))
            half *= 1e-6 * middle if unit == PPM else UNITS[unit]
            low, high = middle - half, middle + half
        if cells[name] and cells[name] != "(null)" and middle > 0:
            found.append(Listed(cells[name], middle, low, high))
    if not found:
        raise ReadError(path, "rows", "at least one peak with a name and a mass", "none")
    return found


def _bare(cell: str) -> str:
    """Return the name of a column without units, marks and capitals: `Center Mass (u)` and `centre_u` alike."""
    words = re.sub(r"[(\[].*?[)\]]|[_.:]", " ", cell.lower()).split()
    name = " ".join(w for w in words if w not in ("u", "amu", "da"))
    first, _, last = name.rpartition(" ")
    return first if first in WIDTHS and (last in UNITS or last == PPM) else name


def _unit(cell: str) -> str:
    """Return the unit that the name of a column carries: in brackets, or as its last word (`width_ppm`)."""
    if match := re.search(r"[(\[]\s*(.*?)\s*[)\]]", cell):
        return match[1].lower()
    word = re.split(r"[\s_.:]+", cell.lower().strip())[-1]
    return word if word in UNITS or word == PPM else ""


def _is_number(cell: str) -> bool:
    return not math.isnan(_number([cell], 0))


def _number(cells: list[str], column: int | None) -> float:
    try:
        value = float(cells[column].replace(",", ".")) if column is not None else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
