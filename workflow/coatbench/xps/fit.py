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

import numpy as np

from .lines import Lines, Spectrum
from .model import RegionModel
from .parameters import Parameters
from .problem import Problem, Start, options, start

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


# Minimises: problem, start, sigma, tolerance -> free parameters, evaluations, converged
Minimiser = Callable[[Problem, Start, np.ndarray, float], tuple[np.ndarray, int, bool]]


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
