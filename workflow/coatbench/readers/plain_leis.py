"""LEIS spectra from plain tables."""

from __future__ import annotations

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError
from .assemble import DescribedFile
from .model import Export
from .qtac import MIN_CHANNELS, check_steps
from .xps_block import intensity_unit

QUANTITIES = ("energy_eV", "intensity")
HEAD = ()


def build(file: DescribedFile) -> Export:
    """Return one block with the spectrum, energies ascending."""
    part = file.part()
    energy, intensity = file.needed(part, "energy_eV"), file.needed(part, "intensity")
    named = next(f for f in part.found if f.column.quantity == "intensity")
    intensity = intensity * intensity_unit(named.label, named.unit)[1]  # kcounts
    if len(energy) < MIN_CHANNELS:
        raise ReadError(file.path, "file", f"at least {MIN_CHANNELS} channels", str(len(energy)))
    if (low := np.flatnonzero(energy <= 0)).size:
        raise file.error(part, int(low[0]), "an energy above 0 eV", f"{energy[low[0]]:g} eV")
    odd = check_steps(energy)
    if odd is not None:
        row, expected = odd
        raise file.error(part, row, expected, f"{energy[row]:g} eV")
    if energy[0] > energy[-1]:
        energy, intensity = energy[::-1], intensity[::-1]
    block = Arrays.of(
        {"intensity": ("energy", np.ascontiguousarray(intensity), {"units": "as exported"})},
        {"energy_eV": ("energy", np.ascontiguousarray(energy), {"units": "eV"})},
        file.attrs(),
    )
    return Export(file.path, file.description.name, "leis", [block], warnings=file.warnings)
