"""One measured region through background, fit, uncertainty and judgement."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .. import quality
from ..quality import Quality
from . import background
from .choices import Choice, combine, mixed
from .fit import Fit, minimise, solve
from .judge import MIN_POINTS, described, inside
from .lines import Lines, Spectrum
from .model import RegionModel
from .uncertainty import (
    SIGNIFICANCE,
    Estimate,
    Fraction,
    estimate,
    fractions,
    mixed_fractions,
    upper_limit,
)

if TYPE_CHECKING:
    from ..config_types import XpsConfig


@dataclass
class RegionFit:
    """A fitted region. Energies are as measured (not charge-corrected).

    Attributes
    ----------
    model : RegionModel
    x, y : (n,) arrays
        The window of the fit: binding energy in eV, counts/s.
    mask : (N,) array of bool
        Which points of the region are in the window.
    background : str
        The kind that was used, which may differ from the configured one (see notes).
    fit : Fit
    estimate : Estimate
        Of all components, parts included: over all choices, or as configured where there are none.
    choices : list of Choice
        Models of the mixture, that of the configuration first.
    at_limit : list of str
        Positions and widths that stand at a limit of the model.
    held : frozenset of str
        Components too weak for a position and width of their own.
    reduced_chi_square : float
        NaN where the counting time is unknown.
    autocorrelation : float
        Of neighbouring normalised residuals.
    notes : list of str
        What is replaced or missing, whether or not it makes the numbers doubtful.
    quality : Quality
        Whether the model describes the data.
    """

    model: RegionModel
    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray
    background: str
    fit: Fit
    estimate: Estimate
    choices: list[Choice]
    at_limit: list[str]
    held: frozenset[str]
    reduced_chi_square: float
    autocorrelation: float
    notes: list[str] = field(default_factory=list)
    quality: Quality = field(default_factory=Quality)

    @property
    def residual(self) -> np.ndarray:
        """Normalised residuals (n,)."""
        return self.fit.residual

    def grouped(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return areas, unbounded areas and covariance of `model.rows` (parts summed)."""
        return self._grouped(self.estimate)

    def _grouped(self, e: Estimate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        m = len(self.model.components)
        groups = np.array(
            [[float(c.part_of == row) for c in self.model.components] for row in self.model.rows]
        )
        return groups @ e.p[:m], groups @ e.unbounded[:m], groups @ e.covariance[:m, :m] @ groups.T

    def counting_sd(self) -> np.ndarray:
        """Return the standard uncertainties of the areas of `model.rows` with the configured model taken as true."""
        first = self.choices[0].estimate if self.choices else self.estimate
        return np.sqrt(np.maximum(np.diag(self._grouped(first)[2]), 0.0))

    def fractions(self) -> list[Fraction]:
        """Return the shares of `model.rows`."""
        if not self.choices:
            return mixed_fractions([1.0], [self.grouped()])
        weights = [c.weight for c in self.choices]
        return mixed_fractions(weights, [self._grouped(c.estimate) for c in self.choices])

    def fractions_of(self, choice: Choice) -> list[Fraction]:
        """Return the shares of `model.rows` under one of `choices`."""
        return fractions(*self._grouped(choice.estimate))

    def area_limit(self, row: int) -> float | None:
        """Return the 95 % upper limit of a row's area, None where the component is significant."""
        areas, unbounded, covariance = self.grouped()
        sd = math.sqrt(max(covariance[row, row], 0.0))
        if areas[row] >= SIGNIFICANCE * sd:
            return None
        return upper_limit(float(unbounded[row]), sd)

    def position(self, name: str) -> tuple[float, float] | None:
        """Return position in eV and its uncertainty (NaN: fixed or at a limit), None where held."""
        return self._parameter(1, name)

    def fwhm(self, name: str) -> tuple[float, float] | None:
        """Return full width at half maximum in eV and its uncertainty, None where it is held."""
        return self._parameter(2, name)

    def judged(self, row: int) -> Quality:
        """Return the judgement of one of `model.rows`: the region's, and whether it stands at a limit."""
        name = self.model.rows[row]
        own = [q for part, q in self._limits().items() if part == name]
        return quality.worst([self.quality, *own])

    def _limits(self) -> dict[str, Quality]:
        """Return what stands at a limit, of the components that matter and of their parts: held and weak ones have no say."""
        own: dict[str, list[str]] = {}
        for j, component in enumerate(self.model.components):
            if self.estimate.p[j] >= SIGNIFICANCE * self.estimate.sd[j]:
                at = [n for n in self.at_limit if n.endswith(f" of {component.name}")]
                own.setdefault(component.part_of, []).extend(at)
        return {
            name: quality.doubtful(f"{self.model.name}: {' and '.join(at)} at its limit")
            for name, at in own.items()
            if at
        }

    def _parameter(self, block: int, name: str) -> tuple[float, float] | None:
        if name in self.held:
            return None
        index = block * len(self.model.components) + self.model.names.index(name)
        value, sd = float(self.estimate.p[index]), float(self.estimate.sd[index])
        # At a limit the value is the limit's, and its uncertainty is not known.
        return value, sd if sd > 0 else math.nan


def fit_region(
    x: np.ndarray,
    y: np.ndarray,
    time_s: float,
    model: RegionModel,
    shift_eV: float,
    config: XpsConfig,
    kind: str | None = None,
    *,
    by_lmfit: bool = True,
    combined: bool = False,
    cross_section: background.CrossSection | None = None,
) -> RegionFit | None:
    """Fit one region.

    Parameters
    ----------
    x, y : (N,) arrays
        Measured binding energy in eV (ascending) and counts/s.
    time_s : float
        Counting time per channel; NaN where unknown.
    model : RegionModel
    shift_eV : float
        Where the sample's charge puts the lines; the window moves with it.
    kind : str, optional
        Another background than the model's.
    by_lmfit : bool
        Minimise through lmfit; else the same residual by scipy, which costs less (`fit.solve`).
    combined : bool
        Let go what the model takes as true, and combine (`choices.combine`).
    cross_section : CrossSection, optional
        Of a Tougaard background, instead of the universal one.

    Returns
    -------
    RegionFit or None
        None where the window holds fewer than 20 points.
    """
    low, high = (edge + shift_eV for edge in model.window_eV)
    mask = (x >= low) & (x <= high)
    if mask.sum() < MIN_POINTS:
        return None
    notes = []
    step = float(np.median(np.diff(x)))
    if x[0] > low + 1.5 * step or x[-1] < high - 1.5 * step:
        notes.append("the window reaches beyond the data")
    wx, wy = x[mask], y[mask]
    kind = kind or model.background
    base, kind = _background(kind, wx, wy, config, notes, cross_section)
    spectrum = Spectrum(wx, wy, base.values if base else np.zeros(len(wx)), time_s, base is None)
    respond = base.respond if base else None
    held: frozenset[str] = frozenset()
    while True:
        mapping = model.parameters(shift_eV, held)
        if by_lmfit:
            fit = minimise(model, spectrum, shift_eV, held)
        else:
            fit = solve(model, [spectrum], [mapping])
        is_area = np.zeros(len(fit.q), bool)
        is_area[: len(mapping.names)] = [n.startswith("area") for n in mapping.names]
        residual = wy - fit.models[0]
        result = estimate(fit, [mapping.L], residual, respond, is_area)[0]
        weak = _weak(model, fit, held)
        if not weak:
            break
        held = held | weak
    normalised = residual / fit.sigma
    rho = float(normalised[:-1] @ normalised[1:] / max(normalised @ normalised, 1e-300))
    chi = fit.reduced_chi_square if math.isfinite(time_s) else math.nan
    limits = [
        name
        for name, at_limit in zip(mapping.names, fit.at_limit, strict=False)
        if at_limit and not name.startswith("area")
    ]
    notes += [f"{name} at its limit" for name in limits]
    judged = quality.worst(
        [
            described(model.name, fit, chi, rho, time_s, shift_eV, config["plausible"]),
            inside(model, fit, shift_eV),
        ]
    )
    models = combine(model, spectrum, mapping, fit, result, base, config) if combined else []
    if models:
        result = mixed(models)
    return RegionFit(
        model, wx, wy, mask, kind, fit, result, models, limits, held, chi, rho, notes, judged
    )


def _background(
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    config: XpsConfig,
    notes: list[str],
    cross_section: background.CrossSection | None,
) -> tuple[background.Background | None, str]:
    """Return the static background, None for the one that is fitted."""
    if kind == "active_shirley":
        return None, kind
    options = config["shirley"]
    n_end = background.end_points(x, config["end_width_eV"], config.get("end_points"))
    try:
        base = background.static(
            kind, x, y, n_end, options["tolerance"], options["max_iterations"],
            cross_section,
        )  # fmt: skip
        return base, kind
    except background.NotConverged as error:
        notes.append(f"{error}; fitted together with the lines instead (active Shirley)")
        return None, "active_shirley"


def _weak(model: RegionModel, fit: Fit, held: frozenset[str]) -> frozenset[str]:
    """Return the components, not yet held, whose area is not significant for a fixed shape.

    With all shapes fixed the areas are linear parameters; a free position would make any small area
    look uncertain.
    """
    m = len(model.components)
    phi = Lines(model.components).evaluate(fit.x[0], fit.p[0][m : 2 * m], fit.p[0][2 * m :])[0]
    weighted = phi / fit.sigma[:, None]
    variance = np.diag(np.linalg.pinv(weighted.T @ weighted, rcond=1e-12))
    sd = np.sqrt(np.maximum(variance, 0.0) * max(1.0, fit.reduced_chi_square))
    return frozenset(
        name
        for j, name in enumerate(model.names)
        if name not in held and fit.p[0][j] < SIGNIFICANCE * sd[j]
    )


@dataclass(frozen=True)
class Integral:
    """Area of a region without a model."""

    background: np.ndarray
    kind: str
    area: float
    sd: float


def integrate(x: np.ndarray, y: np.ndarray, time_s: float, config: XpsConfig) -> Integral:
    """Integrate a region that the configuration has no model for, above its configured background."""
    kind = config["unmodelled_background"]
    n_end = background.end_points(x, config["end_width_eV"], config.get("end_points"))
    try:
        base = background.static(kind, x, y, n_end)
    except background.NotConverged:
        base = background.static("linear", x, y, n_end)
    half = 0.5 * np.diff(x)
    weights = np.r_[half, 0.0] + np.r_[0.0, half]
    row = (weights - base.respond(weights[None, :])[0])[None, :]
    sd = math.nan
    if math.isfinite(time_s):
        variance = np.maximum(y * time_s, 1.0) / time_s**2
        sd = float(np.sqrt((row[0] ** 2 * variance).sum()))
    return Integral(base.values, base.kind, float(weights @ (y - base.values)), sd)
