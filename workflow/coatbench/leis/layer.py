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

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays
from .kinematics import Geometry, mean_mass_u
from .stopping import energy_of_depth, load

if TYPE_CHECKING:
    import numpy as np

Row = dict[str, Any]
EDGE_MARGIN_EV = 100.0
EDGE_MAX_SHIFT_EV = 500.0
EDGE_MAX_SCALE = 1.5
EDGE_POINTS = 6  # channels to either side of the best shift
# Shares of the shift that a closed layer needs.
PATCHES_BELOW, CLOSED_ABOVE = 0.25, 0.75


def layers(
    windows: list[Row],
    curves: Mapping[str, Mapping[str, Arrays]],
    config: dict,
    reference: str | None,
) -> list[Row]:
    """Estimate the layer of every sample but the reference, at each heating temperature.

    Returns
    -------
    list of dict
        sample, heating_temperature_degC, ratio, covered_fraction with _sd, edge_shift_eV and
        edge_scale with _sd (of the fitted shape), energy_shift_eV, thickness_nm with thickness_nm_sd
        (counting) and thickness_low_nm, thickness_high_nm (total and electronic stopping, over the
        config's layer materials), note. Thickness is that of a closed layer; it is empty where the ratio is
        above 1 beyond its uncertainty or the signal is gone.
    """
    if reference is None or reference not in curves:
        return []
    scales = _thickness_scales(config)
    out = []
    for row in windows:
        if row["window"] != config["layer_window"] or row["sample"] == reference:
            continue
        ratio, sd = row.get("relative_to_reference"), row.get("relative_to_reference_sd")
        base = curves[reference].get(f"T{row['heating_temperature_degC']:g}")
        if ratio is None or sd is None or base is None:
            continue
        estimate: Row = {
            "sample": row["sample"],
            "heating_temperature_degC": row["heating_temperature_degC"],
            "ratio": ratio,
            "covered_fraction": 1 - ratio,
            "covered_fraction_sd": sd,
        }
        own = curves.get(row["sample"], {}).get(f"T{row['heating_temperature_degC']:g}")
        if own is not None:
            estimate.update(edge_shape(base, own, row["energy_low_eV"], row["energy_high_eV"]))
        estimate.update(
            _thickness(base, row["energy_low_eV"], row["energy_high_eV"], ratio, sd, scales)
        )
        if "note" not in estimate:
            estimate["note"] = _verdict(estimate)
        out.append(estimate)
    return out


def _verdict(estimate: Row) -> str:
    """Say which end of the model the shape of the edge supports."""
    shift, needed = estimate.get("edge_shift_eV"), estimate["energy_shift_eV"]
    if shift is None or needed <= 0:
        return ""
    if shift < PATCHES_BELOW * needed:
        return (
            "the edge is not shifted: patches with gaps, for which the thickness is a lower limit"
        )
    if shift > CLOSED_ABOVE * needed:
        return "the edge is shifted as by a closed layer"
    return "the edge is shifted by less than a closed layer would: closed in part"


