"""The common shift of a mass scale: found from all peaks or intervals against all ions that may be there.

A calibration that is off by 278 ppm puts S2 where SO2 belongs. No single peak tells, all together do: the shift is the one
at which most of them stand at known ions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..config_types import SimsMassCalibration

STEP_PPM = 2.0
OTHER_WEIGHT = 0.6  # of an ion that is not in the fragment table: it is less often there
FARNESS = 0.1  # of the votes that the farthest shift loses: instruments are calibrated as a rule
RIVAL = 0.8  # of the votes: another shift with as many makes the names a guess
MAD_TO_SD = 1.4826
FEW, LOOSE = 3, 0.6  # fewer than a third that agree only loosely may do so by chance
MANY = 2  # times `min_peaks` masses: where fewer than those agree, something is wrong
SLOPE_MOST, SLOPE_STEP = (
    4000.0,
    200.0,
)  # ppm sqrt(u) that are looked for: 66 channels of 50 ps at an usual mass scale
SLOPE_MASSES = 60
COARSE = 4  # steps of the grid at once while slopes are looked for
TIGHT = 0.4  # of the tolerance
TILTED = 1.0  # votes more than a shift without a slope that one with a slope needs
OUTSTANDING = 5.0  # roots of the votes that any shift gets: right scales stand out by more, gross errors agree as well by chance
SURE = 7.5  # ... by so much, also where two thirds of the masses are of unknown ions
SLOPE_PEAKS = 8  # fewer do not tell a wrong offset from a wrong factor of the mass scale
LEAST_SCATTER_PPM = 3.0
CLIP = 4.0  # robust standard deviations; more for few masses, of which they are uncertain (of ten by a third)
# Masses, and their share of the first, that agree on a second shift beside it.
LEAST_SECOND, SECOND = 3, 1 / 5


@dataclass(frozen=True)
class MassShift:
    """The shift of a mass scale: measured mass = exact mass (1 + shift).

    Attributes
    ----------
    ppm, sd : float or None
        At the median mass of the peaks that were used, and its standard uncertainty; None where they do not tell.
    peaks : int
        Peaks or intervals that agree on it.
    scatter_ppm : float
        Standard deviation of single peaks around it.
    slope_ppm : float
        Change of the shift with 1 / sqrt(mass / u), from a wrong offset of the flight time.
    median_u : float
        Median mass of these peaks.
    note : str
        Why there is none, or why it is doubted.
    """

    ppm: float | None = None
    sd: float | None = None
    peaks: int = 0
    scatter_ppm: float = 0.0
    slope_ppm: float = 0.0
    median_u: float = 1.0
    note: str = ""

    def at(self, mass_u: float) -> float:
        """Return the shift in ppm at a mass; 0 where it is not known."""
        if self.ppm is None:
            return 0.0
        return self.ppm + self.slope_ppm * (mass_u**-0.5 - self.median_u**-0.5)

    def corrected(self, mass_u: float) -> float:
        """Return the exact mass that a measured one stands for."""
        return mass_u / (1 + 1e-6 * self.at(mass_u))

    def measured(self, mass_u: float) -> float:
        """Return the mass at which an ion of this exact mass is measured."""
        return mass_u * (1 + 1e-6 * self.at(mass_u))


def common_shift(
    masses_u: Sequence[float],
    fragments_u: Sequence[float],
    others_u: Sequence[float],
    how: SimsMassCalibration,
) -> MassShift:
    """Find the shift that peaks or intervals have in common.

    Every shift on a grid gets a vote of each peak: a Gaussian of its distance to the nearest ion. The shift with most votes
    is refined by the median of the peaks that stand around it, with their median absolute deviation as scatter.

    Parameters
    ----------
    masses_u : sequence of float
        Measured masses.
    fragments_u, others_u : sequence of float
        Exact masses of the fragments, and of other ions that may be there.
    how : mapping
        `search_ppm`, `tolerance_ppm`, `min_peaks`.

    Returns
    -------
    MassShift
        Without a value where fewer than `min_peaks` agree, or where another shift gets nearly as many votes.

    Examples
    --------
    >>> ions = [31.97262, 62.96414, 63.94469, 78.95905, 94.91845]
    >>> how = {"search_ppm": 500, "tolerance_ppm": 25, "min_peaks": 4}
    >>> found = common_shift([m * (1 + 90e-6) for m in ions], ions, [], how)
    >>> round(found.ppm), found.peaks
    (90, 5)
    """
    search, tolerance = float(how["search_ppm"]), float(how["tolerance_ppm"])
    masses = np.asarray([m for m in masses_u if m == m], dtype=float)
    exact = np.array([*fragments_u, *others_u], dtype=float)
    weight = np.array([1.0] * len(fragments_u) + [OTHER_WEIGHT] * len(others_u))
    if not masses.size or not exact.size:
        return MassShift(note="no masses")
    distance = (masses[:, None] / exact - 1) * 1e6
    grid = np.arange(-search, search + STEP_PPM / 2, STEP_PPM)
    votes = _votes(distance, weight, grid, tolerance)
    best = int(votes.argmax())
    # Of two ions that are both near the shift, the one that the votes are about.
    nearest = distance[np.arange(masses.size), np.abs(distance - grid[best]).argmin(axis=1)]
    shift, scatter, used = _refined(nearest, grid[best], tolerance)
    n = int(used.sum())
    chance = float(np.median(votes))
    outstanding = chance + OUTSTANDING * max(chance, 0.5) ** 0.5
    if n < masses.size or scatter > TIGHT * tolerance:  # all that agree tightly need no slope
        least = max(float(votes[best]) + TILTED, outstanding)
        tilted = _tilted(distance, weight, masses, grid, tolerance, least)
        if tilted is not None and tilted.peaks >= max(n, masses.size / FEW):
            return _between(tilted, distance, masses, tolerance)
    if n < int(how["min_peaks"]):
        told = f"{n} of {masses.size} masses agree on a shift"
        if masses.size >= MANY * int(how["min_peaks"]):
            return MassShift(
                peaks=n,
                note=f"mass scale not certain: {told}: it is far off, or the ions are others than in the fragment table",
            )
        return MassShift(peaks=n, note=f"mass scale not checked: {told}")
    sure = float(votes[best]) > chance + SURE * max(chance, 0.5) ** 0.5
    if n < masses.size / FEW and scatter > LOOSE * tolerance and not sure:
        return MassShift(
            peaks=n,
            note=f"mass scale not certain: only {n} of {masses.size} masses agree, within {scatter:.0f} ppm",
        )
    doubt = ""
    if votes[best] < outstanding:
        doubt = (
            f"mass scale not certain: {n} of {masses.size} masses agree, hardly more than by chance"
        )
        if masses.size >= SLOPE_PEAKS:
            return MassShift(peaks=n, note=doubt)
    far = np.abs(grid - grid[best]) > 3 * tolerance
    rival = int((votes * far).argmax())
    if votes[rival] > RIVAL * votes[best]:
        return MassShift(
            peaks=n,
            note=f"mass scale not certain: shifts of {grid[best]:.0f} and {grid[rival]:.0f} ppm fit alike",
        )
    median = float(np.median(masses[used]))
    slope = _slope(nearest[used], masses[used])
    found = MassShift(shift, _sd(scatter, n), n, scatter, slope, median, doubt)
    if slope != 0:
        found = _extended(found, distance, masses, tolerance)
    return _between(found, distance, masses, tolerance)


def _votes(
    distance: np.ndarray, weight: np.ndarray, grid: np.ndarray, tolerance: float
) -> np.ndarray:
    """Return the votes of all peaks, (peak, ion) distances in ppm, for each shift of a grid."""
    votes = np.zeros(grid.size)
    for own in distance:
        near = (own > grid[0] - 3 * tolerance) & (own < grid[-1] + 3 * tolerance)
        if near.any():
            shape = np.exp(-0.5 * ((grid[:, None] - own[near]) / tolerance) ** 2)
            votes += (shape * weight[near]).max(axis=1)
    return votes * (1 - FARNESS * np.abs(grid) / grid[-1])


def _tilted(
    distance: np.ndarray, weight: np.ndarray, masses: np.ndarray, grid: np.ndarray, tolerance: float,
    least: float,
) -> MassShift | None:  # fmt: skip
    """Return the best shift that changes with 1 / sqrt(mass), where it gets more votes than `least`."""
    if masses.size < SLOPE_PEAKS:
        return None
    few = slice(SLOPE_MASSES)  # peaks come with the strongest first
    median = float(np.median(masses))
    x = masses[few] ** -0.5 - median**-0.5
    share = masses.size / x.size
    most, found = least, None
    for slope in np.arange(SLOPE_STEP, SLOPE_MOST + 1, SLOPE_STEP):
        for signed in (float(slope), -float(slope)):
            votes = _votes(distance[few] - signed * x[:, None], weight, grid[::COARSE], tolerance)
            votes *= share * (1 - FARNESS * slope / SLOPE_MOST)
            if (best := int(votes.argmax())) and votes[best] > most:
                most = float(votes[best])
                found = MassShift(float(grid[COARSE * best]), None, 0, tolerance, signed, median)
    return None if found is None else _extended(found, distance, masses, tolerance)


def _refined(
    distance: np.ndarray, start: float, tolerance: float
) -> tuple[float, float, np.ndarray]:
    """Return median, scatter and members of the distances around a shift."""
    shift, reach = start, 2.5 * tolerance
    used = np.abs(distance - shift) < reach
    scatter = tolerance
    for _ in range(5):
        if not used.any():
            return start, tolerance, used
        shift = float(np.median(distance[used]))
        scatter = MAD_TO_SD * float(np.median(np.abs(distance[used] - shift)))
        scatter = max(scatter, LEAST_SCATTER_PPM)
        used = np.abs(distance - shift) < min(reach, max(_clip(used) * scatter, 0.5 * tolerance))
    own = distance[used]
    if not own.size:
        return start, tolerance, used
    # The mean, since the median of centres that are off to either side by turns is one of the sides.
    spread = float(own.std(ddof=1)) if own.size > 1 else LEAST_SCATTER_PPM
    return float(own.mean()), max(spread, LEAST_SCATTER_PPM), used


def _clip(used: np.ndarray) -> float:
    return CLIP * (1 + 5 / max(int(used.sum()), 5))


def _sd(scatter: float, n: int) -> float:
    """Return the standard uncertainty of a mean of n, wider for few as Student's factor is."""
    return scatter / n**0.5 * (1 + 1.5 / n)


