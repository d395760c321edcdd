"""What a layer takes from the near-surface signal of the matrix: its thickness, or the share that it covers.

A closed layer moves the matrix's signal to lower energies: by the energy that an ion loses on its way in
and out through the layer. The near-surface window of the coated sample then holds what the reference
shows above a shifted lower bound. Read backwards, the measured ratio gives the shift, and a stopping
power the thickness. Patches thicker than the window is deep take the same share, shift nothing and have no
thickness in this signal: the other end of the model is that covered fraction, 1 - ratio.

Which end holds is seen in the shape: a * reference(E + shift) is fitted to the coated sample's edge. Patches
leave the shift at 0 and `a` at the ratio; a closed layer leaves `a` near 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import quality
from ..arrays import Arrays
from ..quality import Quality, doubtful
from .charging import Charging
from .edge import edge_shape
from .kinematics import Geometry
from .stopping import depth_scale, energy_of_depth

Row = dict[str, Any]
Key = tuple[str, float]
# Standard uncertainties from which on an edge has moved, and a height differs.
MOVED, DIFFERENT = 3.0, 2.0
# Share of the shift that a closed layer needs where the height differs as well.
CLOSED_ABOVE = 0.75
ALIKE = "no layer: the edge is that of the reference within the uncertainties of dose and charging"
PATCHES = "the edge is not shifted: patches with gaps, for which the thickness is a lower limit"
CLOSED = "the edge is shifted as by a closed layer"
IN_PART = "the edge is shifted by less than a closed layer would: closed in part"
MAY_BE_CHARGING = "no surface peak in common with the reference: it may be charging"
UNSURE = "the peaks do not tell charging from a thin layer"
# What takes the same share of every part of a spectrum, the outermost layer included.
DOSE = "a wrong dose does that, too"
BINS, MOST_REDUCED = 60, 1.6
NEXT_TO_NOTHING = 1e-6  # share of the reference's window
BRIGHTER = "more signal than the reference: no layer in this model"


def layers(
    windows: list[Row],
    curves: Mapping[str, Mapping[str, Arrays]],
    reference: str | None,
    charged: Mapping[Key, Charging | None],
    *,
    window: str,
    materials: Iterable[str],
    geometry: Geometry,
    edge_element: str,
    dose_ratio_sd: float,
) -> list[Row]:
    """Estimate the layer of every sample but the reference, at each heating temperature.

    Parameters
    ----------
    windows : list of dict
        Rows of leis_windows with their ratios.
    curves : mapping
        Curve sets of each sample, `{sample: {"T200": Arrays}}`.
    reference : str or None
    charged : mapping
        Charging against the reference, by sample and heating temperature; None: no peak in common.
    window : str
        Name of the window whose suppression tells the layer.
    materials : iterable of str
        Between which the layer's stopping lies.
    geometry, edge_element
        Ion, energy, angles; the element whose elastic energy is depth 0.
    dose_ratio_sd : float
        Relative standard uncertainty of the ratio of two doses.

    Returns
    -------
    list of dict
        Rows of leis_layers. Thickness is that of a closed layer; it is empty where the ratio is above 1 beyond its
        uncertainty, the signal is gone, or there is no stopping power for the ion.
    """
    if reference is None or reference not in curves:
        return []
    scales, missing = _thickness_scales(materials, geometry, edge_element)
    out = []
    for row in windows:
        if row["window"] != window or row["sample"] == reference:
            continue
        ratio, sd = row.get("relative_to_reference"), row.get("relative_to_reference_sd")
        temperature = row["heating_temperature_degC"]
        base = curves[reference].get(f"T{temperature:g}")
        if ratio is None or sd is None or base is None:
            continue
        estimate: Row = {
            "sample": row["sample"],
            "heating_temperature_degC": temperature,
            "ratio": ratio,
            "covered_fraction": 1 - ratio,
            "covered_fraction_sd": sd,
        }
        low, high = row["energy_low_eV"], row["energy_high_eV"]
        own = curves.get(row["sample"], {}).get(f"T{temperature:g}")
        charge = charged.get((row["sample"], temperature))
        shape: Row = edge_shape(base, own, low, high) if own is not None else {}
        estimate.update(_edge(shape, charge, dose_ratio_sd))
        estimate.update(_thickness(base, low, high, ratio, sd, scales))
        estimate["note"] = _verdict(estimate, charge) or estimate.get("note", "")
        judged = [quality.quality_of(row), _judged(estimate, charge, missing)]
        if own is not None and estimate["note"] in (PATCHES, BRIGHTER):
            judged.append(_like_another_dose(base, own))
        if estimate["note"] == ALIKE and abs(shape["edge_shift_eV"]) > MOVED * shape["edge_shift_eV_sd"]:  # fmt: skip
            moved = estimate["edge_shift_eV"]
            if charge is None or not charge.significant:
                judged.append(doubtful(f"the edge stands {moved:.1f} eV lower: {UNSURE}"))
        out.append(estimate | quality.worst(judged).columns())
    return out


def _edge(shape: Row, charge: Charging | None, dose_ratio_sd: float) -> Row:
    """Take charging out of the edge's shift, and the uncertainty of the doses into its height."""
    if not shape:
        return {}
    own = dict(shape)
    own["edge_scale_sd"] = math.hypot(shape["edge_scale_sd"], dose_ratio_sd * shape["edge_scale"])
    if charge is not None:
        own["charging_shift_eV"] = charge.shift_eV
        own["charging_shift_eV_sd"] = charge.shift_eV_sd
        if charge.significant:
            own["edge_shift_eV"] -= charge.shift_eV
            own["edge_shift_eV_sd"] = math.hypot(shape["edge_shift_eV_sd"], charge.shift_eV_sd)
    return own


