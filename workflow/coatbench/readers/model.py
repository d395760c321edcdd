"""The data model that every reader returns.

An export holds *blocks* (an `xarray.Dataset` each: a region, a run, a spectrum, an image) or, for
cyclers, one *table* (a `pandas.DataFrame` in Battery Data Format 1.3.0 labels). Names carry their unit
as a suffix and `attrs["units"]` repeats it. Whatever the vendor wrote beside the numbers stands in
`attrs["vendor"]` of a block or table, as a flat dict of strings.

| technique | dims | coordinates | variables |
|---|---|---|---|
| xps | energy | binding_energy_eV (ascending), kinetic_energy_eV | intensity_cps, optional counts, transmission |
| tga_ms | time | time_s (from the start of the record) | temperature_degC, mass_percent, dsc, ...; ion currents: ion_current_A (mz, time) |
| leis | energy | energy_eV (ascending) | intensity (attrs units: counts or counts/nC) |
| sims | image, y, x | label, mass_u, mass_lower_u, mass_upper_u | counts (integer); the total is a variable of its own: total |
| stem | y, x (or element, y, x) | y_nm, x_nm | intensity |
| cycling | - | - | DataFrame in BDF labels |

Attributes that `snakemake check` shows are the same everywhere: `instrument`, `date` (ISO 8601 or empty).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass
class Export:
    """One raw export as read.

    Attributes
    ----------
    path : Path
    format : str
        Name of the recognised format, as in `recognise.FORMATS`.
    technique : str
    blocks : list of xarray.Dataset
        What the export holds, in its own order. Empty for cycling.
    table : pandas.DataFrame or None
        Cycling records in Battery Data Format labels.
    warnings : list of str
        One line each; what was dropped, assumed or looked odd.
    """

    path: Path
    format: str
    technique: str
    blocks: list[xr.Dataset] = field(default_factory=list)
    table: pd.DataFrame | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the first block, or of the table."""
        if self.table is not None:
            return {str(k): v for k, v in self.table.attrs.items()}
        return {str(k): v for k, v in self.blocks[0].attrs.items()} if self.blocks else {}
