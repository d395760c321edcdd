"""Plotted curves as a spreadsheet draws them: a column per curve, sample and unit in its head.

The CSV file of a figure stays tidy, one point a row; this is its other form, for figures.xlsx.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..quality import OK

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Curves:
    """Which rows of a figure are points of curves: those with x and a value.

    Attributes
    ----------
    x : column of the abscissa
    values : columns of the ordinates
    by : columns whose values make a curve of its own
    name : of `by`, the column that holds the quantity with its unit, where `values` does not
    """

    x: str
    values: tuple[str, ...]
    by: tuple[str, ...]
    name: str = ""


STACK = Curves(
    "binding_energy_eV", ("intensity_cps", "background_cps", "envelope_cps"), ("sample", "region")
)
FIGURES: dict[str, tuple[Curves, ...]] = {
    "fig1": (STACK,),
    "figS1": (STACK,),
    "figS2": (STACK,),
    "fig3": (Curves("energy_eV", ("intensity_counts_per_nC",), ("sample", "heating_temperature_degC")),),
    "fig5": (Curves("potential_V", ("value",), ("sample", "panel", "quantity", "cell"), "quantity"),),
    "fig7": (
        Curves("capacity_mAh_g", ("potential_V",), ("sample", "cell", "direction", "cycle")),
        Curves("cycle", ("capacity_mAh_g",), ("sample", "cell")),
    ),
    "figS4": (Curves("temperature_degC", ("value",), ("run", "sample", "signal"), "signal"),),
    "ranking": (Curves("x", ("value",), ("panel", "series", "quantity")),),
}  # fmt: skip
UNITS = {
    "_counts_per_nC": "counts nC⁻¹", "_mAh_g_V": "mAh g⁻¹ V⁻¹", "_mAh_g": "mAh g⁻¹", "_percent": "%",
    "_degC": "°C", "_cps": "(counts/s)", "_eV": "eV", "_nm": "nm", "_V": "V", "_A": "A", "_min": "% min⁻¹",
}  # fmt: skip


def quantity(column: str) -> str:
    """Return a column's name as the head of a curve: in words, with its unit.

    Examples
    --------
    >>> quantity("binding_energy_eV"), quantity("dqdv_mAh_g_V charge 2"), quantity("mz64_A")
    ('binding energy / eV', 'dqdv charge 2 / mAh g⁻¹ V⁻¹', 'mz64 / A')
    """
    first, _, rest = column.partition(" ")
    for suffix, unit in UNITS.items():
        if first.endswith(suffix):
            words = f"{first.removesuffix(suffix)} {rest}".strip().replace("_", " ")
            return f"{words} / {unit}"
    return column.replace("_", " ")


def wide(
    name: str, rows: Sequence[Row], labels: Mapping[str, str]
) -> tuple[list[str], list[list[Any]], list[Row]] | None:
    """Return the curves of a figure as columns: heads, rows, and the rows that are no point of a curve.

    Parameters
    ----------
    name : of the figure
    rows : its plotted numbers
    labels : sample -> what it is called

    Returns
    -------
    None where the figure has no curves. An abscissa stands once before the curves that share it.
    """
    if name not in FIGURES or not rows:
        return None
    columns: list[tuple[str, list[Any]]] = []
    rest = list(rows)
    for curves in FIGURES[name]:
        needed = (curves.x, *curves.values)
        if any(c not in rows[0] for c in (*needed, *curves.by)):
            continue
        points = [r for r in rest if all(r[c] is not None for c in needed)]
        rest = [r for r in rest if any(r[c] is None for c in needed)]
        grouped: dict[tuple[str, ...], list[Row]] = {}
        for row in points:
            grouped.setdefault(tuple(_text(row[c]) for c in curves.by), []).append(row)
        shared: list[Any] | None = None
        for key, own in grouped.items():
            told = dict(zip(curves.by, key, strict=True))
            x = [r[curves.x] for r in own]
            if x != shared:
                columns.append((quantity(curves.x), x))
                shared = x
            who = ", ".join(_named(c, v, labels) for c, v in told.items() if v and c != curves.name)
            for column in curves.values:
                what = quantity(told[curves.name] if curves.name else column)
                columns.append((f"{who}: {what}", [r[column] for r in own]))
            if any(r.get("quality") not in (None, OK) for r in own):  # a doubt goes with its point
                columns.append((f"{who}: quality", [r["quality"] for r in own]))
            columns += _parts(own, who)
    if not columns:
        return None
    height = max(len(values) for _, values in columns)
    table = [[v[i] if i < len(v) else None for _, v in columns] for i in range(height)]
    return [head for head, _ in columns], table, rest


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _named(column: str, value: str, labels: Mapping[str, str]) -> str:
    if column == "sample":
        return labels.get(value) or value
    if column.endswith("_degC"):
        return f"{value} °C"
    return f"{column} {value}" if column in ("cell", "cycle", "panel") else value


def _parts(rows: Sequence[Row], who: str) -> list[tuple[str, list[Any]]]:
    """Return the components of fitted spectra, which stand in one cell as `name value; name value`."""
    if not rows or not rows[0].get("components_cps"):
        return []
    found: dict[str, list[Any]] = {}
    for i, row in enumerate(rows):
        for name, value in re.findall(r"([^;]+?) (\S+)(?:;|\Z)", str(row["components_cps"])):
            found.setdefault(name.strip(), [None] * len(rows))[i] = float(value)
    return [(f"{who}: {name} / (counts/s)", values) for name, values in found.items()]
