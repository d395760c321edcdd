"""The table of all numbers that should be doubted, and that of the rows that were left out on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .quality import LEVELS, OK, quality_of

QUALITY_COLUMNS = ("technique", "unit", "value", "quality", "note")
EXCLUDED_COLUMNS = ("technique", "unit", "reason")
# What names a measurement, from large to small.
UNIT = ("run", "sample", "cell", "protocol", "spot", "region", "field", "heating_temperature_degC")
# Of these a measurement has many: what is said of all in the same words is said once.
MANY = ("cycle", "level")


def judged(
    tables: Iterable[tuple[str, str, Sequence[Mapping[str, Any]]]],
) -> list[dict[str, str]]:
    """Return one row for each value of the result tables that is not ok, the worst first.

    Parameters
    ----------
    tables : (technique, name, rows)
        Result tables; those without `quality` have nothing to say.

    Returns
    -------
    list of dict
        technique, unit (the measurement's ids), value (table, and what tells its rows apart), quality, note. Rows
        of a measurement that say the same are one.

    Examples
    --------
    >>> row = {"sample": "c300", "definition": "eq1", "coverage": 0.8, "quality": "doubtful", "quality_note": "chi"}
    >>> judged([("xps", "xps_coverage", [row])])
    [{'technique': 'xps', 'unit': 'c300', 'value': 'xps_coverage: eq1', 'quality': 'doubtful', 'note': 'chi'}]
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for technique, name, rows in tables:
        for row in rows:
            quality = quality_of(row)
            if quality.level == OK or row.get("is_default") is False:
                continue  # what is tried besides, for the uncertainty, is no result
            unit = "/".join(_text(row[k]) for k in UNIT if row.get(k) not in (None, ""))
            what = ", ".join(_labels(row))
            found.setdefault((technique, unit, name, quality.level, quality.note), []).append(what)
    lines = []
    for key, said in found.items():
        line = dict(zip(QUALITY_COLUMNS, key, strict=True))
        if len(said) > 1:
            line["value"] += f" ({len(said)} rows)"
        elif said[0]:
            line["value"] += f": {said[0]}"
        lines.append(line)
    return sorted(lines, key=lambda row: -LEVELS.index(row["quality"]))


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _labels(row: Mapping[str, Any]) -> list[str]:
    """Return the text columns that stand before the first number: what tells the rows of a measurement apart."""
    labels = []
    for column, value in row.items():
        if column in UNIT or column in MANY:
            continue
        if not isinstance(value, str):
            break
        labels.append(value)
    return labels