def _thickness_scales(config: dict) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Energy shift of the matrix edge under a layer, for each layer material and kind of stopping."""
    geometry = Geometry(config)
    mass = mean_mass_u(config["edge_element"])
    scales = {}
    for material in config["layer_materials"]:
        for kind in ("total", "electronic"):
            depth, energy = energy_of_depth(load(material), geometry, mass, kind)
            scales[material, kind] = (energy[0] - energy, depth)
    return scales


def _thickness(
    base: Arrays,
    low: float,
    high: float,
    ratio: float,
    sd: float,
    scales: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]],
) -> Row:
    import numpy as np

    if ratio > 1 + 2 * sd:
        return {"note": "more signal than the reference: no layer in this model"}
    if ratio <= 0:
        return {"note": "no signal left: thicker than the window is deep"}
    shift = _shift(base, low, high, min(ratio, 1.0))
    slope = abs(_shift(base, low, high, max(ratio - sd, 1e-6)) - shift) if sd else 0.0
    values = {key: float(np.interp(shift, *scale)) for key, scale in scales.items()}
    total = [v for (_, kind), v in values.items() if kind == "total"]
    thickness = sum(total) / len(total)
    return {
        "energy_shift_eV": shift,
        "thickness_nm": thickness,
        "thickness_nm_sd": thickness * slope / shift if shift > 0 else None,
        "thickness_low_nm": min(values.values()),
        "thickness_high_nm": max(values.values()),
    }


def edge_shape(base: Arrays, own: Arrays, low: float, high: float) -> Row:
    """Fit a * reference(E + shift) to a sample's signal from the window's lower bound to above its edge.

    Returns
    -------
    dict
        edge_shift_eV and edge_scale with _sd (scaled by the reduced chi-square where that is above 1);
        empty where the two axes differ or the best shift lies at the end of the range.
    """
    import numpy as np

    energy = np.asarray(base["energy_eV"])
    if not np.array_equal(energy, np.asarray(own["energy_eV"])):
        return {}
    inside = (energy >= low) & (energy <= high + EDGE_MARGIN_EV)
    intensity, y = np.asarray(base["intensity"]), np.asarray(own["intensity"])[inside]
    # The reference counts too. Its noise stays where it is, so that shifts do not gain by weights alone.
    ratio = y.sum() / intensity[inside].sum()
    noise = np.asarray(own["intensity_sd"])[inside] ** 2 + (ratio * np.asarray(base["intensity_sd"])[inside]) ** 2  # fmt: skip
    step = float(energy[1] - energy[0])
    shifts = step * np.arange(-int(EDGE_MARGIN_EV / step), int(EDGE_MAX_SHIFT_EV / step) + 1)
    chi, scale, scale_sd = np.full((3, len(shifts)), np.inf)
    for i, shift in enumerate(shifts):
        moved = np.interp(energy[inside] + shift, energy, intensity)
        norm = float((moved**2 / noise).sum())
        fitted = float((moved * y / noise).sum()) / norm if norm > 0 else np.inf
        if fitted <= EDGE_MAX_SCALE:
            scale[i], scale_sd[i] = fitted, norm**-0.5
            chi[i] = ((y - fitted * moved) ** 2 / noise).sum()
    if not np.isfinite(chi).any():
        return {}
    k = int(chi.argmin())
    if not 0 < k < len(shifts) - 1:
        return {}  # no shift of the range describes the edge
    reduced = max(1.0, chi[k] / (inside.sum() - 2))
    # Both spectra are noisy, so chi-square is jagged from channel to channel: a parabola through several.
    near = slice(max(0, k - EDGE_POINTS), k + EDGE_POINTS + 1)
    if not np.isfinite(chi[near]).all():
        return {}
    curve = np.polyfit(shifts[near] - shifts[k], chi[near], 2)
    if curve[0] <= 0:
        return {}
    shift = shifts[k] - curve[1] / (2 * curve[0])
    shift_sd = (reduced / curve[0]) ** 0.5
    # Scale and shift are correlated: what the scale does within the shift's uncertainty counts as well.
    slope = (scale[k + 1] - scale[k - 1]) / (2 * step)
    return {
        "edge_shift_eV": float(shift),
        "edge_shift_eV_sd": float(shift_sd),
        "edge_scale": float(np.interp(shift, shifts, scale)),
        "edge_scale_sd": float(np.hypot(scale_sd[k] * reduced**0.5, slope * shift_sd)),
    }


def _shift(base: Arrays, low: float, high: float, ratio: float) -> float:
    """Rise of the lower bound that leaves `ratio` of the reference's window."""
    import numpy as np

    energy = np.asarray(base["energy_eV"])
    inside = (energy >= low) & (energy <= high)
    # Share of the window that lies above each channel's lower edge; falls from 1 to 0.
    above = np.cumsum(np.asarray(base["intensity"])[inside][::-1])[::-1]
    share = np.append(above / above[0], 0.0)
    step = float(energy[1] - energy[0])
    bound = np.append(energy[inside], energy[inside][-1] + step) - low
    bound[0] = 0.0
    return float(np.interp(ratio, share[::-1], bound[::-1]))
