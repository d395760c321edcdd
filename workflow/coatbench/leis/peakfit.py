"""Linear fits of a surface peak on a line and a step, at every centre of a grid at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Background = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
# The subsurface signal of an element starts at its surface peak or, where its atoms lie deeper, below.
STEP_BELOW_EV = (0.0, 25.0, 50.0)
# Edges without a peak: how far below the window they may stand, and their widths (sigma).
EDGE_REACH_EV = 80.0
EDGE_SIGMAS_EV = (15.0, 22.0, 30.0, 38.0, 46.0, 55.0, 66.0, 80.0)
# Share of the low-energy side's signal below which the high-energy side counts as empty.
END_OF_SIGNAL = 0.2


@dataclass
class Fits:
    """Fits at all centres of the grid, for one width of the peak and one step.

    Attributes
    ----------
    fwhm : float
    centres : (centre,) array
    chi_square, reduced : (centre,) arrays
        `chi_square` is infinite where the best fit is a dip.
    coefficients : (centre, 4) array
        Gaussian's height, then those of the background.
    inverse : (centre, 4, 4) array
        Inverse normal matrices, for the variances as given.
    design : (centre, channel, 4) array
    edge : bool
        The step is the one that describes the data best without a peak.
    correlation : float
        Channels that carry one independent value; set by the caller.
    """

    fwhm: float
    centres: np.ndarray
    chi_square: np.ndarray
    reduced: np.ndarray
    coefficients: np.ndarray
    inverse: np.ndarray
    design: np.ndarray
    edge: bool
    correlation: float = 1.0

    @property
    def best(self) -> int:
        """Index of the best centre."""
        return int(self.chi_square.argmin())

    @property
    def inflation(self) -> float:
        """Factor on variances at the best centre: misfit, and channels that are not independent."""
        return max(1.0, float(self.reduced[self.best])) * self.correlation

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the coefficients at the best centre."""
        covariance: np.ndarray = self.inverse[self.best] * self.inflation
        return covariance

    def model(self) -> np.ndarray:
        """Fitted curve at the best centre."""
        model: np.ndarray = self.design[self.best] @ self.coefficients[self.best]
        return model

    def background(self) -> np.ndarray:
        """The same without the peak."""
        best = self.best
        background: np.ndarray = self.design[best][:, 1:] @ self.coefficients[best][1:]
        return background

    def centre(self) -> tuple[float, float]:
        """Best centre and its uncertainty from the parabola of chi-square around its minimum."""
        i, chi = self.best, self.chi_square
        if 0 < i < len(chi) - 1 and np.isfinite(chi[i - 1 : i + 2]).all():
            step = float(self.centres[1] - self.centres[0])
            curvature = float(chi[i - 1] - 2 * chi[i] + chi[i + 1])  # the first of equals: above 0
            shift = 0.5 * float(chi[i - 1] - chi[i + 1]) / curvature
            sd = step * math.sqrt(2 * self.inflation / curvature)
            return float(self.centres[i]) + shift * step, sd
        # The best centre is the window's bound: the maximum lies there or beyond.
        return float(self.centres[i]), self.fwhm / FWHM_PER_SIGMA

    def height(self) -> tuple[float, float]:
        """Height of the peak at the best centre and its uncertainty."""
        sd = math.sqrt(max(float(self.covariance[0, 0]), 0.0))
        return float(self.coefficients[self.best, 0]), sd


def scan(
    x: np.ndarray, y: np.ndarray, variance: np.ndarray, centres: np.ndarray, widths: np.ndarray
) -> tuple[list[Fits], float]:
    """Fit the peak at every centre, for every width and step.

    Parameters
    ----------
    x, y, variance : (channel,) arrays
        Energies in eV, intensities and their variances.
    centres : (centre,) array
        Evenly spaced grid in eV.
    widths : (width,) array
        FWHM in eV.

    Returns
    -------
    fits : list of Fits
    chi_square_without : float
        Chi-square of the best line and step without any peak.
    """
    form = _sloping_step if _ends(y) else _line_and_step
    without, edge = _edge(x, y, variance, centres, form)
    fits = []
    for fwhm in widths:
        sigma = float(fwhm) / FWHM_PER_SIGMA
        u = (x[None, :] - centres[:, None]) / sigma
        peak = np.exp(-0.5 * u * u)
        tied = [form(x, _step(u + below / sigma)) for below in STEP_BELOW_EV]
        fixed = [np.broadcast_to(column, u.shape) for column in edge]
        for background in [*tied, fixed]:
            design = np.stack([peak, *background], axis=-1)
            chi, coefficients, inverse = _solve(design, y, variance)
            # Centre, width and place of the step are fitted too, by the scan.
            reduced = chi / max(1, len(x) - 7)
            chi[coefficients[:, 0] < 0] = np.inf  # a dip is no peak
            fits.append(
                Fits(
                    float(fwhm), centres, chi, reduced, coefficients, inverse, design,
                    edge=background is fixed,
                )
            )  # fmt: skip
    return fits, without


