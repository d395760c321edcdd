"""One engine for plain tables: finds the table that a description tells of, and reads its columns.

The file is walked a block at a time and only columns that hold a quantity are kept. Lines that a description
does not expect are errors with their number; only an incomplete last line is dropped, and reported.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ReadError, quote
from .cells import clock_seconds, number_cells
from .description import SEPARATORS, TEXT_QUANTITIES, Column, Description
from .line_blocks import Block, encoding_of, text_blocks, workbook_blocks, workbook_heads
from .text import last_is_whole, parse_number
from .units import converted, dimension_of, factor_and_offset, split_label

if TYPE_CHECKING:
    import numpy as np

MAX_OUTSIDE = 1 << 20  # text beside the tables that is kept for values of the head
MAX_SEEK = 20_000  # lines before a table must have begun
MAX_COLUMNS = 4096


@dataclass
class Found:
    """One column of a file that holds a quantity.

    Attributes
    ----------
    column : Column
    index : int
        Its place in a row.
    label, unit : str
        As in the file; `unit` may come from the description.
    change : (float, float) or None
        Factor and offset to the quantity's unit; None: kept as it is.
    mz : float
        Mass of an ion current.
    """

    column: Column
    index: int
    label: str
    unit: str
    change: tuple[float, float] | None
    mz: float = float("nan")


@dataclass
class Part:
    """One table of a file: its columns, their values, and the line of every row."""

    found: list[Found]
    values: list[np.ndarray]
    lines: np.ndarray
    title: str = ""

    def of(self, quantity: str) -> np.ndarray | None:
        """Return the first column that holds a quantity, None without one."""
        for one, values in zip(self.found, self.values, strict=True):
            if one.column.quantity == quantity:
                return values
        return None


@dataclass
class Tables:
    """What `read_tables` returns: the tables, the text beside them, and what was dropped."""

    path: Path
    parts: list[Part] = field(default_factory=list)
    outside: str = ""
    encoding: str = ""
    dropped: str = ""
    sheet: str = ""
    warnings: list[str] = field(default_factory=list)


def read_tables(path: Path, description: Description) -> Tables:
    """Read all tables of a file that a description tells of.

    Raises
    ------
    ReadError
        No such table, a line that is no row of it, a cell that is no number.
    """
    reader = _Reader(Path(path), description)
    for block in reader.blocks():
        reader.take(block)
    return reader.finish()


class _Reader:
    """The state between two lines: beside a table, or in one."""

    def __init__(self, path: Path, description: Description) -> None:
        self.path, self.description, self.table = path, description, description.table
        self.result = Tables(path)
        self.outside: list[str] = []
        self.kept = 0
        self.labels_above: list[str] = []
        self.current: _Rows | None = None
        self.waiting: list[str] | None = None  # lines of labels and units that are still to come
        self.started = False
        self.line = 0
        self.before = ""

    def blocks(self) -> Iterator[Block]:
        if not self.description.workbook:
            self.result.encoding = encoding_of(self.path, self.description.encodings)
            yield from text_blocks(self.path, self.result.encoding)
            return
        wanted, heads = self.table.sheet, workbook_heads(self.path)
        header = self.table.header or re.compile("")
        names = [n for n, text in heads.items() if wanted is None or wanted.search(n)]
        names = [n for n in names if header.search(heads[n])]
        if not names:
            raise ReadError(
                self.path, "sheets", f"one with a line like {header.pattern}", ", ".join(heads)
            )
        for name in names if self.table.repeat != "no" else names[:1]:
            self.result.sheet = self.result.sheet or name
            yield from workbook_blocks(self.path, name)

    def where(self, line: int) -> str:
        return f"sheet {self.result.sheet!r}, line {line}" if self.result.sheet else f"line {line}"

    def error(self, line: int, expected: str, found: str, advice: str = "") -> ReadError:
        return ReadError(self.path, self.where(line), expected, quote(found), advice)

    def take(self, block: Block) -> None:
        """Walk one block of lines."""
        for i, line in enumerate(block.lines):
            self.line = block.first + i
            at_end = block.last and i == len(block.lines) - 1
            if self.current is not None:
                self._in_table(line, cut=at_end and not block.ended, at_end=at_end)
            else:
                self._beside(line)
        if self.current is not None:
            self.current.parse()

    def _in_table(self, line: str, *, cut: bool, at_end: bool) -> None:
        assert self.current is not None
        table = self.table
        if table.rows is not None and not table.rows.search(line) and line.strip():
            return
        if table.skip is not None and table.skip.search(line):
            return
        if table.end.search(line) or (not line.strip() and self.current.any):
            if self.current.any:
                self._close()
            elif line.strip():
                self.current = None  # a table without rows
            self._keep(line)
            return
        if not line.strip(" \t,;"):
            return  # between the labels and the first row
        self.current.add(line, self.line, cut=cut, at_end=at_end)

    def _close(self) -> None:
        assert self.current is not None
        self.current.parse()
        part = self.current.part()
        if len(part.lines):
            self.result.parts.append(part)
        self.current = None

    def _beside(self, line: str) -> None:
        table = self.table
        if self.waiting is not None:
            self.waiting.append(line)
            self._open_when_complete()
            return
        if self.started and table.repeat == "no":
            self._refuse_orphan(line)
        elif table.header is not None:
            if table.header.search(line):
                self.waiting = [self.before] if table.group_columns else []
                self.waiting.append(line)
                self._open_when_complete()
                return
        elif table.start is not None:
            if table.labels_from is not None and (match := table.labels_from.search(line)):
                self.labels_above.append(match[1].strip())
            if table.start.search(line):
                self._open(self.labels_above or list(table.labels), [], None)
                return
        elif self._first_row(line):
            return
        if not self.started and self.line > MAX_SEEK:
            raise self.error(self.line, self._wanted(), line, "not such a file")
        self._keep(line)
        self.before = line

    def _keep(self, line: str) -> None:
        if self.kept < MAX_OUTSIDE:
            self.outside.append(line)
            self.kept += len(line) + 1

    def _wanted(self) -> str:
        pattern = self.table.header or self.table.start
        return f"a line like {pattern.pattern}" if pattern else "rows of numbers"

    def _first_row(self, line: str) -> bool:
        """Without a header the table starts with the first line of numbers alone."""
        separator = self._separator(line, line)
        cells = [c for c in _split(line, separator) if c.strip()]
        if len(cells) < 2 or any(parse_number(c) is None for c in cells):
            return False
        self._open(
            list(self.table.labels) or [f"column {i + 1}" for i in range(len(cells))], [], line
        )
        assert self.current is not None
        self.current.add(line, self.line, cut=False, at_end=False)
        return True

    def _refuse_orphan(self, line: str) -> None:
        """Rows below the end of the table would be lost without a word."""
        done = self.result.parts[-1] if self.result.parts else None
        if done is None or len(line) > MAX_LINE_OF_NUMBERS or not line[:1].strip("#"):
            return
        cells = [c for c in _split(line, self.separator) if c.strip()]
        width = max(f.index for f in done.found) + 1
        if len(cells) >= max(2, width) and all(parse_number(c) is not None for c in cells):
            raise self.error(
                self.line,
                f"nothing more after the table ended at line {int(done.lines[-1]) + 1}",
                line,
            )

    def _open_when_complete(self) -> None:
        table, lines = self.table, self.waiting or []
        group = 1 if table.group_columns else 0
        if len(lines) < group + table.header_lines + int(table.units_line):
            return
        self.waiting = None
        labels = lines[group : group + table.header_lines]
        separator = self._separator(labels[0], None)
        rows = [_words(line) if separator is None else _split(line, separator) for line in labels]
        width = max(map(len, rows))
        if not 1 <= width <= MAX_COLUMNS:
            raise self.error(self.line, f"at most {MAX_COLUMNS} columns", f"{width} columns")
        names = [
            " ".join(r[k].strip() for r in rows if k < len(r) and r[k].strip())
            for k in range(width)
        ]
        if table.group_columns:
            names = _grouped(_split(lines[0], separator), names, table.group_columns)
        units = _split(lines[-1], separator) if table.units_line else []
        if units and separator is None:
            # Words in columns: units stand over the last ones where the first have none.
            units = [""] * (width - len(units)) + units
        self._open(names, [u.strip(" []()") for u in units], None)

    def _open(self, labels: list[str], units: list[str], first_row: str | None) -> None:
        if not labels:
            raise self.error(self.line, "labels of columns", "none")
        self.separator = self._separator(first_row or "", None) if first_row else self.separator
        found, unread = match_columns(self.description, labels, units)
        if unread and self.table.repeat != "beside":
            self.result.warnings += [
                f"{self.path.name}: column {quote(label)} is not read: its unit "
                + (f"{quote(unit)} is not known" if unit else "is not known or not given")
                for label, unit in unread
            ]
        if not found:
            raise self.error(
                self.line, f"columns of {self.description.technique}", ", ".join(labels)[:200]
            )
        self.started = True
        self.current = _Rows(self, labels, found)

    separator: str | None = None

    def _separator(self, line: str, row: str | None) -> str | None:
        """Return what stands between cells: as described, else the first of TAB, semicolon, comma, blanks."""
        given = SEPARATORS[self.description.separator]
        if self.description.workbook:
            self.separator = "\t"
        elif given != "auto":
            self.separator = given
        elif "\t" in line:
            self.separator = "\t"
        elif ";" in line:
            self.separator = ";"
        else:
            cells = line.split(",")
            plain = row is None or all(parse_number(c) is not None for c in cells if c.strip())
            self.separator = "," if len(cells) > 1 and plain else None
        return self.separator

    def finish(self) -> Tables:
        if self.current is not None:
            self._close()
        self.result.outside = "\n".join(self.outside)
        if not self.result.parts:
            where = f"{self.line} lines" if self.line else "an empty file"
            wanted = "rows of numbers below the labels" if self.started else self._wanted()
            raise ReadError(
                self.path, "file", wanted, f"none in {where}",
                f"the export is cut, or no {self.description.name}",
            )  # fmt: skip
        return self.result


MAX_LINE_OF_NUMBERS = 4096
_NUMBER_BEGIN = re.compile(r"[0-9eE+\-.,: ]*")


def _split(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    if '"' in line:
        return next(csv.reader([line], delimiter=separator))
    return line.split(separator)


def _words(line: str) -> list[str]:
    """Cut a line of labels that stand in columns: at wide gaps, so that a label may have two words."""
    cells = re.split(r"\s{2,}|\t", line.strip())
    return cells if len(cells) > 1 else line.split()


def _grouped(above: Sequence[str], names: Sequence[str], size: int) -> list[str]:
    """Join the name that stands somewhere above a group of columns to each of them."""
    labels = []
    for k, name in enumerate(names):
        start = k // size * size
        group = next((c.strip() for c in above[start : start + size] if c.strip()), "")
        labels.append(f"{group}|{name}" if group else name)
    return labels


def match_columns(
    description: Description, labels: Sequence[str], units: Sequence[str]
) -> tuple[list[Found], list[tuple[str, str]]]:
    """Return which columns hold what, in file order, and label and unit of those whose unit fits no entry.

    Where several columns fit a quantity, the entry that stands first in the description decides; only ion
    currents, and times where each channel has its own, may stand more than once.
    """
    found: list[tuple[int, Found]] = []
    unread: list[tuple[str, str]] = []
    for k, label in enumerate(labels):
        own = (units[k] if k < len(units) else "") or split_label(label.rsplit("|", 1)[-1])[1]
        for rank, column in enumerate(description.columns):
            if label.strip() and (one := _fit(column, k, label, own)):
                found.append((rank, one))
                break
        else:
            if label.strip() and any(c.label.search(label) for c in description.columns):
                unread.append((label, own))
    best: dict[str, tuple[int, int]] = {}
    for rank, one in found:
        quantity = one.column.quantity
        best[quantity] = min(best.get(quantity, (rank, one.index)), (rank, one.index))
    several = {"ion_current_A"}
    if description.table.group_columns:
        several.add("time_s")
    kept = [
        one
        for rank, one in found
        if one.column.quantity in several or best[one.column.quantity] == (rank, one.index)
    ]
    return kept, unread


def _fit(column: Column, index: int, label: str, own: str) -> Found | None:
    """Return the column as one that the entry means; None if label or unit do not fit."""
    match = column.label.search(label)
    if not match:
        return None
    unit, change = own or column.unit, None
    if dimension_of(column.quantity) and unit not in column.accept:
        change = factor_and_offset(unit, column.quantity)
        if change is None and column.unit and not _is_unit(own):
            # What stands in brackets is no unit of anything: a remark.
            unit = column.unit
            change = factor_and_offset(unit, column.quantity)
        if change is None:
            return None
    one = Found(column, index, label, unit, change)
    if "mz" in column.label.groupindex:
        one.mz = _mass(column, match["mz"] or "")
        return one if one.mz == one.mz else None
    return one


def _is_unit(text: str) -> bool:
    from .units import DIMENSIONS, known

    return any(known(text, dimension) for dimension in DIMENSIONS)


def _mass(column: Column, text: str) -> float:
    text = text.strip()
    number = parse_number(text)
    if number is not None:
        return number
    for name, mz in column.masses.items():
        if re.fullmatch(name, text, re.IGNORECASE):
            return float(mz)
    return float("nan")


class _Rows:
    """Rows of one table, parsed a block at a time."""

    def __init__(self, reader: _Reader, labels: list[str], found: list[Found]) -> None:
        self.reader, self.found = reader, found
        self.separator = reader.separator
        self.width = len(labels)
        while labels and not labels[-1].strip():
            labels = labels[:-1]
        self.least = len(labels)
        self.any = False
        self.pending: list[str] = []
        self.numbers: list[int] = []
        self.chunks: list[list[np.ndarray]] = [[] for _ in found]
        self.line_chunks: list[np.ndarray] = []
        self.decimal = {"point": ".", "comma": ",", "auto": ""}[reader.description.decimal]
        self.last_cells: list[str] = []

    def add(self, line: str, number: int, *, cut: bool, at_end: bool) -> None:
        """Take a row; leave out the file's last line if it is incomplete."""
        if self.separator is None:
            count = len(line.split())
        elif '"' in line:
            count = len(_split(line, self.separator))
        else:
            count = line.count(self.separator) + 1
        short = count < self.least
        if at_end and self.any and (short or (cut and not self._whole(line))):
            if not self._begins(line):
                raise self.reader.error(
                    number, f"a row of {self.least} cells, or its beginning", line
                )
            self.reader.result.dropped = self.reader.where(number)
            return
        if short or count > self.width:
            cells = _split(line, self.separator)
            while len(cells) > self.width and not cells[-1].strip():
                cells.pop()
            if not self.least <= len(cells) <= self.width:
                raise self.reader.error(number, f"{self.least} cells", line, f"it has {len(cells)}")
        self.any = True
        self.pending.append(line)
        self.numbers.append(number)

    def _whole(self, line: str) -> bool:
        above = self.pending[-1] if self.pending else self.before
        ends = [_split(text, self.separator)[-1].strip() for text in (above, line)]
        # A word that stands in the line above as well lost no letter.
        same_word = ends[0] == ends[1] and ends[1][-1:].isalpha()
        return same_word or last_is_whole([above, line], self.separator, self.least)

    before = ""

    def _begins(self, line: str) -> bool:
        """Whether a short last line is the beginning of a row and not damage or a footer."""
        cells = _split(line, self.separator)
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
        import numpy as np

        lines, numbers = self.pending, self.numbers
        self.before, self.pending, self.numbers = lines[-1], [], []
        description = self.reader.description
        if not self.decimal:
            self.decimal = self._decimal_sign(lines, numbers)
        rows: list[list[str]] | None = None
        plain = [f for f in self.found if f.column.quantity not in TEXT_QUANTITIES]
        fast = number_cells(lines, self.separator, [f.index for f in plain], self.decimal)
        for k, one in enumerate(self.found):
            if fast is not None and one in plain:
                values = fast[:, plain.index(one)]
            else:
                if rows is None:
                    rows = [_split(line, self.separator) for line in lines]
                cells = [row[one.index].strip() for row in rows]
                if one.column.quantity in TEXT_QUANTITIES:
                    self.chunks[k].append(np.array(cells, dtype=object))
                    continue
                values = self._numbers(one, cells, numbers, description.missing)
            change = one.change
            if change is not None and self._is_clock(one):
                change = None
            self.chunks[k].append(converted(values, change) if change else values)
        self.line_chunks.append(np.array(numbers, np.int64))

    clocks: frozenset[int] = frozenset()

    def _is_clock(self, one: Found) -> bool:
        return one.index in self.clocks

    def _decimal_sign(self, lines: list[str], numbers: list[int]) -> str:
        if self.separator == ",":
            return "."
        index = [f.index for f in self.found if f.column.quantity not in TEXT_QUANTITIES]
        comma = ""
        point = False
        for line in lines[:200]:
            cells = _split(line, self.separator)
            for i in index:
                if i < len(cells):
                    comma = comma or (cells[i] if "," in cells[i] else "")
                    point = point or "." in cells[i]
        if comma and point:
            raise ReadError(
                self.reader.path, self.reader.where(numbers[0]), "one decimal sign",
                f"point and comma, as in {quote(comma)}",
                "say which in a description (decimal: point or comma)",
            )  # fmt: skip
        return "," if comma else ("." if point else "")

    def _numbers(
        self, one: Found, cells: list[str], numbers: list[int], missing: frozenset[str]
    ) -> np.ndarray:
        import numpy as np

        values = np.empty(len(cells))
        wrong = {".": ",", ",": "."}.get(self.decimal)
        for i, cell in enumerate(cells):
            if cell in missing:
                values[i] = np.nan
                continue
            value = None if wrong and wrong in cell else parse_number(cell)
            if value is None and one.column.quantity == "time_s":
                value = clock_seconds(cell.replace(",", "."))
                if value is not None:
                    self.clocks |= {one.index}
            if value is None:
                raise self.reader.error(numbers[i], f"a number in column {one.label!r}", cell)
            values[i] = value
        return values

    def part(self) -> Part:
        """Return what was read."""
        import numpy as np

        if not self.line_chunks:
            return Part(self.found, [np.empty(0) for _ in self.found], np.empty(0, np.int64))
        return Part(
            self.found,
            [np.concatenate(chunk) for chunk in self.chunks],
            np.concatenate(self.line_chunks),
        )
