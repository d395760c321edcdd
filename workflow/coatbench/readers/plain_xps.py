"""XPS regions from plain tables."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..errors import quote
from .assemble import DescribedFile
from .model import Export
from .table_rows import Part
from .xps_block import RawRegion, make_block, region_name
from .xps_columns import named_region

QUANTITIES = (
    "binding_energy_eV", "kinetic_energy_eV", "intensity_cps", "intensity_counts", "transmission", "region",
)  # fmt: skip
HEAD = ("photon_energy_eV", "pass_energy_eV", "dwell_s", "scans", "region")


def build(file: DescribedFile) -> Export:
    """Return a block for each region."""
    part = file.part()
    regions = part.of("region")
    names = list(dict.fromkeys(regions)) if regions is not None else [""]
    export = Export(file.path, file.description.name, "xps", warnings=file.warnings)
    for name in names:
        rows = np.flatnonzero(regions == name) if regions is not None else slice(None)
        export.sets.append(_region(file, part, name, rows))
    return export


def _region(file: DescribedFile, part: Part, name: str, rows: Any) -> Arrays:
    kinetic = part.of("binding_energy_eV") is None and part.of("kinetic_energy_eV") is not None
    energy = file.needed(part, "kinetic_energy_eV" if kinetic else "binding_energy_eV")[rows]
    named = next(f for f in part.found if f.column.quantity.endswith("_energy_eV"))
    if not kinetic and re.match(r"energy\b", named.label.strip(' "'), re.IGNORECASE):
        said = f"{file.path.name}: {quote(named.label)} says neither binding nor kinetic: taken as binding energy"
        if said not in file.warnings:
            file.warnings.append(said)
    rate = part.of("intensity_cps") is not None
    intensity = file.needed(part, "intensity_cps" if rate else "intensity_counts")[rows]
    transmission = part.of("transmission")
    given = name or file.text("region") or named_region(file.path.stem)
    raw = RawRegion(
        name=region_name(given or file.path.stem),
        energy_eV=energy,
        is_kinetic=kinetic,
        intensity=intensity,
        is_rate=rate,
        photon_energy_eV=file.number("photon_energy_eV"),
        dwell_s=file.number("dwell_s"),
        n_scans=int(scans) if math.isfinite(scans := file.number("scans")) and scans >= 1 else 1,
        transmission=None if transmission is None else transmission[rows],
        attrs=file.attrs()
        | {
            "technique": "XPS",
            "pass_energy_eV": file.number("pass_energy_eV"),
            "transmission_coefficients": None,
            "casaxps": None,
        },
    )
    return make_block(raw, file.path, f"region {raw.name}", file.warnings)
