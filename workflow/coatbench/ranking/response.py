"""The optimum annealing temperature as a continuous quantity, with an interval.

Each criterion is a smooth function of temperature, known at the measured ones: a Gaussian process with a
Matern-5/2 kernel and the values' own uncertainties as noise (Rasmussen and Williams, Gaussian Processes for
Machine Learning, 2006, chapters 2 and 4). Length and height of its variation are not fitted but averaged
over, each setting by its marginal likelihood, since a handful of temperatures does not fix them. Draws of
all criteria and of the weights give draws of the best temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..statistics import seed_of
from .criteria import Values
from .montecarlo import draw_weights
from .score import group_matrix

LENGTHS = 7  # settings of the length scale
HEIGHTS = (0.25, 0.5, 1.0)  # prior standard deviation of a response, in utilities
MEAN, MEAN_SD = 0.5, 1.0  # prior of a response's level, in utilities
JITTER = 1e-9
BLOCK = 20


@dataclass(frozen=True)
class Fit:
    """Draws of one criterion's response, with the settings behind them.

    Attributes
    ----------
    draws : array, shape (draws, temperatures), utilities
    setting : array, shape (draws,), which length and height each draw was made with
    mean : array, shape (settings, temperatures)
    covariance : array, shape (settings, temperatures, temperatures)
    """

    draws: np.ndarray
    setting: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class Responses:
    """Draws of every criterion's response on a temperature grid.

    Attributes
    ----------
    grid_degC : array, shape (temperatures,)
    fits : one `Fit` per criterion
    weights : array, shape (draws, groups)
    noise : array, shape (criteria,), uncertainty of one more measurement, utilities
    groups : array, shape (criteria, groups), which averages the criteria of a group
    stated : array, shape (groups,)
    """

    grid_degC: np.ndarray
    fits: tuple[Fit, ...]
    weights: np.ndarray
    noise: np.ndarray
    groups: np.ndarray
    stated: np.ndarray

    @property
    def draws(self) -> np.ndarray:
        """Draws of all criteria, shape (draws, criteria, temperatures)."""
        return np.stack([fit.draws for fit in self.fits], axis=1)

    @property
    def overall(self) -> np.ndarray:
        """Weighted responses of all criteria together, shape (draws, temperatures)."""
        shares = self.weights @ self.groups.T
        return np.einsum("nc,nct->nt", shares, self.draws)

    def at_stated_weights(self) -> np.ndarray:
        """Responses at the stated weights, shape (draws, temperatures)."""
        return np.einsum("c,nct->nt", self.groups @ self.stated, self.draws)


def _kernel(a: np.ndarray, b: np.ndarray, length: float, height: float) -> np.ndarray:
    r = np.sqrt(5.0) * np.abs(a[:, None] - b[None, :]) / length
    return height**2 * (1 + r + r**2 / 3) * np.exp(-r) + MEAN_SD**2


def fit_response(
    temperature: np.ndarray,
    value: np.ndarray,
    sd: np.ndarray,
    grid: np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> Fit:
    """Draw smooth functions that agree with the measured values.

    Parameters
    ----------
    temperature, value, sd : arrays, shape (points,)
        Several points may share a temperature.
    grid : array, shape (temperatures,)
    n : number of draws

    Returns
    -------
    Fit with n draws
    """
    span = np.ptp(temperature)
    gaps = np.diff(np.unique(temperature))
    lengths = np.geomspace(max(gaps.min(), span / 20), span, LENGTHS)
    noise = np.diag(sd**2 + JITTER)
    means, covariances, evidence = [], [], []
    for length in lengths:
        for height in HEIGHTS:
            lower = np.linalg.cholesky(_kernel(temperature, temperature, length, height) + noise)
            white = np.linalg.solve(lower, value - MEAN)
            cross = np.linalg.solve(lower, _kernel(temperature, grid, length, height))
            means.append(MEAN + cross.T @ white)
            covariances.append(_kernel(grid, grid, length, height) - cross.T @ cross)
            evidence.append(-0.5 * white @ white - np.log(np.diag(lower)).sum())
    share = np.exp(np.array(evidence) - max(evidence))
    setting = rng.choice(share.size, size=n, p=share / share.sum())
    draws = np.empty((n, grid.size))
    for k in np.unique(setting):
        mine = setting == k
        noise_drawn = rng.standard_normal((int(mine.sum()), grid.size))
        draws[mine] = means[k] + noise_drawn @ _root(covariances[k]).T
    return Fit(draws, setting, np.array(means), np.array(covariances))


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return a matrix square root; eigenvalues below rounding are none."""
    value, vector = np.linalg.eigh(covariance)
    return vector * np.sqrt(np.clip(value, 0.0, None))


