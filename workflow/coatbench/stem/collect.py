"""The STEM tables of all samples, in the order of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..config_types import StemConfig

Row = dict[str, Any]


def collect(
    tables: dict[str, list[Row]], samples: list[Row], config: StemConfig
) -> dict[str, list[Row]]:
    """Order the rows of all samples' jobs; nothing in them depends on another sample."""
    position = {row["sample"]: i for i, row in enumerate(samples)}
    return {
        name: sorted(
            tables.get(name, []), key=lambda row: position.get(row["sample"], len(position))
        )
        for name in ("stem_layers", "stem_elements")
    }
