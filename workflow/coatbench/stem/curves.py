"""What figures need of an image: the picture at display size, the mask, the rim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Arrays, Variable
from .image import Micrograph
from .layer import Rim
from .segment import Segmentation

# Larger images are averaged down for display; measured is always on the full image.
MAX_DISPLAY_PIXELS = 1200
PARTICLE = 3


def image_curves(
    micrograph: Micrograph,
    row: dict[str, str],
    parts: Segmentation | None,
    rim: Rim | None,
    particles: np.ndarray | None = None,
    *,
    quality: str,
) -> Arrays:
    """Return the picture with `mask` (0 vacuum, 1 layer, 2 core, 3 particle), rim profile and the layer's `quality`."""
    more: dict[str, Variable] = {}
    if parts is not None and rim is not None:
        labels = parts.labels.copy()
        if particles is not None:
            labels[particles] = PARTICLE
        more = {
            "mask": _shown(labels),
            "thickness_nm": ("rim", rim.thickness_nm, {"units": "nm"}),
            "rim_y_nm": ("rim", rim.y_nm, {"units": "nm"}),
            "rim_x_nm": ("rim", rim.x_nm, {"units": "nm"}),
        }
    return _picture(micrograph, row, more, quality)


def map_curves(
    micrograph: Micrograph,
    row: dict[str, str],
    masks: tuple[np.ndarray, np.ndarray] | None,
    *,
    quality: str,
) -> Arrays:
    """Return the map with `mask` (0 not used, 1 layer, 2 background) and the element's `quality`."""
    more: dict[str, Variable] = {}
    if masks is not None:
        more["mask"] = _shown((masks[0] + 2 * (masks[1] & ~masks[0])).astype(np.uint8))
    return _picture(micrograph, row, more, quality)


def _factor(shape: tuple[int, ...]) -> int:
    return max(1, -(-max(shape) // MAX_DISPLAY_PIXELS))


def _shown(labels: np.ndarray) -> Variable:
    """Return labels at display size, those of the pixels' centres."""
    factor = _factor(labels.shape)
    height, width = (n // factor for n in labels.shape)
    shown = labels[factor // 2 :: factor, factor // 2 :: factor][:height, :width]
    return ("y", "x"), np.ascontiguousarray(shown)


def _picture(
    micrograph: Micrograph, row: dict[str, str], more: Mapping[str, Variable], quality: str
) -> Arrays:
    pixels = micrograph.pixels
    factor = _factor(pixels.shape)
    height, width = (n // factor for n in pixels.shape)
    blocks = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor)
    step = factor * micrograph.pixel_nm
    attrs: dict[str, Any] = {
        "file": micrograph.file.name,
        "kind": row["kind"],
        "field": row.get("field", ""),
        "element": row.get("element", ""),
        "pixel_size_nm": micrograph.pixel_nm,
        "quality": quality,
    }
    return Arrays.of(
        {"intensity": (("y", "x"), blocks.mean(axis=(1, 3)).astype(np.float32)), **more},
        coords={
            "y_nm": ("y", (np.arange(height) + 0.5) * step, {"units": "nm"}),
            "x_nm": ("x", (np.arange(width) + 0.5) * step, {"units": "nm"}),
        },
        attrs=attrs,
    )
