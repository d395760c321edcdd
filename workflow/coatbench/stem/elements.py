"""Is an element in the layer? Counts there against counts beside the particle."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

from .. import quality
from ..arrays import Arrays
from .segment import LAYER, VACUUM, Segmentation

if TYPE_CHECKING:
    import numpy as np

MIN_PIXELS = 20
WHOLE = 1e-6
# Lines in keV with their share of the series, by series; J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78.
SERIES: dict[str, dict[str, tuple[float, ...]]] = {
    "K": {
        "C": (0.277,), "N": (0.392,), "O": (0.525,), "F": (0.677,), "Na": (1.041,), "Mg": (1.254,), "Al": (1.487,),
        "Si": (1.740, 1.836), "P": (2.014, 2.139), "S": (2.308, 2.464), "Cl": (2.622, 2.816), "K": (3.314, 3.590),
        "Ca": (3.692, 4.013), "Ti": (4.511, 4.932), "V": (4.952, 5.427), "Cr": (5.415, 5.947), "Mn": (5.899, 6.490),
        "Fe": (6.404, 7.058), "Co": (6.930, 7.649), "Ni": (7.478, 8.265), "Cu": (8.048, 8.905), "Zn": (8.639, 9.572),
        "Zr": (15.775, 17.668), "Nb": (16.615, 18.623),
    },
    "L": {
        "Ti": (0.452,), "V": (0.511,), "Cr": (0.573,), "Mn": (0.637, 0.649), "Fe": (0.705, 0.719), "Co": (0.776, 0.791),
        "Ni": (0.852, 0.869), "Cu": (0.930, 0.950), "Zn": (1.012, 1.035), "Ga": (1.098, 1.125), "Ge": (1.188, 1.219),
        "Y": (1.923, 1.996), "Zr": (2.042, 2.124), "Nb": (2.166, 2.257), "Mo": (2.293, 2.395), "In": (3.287, 3.487),
        "Sn": (3.444, 3.663), "La": (4.651, 5.042),
    },
    "M": {
        "Ta": (1.710, 1.766), "W": (1.775, 1.835), "Ir": (1.980, 2.054), "Pt": (2.051, 2.127), "Au": (2.123, 2.205),
        "Pb": (2.346, 2.443), "Bi": (2.423, 2.526),
    },
}  # fmt: skip
SECOND_LINE = {"K": 0.1, "L": 0.6, "M": 0.6}  # of the first one
# The continuum is a straight line over so many detector widths beside the lines.
SIDE_WIDTHS = 3.0
ALIKE = 9.0  # difference in chi-square below which two elements describe a line as well
SHAPE_KNOWN = 0.05  # of what a line gains in chi-square: how well its shape is known
LIKE = 0.6  # likeness from which on an evident neighbour hides a few atomic percent of an element
TWINS = 0.97  # likeness of two shapes from which on no spectrum tells them apart
# By how much the energy scale of a spectrum stands off, and how much wider its lines are than the table's.
SHIFTS_KEV = tuple(0.0015 * i for i in range(-2, 3))
WIDENINGS = (0.94, 0.97, 1.0, 1.03, 1.06)
LEAST_BESIDE = 0.03  # of the counts of a line that overlaps: less is that line's own tail
# Continuum goes with the mass on the beam's way; how well the image's grey levels tell that.
CONTINUUM_FACTOR = 1.5


def fwhm_keV(line_keV: float) -> float:
    """Width of a line in a silicon drift detector: 130 eV at Mn K, electronic part and Fano statistics."""
    return math.sqrt(0.05**2 + (0.130**2 - 0.05**2) * line_keV / 5.899)


def line_of(element: str, low_keV: float, high_keV: float) -> tuple[str, tuple[float, ...]]:
    """Return the series and the lines of an element that a spectrum holds, K before L before M.

    Raises
    ------
    ValueError
        The element is not known, or none of its lines is in the spectrum.
    """
    known = [(s, SERIES[s][element]) for s in SERIES if element in SERIES[s]]
    if not known:
        names = dict.fromkeys(e for series in SERIES.values() for e in series)
        raise ValueError(f"no line of {element!r} is known; known: {', '.join(names)}")
    for series, lines in known:
        if low_keV + fwhm_keV(lines[0]) < lines[0] < high_keV - fwhm_keV(lines[0]):
            return series, lines
    places = ", ".join(f"{series} at {lines[0]} keV" for series, lines in known)
    raise ValueError(f"{element} {places}: outside the spectrum")


def overlaps(element: str, line_keV: float) -> list[tuple[str, str]]:
    """Return the elements and series that have a line within one detector width of a line."""
    width = fwhm_keV(line_keV)
    return [
        (other, series)
        for series, lines in SERIES.items()
        for other, energies in lines.items()
        if other != element and any(abs(e - line_keV) <= width for e in energies)
    ]


def map_of(block: Arrays, element: str) -> np.ndarray:
    """Sum a spectrum image over the line of an element, one detector width (FWHM) to either side.

    Raises
    ------
    ValueError
        The line is not known or outside the spectrum.
    """
    energy = block["energy_keV"]
    line = line_of(element, float(energy[0]), float(energy[-1]))[1][0]
    fwhm = fwhm_keV(line)
    inside = abs(energy - line) <= fwhm
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


def core_region(
    parts: Segmentation, image_nm: float, shape: tuple[int, int], map_nm: float, margin_nm: float
) -> np.ndarray:
    """Return the mask of the core on the pixels of a map, `margin_nm` inside of its edge."""
    import numpy as np
    from scipy import ndimage

    rows, columns = (
        np.minimum(((np.arange(n) + 0.5) * map_nm / image_nm).astype(int), size - 1)
        for n, size in zip(shape, parts.labels.shape, strict=True)
    )
    inside = ndimage.distance_transform_edt(parts.labels > LAYER)[np.ix_(rows, columns)] * image_nm
    deep: np.ndarray = inside >= margin_nm
    return deep


def test_spectrum(
    block: Arrays, element: str, layer: np.ndarray, significance: float
) -> dict[str, Any]:
    """Test whether a spectrum image shows the line of an element in the layer.

    The spectrum of the layer's pixels around the line is a straight continuum, the lines of the element, and those of
    every other element that is evident in the window, each with the detector's width and none negative. Only what the others
    do not explain counts, so that Zr L is no phosphorus; what an element of which nothing else is seen would explain as well is
    detected and doubtful.

    Returns
    -------
    dict
        significance, detected, note, quality, quality_note.
    """
    import numpy as np
    from scipy.optimize import nnls

    energy = np.asarray(block["energy_keV"], float)
    series, lines = line_of(element, float(energy[0]), float(energy[-1]))
    width = fwhm_keV(lines[0])
    if layer.sum() < MIN_PIXELS:
        return {"detected": None, "note": f"fewer than {MIN_PIXELS} pixels of layer"}
    reach = SIDE_WIDTHS * width
    inside = (energy >= lines[0] - reach) & (energy <= lines[-1] + reach)
    x = energy[inside]
    y = np.asarray(block["counts"], float)[layer][:, inside].sum(axis=0)

    ramp = (x - x[0]) / max(float(x[-1] - x[0]), 1e-9)
    continuum = [1 - ramp, ramp]
    weight = 1 / np.sqrt(np.maximum(np.convolve(y, np.ones(5) / 5, "same"), 1.0))

    def fit(design: list[np.ndarray]) -> tuple[np.ndarray, float]:
        matrix = np.stack(design, axis=1) * weight[:, None]
        found, norm = nnls(matrix, y * weight)
        return found, float(norm**2)

    def gain(before: float, after: float, columns: int) -> float:
        return math.sqrt(max(before - after, 0.0) / max(1.0, after / max(1, len(x) - columns)))

    def evident_of(shapes: dict[Line, np.ndarray], twins: set[Line]) -> list[Line]:
        """What is evident, the best first, with the element itself among the candidates."""
        found: list[Line] = []
        design = list(continuum)
        candidates = {o: v for o, v in shapes.items() if o not in twins}
        chi = fit(design)[1]
        while candidates:
            best = min(candidates, key=lambda o: fit([*design, candidates[o]])[1])
            lower = fit([*design, candidates[best]])[1]
            if gain(chi, lower, len(design) + 1) < significance:
                break
            design.append(candidates.pop(best))
            found.append(best)
            chi = lower
        return found

    mine = (element, series)
    lines_of = {mine: lines} | _lines_between(x[0], x[-1], element)
    # What is as good as the element's own shape cannot be told from it; only what is evident may explain its line away.
    shapes = {o: _shape(x, o[1], e) for o, e in lines_of.items()}
    twins = {o for o, v in shapes.items() if o != mine and _alike(shapes[mine], v) > TWINS}
    evident = evident_of(shapes, twins)
    if evident:
        # Calibration and resolution are the detector's, and told by the lines that are there.
        trials = list(product(SHIFTS_KEV, WIDENINGS))
        misfits = [
            fit([*continuum, *(_shape(x, o[1], lines_of[o], *trial) for o in evident)])[1]
            for trial in trials
        ]
        trial = trials[int(np.argmin(misfits))]
        shapes = {o: _shape(x, o[1], e, *trial) for o, e in lines_of.items()}
        evident = evident_of(shapes, twins)
    own = shapes.pop(mine)
    others = [o for o in evident if o[0] != element]
    columns = [*continuum, *(shapes[o] for o in others)]
    found, chi = fit([*columns, own])
    without = fit(columns)[1]
    value = gain(without, chi, len(columns) + 1) if found[-1] > 0 else 0.0
    area = float(found[-1] * own.sum())
    row: dict[str, Any] = {
        "line_keV": lines[0],
        "excess_per_pixel": area / float(layer.sum()),
        "significance": value,
        "detected": value >= significance,
        "note": "",
    }
    row["excess_per_pixel_sd"] = row["excess_per_pixel"] / value if value > 0 else None
    near = abs(x - lines[0]) <= 0.5 * width
    beneath = {
        o: float((k * shapes[o])[near].sum())
        for o, k in zip(others, found[2:-1], strict=True)
        if o in overlaps(element, lines[0])
    }
    hidden = [o for o, counts in beneath.items() if float((found[-1] * own)[near].sum()) < LEAST_BESIDE * counts]  # fmt: skip
    if beneath and (hidden or not row["detected"]):
        row["detected"] = False
        named = ", ".join(" ".join(o) for o in (hidden or beneath))
        row["note"] = f"overlaps with {named}, which explains the counts better"
        if any(_alike(own, shapes[o]) > LIKE for o in hidden or beneath):
            row["detected"] = None
            row["note"] = f"cannot be told beside {named}, whose lines overlap"
        return row | quality.doubtful(row["note"]).columns()
    if not row["detected"]:
        return row | quality.Quality().columns()
    # Would another, of which nothing else is seen, do as well? Detectors and calibrations differ from the shapes by some percent.
    tolerance = max(ALIKE, SHAPE_KNOWN * (without - chi))
    rivals = {
        o: fit([*columns, shapes[o]])[1]
        for o in overlaps(element, lines[0])
        if o in shapes and o not in others
    }
    better = [" ".join(o) for o, c in rivals.items() if c < chi - tolerance]
    alike = [" ".join(o) for o, c in rivals.items() if abs(c - chi) <= tolerance]
    if better:
        row["detected"] = False
        row["note"] = f"overlaps with {', '.join(better)}, which explains the counts better"
    elif alike:
        row["note"] = f"cannot be told from {', '.join(alike)}, whose lines overlap"
    else:
        return row | quality.Quality().columns()
    return row | quality.doubtful(row["note"]).columns()


Line = tuple[str, str]  # element and series


def _lines_between(low: float, high: float, element: str) -> dict[Line, tuple[float, ...]]:
    """Lines of other elements that a window holds."""
    return {
        (other, which): energies
        for which, table in SERIES.items()
        for other, energies in table.items()
        if other != element and any(low < e < high for e in energies)
    }


def _shape(
    x: np.ndarray,
    series: str,
    energies: tuple[float, ...],
    shift_keV: float = 0.0,
    wider: float = 1.0,
) -> np.ndarray:
    """Lines of a series as a detector shows them, the first 1 high."""
    import numpy as np

    total = np.zeros_like(x)
    for e, share in zip(energies, (1.0, SECOND_LINE[series]), strict=False):
        sigma = wider * fwhm_keV(e) / 2.3548
        total += share * np.exp(-0.5 * ((x - e - shift_keV) / sigma) ** 2)
    return total


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two shapes are, whatever the heights: 1 for the same."""
    import numpy as np

    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0 else 0.0


