"""Is an element in the layer? Counts there against counts beside the particle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays
from .segment import LAYER, VACUUM, Segmentation

if TYPE_CHECKING:
    import numpy as np

MIN_PIXELS = 20
WHOLE = 1e-6
# Strongest K (from Mn on also usable: L) lines in keV; J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78.
LINES_KEV = {
    "C": 0.277, "N": 0.392, "O": 0.525, "F": 0.677, "Na": 1.041, "Mg": 1.254, "Al": 1.487, "Si": 1.740,
    "P": 2.014, "S": 2.308, "Cl": 2.622, "K": 3.314, "Ca": 3.692, "Ti": 4.511, "V": 4.952, "Cr": 5.415,
    "Mn": 5.899, "Fe": 6.404, "Co": 6.930, "Ni": 7.478, "Cu": 8.048, "Zn": 8.639, "Nb": 16.615, "Zr": 15.775,
}  # fmt: skip


def map_of(block: Arrays, element: str) -> np.ndarray:
    """Sum a spectrum image over the line of an element, one detector width (FWHM) to either side.

    Raises
    ------
    ValueError
        The line is not known or outside the spectrum.
    """
    if element not in LINES_KEV:
        raise ValueError(f"no line of {element!r} is known; known: {', '.join(LINES_KEV)}")
    line, energy = LINES_KEV[element], block["energy_keV"]
    # Silicon drift detector: 130 eV at Mn K, electronic part and Fano statistics.
    fwhm = math.sqrt(0.05**2 + (0.130**2 - 0.05**2) * line / 5.899)
    inside = abs(energy - line) <= fwhm
    if not inside.any():
        raise ValueError(f"the {element} line at {line} keV is outside the spectrum")
    summed: np.ndarray = block["counts"][:, :, inside].sum(axis=2, dtype=float)
    return summed


def regions(
    parts: Segmentation, image_nm: float, shape: tuple[int, int], map_nm: float, margin_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the masks of layer and of background on the pixels of a map of the same field.

    The layer keeps `margin_nm` from the core, whose own signal the probe smears; the background keeps
    three times that from the particle.
    """
    import numpy as np
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


def test(counts: np.ndarray, layer: np.ndarray, beside: np.ndarray, config: dict) -> dict[str, Any]:
    """Test whether a map is brighter in the layer than beside the particle.

    Counts: the likelihood ratio of two Poisson rates (T. Li, Y. Ma, Astrophys. J. 272 (1983) 317, eq. 17). Maps
    that do not hold whole counts: Welch's t.

    Returns
    -------
    dict
        n_pixels, counts_per_pixel, background_counts_per_pixel, excess_per_pixel with excess_per_pixel_sd,
        significance, detected, note. `detected` is empty where there is too little to test.
    """
    import numpy as np

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
    if counts.min() >= 0 and np.all(np.abs(counts - np.round(counts)) < WHOLE):
        variance = on.mean() / len(on) + off.mean() / len(off)
        significance = _li_ma(float(on.sum()), float(off.sum()), len(on) / len(off))
    else:
        variance = on.var(ddof=1) / len(on) + off.var(ddof=1) / len(off)
        significance = excess / math.sqrt(variance) if variance > 0 else 0.0
        row["note"] = "the map does not hold counts: Welch's t"
    row["excess_per_pixel"], row["excess_per_pixel_sd"] = excess, math.sqrt(variance)
    row["significance"] = significance
    # A smeared or scattered trace can be significant in a long map; it is not the layer's element.
    enough = excess >= config["edx_min_excess"] * max(off.mean(), 0.0)
    row["detected"] = bool(significance >= config["edx_significance"] and enough)
    return row


def _li_ma(on: float, off: float, alpha: float) -> float:
    total = on + off
    if total == 0:
        return 0.0
    first = on * math.log((1 + alpha) / alpha * on / total) if on else 0.0
    second = off * math.log((1 + alpha) * off / total) if off else 0.0
    return math.copysign(math.sqrt(max(0.0, 2 * (first + second))), on - alpha * off)
