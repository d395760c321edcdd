"""One region of all samples at once: positions and widths shared, areas free.

A series of one material has one binding energy per species; sharing it keeps weak components from drifting. All
spectra enter charge-corrected. Only usable spectra with a charge reference and a known counting time take part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Arrays
from ..quality import UNUSABLE
from . import background
from .fit import solve
from .lines import Spectrum
from .model import RegionModel, build
from .parameters import Parameters
from .uncertainty import estimate, fractions

if TYPE_CHECKING:
    from ..config_types import XpsConfig

Row = dict[str, Any]


def joint_rows(curves: Mapping[str, Mapping[str, Arrays]], config: XpsConfig) -> list[Row]:
    """Return the rows of xps_joint for every region that the configuration wants fitted jointly."""
    rows: list[Row] = []
    for region, shared in config["joint"].items():
        model = build(region, config["regions"][region], config)
        members = [
            (sample, group.split("|")[0], data)
            for sample, groups in curves.items()
            for group, data in groups.items()
            if data.attrs["region"] == region and _usable(data)
        ]
        if members:
            rows += fit_series(model, members, list(shared), config)
    return rows


def _usable(data: Arrays) -> bool:
    attrs = data.attrs
    known = math.isfinite(attrs["charge_shift_eV"]) and math.isfinite(attrs["counting_time_s"])
    return bool(attrs["fitted"]) and known and attrs["quality"] != UNUSABLE


def shared_parameters(model: RegionModel, n: int, shared: list[str]) -> list[Parameters]:
    """Return one map per spectrum from common free parameters (shared ones first per name) to its own."""
    single = model.parameters(0.0)
    common = [name.split(" of ")[0] in shared for name in single.names]
    own = [not c for c in common]
    n_common, n_own = sum(common), sum(own)
    total = n_common + n * n_own
    maps = []
    for k in range(n):
        basis = np.zeros((len(single.p0), total))
        basis[:, :n_common] = single.L[:, common]
        basis[:, n_common + k * n_own : n_common + (k + 1) * n_own] = single.L[:, own]

        def spread(values: np.ndarray) -> np.ndarray:
            return np.concatenate([values[common], *[values[own]] * n])

        names = [x for x, c in zip(single.names, common, strict=True) if c]
        names += [x for x, o in zip(single.names, own, strict=True) if o] * n
        maps.append(
            Parameters(
                single.p0,
                basis,
                spread(single.start),
                spread(single.low),
                spread(single.high),
                names,
            )
        )
    return maps


def fit_series(
    model: RegionModel,
    members: list[tuple[str, str, Arrays]],
    shared: list[str],
    config: XpsConfig,
) -> list[Row]:
    """Fit spectra jointly.

    Parameters
    ----------
    model : RegionModel
    members : list of (sample, spot, curves)
    shared : list of str
        ``position``, ``fwhm`` or both.
    """
    spectra, responses = [], []
    for _, _, data in members:
        x, y = np.asarray(data["binding_energy_eV"]), np.asarray(data["intensity_cps"])
        inside = (x >= model.window_eV[0]) & (x <= model.window_eV[1])
        x, y = x[inside], y[inside]
        n_end = background.end_points(x, config["end_width_eV"], config.get("end_points"))
        try:
            kind = model.background if model.background != "active_shirley" else "linear"
            base = background.static(kind, x, y, n_end)
        except background.NotConverged:
            base = background.static("linear", x, y, n_end)
        spectra.append(Spectrum(x, y, base.values, float(data.attrs["counting_time_s"])))
        responses.append(base.respond)
    maps = shared_parameters(model, len(spectra), shared)
    fit = solve(model, spectra, maps)
    is_area = np.array([name.startswith("area") for name in maps[0].names])
    y = np.concatenate([s.y for s in spectra])
    residual = y - np.concatenate(fit.models)
    ends = np.cumsum([len(s.x) for s in spectra])[:-1]

    def respond(weights: np.ndarray) -> np.ndarray:
        parts = np.split(weights, ends, axis=1)
        return np.concatenate([r(p) for r, p in zip(responses, parts, strict=True)], axis=1)

    found = estimate(fit, [m.L for m in maps], residual, respond, is_area)
    m = len(model.components)
    rows = []
    for (sample, spot, _), e in zip(members, found, strict=True):
        parts = fractions(e.p[:m], e.unbounded[:m], e.covariance[:m, :m])
        for j, (component, fraction) in enumerate(zip(model.names, parts, strict=True)):
            rows.append(
                {
                    "sample": sample,
                    "spot": spot,
                    "region": model.name,
                    "component": component,
                    "shared": ", ".join(shared),
                    "binding_energy_eV": e.p[m + j],
                    "binding_energy_eV_sd": e.sd[m + j] or None,
                    "fwhm_eV": e.p[2 * m + j],
                    "fwhm_eV_sd": e.sd[2 * m + j] or None,
                    "area_cps_eV": e.p[j],
                    "area_cps_eV_sd": e.sd[j],
                    "fraction": fraction.value,
                    "fraction_sd": fraction.sd,
                    "fraction_ci_low": fraction.low,
                    "fraction_ci_high": fraction.high,
                    "reduced_chi_square": fit.reduced_chi_square,
                    "n_spectra": len(spectra),
                }
            )
    return rows
