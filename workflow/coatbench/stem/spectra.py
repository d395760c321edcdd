"""Is an element in the spectrum of a layer? Its lines against the continuum and the lines of every other element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import quality
from ..arrays import Arrays
from .calibration import calibrate, shape
from .lines import SERIES, fwhm_keV, line_of, overlaps

MIN_PIXELS = 20
# The continuum is a straight line over so many detector widths beside the lines.
SIDE_WIDTHS = 3.0
ALIKE = 9.0  # difference in chi-square below which two elements describe a line as well
SHAPE_KNOWN = 0.05  # of what a line gains in chi-square: how well its shape is known
LIKE = 0.6  # likeness from which on an evident neighbour hides a few atomic percent of an element
TWINS = 0.97  # likeness of two shapes from which on no spectrum tells them apart
SECOND_KNOWN = (
    0.65,
    1.3,
)  # of the table's height: between these lies the second line of an L or M series
LEAST_BESIDE = 0.03  # of the counts of a line that overlaps: less is that line's own tail


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


def seek_element(
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
    from scipy.optimize import nnls

    energy = np.asarray(block["energy_keV"], float)
    series, lines = line_of(element, float(energy[0]), float(energy[-1]))
    width = fwhm_keV(lines[0])
    if layer.sum() < MIN_PIXELS:
        return {"detected": None, "note": f"fewer than {MIN_PIXELS} pixels of layer"}
    reach = SIDE_WIDTHS * width
    inside = (energy >= lines[0] - reach) & (energy <= lines[-1] + reach)
    x = energy[inside]
    spectrum = np.asarray(block["counts"])[layer].sum(axis=0, dtype=float)
    y = spectrum[inside]
    trials = list(calibrate(energy, spectrum, float(x[0]), float(x[-1])).trials())

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
    shapes = {o: shape(x, o[1], e) for o, e in lines_of.items()}
    twins = {o for o, v in shapes.items() if o != mine and _alike(shapes[mine], v) > TWINS}
    evident = evident_of(shapes, twins)
    if evident:
        # Calibration and resolution are the detector's, and told by the lines that are there.
        misfits = [
            fit([*continuum, *(shape(x, o[1], lines_of[o], *trial) for o in evident)])[1] + cost
            for trial, cost in trials
        ]
        trial = trials[int(np.argmin(misfits))][0]
        shapes = {o: shape(x, o[1], e, *trial) for o, e in lines_of.items()}
        evident = evident_of(shapes, twins)
    own = shapes.pop(mine)
    others = [o for o in evident if o[0] != element]
    columns = [*continuum, *(shapes[o] for o in others)]
    found, chi = fit([*columns, own])
    without = fit(columns)[1]
    value = gain(without, chi, len(columns) + 1) if found[-1] > 0 else 0.0
    hiding = [o for o in others if _alike(own, shapes[o]) > LIKE]
    if hiding and value >= significance:
        # Where a neighbour's lines stand, and how high the second of an L or M series is, differs between tables and detectors:
        # what that explains is not the element.
        free = [(o, s) for o in others for s in ((1.0,) if o not in hiding or o[1] == "K" else SECOND_KNOWN)]  # fmt: skip

        def freest(*more: tuple[Line, float]) -> float:
            """Chi-square of the best of all calibrations, of which that of the file is the likeliest."""
            return min(
                fit([*continuum, *(shape(x, o[1], lines_of[o], *trial, s) for o, s in (*free, *more))])[1]
                + cost
                for trial, cost in trials
            )  # fmt: skip

        value = min(value, gain(freest(), freest((mine, 1.0)), len(columns) + 4))
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


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two shapes are, whatever the heights: 1 for the same."""
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0 else 0.0