def _ends(y: np.ndarray) -> bool:
    """Whether hardly any signal is left at the high-energy end: no heavier element is there."""
    n = max(3, len(y) // 10)
    return bool(y[-n:].mean() < END_OF_SIGNAL * y[:n].mean())


def _edge(
    x: np.ndarray, y: np.ndarray, variance: np.ndarray, centres: np.ndarray, form: Background
) -> tuple[float, list[np.ndarray]]:
    """Chi-square and columns of the best description without a peak: an edge of any place and width."""
    from scipy.optimize import minimize

    places = np.arange(centres[0] - EDGE_REACH_EV, centres[-1] + 1, 4.0)
    grid = []
    for sigma in EDGE_SIGMAS_EV:
        columns = form(x, _step((x[None, :] - places[:, None]) / sigma))
        chi, _, _ = _solve(np.stack(columns, axis=-1), y, variance)
        grid.append((float(chi.min()), float(places[chi.argmin()]), sigma))

    def columns_of(shape: np.ndarray) -> list[np.ndarray]:
        return form(x, _step((x - shape[0]) / max(abs(shape[1]), 1.0)))

    def cost(shape: np.ndarray) -> float:
        return float(_solve(np.stack(columns_of(shape), axis=-1), y, variance)[0])

    # The grid is coarser than good counting statistics can tell apart.
    _, place, sigma = min(grid)
    start = np.array([place, sigma])
    simplex = start + np.array([[0, 0], [2, 0], [0, 0.1 * sigma]])
    refined = minimize(
        cost, start, method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 0.05, "fatol": 0.05},
    )  # fmt: skip
    return float(refined.fun), columns_of(refined.x)


def _step(u: np.ndarray) -> np.ndarray:
    from scipy.special import erfc

    step: np.ndarray = 0.5 * erfc(u / math.sqrt(2))
    return step


def _line(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to((x - x.mean()) / np.ptp(x), shape)


def _line_and_step(x: np.ndarray, step: np.ndarray) -> list[np.ndarray]:
    """Tails of heavier elements through the whole range, and a step on them."""
    return [np.ones(step.shape), _line(x, step.shape), step]


def _sloping_step(x: np.ndarray, step: np.ndarray) -> list[np.ndarray]:
    """Nothing but a constant above the step, and a tail with a slope below: the heaviest element."""
    return [np.ones(step.shape), step, step * _line(x, step.shape)]


def _solve(
    design: np.ndarray, y: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted least squares for a stack of designs: chi-square, coefficients, inverse normal matrix."""
    weight = 1 / np.sqrt(variance)
    weighted = design * weight[:, None]
    transposed = np.swapaxes(weighted, -1, -2)
    inverse = np.linalg.pinv(transposed @ weighted, hermitian=True)
    coefficients = (inverse @ (transposed @ (y * weight))[..., None])[..., 0]
    residual = (y - (design @ coefficients[..., None])[..., 0]) * weight
    return (residual**2).sum(axis=-1), coefficients, inverse


def correlation(residual: np.ndarray) -> float:
    """Channels that carry one independent value: 1 + 2 x the sum of the first positive autocorrelations."""
    total, n = float(residual @ residual), len(residual)
    time = 1.0
    for lag in range(1, n // 4):
        rho = float(residual[lag:] @ residual[:-lag]) / total if total > 0 else 0.0
        # Two standard deviations of the autocorrelation of white noise are no correlation.
        if rho < 2 / n**0.5:
            break
        time += 2 * rho
    return time