def fit_responses(
    values: Values,
    worst: np.ndarray,
    span: np.ndarray,
    stated: np.ndarray,
    *,
    step_degC: float,
    n: int,
) -> Responses:
    """Fit all criteria.

    Parameters
    ----------
    values : coated samples with a temperature; a criterion may have gaps (it is then fitted to the rest)
    worst, span : scale of the criteria (`score.scale` of the ranked samples)
    stated : stated group weights
    """
    rng = seed_of("response", values.samples, values.value, values.sd, values.temperature_degC)
    low, high = values.temperature_degC.min(), values.temperature_degC.max()
    grid = np.linspace(low, high, 1 + max(1, round((high - low) / step_degC)))
    safe = np.where(span == 0, 1.0, span)
    fits, noise = [], []
    for j in range(len(values.criteria)):
        have = ~np.isnan(values.value[:, j])
        y = (values.value[have, j] - worst[j]) / safe[j]
        sd = np.nan_to_num(values.sd[have, j]) / abs(safe[j])
        fits.append(fit_response(values.temperature_degC[have], y, sd, grid, n, rng))
        noise.append(np.median(sd))
    return Responses(
        grid,
        tuple(fits),
        draw_weights(stated, n, rng),
        np.array(noise),
        group_matrix(values.criteria),
        stated,
    )


def optima(responses: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the temperature of the highest point of each draw, shape (draws,)."""
    return grid[np.argmax(responses, axis=-1)]


def expected_spread(
    responses: Responses, candidates: np.ndarray, *, draws: int = 800, outcomes: int = 60
) -> tuple[float, np.ndarray]:
    """Return the spread of the optimum now, and as expected after one more sample at each candidate.

    Preposterior analysis (Raiffa and Schlaifer 1961): some draws in turn play the truth and yield one more
    measurement of every criterion; all draws are conditioned on it, exactly within each setting of length
    and height (Matheron's rule), and the settings weighted anew by how well they foretold it. The
    standard deviation of the optimum is averaged over the outcomes. What comes from not knowing the
    weights stays.

    Returns
    -------
    now : float, degC
    after : array, shape (candidates,), degC
    """
    rng = seed_of("next", responses.grid_degC, responses.noise)
    n, grid = min(draws, len(responses.weights)), responses.grid_degC
    m = min(outcomes, n)
    shares = (responses.weights @ responses.groups.T)[:n]
    overall = np.einsum("nc,nct->nt", shares, responses.draws[:n])
    # The same noise for every candidate: their differences are then not noise.
    truth_noise = rng.standard_normal((m, len(responses.fits))) * responses.noise
    draw_noise = rng.standard_normal((n, len(responses.fits))) * responses.noise
    after = []
    for candidate in candidates:
        at = int(np.argmin(np.abs(grid - candidate)))
        gains, misses = [], []
        fit_quality = np.zeros((n, m))
        for c, fit in enumerate(responses.fits):
            own = fit.setting[:n]
            variance = fit.covariance[own, at, at] + responses.noise[c] ** 2 + JITTER
            gains.append(shares[:, c, None] * fit.covariance[own, at] / variance[:, None])
            seen = fit.draws[:m, at] + truth_noise[:, c]
            misses.append(seen[None] - (fit.draws[:n, at] + draw_noise[:, c])[:, None])
            surprise = (seen[None] - fit.mean[own, at][:, None]) ** 2 / variance[:, None]
            fit_quality -= 0.5 * (surprise + np.log(variance)[:, None])
        miss, gain = np.stack(misses, axis=2), np.stack(gains, axis=1)
        best = np.empty((n, m))
        for k in range(0, n, BLOCK):  # few draws at a time: the processor's cache holds them
            updated = miss[k : k + BLOCK] @ gain[k : k + BLOCK]
            updated += overall[k : k + BLOCK, None]
            best[k : k + BLOCK] = optima(updated, grid)
        share = np.exp(fit_quality - fit_quality.max(axis=0))
        share /= share.sum(axis=0)
        centre = (share * best).sum(axis=0)
        after.append(float(np.sqrt((share * (best - centre) ** 2).sum(axis=0).mean())))
    # Some draws stand for all: their change is what counts, not their own spread.
    now = float(optima(responses.overall, grid).std())
    return now, np.array(after) * now / max(float(optima(overall, grid).std()), JITTER)
