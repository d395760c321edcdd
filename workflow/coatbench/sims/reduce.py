"""Reduce a region to one row per image: every fragment normalised to the total, pixel by pixel.

Pixel-by-pixel normalisation as in Hertle et al., ACS Appl. Mater. Interfaces 2024, 16, 9400. Pixels without any
count have no ratio: they are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError
from .dead_time import correct_peaks, harmonic_table

if TYPE_CHECKING:
    import numpy as np

    from ..readers.sims_region import Region

SUM_OF_IMAGES = "sum of images"
SUM_OF_FRAGMENTS = "sum of fragments"


@dataclass(frozen=True)
class Reduction:
    """How a region is reduced.

    Attributes
    ----------
    dead_time : str
        `none`, or `harmonic`: per pixel, from the shots that each pixel got.
    shots_per_pixel : int or None
        None: as the export says.
    normalise_to : tuple of int
        Numbers of the images whose sum every fragment is divided by; empty: the total.
    """

    dead_time: str = "none"
    shots_per_pixel: int | None = None
    normalise_to: tuple[int, ...] = ()


@dataclass
class Reduced:
    """A reduced region: facts of the region, one row per image, warnings."""

    facts: dict[str, Any]
    rows: list[dict[str, Any]]
    warnings: list[str]


def reduce_region(region: Region, how: Reduction) -> Reduced:
    """Sum every image of a region over its pixels.

    Returns
    -------
    Reduced
        `facts`: n_pixels, n_empty_pixels, total_counts, total_source, shots_per_pixel, n_pixels_x, n_pixels_y.
        `rows`, one per image: number, label, mass_u, mass_lower_u, mass_upper_u,
        normalised_intensity (mean over pixels of image / total), pixel_sd (standard deviation of that ratio over
        pixels), poisson_sd (standard uncertainty of the mean from counting alone), ratio_of_sums, sum_counts,
        corrected_counts (for dead time, of the summed image), largest_count.

    Raises
    ------
    AnalysisError
        No pixel has a count, a pixel has more counts than shots, or the images to normalise to are absent.
    """
    import numpy as np

    from .pixels import ratio_sums

    shots = how.shots_per_pixel or region.attrs.get("shots_per_pixel")
    image = _corrected(region, how, shots)
    denominator, source, warnings = _denominator(region, how, image)
    ny, nx = region.shape
    filled = denominator > 0
    n = int(np.count_nonzero(filled))
    if n == 0:
        raise AnalysisError(region.path, "total", "at least one pixel with counts", "none")
    part = np.divide(1.0, denominator, out=np.zeros(region.shape), where=filled)
    inverse_sum, total_counts = float(part.sum()), float(denominator.sum(dtype=float))
    # A fragment that is no part of the denominator varies apart from it: counts a over counts b are biased by the scatter of b,
    # a / (b + 1) over all pixels is not. For Poisson counts its mean is (1 - exp(-B)) A / B, that of pixels with b > 0 is 1 - exp(-B).
    apart = 1.0 / (denominator + 1.0)
    is_part = [not how.normalise_to or c.number in how.normalise_to for c in region.channels]
    sums = np.array([ratio_sums(image(i), part if own else apart) for i, own in enumerate(is_part)])
    ratio, squared, count, largest = sums.reshape(-1, 4).T
    mean = ratio / n
    with np.errstate(invalid="ignore", divide="ignore"):  # one pixel has no standard deviation
        pixel_sd = np.sqrt(np.maximum(squared - ratio * mean, 0.0) / (n - 1))
    # Counts of a pixel are binomial in its total: the variance of a ratio is p (1 - p) / total.
    poisson = np.sqrt(np.maximum(mean * (1 - mean), 0.0) * inverse_sum) / n
    for i in (i for i, own in enumerate(is_part) if not own):
        # From pixel to pixel, which holds true differences between pixels too.
        left = image(i) * apart - mean[i] * filled
        poisson[i] = math.sqrt(float(np.square(left).sum())) / n
    shots_in_all = shots * nx * ny if shots else math.nan
    cells = zip(
        region.channels, mean.tolist(), pixel_sd.tolist(), poisson.tolist(), (count / total_counts).tolist(),
        count.tolist(), correct_peaks(count, shots_in_all).tolist(), largest.tolist(), strict=True,
    )  # fmt: skip
    rows = [
        {
            "number": channel.number,
            "label": channel.label,
            "mass_u": _known(channel.mass_u),
            "mass_lower_u": _known(channel.lower_u),
            "mass_upper_u": _known(channel.upper_u),
            "normalised_intensity": intensity,
            "pixel_sd": _known(sd),
            "poisson_sd": counting,
            "ratio_of_sums": share,
            "sum_counts": ions,
            "corrected_counts": _known(corrected),
            "largest_count": most,
        }
        for channel, intensity, sd, counting, share, ions, corrected, most in cells
    ]
    over = [r for r in rows if r["normalised_intensity"] > 1] if not how.normalise_to else []
    if over:
        warnings.append(
            f"{region.path.name}: image {over[0]['number']} holds more ions than the total"
        )
    facts = {
        "n_pixels_x": nx, "n_pixels_y": ny, "n_pixels": n, "n_empty_pixels": nx * ny - n,
        "total_counts": total_counts, "total_source": source, "shots_per_pixel": shots,
        "field_of_view_um": region.attrs.get("field_of_view_um"),
    }  # fmt: skip
    return Reduced(facts, rows, warnings)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _corrected(region: Region, how: Reduction, shots: int | None) -> Callable[[int], np.ndarray]:
    """Return what hands out image i, corrected for dead time where that is asked for."""
    if how.dead_time == "none":
        return region.read_image
    if not shots:
        raise AnalysisError(
            region.path, "dead time", "the shots per pixel", "no such information in the export",
            "set sims.shots_per_pixel, or sims.dead_time: none",
        )  # fmt: skip
    table = harmonic_table(int(shots))

    def image(i: int) -> np.ndarray:
        counts = region.read_image(i)
        if counts.dtype.kind == "f" or counts.max(initial=0) > shots:
            found = (
                "corrected intensities" if counts.dtype.kind == "f" else f"{counts.max()} counts"
            )
            raise AnalysisError(
                region.path, f"image {region.channels[i].number}", f"at most {shots} counts in a pixel",
                found, "check sims.shots_per_pixel, or set sims.dead_time: none",
            )  # fmt: skip
        return table[counts]

    return image


def _denominator(
    region: Region, how: Reduction, image: Callable[[int], np.ndarray]
) -> tuple[np.ndarray, str, list[str]]:
    """Return what every fragment is divided by in each pixel, where it comes from, and warnings."""
    import numpy as np

    numbers = [c.number for c in region.channels]
    if how.normalise_to:
        parts = [image(numbers.index(n)) for n in how.normalise_to]
        return np.sum(parts, axis=0, dtype=float), SUM_OF_FRAGMENTS, []
    if region.total is None:
        everything = np.zeros(region.shape)
        for i in range(len(numbers)):
            everything += image(i)
        told = f"{region.path.name}: no total image; normalised to the sum of its {len(numbers)} images"
        return everything, SUM_OF_IMAGES, [told]
    total = region.total
    if how.dead_time != "none":
        total = total.astype(float)
        # Only ions of known mass can be corrected: the rest of the total stays as registered.
        for i in range(len(numbers)):
            total += image(i) - region.read_image(i)
    return total, region.total_source, []
