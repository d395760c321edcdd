"""Isotopologues that count as a fragment, subtracted: 33S of PS2 stands 11 ppm from S3, and how much there is follows from PS2."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..quality import doubtful, quality_of, worst
from .calibration import MassShift
from .fragments import Fragment
from .ions import ISOTOPOLOGUE, Ion, plain
from .regions import Region, by_region

Row = dict[str, Any]

# Relative standard uncertainty of a natural abundance in a material. Sulfur, oxygen, chlorine: variations in nature and the
# fractionation of the instrument; lithium of commerce may be depleted in 6Li down to 1.9 % (Meija et al. 2016).
ABUNDANCE_SD = {"Li": 0.25}
OTHER_ABUNDANCE_SD = 0.03
MOST_SUBTRACTED = 0.5  # of an image; beyond, what is left is a difference of large numbers


def subtracted(
    rows: Sequence[Row],
    fragments: Sequence[Fragment],
    others: Sequence[Ion],
    shifts: Mapping[Region, MassShift],
    resolution: float,
) -> list[Row]:
    """Take isotopologues of measured ions from the fragments that they count as.

    An isotopologue counts as a fragment where its mass lies within the image's interval (on the corrected mass scale) or, where that is
    not known, where `resolution` does not separate the two. Its parent must be an image of the same region; heavier fragments
    are corrected with parents that are corrected already.

    Parameters
    ----------
    rows : sequence of dict
        Of all regions, named.
    fragments : sequence of Fragment
    others : sequence of Ion
        Among them the isotopologues, each with its parent.
    shifts : dict of (sample, region) to MassShift
    resolution : float
        m / FWHM.

    Returns
    -------
    list of dict
        `normalised_intensity`, `ratio_of_sums` and `poisson_sd` (with the uncertainty of parents and abundances) without isotopologues;
        `raw_intensity` with them; `isotopologue_share` of it that was subtracted, empty where there was none.
    """
    names = {plain(f.formula): f.name for f in fragments}
    mass = {f.name: f.mass_u for f in fragments}
    ions = [o for o in others if o.kind == ISOTOPOLOGUE and o.per_parent is not None]
    changed: dict[int, Row] = {}
    for key, own in by_region(list(rows)).items():
        shift = shifts.get(key, MassShift())
        found = {r["fragment"]: r for r in own if quality_of(r).usable}
        for name in sorted((n for n in found if n in mass), key=lambda n: mass[n]):
            row = found[name]
            taken = [
                (ion, found[parent])
                for ion in ions
                if (parent := names.get(ion.parent, ion.parent)) in found and parent != name
                if _counts_as(row, ion.mass_u, mass[name], shift, resolution)
            ]
            if taken:
                found[name] = changed[id(row)] = _without(row, taken)
    return [
        changed.get(id(r), r | {"raw_intensity": r["normalised_intensity"], "isotopologue_share": None}) for r in rows
    ]  # fmt: skip


def _counts_as(
    row: Row, ion_u: float, fragment_u: float, shift: MassShift, resolution: float
) -> bool:
    low, high = row["mass_lower_u"], row["mass_upper_u"]
    if low is None or high is None:
        return abs(ion_u / fragment_u - 1) < 1 / resolution
    return bool(shift.corrected(low) <= ion_u <= shift.corrected(high))


def _without(row: Row, taken: Sequence[tuple[Ion, Row]]) -> Row:
    raw = row["normalised_intensity"]
    amount, sums, variance = 0.0, 0.0, (row["poisson_sd"] or 0.0) ** 2
    for ion, parent in taken:
        ratio = ion.per_parent or 0.0
        amount += ratio * parent["normalised_intensity"]
        sums += ratio * parent["ratio_of_sums"]
        element = ion.name.split(" ")[0].lstrip("0123456789")
        doubt = ABUNDANCE_SD.get(element, OTHER_ABUNDANCE_SD) * parent["normalised_intensity"]
        variance += ratio**2 * ((parent["poisson_sd"] or 0.0) ** 2 + doubt**2)
    share = amount / raw if raw > 0 else None
    judged = quality_of(row)
    if share is not None and share > MOST_SUBTRACTED:
        of = " and ".join(ion.name for ion, _ in taken)
        note = f"{row['fragment']}: {min(share, 1):.0%} of its ions are {of} by natural abundance"
        judged = worst([judged, doubtful(note)])
    return row | {
        "normalised_intensity": max(raw - amount, 0.0) if raw > 0 else raw,
        "ratio_of_sums": max(row["ratio_of_sums"] - sums, 0.0),
        "poisson_sd": math.sqrt(variance),
        "raw_intensity": raw,
        "isotopologue_share": share,
    } | judged.columns()  # fmt: skip
