"""Is an element in the layer? Counts of its map there against counts beside the particle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality
from .segment import LAYER, VACUUM, Segmentation

if TYPE_CHECKING:
    from ..config_types import StemConfig

MIN_PIXELS = 20
WHOLE = 1e-6
# Counts scatter as they should within this share, and five standard deviations of it; neighbours do not go together.
SCATTER, DEVIATIONS, ALONE = 0.5, 5.0, 1.5
REACH_PX = 4  # pixels that smoothing or enlarging makes alike
# Continuum goes with the mass on the beam's way; how well the image's grey levels tell that.
CONTINUUM_FACTOR = 1.5


def regions(
    parts: Segmentation, image_nm: float, shape: tuple[int, int], map_nm: float, margin_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the masks of layer and of background on the pixels of a map of the same field.

    The layer keeps `margin_nm` from the core, whose own signal the probe smears; the background keeps
    three times that from the particle.
    """
    from scipy import ndimage

    rows, columns = (
        np.minimum(((np.arange(n) + 0.5) * map_nm / image_nm).astype(int), size - 1)
        for n, size in zip(shape, parts.labels.shape, strict=True)
    )
    core = parts.labels > LAYER
    from_core = ndimage.distance_transform_edt(~core)[np.ix_(rows, columns)] * image_nm
    vacuum = parts.labels == VACUUM
    outside = ndimage.distance_transform_edt(vacuum)[np.ix_(rows, columns)] * image_nm
    layer = (parts.labels == LAYER)[np.ix_(rows, columns)] & (from_core >= margin_nm)
    return layer, outside >= 3 * margin_nm


def core_region(
    parts: Segmentation, image_nm: float, shape: tuple[int, int], map_nm: float, margin_nm: float
) -> np.ndarray:
    """Return the mask of the core on the pixels of a map, `margin_nm` inside of its edge."""
    from scipy import ndimage

    rows, columns = (
        np.minimum(((np.arange(n) + 0.5) * map_nm / image_nm).astype(int), size - 1)
        for n, size in zip(shape, parts.labels.shape, strict=True)
    )
    inside = ndimage.distance_transform_edt(parts.labels > LAYER)[np.ix_(rows, columns)] * image_nm
    deep: np.ndarray = inside >= margin_nm
    return deep


def detect(
    counts: np.ndarray,
    layer: np.ndarray,
    beside: np.ndarray,
    config: StemConfig,
    core: np.ndarray | None = None,
    mass_ratio: float = math.nan,
) -> dict[str, Any]:
    """Test whether a map is brighter in the layer than beside the particle.

    Counts: the likelihood ratio of two Poisson rates (T. Li, Y. Ma, Astrophys. J. 272 (1983) 317, eq. 17). Maps
    that do not hold whole counts: Welch's t.

    A map alone does not tell a line from the continuum below it, which goes with the mass on the beam's way. The core
    shows it: with `core` and `mass_ratio` (mass in the beam's way in the layer over that in the core, from the image) the
    layer has to exceed what the core's counts let expect of it, too.

    Returns
    -------
    dict
        n_pixels, counts_per_pixel, background_counts_per_pixel, excess_per_pixel with excess_per_pixel_sd,
        significance, detected, note. `detected` is empty where there is too little to test.
    """
    row: dict[str, Any] = {
        "n_pixels": int(layer.sum()),
        "n_background_pixels": int(beside.sum()),
        "detected": None,
        "note": "",
    }
    if min(layer.sum(), beside.sum()) < MIN_PIXELS:
        row["note"] = f"fewer than {MIN_PIXELS} pixels of layer or of background"
        return row
    on, off = counts[layer], counts[beside]
    row["counts_per_pixel"], row["background_counts_per_pixel"] = (
        float(on.mean()),
        float(off.mean()),
    )
    excess = float(on.mean() - off.mean())
    # Beside the particle there may be no count at all; a core within the margin of its edge has no pixels.
    even = core if not off.any() and core is not None and core.sum() >= MIN_PIXELS else beside
    noise, alike = _scatter(counts, even)
    poisson = _are_counts(counts, counts[even], noise, alike)

    def variance_of(values: np.ndarray) -> float:
        """Of a mean."""
        if poisson:
            return max(float(values.mean()), 0.0) / len(values)
        return alike * float(values.var(ddof=1)) / len(values)

    variance = variance_of(on) + variance_of(off)
    if poisson:
        if (total := float(counts.sum())) < config["edx_significance"] ** 2:
            row["note"] = f"{total:.0f} counts in the whole map are too few to tell"
            return row
        significance = _li_ma(float(on.sum()), float(off.sum()), len(on) / len(off))
    else:
        significance = excess / math.sqrt(variance) if variance > 0 else 0.0
        row["note"] = "the map does not hold counts: Welch's t"
        row["note"] += f", {alike:.0f} pixels as one" if alike >= ALONE else ""
    row["excess_per_pixel"], row["excess_per_pixel_sd"] = excess, math.sqrt(variance)
    row["significance"] = significance
    # A smeared or scattered trace can be significant in a long map; it is not the layer's element.
    enough = excess >= config["edx_min_excess"] * max(off.mean(), 0.0)
    row["detected"] = bool(significance >= config["edx_significance"] and enough)
    if core is not None and core.sum() >= MIN_PIXELS and math.isfinite(mass_ratio):
        # Expected continuum: the core's counts, scaled; the core may hold the element itself, which makes this cautious.
        share = CONTINUUM_FACTOR * mass_ratio
        inner = counts[core]
        expected = off.mean() + share * max(float(inner.mean() - off.mean()), 0.0)
        spread = math.sqrt(variance + share**2 * variance_of(inner))
        row["continuum_per_pixel"] = float(expected - off.mean())
        above = (on.mean() - expected) / spread if spread > 0 else 0.0
        if row["detected"] and above < config["edx_significance"]:
            row["detected"] = False
            note = "no more than the continuum that goes with the mass, as the core shows it; or the element is in both"
            row["note"] = note
            row["significance"] = float(above)
            return row | quality.doubtful(note).columns()
        if row["detected"] and not poisson and on.mean() <= inner.mean():
            # In a map that is normalised per pixel (at.%) continuum is as high in the layer as in the core.
            row["detected"] = None
            note = "no counts, and no more in the layer than in the core: in at.% continuum looks the same; map counts"
            row["note"] += f"; {note}"
            return row | quality.doubtful(note).columns()
    return row


