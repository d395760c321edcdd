"""What stands in a thermogram or in ion currents, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..readers.model import Export

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig


def describe(export: Export, config: TgaMsConfig) -> tuple[str, str]:
    """Return which signals and ion currents an export holds, and what cannot be evaluated without."""
    signals: dict[str, None] = {}
    for block in export.sets:
        for name in map(str, block.variables):
            if name == "ion_current_A":
                masses = ", ".join(f"{float(m):g}" for m in block["mz"])
                signals[f"m/z {masses}"] = None
            elif name.split("_")[0] in ("mass", "dsc"):
                signals[name.split("_")[0]] = None
    return ", ".join(signals), "" if signals else "neither mass nor ion currents"
