"""Vacuum, layer and core of a particle at its rim.

The image is smoothed by a length in nm, not in pixels, so that the result does not depend on the
magnification. A layer is darker than the core and lies outside of it: its level is looked for among the
pixels around the core that are beyond the blur of the core's edge, so that grains and gradients inside the
core cannot pass for a layer. One that is nearly as bright as the core is looked for by multi-Otsu along the
whole edge. Either has to stand apart from its neighbours. Boundaries are half way between levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..config_types import StemConfig

VACUUM, LAYER, CORE = 0, 1, 2
# Ends of the grey scale that single hot or dead pixels do not move.
TAIL = 1e-3
MIN_PIXELS = 20
SEPARATION = 3.3
ONE_KIND = 2.6  # what a threshold makes of noise is 2.3
# Gaussian sigmas of the core's blurred edge that do not count as its surroundings.
BLURS = 1.5
SMALL_FIELD_NM = 20.0  # a smaller field shows no rim
# Profile inwards: slopes below this share of the steepest are a plateau; a boundary is so many times steeper than the rest.
FLAT_SHARE, RISE = 0.25, 3.0
STEP_SHARE = 0.05  # of the outer edge's slope, that the inner one has at least
SUPPOSED = (
    0.3  # brightness of a layer, of the core's, that is looked for where no level stands apart
)
BRIGHTENS = "the core gets brighter inwards: its edge is where the brightness leaves the layer's"
NO_LEVEL = "nothing between vacuum and core stands apart from both"


@dataclass
class Segmentation:
    """Classes of each pixel.

    Attributes
    ----------
    smooth : (y, x) array
        The smoothed image.
    labels : (y, x) array of uint8
        VACUUM, LAYER, CORE; parts that do not belong to the particle are VACUUM.
    levels : tuple of float
        Level of vacuum, layer, core; layer is NaN without one.
    outer, inner : float
        Thresholds vacuum/layer (or vacuum/core) and layer/core.
    noise : float
        Standard deviation of the unsmoothed core about the smooth one.
    resolution_nm : float
        Thinnest layer that is told from a bare but blurred edge.
    blur_nm : float
        Gaussian sigma that a sharp core's edge would need to look like this one, smoothing included.
    note : str
        Why no layer was found; empty with one.
    doubt : str
        What makes the layer less certain than it looks; empty without.
    neighbour : bool
        Whether another particle touches this one's layer; it was cut off half way.
    """

    smooth: np.ndarray
    labels: np.ndarray
    levels: tuple[float, float, float]
    outer: float
    inner: float
    noise: float
    resolution_nm: float
    blur_nm: float
    note: str
    doubt: str = ""
    neighbour: bool = False

    @property
    def has_layer(self) -> bool:
        """Whether there is a third level between vacuum and core."""
        return not self.note


def segment(pixels: np.ndarray, pixel_nm: float, config: StemConfig) -> Segmentation:
    """Divide an image into vacuum, layer and core.

    Parameters
    ----------
    pixels : (y, x) array
    pixel_nm : float
    config : dict
        `smoothing_nm`, `rim_band_nm`, `layer_contrast`, `thresholds` (two levels of the image or null),
        `min_layer_nm`, `min_layer_px`, `min_layer_edges`.

    Raises
    ------
    ValueError
        Nothing to tell apart: an image of one level, or no vacuum or no particle in it.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    if _least_layer_nm(pixel_nm, config) > config["rim_band_nm"]:
        raise ValueError(f"pixels of {pixel_nm:.3g} nm show no layer: is that their size in nm?")
    if (extent := max(pixels.shape) * pixel_nm) < SMALL_FIELD_NM:
        raise ValueError(f"a field of {extent:.2g} nm shows no rim: are its pixels {pixel_nm:.3g} nm in size?")  # fmt: skip
    smooth = ndimage.gaussian_filter(pixels, config["smoothing_nm"] / pixel_nm)
    low, high = np.quantile(smooth, [TAIL, 1 - TAIL])
    if not high > low:
        raise ValueError("an image of one grey level")
    clipped = np.clip(smooth, low, high)
    edge = float(threshold_otsu(clipped))
    if not 0.01 < (clipped > edge).mean() < 0.99:
        raise ValueError("no particle beside vacuum")
    if not _apart(clipped[clipped <= edge], clipped[clipped > edge], ONE_KIND):
        raise ValueError("no particle beside vacuum: the grey levels are of one kind")
    vacuum, core = (float(np.median(clipped[side])) for side in (clipped <= edge, clipped > edge))
    particle = ndimage.binary_fill_holes(_largest(clipped > 0.5 * (vacuum + core)))
    noise = float(np.std((pixels - smooth)[particle]))
    known = _levels(clipped, particle, pixel_nm, config)
    least = _least_layer_nm(pixel_nm, config)
    note = NO_LEVEL
    if known is not None:
        outer, inner, levels = known
        labels = _labels(clipped, outer, inner)
        # Another particle that touches the layer is none of it.
        band = (labels == LAYER) & (clipped <= inner)
        if not config["thresholds"] and band.any():
            levels = levels[0], _middle_level(clipped, band), levels[2]
            outer, inner = 0.5 * (levels[0] + levels[1]), 0.5 * (levels[1] + levels[2])
            labels = _labels(clipped, outer, inner)
        steepness = _steepness(clipped, labels == CORE) / pixel_nm
        blur = (levels[2] - levels[1]) / (steepness * (2 * np.pi) ** 0.5)
        least = max(least, config["min_layer_edges"] * (inner - outer) / steepness)
        inside = ndimage.distance_transform_edt((labels == LAYER) & (clipped <= inner)) * pixel_nm
        # Some of the layer has to hold a circle of the least thickness: a blurred edge does not.
        if inside.max() >= 0.5 * least:
            return Segmentation(smooth, labels, levels, outer, inner, noise, least, blur, "")
        note = f"no layer above the {least:.1f} nm that are told from a bare edge"
        found = _brightening(
            smooth, clipped, (vacuum, levels[1], core), outer, noise, pixel_nm, config
        )
        if found is not None:
            return found
    elif not config["thresholds"]:
        step = core - vacuum
        supposed = (vacuum, vacuum + SUPPOSED * step, core)
        found = _brightening(
            smooth, clipped, supposed, vacuum + 0.5 * SUPPOSED * step, noise, pixel_nm, config
        )
        if found is not None:
            return found
    outer = 0.5 * (vacuum + core)
    labels = _labels(clipped, outer, outer)
    levels = (vacuum, float("nan"), core)
    blur = pixel_nm * (core - vacuum) / (_steepness(clipped, labels == CORE) * (2 * np.pi) ** 0.5)
    # What a layer would have to exceed here: half of the step, at the steepness of the bare edge.
    least = max(least, config["min_layer_edges"] * 0.5 * (2 * np.pi) ** 0.5 * blur)
    return Segmentation(smooth, labels, levels, outer, outer, noise, least, blur, note)


