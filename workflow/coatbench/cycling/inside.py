"""What stands in a cycler's export, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..readers.model import Export


def describe(export: Export, config: Mapping[str, Any]) -> tuple[str, str]:
    """Return for how long and between which voltages a cell was cycled, and whether current flowed at all."""
    if not export.sets:
        return "", "no record of a cell"
    columns = export.sets[0]
    hours = float(columns["Test Time / s"][-1] - columns["Test Time / s"][0]) / 3600
    voltage = columns["Voltage / V"]
    current = columns["Current / A"]
    inside = f"{hours:.1f} h, {float(voltage.min()):.2f} to {float(voltage.max()):.2f} V"
    if "Cycle Count / 1" in columns.variables:
        cycles = len(set(columns["Cycle Count / 1"].tolist()))
        inside += f", cycle numbers: {cycles}"
    return inside, "" if float(abs(current).max()) > 0 else "no current ever flows"
