"""Which columns of a plain table hold which quantity, by their labels and units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .description import Column, Description
from .text import parse_number
from .units import DIMENSIONS, dimension_of, factor_and_offset, known_unit, split_label

# What a unit is divided by: `mAh/g`, `mA per cm2`, `mAh g-1`, `mA*cm^-2`.
_UNDER = re.compile(r"\s*/|\s+per\s|[\s.*·]+(?=[A-Za-zµ]+\d?\^?\s?[-−⁻])")


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


def label_cells(line: str) -> list[str]:
    """Cut a line of labels that stand in columns: at wide gaps, so that a label may have two words."""
    cells = re.split(r"\s{2,}|\t", line.strip())
    return cells if len(cells) > 1 else line.split()


def grouped(above: Sequence[str], names: Sequence[str], size: int) -> list[str]:
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
        if change is None and column.unit and not is_unit(_UNDER.split(own)[0]):
            # What stands in brackets is no unit of anything, nor one per mass or area: a remark.
            unit = column.unit
            change = factor_and_offset(unit, column.quantity)
        if change is None:
            return None
    one = Found(column, index, label, unit, change)
    if "mz" in column.label.groupindex:
        one.mz = _mass(column, match["mz"] or "")
        return one if one.mz == one.mz else None
    return one


def is_unit(text: str) -> bool:
    """Whether a text is a unit of any quantity."""
    return any(known_unit(text, dimension) for dimension in DIMENSIONS)


def _mass(column: Column, text: str) -> float:
    text = text.strip()
    number = parse_number(text)
    if number is not None:
        return number
    for name, mz in column.masses.items():
        if re.fullmatch(name, text, re.IGNORECASE):
            return float(mz)
    return float("nan")
