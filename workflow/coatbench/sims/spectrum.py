"""Peaks of an event spectrum: where they stand, how wide they are, and so where the mass scale stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..readers.sims_region import Spectrum

LEAST_MASS_U = 10.0  # below, a few channels make hundreds of ppm
SMOOTH_PPM = 30.0  # half width of the sum that peaks are looked for in
APART_PPM = 110.0  # two maxima nearer than this are one peak ...
APART_WIDTHS, APART_MOST_PPM = (
    1.2,
    260.0,
)  # ... or than this many measured widths: a broad peak has many maxima
BACKGROUND_PPM = 3000.0  # half width of what a peak must stand out of
LEAST_COUNTS = 12
SIGNIFICANCE = 6.0  # standard deviations of the background's counts
MOST_PEAKS = 200
STRONGEST = 12  # tell the width
WHOLE_WIDTHS, WIDEST_PPM = 1.1, 400.0  # half of what a peak is measured in: widths, and at most


@dataclass(frozen=True)
class Peak:
    """A peak: its centre in u on the export's own scale, its ions, and its width (FWHM in ppm)."""

    mass_u: float
    counts: float
    fwhm_ppm: float


def find_peaks(spectrum: Spectrum) -> list[Peak]:
    """Return the peaks of a spectrum, the strongest first.

    The strongest tell how wide peaks are, and so how far apart two must stand. A peak is the largest sum of counts within +-`SMOOTH_PPM`, significant over its surroundings; its centre is the mean flight time
    of the ions around it, its width follows from their central half (the interquartile range of a Gaussian is 0.573 FWHM).

    Parameters
    ----------
    spectrum : Spectrum

    Returns
    -------
    list of Peak
        At most `MOST_PEAKS`.
    """
    counts = spectrum.counts.astype(float)
    first = int(np.searchsorted(np.arange(counts.size), spectrum.channel(LEAST_MASS_U)))
    if first == counts.size:
        return []
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    channel = np.arange(first, counts.size)
    flight = channel - spectrum.offset  # a mass is the square of it

    def within(ppm: float) -> tuple[np.ndarray, np.ndarray]:
        half = np.maximum(1, np.rint(flight * ppm * 0.5e-6)).astype(int)
        low, high = np.maximum(channel - half, 0), np.minimum(channel + half + 1, counts.size)
        return (sums[high] - sums[low]) / (high - low), high - low

    near, width = within(SMOOTH_PPM)
    far, _ = within(BACKGROUND_PPM)
    height = near * width
    # The surroundings hold the peak itself: what it adds to their mean is small, for they are a hundred times as wide.
    enough = (height >= LEAST_COUNTS) & (
        height > far * width + SIGNIFICANCE * np.sqrt(np.maximum(far * width, 1.0))
    )
    height = np.where(enough, height, 0.0)
    strongest = _separate(counts, first, height.copy(), flight, spectrum, APART_PPM, STRONGEST)
    width_ppm = 1e6 / (resolution(strongest) or 1e6)
    apart = max(APART_PPM, min(APART_WIDTHS * width_ppm, APART_MOST_PPM))
    return _separate(counts, first, height, flight, spectrum, apart, MOST_PEAKS)


def _separate(
    counts: np.ndarray, first: int, height: np.ndarray, flight: np.ndarray, spectrum: Spectrum, apart_ppm: float, most: int
) -> list[Peak]:  # fmt: skip
    """Return the peaks at the largest maxima; `height` is used up."""
    peaks: list[Peak] = []
    while len(peaks) < most:
        best = int(height.argmax())
        if height[best] <= 0:
            break
        half = max(2, round(flight[best] * apart_ppm * 0.5e-6))
        centre, fwhm, ions = _shape(counts, first + best, half, spectrum.offset)
        peaks.append(Peak(spectrum.mass_u(centre), ions, fwhm))
        height[max(0, best - half) : best + half + 1] = 0.0
    return peaks


def _shape(counts: np.ndarray, at: int, half: int, offset: float) -> tuple[float, float, float]:
    """Return centre (channel), FWHM (ppm) and ions of the peak at a channel; as wide as it needs to be seen whole."""
    widest = round((at - offset) * WIDEST_PPM * 0.5e-6)
    for _ in range(6):
        low, high = max(0, at - half), min(counts.size, at + half + 1)
        own = counts[low:high]
        total = max(own.sum(), 1.0)
        centre = float(np.arange(low, high) @ own / total)
        share = np.concatenate([[0.0], np.cumsum(own)]) / total
        edges = np.arange(low, high + 1) - 0.5
        quarter, three = np.interp([0.25, 0.75], share, edges)
        fwhm_channels = (three - quarter) / 0.573
        at = round(centre)
        half = max(half, min(widest, round(WHOLE_WIDTHS * fwhm_channels)))
    return centre, 2e6 * fwhm_channels / (centre - offset), float(total)


def resolution(peaks: Sequence[Peak]) -> float | None:
    """Return m / FWHM: the median of the strongest peaks; None without peaks."""
    widths = [p.fwhm_ppm for p in peaks[:STRONGEST] if p.fwhm_ppm > 0]
    return 1e6 / float(np.median(widths)) if widths else None
