"""Rows of one plain table: checked as they come, parsed a block at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from .cells import clock_seconds, number_cells
from .description import TEXT_QUANTITIES
from .table_columns import Found
from .text import last_is_whole, parse_number
from .units import converted

# Quantities of whose text the last decimal is kept, and how many cells of a block are looked at.
WRITTEN, WRITTEN_CELLS = ("current_A",), 50
_NUMBER_BEGIN = re.compile(r"[0-9eE+\-.,: ]*")


@dataclass(frozen=True)
class Place:
    """Where lines stand, for messages: a file, or a sheet of a workbook."""

    path: Path
    sheet: str = ""

    def where(self, line: int) -> str:
        """Return the place of a line, from 1."""
        return f"sheet {self.sheet!r}, line {line}" if self.sheet else f"line {line}"

    def error(self, line: int, expected: str, found: str, advice: str = "") -> ReadError:
        """Return a ReadError at a line, with `found` quoted and shortened."""
        return ReadError(self.path, self.where(line), expected, quote(found), advice)


@dataclass
class Part:
    """One table of a file: its columns, their values, and the line of every row."""

    found: list[Found]
    values: list[np.ndarray]
    lines: np.ndarray
    title: str = ""
    written: Mapping[str, float] = field(
        default_factory=dict
    )  # quantity: last decimal of its text, in its unit

    def of(self, quantity: str) -> np.ndarray | None:
        """Return the first column that holds a quantity, None without one."""
        for one, values in zip(self.found, self.values, strict=True):
            if one.column.quantity == quantity:
                return values
        return None


def split_cells(line: str, separator: str | None) -> list[str]:
    """Cut a line into cells; None cuts at any run of blanks, quotes keep a separator."""
    if separator is None:
        return line.split()
    if '"' in line:
        return next(csv.reader([line], delimiter=separator))
    return line.split(separator)


class Rows:
    """Rows of one table, parsed a block at a time."""

    def __init__(
        self,
        place: Place,
        labels: list[str],
        found: list[Found],
        separator: str | None,
        decimal: str,
        missing: frozenset[str],
    ) -> None:
        self.place, self.found, self.separator, self.missing = place, found, separator, missing
        self.width = len(labels)
        while labels and not labels[-1].strip():
            labels = labels[:-1]
        self.least = len(labels)
        self.any = False
        self.dropped = ""
        self.pending: list[str] = []
        self.numbers: list[int] = []
        self.chunks: list[list[np.ndarray]] = [[] for _ in found]
        self.line_chunks: list[np.ndarray] = []
        self.decimal = {"point": ".", "comma": ",", "auto": ""}[decimal]
        self.written: dict[str, float] = {}
        self.clocks: dict[int, bool] = {}  # column: its times are clocks

    def add(self, line: str, number: int, *, cut: bool, at_end: bool) -> None:
        """Take a row; leave out the file's last line if it is incomplete."""
        if self.separator is None:
            count = len(line.split())
        elif '"' in line:
            count = len(split_cells(line, self.separator))
        else:
            count = line.count(self.separator) + 1
        short = count < self.least
        if at_end and self.any and (short or (cut and not self._whole(line))):
            if not self._begins(line):
                raise self.place.error(
                    number, f"a row of {self.least} cells, or its beginning", line
                )
            self.dropped = self.place.where(number)
            return
        if short or count > self.width:
            cells = split_cells(line, self.separator)
            while len(cells) > self.width and not cells[-1].strip():
                cells.pop()
            if not self.least <= len(cells) <= self.width:
                raise self.place.error(number, f"{self.least} cells", line, f"it has {len(cells)}")
        self.any = True
        self.pending.append(line)
        self.numbers.append(number)

    def _whole(self, line: str) -> bool:
        above = self.pending[-1] if self.pending else self.before
        ends = [split_cells(text, self.separator)[-1].strip() for text in (above, line)]
        # A word that stands in the line above as well lost no letter.
        same_word = ends[0] == ends[1] and ends[1][-1:].isalpha()
        return same_word or last_is_whole([above, line], self.separator, self.least)

    before = ""

    def _begins(self, line: str) -> bool:
        """Whether a short last line is the beginning of a row and not damage or a footer."""
        cells = split_cells(line, self.separator)
        for one in self.found:
            if one.index < len(cells) - 1 and one.column.quantity not in TEXT_QUANTITIES:
                cell = cells[one.index].strip()
                if cell and parse_number(cell) is None and clock_seconds(cell) is None:
                    return False
        last = len(cells) - 1
        words = [f for f in self.found if f.index == last and f.column.quantity in TEXT_QUANTITIES]
        own = any(f.index == last for f in self.found)
        return bool(words) or not own or bool(_NUMBER_BEGIN.fullmatch(cells[last].strip()))

    def parse(self) -> None:
        """Turn pending lines into arrays."""
        if not self.pending:
            return
        lines, numbers = self.pending, self.numbers
        self.before, self.pending, self.numbers = lines[-1], [], []
        if not self.decimal:
            self.decimal = self._decimal_sign(lines, numbers)
        rows: list[list[str]] | None = None
        plain = [f for f in self.found if f.column.quantity not in TEXT_QUANTITIES]
        fast = number_cells(lines, self.separator, [f.index for f in plain], self.decimal)
        for k, one in enumerate(self.found):
            if fast is not None and one in plain:
                values = fast[:, plain.index(one)]
                if one.column.quantity == "time_s" and values.any():
                    self._form(one, numbers[0], "a number", clock=False)
            else:
                if rows is None:
                    rows = [split_cells(line, self.separator) for line in lines]
                cells = [row[one.index].strip() for row in rows]
                if one.column.quantity in TEXT_QUANTITIES:
                    self.chunks[k].append(np.array(cells, dtype=object))
                    continue
                values = self._numbers(one, cells, numbers, self.missing)
            self._note_decimals(one, lines, values)
            change = one.change
            if change is not None and self._is_clock(one):
                change = None
            self.chunks[k].append(converted(values, change) if change else values)
        self.line_chunks.append(np.array(numbers, np.int64))

    def _note_decimals(self, one: Found, lines: list[str], values: np.ndarray) -> None:
        """Remember how finely a current is written, by some cells that are not zero. A workbook holds numbers, no text."""
        if one.column.quantity not in WRITTEN or self.place.sheet:
            return
        rows = np.flatnonzero(np.isfinite(values) & (values != 0))
        for row in rows[:: max(1, rows.size // WRITTEN_CELLS)].tolist():
            cell = split_cells(lines[row], self.separator)[one.index].strip()
            digits, _, power = cell.lower().partition("e")
            decimals = len(digits.replace(",", ".").partition(".")[2])
            last = 10.0 ** (int(power or 0) - decimals)
            last = float(converted(np.array([last]), one.change)[0]) if one.change else last
            known = self.written.get(one.column.quantity, np.inf)
            self.written[one.column.quantity] = min(known, last)

    def _is_clock(self, one: Found) -> bool:
        return self.clocks.get(one.index, False)

    def _form(self, one: Found, line: int, cell: str, *, clock: bool) -> None:
        """Hold a time against those above: numbers have the unit of the column, clocks their own."""
        if self.clocks.setdefault(one.index, clock) != clock:
            form = "a number" if clock else "a clock"
            raise self.place.error(
                line, f"{form} in column {one.label!r}, as in the rows above", cell
            )

    def _decimal_sign(self, lines: list[str], numbers: list[int]) -> str:
        if self.separator == ",":
            return "."
        index = [f.index for f in self.found if f.column.quantity not in TEXT_QUANTITIES]
        comma = ""
        point = False
        for line in lines[:200]:
            cells = split_cells(line, self.separator)
            for i in index:
                # Clocks (01:02:03.5) have their own.
                if i < len(cells) and ":" not in cells[i]:
                    comma = comma or (cells[i] if "," in cells[i] else "")
                    point = point or "." in cells[i]
        if comma and point:
            raise ReadError(
                self.place.path, self.place.where(numbers[0]), "one decimal sign",
                f"point and comma, as in {quote(comma)}",
                "say which in a description (decimal: point or comma)",
            )  # fmt: skip
        return "," if comma else ("." if point else "")

    def _numbers(
        self, one: Found, cells: list[str], numbers: list[int], missing: frozenset[str]
    ) -> np.ndarray:
        values = np.empty(len(cells))
        wrong = {".": ",", ",": "."}.get(self.decimal)
        for i, cell in enumerate(cells):
            if cell in missing:
                values[i] = np.nan
                continue
            value, clock = None if wrong and wrong in cell else parse_number(cell), False
            if value is None and one.column.quantity == "time_s":
                value = clock_seconds(cell.replace(",", "."))
                clock = value is not None
            if value is None:
                raise self.place.error(numbers[i], f"a number in column {one.label!r}", cell)
            if one.column.quantity == "time_s" and (clock or value):  # 0 is 0 in either
                self._form(one, numbers[i], cell, clock=clock)
            values[i] = value
        return values

    def part(self) -> Part:
        """Return what was read."""
        if not self.line_chunks:
            return Part(self.found, [np.empty(0) for _ in self.found], np.empty(0, np.int64))
        return Part(
            self.found,
            [np.concatenate(chunk) for chunk in self.chunks],
            np.concatenate(self.line_chunks),
            written=self.written,
        )
