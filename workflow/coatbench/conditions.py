"""Pick rows of a result table by written conditions: `region=S 2p; component=sulfite|sulfate`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]

# Longest first, so that `<=` is not read as `<`.
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|!=|=|<|>)\s*(.*?)\s*\Z")


@dataclass(frozen=True)
class Condition:
    """One condition on one column; `=` and `!=` accept alternatives."""

    column: str
    sign: str
    values: tuple[str, ...]

    def holds(self, row: Row) -> bool:
        """Tell whether a row fulfils it. An empty cell fulfils no condition."""
        found = row.get(self.column)
        if found is None:
            return False
        hits = [_compare(found, self.sign, value) for value in self.values]
        return all(hits) if self.sign == "!=" else any(hits)

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{'|'.join(self.values)}"


def _compare(found: Any, sign: str, value: str) -> bool:
    if isinstance(found, bool):
        found = "true" if found else "false"
    if isinstance(found, (int, float)):
        try:
            return _OPERATORS[sign](float(found), float(value))
        except ValueError:
            return sign == "!="
    if sign in ("=", "!="):
        return _OPERATORS[sign](str(found), value)
    try:
        return _OPERATORS[sign](float(found), float(value))
    except ValueError:
        return False


def parse(text: str) -> tuple[Condition, ...]:
    """Read conditions separated by `;`.

    Raises
    ------
    ValueError
        A part is not `column sign value`; the message says which.
    """
    found = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        match = _CONDITION.match(part)
        if not match or not match[3]:
            raise ValueError(f"expected a condition such as region=S 2p, found {part!r}")
        values = tuple(v.strip() for v in match[3].split("|"))
        if match[2] not in ("=", "!=") and len(values) > 1:
            raise ValueError(f"expected one value after {match[2]}, found {part!r}")
        found.append(Condition(match[1], match[2], values))
    return tuple(found)


def from_mapping(where: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Make conditions from a mapping of column to value, as a config writes them."""
    return tuple(Condition(column, "=", (_text(value),)) for column, value in where.items())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def pick(rows: Iterable[Row], conditions: Iterable[Condition]) -> list[Row]:
    """Return the rows that fulfil all conditions."""
    conditions = tuple(conditions)
    return [row for row in rows if all(c.holds(row) for c in conditions)]
