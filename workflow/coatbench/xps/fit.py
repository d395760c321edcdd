"""Least squares for sums of photoelectron lines, with an analytic Jacobian.

A projected Levenberg-Marquardt method: the parameters that stand at a limit and would leave it are set aside in
each step. Problems are small (tens of parameters), so the normal equations are solved directly. Several
spectra can be fitted jointly: each has its own map from the shared free parameters to its components.

Weights: variances of counts, from the fitted envelope instead of the data, since weights from the data (Neyman's
chi-square) pull a fit towards low counts. The fit is therefore repeated once with its own envelope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import lineshapes
from .model import Component, Parameters, RegionModel

MAX_ITERATIONS = 200
# Relative change of chi-square that ends a fit: some 1e-6 of the 1 that makes a standard uncertainty. The
# first pass only finds the weights of the second.
_TOLERANCE, _FIRST_TOLERANCE = 1e-8, 1e-4


class Lines:
    """The components of a model as arrays: one column per line, added up per component."""

    def __init__(self, components: Sequence[Component]) -> None:
        self.n = len(components)
        owner, offsets, shares, shapes = [], [], [], []
        for j, component in enumerate(components):
            for offset, share in zip(component.offsets_eV, component.shares, strict=True):
                owner.append(j)
                offsets.append(offset)
                shares.append(share)
                shapes.append(component.shape)
        self.owner = np.array(owner)
        self.offsets, self.shares = np.array(offsets), np.array(shares)
        self.sum = (self.owner[:, None] == np.arange(self.n)).astype(float)
        self.groups = [
            (lineshapes.shape(name), np.array([i for i, s in enumerate(shapes) if s == name]))
            for name in dict.fromkeys(shapes)
        ]
        self.one_shape = self.groups[0][0] if len(self.groups) == 1 else None

    def evaluate(
        self, x: np.ndarray, position: np.ndarray, fwhm: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return unit-area components (n, m) and their derivatives by position and by width."""
        width = fwhm[self.owner]
        u = (x[:, None] - (position[self.owner] + self.offsets)) / width
        if self.one_shape is not None:
            f, df = self.one_shape(u)
        else:
            f, df = np.empty_like(u), np.empty_like(u)
            for shape, columns in self.groups:
                f[:, columns], df[:, columns] = shape(u[:, columns])
        scale = self.shares / width
        value, by_position = f * scale, df * (-scale / width)
        by_fwhm = (f + u * df) * (-scale / width)
        if self.n == len(self.owner):
            return value, by_position, by_fwhm
        return value @ self.sum, by_position @ self.sum, by_fwhm @ self.sum

    def value(self, x: np.ndarray, position: np.ndarray, fwhm: np.ndarray) -> np.ndarray:
        """Return unit-area components (n, m)."""
        width = fwhm[self.owner]
        u = (x[:, None] - (position[self.owner] + self.offsets)) / width
        f = np.empty_like(u)
        for shape, columns in self.groups:
            f[:, columns] = shape(u[:, columns])[0]
        return np.asarray((f * (self.shares / width)) @ self.sum)


@dataclass
class Spectrum:
    """One spectrum of a fit.

    Attributes
    ----------
    x, y : (n,) arrays
        Binding energy in eV (ascending) and counts/s.
    background : (n,) array
        Static background; zeros with an active one.
    time_s : float
        Counting time per channel, for the weights; NaN: unknown, all channels weigh alike.
    active : bool
        Fit a Shirley background (constant and step) together with the components.
    """

    x: np.ndarray
    y: np.ndarray
    background: np.ndarray
    time_s: float
    active: bool = False


@dataclass
class Fit:
    """Result of a fit.

    Attributes
    ----------
    q : (k,) array
        Free parameters; with an active background its constant and step per spectrum come last.
    p : list of (3 m,) arrays
        Areas in counts/s x eV, positions and widths in eV, per spectrum.
    x : list of (n,) arrays
        Binding energies in eV.
    models : list of (n,) arrays
        Envelopes with background, counts/s.
    backgrounds : list of (n,) arrays
    components : list of (n, m) arrays
        Each component without background, counts/s.
    jacobian : (sum n, k) array
        Derivative of the envelope by q, counts/s per unit.
    sigma : (sum n,) array
        Standard uncertainty of each channel, counts/s.
    residual : (sum n,) array
        Data minus envelope in units of sigma.
    at_limit : (k,) array of bool
    chi_square : float
    iterations : int
    converged : bool
    """

    q: np.ndarray
    p: list[np.ndarray]
    x: list[np.ndarray]
    models: list[np.ndarray]
    backgrounds: list[np.ndarray]
    components: list[np.ndarray]
    jacobian: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray
    at_limit: np.ndarray
    chi_square: float
    iterations: int
    converged: bool

    @property
    def n_points(self) -> int:
        """Number of channels."""
        return len(self.sigma)

    @property
    def n_free(self) -> int:
        """Number of fitted parameters that are not at a limit."""
        return int((~self.at_limit).sum())

    @property
    def reduced_chi_square(self) -> float:
        """Chi-square per degree of freedom."""
        return self.chi_square / max(self.n_points - self.n_free, 1)