def _brightening(
    smooth: np.ndarray,
    clipped: np.ndarray,
    levels: Levels,
    outer: float,
    noise: float,
    pixel_nm: float,
    config: StemConfig,
) -> Segmentation | None:
    """Look for a layer on a core that gets brighter inwards; None without one.

    Annular dark field counts the mass in the beam's way, and a round particle is thin at its rim: half way between layer and
    core lies deep inside. The boundary is where the brightness leaves the layer's level: the steepest place
    of the median profile inwards from the outer contour.
    """
    from scipy import ndimage

    _, layer, core = levels
    labels = _labels(clipped, outer, 0.5 * (layer + core))
    # The border of the image is no edge of the particle.
    padded = np.pad(labels != VACUUM, 1, mode="edge")
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    reach = int(config["rim_band_nm"] / pixel_nm)
    steps = np.arange(1, min(reach, int(depth.max())) + 1)
    inside = (depth > 0) & (depth <= steps[-1] if steps.size else False)
    if steps.size < 8 or not inside.any():
        return None
    place = np.clip(np.ceil(depth[inside]).astype(int), 1, steps[-1])
    values = clipped[inside]
    order = np.argsort(place, kind="stable")
    parts = np.split(values[order], np.cumsum(np.bincount(place, minlength=steps[-1] + 1)[1:-1]))
    profile = np.array([np.median(part) if part.size else np.nan for part in parts])
    if not np.isfinite(profile).all():
        return None
    slope = np.diff(ndimage.gaussian_filter1d(profile, 1.0))
    plateau = np.flatnonzero(slope < FLAT_SHARE * slope.max())
    if not plateau.size:
        return None
    first = int(plateau[0])  # where the rise from vacuum has come to an end
    later = slope[first:]
    if later.size < 3:
        return None
    boundary = first + int(later.argmax())
    # A plateau lies between two rises; a bare round edge rises ever more slowly.
    if boundary <= first or float(slope[first : boundary + 1].min()) > 0.5 * float(later.max()):
        return None
    inner = float(0.5 * (profile[boundary] + profile[boundary + 1]))
    level = float(np.median(profile[first : max(boundary - 1, first + 1)]))
    if not level + 0.1 * (core - level) < inner < core or later.max() < RISE * max(
        float(np.median(np.abs(slope))), 1e-9
    ):
        return None
    # What is nearly as bright as the core is its own rim.
    if (
        level - levels[0] > config["layer_contrast"][1] * (core - levels[0])
        or later.max() < STEP_SHARE * slope.max()
    ):
        return None
    outer = 0.5 * (levels[0] + level)
    labels = _labels(clipped, outer, inner)
    steepness = _steepness(clipped, labels == CORE) / pixel_nm
    least = max(
        _least_layer_nm(pixel_nm, config),
        config["min_layer_edges"] * (inner - level) / steepness,
    )
    if ndimage.distance_transform_edt(labels == LAYER).max() * pixel_nm < 0.5 * least:
        return None
    blur = (inner - level) / (steepness * (2 * np.pi) ** 0.5)
    return Segmentation(
        smooth, labels, (levels[0], level, core), outer, inner, noise, least, blur, "", BRIGHTENS
    )


