"""The claims table of a study: read it, check it, say in one line each what is wrong with it.

A claim is a fact with a selector and a relation, see docs/claims.md. Only the standard library: a study's
claims can be checked before anything is analysed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cell_checks import any_text
from ..conditions import Condition, parse
from ..errors import StudyError, quote
from ..index import Table, read_rows
from ..spelling import meant, nearest

ALIASES = {
    "near": "equals",
    "increases": "higher",
    "decreases": "lower",
    "less": "lower",
    "small": "constant",
    "maximum_at": "maximum",
    "minimum_at": "minimum",
}
RELATIONS = (
    "equals",
    "within",
    "at_least",
    "at_most",
    "higher",
    "lower",
    "much_lower",
    "slightly_lower",
    "constant",
    "maximum",
    "minimum",
    "steepest_rise",
    "steepest_fall",
    "present",
    "absent",
)
AGGREGATES = ("mean", "sum", "max", "min", "count")
TABLE = Table(
    required={"id": any_text, "quantity": any_text, "relation": any_text},
    files=(),
    key=("id",),
)
NEED_VALUE = {"equals", "within", "at_least", "at_most", "maximum", "minimum"} | {
    "steepest_rise",
    "steepest_fall",
}
NEED_AGAINST = {"much_lower", "slightly_lower"}


@dataclass(frozen=True)
class Claim:
    """One row of claims.csv.

    Attributes
    ----------
    values : tuple of (low, high)
        Expected values; a plain number has both ends equal, an open end is infinite.
    against : str
        Samples to compare with, or conditions that replace those of `where`.
    factor : str
        What `maximum`, `minimum`, `steepest_...` and numbers in `sample` speak of; empty: the factor that figures draw along.
    levels : tuple of str
        Expected levels of a category, where `maximum` or `minimum` has no unit.
    selected : bool
        False for a row that says what is claimed but not where to look: never testable.
    """

    id: str
    figure: str
    quantity: str
    sample: str
    relation: str
    expected: str
    values: tuple[tuple[float, float], ...]
    tolerance: float | None
    unit: str
    table: str
    column: str
    where: tuple[Condition, ...]
    each: str
    aggregate: str
    against: str
    note: str
    factor: str = ""
    levels: tuple[str, ...] = ()

    @property
    def selected(self) -> bool:
        """Tell whether the row says where to look."""
        return bool(self.table and self.column)


OPTIONAL = ("figure", "sample", "factor", "value", "tolerance", "unit", "table", "column", "where", "each", "aggregate",
            "against", "note")  # fmt: skip
OTHER_WORDS = {"expected": "value", "samples": "sample", "reference": "against", "sd": "tolerance"}


def read_claims(path: str | Path, notes: list[str] | None = None) -> list[Claim]:
    """Read claims.csv; columns that are probably misspelled are added to `notes`.

    Raises
    ------
    StudyError
        With every problem, one line each: file, row, column, found, expected.
    """
    path = Path(path)
    problems: list[str] = []
    claims = []
    rows = read_rows(path, TABLE, problems, notes)
    if notes is not None and rows:
        notes.extend(_near_columns(path, rows[0]))
    for row in rows:
        found: list[str] = []
        claims.append(_claim(row, found))
        problems.extend(f"{path}: row {row['#']}: {text}" for text in found)
    if problems:
        raise StudyError(problems)
    return claims


def _near_columns(path: Path, row: Mapping[str, str]) -> Iterator[str]:
    absent = [c for c in OPTIONAL if c not in row]
    for column in row:
        if column in (*OPTIONAL, *TABLE.required) or column.startswith("#"):
            continue
        likely = OTHER_WORDS.get(column.casefold()) or nearest(column, absent)
        if likely in absent:
            yield f"{path}: column {column} is not read; did you mean {likely}?"


def _claim(row: Mapping[str, str], problems: list[str]) -> Claim:
    def cell(column: str) -> str:
        return row.get(column) or ""

    relation = ALIASES.get(cell("relation"), cell("relation"))
    selected = bool(cell("table") and cell("column"))
    if bool(cell("table")) != bool(cell("column")):
        lacking = "column" if cell("table") else "table"
        problems.append(
            f"column {lacking}: found an empty cell, expected both table and column, or none"
        )
    where = _conditions("where", cell("where"), problems)
    if is_conditions(cell("against")):
        _conditions("against", cell("against"), problems)
    aggregate = cell("aggregate") or "mean"
    if aggregate not in AGGREGATES:
        problems.append(
            f"column aggregate: found {quote(aggregate)}, expected one of {', '.join(AGGREGATES)}"
        )
    values: tuple[tuple[float, float], ...] = ()
    levels: tuple[str, ...] = ()
    tolerance = None
    # A row without a selector may say what it expects in any words: it is only shown.
    if selected:
        if relation not in RELATIONS:
            problems.append(
                f"column relation: found {quote(relation)}, expected one of "
                f"{', '.join(sorted({*RELATIONS, *ALIASES}))}{meant(relation, [*RELATIONS, *ALIASES], 0.6)}"
            )
        if relation in ("maximum", "minimum") and not cell("unit"):
            levels = _levels(cell("value"))
        values = () if levels else _values(cell("value"), problems)
        tolerance = _tolerance(cell("tolerance"), problems)
        _complete(relation, cell("value"), cell("against"), tolerance, problems)
    return Claim(
        id=cell("id"),
        figure=cell("figure"),
        quantity=cell("quantity"),
        sample=cell("sample"),
        relation=relation,
        expected=cell("value"),
        values=values,
        tolerance=tolerance,
        unit=cell("unit"),
        table=cell("table"),
        column=cell("column"),
        where=where,
        each=cell("each"),
        aggregate=aggregate,
        against=cell("against"),
        note=cell("note"),
        factor=cell("factor"),
        levels=levels,
    )


def is_conditions(against: str) -> bool:
    """Tell whether `against` holds conditions (another row of the same sample) and not samples."""
    return any(sign in against for sign in "=<>")


def _conditions(column: str, text: str, problems: list[str]) -> tuple[Condition, ...]:
    try:
        return parse(text)
    except ValueError as error:
        problems.append(f"column {column}: {error}")
        return ()


def _complete(
    relation: str, value: str, against: str, tolerance: float | None, problems: list[str]
) -> None:
    if relation in NEED_VALUE and not value:
        problems.append(f"column value: found an empty cell, expected a value for {relation}")
    if relation in NEED_AGAINST and not against:
        problems.append(f"column against: found an empty cell, expected samples for {relation}")
    if relation in NEED_AGAINST and value and not _is_share(value):
        problems.append(f"column value: found {quote(value)}, expected a share such as 0.5")
    if relation in ("higher", "lower") and not (value or against):
        problems.append(
            f"column against: found an empty cell, expected against or value for {relation}"
        )
    if relation == "constant" and tolerance is None:
        problems.append("column tolerance: found an empty cell, expected the spread allowed")


def _is_share(text: str) -> bool:
    try:
        low, high = parse_range(text)
    except ValueError:
        return False
    return low == high and low > 0


def _tolerance(text: str, problems: list[str]) -> float | None:
    if not text:
        return None
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = math.nan
    if not (math.isfinite(tolerance) and tolerance >= 0):
        problems.append(f"column tolerance: found {quote(text)}, expected a number from 0 up")
        return None
    return tolerance


def _values(text: str, problems: list[str]) -> tuple[tuple[float, float], ...]:
    found = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        try:
            found.append(parse_range(part))
        except ValueError:
            problems.append(
                f"column value: found {quote(part)}, expected a number or a range such as 100..200"
            )
    return tuple(found)


def _levels(text: str) -> tuple[str, ...]:
    """Return the parts of a value as levels of a category; none where one of them is a number or a range."""
    parts = tuple(p.strip() for p in text.split(";") if p.strip())
    for part in parts:
        try:
            parse_range(part)
        except ValueError:
            continue
        return ()
    return parts


def parse_range(text: str) -> tuple[float, float]:
    """Read `3`, `1..3`, `..3` or `1..` as (low, high).

    Raises
    ------
    ValueError
        Not such a text, or low above high.
    """
    if ".." not in text:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number, number
    left, _, right = text.partition("..")
    low = float(left) if left.strip() else -math.inf
    high = float(right) if right.strip() else math.inf
    if math.isnan(low) or math.isnan(high) or low > high:
        raise ValueError(text)
    return low, high
