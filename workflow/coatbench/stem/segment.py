"""Vacuum, layer and core of a particle at its rim.

The image is smoothed by a length in nm, not in pixels, so that the result does not depend on the
magnification. Class levels come from multi-Otsu in a band along the particle's edge, where the three have
comparable shares; boundaries are half way between levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

VACUUM, LAYER, CORE = 0, 1, 2
# Ends of the grey scale that single hot or dead pixels do not move.
TAIL = 1e-3


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

    @property
    def has_layer(self) -> bool:
        """Whether there is a third level between vacuum and core."""
        return not self.note


def segment(pixels: np.ndarray, pixel_nm: float, config: dict) -> Segmentation:
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
    import numpy as np
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    smooth = ndimage.gaussian_filter(pixels, config["smoothing_nm"] / pixel_nm)
    low, high = np.quantile(smooth, [TAIL, 1 - TAIL])
    if not high > low:
        raise ValueError("an image of one grey level")
    clipped = np.clip(smooth, low, high)
    edge = float(threshold_otsu(clipped))
    if not 0.01 < (clipped > edge).mean() < 0.99:
        raise ValueError("no particle beside vacuum")
    # The first cut lies at the core's edge or the layer's; the band reaches over both.
    particle = clipped > edge
    distance = np.where(
        particle,
        ndimage.distance_transform_edt(particle),
        ndimage.distance_transform_edt(~particle),
    )
    band = clipped[distance * pixel_nm <= config["rim_band_nm"]]
    noise = float(np.std((pixels - smooth)[particle]))
    outer, inner, levels, note = _levels(band, config)
    least = _least_layer_nm(pixel_nm, config)
    if not note:
        labels = _labels(clipped, outer, inner)
        steepness = _steepness(clipped, labels == CORE) / pixel_nm
        blur = (levels[2] - levels[1]) / (steepness * (2 * np.pi) ** 0.5)
        least = max(least, config["min_layer_edges"] * (inner - outer) / steepness)
        inside = ndimage.distance_transform_edt(labels == LAYER) * pixel_nm
        # Some of the layer has to hold a circle of the least thickness: a blurred edge does not.
        if inside.max() >= 0.5 * least:
            return Segmentation(smooth, labels, levels, outer, inner, noise, least, blur, "")
        note = f"no layer above the {least:.1f} nm that are told from a bare edge"
    vacuum, core = (float(np.median(band[side])) for side in (band <= edge, band > edge))
    outer = 0.5 * (vacuum + core)
    labels = _labels(clipped, outer, outer)
    levels = (vacuum, float("nan"), core)
    blur = pixel_nm * (core - vacuum) / (_steepness(clipped, labels == CORE) * (2 * np.pi) ** 0.5)
    return Segmentation(smooth, labels, levels, outer, outer, noise, least, blur, note)


def _least_layer_nm(pixel_nm: float, config: dict) -> float:
    return max(float(config["min_layer_nm"]), config["min_layer_px"] * pixel_nm)


def _steepness(smooth: np.ndarray, core: np.ndarray) -> float:
    """Median gradient, per pixel, along the core's edge: how fast a bare edge goes through the levels."""
    import numpy as np
    from scipy import ndimage

    edge = core & ~ndimage.binary_erosion(core, border_value=1)
    gradient = np.hypot(*np.gradient(smooth))[edge]
    return max(float(np.median(gradient)), np.finfo(float).tiny)


def _levels(band: np.ndarray, config: dict) -> tuple[float, float, tuple[float, float, float], str]:
    """Thresholds and class levels in the band, and why there is no layer level."""
    import numpy as np
    from skimage.filters import threshold_multiotsu

    if config["thresholds"]:
        outer, inner = config["thresholds"]
    else:
        try:
            outer, inner = threshold_multiotsu(band, classes=3)
        except ValueError:
            return 0.0, 0.0, (0.0, 0.0, 0.0), "two levels describe the rim"
    classes = [band[band <= outer], band[(band > outer) & (band <= inner)], band[band > inner]]
    if min(len(c) for c in classes) == 0:
        return 0.0, 0.0, (0.0, 0.0, 0.0), "two levels describe the rim"
    vacuum, layer, core = (float(np.median(c)) for c in classes)
    contrast = (layer - vacuum) / (core - vacuum)
    low, high = config["layer_contrast"]
    if not config["thresholds"]:
        # Otsu's thresholds lean towards the larger class; edges stand half way up.
        outer, inner = 0.5 * (vacuum + layer), 0.5 * (layer + core)
    note = "" if low <= contrast <= high else f"the third level (contrast {contrast:.2f}) is no layer"  # fmt: skip
    return float(outer), float(inner), (vacuum, layer, core), note


def _labels(smooth: np.ndarray, outer: float, inner: float) -> np.ndarray:
    """Classes of the largest particle: its core without holes, and what is joined to it."""
    import numpy as np
    from scipy import ndimage

    core = ndimage.binary_fill_holes(_largest(smooth > inner))
    particle = ndimage.binary_fill_holes(_touching(smooth > outer, core) | core)
    labels = np.full(smooth.shape, VACUUM, np.uint8)
    labels[particle] = LAYER
    labels[core] = CORE
    return labels


def _largest(mask: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy import ndimage

    parts, n = ndimage.label(mask)
    if n == 0:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest: np.ndarray = parts == sizes.argmax()
    return largest


def _touching(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy import ndimage

    parts, _ = ndimage.label(mask | core)
    joined = np.unique(parts[core])
    touching: np.ndarray = np.isin(parts, joined[joined > 0])
    return touching
