"""Height of the steps of a thermogram with their tails: a fit of reactions of order n to the mass.

A change that is read between two baselines loses what a reaction does before it can be told from noise and after: 1 to
2 % of a first-order step, 20 % of a broad one. Here each step is change x extent, the extent that of a reaction of
free order n, activation energy and rate on the measured temperature, holds included:

    d extent / dt = k exp(-E/R (1/T - 1/T0)) (1 - extent)^n

n = 1 is a first-order reaction. Where that does not describe the data, a rate that is exponential in T is tried: there
n = 2 is a logistic step. Between steps the mass may drift along straight lines;
each step hands over from one line to the next. E and n describe the shape and nothing else: one heating rate cannot tell
mechanisms apart (ICTAC: S. Vyazovkin et al., Thermochim. Acta 520 (2011) 1), so they are not reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

GAS_CONSTANT_J_MOL_K = 8.314462618
MAX_POINTS = 600
ORDERS = (0.3, 1.0, 2.0, 4.0)  # lowest, first guesses, highest
ENERGIES_J_MOL = (8e3, 3e6)
# Arrhenius, or exponential in the temperature itself, with which order 2 is a logistic step.
KERNELS = ("arrhenius", "exponential")
AS_GOOD = 1.03  # misfits that differ by less are alike
SLOW_TAKEN = 1.5  # by how much slow noise, and its time, are larger than what a fit leaves of them
WELL_DESCRIBED = (
    1.6  # root mean square of the residual over the white noise; slow noise makes it more than 1
)
HANDED_OVER = 0.003  # of a step: where it has begun, and where it is over
WIDTH = 2.45  # full width at half maximum of a first-order rate in units of R T^2 / E


@dataclass(frozen=True)
class Guess:
    """Where a step is: times in s of its steepest point and of its flanks at half height, and its change in percent."""

    peak_s: float
    left_s: float
    right_s: float
    change: float


@dataclass(frozen=True)
class Steps:
    """Fitted steps.

    Attributes
    ----------
    change, sd : (k,) arrays
        In percent; sd from the scatter around the fit, with its correlation.
    covariance : (k, k) array
    misfit : float
        Root mean square of the residual over the white noise.
    extent : (k, n) array
        From 0 to 1, at the times of the record; of the shape that describes it best.
    """

    change: np.ndarray
    sd: np.ndarray
    covariance: np.ndarray
    misfit: float
    extent: np.ndarray


def fit_steps(
    time_s: np.ndarray,
    temperature_degC: np.ndarray,
    mass_percent: np.ndarray,
    guesses: Sequence[Guess],
    noise: float,
    slope_sd_percent_s: float,
) -> Steps | None:
    """Fit all steps of a record together.

    Parameters
    ----------
    time_s, temperature_degC, mass_percent : (n,) arrays
        The record; time even and ascending.
    guesses : sequence of Guess
        In order of time.
    noise : float
        White noise of one record in percent.
    slope_sd_percent_s : float
        By how much the mass is expected to drift between steps (a prior of the lines' slopes).

    Returns
    -------
    Steps or None
        None where the fit does not converge.
    """
    record = (time_s, temperature_degC, mass_percent, guesses, noise, slope_sd_percent_s)
    fits = (_fit(kernel, order, *record) for kernel, order in product(KERNELS, ORDERS[1:-1]))
    found = [one for one in fits if one is not None]
    if not found:
        return None
    # What neighbours share out between them depends on their shapes: all that describe the record as well count.
    least = min(one.misfit for one in found)
    good = [one for one in found if one.misfit <= AS_GOOD * least]
    change = np.mean([one.change for one in good], axis=0)
    apart = [one.change - change for one in good]
    covariance = np.mean([one.covariance for one in good], axis=0) + sum(
        np.outer(d, d) for d in apart
    ) / max(1, len(good) - 1)
    best = min(found, key=lambda one: one.misfit)
    return Steps(change, np.sqrt(np.diag(covariance)), covariance, least, best.extent)


def _fit(
    kernel: str,
    first_order: float,
    time_s: np.ndarray,
    temperature_degC: np.ndarray,
    mass_percent: np.ndarray,
    guesses: Sequence[Guess],
    noise: float,
    slope_sd_percent_s: float,
) -> Steps | None:
    from scipy.optimize import least_squares

    time, kelvin, mass, per_point = _thinned(time_s, temperature_degC + 273.15, mass_percent)
    sigma = max(noise / per_point**0.5, 1e-7)
    n_steps = len(guesses)
    at = [float(np.interp(g.peak_s, time, kelvin)) for g in guesses]
    # A rate of temperature that holds are not counted in.
    heating = max(float(np.quantile(np.gradient(kelvin, time), 0.75)), 1e-3)
    start = [float(mass[: max(3, time.size // 50)].mean())]
    low, high = [-np.inf], [np.inf]
    for guess, t0 in zip(guesses, at, strict=True):
        width = max((guess.right_s - guess.left_s) * heating, 2.0)
        energy = float(np.clip(WIDTH * GAS_CONSTANT_J_MOL_K * t0**2 / width, 2e4, 1e6))
        rate = energy * heating / (GAS_CONSTANT_J_MOL_K * t0**2)
        start += [guess.change, np.log(energy), np.log(rate), first_order]
        bound = sorted((0.2 * guess.change, 3.0 * guess.change))
        low += [bound[0], np.log(ENERGIES_J_MOL[0]), -30.0, ORDERS[0]]
        high += [bound[1], np.log(ENERGIES_J_MOL[1]), 10.0, ORDERS[-1]]
    slopes = n_steps + 1
    start, low, high = ([*a, *b] for a, b in ((start, [0.0] * slopes), (low, [-np.inf] * slopes), (high, [np.inf] * slopes)))  # fmt: skip
    scale = np.array([1.0, *([1.0, 0.3, 0.5, 0.5] * n_steps), *([slope_sd_percent_s] * slopes)])

    # Exponent of the rate per J/mol, at each record.
    kernels = [
        ((1 / kelvin - 1 / t0) if kernel == "arrhenius" else (t0 - kelvin) / t0**2)
        / GAS_CONSTANT_J_MOL_K
        for t0 in at
    ]

    def extent_at(p: np.ndarray, k: int) -> np.ndarray:
        energy, rate, order = p[2 + 4 * k : 5 + 4 * k]
        return extent_of(time, rate - kernels[k] * np.exp(energy), order)

    def model(p: np.ndarray) -> np.ndarray:
        slope = np.full(time.size, p[-slopes])
        value = np.full(time.size, p[0])
        for k in range(n_steps):
            change, extent = p[1 + 4 * k], extent_at(p, k)
            value += change * extent
            slope += (p[-slopes + k + 1] - p[-slopes + k]) * extent
        drift = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(time))])
        return value + drift

    def residual(p: np.ndarray) -> np.ndarray:
        return np.concatenate([(model(p) - mass) / sigma, p[-slopes:] / slope_sd_percent_s])

    try:
        found = least_squares(
            residual, np.clip(start, low, high), bounds=(low, high), x_scale=scale,
            max_nfev=60,
        )  # fmt: skip
    except (ValueError, np.linalg.LinAlgError):
        return None
    if not np.isfinite(found.x).all():
        return None
    left = (model(found.x) - mass) / sigma
    misfit = float(np.sqrt(np.mean(left**2)))
    # What a column of the Jacobian makes of white noise, and of noise that neighbours share.
    norm = scale_columns(found.jac)
    pseudo = np.linalg.pinv(found.jac / norm, rcond=1e-9) / norm[:, None]
    data = pseudo[:, : time.size]
    noise_covariance = _noise_covariance(left)
    covariance = data @ noise_covariance @ data.T
    # The slopes' priors are observations too.
    prior = pseudo[:, time.size :]
    covariance += prior @ prior.T
    places = 1 + 4 * np.arange(n_steps)
    own = covariance[np.ix_(places, places)]
    extent = np.array([np.interp(time_s, time, extent_at(found.x, k)) for k in range(n_steps)])
    # Where in a step one drift hands over to the next is not known, only that it does: anywhere from its begin to its end.
    lasts = ((extent > HANDED_OVER) & (extent < 1 - HANDED_OVER)).sum(axis=1) * np.median(
        np.diff(time_s)
    )
    own += np.diag((np.diff(found.x[-slopes:]) * lasts) ** 2 / 12)
    return Steps(found.x[places], np.sqrt(np.diag(own)), own, misfit, extent)


def scale_columns(jacobian: np.ndarray) -> np.ndarray:
    """Length of each column, 1 for a column of zeros."""
    length = np.sqrt((jacobian**2).sum(axis=0))
    return np.where(length > 0, length, 1.0)


def _thinned(
    time: np.ndarray, kelvin: np.ndarray, mass: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Average neighbours so that at most MAX_POINTS are left; how many make one."""
    n = -(-time.size // MAX_POINTS)
    m = time.size // n
    parts = [a[: m * n].reshape(m, n).mean(axis=1) for a in (time, kelvin, mass)]
    return parts[0], parts[1], parts[2], n


def extent_of(time: np.ndarray, log_rate: np.ndarray, order: float) -> np.ndarray:
    """Extent of a reaction of order n whose rate constant, as a logarithm, is given at each time."""
    rate = np.exp(np.clip(log_rate, -200.0, 60.0))
    done = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(time))])
    if abs(order - 1) < 1e-3:
        return 1 - np.exp(-np.minimum(done, 700.0))
    left = np.maximum(1 + (order - 1) * np.minimum(done, 1e12), 0.0)
    with np.errstate(divide="ignore"):
        remaining = np.where(left > 0, np.power(np.maximum(left, 1e-300), -1 / (order - 1)), 0.0)
    return 1 - remaining


def _noise_covariance(residual: np.ndarray) -> np.ndarray:
    """Covariance of the noise in units of the white one: white, and an exponentially correlated part.

    The slow part is what the residual holds beyond white noise; its time is that of the residual's autocorrelation. A fit
    takes some of both away, which the factors give back.
    """
    from scipy.linalg import toeplitz

    n = residual.size
    r = residual - residual.mean()
    total = float(r @ r) / n
    sums, lag = 0.0, 1
    while lag < n // 4:
        rho = float(r[lag:] @ r[:-lag]) / (n * total) if total > 0 else 0.0
        if rho < 1 / np.sqrt(n):
            break
        sums, lag = sums + rho, lag + 1
    slow = SLOW_TAKEN * max(total - 1.0, 0.0)
    share = max(total - 1.0, 0.0) / total if total > 0 else 0.0
    reach = SLOW_TAKEN * max(sums / share, 1.0) if share > 0 else 1.0
    row = slow * np.exp(-np.arange(n) / reach)
    row[0] += 1.0
    covariance: np.ndarray = toeplitz(row)
    return covariance
