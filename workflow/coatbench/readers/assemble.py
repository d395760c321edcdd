"""A file that a description tells of: its tables and what stands beside them, for the module of its technique.

`plain_<technique>.py` makes the data model of it (see `model.py`).
"""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ReadError
from .cells import iso_date
from .description import Description
from .model import Export
from .table_columns import Found
from .table_rows import Part
from .table_walk import Tables, read_tables
from .text import parse_number
from .units import factor_and_offset

MAX_VENDOR = 400


def read(path: Path, description: Description) -> Export:
    """Read a file as a description tells.

    Returns
    -------
    Export
        As the readers of single formats return it for the technique.

    Raises
    ------
    ReadError
        Not such a table, cut in its head, a cell that is no number, a quantity that the technique needs is absent.
    """
    tables = read_tables(path, description)
    if tables.dropped:
        tables.warnings.append(
            f"{path.name}: 1 incomplete last line ({tables.dropped}) was dropped: the export is cut"
        )
    maker = importlib.import_module(f".plain_{description.technique}", __package__)
    export: Export = maker.build(DescribedFile(path, description, tables))
    return export


class DescribedFile:
    """One file while it is put together: its tables, the values beside them, and errors with their place."""

    def __init__(self, path: Path, description: Description, tables: Tables) -> None:
        self.path, self.description, self.tables = path, description, tables
        self.warnings = tables.warnings

    def part(self) -> Part:
        """Return the only table, or all of them joined one after the other."""
        parts = self.tables.parts
        return parts[0] if len(parts) == 1 else _joined(self, parts)

    def text(self, name: str) -> str:
        """Return a value that stands beside the table, empty where there is none."""
        value, _ = self.value_and_unit(name)
        return value

    def value_and_unit(self, name: str) -> tuple[str, str]:
        """Return such a value and the unit that stands with it."""
        pattern = self.description.head.get(name)
        match = pattern.search(self.tables.outside) if pattern else None
        if match is None:
            return str(self.description.constants.get(name, "")), ""
        groups = match.groupdict()
        value = groups.get("value") or next((g for g in match.groups() if g), match.group())
        return value.strip(), (groups.get("unit") or "").strip()

    def number(self, name: str) -> float:
        """Return such a value as a number in the unit that its name ends with; NaN without one."""
        value, unit = self.value_and_unit(name)
        number = parse_number(value)
        if number is None:
            return math.nan
        change = factor_and_offset(unit, name) if unit else (1.0, 0.0)
        return math.nan if change is None else number * change[0] + change[1]

    def date(self) -> str:
        """Return the date in ISO 8601, empty where there is none or day and month cannot be told apart."""
        return iso_date(self.text("date"), self.description.date_order)

    def attrs(self) -> dict[str, Any]:
        """Return what every block carries."""
        return {
            "instrument": self.text("instrument") or self.description.instrument,
            "date": self.date(),
            "vendor": self.vendor(),
        }

    def vendor(self) -> dict[str, str]:
        """Return what stands beside the tables as keys and values."""
        found: dict[str, str] = {}
        for line in self.tables.outside.split("\n"):
            text = line.strip(" \t#~,;")
            if not text or len(found) >= MAX_VENDOR:
                continue
            for sign in ("\t", ": ", "=", ",", ";"):
                key, cut, value = text.partition(sign)
                if cut and 0 < len(key) <= 40 and value.strip():
                    found.setdefault(key.strip(" :"), " ".join(value.split()))
                    break
        return found

    def error(self, part: Part, row: int, expected: str, found: str) -> ReadError:
        """Return a ReadError at a row of a table."""
        assert self.tables.place is not None
        return ReadError(self.path, self.tables.place.where(int(part.lines[row])), expected, found)

    def needed(self, part: Part, quantity: str) -> np.ndarray:
        """Return a column that the technique cannot do without: known in every row.

        Raises
        ------
        ReadError
            No such column, or a row without a value.
        """
        values = part.of(quantity)
        if values is None:
            labels = ", ".join(f"{f.label} [{f.unit}]" if f.unit else f.label for f in part.found)
            raise ReadError(
                self.path, f"columns before line {int(part.lines[0])}", f"a column for {quantity}",
                f"only {labels}",
                "its label or unit is not in the description: add it to one of your own in formats/",
            )  # fmt: skip
        if (empty := np.flatnonzero(np.isnan(values))).size:
            raise self.error(part, int(empty[0]), f"a value of {quantity}", "an empty cell")
        return values


def _joined(file: DescribedFile, parts: list[Part]) -> Part:
    """Join tables that follow one another; what one of them lacks is unknown there."""
    found: list[Found] = []
    for part in parts:
        for one in part.found:
            if not any(_same(one, f) for f in found):
                found.append(one)
    values = []
    for one in found:
        pieces = []
        for part in parts:
            place = next((k for k, f in enumerate(part.found) if _same(one, f)), None)
            filler: Any = np.full(len(part.lines), "" if one.column.quantity == "state" else np.nan)
            pieces.append(filler if place is None else part.values[place])
        if one.column.quantity == "time_s":
            pieces = _running_on(file, pieces)
        values.append(np.concatenate(pieces))
    written = {q: min(p.written.get(q, math.inf) for p in parts) for q in parts[0].written}
    return Part(found, values, np.concatenate([p.lines for p in parts]), written=written)


def _same(one: Found, other: Found) -> bool:
    same_mass = one.mz == other.mz or (math.isnan(one.mz) and math.isnan(other.mz))
    return one.column.quantity == other.column.quantity and same_mass


def _running_on(file: DescribedFile, pieces: list[np.ndarray]) -> list[np.ndarray]:
    """Let time run on where a step counts from its own beginning."""
    done: list[np.ndarray] = []
    restarts = 0
    for piece in pieces:
        if done and piece.size and done[-1].size and piece[0] < done[-1][-1]:
            piece = piece - piece[0] + done[-1][-1]
            restarts += 1
        done.append(piece)
    if restarts:
        file.warnings.append(
            f"{file.path.name}: the time starts again in {restarts} steps: each is taken to begin "
            "where the one before ends"
        )
    return done
