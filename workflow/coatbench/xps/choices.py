"""What a fit takes as true, let go: uncertainty that holds when background, line shape or ties are not exactly right.

Next to the model as configured stand extended ones, in which some of these are free within a stated width:

- ties: positions and widths that the configuration ties to another component may differ from it;
- lorentzian: the share of Lorentzian in the lines may differ;
- tail: lines may have a tail to higher binding energy;
- background: parts of the difference to other backgrounds, and to other ends, may be added.

Each freedom is a parameter with a Gaussian prior of that width, so that data decide how much of it there is; a share in a tail is
not negative (a prior, and a posterior, cut off at 0). The largest model is fitted once; those with fewer groups of freedoms follow from it by linear algebra. A model's weight is its
prior probability times its support in the data (its evidence; ratios of nested models by Savage and Dickey: J. M.
Dickey, Ann. Math. Statist. 42 (1971) 204), and results are the mixture: where the configured model is right it keeps most
of the weight, and where data contradict it the others take over (J. A. Hoeting et al., Stat. Sci. 14 (1999) 382).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from . import background
from .fit import Fit, options
from .freedoms import Extended, Freedom, freedoms
from .lines import Spectrum
from .model import RegionModel
from .parameters import Parameters
from .uncertainty import Estimate

if TYPE_CHECKING:
    from ..config_types import XpsChoicesPrior, XpsConfig

    Group = Literal["ties", "lorentzian", "tail", "background"]

GROUPS: tuple[Group, ...] = ("ties", "lorentzian", "tail", "background")
_LEAST_WEIGHT = 1e-3
_TOLERANCE = 1e-6
_WIDEST = 4.0  # widths of its prior that a freedom may reach


@dataclass(frozen=True)
class Choice:
    """One model of the mixture: the groups that are free in it, its weight, and what it finds."""

    groups: tuple[str, ...]
    weight: float
    estimate: Estimate

    @property
    def name(self) -> str:
        """``as configured``, or what is free: ``ties, background``."""
        return ", ".join(self.groups) or "as configured"


def combine(
    model: RegionModel,
    spectrum: Spectrum,
    mapping: Parameters,
    fit: Fit,
    configured: Estimate,
    base: background.Background | None,
    config: XpsConfig,
) -> list[Choice]:
    """Return the models of the mixture with their weights, that of the configuration first.

    Parameters
    ----------
    model : RegionModel
    spectrum : Spectrum
    mapping : Parameters
    fit : Fit
        Of the model as configured.
    configured : Estimate
        What that fit finds.
    base : Background or None
        Its static background; None for the active one.
    """
    free = freedoms(model, spectrum, fit.p[0], base.kind if base else "active_shirley", config)
    active = 2 if spectrum.active else 0
    problem = Extended(model, spectrum, mapping, free, active)
    theta = _solve(problem, fit, mapping, free)
    return _mixture(problem, theta, fit, configured, base, config["choices"]["prior"])


def _solve(problem: Extended, fit: Fit, mapping: Parameters, free: Sequence[Freedom]) -> np.ndarray:
    from scipy.optimize import least_squares

    width = np.array([f.width for f in free])
    sigma, k = fit.sigma, len(fit.q)
    inf = np.full(problem.active, np.inf)
    low = np.concatenate([mapping.low, -inf, -_WIDEST * width])
    high = np.concatenate([mapping.high, inf, _WIDEST * width])
    prior = np.concatenate([np.zeros((len(free), k)), np.diag(1 / width)], axis=1)
    span = np.where(np.isfinite(high - low), high - low, 1.0)
    start = np.clip(
        np.concatenate([fit.q, np.zeros(len(free))]), low + 1e-8 * span, high - 1e-8 * span
    )
    known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def at(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = theta.tobytes()
        if key not in known:
            known.clear()
            known[key] = problem(theta)
        return known[key]

    found = least_squares(
        lambda t: np.concatenate([(at(t)[0] - problem.y) / sigma, t[k:] / width]),
        start,
        jac=lambda t: np.concatenate([at(t)[1] / sigma[:, None], prior]),
        bounds=(low, high),
        **options(_TOLERANCE),
    )
    return np.asarray(found.x)


def _mixture(
    problem: Extended,
    theta: np.ndarray,
    fit: Fit,
    configured: Estimate,
    base: background.Background | None,
    prior_free: XpsChoicesPrior,
) -> list[Choice]:
    value, jacobian = problem(theta)
    residual, k = problem.y - value, len(fit.q)
    weighted = jacobian / fit.sigma[:, None]
    precision = np.array([1 / f.width**2 for f in problem.free])
    plain = weighted.T @ weighted
    plain[k:, k:] += np.diag(precision)
    spread = np.diag(_inverse(plain))[k:]
    # A freedom that its prior holds is no parameter of the data.
    used = k + float((1 - spread * precision).sum())
    chi = float(((residual / fit.sigma) ** 2).sum()) / max(len(value) - used, 1)
    scale = max(1.0, chi)
    eta = theta[k:]
    present = [g for g in GROUPS if any(f.group == g for f in problem.free)]
    member = {g: np.array([f.group == g for f in problem.free]) for g in present}
    hessian = weighted.T @ weighted / scale
    hessian[k:, k:] += np.diag(precision)
    posterior = _inverse(hessian)[k:, k:]
    tail = next((i for i, f in enumerate(problem.free) if f.shape == "tail"), None)
    found: list[tuple[tuple[Group, ...], float]] = []
    for n in range(len(present) + 1):
        for groups in itertools.combinations(present, n):
            fixed = np.ones(len(eta), bool)
            for g in groups:
                fixed &= ~member[g]
            prior = math.prod(prior_free[g] if g in groups else 1 - prior_free[g] for g in present)
            support = _savage_dickey(eta[fixed], posterior[np.ix_(fixed, fixed)], precision[fixed])
            if tail is not None:
                support += _of_positive(eta, posterior, fixed, tail)
            found.append((groups, math.log(prior) + support))
    top = max(w for _, w in found)
    raw = [math.exp(w - top) for _, w in found]
    total = sum(raw)
    result = []
    for (groups, _), w in zip(found, raw, strict=True):
        weight = w / total
        if groups and weight < _LEAST_WEIGHT:
            continue
        if not groups:
            result.append(Choice(groups, weight, configured))
            continue
        chosen = np.zeros(len(eta), bool)
        for g in groups:
            chosen |= member[g]
        positive = tail if tail is not None and chosen[tail] else None
        estimate = _estimate(
            problem, theta, fit, weighted, residual, chosen, precision, scale, base, positive
        )
        result.append(Choice(groups, weight, estimate))
    kept = sum(c.weight for c in result)
    return [Choice(c.groups, c.weight / kept, c.estimate) for c in result]


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix whose rows are areas, eV and shares: on a scale of their own, or none is left of the smallest."""
    norm = np.sqrt(np.diag(matrix))
    norm[norm == 0] = 1.0
    scaled = matrix / np.outer(norm, norm)
    return np.asarray(np.linalg.pinv(scaled, rcond=1e-12, hermitian=True) / np.outer(norm, norm))


