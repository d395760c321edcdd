"""The fit of a region as lmfit does it: inside of the workflow, and in the hands of somebody who goes on from it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from .lines import Lines, Spectrum, cumulate
from .model import RegionModel, build
from .parameters import Parameters, define, identifier
from .problem import Problem, Start, options

if TYPE_CHECKING:
    import lmfit

    from ..arrays import Arrays
    from ..config_types import XpsConfig

CONSTANT, STEP = "background_constant_cps", "background_step"  # of an active Shirley background


class Fitter:
    """Minimises one spectrum through lmfit; called by `fit.minimise`."""

    def __init__(
        self,
        model: RegionModel,
        spectrum: Spectrum,
        mapping: Parameters,
        shift_eV: float,
        held: frozenset[str],
    ) -> None:
        self.params = define(model.name, model.config, shift_eV, held)
        self.all = list(self.params)
        self.free = [*mapping.lmfit_names, *((CONSTANT, STEP) if spectrum.active else ())]
        if spectrum.active:
            self.params.add(CONSTANT, value=0.0)
            self.params.add(STEP, value=0.0, min=0.0, max=1.0)

    def __call__(
        self, problem: Problem, begin: Start, sigma: np.ndarray, tolerance: float
    ) -> tuple[np.ndarray, int, bool]:
        """Return the free parameters, the number of evaluations, and whether it converged."""
        import lmfit

        for name, value in zip(self.free, begin.q, strict=True):
            self.params[name].value = float(value)
        known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

        def at(params: lmfit.Parameters) -> tuple[np.ndarray, np.ndarray]:
            q = np.array([params[name].value for name in self.free])
            key = q.tobytes()
            if key not in known:
                known.clear()
                known[key] = problem(q)
            return known[key]

        result = lmfit.Minimizer(
            lambda params: (at(params)[0] - problem.y) / sigma, self.params
        ).minimize(
            method="least_squares",
            Dfun=lambda params: at(params)[1] / sigma[:, None],
            **options(tolerance),
        )
        self.params = result.params
        q = np.array([result.params[name].value for name in self.free])
        return q, int(result.nfev), bool(result.success)


def region_model(model: RegionModel, background: np.ndarray | None = None) -> lmfit.Model:
    """Return a region's model as an lmfit Model of binding energy, with the parameters of `parameters.define`.

    Parameters
    ----------
    model : RegionModel
    background : (n,) array, optional
        Static background in counts/s on the points of the fit; without one a Shirley background is fitted, whose
        parameters are ``background_constant_cps`` and ``background_step``.

    Returns
    -------
    lmfit.Model
        Independent variable `x`, binding energy in eV, ascending; value in counts/s.
    """
    import lmfit

    lines = Lines(model.components)
    m = lines.n
    order = [f"{q}_{n}" for q in ("area", "position", "fwhm") for n in _identifiers(model)]
    names = [*order, *(() if background is not None else (CONSTANT, STEP))]

    def envelope(x: np.ndarray, **values: float) -> np.ndarray:
        p = np.array([values[name] for name in order])
        signal = lines.value(x, p[m : 2 * m], p[2 * m :]) @ p[:m]
        if background is not None:
            return np.asarray(signal + background)
        return np.asarray(signal + values[CONSTANT] + values[STEP] * cumulate(x, signal))

    # lmfit reads the names of parameters off the function's signature.
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    envelope.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in ("x", *names)])  # type: ignore[attr-defined]
    return lmfit.Model(envelope, independent_vars=["x"], name=model.name)


def _identifiers(model: RegionModel) -> list[str]:
    return [identifier(name) for name in model.names]


def refit(data: Arrays, config: XpsConfig) -> lmfit.model.ModelResult:
    """Fit a region of a result once more, and return what lmfit gives: to vary it, to plot it, to fit it again.

    Parameters
    ----------
    data : Arrays
        A curve group of the XPS job that was fitted: `load_curves(path)["1|S 2p"]`, or the same as a mapping of
        arrays with attributes.
    config : mapping
        The section `xps` of the configuration.

    Returns
    -------
    lmfit.model.ModelResult
        Energies are charge-corrected; parameters ``area_sulfide`` (counts/s x eV), ``position_sulfide``,
        ``fwhm_sulfide`` (eV), ...; weights are those of the workflow's fit.

    Raises
    ------
    ValueError
        The region has no model, or was not fitted.

    Examples
    --------
    >>> result = refit(load_curves("results/xps/c300.nc")["1|S 2p"], config)  # doctest: +SKIP
    >>> result.params["position_sulfate"].vary = False  # doctest: +SKIP
    >>> result.fit()  # doctest: +SKIP
    """
    base = str(data.attrs["base"])
    if base not in config["regions"] or not data.attrs["fitted"]:
        raise ValueError(f"region {base}: expected a fitted region with a model, found none")
    model = build(base, config["regions"][base], config)
    envelope = np.asarray(data["envelope_cps"])
    inside = np.isfinite(envelope)
    x, y = (np.asarray(data[n])[inside] for n in ("binding_energy_eV", "intensity_cps"))
    background = np.asarray(data["background_cps"])[inside]
    time_s = float(data.attrs["counting_time_s"])
    rate = np.maximum(envelope[inside] * time_s, 1.0) if np.isfinite(time_s) else None
    weights = None if rate is None else time_s / np.sqrt(rate)
    params = define(base, model.config, 0.0)
    found = {
        "area": np.asarray(data["area_cps_eV"]),
        "position": np.asarray(data["position_eV"]),
        "fwhm": np.asarray(data["fwhm_eV"]),
    }
    for quantity, values in found.items():
        for name, value in zip(_identifiers(model), values, strict=True):
            own = params[f"{quantity}_{name}"]
            if own.vary:
                own.value = float(np.clip(value, own.min, own.max))
    return region_model(model, background).fit(
        y, params, x=x, weights=weights, method="least_squares"
    )
