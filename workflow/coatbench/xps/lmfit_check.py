"""The same fit by lmfit, with derivatives by differences: the independent check of our own, and its yardstick.

Parameters, limits and ties go into lmfit as its own Parameters and expressions, made from the words of
the configuration and not from our linear map, so that a mistake in either shows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .fit import Lines, Spectrum, start_areas
from .model import RegionModel

if TYPE_CHECKING:
    import lmfit

_KEYS = {"area": "area", "position": "binding_energy_eV", "fwhm": "fwhm_eV"}


def parameters(model: RegionModel, spectrum: Spectrum, shift_eV: float) -> lmfit.Parameters:
    """Return lmfit parameters ``area_0``, ``position_0``, ``fwhm_0``, ... of a model."""
    import lmfit

    mapping = model.parameters(shift_eV)
    start = mapping.p0 + mapping.L @ mapping.start
    areas = start_areas(Lines(model.components), spectrum, start)
    floor = 1e-3 * max(float(areas.max()), 1e-12)
    result = lmfit.Parameters()
    ties = []
    for j, name in enumerate(model.names):
        entry = model.config[name]
        for quantity, key in _KEYS.items():
            value: Any = entry.get(key)
            own = f"{quantity}_{j}"
            if isinstance(value, str):
                result.add(own, value=1.0)
                ties.append((own, _expression(value, model.names, quantity)))
            elif quantity == "area":
                result.add(own, value=max(float(areas[j]), floor), min=0.0)
            elif quantity == "position":
                centre, within = float(value) + shift_eV, float(entry.get("within_eV", 0.0))
                if within > 0:
                    # Not in the very middle of the limits: there lmfit's internal variable is 0, and steps
                    # relative to it vanish, so that the parameter would never move.
                    start_at = centre + 0.01 * within
                    result.add(own, value=start_at, min=centre - within, max=centre + within)
                else:
                    result.add(own, value=centre, vary=False)
            else:
                limits = entry.get("fwhm_limits_eV")
                if limits:
                    result.add(own, value=float(value), min=limits[0], max=limits[1])
                else:
                    result.add(own, value=float(value), vary=False)
    for own, text in ties:
        result[own].set(expr=text)
    return result


def _expression(text: str, names: list[str], quantity: str) -> str:
    for index, name in sorted(enumerate(names), key=lambda item: -len(item[1])):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w])", f"{quantity}_{index}", text)
    return text


def fit(
    model: RegionModel,
    spectrum: Spectrum,
    shift_eV: float,
    sigma: np.ndarray,
    start: lmfit.Parameters | None = None,
) -> lmfit.minimizer.MinimizerResult:
    """Fit by lmfit's `leastsq` (MINPACK, derivatives by differences) with given weights.

    `start` are parameters to go on from; by default the model's start values.
    """
    import lmfit

    lines = Lines(model.components)
    m = lines.n
    y = spectrum.y - spectrum.background

    def residual(p: lmfit.Parameters) -> np.ndarray:
        values = p.valuesdict()
        area, position, fwhm = (
            np.array([values[f"{q}_{j}"] for j in range(m)]) for q in ("area", "position", "fwhm")
        )
        phi = lines.value(spectrum.x, position, fwhm)
        return np.asarray((y - phi @ area) / sigma)

    return lmfit.minimize(residual, start or parameters(model, spectrum, shift_eV))
