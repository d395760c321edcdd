"""Thickness of a closed layer from what it leaves of the lattice oxygen, and of the contamination above."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..quality import worst
from .attenuation import attenuation_nm
from .coverage import CARBON, Amount
from .quantify import AL_KALPHA_EV, WITHIN_EV
from .uncertainty import Z95, upper_limit

if TYPE_CHECKING:
    from ..config_types import XpsCoverage

Row = dict[str, Any]
Amounts = Mapping[str, Mapping[str, Amount]]
# The density of the contamination relative to what lies below is known to about this factor.
DENSITY_FACTORS = (0.75, 1.33)


@dataclass(frozen=True)
class Thickness:
    """Thickness of a closed layer in nm with its uncertainty; a lower limit has none."""

    value: float
    sd: float | None
    is_limit: bool


def thickness(
    amount: Amount,
    reference: Amount,
    setting: XpsCoverage,
    photon_eV: float = AL_KALPHA_EV,
) -> Thickness | None:
    """Return the thickness of a closed layer, None where the sample shows more of the lattice than the reference.

    Where the lattice signal is not significant, the thickness that its 95 % upper limit leaves is a lower limit.
    The uncertainty holds that of the attenuation length.

    Parameters
    ----------
    amount, reference : Amount
        Share of lattice oxygen in all atoms below the contamination.
    setting : mapping
        The section `xps.coverage`.
    photon_eV : float
        Of the lattice line, whose electrons come the further the faster they are; NaN counts as Al K-alpha.
    """
    # The configuration's length is that at Al K-alpha, whichever digits a file gives it.
    at = photon_eV if abs(photon_eV - AL_KALPHA_EV) > WITHIN_EV else AL_KALPHA_EV
    length = attenuation_nm(setting["lattice_region"], at, setting)
    if reference.value <= 0:
        return None
    if amount.value < 3 * amount.sd:
        limit = upper_limit(amount.value, amount.sd)
        ratio = limit / max(reference.value - Z95 * reference.sd, 1e-12)
        return Thickness(-length * math.log(ratio), None, True) if 0 < ratio < 1 else None
    ratio = amount.value / reference.value
    if ratio >= 1:
        return None
    found = -length * math.log(ratio)
    counting = length * math.hypot(amount.sd / amount.value, reference.sd / reference.value)
    return Thickness(found, math.hypot(counting, found * setting["attenuation_length_sd"]), False)


def layer_rows(
    amounts: Amounts,
    others: Sequence[Amounts],
    areas: Sequence[Row],
    reference: str,
    setting: XpsCoverage,
    powders: set[str],
) -> list[Row]:
    """Return the rows of xps_layer.

    Parameters
    ----------
    amounts : dict of sample to its amounts
    others : list of the same
        With the contamination as dense as DENSITY_FACTORS say.
    areas : list of dict
        Rows of xps_areas: the photon energy of the lattice line.
    reference : str
    setting : mapping
        The section `xps.coverage`.
    powders : set of str
        Samples without a substrate.
    """
    rows = []
    lattice = setting["lattice_region"]
    photons = {
        row["sample"]: float(row["photon_energy_eV"])
        for row in areas
        if row["region"] == lattice and row.get("photon_energy_eV") is not None
    }
    bare = amounts.get(reference, {}).get("lattice_oxygen")
    for sample, values in amounts.items():
        amount = values.get("lattice_oxygen")
        if bare is None or amount is None or sample in {reference, *powders}:
            continue
        judged = worst([amount.quality, bare.quality])
        usable = amount.quality.usable and bare.quality.usable
        photon = photons.get(sample, math.nan)
        found = thickness(amount, bare, setting, photon) if usable else None
        sd = found.sd if found else None
        if found and sd is not None:
            varied = [
                thickness(
                    o[sample]["lattice_oxygen"],
                    o[reference]["lattice_oxygen"],
                    setting,
                    photon,
                )
                for o in others
            ]
            spread = [v.value if v else 0.0 for v in varied]
            sd = math.hypot(sd, (max(spread) - min(spread)) / 2)
        ratio = amount.value / bare.value if usable and bare.value > 0 else None
        carbon = values.get(CARBON)
        note = _without_thickness(amount, bare) if usable and not found else ""
        rows.append(
            {
                "sample": sample,
                "lattice_ratio": ratio,
                "thickness_nm": found.value if found else None,
                "thickness_nm_sd": sd,
                "is_lower_limit": found.is_limit if found else None,
                "n_spots": amount.n,
                "note": note,
                "carbon_nm": carbon.value if carbon else None,
                "carbon_nm_sd": _half_range([o[sample].get(CARBON) for o in others]),
                **judged.columns(),
            }
        )
    return rows


def _without_thickness(amount: Amount, reference: Amount) -> str:
    """Say why two usable amounts of lattice oxygen leave no thickness."""
    if reference.value <= 0:
        return "the reference shows no lattice oxygen"
    if amount.value >= reference.value:
        return "as much lattice oxygen as the reference or more"
    return "lattice oxygen is not significant, and what it may be at most is no less than in the reference"


def _half_range(amounts: Sequence[Amount | None]) -> float | None:
    values = [a.value for a in amounts if a is not None]
    return (max(values) - min(values)) / 2 if values else None