def _middle_level(smooth: np.ndarray, layer: np.ndarray) -> float:
    """Level in the middle of a layer, away from the blur of both of its edges."""
    from scipy import ndimage

    inside = ndimage.distance_transform_edt(layer)
    return float(np.median(smooth[inside >= 0.5 * np.quantile(inside[layer], 0.95)]))


def _least_layer_nm(pixel_nm: float, config: StemConfig) -> float:
    return max(float(config["min_layer_nm"]), config["min_layer_px"] * pixel_nm)


def _steepness(smooth: np.ndarray, core: np.ndarray) -> float:
    """Median gradient, per pixel, along the core's edge: how fast a bare edge goes through the levels."""
    from scipy import ndimage

    edge = core & ~ndimage.binary_erosion(core, border_value=1)
    gradient = np.hypot(*np.gradient(smooth))[edge]
    return max(float(np.median(gradient)), np.finfo(float).tiny)


Levels = tuple[float, float, float]


def _levels(
    smooth: np.ndarray, particle: np.ndarray, pixel_nm: float, config: StemConfig
) -> tuple[float, float, Levels] | None:
    """Thresholds, and levels of vacuum, layer and core; None where nothing between the two others stands apart."""
    from scipy import ndimage

    outside = ndimage.distance_transform_edt(~particle) * pixel_nm
    inside = ndimage.distance_transform_edt(particle) * pixel_nm
    band = config["rim_band_nm"]
    rim = smooth[(outside <= band) & (inside <= band)]
    if config["thresholds"]:
        outer, inner = (float(t) for t in config["thresholds"])
        parts = [rim[rim <= outer], rim[(rim > outer) & (rim <= inner)], rim[rim > inner]]
        levels = _medians(parts)
        return (outer, inner, levels) if levels else None
    core = smooth[(inside > 0) & (inside <= band)]
    jump = float(np.median(core) - np.median(smooth[outside > 0]))
    blur = jump * pixel_nm / (_steepness(smooth, particle) * (2 * np.pi) ** 0.5)
    around = smooth[(outside > BLURS * blur) & (outside <= band)]
    for candidate in (_dark_layer(around, core), _bright_layer(rim)):
        if candidate is None:
            continue
        vacuum, layer, bright = candidate
        contrast = (layer - vacuum) / (bright - vacuum)
        low, high = config["layer_contrast"]
        if low <= contrast <= high:
            return 0.5 * (vacuum + layer), 0.5 * (layer + bright), candidate
    return None


def _dark_layer(around: np.ndarray, core: np.ndarray) -> Levels | None:
    """Levels if the surroundings of the core are of two kinds."""
    from skimage.filters import threshold_otsu

    if len(around) < MIN_PIXELS or around.min() == around.max():
        return None
    cut = threshold_otsu(around)
    parts = [around[around <= cut], around[around > cut], core]
    return _medians(parts) if _apart(parts[0], parts[1]) else None


def _bright_layer(rim: np.ndarray) -> Levels | None:
    """Levels if the whole edge is of three kinds."""
    from skimage.filters import threshold_multiotsu

    try:
        low, high = threshold_multiotsu(rim, classes=3)
    except ValueError:
        return None
    parts = [rim[rim <= low], rim[(rim > low) & (rim <= high)], rim[rim > high]]
    apart = _apart(parts[0], parts[1]) and _apart(parts[1], parts[2])
    return _medians(parts) if apart else None


def _apart(below: np.ndarray, above: np.ndarray, least: float = SEPARATION) -> bool:
    """Whether two classes are two kinds of matter, and not one that a threshold has cut in two.

    Halves of a distribution with one maximum lie closer: 2.3 of their own widths for a normal one, 2.7 for
    a uniform one, 2.9 for an exponential tail.
    """
    if min(len(below), len(above)) < MIN_PIXELS:
        return False
    medians = [float(np.median(part)) for part in (below, above)]
    widths = [
        1.4826 * float(np.median(np.abs(part - middle)))
        for part, middle in zip((below, above), medians, strict=True)
    ]
    return medians[1] - medians[0] > least * (0.5 * (widths[0] ** 2 + widths[1] ** 2)) ** 0.5


def _medians(parts: list[np.ndarray]) -> Levels | None:
    if min(len(part) for part in parts) == 0:
        return None
    vacuum, layer, core = (float(np.median(part)) for part in parts)
    return vacuum, layer, core


def _labels(smooth: np.ndarray, outer: float, inner: float) -> np.ndarray:
    """Classes of the largest particle: its core without holes, and what is joined to it."""
    from scipy import ndimage

    core = ndimage.binary_fill_holes(_largest(smooth > inner))
    particle = ndimage.binary_fill_holes(_touching(smooth > outer, core) | core)
    labels = np.full(smooth.shape, VACUUM, np.uint8)
    labels[particle] = LAYER
    labels[core] = CORE
    return labels


def _largest(mask: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    parts, n = ndimage.label(mask)
    if n == 0:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest: np.ndarray = parts == sizes.argmax()
    return largest


def _touching(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    parts, _ = ndimage.label(mask | core)
    joined = np.unique(parts[core])
    touching: np.ndarray = np.isin(parts, joined[joined > 0])
    return touching
