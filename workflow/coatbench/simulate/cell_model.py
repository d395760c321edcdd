"""A solid-state cell in one equation: V = U(z) +- eta(z), with one U(z) for every sample and cycle.

U(z) is the equilibrium potential of a Ni-rich layered oxide against In/InLi as a sum of lithium sites
(multi-species multi-reaction form, Verbrugge et al., J. Electrochem. Soc. 2017, 164, E3243): z(U) =
sum Q_k / (1 + exp(-(U - U_k)/w_k)). z is the charge taken out per gram of *reached* active material; the
reached fraction and the charge that side reactions use make it the measured capacity. The overpotential eta
grows towards both ends of the window; the part of it that is not ohmic builds up and relaxes with a few
time constants, so the resistance seen in a curve is what the rest after it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Potential in V against In/InLi, charge in mAh/g, width in V. The first site is the one whose filling is
# kinetically hindered; the second is the H1-M transition, the last one H2-H3.
SITES = (
    (2.930, 16.0, 0.012),
    (3.075, 46.0, 0.020),
    (3.140, 34.0, 0.035),
    (3.250, 62.0, 0.110),
    (3.400, 31.0, 0.030),
    (3.565, 34.0, 0.018),
)
PRISTINE_V = 2.6
_GRID_V = np.linspace(2.2, 3.9, 6801)

# Shares of the overpotential that relax with these time constants; the rest is ohmic.
RELAXING = ((0.35, 30.0), (0.30, 400.0), (0.05, 2500.0))
TOP_LENGTH_MAH_G = 14.0


def charge_at(potential_V: Array | float) -> Array:
    """Return z in mAh/g at an equilibrium potential; 0 is the pristine material."""
    return np.asarray(_sites(np.asarray(potential_V, float)) - _sites(np.asarray(PRISTINE_V)))


def _sites(potential_V: Array) -> Array:
    total = np.zeros_like(potential_V)
    for centre, charge, width in SITES:
        total = total + charge / (1.0 + np.exp(-(potential_V - centre) / width))
    return total


def equilibrium_V(z_mAh_g: Array | float) -> Array:
    """Return U at a charge z; the inverse of `charge_at`."""
    return np.asarray(np.interp(z_mAh_g, charge_at(_GRID_V), _GRID_V))


def unrelaxed(seconds: Array | float) -> Array:
    """Return the share of the overpotential that is left after a time without current (ohmic part gone)."""
    seconds = np.asarray(seconds, float)
    return np.asarray(sum(share * np.exp(-seconds / tau) for share, tau in RELAXING))


@dataclass(frozen=True)
class Half:
    """One half cycle: the noiseless curve on a fine grid, and what relaxes after it.

    Attributes
    ----------
    time_s : (n,) array, from the start of current
    charge_mAh_g : (n,) array, moved since then
    voltage_V : (n,) array
    rest_V : float
        Equilibrium potential that the rest tends to.
    overpotential_V : float
        At the end of current, signed: what relaxes.
    """

    time_s: Array
    charge_mAh_g: Array
    voltage_V: Array
    rest_V: float
    overpotential_V: float

    def relaxing_V(self, seconds: Array | float) -> Array:
        """Return the potential a time after the current stopped."""
        return self.rest_V + self.overpotential_V * unrelaxed(seconds)


@dataclass(frozen=True)
class Drive:
    """What a half cycle is made of.

    Attributes
    ----------
    direction : int
        1 charge, -1 discharge.
    start_z, end_z : float
        mAh/g of reached material.
    reached : float
        Fraction of the active material that takes part.
    side_mAh_g : float
        Charge of side reactions, per gram of all active material.
    cutoff_V : float
        Voltage at which it ends.
    plateau_V : float
        Overpotential in the middle of the window.
    length_mAh_g : float
        Over how much charge the overpotential rises towards the end.
    current_mA_g : float
    """

    direction: int
    start_z: float
    end_z: float
    reached: float
    side_mAh_g: float
    cutoff_V: float
    plateau_V: float
    length_mAh_g: float
    current_mA_g: float
    activation_V: float = 0.0


def run(drive: Drive, before: Half | None, rest_s: float, points: int) -> Half:
    """Return the noiseless half cycle; it ends at the cut-off exactly.

    Parameters
    ----------
    drive : Drive
    before : Half or None
        The half cycle before, whose overpotential has not relaxed completely after `rest_s`.
    rest_s : float
    points : int
        Size of the fine grid.
    """
    # The grid is denser towards the end, where the voltage runs away.
    share = 1.0 - (1.0 - np.linspace(0.0, 1.0, points)) ** 2
    z = drive.start_z + (drive.end_z - drive.start_z) * share
    u = equilibrium_V(z)
    end_eta = drive.direction * (drive.cutoff_V - float(u[-1]))
    charge = drive.reached * np.abs(z - drive.start_z)
    if drive.side_mAh_g:
        # Side reactions speed up with potential; in all they take what the truth says.
        grown = np.clip(u - float(u[0]), 0.0, None) ** 2
        charge = charge + drive.side_mAh_g * grown / float(grown[-1])
    time = charge / drive.current_mA_g * 3600.0
    rise = np.exp(-np.abs(z - drive.end_z) / drive.length_mAh_g)
    rise = (rise - rise[0]) / (1.0 - rise[0])
    eta = drive.plateau_V + (end_eta - drive.plateau_V) * rise
    if drive.activation_V:
        eta = eta + drive.activation_V * np.exp(-charge / 8.0) * (1.0 - share)
    # Chosen so that the end of the step has its full overpotential, whatever its length.
    built = 1.0 - unrelaxed(time)
    voltage = u + drive.direction * eta * built / built[-1]
    if before is not None:
        left = before.overpotential_V * unrelaxed(rest_s + time)
        voltage = voltage + left * (1.0 - share)
    return Half(time, charge, voltage, float(u[-1]), drive.direction * end_eta)


def end_potential_V(relaxed_V: float, cutoff_V: float, after_s: float) -> float:
    """Return the equilibrium potential at the end of a step from the potential a time later."""
    left = float(unrelaxed(after_s))
    return (relaxed_V - cutoff_V * left) / (1.0 - left)


def recorded(
    times_s: Sequence[float] | Array, voltage_V: Array, every_s: float, step_V: float
) -> npt.NDArray[np.intp]:
    """Return which points of a fine grid a recorder keeps: each `every_s`, or when V moved by `step_V`."""
    keep = [0]
    time, voltage = np.asarray(times_s), np.asarray(voltage_V)
    for i in range(1, time.size):
        if time[i] - time[keep[-1]] >= every_s or abs(voltage[i] - voltage[keep[-1]]) >= step_V:
            keep.append(i)
    if keep[-1] != time.size - 1:
        keep.append(time.size - 1)
    return np.array(keep)
