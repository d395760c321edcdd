"""Cells of plain tables: numbers many at a time, clocks, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

# What numpy takes for a number and nobody writes as one: nan, inf, 0x10, 1_000.
_ODD = re.compile(r"[_xXnN]")
_TO_POINT = str.maketrans(".,", "\x01.")
_CLOCK = re.compile(
    r"(?:(?P<day>\d{1,5})(?:\s*d(?:ays?)?,?\s*|[-. ]))?(?P<h>\d{1,6}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2}(?:\.\d*)?))?"
)
_SECONDS = re.compile(r"(-?\d+(?:\.\d*)?) s")
_STAMP = re.compile(
    r"(?P<a>\d{1,4})[-./](?P<b>\d{1,2}|[A-Za-z]{3})[-./](?P<c>\d{2,4})"
    r"(?:[ T]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}(?:[.,:]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm])?)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def number_cells(
    lines: Sequence[str], separator: str | None, columns: Sequence[int], decimal: str
) -> np.ndarray | None:
    """Return columns of numbers, (row, column); None where any cell is not plainly a finite number."""
    if not columns:
        return None
    if decimal == ",":
        lines = [line.translate(_TO_POINT) for line in lines]
    try:
        table = np.loadtxt(
            lines, delimiter=separator, usecols=columns, comments=None, encoding=None, ndmin=2, quotechar='"'
        )  # fmt: skip
    except ValueError:
        return None
    if len(table) != len(lines) or not np.isfinite(table).all():
        return None
    # Only where a letter stands can a cell have been read that is none.
    if any(_ODD.search(line) for line in lines) and _odd_cell(lines, separator, columns):
        return None
    return table


def _odd_cell(lines: Sequence[str], separator: str | None, columns: Sequence[int]) -> bool:
    for line in lines:
        if _ODD.search(line):
            cells = line.split() if separator is None else line.split(separator)
            if any(i < len(cells) and _ODD.search(cells[i]) for i in columns):
                return True
    return False


def clock_seconds(cell: str) -> float | None:
    """Return the seconds of an elapsed time; None if the cell is none.

    Examples
    --------
    >>> clock_seconds("01:02:03.5"), clock_seconds("1d 00:00:01"), clock_seconds("12")
    (3723.5, 86401.0, None)
    """
    if match := _SECONDS.fullmatch(cell):
        return float(match[1])
    match = _CLOCK.fullmatch(cell.strip())
    if not match:
        return None
    hours = int(match["day"] or 0) * 24 + int(match["h"])
    return (hours * 60 + int(match["m"])) * 60 + float(match["s"] or 0)


def stamp(text: str, order: str = "") -> datetime | None:
    """Return a date and time of day; None if there is none, or day and month cannot be told apart.

    Parameters
    ----------
    text : str
    order : str
        `dmy`, `mdy` or `ymd`; empty: a year of four digits in front, a day above 12 or the name of a month tells.

    Examples
    --------
    >>> stamp("28/11/2022 13:51:12"), stamp("01/02/2022")
    (datetime.datetime(2022, 11, 28, 13, 51, 12), None)
    """
    match = _STAMP.search(text)
    if not match:
        return None
    a, b, c = match["a"], match["b"], match["c"]
    if b[:1].isalpha():
        if b.lower() not in _MONTHS:
            return None
        day, month, year = int(a), _MONTHS.index(b.lower()) + 1, int(c)
    elif len(a) == 4 or order == "ymd":
        year, month, day = int(a), int(b), int(c)
    elif order == "dmy" or (
        not order and ("." in text[match.start() : match.end("c")] or int(a) > 12)
    ):
        day, month, year = int(a), int(b), int(c)
        if month > 12:
            day, month = month, day
    elif order == "mdy" or int(b) > 12:
        month, day, year = int(a), int(b), int(c)
        if month > 12:
            day, month = month, day
    else:
        return None
    if year < 100:
        year += 2000
    hour = int(match["h"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    second = float((match["s"] or "0").replace(",", ".").replace(":", "."))
    try:
        whole = datetime(year, month, day, hour, int(match["m"] or 0), int(second))
    except ValueError:
        return None
    return whole + timedelta(microseconds=round(second % 1 * 1e6))


def iso_date(text: str, order: str = "") -> str:
    """Return a date and time of day (see `stamp`) in ISO 8601, empty where there is none."""
    found = stamp(text, order)
    return found.isoformat(timespec="seconds").removesuffix("T00:00:00") if found else ""
