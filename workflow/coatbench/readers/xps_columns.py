"""Two columns of one XPS region: binding energy and intensity, as MultiPak and others write them.

The first line is ``BE/eV`` and, after TAB or comma, a label. MultiPak's label starts with ``In`` and the
region (``InC1s_sample``, counts/s); others give a pass energy. Nothing else is known of such a file: no photon
energy, no acquisition time, so kinetic energies are empty and counting statistics unknown.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ..errors import ReadError
from .model import Export
from .text import MAX_BYTES, read_rows, read_text, split
from .xps_block import RawRegion, make_block, region_name

_PASS_ENERGY = re.compile(r"PE:\s*([\d.]+)\s*eV")
_REGION = re.compile(r"(?:In|_|^)([A-Z][a-z]?[1-7][spdf])(?![a-z0-9])")


def read(path: Path) -> Export:
    """Read one region (see `xps_block.make_block`). The region's name comes from label or file name.

    Raises
    ------
    ReadError
        Not two columns of numbers under a line ``BE/eV``.
    """
    text = read_text(path, MAX_BYTES // 16)
    separator = "," if "," in text.lines[0] else "\t"
    title = split(text.lines[0], separator)
    if len(title) < 2 or title[0].strip() != "BE/eV":
        raise text.error(0, "BE/eV and a label", text.lines[0])
    stop = len(text.lines)
    while stop > 1 and not text.lines[stop - 1].strip():
        stop -= 1
    values, dropped = read_rows(text, 1, stop, 2, separator)
    export = Export(Path(path), "XPS columns", "xps")
    if dropped:
        export.warnings.append("1 incomplete last line dropped")
    if len(values) == 0:
        raise ReadError(text.path, "file", "rows of binding energy and intensity", "none")
    named = named_region(title[1]) or named_region(Path(path).stem)
    pass_energy = _PASS_ENERGY.search(title[1])
    raw = RawRegion(
        name=region_name(named or title[1]),
        energy_eV=values[:, 0],
        is_kinetic=False,
        intensity=values[:, 1],
        is_rate=True,
        photon_energy_eV=math.nan,
        attrs={
            "technique": "XPS",
            "pass_energy_eV": float(pass_energy.group(1)) if pass_energy else math.nan,
            "transmission_coefficients": None,
            "casaxps": None,
            "vendor": {"label": title[1].strip()},
        },
    )
    export.warnings.append("the unit of the intensity is not in the file; taken as counts/s")
    export.sets.append(make_block(raw, export.path, f"region {raw.name}", export.warnings))
    return export


def named_region(text: str) -> str:
    """Return the region that a label or the name of a file names, empty if none."""
    match = _REGION.search(text)
    return match.group(1) if match else ""