def _savage_dickey(eta: np.ndarray, covariance: np.ndarray, precision: np.ndarray) -> float:
    """Return the logarithm of posterior over prior density where all of `eta` are 0."""
    if not len(eta):
        return 0.0
    spread, vectors = np.linalg.eigh(covariance)
    spread = np.maximum(spread, 1e-12 / precision.max())
    along = vectors.T @ eta
    posterior = -0.5 * float((along**2 / spread).sum()) - 0.5 * float(np.log(spread).sum())
    return posterior - 0.5 * float(np.log(precision).sum())


def _of_positive(eta: np.ndarray, covariance: np.ndarray, fixed: np.ndarray, i: int) -> float:
    """Return what a model gains over the largest one since `eta[i]` cannot be negative, where those `fixed` are 0."""
    from scipy.special import log_ndtr

    whole = log_ndtr(eta[i] / math.sqrt(max(covariance[i, i], 1e-300)))
    if fixed[i]:
        return -float(whole) - math.log(2.0)
    if not fixed.any():
        return 0.0
    gain = covariance[i, fixed] @ np.linalg.pinv(covariance[np.ix_(fixed, fixed)], hermitian=True)
    mean = eta[i] - float(gain @ eta[fixed])
    variance = float(covariance[i, i] - gain @ covariance[fixed, i])
    return float(log_ndtr(mean / math.sqrt(max(variance, 1e-300))) - whole)


