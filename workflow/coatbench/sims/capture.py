"""How much of a peak the windows of an event list hold: regions whose peaks are wider than the reference's lose more of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from ..quality import Quality, doubtful
from .regions import Region, by_region, of_region

FWHM_TO_SD = 1 / 2.3548
MOST_LOST = 0.03  # that a ratio to the reference may be off by


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
