"""Thickness of a layer from what it takes from the near-surface signal of the matrix.

A closed layer moves the matrix's signal to lower energies: by the energy that an ion loses on its way in
and out through the layer. The near-surface window of the coated sample then holds what the reference
shows above a shifted lower bound. Read backwards, the measured ratio gives the shift, and a stopping
power the thickness. Patches thicker than the window is deep take the same share and have no thickness in
this signal: the other end of the model is that covered fraction, 1 - ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .kinematics import Geometry, mean_mass_u
from .stopping import energy_of_depth, load

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

Row = dict[str, Any]


def layers(
    windows: list[Row],
    curves: Mapping[str, Mapping[str, xr.Dataset]],
    config: dict,
    reference: str | None,
) -> list[Row]:
    """Estimate the layer of every sample but the reference, at each heating temperature.

    Returns
    -------
    list of dict
        sample, heating_temperature_degC, ratio, energy_shift_eV, thickness_nm with thickness_nm_sd
        (counting) and thickness_low_nm, thickness_high_nm (total and electronic stopping, over the
        config's layer materials), covered_fraction, covered_fraction_sd, note. Thickness is empty
        where the ratio is above 1 beyond its uncertainty or the signal is gone.
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
        estimate.update(
            _thickness(base, row["energy_low_eV"], row["energy_high_eV"], ratio, sd, scales)
        )
        out.append(estimate)
    return out


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
    base: xr.Dataset,
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


def _shift(base: xr.Dataset, low: float, high: float, ratio: float) -> float:
    """Rise of the lower bound that leaves `ratio` of the reference's window."""
    import numpy as np

    energy = base["energy_eV"].values
    inside = (energy >= low) & (energy <= high)
    # Share of the window that lies above each channel's lower edge; falls from 1 to 0.
    above = np.cumsum(base["intensity"].values[inside][::-1])[::-1]
    share = np.append(above / above[0], 0.0)
    step = float(energy[1] - energy[0])
    bound = np.append(energy[inside], energy[inside][-1] + step) - low
    bound[0] = 0.0
    return float(np.interp(ratio, share[::-1], bound[::-1]))
