"""Differential capacity dQ/dV that conserves charge.

The charge between two records is spread evenly over the voltage between them and collected in bins of fixed
width ("level evaluation", Feng et al., eTransportation 2020, 3, 100051); only then it is smoothed, by a
Savitzky-Golay filter whose coefficients are checked. Nothing is differentiated. Only constant-current
records count: at constant voltage dQ/dV is not defined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .half_cycles import HalfCycle
from .record import Record
from .smoothing import savgol

# Two readings closer than the recorder resolves carry no slope; their charge goes over this width.
LEAST_WIDTH_V = 1e-4
# 1 mV bins over 20 V: beyond that the voltages are broken, and bins would fill the memory.
MOST_BINS = 20_000


@dataclass(frozen=True)
class Curve:
    """One dQ/dV curve.

    Attributes
    ----------
    potential_V : (m,) array
        Centres of the bins, ascending.
    raw, smooth : (m,) arrays
        dQ/dV in mAh/(g V), positive for charge and discharge alike.
    bin_V : float
    charge_mAh_g : float
        Charge of all constant-current records of the half cycle.
    integral_over_charge : float
        Integral of `smooth` over potential, divided by that charge: 1 if none was lost.
    """

    potential_V: npt.NDArray
    raw: npt.NDArray
    smooth: npt.NDArray
    bin_V: float
    charge_mAh_g: float
    integral_over_charge: float


def collect_bins(voltage: npt.NDArray, charge: npt.NDArray, edges: npt.NDArray) -> npt.NDArray:
    """Return the charge in every voltage bin.

    Parameters
    ----------
    voltage : (n, 2) array
        Voltage before and after each increment.
    charge : (n,) array
        Increments, at least 0.
    edges : (m + 1,) array
        Ascending; they must enclose all voltages.
    """
    centre = voltage.mean(axis=1)
    width = np.maximum(np.abs(voltage[:, 1] - voltage[:, 0]), LEAST_WIDTH_V)
    low, high = centre - width / 2, centre + width / 2
    points = np.concatenate((low, high))
    change = np.concatenate((charge / width, -charge / width))
    order = np.argsort(points, kind="stable")
    points, density = points[order], np.cumsum(change[order])
    total = np.concatenate(([0.0], np.cumsum(density[:-1] * np.diff(points))))
    return np.diff(np.interp(edges, points, total, left=0.0, right=total[-1]))


def increments(
    data: Record, half: HalfCycle, mass_g: float, skip_rows: int
) -> tuple[npt.NDArray, npt.NDArray, float]:
    """Return voltage pairs, charge increments (mAh/g) and the whole constant-current charge.

    The first `skip_rows` intervals after every start of constant current hold the ohmic step: they count
    in the charge but not in the curve.
    """
    rows = np.arange(half.first, half.last + 1)
    driven = data.constant_current[rows] & (data.sign[rows] == half.direction)
    # A suspended test records the voltage at which the current stopped, and the charge up to it.
    used = driven | data.paused[rows]
    inside = used[1:] & used[:-1]
    step = np.abs(data.step_Ah[rows]) * 1e3 / mass_g
    charge = step[1:]
    total = float(charge[used[1:]].sum())
    if used[0] and half.first:
        total += float(step[0])
    keep = inside.copy()
    begins = np.flatnonzero(inside & ~np.concatenate(([False], inside[:-1])))
    for begin in begins:
        keep[begin : begin + skip_rows] = False
    voltage = data.voltage_V[rows]
    pairs = np.column_stack((voltage[:-1], voltage[1:]))[keep]
    return pairs, charge[keep], total


def curve(
    pairs: npt.NDArray,
    charge: npt.NDArray,
    total_mAh_g: float,
    bin_V: float,
    window: int,
    polyorder: int,
) -> Curve | None:
    """Make one curve, or None if the half cycle spans too few bins for the window."""
    finite = np.isfinite(pairs).all(axis=1) & np.isfinite(charge)
    pairs, charge = pairs[finite], charge[finite]
    if charge.size == 0 or total_mAh_g <= 0:
        return None
    low = np.floor((pairs.min() - LEAST_WIDTH_V) / bin_V)
    high = np.ceil((pairs.max() + LEAST_WIDTH_V) / bin_V)
    if not window <= high - low <= MOST_BINS:
        return None
    edges = np.arange(low, high + 1) * bin_V
    raw = collect_bins(pairs, charge, edges) / bin_V
    smooth = savgol(raw, window, polyorder)
    return Curve(
        potential_V=0.5 * (edges[1:] + edges[:-1]),
        raw=raw,
        smooth=smooth,
        bin_V=bin_V,
        charge_mAh_g=total_mAh_g,
        integral_over_charge=float(smooth.sum() * bin_V / total_mAh_g),
    )
