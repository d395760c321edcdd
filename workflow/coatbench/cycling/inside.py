"""What stands in a cycler's export, in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CoatbenchError
from ..readers.model import Export
from . import judge
from .files import joined, part_of
from .half_cycles import half_cycles, pair
from .record import CHARGE, DISCHARGE

if TYPE_CHECKING:
    from ..config_types import CyclingConfig


def describe(
    export: Export, config: CyclingConfig, row: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return for how long, between which voltages and in how many cycles a cell was cycled, and what lacks.

    Parameters
    ----------
    export : Export
    row : mapping, optional
        Of the index, where this file alone is the cell: its protocol says what a cycle begins with, and cycles that it
        leaves out must be there.
    """
    if not export.sets:
        return "", "no record of a cell"
    columns = export.sets[0]
    hours = float(columns["Test Time / s"][-1] - columns["Test Time / s"][0]) / 3600
    voltage = columns["Voltage / V"]
    current = columns["Current / A"]
    inside = f"{hours:.1f} h, {float(voltage.min()):.2f} to {float(voltage.max()):.2f} V"
    method = str(columns.attrs.get("technique", ""))
    if not float(abs(current).max()) > 0:
        return inside, "no current ever flows"
    lacking = ""
    try:
        data, _, _ = joined([part_of(Path(export.path), columns)])
        protocol = config["protocols"].get((row or {}).get("protocol", ""))
        first = DISCHARGE if protocol and protocol["first"] == "discharge" else CHARGE
        cycles, lone = pair(half_cycles(data, config["stub_fraction"])[0], first)
    except (CoatbenchError, LookupError, ValueError):  # said by the analysis of the cell
        return ", ".join(filter(None, (inside, method))), ""
    number = len(cycles) + (lone is not None and not cycles)
    inside += f", {number} cycle{'' if number == 1 else 's'}"
    if row is not None and (beyond := judge.beyond(row.get("leave_out_cycles", ""), number)):
        lacking = f"leave_out_cycles names {beyond}, which the cell does not have"
    return ", ".join(filter(None, (inside, method))), lacking
