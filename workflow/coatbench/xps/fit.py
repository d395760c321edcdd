"""Least squares for sums of photoelectron lines, with an analytic Jacobian: by lmfit, or by scipy alone.

`minimise` is the fit of a spectrum: lmfit's parameters, bounds and expressions, minimised by its `least_squares`
(trust region reflective, which keeps to bounds without a transformation). `solve` minimises the same residual with
the same derivatives in plain scipy, where one model is fitted many times or to many spectra at once.

Weights: variances of counts, from the fitted envelope instead of the data, since weights from the data (Neyman's
chi-square) pull a fit towards low counts. The fit is therefore repeated once with its own envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .lines import Lines, Spectrum, cumulate
from .model import RegionModel
from .parameters import Parameters

MAX_EVALUATIONS = 400
# Relative change of chi-square that ends a fit: the first pass only finds the weights of the second.
_TOLERANCE, _FIRST_TOLERANCE = 1e-9, 1e-4
_AT_LIMIT = 1e-3  # standard uncertainties (all else fixed) from a limit that count as at it


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


class Problem:
    """Envelope and Jacobian of all spectra as functions of the free parameters."""

    def __init__(
        self, lines: Lines, spectra: Sequence[Spectrum], maps: Sequence[Parameters]
    ) -> None:
        self.lines, self.spectra, self.maps = lines, spectra, maps
        self.n_shared = maps[0].L.shape[1]
        self.n_active = sum(s.active for s in spectra)
        self.y = np.concatenate([s.y - s.background for s in spectra])

    def __call__(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the envelope without static backgrounds (sum n,) and its derivative by q (sum n, k)."""
        values, jacobians = [], []
        extra = self.n_shared
        for spectrum, mapping in zip(self.spectra, self.maps, strict=True):
            own = q[: self.n_shared]
            slope = mapping.slope(own)
            value, columns, _ = self.parts(spectrum, mapping.values(own))
            if not spectrum.active:
                values.append(value)
                jacobians.append(columns @ slope)
                continue
            constant, step = q[extra], q[extra + 1]
            full = np.zeros((len(value), len(q)))
            full[:, : self.n_shared] = (columns + step * cumulate(spectrum.x, columns)) @ slope
            full[:, extra] = 1.0
            full[:, extra + 1] = rise = cumulate(spectrum.x, value)
            values.append(value + constant + step * rise)
            jacobians.append(full)
            extra += 2
        if len(values) == 1:
            return values[0], jacobians[0]
        return np.concatenate(values), np.concatenate(jacobians)

    def parts(self, spectrum: Spectrum, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sum of the lines (n,), its derivative by p (n, 3 m), and each component (n, m)."""
        m = self.lines.n
        area, position, fwhm = p[:m], p[m : 2 * m], p[2 * m :]
        phi, by_position, by_fwhm = self.lines.evaluate(spectrum.x, position, fwhm)
        columns = np.concatenate([phi, by_position * area, by_fwhm * area], axis=1)
        return phi @ area, columns, phi * area


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


@dataclass(frozen=True)
class Start:
    """Start values and limits of all free parameters, those of active backgrounds last."""

    q: np.ndarray
    low: np.ndarray
    high: np.ndarray


def start(lines: Lines, spectra: Sequence[Spectrum], maps: Sequence[Parameters]) -> Start:
    """Return where a fit begins: positions and widths as configured, areas as they suit them."""
    q, low, high = maps[0].start.copy(), maps[0].low.copy(), maps[0].high.copy()
    for spectrum, mapping in zip(spectra, maps, strict=True):
        areas = start_areas(lines, spectrum, mapping.values(maps[0].start))
        # A component at exactly 0 has no position to fit.
        floor = 1e-3 * max(float(areas.max()), 1e-12)
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
    # Strictly inside: a trust region has no way out of a corner.
    span = np.where(np.isfinite(high - low), high - low, 1.0)
    return Start(np.clip(q, low + 1e-8 * span, high - 1e-8 * span), low, high)


# Minimises: problem, start, sigma, tolerance -> free parameters, evaluations, converged
Minimiser = Callable[["Problem", Start, np.ndarray, float], tuple[np.ndarray, int, bool]]


def minimise(
    model: RegionModel, spectrum: Spectrum, shift_eV: float, held: frozenset[str] = frozenset()
) -> Fit:
    """Fit one spectrum with lmfit.

    Parameters
    ----------
    model : RegionModel
    spectrum : Spectrum
    shift_eV : float
        Where the sample's charge puts the lines.
    held : set of str
        Components that have no position and width of their own.
    """
    from .by_lmfit import Fitter

    mapping = model.parameters(shift_eV, held)
    fitter = Fitter(model, spectrum, mapping, shift_eV, held)
    return _fit(model, [spectrum], [mapping], fitter)


def solve(model: RegionModel, spectra: Sequence[Spectrum], maps: Sequence[Parameters]) -> Fit:
    """Fit all spectra at once with scipy's `least_squares`.

    Parameters
    ----------
    model : RegionModel
    spectra : list of Spectrum
    maps : list of Parameters
        One per spectrum; start, low, high and names of the first hold for the shared free parameters.
    """
    return _fit(model, spectra, maps, _by_scipy)


def _by_scipy(
    problem: Problem, begin: Start, sigma: np.ndarray, tolerance: float
) -> tuple[np.ndarray, int, bool]:
    from scipy.optimize import least_squares

    known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def at(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = q.tobytes()
        if key not in known:
            known.clear()
            known[key] = problem(q)
        return known[key]

    found = least_squares(
        lambda q: (at(q)[0] - problem.y) / sigma,
        begin.q,
        jac=lambda q: at(q)[1] / sigma[:, None],
        bounds=(begin.low, begin.high),
        **options(tolerance),
    )
    return found.x, int(found.nfev), bool(found.success)


def options(tolerance: float) -> dict[str, Any]:
    """Return the settings of `scipy.optimize.least_squares` that both ways share."""
    return {
        "x_scale": "jac",
        "ftol": tolerance,
        "xtol": 1e-10,
        "gtol": 1e-10,
        "max_nfev": MAX_EVALUATIONS,
    }


def _fit(
    model: RegionModel,
    spectra: Sequence[Spectrum],
    maps: Sequence[Parameters],
    minimiser: Minimiser,
) -> Fit:
    lines = Lines(model.components)
    problem = Problem(lines, spectra, maps)
    begin = start(lines, spectra, maps)
    base = np.concatenate([s.background for s in spectra])
    time_s = np.concatenate([np.full(len(s.x), s.time_s) for s in spectra])
    weigh = bool(np.isfinite(time_s).all())
    sigma = _sigma(_smooth(problem.y + base), time_s) if weigh else np.ones(len(base))
    if not weigh:
        sigma *= max(float(np.std(problem.y)), 1e-300)  # tolerances speak of numbers around 1
    iterations, converged, q = 0, True, begin.q
    for tolerance in (_FIRST_TOLERANCE, _TOLERANCE) if weigh else (_TOLERANCE,):
        q, done, converged = minimiser(problem, Start(q, begin.low, begin.high), sigma, tolerance)
        iterations += done
        if weigh:
            sigma = _sigma(problem(q)[0] + base, time_s)
    q, at_limit = _snapped(problem, Start(q, begin.low, begin.high), sigma)
    value, jacobian = problem(q)
    if not weigh:
        # Unknown counting time: the scatter itself is the only measure of the noise.
        free = max(len(value) - len(q), 1)
        sigma = np.full(
            len(value), np.sqrt(max(float(np.sum((problem.y - value) ** 2)) / free, 1e-300))
        )
    residual = (problem.y - value) / sigma
    p = [m.values(q[: problem.n_shared]) for m in maps]
    components, models, backgrounds = [], [], []
    at = 0
    for spectrum, values in zip(spectra, p, strict=True):
        n = len(spectrum.x)
        parts = problem.parts(spectrum, values)[2]
        components.append(parts)
        models.append(value[at : at + n] + spectrum.background)
        backgrounds.append(models[-1] - parts.sum(axis=1))
        at += n
    return Fit(
        q, p, [s.x for s in spectra], models, backgrounds, components, jacobian, sigma, residual,
        at_limit, float(residual @ residual), iterations, converged,
    )  # fmt: skip


def _snapped(problem: Problem, found: Start, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put what has come to rest at a limit on it, and tell which parameters these are.

    A trust region ends just inside of its bounds; what counts is whether chi-square falls towards the limit.
    """
    value, jacobian = problem(found.q)
    weighted = jacobian / sigma[:, None]
    downhill = weighted.T @ ((problem.y - value) / sigma)
    near = _AT_LIMIT / np.maximum(np.sqrt((weighted**2).sum(axis=0)), 1e-300)
    at_low = (found.q - found.low <= near) & (downhill <= 0)
    at_high = (found.high - found.q <= near) & (downhill >= 0)
    q = np.where(at_low, found.low, np.where(at_high, found.high, found.q))
    return q, at_low | at_high


def _smooth(y: np.ndarray) -> np.ndarray:
    kernel = np.ones(5) / 5
    padded = np.pad(y, 2, mode="edge")
    return np.convolve(padded, kernel, mode="valid")


def _sigma(rate: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """Standard uncertainty of counts/s from the expected counts, never below that of one count."""
    return np.sqrt(np.maximum(rate * time_s, 1.0)) / time_s
