"""Coverage from relative intensities, three ways, and the thickness of a closed layer.

eq1: atomic percent of the coating's elements over those of coating and substrate, G = C / (C + S).
nickel_fraction: 1 - x / x_ref with x the share of the substrate's metal in all atoms of the spot.
lattice_oxygen: 1 - x / x_ref with x the share of the substrate's lattice oxygen in all atoms.

None of them is the covered share of the surface: thickness and contamination enter as well. They order samples.
Thickness: a closed layer of thickness d leaves x / x_ref = exp(-d / (L cos a)), L the attenuation length and a
the emission angle to the normal (P. J. Cumpson, Surf. Interface Anal. 29 (2000) 403, for one energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .quantify import rsf
from .uncertainty import Z95, upper_limit

DEFINITIONS = ("eq1", "nickel_fraction", "lattice_oxygen")
Row = dict[str, Any]


@dataclass(frozen=True)
class Amount:
    """A value with its standard uncertainty, and the number of spots behind it."""

    value: float
    sd: float
    n: int = 1


def spot_amounts(
    areas: Sequence[Row], library: str, config: Mapping[str, Any]
) -> dict[str, Amount]:
    """Return per spot what the definitions are made of: ``eq1``, ``nickel_fraction``, ``lattice_oxygen``.

    Parameters
    ----------
    areas : list of dict
        Rows of xps_areas of one spot and background.
    library : str
        Sensitivity factors.
    config : mapping
        The section `xps`.

    Returns
    -------
    dict
        eq1: the coverage itself; the others: the share x in all atoms. Definitions whose regions the spot
        does not have are left out.
    """
    setting, extra = config["coverage"], config.get("rsf_extra")
    totals: dict[str, tuple[float, float]] = {}
    parts: dict[tuple[str, str], tuple[float, float]] = {}
    for row in areas:
        factor = rsf(library, row["region"], extra if library == config["rsf_library"] else None)
        if factor is None:
            continue
        scale = 1 / (factor * row["transmission"])
        amount = row["area_cps_eV"] * scale, (row["area_cps_eV_sd"] or 0.0) * scale
        if row["component"] == "total":
            totals[row["region"]] = amount
        else:
            parts[row["region"], row["component"]] = amount
    result = {}
    coating, substrate = setting["coating"], setting["substrate"]
    if substrate in totals and all(r in totals for r in coating):
        c = sum(totals[r][0] for r in coating)
        c_sd = math.sqrt(sum(totals[r][1] ** 2 for r in coating))
        s, s_sd = totals[substrate]
        if c + s > 0:
            sd = math.hypot(s * c_sd, c * s_sd) / (c + s) ** 2
            result["eq1"] = Amount(c / (c + s), sd)
    for name, key in (
        ("nickel_fraction", (substrate, setting["substrate_component"])),
        ("lattice_oxygen", (setting["lattice_region"], setting["lattice_component"])),
    ):
        if key in parts:
            share = _share(parts[key], key[0], totals)
            if share:
                result[name] = share
    return result


def _share(
    part: tuple[float, float], region: str, totals: Mapping[str, tuple[float, float]]
) -> Amount | None:
    """Return the share of a part in all atoms; the rest of its own region counts as independent of it."""
    everything = sum(t[0] for t in totals.values())
    if everything <= 0:
        return None
    rest_variance = sum(t[1] ** 2 for r, t in totals.items() if r != region)
    rest_variance += max(totals[region][1] ** 2 - part[1] ** 2, 0.0)
    share = part[0] / everything
    sd = math.hypot((1 - share) * part[1], share * math.sqrt(rest_variance)) / everything
    return Amount(share, sd)


def average(spots: Sequence[Amount]) -> Amount:
    """Return the mean over spots; its uncertainty is the larger one of scatter and propagation."""
    n = len(spots)
    mean = sum(s.value for s in spots) / n
    propagated = sum(s.sd**2 for s in spots) / n**2
    scatter = sum((s.value - mean) ** 2 for s in spots) / (n - 1) / n if n > 1 else 0.0
    return Amount(mean, math.sqrt(max(propagated, scatter)), n)


def coverage(definition: str, amount: Amount, reference: Amount | None) -> Amount | None:
    """Return the coverage of a definition; None where it needs a reference that is not there."""
    if definition == "eq1":
        return amount
    if reference is None or reference.value <= 0:
        return None
    if amount is reference:
        return Amount(0.0, 0.0, amount.n)  # by definition
    ratio = amount.value / reference.value
    sd = math.hypot(amount.sd, ratio * reference.sd) / reference.value
    return Amount(1 - ratio, sd, amount.n)


def thickness(
    amount: Amount, reference: Amount, config: Mapping[str, Any]
) -> tuple[float, float | None, bool] | None:
    """Return thickness in nm of a closed layer, its uncertainty, and whether it is a lower limit only.

    Where the lattice signal is not significant, the thickness that its 95 % upper limit leaves is a lower limit.
    None where the sample shows more of the lattice than the reference.
    """
    setting = config["coverage"]
    length = setting["attenuation_length_nm"] * math.cos(
        math.radians(setting["emission_angle_deg"])
    )
    if reference.value <= 0:
        return None
    if amount.value < 3 * amount.sd:
        limit = upper_limit(amount.value, amount.sd)
        ratio = limit / max(reference.value - Z95 * reference.sd, 1e-12)
        return (-length * math.log(ratio), None, True) if 0 < ratio < 1 else None
    ratio = amount.value / reference.value
    if ratio >= 1:
        return None
    sd = length * math.hypot(amount.sd / amount.value, reference.sd / reference.value)
    return -length * math.log(ratio), sd, False