def _cut_off(values: np.ndarray, covariance: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of a Gaussian of which only the part with `values[i]` above 0 is possible."""
    from scipy.special import log_ndtr

    variance = float(covariance[i, i])
    if not variance > 0:
        return values, covariance
    sd = math.sqrt(variance)
    at = float(values[i]) / sd
    ratio = math.exp(-0.5 * at * at - 0.5 * math.log(2 * math.pi) - float(log_ndtr(at)))
    gain = covariance[:, i] / variance
    narrower = variance * ratio * (ratio + at)
    return values + gain * sd * ratio, covariance - np.outer(gain, gain) * narrower


def _estimate(
    problem: Extended,
    theta: np.ndarray,
    fit: Fit,
    weighted: np.ndarray,
    residual: np.ndarray,
    chosen: np.ndarray,
    precision: np.ndarray,
    scale: float,
    base: background.Background | None,
    positive: int | None,
) -> Estimate:
    """Return what a model finds in which only the `chosen` freedoms are free: one linear step from the largest one.

    The freedom `positive` cannot be negative.
    """
    k, n_free = len(fit.q), len(precision)
    m = problem.lines.n
    is_area = np.zeros(k, bool)
    is_area[: problem.k] = [n.startswith("area") for n in problem.mapping.names]
    keep = np.concatenate([~fit.at_limit | is_area, chosen])
    penalty = np.concatenate([np.zeros(k), precision])
    inner = weighted[:, keep]
    inverse = _inverse(inner.T @ inner / scale + np.diag(penalty[keep]))
    response = inverse @ (inner / fit.sigma[:, None]).T / scale
    # What is not free goes back to 0, and what is at a limit to it: the step starts there.
    start = np.concatenate([np.where(keep[:k], theta[:k], fit.q), np.where(chosen, theta[k:], 0.0)])
    change = residual + (weighted * fit.sigma[:, None]) @ (theta - start)
    step = response @ change - inverse @ (penalty * start)[keep]
    full = response if base is None else response - base.respond(response)
    noise = (full * (fit.sigma**2 * scale)) @ full.T
    covariance = noise + (inverse * penalty[keep]) @ inverse
    moved = start.copy()
    moved[keep] += step
    if positive is not None:
        i = int(keep[: k + positive].sum())
        moved[keep], covariance = _cut_off(moved[keep], covariance, i)
    to_p = np.zeros((3 * m, k + n_free))
    to_p[:, : problem.k] = problem.mapping.slope(theta[: problem.k])
    for i, f in enumerate(problem.free):
        if f.parameter is not None:
            to_p[f.parameter, k + i] = 1.0
    p = problem.mapping.values(theta[: problem.k]) + to_p[:, : problem.k] @ (
        moved[: problem.k] - theta[: problem.k]
    )
    p = p + to_p[:, k:] @ moved[k:]
    bounded = p.copy()
    bounded[:m] = np.maximum(p[:m], 0.0)
    part = to_p[:, keep]
    return Estimate(bounded, p, part @ covariance @ part.T)


def mixed(choices: Sequence[Choice]) -> Estimate:
    """Return mean and covariance of the mixture."""
    weights = np.array([c.weight for c in choices])
    p = np.stack([c.estimate.p for c in choices])
    free = np.stack([c.estimate.unbounded for c in choices])
    # From the first on, so that the mean of what all models hold at one number is that number.
    off = p - p[0]
    between = off - weights @ off
    covariance = (between.T * weights) @ between
    for w, c in zip(weights, choices, strict=True):
        covariance += w * c.estimate.covariance
    return Estimate(p[0] + weights @ off, weights @ free, covariance)
