"""Whether a region was measured as it should be, and whether its fit describes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .. import quality
from ..quality import Quality
from .fit import Fit
from .lines import Lines
from .model import RegionModel
from .uncertainty import SIGNIFICANCE

if TYPE_CHECKING:
    from ..config_types import XpsPlausible

MIN_POINTS = 20
EMPTY_SHARE = (
    0.5  # of the channels, without a single count: the background of a working detector is more
)
CUT_SHARE = 0.05  # of the channels, that are all zero at an end of a region whose scan was cut
COUNTABLE = (
    5.0  # expected counts per channel, from which on the scatter tells whether they are counts
)
SEEN = (
    0.9,
    0.5,
)  # share of a line's area inside of the scan: below the first doubtful, below the second unusable
NOISE_SIGMA = 3.0
SPIKE_SQUARE = (
    60.0  # of two neighbouring channels, in units of their variance: noise hardly makes half of it
)
SPIKE_SHARE = 0.5  # of the misfit, in two neighbouring channels: no line is that narrow


def described(
    name: str,
    fit: Fit,
    chi: float,
    rho: float,
    time_s: float,
    shift_eV: float,
    limits: XpsPlausible,
) -> Quality:
    """Judge whether a model describes the data.

    Parameters
    ----------
    name : str
        Of the region.
    fit : Fit
    chi, rho : float
        Reduced chi-square (NaN where the counting time is unknown), correlation of neighbouring residuals.
    time_s : float
        Counting time per channel.
    shift_eV : float
        Subtracted from energies in reasons.
    """
    found = []
    if not fit.converged:
        found.append(quality.doubtful(f"{name}: the fit did not converge"))
    sigma = rho * math.sqrt(fit.n_points)
    # Few points scatter more than the limits allow for: what noise alone makes once in some hundred fits is no misfit.
    noise = round(NOISE_SIGMA * math.sqrt(2 / max(fit.n_points - fit.n_free, 1)), 2)
    counts = float(np.median(fit.models[0])) * time_s

    def wider(low: float | None, high: float | None) -> tuple[float | None, float | None]:
        return (
            None if low is None or not counts >= COUNTABLE else max(min(low, 1 - noise), 0.0),
            None if high is None else max(high, 1 + noise),
        )

    own = quality.moved(limits.get("reduced_chi_square", {}), wider)
    too_good = quality.plausible(min(chi, 1.0), f"{name}: reduced chi square", own)
    if too_good.level != quality.OK:
        note = (
            f"{name}: the scatter is {math.sqrt(max(chi, 0.0)):.2f} of that of counts: counts/s without their unit, an "
            "average over scans, or smoothed? Areas and uncertainties need counts and their time"
        )
        found.append(Quality(too_good.level, (*too_good.notes, note)))
    # Overfitting or noise alone can make the correlation negative; structure in the residuals is positive. Noise
    # scatters it by one over the root of the number of points.
    misfit = quality.worst(
        [
            quality.plausible(max(chi, 1.0), f"{name}: reduced chi square", own),
            quality.plausible(
                sigma,
                f"{name}: residual autocorrelation sigma",
                limits.get("residual_autocorrelation_sigma", {}),
            ),
        ]
    )
    if misfit.level != quality.OK:
        misfit = Quality(misfit.level, (*misfit.notes, f"{name}: {_hint(fit, shift_eV)}"))
    return quality.worst([*found, misfit])


def _hint(fit: Fit, shift_eV: float) -> str:
    """Return where a fit is worst, and what that may be."""
    x, square = fit.x[0], fit.residual**2
    pairs = square[:-1] + square[1:]
    worst = int(np.argmax(pairs))
    if pairs[worst] > max(SPIKE_SHARE * square.sum(), SPIKE_SQUARE):
        at = x[worst + int(square[worst + 1] > square[worst])] - shift_eV
        return f"a spike at {at:.1f} eV: remove that channel, or measure again"
    at = x[int(np.argmax(np.convolve(fit.residual, np.ones(5) / 5, mode="same")))] - shift_eV
    return f"the largest residual lies at {at:.1f} eV: a line that the model lacks?"


def inside(model: RegionModel, fit: Fit, shift_eV: float) -> Quality:
    """Judge whether the scan holds the lines that it is fitted with: what lies outside of it is not measured.

    Parameters
    ----------
    model : RegionModel
    fit : Fit
        Of one spectrum.
    shift_eV : float
        Subtracted from energies in reasons.
    """
    m, x = len(model.components), fit.x[0]
    area, position, fwhm = np.split(fit.p[0], 3)
    lines = Lines(model.components)
    phi = lines.value(x, position, fwhm)
    seen = np.trapezoid(phi, x, axis=0)
    # Only what matters: a line that is not significant within the scan says nothing.
    matters = area * np.sqrt(np.maximum((phi / fit.sigma[:, None]) ** 2, 0).sum(axis=0))
    matters = (matters >= SIGNIFICANCE) | (area > 0.05 * max(float(area.sum()), 1e-300))
    worst = [
        j for j in range(m) if matters[j] and seen[j] < SEEN[0] * _whole(lines, j, position, fwhm)
    ]
    if not worst:
        return Quality()
    total = max(float(area.sum()), 1e-300)
    share = float(area @ seen) / total
    low, high = x[0] - shift_eV, x[-1] - shift_eV
    names = ", ".join(model.names[j] for j in worst)
    note = (
        f"{model.name}: the fit ends at {low:.1f} and {high:.1f} eV, inside of {names}: "
        f"{100 * share:.0f} % of the fitted area were measured"
    )
    return quality.unusable(note) if share < SEEN[1] else quality.doubtful(note)


def _whole(lines: Lines, j: int, position: np.ndarray, fwhm: np.ndarray) -> float:
    """Return the area of a line of unit area within ten widths and its doublet: long tails are nobody's scan."""
    own = lines.owner == j
    low = position[j] + lines.offsets[own].min() - 5 * fwhm[j]
    high = position[j] + lines.offsets[own].max() + 5 * fwhm[j]
    grid = np.linspace(low, high, 801)
    return float(np.trapezoid(lines.value(grid, position, fwhm)[:, j], grid))


