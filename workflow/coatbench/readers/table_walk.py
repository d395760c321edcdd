"""One engine for plain tables: finds the table that a description tells of, and reads its columns.

The file is walked a block at a time and only columns that hold a quantity are kept. Lines that a description
does not expect are errors with their number; only an incomplete last line is dropped, and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ReadError, quote
from .cells import clock_seconds
from .description import SEPARATORS, TEXT_QUANTITIES, Description
from .line_blocks import Block, encoding_of, text_blocks, workbook_blocks, workbook_heads
from .table_columns import grouped, is_unit, label_cells, match_columns
from .table_rows import Part, Place, Rows, split_cells
from .text import parse_number

MAX_OUTSIDE = 1 << 20  # text beside the tables that is kept for values of the head
MAX_SEEK = 20_000  # lines before a table must have begun
MAX_COLUMNS = 4096
MAX_LINE_OF_NUMBERS = 4096


@dataclass
class Tables:
    """What `read_tables` returns: the tables, the text beside them, and what was dropped."""

    path: Path
    parts: list[Part] = field(default_factory=list)
    outside: str = ""
    encoding: str = ""
    dropped: str = ""
    place: Place | None = None
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
        self.place = Place(path)
        self.result = Tables(path)
        self.outside: list[str] = []
        self.kept = 0
        self.labels_above: list[str] = []
        self.labels: list[str] = []
        self.current: Rows | None = None
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
            if self.current is not None:
                self._close()  # a sheet goes on with its own labels
            self.place = Place(self.path, name)
            yield from workbook_blocks(self.path, name)

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
            if not self.current.any:
                self._take_units(line)
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

    def _take_units(self, line: str) -> None:
        """Take the units of a line below the labels that a description passes over: not every file of the kind has it."""
        assert self.current is not None
        units = [c.strip(" []()") for c in split_cells(line, self.separator)]
        if any(map(is_unit, units)) and all(parse_number(c) is None for c in units):
            self._open(self.labels, units, None)

    def _close(self) -> None:
        assert self.current is not None
        self.current.parse()
        part = self.current.part()
        self.result.dropped = self.result.dropped or self.current.dropped
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
        if self.started and table.repeat == "append":
            self._refuse_orphan(line)
        if not self.started and self.line > MAX_SEEK:
            raise self.place.error(self.line, self._wanted(), line, "not such a file")
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
        cells = [c for c in split_cells(line, separator) if c.strip()]
        if len(cells) < 2 or any(parse_number(c) is None for c in cells):
            return False
        self._open(
            list(self.table.labels) or [f"column {i + 1}" for i in range(len(cells))], [], line
        )
        assert self.current is not None
        self.current.add(line, self.line, cut=False, at_end=False)
        return True

    def _refuse_orphan(self, line: str) -> None:
        """Rows below the end of a table would be lost without a word: words may stand in other columns than those of numbers."""
        done = self.result.parts[-1] if self.result.parts else None
        if done is None or len(line) > MAX_LINE_OF_NUMBERS or not line[:1].strip("#"):
            return
        cells = [c.strip() for c in split_cells(line, self.separator)]
        columns = [f for f in done.found if f.column.quantity not in TEXT_QUANTITIES]
        own = [cells[f.index] for f in columns if f.index < len(cells)]
        known = [c for c in own if c not in self.description.missing]
        if (
            len(own) == len(columns)
            and len(known) >= 2
            and all(parse_number(c) is not None or clock_seconds(c) is not None for c in known)
        ):
            raise self.place.error(
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
        rows = [
            label_cells(line) if separator is None else split_cells(line, separator)
            for line in labels
        ]
        width = max(map(len, rows))
        if not 1 <= width <= MAX_COLUMNS:
            raise self.place.error(self.line, f"at most {MAX_COLUMNS} columns", f"{width} columns")
        names = [
            " ".join(r[k].strip() for r in rows if k < len(r) and r[k].strip())
            for k in range(width)
        ]
        if table.group_columns:
            names = grouped(split_cells(lines[0], separator), names, table.group_columns)
        units = split_cells(lines[-1], separator) if table.units_line else []
        if units and separator is None:
            # Words in columns: units stand over the last ones where the first have none.
            units = [""] * (width - len(units)) + units
        self._open(names, [u.strip(" []()") for u in units], None)

    def _open(self, labels: list[str], units: list[str], first_row: str | None) -> None:
        if not labels:
            raise self.place.error(self.line, "labels of columns", "none")
        self.separator = self._separator(first_row or "", None) if first_row else self.separator
        found, unread = match_columns(self.description, labels, units)
        if unread and self.table.repeat != "beside":
            self.result.warnings += [
                f"{self.path.name}: column {quote(label)} is not read: its unit "
                + (f"{quote(unit)} is not known" if unit else "is not known or not given")
                for label, unit in unread
            ]
        if not found:
            raise self.place.error(
                self.line, f"columns of {self.description.technique}", ", ".join(labels)[:200]
            )
        self.started, self.labels = True, labels
        about = self.description
        self.current = Rows(self.place, labels, found, self.separator, about.decimal, about.missing)

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
        self.result.place = self.place
        if not self.result.parts:
            where = f"{self.line} lines" if self.line else "an empty file"
            wanted = "rows of numbers below the labels" if self.started else self._wanted()
            raise ReadError(
                self.path, "file", wanted, f"none in {where}",
                f"the export is cut, or no {self.description.name}",
            )  # fmt: skip
        return self.result