def _between(
    found: MassShift, distance: np.ndarray, masses: np.ndarray, tolerance: float
) -> MassShift:
    """Return the middle of two shifts, where many of the masses that do not stand at the one agree on another near it.

    Centres of intervals that were set beside their peaks, to either side, tell no more than that the shift lies between: half
    the distance is the scatter of a centre, and the uncertainty of the shift.
    """
    off = distance - np.array([found.at(m) for m in masses])[:, None]
    width = 0.5 * tolerance
    left = off[np.abs(off).min(axis=1) >= min(2.5 * tolerance, max(4 * found.scatter_ppm, width))]
    places = np.arange(-20 * tolerance, 20 * tolerance + 1, STEP_PPM)
    agree = np.array([(np.abs(left - place) < width).any(axis=1).sum() for place in places])
    near = np.abs(places) < 2.5 * tolerance + STEP_PPM
    chance = float(np.mean(agree[np.abs(places) > 3 * tolerance]))
    second = int((agree * near).argmax())
    n = int(agree[second])
    if n >= max(LEAST_SECOND, SECOND * found.peaks, chance + 3 * max(chance, 0.5) ** 0.5):
        half = float(places[second]) / 2
        scatter = float(np.hypot(half, found.scatter_ppm))
        ppm = (found.ppm or 0.0) + half
        found = replace(found, ppm=ppm, sd=abs(half), peaks=found.peaks + n, scatter_ppm=scatter)
    if found.scatter_ppm > tolerance and not found.note:
        told = f"mass scale not certain: single masses stand {found.scatter_ppm:.0f} ppm beside the common shift"
        return replace(found, note=f"{told}, expected within {tolerance:.0f}")
    return found