class _Problem:
    """Envelope and Jacobian of all spectra as functions of the free parameters."""

    def __init__(
        self, lines: Lines, spectra: Sequence[Spectrum], maps: Sequence[Parameters]
    ) -> None:
        self.lines, self.spectra, self.maps = lines, spectra, maps
        self.n_shared = maps[0].L.shape[1]
        self.n_active = sum(s.active for s in spectra)
        self.y = np.concatenate([s.y - s.background for s in spectra])

    def __call__(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, jacobians = [], []
        extra = self.n_shared
        for spectrum, mapping in zip(self.spectra, self.maps, strict=True):
            p = mapping.p0 + mapping.L @ q[: self.n_shared]
            value, columns, _ = self._spectrum(spectrum, p)
            if not spectrum.active:
                values.append(value)
                jacobians.append(columns @ mapping.L)
                continue
            constant, step = q[extra], q[extra + 1]
            full = np.zeros((len(value), len(q)))
            full[:, : self.n_shared] = (columns + step * _cumulate(spectrum.x, columns)) @ mapping.L
            full[:, extra] = 1.0
            full[:, extra + 1] = rise = _cumulate(spectrum.x, value)
            values.append(value + constant + step * rise)
            jacobians.append(full)
            extra += 2
        if len(values) == 1:
            return values[0], jacobians[0]
        return np.concatenate(values), np.concatenate(jacobians)

    def _spectrum(
        self, spectrum: Spectrum, p: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        m = self.lines.n
        area, position, fwhm = p[:m], p[m : 2 * m], p[2 * m :]
        phi, by_position, by_fwhm = self.lines.evaluate(spectrum.x, position, fwhm)
        columns = np.concatenate([phi, by_position * area, by_fwhm * area], axis=1)
        return phi @ area, columns, phi * area


def _cumulate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cumulative trapezoidal integral along the first axis, from the low end."""
    step = np.diff(x).reshape(-1, *[1] * (y.ndim - 1))
    out = np.zeros_like(y)
    np.cumsum(0.5 * step * (y[1:] + y[:-1]), axis=0, out=out[1:])
    return out


def start_areas(lines: Lines, spectrum: Spectrum, p: np.ndarray) -> np.ndarray:
    """Return the non-negative areas that suit best at the start positions and widths."""
    from scipy.optimize import nnls

    m = lines.n
    phi, *_ = lines.evaluate(spectrum.x, p[m : 2 * m], p[2 * m :])
    signal = spectrum.y - spectrum.background
    if spectrum.active:
        signal = signal - signal.min()
    scale = max(float(np.abs(signal).max()), 1e-300)
    return np.asarray(nnls(phi, signal / scale)[0]) * scale


def minimise(model: RegionModel, spectra: Sequence[Spectrum], maps: Sequence[Parameters]) -> Fit:
    """Fit all spectra.

    Parameters
    ----------
    model : RegionModel
    spectra : list of Spectrum
    maps : list of Parameters
        One per spectrum; start, low, high and names of the first hold for the shared free parameters.
    """
    lines = Lines(model.components)
    problem = _Problem(lines, spectra, maps)
    q, low, high = maps[0].start.copy(), maps[0].low.copy(), maps[0].high.copy()
    for spectrum, mapping in zip(spectra, maps, strict=True):
        areas = start_areas(lines, spectrum, mapping.p0 + mapping.L @ maps[0].start)
        floor = 1e-3 * max(
            float(areas.max()), 1e-12
        )  # a component at exactly 0 has no position to fit
        for j in range(lines.n):
            columns = np.flatnonzero(mapping.L[j])
            if len(columns) == 1:
                q[columns[0]] = max(areas[j], floor) / mapping.L[j, columns[0]]
    for spectrum in spectra:
        if spectrum.active:
            rise = float(spectrum.y[-3:].mean() - spectrum.y[:3].mean())
            total = max(float(np.trapezoid(spectrum.y - spectrum.y.min(), spectrum.x)), 1e-12)
            q = np.concatenate([q, [float(spectrum.y[:3].mean()), max(rise, 0.0) / total]])
            low, high = np.concatenate([low, [-np.inf, 0.0]]), np.concatenate([high, [np.inf, 1.0]])
    q = np.clip(q, low, high)
    base = np.concatenate([s.background for s in spectra])
    time_s = np.concatenate([np.full(len(s.x), s.time_s) for s in spectra])
    weigh = bool(np.isfinite(time_s).all())
    sigma = _sigma(_smooth(problem.y + base), time_s) if weigh else np.ones(len(base))
    iterations, converged = 0, True
    for tolerance in (_FIRST_TOLERANCE, _TOLERANCE) if weigh else (_TOLERANCE,):
        q, done, ok = _levenberg_marquardt(problem, q, low, high, sigma, tolerance)
        iterations, converged = iterations + done, ok
        if weigh:
            sigma = _sigma(problem(q)[0] + base, time_s)
    value, jacobian = problem(q)
    if not weigh:
        # Unknown counting time: the scatter itself is the only measure of the noise.
        free = max(len(value) - len(q), 1)
        sigma = np.full(
            len(value), np.sqrt(max(float(np.sum((problem.y - value) ** 2)) / free, 1e-300))
        )
    return _result(problem, q, low, high, value, jacobian, sigma, iterations, converged)


def _result(
    problem: _Problem,
    q: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    value: np.ndarray,
    jacobian: np.ndarray,
    sigma: np.ndarray,
    iterations: int,
    converged: bool,
) -> Fit:
    n_shared = problem.n_shared
    p = [m.p0 + m.L @ q[:n_shared] for m in problem.maps]
    components, models, backgrounds = [], [], []
    at = 0
    for spectrum, values in zip(problem.spectra, p, strict=True):
        n = len(spectrum.x)
        parts = problem._spectrum(spectrum, values)[2]
        components.append(parts)
        models.append(value[at : at + n] + spectrum.background)
        backgrounds.append(models[-1] - parts.sum(axis=1))
        at += n
    weighted = jacobian / sigma[:, None]
    residual = (problem.y - value) / sigma
    gradient = weighted.T @ residual
    span = np.where(np.isfinite(high - low), high - low, np.maximum(np.abs(q), 1.0))
    at_limit = ((q - low <= 1e-9 * span) & (gradient <= 0)) | (
        (high - q <= 1e-9 * span) & (gradient >= 0)
    )
    return Fit(
        q, p, [s.x for s in problem.spectra], models, backgrounds, components, jacobian, sigma, residual,
        at_limit, float(residual @ residual), iterations, converged,
    )  # fmt: skip


def _smooth(y: np.ndarray) -> np.ndarray:
    kernel = np.ones(5) / 5
    padded = np.pad(y, 2, mode="edge")
    return np.convolve(padded, kernel, mode="valid")


def _sigma(rate: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """Standard uncertainty of counts/s from the expected counts, never below that of one count."""
    return np.sqrt(np.maximum(rate * time_s, 1.0)) / time_s


def _levenberg_marquardt(
    problem: _Problem,
    q: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    sigma: np.ndarray,
    tolerance: float,
) -> tuple[np.ndarray, int, bool]:
    """Return the minimum, the number of steps and whether it converged."""
    from scipy.linalg.lapack import dposv

    weight = 1 / sigma
    column = weight[:, None]
    value, jacobian = problem(q)
    residual = (problem.y - value) * weight
    cost, damping = float(residual @ residual), 1e-3
    for iteration in range(1, MAX_ITERATIONS + 1):
        weighted = jacobian * column
        gradient = residual @ weighted
        hessian = weighted.T @ weighted
        # What stands at a limit and would leave it is set aside: no row, no column, no step.
        fixed = ((q <= low) & (gradient < 0)) | ((q >= high) & (gradient > 0))
        if fixed.any():
            if fixed.all():
                return q, iteration, True
            hessian[fixed], hessian[:, fixed], gradient[fixed] = 0.0, 0.0, 0.0
        diagonal = hessian.diagonal().copy()
        diagonal = np.maximum(diagonal, 1e-12 * max(float(diagonal.max()), 1e-300))
        diagonal[fixed] = 1.0
        while True:
            damped = hessian.copy()
            damped.flat[:: len(q) + 1] += damping * diagonal + fixed
            _, step, failed = dposv(damped, gradient)
            if failed:
                damping *= 10
                if damping > 1e12:
                    return q, iteration, False
                continue
            trial = np.minimum(np.maximum(q + step, low), high)
            new_value, new_jacobian = problem(trial)
            new_residual = (problem.y - new_value) * weight
            new_cost = float(new_residual @ new_residual)
            if new_cost <= cost:
                break
            damping *= 8
            if damping > 1e12:
                return q, iteration, True  # no downhill step is left within rounding
        gain = cost - new_cost
        q, value, jacobian, residual, cost = trial, new_value, new_jacobian, new_residual, new_cost
        damping = max(damping / 6, 1e-12)
        if gain <= tolerance * max(cost, 1.0):
            return q, iteration, True
    return q, MAX_ITERATIONS, False
