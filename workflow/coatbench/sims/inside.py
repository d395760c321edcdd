"""What stands in a ToF-SIMS export, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..readers.model import Export
from ..readers.sims_region import ALL_EVENTS
from .fragments import load_fragments
from .ions import other_ions
from .jobs import table_path
from .naming import Image, name_images, shift_of

if TYPE_CHECKING:
    from ..config_types import SimsConfig


def describe(export: Export, config: SimsConfig, study: str = "") -> tuple[str, str]:
    """Return how many images (or ions) of which size an export holds and how many fragments, and which are not there."""
    wanted = load_fragments(table_path(study, config["fragments"]))
    images: list[Image] = []
    shape = ""
    for block in export.sets:
        shape = " x ".join(str(n) for n in block["counts"].shape[1:])
        if block.attrs.get("total_source") == ALL_EVENTS:  # windows are chosen by the analysis
            return f"{int(block['total'].sum())} ions in {shape} px", ""
        numbers, labels, masses = (block[n] for n in ("number", "label", "mass_u"))
        images += [
            Image(int(n), str(label), float(m) if float(m) == float(m) else None)
            for n, label, m in zip(numbers, labels, masses, strict=True)
        ]
    others = other_ions(wanted)
    shift = shift_of(images, wanted, others, config["mass_calibration"])
    names = name_images(images, wanted, others, config["match_ppm"], shift)
    found = {n.fragment.name for n in names if n.fragment is not None}
    lacking = [f.name for f in wanted if f.name not in found]
    inside = f"{len(images)} images of {shape} px, {len(found)} of {len(wanted)} fragments"
    return inside, f"not measured: {', '.join(lacking)}" if lacking else ""
