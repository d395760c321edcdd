"""Uncertainty of fitted areas, positions and widths.

The covariance is propagated from the counting statistics of every channel, through the fit and through the
background that was taken from the same channels (sandwich form, M (1 - dB/dy) S (1 - dB/dy)^T M^T with M the
response of the fit); it is widened by the reduced chi-square where that exceeds 1. A component that is not
significant, or stands at zero, gets an interval [0, upper limit] from the Gaussian of its unconstrained
estimate cut off at zero (flat prior on non-negative areas; Particle Data Group, Review of Particle Physics, chapter Statistics).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .fit import Fit

Z95 = 1.959964
SIGNIFICANCE = 3.0  # areas below this many standard uncertainties get an upper limit


@dataclass(frozen=True)
class Estimate:
    """Estimates of one spectrum with their covariance.

    Attributes
    ----------
    p : (3 m,) array
        Areas, positions, widths as fitted (areas not negative).
    unbounded : (3 m,) array
        The same with the areas that stand at zero released (one linear step).
    covariance : (3 m, 3 m) array
        Zero for what was not fitted.
    """

    p: np.ndarray
    unbounded: np.ndarray
    covariance: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """Standard uncertainties."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def estimate(
    fit: Fit,
    maps: list[np.ndarray],
    residual: np.ndarray,
    respond: Callable[[np.ndarray], np.ndarray] | None,
    is_area: np.ndarray,
) -> list[Estimate]:
    """Return estimates per spectrum.

    Parameters
    ----------
    fit : Fit
    maps : list of (3 m, k) arrays
        From the free parameters to those of each spectrum.
    residual : (n,) array
        Data minus envelope, counts/s.
    respond : callable or None
        `Background.respond` of the static background (single spectra only).
    is_area : (k,) array of bool
        Which free parameters are areas; those at zero stay in, all others at a limit are taken as fixed.
    """
    keep = ~fit.at_limit | is_area
    weighted = fit.jacobian[:, keep] / fit.sigma[:, None]
    # Columns differ by orders of magnitude (areas, eV); scaling keeps the inverse well conditioned.
    norm = np.sqrt(np.sum(weighted**2, axis=0))
    norm[norm == 0] = 1.0
    scaled = weighted / norm
    inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-12)
    response = (inverse @ (scaled / fit.sigma[:, None]).T) / norm[:, None]
    step = response @ residual
    full = response if respond is None else response - respond(response)
    covariance = (full * fit.sigma**2) @ full.T * max(1.0, fit.reduced_chi_square)
    released = np.zeros(len(fit.q))
    released[np.flatnonzero(keep)] = np.where(fit.at_limit[keep], step, 0.0)
    result = []
    for p, mapping in zip(fit.p, maps, strict=True):
        part = mapping[:, keep[: mapping.shape[1]]]
        inner = covariance[: part.shape[1], : part.shape[1]]
        result.append(
            Estimate(p, p + mapping @ released[: mapping.shape[1]], part @ inner @ part.T)
        )
    return result


def upper_limit(mean: float, sd: float) -> float:
    """Return the limit below which a non-negative quantity lies at 95 %, given its Gaussian estimate."""
    from scipy.special import ndtr, ndtri

    if sd <= 0:
        return max(mean, 0.0)
    above_zero = float(ndtr(mean / sd))
    if above_zero < 1e-12:  # far below zero the Gaussian says no more than that
        return 0.0
    return max(mean - sd * float(ndtri((1 - 0.95) * above_zero)), 0.0)


@dataclass(frozen=True)
class Fraction:
    """Share of a component in its region, with its 95 % interval; `sd_counting` is that of the configured model alone."""

    value: float
    sd: float
    low: float
    high: float
    is_limit: bool
    sd_counting: float = math.nan


def fractions(area: np.ndarray, unbounded: np.ndarray, covariance: np.ndarray) -> list[Fraction]:
    """Return the shares of areas in their sum; `covariance` is that of the areas.

    Where the sum itself is not significant, shares are unknown: NaN with the interval from 0 to 1.
    """
    total = float(area.sum())
    if total <= SIGNIFICANCE * math.sqrt(max(float(covariance.sum()), 0.0)):
        return [Fraction(math.nan, math.nan, 0.0, 1.0, False)] * len(area)
    share = area / total
    gradient = (np.eye(len(area)) - share[:, None]) / total
    sd = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, covariance, gradient), 0.0))
    result = []
    for f, s, a, u, v in zip(share, sd, area, unbounded, np.diag(covariance), strict=True):
        if len(area) > 1 and a < SIGNIFICANCE * math.sqrt(max(v, 0.0)):
            limit = min(upper_limit(float(u) / total, float(s)), 1.0)
            result.append(Fraction(float(f), float(s), 0.0, limit, True))
        else:
            low, high = max(f - Z95 * s, 0.0), min(f + Z95 * s, 1.0)
            result.append(Fraction(float(f), float(s), float(low), float(high), False))
    return result


def mixed_fractions(
    weights: Sequence[float], models: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> list[Fraction]:
    """Return the shares of areas under several models at once, the configured one first.

    Parameters
    ----------
    weights : sequence of float
        Weights of the models; their sum is 1.
    models : sequence of (areas, unbounded areas, covariance)
        As `fractions` takes them.

    Returns
    -------
    list of Fraction
        Means of the mixture, its standard deviation, and its 2.5 and 97.5 % quantiles; where a component is not
        significant, its 95 % upper limit.
    """
    first = fractions(*models[0])
    single = [first, *(fractions(*m) for m in models[1:])]
    result = []
    for j, own in enumerate(first):
        parts = [f[j] for f in single]
        if len(models) == 1 or any(math.isnan(f.value) for f in parts):
            result.append(replace(own, sd_counting=own.sd))
            continue
        value = sum(w * f.value for w, f in zip(weights, parts, strict=True))
        variance = sum(
            w * (f.sd**2 + (f.value - value) ** 2) for w, f in zip(weights, parts, strict=True)
        )
        sd = math.sqrt(variance)
        free = [float(m[1][j]) / max(float(m[0].sum()), 1e-300) for m in models]
        is_limit = len(first) > 1 and value < SIGNIFICANCE * sd
        if is_limit:
            low, high = 0.0, _quantile(0.95, weights, free, [f.sd for f in parts], cut=True)
        else:
            low = _quantile(0.025, weights, free, [f.sd for f in parts])
            high = _quantile(0.975, weights, free, [f.sd for f in parts])
        result.append(
            Fraction(value, sd, max(low, 0.0), min(max(high, 0.0), 1.0), is_limit, own.sd)
        )
    return result


def _quantile(
    probability: float,
    weights: Sequence[float],
    means: Sequence[float],
    sds: Sequence[float],
    *,
    cut: bool = False,
) -> float:
    """Return a quantile of a mixture of Gaussians, each cut off at zero on request."""
    from scipy.special import log_ndtr

    w, mean = np.asarray(weights), np.asarray(means)
    sd = np.maximum(np.asarray(sds), 1e-12)
    # What lies above: its logarithm, since far below zero hardly anything of a Gaussian is left to be cut off.
    whole = log_ndtr(mean / sd) if cut else np.zeros(len(w))
    low = 0.0 if cut else float((mean - 8 * sd).min())
    high = float((np.maximum(mean, low) + 8 * sd).max())
    for _ in range(40):
        middle = 0.5 * (low + high)
        share = -np.expm1(log_ndtr((mean - middle) / sd) - whole)
        low, high = (middle, high) if float(w @ share) < probability else (low, middle)
    return 0.5 * (low + high)