def dead(name: str, y: np.ndarray) -> Quality:
    """Judge a region by its bare intensities: a scan that was aborted leaves zeros, and measures nothing.

    Parameters
    ----------
    name : str
        Of the region, for the reason.
    y : (n,) array
        Intensities in counts/s.
    """
    measured = np.flatnonzero(y != 0)
    if not len(measured):
        return quality.unusable(f"{name}: all {len(y)} intensities are zero: an aborted scan")
    cut = max(int(measured[0]), len(y) - 1 - int(measured[-1]))
    # Single counts leave zeros between them; only where hardly any channel is empty do zeros at an end mean a cut.
    between = y[measured[0] : measured[-1] + 1]
    if cut >= max(5, CUT_SHARE * len(y)) and (between == 0).mean() < 0.05:
        return quality.unusable(
            f"{name}: {cut} of {len(y)} intensities at one end are zero: an aborted scan"
        )
    if np.ptp(y) == 0:
        return quality.unusable(f"{name}: all {len(y)} intensities are {y[0]:g}")
    if (y == 0).mean() > EMPTY_SHARE:
        return quality.doubtful(
            f"{name}: {(y == 0).sum()} of {len(y)} intensities are zero: was the detector on, or is the background subtracted?"
        )
    if cut := _flat_end(y):
        return quality.unusable(
            f"{name}: {cut} of {len(y)} intensities at one end are the same number: an aborted scan"
        )
    return Quality()


def _flat_end(y: np.ndarray) -> int:
    """Return how many channels at an end repeat one number, 0 where that may be chance."""
    steps = np.flatnonzero(np.diff(y) != 0)
    cut = max(int(steps[0]) + 1, len(y) - 1 - int(steps[-1]))
    inner = np.diff(y[steps[0] : steps[-1] + 2])
    return cut if cut >= max(5, CUT_SHARE * len(y)) and (inner == 0).mean() < 0.05 else 0


def too_short(x: np.ndarray, model: RegionModel, shift_eV: float) -> Quality:
    """Judge whether the window of a model holds enough points of a region."""
    low, high = (edge + shift_eV for edge in model.window_eV)
    n = int(((x >= low) & (x <= high)).sum())
    if n >= MIN_POINTS:
        return Quality()
    note = (
        f"{model.name}: {n} points in the window of the model ({low:.1f} to {high:.1f} eV as measured), "
        f"{MIN_POINTS} are needed"
    )
    if not n:
        note += (
            f"; the scan lies at {x[0]:.1f} to {x[-1]:.1f} eV: is its name, its photon energy, or binding energy for kinetic "
            "energy wrong?"
        )
    return quality.unusable(note)