def _extended(
    start: MassShift, distance: np.ndarray, masses: np.ndarray, tolerance: float
) -> MassShift:
    """Follow a slope to masses that stand too far from the common shift to have been found by it, light ones above all."""
    found = start
    for _ in range(12):
        model = np.array([found.at(m) for m in masses])
        off = distance[np.arange(masses.size), np.abs(distance - model[:, None]).argmin(axis=1)]
        residual = off - model
        used = np.abs(residual) < min(2.5 * tolerance, max(4 * found.scatter_ppm, 0.5 * tolerance))
        n = int(used.sum())
        slope = _slope(off[used], masses[used])
        if n < SLOPE_PEAKS or slope == 0:
            return found
        median = float(np.median(masses[used]))
        level = off[used] - slope * (masses[used] ** -0.5 - median**-0.5)
        shift = float(np.median(level))
        scatter = max(MAD_TO_SD * float(np.median(np.abs(level - shift))), LEAST_SCATTER_PPM)
        last, found = found, MassShift(shift, 1.2533 * _sd(scatter, n), n, scatter, slope, median)
        if found == last:
            break
    return found


def _slope(off_ppm: np.ndarray, masses: np.ndarray) -> float:
    """Return the change of the shift with 1 / sqrt(mass), where it is significant; else 0."""
    if masses.size < SLOPE_PEAKS:
        return 0.0
    x = masses**-0.5
    design = np.column_stack([np.ones_like(x), x])
    covariance = np.linalg.inv(design.T @ design)
    fit = covariance @ design.T @ off_ppm
    left = off_ppm - design @ fit
    variance = float(left @ left) / (masses.size - 2) * covariance[1, 1]
    return float(fit[1]) if fit[1] ** 2 > 16 * variance else 0.0