def _are_counts(counts: np.ndarray, even: np.ndarray, noise: float, alike: float) -> bool:
    """Whether a map holds independent counts: whole numbers that scatter as their mean tells, each on its own.

    Grey levels of a picture are whole numbers, too, but scatter more or less, or their neighbours go together.
    """
    if counts.min() < 0 or not np.all(np.abs(counts - np.round(counts)) < WHOLE):
        return False
    mean = float(even.mean())
    if mean == 0:
        return True
    known = DEVIATIONS * math.sqrt((1 / mean + 2) / even.size)
    return alike < ALONE and abs(noise / mean - 1) < SCATTER + known


def _scatter(counts: np.ndarray, even: np.ndarray) -> tuple[float, float]:
    """Variance of the noise in an even part of a map, and how many of its pixels are one independent value.

    That is the sum of the autocorrelation over neighbours. What is still there farther away is a gradient, and no noise.
    """
    left = np.where(even, counts - counts[even].mean(), 0.0)
    variance = float((left**2).sum()) / int(even.sum())

    def together(dy: int, dx: int) -> tuple[float, int]:
        """Autocorrelation at a distance, and from how many pairs."""
        here = (slice(dy, None), slice(max(dx, 0), min(dx, 0) or None))
        there = (slice(None, -dy or None), slice(max(-dx, 0), min(-dx, 0) or None))
        pairs = max(int((even[here] & even[there]).sum()), 1)
        return float((left[here] * left[there]).sum()) / pairs / variance, pairs

    if variance == 0:
        return 0.0, 1.0
    far = [together(0, 2 * REACH_PX)[0], together(2 * REACH_PX, 0)[0]]
    gradient = min(max(0.5 * sum(far), 0.0), 0.99)
    total = 1.0
    for dy in range(REACH_PX + 1):
        for dx in range(-REACH_PX if dy else 1, REACH_PX + 1):
            share, pairs = together(dy, dx)
            if share - gradient > 3 / math.sqrt(pairs):  # more than chance
                total += 2 * (share - gradient) / (1 - gradient)
    return variance * (1 - gradient), total


def _li_ma(on: float, off: float, alpha: float) -> float:
    total = on + off
    if total == 0:
        return 0.0
    first = on * math.log((1 + alpha) / alpha * on / total) if on else 0.0
    second = off * math.log((1 + alpha) * off / total) if off else 0.0
    return math.copysign(math.sqrt(max(0.0, 2 * (first + second))), on - alpha * off)
