"""Reduce a region to one row per image: every fragment normalised to the total, pixel by pixel.

Pixel-by-pixel normalisation as in Hertle et al., ACS Appl. Mater. Interfaces 2024, 16, 9400. Pixels without any
count have no ratio: they are left out and counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError
from .dead_time import correct_peaks, harmonic_table

if TYPE_CHECKING:
    from ..readers.sims_region import Region

SUM_OF_IMAGES = "sum of images"
SUM_OF_FRAGMENTS = "sum of fragments"
TOTAL_LABEL = re.compile(r"(sum|total|tic)([ _]?ions?)?([ _]?(counts?|image|current))?", re.I)
BLOCK_COUNTS = 30.0  # on average in the blocks of pixels in which one fragment is divided by others


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
    without_saturated : bool
        Leave out pixels in which an image has as many counts as shots.
    """

    dead_time: str = "none"
    shots_per_pixel: int | None = None
    normalise_to: tuple[int, ...] = ()
    without_saturated: bool = False


@dataclass
class Reduced:
    """A reduced region: facts of the region, one row per image, warnings."""

    facts: dict[str, Any]
    rows: list[dict[str, Any]]
    warnings: list[str]


def reduce_region(region: Region, how: Reduction, mask: np.ndarray | None = None) -> Reduced:
    """Sum every image of a region over its pixels.

    Parameters
    ----------
    region : Region
    how : Reduction
    mask : numpy.ndarray, optional
        bool (y, x): the pixels that count; default all.

    Returns
    -------
    Reduced
        `facts`: n_pixels, n_empty_pixels, total_counts, total_source, shots_per_pixel, n_pixels_x, n_pixels_y,
        masked_pixel_fraction, saturated_pixel_fraction (pixels in which an image has as many counts as shots).
        `rows`, one per image: number, label, mass_u, mass_lower_u, mass_upper_u,
        normalised_intensity (mean over pixels of image / total), pixel_sd (standard deviation of that ratio over
        pixels), poisson_sd (standard uncertainty of the mean from counting alone), ratio_of_sums, sum_counts,
        corrected_counts (for dead time, of the summed image as it was registered), largest_count.

    Raises
    ------
    AnalysisError
        No pixel has a count, a pixel has more counts than shots, or the images to normalise to are absent.
    """
    from .pixels import block_sums, ratio_sums

    shots = how.shots_per_pixel or region.attrs.get("shots_per_pixel")
    in_mask = region.shape[0] * region.shape[1] if mask is None else int(np.count_nonzero(mask))
    saturated = np.zeros(region.shape, dtype=bool)
    if how.without_saturated and shots:
        saturated = _saturated(region, shots, mask)
        mask = ~saturated if mask is None else mask & ~saturated
    image = _counted(_corrected(region, how, shots), mask)
    denominator, source, warnings = _denominator(region, how, image, mask)
    n_counted = region.shape[0] * region.shape[1] if mask is None else int(np.count_nonzero(mask))
    n = int(np.count_nonzero(denominator))
    if n == 0:
        raise AnalysisError(region.path, "total", "at least one pixel with counts", "none")
    total_counts = float(denominator.sum(dtype=float))
    step = _block_px(total_counts / n_counted, region.shape) if how.normalise_to else 1
    blocks = block_sums(denominator, step)
    filled = blocks > 0
    # Blocks at the edge are smaller, and count the less.
    area = block_sums(np.ones(region.shape) if mask is None else mask, step) / step**2
    weight_sum = float(area[filled].sum())
    n_ratios = int(np.count_nonzero(filled))
    part = np.divide(area, blocks, out=np.zeros(blocks.shape), where=filled)
    # A fragment that is no part of the denominator varies apart from it: a / b is biased by the scatter of b, a / (b + 1)
    # over all pixels is not. For Poisson counts its mean is (1 - exp(-B)) A / B, and the share of pixels with b > 0 is
    # 1 - exp(-B).
    apart = area / (blocks + 1.0) if how.normalise_to else part
    is_part = [not how.normalise_to or c.number in how.normalise_to for c in region.channels]
    sums = np.empty((len(is_part), 5))
    table = harmonic_table(int(shots)) if shots and how.dead_time != "none" else None
    full = shots if table is None else table[-1]  # of as many counts as shots
    registered = np.empty(len(is_part))
    for i, own in enumerate(is_part):
        counts = image(i)
        values = block_sums(counts, step)
        *sums[i, :3], most = ratio_sums(values, part if own else apart)
        sums[i, 3] = most if step == 1 else counts.max()
        if step > 1:  # a block of half the pixels counts half, not a quarter
            ratio_of_block = values[filled] * (part if own else apart)[filled] / area[filled]
            sums[i, 1] = area[filled] @ ratio_of_block**2
        # From block to block, which holds true differences between them too.
        left = 0.0 if own else values * apart - sums[i, 0] / weight_sum * area * filled
        sums[i, 4] = np.square(left).sum()
        # Corrected counts are entries of the table: where they stand there is what was registered.
        registered[i] = sums[i, 2] if table is None else np.searchsorted(table, counts).sum()
        if shots and sums[i, 3] >= full:
            saturated |= counts >= full
    ratio, squared, count, largest, residual = sums.T
    mean = ratio / weight_sum
    with np.errstate(invalid="ignore", divide="ignore"):  # one pixel has no standard deviation
        pixel_sd = np.sqrt(
            np.maximum(squared - ratio * mean, 0.0) / weight_sum * n_ratios / (n_ratios - 1)
        )
    # Counts of a pixel are binomial in its total: the variance of a ratio is p (1 - p) / total.
    poisson = np.sqrt(
        np.where(is_part, np.maximum(mean * (1 - mean), 0.0) * float((area * part).sum()), residual)
    ) / weight_sum  # fmt: skip
    shots_in_all = shots * n_counted if shots else math.nan
    cells = zip(
        region.channels, mean.tolist(), pixel_sd.tolist(), poisson.tolist(), (count / total_counts).tolist(),
        count.tolist(), correct_peaks(registered, shots_in_all).tolist(), largest.tolist(), strict=True,
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
        "n_pixels_x": region.shape[1], "n_pixels_y": region.shape[0], "n_pixels": n,
        "n_empty_pixels": n_counted - n, "masked_pixel_fraction": 1 - n_counted / denominator.size,
        "saturated_pixel_fraction": float(saturated.sum() / in_mask) if shots else None,
        "total_counts": total_counts, "total_source": source, "shots_per_pixel": shots,
        "field_of_view_um": region.attrs.get("field_of_view_um"),
    }  # fmt: skip
    return Reduced(facts, rows, warnings)