def detect(
    counts: np.ndarray,
    layer: np.ndarray,
    beside: np.ndarray,
    config: dict,
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
    if core is not None and core.sum() >= MIN_PIXELS and math.isfinite(mass_ratio):
        # Expected continuum: the core's counts, scaled; the core may hold the element itself, which makes this cautious.
        share = CONTINUUM_FACTOR * mass_ratio
        inner = counts[core]
        expected = off.mean() + share * max(float(inner.mean() - off.mean()), 0.0)
        spread = math.sqrt(max(on.mean(), 0.0) / len(on) + share**2 * max(inner.mean(), 0.0) / len(inner) + off.mean() / len(off))  # fmt: skip
        row["continuum_per_pixel"] = float(expected - off.mean())
        above = (on.mean() - expected) / spread if spread > 0 else 0.0
        if row["detected"] and above < config["edx_significance"]:
            row["detected"] = False
            note = "no more than the continuum that goes with the mass, as the core shows it; or the element is in both"
            row["note"] = note
            row["significance"] = float(above)
            return row | quality.doubtful(note).columns()
    return row


def _li_ma(on: float, off: float, alpha: float) -> float:
    total = on + off
    if total == 0:
        return 0.0
    first = on * math.log((1 + alpha) / alpha * on / total) if on else 0.0
    second = off * math.log((1 + alpha) * off / total) if off else 0.0
    return math.copysign(math.sqrt(max(0.0, 2 * (first + second))), on - alpha * off)