def _verdict(estimate: Row, charge: Charging | None) -> str:
    """Say which end of the model the shape of the edge supports."""
    if estimate.get("edge_shift_eV") is None:
        return ""
    shift, sd = estimate["edge_shift_eV"], estimate["edge_shift_eV_sd"]
    if charge is not None and not charge.significant:
        # A charge that is too small to be seen is not a layer either.
        shift, sd = shift - charge.shift_eV, math.hypot(sd, charge.shift_eV_sd)
    moved = abs(shift) > MOVED * sd
    height = estimate["edge_scale"] - 1
    different = abs(height) > DIFFERENT * estimate["edge_scale_sd"]
    if not moved:
        if different:
            return PATCHES if height < 0 else BRIGHTER
        return ALIKE
    if shift < 0:
        return "the edge stands higher than the reference's: no layer does that"
    needed = estimate.get("energy_shift_eV")
    enough = needed is None or shift > CLOSED_ABOVE * needed
    return CLOSED if enough or not different else IN_PART


def _judged(estimate: Row, charge: Charging | None, missing: str) -> Quality:
    found = []
    if missing:
        found.append(Quality(notes=(missing,)))
    if estimate.get("edge_shift_eV") is None:
        found.append(doubtful("the edge is none of the reference's, wherever it is moved"))
    if estimate["note"] == "":
        return quality.worst(found)
    if charge is None and estimate["note"] in (CLOSED, IN_PART):
        found.append(doubtful(MAY_BE_CHARGING))
    if estimate["note"].startswith("the edge stands higher"):
        found.append(doubtful(estimate["note"]))
    return quality.worst(found)