def _saturated(region: Region, shots: int, mask: np.ndarray | None) -> np.ndarray:
    """Return the pixels that count and in which an image has as many counts as shots."""
    found = np.zeros(region.shape, dtype=bool)
    for i in range(len(region.channels)):
        found |= region.read_image(i) >= shots
    return found if mask is None else found & mask


def _counted(
    image: Callable[[int], np.ndarray], mask: np.ndarray | None
) -> Callable[[int], np.ndarray]:
    """Return what hands out an image with 0 in pixels that do not count."""
    return image if mask is None else lambda i: image(i) * mask


def _block_px(mean: float, shape: tuple[int, int]) -> int:
    """Return the edge in pixels of blocks that hold enough counts of the denominator to divide by."""
    return max(1, min(math.ceil(math.sqrt(BLOCK_COUNTS / mean)), *shape)) if mean > 0 else 1


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
        if counts.dtype.kind == "f" or counts.max() > shots:
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
    region: Region, how: Reduction, image: Callable[[int], np.ndarray], mask: np.ndarray | None
) -> tuple[np.ndarray, str, list[str]]:
    """Return what every fragment is divided by in each pixel, where it comes from, and warnings."""
    numbers = [c.number for c in region.channels]
    if how.normalise_to:
        parts = [image(numbers.index(n)) for n in how.normalise_to]
        return np.sum(parts, axis=0, dtype=float), SUM_OF_FRAGMENTS, []
    if region.total is None:
        for channel in region.channels:
            whole = channel.upper_u > 1.5 * channel.lower_u
            if whole or TOTAL_LABEL.fullmatch(channel.label.strip()):
                raise AnalysisError(
                    region.path, f"image {channel.number}", "the total as number 0", f"{channel.label!r} from {channel.lower_u:g} to {channel.upper_u:g} u" if whole else repr(channel.label),
                    "give it the number 0, or leave it out",
                )  # fmt: skip
        everything = np.zeros(region.shape)
        for i in range(len(numbers)):
            everything += image(i)
        told = f"{region.path.name}: no total image; normalised to the sum of its {len(numbers)} images"
        return everything, SUM_OF_IMAGES, [told]
    total = region.total if mask is None else region.total * mask
    if how.dead_time != "none":
        total = total.astype(float)
        # Only ions of known mass can be corrected: the rest of the total stays as registered.
        for i in range(len(numbers)):
            total += image(i) - _counted(region.read_image, mask)(i)
    return total, region.total_source, []
