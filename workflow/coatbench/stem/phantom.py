"""The bias of the method, measured on drawn rims of known thickness.

A phantom has the levels, the blur, the noise and the pixel of the image that it stands for; its core's edge is
as blurred as the image's is. Two shapes of the layer bracket what a projection can do: a slab seen edge-on,
with the full signal right from its edge, and a sphere's shell or a sphere, which fades towards its edge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .layer import particles, rim
from .segment import Segmentation, segment

if TYPE_CHECKING:
    from ..config_types import StemConfig

WIDTH_PX = 240
SHAPES = ("slab", "sphere")


def layer_bias(
    parts: Segmentation, thickness_nm: float, pixel_nm: float, config: StemConfig
) -> dict[str, float]:
    """Return measured minus drawn median thickness of a layer, by shape; NaN where none is found."""
    bias = {}
    for shape in SHAPES:
        found = _measure(_draw(parts, thickness_nm, None, pixel_nm, shape, config), pixel_nm, config)  # fmt: skip
        values = rim(found, pixel_nm).thickness_nm if found else np.empty(0)
        seen = len(values) and found is not None and found.has_layer
        bias[shape] = float(np.median(values)) - thickness_nm if seen else math.nan
    return bias


def particle_bias(
    parts: Segmentation, size_nm: float, pixel_nm: float, config: StemConfig
) -> dict[str, float]:
    """Return measured minus drawn size of a particle on a bare core, by shape."""
    bias = {}
    for shape in SHAPES:
        found = _measure(_draw(parts, 0.0, size_nm, pixel_nm, shape, config), pixel_nm, config)
        sizes = particles(found, pixel_nm, 0.0, config)[0] if found else np.empty(0)
        bias[shape] = float(sizes[0]) - size_nm if len(sizes) == 1 else math.nan
    return bias


def _measure(image: np.ndarray, pixel_nm: float, config: StemConfig) -> Segmentation | None:
    try:
        return segment(image, pixel_nm, config)
    except ValueError:
        return None


def _draw(
    parts: Segmentation,
    thickness_nm: float,
    particle_nm: float | None,
    pixel_nm: float,
    shape: str,
    config: StemConfig,
) -> np.ndarray:
    """Draw a level core with a layer or a particle on it."""
    from scipy import ndimage

    vacuum, layer, core = parts.levels
    free = min(1.2 * config["rim_band_nm"], max(parts.labels.shape) * pixel_nm)
    above = free + max(thickness_nm, particle_nm or 0.0)
    n = math.ceil((above + free) / pixel_nm)
    width = max(WIDTH_PX, math.ceil((2 * free + (particle_nm or 0.0)) / pixel_nm))
    # Distance above the core's edge; the edge lies between two pixels.
    y = above - (np.arange(n) + 0.5)[:, None] * pixel_nm
    x = (np.arange(width) + 0.5 - 0.5 * width)[None, :] * pixel_nm
    if particle_nm:
        inside = 1 - ((y - 0.5 * particle_nm) ** 2 + x**2) / (0.5 * particle_nm) ** 2
    else:
        inside = np.broadcast_to(1 - y / max(thickness_nm, pixel_nm), (n, width))
    inside = np.clip(inside, 0, 1)
    in_layer = np.sqrt(inside) if shape == "sphere" else (inside > 0).astype(float)
    signal = np.where(y < 0, core, vacuum + in_layer * (layer - vacuum))
    # The measuring smooths again: leave that part of the blur to it.
    sigma = math.sqrt(max(parts.blur_nm**2 - config["smoothing_nm"] ** 2, 0.0)) / pixel_nm
    rng = np.random.default_rng(round(1000 * (thickness_nm + (particle_nm or 0.0))))
    blurred = ndimage.gaussian_filter(signal, sigma, mode="nearest")
    drawn: np.ndarray = blurred + rng.normal(0, parts.noise, signal.shape)
    return drawn
