"""The data model that every reader returns, that techniques share, and that `curves.py` writes to disk.

An export holds *sets*, an `Arrays` each: a region, a run, a spectrum, an image; for cyclers one table of records in
Battery Data Format 1.3.0 labels. Names carry their unit as a suffix and the attribute `units` repeats it. Whatever the
vendor wrote beside the numbers stands in the attribute `vendor`, as a flat dict of text. `to_xarray` and `to_pandas` of a
set make a dataset or a table where somebody asks for one.

| technique | dims | coordinates | variables |
|---|---|---|---|
| xps | energy | binding_energy_eV (ascending), kinetic_energy_eV | intensity_cps, optional counts, transmission |
| tga_ms | time | time_s (from the start of the record) | temperature_degC, mass_percent, dsc, ...; ion currents: ion_current_A (mz, time) |
| leis | energy | energy_eV (ascending) | intensity (attrs units: counts or counts/nC) |
| sims | image, y, x | label, mass_u, mass_lower_u, mass_upper_u | counts (integer); the total is a variable of its own: total |
| stem | y, x (or element, y, x) | y_nm, x_nm | intensity |
| cycling | record | - | Battery Data Format labels; codes have their `names` as attribute |

Attributes that `snakemake check` shows are the same everywhere: `instrument`, `date` (ISO 8601 or empty).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..arrays import Arrays


@dataclass
class Export:
    """One raw export as read.

    Attributes
    ----------
    path : Path
    format : str
        Name of the recognised format, as in `recognise.FORMATS`.
    technique : str
    sets : list of Arrays
        What the export holds, in its own order.
    warnings : list of str
        One line each; what was dropped, assumed or looked odd.
    """

    path: Path
    format: str
    technique: str
    sets: list[Arrays] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the first set."""
        return {str(k): v for k, v in self.sets[0].attrs.items()} if self.sets else {}
