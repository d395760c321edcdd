"""What stands in a micrograph or an element map, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..readers.model import Export

if TYPE_CHECKING:
    from ..config_types import StemConfig


def describe(export: Export, config: StemConfig) -> tuple[str, str]:
    """Return the size and scale of the images, and whether one has no scale."""
    images = []
    without = False
    for block in export.sets:
        shape = block["intensity" if "intensity" in block else "counts"].shape
        step = None
        if "x_nm" in (block.variables if hasattr(block, "variables") else block):
            x = block["x_nm"]
            step = float(x[1] - x[0]) if len(x) > 1 else None
        without |= step is None
        scale = f", {step:.3g} nm/px" if step is not None else ""
        images.append(f"{' x '.join(str(n) for n in shape)} px{scale}")
    return "; ".join(images), "no scale: pixel_size_nm of the index is needed" if without else ""
