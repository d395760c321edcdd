"""How much of a peak the windows of an event list hold: regions whose peaks are wider than the reference's lose more of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from ..quality import Quality, doubtful, unusable
from .calibration import MassShift
from .regions import Region, by_region, of_region

FWHM_TO_SD = 1 / 2.3548
MOST_LOST = 0.03  # that a ratio to the reference may be off by ...
UNUSABLE_LOST = 0.2  # ... and beyond which it is no number


def held_share(half_ppm: float, resolution: float) -> float:
    """Return the share of a Gaussian peak of m / FWHM = `resolution` within +-`half_ppm`.

    >>> round(held_share(150, 5500), 3)
    0.948
    """
    return math.erf(half_ppm / (1e6 / resolution * FWHM_TO_SD) / math.sqrt(2))


def other_widths(
    rows: Sequence[dict[str, Any]],
    acquisition: Sequence[Mapping[str, Any]],
    reference: str | None,
) -> dict[Region, Quality]:
    """Doubt regions whose windows hold another share of the peaks than in the reference.

    Parameters
    ----------
    rows : sequence of dict
        Of sims_regions, with the limits of the windows.
    acquisition : sequence of dict
        With `mass_resolution`, where it was measured.
    reference : str or None
    """
    resolutions = {of_region(r): r.get("mass_resolution") for r in acquisition}
    found: dict[Region, tuple[float, float]] = {}
    for key, own in by_region(rows).items():
        halves = [
            1e6 * (r["mass_upper_u"] / r["mass_lower_u"] - 1) / 2
            for r in own
            if r["group"] and r["mass_lower_u"] and r["mass_upper_u"]
        ]
        if (resolution := resolutions.get(key)) and halves:
            found[key] = held_share(median(halves), resolution), resolution
    base = [v for k, v in found.items() if k[0] == reference]
    if not base:
        return {}
    share, width = (median(v) for v in zip(*base, strict=True))
    return {
        key: doubtful(
            f"the windows hold {own:.0%} of peaks as wide as here (m/dm {resolution:.0f}), {share:.0%} of the reference's "
            f"(m/dm {width:.0f}): ratios are off by as much"
        )
        for key, (own, resolution) in found.items()
        if abs(own / share - 1) > MOST_LOST
    }


def windows_beside(
    rows: Sequence[dict[str, Any]],
    acquisition: Sequence[Mapping[str, Any]],
    shifts: Mapping[Region, MassShift],
) -> dict[Region, Quality]:
    """Judge regions whose windows stand beside the peaks: a peak list of exact masses on a scale that is shifted.

    Parameters
    ----------
    rows : sequence of dict
        Of sims_regions, named, with the limits of the windows and `exact_u`.
    acquisition : sequence of dict
        With `mass_resolution`, where the peaks of an event list were measured.
    shifts : dict of (sample, region) to MassShift
    """
    resolutions = {of_region(r): r.get("mass_resolution") for r in acquisition}
    found = {}
    for key, own in by_region(rows).items():
        shift, resolution = shifts.get(key), resolutions.get(key)
        if shift is None or shift.ppm is None or not resolution:
            continue
        off, kept = [], []
        for r in own:
            if not (r["group"] and r["mass_lower_u"] and r["mass_upper_u"]):
                continue
            peak = shift.measured(r["exact_u"])
            low, high = (1e6 * (r[f"mass_{side}_u"] / peak - 1) for side in ("lower", "upper"))
            centred = held_share((high - low) / 2, resolution)
            off.append((low + high) / 2)
            # From edge to edge; below the peak a share within +- a negative distance is negative.
            held = (held_share(high, resolution) - held_share(low, resolution)) / 2
            kept.append(held / centred)
        if kept and (lost := 1 - median(kept)) > MOST_LOST:
            level = unusable if lost > UNUSABLE_LOST else doubtful
            found[key] = level(
                f"the windows stand {median(off):+.0f} ppm beside the peaks and lose {lost:.0%} of them: give the peak_list's "
                "masses on this region's scale, or leave it out"
            )
    return found
