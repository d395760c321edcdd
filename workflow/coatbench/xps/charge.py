"""Where a spectrum lies on the energy axis: the shift that charging of the sample has made.

Powders charge by some eV, so limits of positions mean nothing until the shift is known. It is found in two
steps: a search of the whole model over a grid of shifts (areas by non-negative least squares), then the fit of
the reference line itself, which gives the number and its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import background
from .lines import Lines
from .model import RegionModel

STEP_EV = 0.2
# Minima of the reference region this much worse (natural logarithm of the residual per point) still compete.
COMPETING = 0.15
LEAST_SHARE = 0.1  # of the area of its region, that the reference line has where it is found


@dataclass(frozen=True)
class Region:
    """A measured region: binding energy in eV (ascending, as measured), counts/s, its model."""

    x: np.ndarray
    y: np.ndarray
    model: RegionModel


def locate(
    regions: list[Region], search_eV: float, reference: tuple[str, str], end_eV: float
) -> float | None:
    """Return the shift in eV that all regions agree on best, None without a region.

    Parameters
    ----------
    regions : list of Region
    search_eV : float
        Shifts from -search_eV to +search_eV are tried.
    reference : (region, component)
        The charge reference. Only shifts that explain its region, and give the reference line a part in it, are
        considered; the other regions decide between them (a reference line and its neighbours can be mistaken for
        each other).
    end_eV : float
        Width averaged at the ends for the background.
    """
    if not regions:
        return None
    shifts = np.arange(-search_eV, search_eV + STEP_EV / 2, STEP_EV)
    found = {r.model.name: _costs(r, shifts, end_eV) for r in regions}
    total = np.sum([costs for costs, _ in found.values()], axis=0)
    name, component = reference
    if name not in found:
        return float(shifts[np.argmin(total)])
    own, shares = found[name]
    region = next(r for r in regions if r.model.name == name)
    n_points = len(region.x)
    if component in region.model.names:
        present = shares[:, region.model.names.index(component)] >= LEAST_SHARE
        if present.any():
            own = np.where(present, own, np.inf)
    inner = np.r_[np.inf, own, np.inf]
    minimum = (own <= inner[:-2]) & (own <= inner[2:])
    good = minimum & (own <= own.min() + COMPETING * n_points / 2)
    return float(shifts[good][np.argmin(total[good])])


def _costs(region: Region, shifts: np.ndarray, end_eV: float) -> tuple[np.ndarray, np.ndarray]:
    """Return -log likelihood of each shift, with unknown noise, n/2 log(residual sum of squares), and shares of area."""
    from scipy.optimize import nnls

    n_end = background.end_points(region.x, end_eV)
    try:
        base = background.static("shirley", region.x, region.y, n_end).values
    except background.NotConverged:
        base = background.static("linear", region.x, region.y, n_end).values
    signal = region.y - base
    signal = signal / max(float(np.abs(signal).max()), 1e-300)
    lines = Lines(region.model.components)
    m = lines.n
    costs, shares = np.empty(len(shifts)), np.zeros((len(shifts), m))
    for i, shift in enumerate(shifts):
        mapping = region.model.parameters(float(shift))
        p = mapping.values(mapping.start)
        # The grid is coarser than a narrow line; a wider line finds it all the same.
        phi = lines.value(region.x, p[m : 2 * m], np.maximum(p[2 * m :], 4 * STEP_EV))
        areas = mapping.L[:m][:, mapping.L[:m].any(axis=0)]
        amounts, rest = nnls(phi @ areas, signal)
        shares[i] = areas @ amounts / max(float((areas @ amounts).sum()), 1e-300)
        costs[i] = len(signal) / 2 * np.log(max(rest**2, 1e-30))
    return costs, shares
