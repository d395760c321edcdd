"""The block of one micrograph, and a pixel's size in nm, whichever format they come from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError


def image(
    path: Path,
    pixels: np.ndarray,
    size_yx_nm: tuple[float, float] | None,
    *,
    calibration: str,
    instrument: str = "",
    date: str = "",
    title: str = "",
    vendor: dict[str, str] | None = None,
) -> Arrays:
    """Make the block of one image.

    Parameters
    ----------
    pixels : (y, x) array
    size_yx_nm : (float, float) or None
        Height and width of a pixel in nm; None: not calibrated.
    """
    if pixels.dtype.kind not in "iufb" or not np.isfinite(pixels).all():
        raise ReadError(path, "image", "finite real numbers", f"{pixels.dtype} with others")
    coords = {}
    for dim, n, step in zip(("y", "x"), pixels.shape, size_yx_nm or (), strict=False):
        coords[f"{dim}_nm"] = (dim, step * np.arange(n), {"units": "nm"})
    return Arrays.of(
        {"intensity": (("y", "x"), pixels, {"units": "as exported"})},
        coords,
        attrs={
            "instrument": instrument,
            "date": date,
            "title": title,
            "pixel_size_nm": size_yx_nm[1] if size_yx_nm else float("nan"),
            "calibration": calibration if size_yx_nm else "",
            "vendor": vendor or {},
        },
    )


NM_PER_UNIT = {
    "nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "pm": 1e-3, "å": 0.1, "\u212b".lower(): 0.1, "angstrom": 0.1, "a": 0.1,
    "µm": 1e3, "μm": 1e3, "um": 1e3, "micron": 1e3, "microns": 1e3, "micrometer": 1e3,
    "mm": 1e6, "millimeter": 1e6, "cm": 1e7, "centimeter": 1e7, "m": 1e9, "meter": 1e9, "inch": 2.54e7, "in": 2.54e7,
}  # fmt: skip
# The size of an atom, and far above any pixel of an electron micrograph of a coating: outside, the
# numbers are print settings or damage.
PIXEL_RANGE_NM = (1e-3, 1e4)


def in_nm(value: float, unit: str) -> float | None:
    """Return a pixel size in nm, or None where it is no plausible one or the unit is no length."""
    # ImageJ escapes what is not ASCII.
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), unit.strip().strip("\0"))
    factor = NM_PER_UNIT.get(plain.lower())
    if factor is None or not value > 0:
        return None
    size = value * factor
    return size if PIXEL_RANGE_NM[0] <= size <= PIXEL_RANGE_NM[1] else None