def _like_another_dose(base: Arrays, own: Arrays) -> Quality:
    """Doubt a spectrum that is the reference's times one factor everywhere: patches would show what they are made of."""
    energy = np.asarray(own["energy_eV"])
    axis = np.asarray(base["energy_eV"])
    low, high = max(energy[0], axis[0]), min(energy[-1], axis[-1])
    edges = np.linspace(low, high, BINS + 1)

    def binned(spectrum: Arrays) -> tuple[np.ndarray, np.ndarray]:
        at = np.asarray(spectrum["energy_eV"])
        step = float(at[1] - at[0])
        place = np.digitize(at, edges) - 1
        inside = (place >= 0) & (place < BINS)
        sums = [
            np.bincount(place[inside], values[inside], BINS) / step
            for values in (np.asarray(spectrum["intensity"]), np.asarray(spectrum["intensity_sd"]) ** 2 / step)
        ]  # fmt: skip
        return sums[0], sums[1]

    (m, m_var), (y, y_var) = binned(base), binned(own)
    factor = float(y.sum() / m.sum()) if m.sum() > 0 else 1.0
    variance = y_var + factor**2 * m_var
    known = variance > 0
    reduced = float(
        ((y - factor * m)[known] ** 2 / variance[known]).sum() / max(known.sum() - 1, 1)
    )
    if reduced > MOST_REDUCED:
        return Quality()
    return doubtful(f"the whole spectrum is the reference's times {factor:.2f}: {DOSE}")


def _thickness_scales(
    materials: Iterable[str], geometry: Geometry, element: str
) -> tuple[dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], str]:
    """Energy shift of the matrix edge under a layer, for each material and kind of stopping; why there is none."""
    scales = {}
    for material in materials:
        depths = depth_scale(material, geometry, element)
        if depths.stopping is None:
            return {}, depths.missing
        for kind in ("total", "electronic"):
            depth, energy = energy_of_depth(depths.stopping, geometry, depths.mass_u, kind)
            scales[material, kind] = (energy[0] - energy, depth)
    return scales, ""


def _thickness(
    base: Arrays,
    low: float,
    high: float,
    ratio: float,
    sd: float,
    scales: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]],
) -> Row:
    if ratio > 1 + 2 * sd:
        return {"note": BRIGHTER}
    if ratio <= 0:
        return {"note": "no signal left: thicker than the window is deep"}
    shift = _shift(base, low, high, ratio)
    # What two standard uncertainties of the ratio, the dose's among them, allow.
    near, far = (_shift(base, low, high, r) for r in (ratio + 2 * sd, ratio - 2 * sd))
    found: Row = {"energy_shift_eV": shift}
    if not scales:
        return found
    values = {key: float(np.interp(shift, *scale)) for key, scale in scales.items()}
    total = [v for (_, kind), v in values.items() if kind == "total"]
    thickness = sum(total) / len(total)
    slope = _shift(base, low, high, min(ratio, 1.0) - sd) - shift
    per_eV = thickness / shift if shift > 0 else _per_eV(scales)
    return found | {
        "thickness_nm": thickness,
        "thickness_nm_sd": per_eV * slope,
        "thickness_low_nm": min(float(np.interp(near, *scale)) for scale in scales.values()),
        "thickness_high_nm": max(float(np.interp(far, *scale)) for scale in scales.values()),
    }


def _per_eV(scales: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]) -> float:
    """Thickness per shift at the surface, total stopping, mean over the materials."""
    steps = [depth[1] / shift[1] for (_, kind), (shift, depth) in scales.items() if kind == "total"]
    return float(sum(steps) / len(steps))


def _shift(base: Arrays, low: float, high: float, ratio: float) -> float:
    """Rise of the lower bound that leaves `ratio` of the reference's window; at most all of it, at least next to nothing."""
    energy = np.asarray(base["energy_eV"])
    inside = (energy >= low) & (energy <= high)
    # Share of the window that lies above each channel's lower edge; falls from 1 to 0.
    above = np.cumsum(np.asarray(base["intensity"])[inside][::-1])[::-1]
    share = np.append(above / above[0], 0.0)
    step = float(energy[1] - energy[0])
    bound = np.append(energy[inside], energy[inside][-1] + step) - low
    bound[0] = 0.0
    return float(np.interp(max(ratio, NEXT_TO_NOTHING), share[::-1], bound[::-1]))
