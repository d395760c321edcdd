"""CasaXPS "columns of tables": spectra as text, one block after another, with or without a fit.

A block starts with ``Cycle n:sample:region`` and the photon energy and acquisition time; five lines name the
fitted components; then kinetic energy and counts on the left stand beside binding energy and counts/s on the
right. The columns of components contain the background. Both halves say the same twice, which is
used to notice damage.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError, quote
from .model import Export
from .text import Text, last_is_whole, number, parse_number, read_text
from .xps_block import RawRegion, joints, make_block, region_name

_TITLE = re.compile(r"\s*Cycle (\d+):(.*)")
_NAMES = ("Name", "Position", "FWHM", "Area", "Lineshape")
_AXIS_TOLERANCE_EV = 2e-3  # seven digits of 1486.61 eV leave that much
_RATE_TOLERANCE = 1e-4


@dataclass
class _Table:
    """One block as text: where it is and what its columns are."""

    sample: str
    region: str
    photon_energy_eV: float
    time_s: float
    names: dict[str, list[str]]
    columns: list[str]
    first: int
    last: int


def read(path: Path) -> Export:
    """Read all blocks.

    Returns
    -------
    Export
        One block per spectrum (see `xps_block.make_block`). A fitted block also has `background_cps`,
        `envelope_cps` and `component_cps` (component, energy; with the background, as CasaXPS writes
        it), coordinates `component`, and attrs `fit`: list of dicts of name, position_eV, fwhm_eV, area
        (counts/s x eV) and line shape.

    Raises
    ------
    ReadError
        Unknown columns, cells that are not numbers, halves of a row that contradict each other.
    """
    text = read_text(path)
    export = Export(Path(path), "CasaXPS ASCII", "xps")
    starts = [i for i, line in enumerate(text.lines) if _TITLE.match(line)]
    if not starts or any(line.strip() for line in text.lines[: starts[0]]):
        raise text.error(0, "the line 'Cycle n:sample:region'", text.lines[0])
    for start, stop in zip(starts, [*starts[1:], len(text.lines)], strict=True):
        table = _table(text, start, stop)
        export.sets.append(_block(text, table, export.warnings))
    return export


def _cells(text: Text, index: int, stop: int, what: str) -> list[str]:
    if index >= stop:
        raise ReadError(
            text.path,
            text.where(index),
            what,
            "the end of the block",
            "the file is cut; export it again",
        )
    return [cell.strip() for cell in text.lines[index].split("\t")]


def _table(text: Text, start: int, stop: int) -> _Table:
    match = _TITLE.match(text.lines[start])
    parts = match.group(2).split(":") if match else []
    if len(parts) != 2:
        raise text.error(
            start,
            "'Cycle n:sample:region'",
            text.lines[start],
            "export columns, not rows of tables",
        )
    preamble = _cells(text, start + 1, stop, "energy and acquisition time")
    if len(preamble) < 5 or preamble[1:4:2] != ["Characteristic Energy eV", "Acquisition Time s"]:
        raise text.error(
            start + 1, "Characteristic Energy and Acquisition Time", text.lines[start + 1]
        )
    where = text.where(start + 1)
    photon = number(preamble[2], text.path, where, "the photon energy in eV")
    time_s = number(preamble[4], text.path, where, "the acquisition time in s")
    if photon <= 0:
        raise text.error(start + 1, "a photon energy above 0 eV", preamble[2])
    names = {}
    for k, key in enumerate(_NAMES):
        row = _cells(text, start + 2 + k, stop, f"the line {key}")
        if row[0] != key:
            raise text.error(start + 2 + k, f"the line {key}", text.lines[start + 2 + k])
        names[key] = [cell for cell in row[1:] if cell]
    columns = _cells(text, start + 7, stop, "the names of the columns")
    while columns and not columns[-1]:
        columns.pop()
    _check_columns(text, start + 7, columns)
    last = stop
    while last > start + 8 and not text.lines[last - 1].strip():
        last -= 1
    return _Table(parts[0], region_name(parts[1]), photon, time_s, names, columns, start + 8, last)


def _check_columns(text: Text, index: int, columns: list[str]) -> None:
    if "" not in columns or columns[:2] != ["K.E.", "Counts"]:
        raise text.error(index, "the columns K.E., Counts, ..., B.E., CPS, ...", text.lines[index])
    gap = columns.index("")
    right = columns[gap + 1 :]
    if right[:2] != ["B.E.", "CPS"] or len(right) != gap or len(columns) != 2 * gap + 1:
        raise text.error(index, "as many columns after B.E. as after K.E.", text.lines[index])
    if gap > 2 and (right[-2:] != ["Background CPS", "Envelope CPS"] or gap < 5):
        raise text.error(
            index, "Background CPS and Envelope CPS as last columns", text.lines[index]
        )


def _block(text: Text, table: _Table, warnings: list[str]) -> Arrays:
    gap = table.columns.index("")
    values, dropped = _values(text, table, gap)
    where = f"block {table.sample}:{table.region}"
    if dropped:
        warnings.append("1 incomplete last line dropped")
    kinetic, counts = values[:, 0], values[:, 1]
    right = values[:, gap:]
    _check_halves(text, table, values, right)
    raw = RawRegion(
        name=table.region,
        energy_eV=right[:, 0],
        is_kinetic=False,
        intensity=counts if table.time_s > 0 else right[:, 1],
        is_rate=not table.time_s > 0,
        photon_energy_eV=table.photon_energy_eV,
        dwell_s=table.time_s if table.time_s > 0 else math.nan,
        attrs={
            "sample": table.sample,
            "technique": "XPS",
            "pass_energy_eV": math.nan,
            "work_function_eV": math.nan,
            "transmission_coefficients": None,
            "casaxps": None,
            "fit": _fit(table, text),
            "vendor": {
                key.lower(): ", ".join(cells) for key, cells in table.names.items() if cells
            },
        },
    )
    block = make_block(raw, text.path, where, warnings)
    if gap > 2:
        right = right[~joints(right[:, 0])]
        order = slice(None) if kinetic[0] > kinetic[-1] else slice(None, None, -1)
        units = {"units": "counts/s"}
        block = block.assign(
            {
                "background_cps": ("energy", right[order, -2].copy(), units),
                "envelope_cps": ("energy", right[order, -1].copy(), units),
                "component_cps": (("component", "energy"), right[order, 2:-2].T.copy(), units),
            },
            {"component": ("component", table.columns[gap + 3 : -2])},
        )
    return block


def _values(text: Text, table: _Table, gap: int) -> tuple[np.ndarray, int]:
    """Return the numbers without the empty column between the halves, and how many lines were dropped."""
    first, last = table.first, table.last
    at_end = last == len(text.lines) and not text.ended and last > first
    cut = at_end and not last_is_whole(text.lines[first:last][-2:], "\t", 2 * gap + 1)
    last -= cut
    values = np.empty((last - first, 2 * gap))
    for i in range(first, last):
        cells = [cell.strip() for cell in text.lines[i].split("\t")]
        while len(cells) > 2 * gap + 1 and not cells[-1]:
            cells.pop()
        if len(cells) != 2 * gap + 1 or cells[gap]:
            raise text.error(i, f"{2 * gap} numbers in two halves", text.lines[i])
        row = [parse_number(cell) for cell in cells[:gap] + cells[gap + 1 :]]
        for k, value in enumerate(row):
            if value is None:
                raise text.error(i, f"a number in column {k + 1 + (k >= gap)}", text.lines[i])
        values[i - first] = row
    return values, int(cut)


def _check_halves(text: Text, table: _Table, values: np.ndarray, right: np.ndarray) -> None:
    axis = np.abs(values[:, 0] + right[:, 0] - table.photon_energy_eV) > _AXIS_TOLERANCE_EV
    bad = axis
    if table.time_s > 0:
        rate = values[:, 1] / table.time_s
        bad = bad | (np.abs(rate - right[:, 1]) > _RATE_TOLERANCE * np.maximum(np.abs(rate), 1e-6))
    if bad.any():
        index = int(np.argmax(bad))
        expected = "K.E. + B.E. = photon energy and CPS = counts / acquisition time"
        raise text.error(table.first + index, expected, text.lines[table.first + index])


def _fit(table: _Table, text: Text) -> list[dict[str, object]]:
    """Return what the lines above the columns say of each component."""
    fields = [table.names[key] for key in _NAMES]
    if len({len(cells) for cells in fields}) != 1:
        return []
    result: list[dict[str, object]] = []
    for name, position, fwhm, area, shape in zip(*fields, strict=True):
        numbers = [parse_number(cell) for cell in (position, fwhm, area)]
        if None in numbers:
            raise text.error(table.first - 6, "position, FWHM and area as numbers", quote(position))
        result.append(
            {
                "name": name,
                "position_eV": numbers[0],
                "fwhm_eV": numbers[1],
                "area": numbers[2],
                "shape": shape,
            }
        )
    return result
