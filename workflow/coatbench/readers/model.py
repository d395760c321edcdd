"""The data model that every reader returns.

An export holds *blocks* (an `xarray.Dataset` each: a region, a run, a spectrum, an image) or, for
cyclers, one *table* (a `pandas.DataFrame` in Battery Data Format 1.3.0 labels). Jobs take the same as plain arrays,
`sets` and `columns`. Names carry their unit
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
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays

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
    sets : list of Arrays (or xarray.Dataset, from readers that need xarray anyway)
        What the export holds, in its own order. Empty for cycling.
    columns : Arrays or None
        Cycling records in Battery Data Format labels; codes have their `names` as attribute.
    warnings : list of str
        One line each; what was dropped, assumed or looked odd.
    """

    path: Path
    format: str
    technique: str
    sets: list[Any] = field(default_factory=list)
    columns: Arrays | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the first block, or of the table."""
        first = self.columns if self.columns is not None else next(iter(self.sets), None)
        return {} if first is None else {str(k): v for k, v in first.attrs.items()}

    @cached_property
    def blocks(self) -> list[xr.Dataset]:
        """`sets` as xarray datasets."""
        return [s.to_xarray() if isinstance(s, Arrays) else s for s in self.sets]

    @cached_property
    def table(self) -> pd.DataFrame | None:
        """`columns` as a table; codes as categories."""
        columns = self.columns
        if columns is None:
            return None
        import pandas as pd

        def column(name: str) -> Any:
            values, names = columns[name], columns.attrs_of(name).get("names")
            return values if names is None else pd.Categorical.from_codes(values, pd.Index(names))

        table = pd.DataFrame({n: column(n) for n in columns.variables}, copy=False)
        table.attrs.update(columns.attrs)
        return table
