"""Charging of a surface, told by its peaks: a layer moves the matrix's edge, a charge moves everything.

Atoms of the outermost layer are not under the layer, so their peaks stay where they are under any thickness of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
SIGNIFICANT = 3.0


@dataclass(frozen=True)
class Charging:
    """By how much the surface peaks of a spectrum stand lower than the reference's.

    Attributes
    ----------
    shift_eV, shift_eV_sd : float
        Weighted mean over the elements that both spectra show, with their scatter.
    elements : tuple of str
    """

    shift_eV: float
    shift_eV_sd: float
    elements: tuple[str, ...]

    @property
    def significant(self) -> bool:
        """Whether the peaks have moved."""
        return abs(self.shift_eV) > SIGNIFICANT * self.shift_eV_sd

    @property
    def note(self) -> str:
        """What was seen, in words; empty where nothing has moved."""
        if not self.significant:
            return ""
        side = "lower" if self.shift_eV > 0 else "higher"
        return (
            f"charging: surface peaks of {', '.join(self.elements)} stand {abs(self.shift_eV):.1f} +- "
            f"{self.shift_eV_sd:.1f} eV {side} than the reference's"
        )


def charging(
    base: Iterable[Row], own: Iterable[Row], position_sd_eV: float, matrix: Iterable[str]
) -> Charging | None:
    """Compare the surface peaks of two spectra.

    Parameters
    ----------
    base, own : iterables of mapping
        Rows of leis_surface_peaks of the reference and of the sample, at one heating temperature.
    position_sd_eV : float
        Standard uncertainty in eV by which a maximum moves with its surroundings.
    matrix : iterable of str
        Entries that stand for the edge itself and tell nothing about charging.

    Returns
    -------
    Charging or None
        None where the two have no peak in common.
    """
    skip = set(matrix)
    seen = {r["element"]: r for r in base if r["detected"]}
    pairs = [
        (seen[r["element"]], r)
        for r in own
        if r["detected"] and r["element"] in seen and r["element"] not in skip
    ]
    if not pairs:
        return None
    shifts = [a["energy_eV"] - b["energy_eV"] for a, b in pairs]
    variances = [
        a["energy_eV_sd"] ** 2 + b["energy_eV_sd"] ** 2 + position_sd_eV**2 for a, b in pairs
    ]
    weight = sum(1 / v for v in variances)
    mean = sum(s / v for s, v in zip(shifts, variances, strict=True)) / weight
    chi = sum((s - mean) ** 2 / v for s, v in zip(shifts, variances, strict=True))
    # Peaks that contradict each other make the mean uncertain by their scatter (Birge's ratio).
    scatter = math.sqrt(max(1.0, chi / (len(pairs) - 1))) if len(pairs) > 1 else 1.0
    return Charging(mean, scatter / math.sqrt(weight), tuple(b["element"] for _, b in pairs))
