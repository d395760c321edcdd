"""A table as it stands in a file of any kind, and what is said of lines that are no rows of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_BYTES = 50_000_000  # of a table; a million rows of an index are fewer
MAX_TITLE_LINES = 20  # above the header


@dataclass(frozen=True)
class Sheet:
    """A table as it stands in its file, all cells text.

    Attributes
    ----------
    header : list of str
        Names of the columns, blanks around them removed.
    header_row : int
        Number of the header's line (from 1).
    rows : list of (int, list of str)
        Number of the line in the file, and its cells.
    separator : str
        One of `SEPARATORS`; empty for a workbook.
    assumed : list of str
        How the file was read, where it is not UTF-8 with commas.
    odd : list of str
        What looks like a slip: rows that are hidden, or passed over as comments.
    """

    header: list[str]
    header_row: int
    rows: list[tuple[int, list[str]]]
    separator: str = ","
    assumed: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


def title_lines(rows: Sequence[Collection[str]], known: Collection[str]) -> int:
    """Return how many rows above the header are none: they hold no known column, and a later one holds two."""
    for i, cells in enumerate(rows):
        hits = len({*cells} & {*known})
        if (hits and not i) or hits > 1:
            return i
    return 0


def said_of_titles(number: int) -> list[str]:
    """Say that lines above the header were passed over."""
    return (
        [f"{number} line{'s' if number > 1 else ''} above the header passed over"] if number else []
    )


def said_of_comments(rows: Sequence[int]) -> list[str]:
    """Say which rows are passed over though they look like rows: left out on purpose, or by the # of an id."""
    if not rows:
        return []
    one = len(rows) == 1
    return [f"{numbered(rows)} {'starts' if one else 'start'} with # and {'is' if one else 'are'} passed over as "
            f"{'a comment' if one else 'comments'}; an id has no # in front"]  # fmt: skip


def numbered(rows: Sequence[int | str]) -> str:
    """Return rows as a message names them.

    Examples
    --------
    >>> numbered([3]), numbered([3, 4]), numbered([3, 4, 7, 8])
    ('row 3', 'rows 3, 4', 'rows 3, 4, 7 and 1 more')
    """
    shown = ", ".join(map(str, rows[:3])) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
    return f"row{'s' if len(rows) > 1 else ''} {shown}"
