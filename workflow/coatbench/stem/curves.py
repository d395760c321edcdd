"""What figures need of an image: the picture at display size, the mask, the rim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .image import Micrograph

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

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
) -> xr.Dataset:
    """Return the picture with `mask` (0 vacuum, 1 layer, 2 core, 3 particle) and rim profile."""
    import numpy as np

    curves, factor = _picture(micrograph, row)
    if parts is not None and rim is not None:
        labels = parts.labels.copy()
        if particles is not None:
            labels[particles] = PARTICLE
        half = factor // 2
        shown = labels[half::factor, half::factor][: curves.sizes["y"], : curves.sizes["x"]]
        curves = curves.assign(
            mask=(("y", "x"), np.ascontiguousarray(shown)),
            thickness_nm=("rim", rim.thickness_nm, {"units": "nm"}),
            rim_y_nm=("rim", rim.y_nm, {"units": "nm"}),
            rim_x_nm=("rim", rim.x_nm, {"units": "nm"}),
        )
    return curves


def map_curves(
    micrograph: Micrograph, row: dict[str, str], masks: tuple[np.ndarray, np.ndarray] | None
) -> xr.Dataset:
    """Return the map with `mask` (0 not used, 1 layer, 2 background)."""
    import numpy as np

    curves, factor = _picture(micrograph, row)
    if masks is not None:
        used = (masks[0] + 2 * (masks[1] & ~masks[0])).astype(np.uint8)
        half = factor // 2
        shown = used[half::factor, half::factor][: curves.sizes["y"], : curves.sizes["x"]]
        curves = curves.assign(mask=(("y", "x"), np.ascontiguousarray(shown)))
    return curves


def _picture(micrograph: Micrograph, row: dict[str, str]) -> tuple[xr.Dataset, int]:
    import numpy as np
    import xarray as xr

    pixels = micrograph.pixels
    factor = max(1, -(-max(pixels.shape) // MAX_DISPLAY_PIXELS))
    height, width = (n // factor for n in pixels.shape)
    blocks = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor)
    step = factor * micrograph.pixel_nm
    attrs: dict[str, Any] = {
        "file": micrograph.file.name,
        "kind": row["kind"],
        "field": row.get("field", ""),
        "element": row.get("element", ""),
        "pixel_size_nm": micrograph.pixel_nm,
    }
    picture = xr.Dataset(
        {"intensity": (("y", "x"), blocks.mean(axis=(1, 3)).astype(np.float32))},
        coords={
            "y_nm": ("y", (np.arange(height) + 0.5) * step, {"units": "nm"}),
            "x_nm": ("x", (np.arange(width) + 0.5) * step, {"units": "nm"}),
        },
        attrs=attrs,
    )
    return picture, factor
