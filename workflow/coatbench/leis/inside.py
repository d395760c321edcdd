"""What stands in a LEIS export, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..readers.model import Export

if TYPE_CHECKING:
    from ..config_types import LeisConfig


def describe(export: Export, config: LeisConfig) -> tuple[str, str]:
    """Return the number of counts of a spectrum, and whether there are any."""
    counts = sum(float(block["intensity"].sum()) for block in export.sets)
    return f"{counts:.4g} counts in all", "" if counts > 0 else "no counts"
