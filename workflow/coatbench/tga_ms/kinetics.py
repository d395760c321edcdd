"""Isoconversional kinetics: what runs at several heating rates tell about any other programme, without a reaction model.

At one conversion the rate depends on the temperature alone, whatever the mechanism. From runs at three or more heating
rates follow, at each conversion,

- by Friedman (J. Polym. Sci. C 6 (1964) 183) the activation energy and ln[A f(conversion)], from ln(rate) over 1/T;
- by Vyazovkin (J. Comput. Chem. 22 (2001) 178) the activation energy again, from times instead of rates, on the measured
  temperatures: a check, since both have to agree.

Friedman's pair predicts the conversion on any programme. After the recommendations of ICTAC: S. Vyazovkin et al.,
Thermochim. Acta 520 (2011) 1; A. K. Burnham et al., Thermochim. Acta 597 (2014) 84. One heating rate tells none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

GAS_CONSTANT_J_MOL_K = 8.314462618
LEAST_RATES = 3
# Rates closer to each other than this count as one: they tell nothing apart.
APART = 1.2
CONVERSIONS = tuple(round(0.05 * i, 2) for i in range(1, 20))
DRAWS = 60
ENERGY_RANGE_J_MOL = (5e3, 1.5e6)
KELVIN = 273.15
Pieces = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Conversion:
    """One process in one run.

    Attributes
    ----------
    time_s, temperature_degC, conversion : (n,) arrays
        Conversion rises from 0 to 1.
    rate_K_min : float
        Heating rate of the run.
    """

    time_s: np.ndarray
    temperature_degC: np.ndarray
    conversion: np.ndarray
    rate_K_min: float


@dataclass(frozen=True)
class Kinetics:
    """Activation energy and rate over conversion.

    Attributes
    ----------
    conversion : (k,) array
    energy_J_mol, energy_J_mol_sd : (k,) arrays
        Friedman.
    ln_rate : (k,) array
        ln[A f(conversion)], A in 1/s.
    energy_integral_J_mol : (k,) array
        Vyazovkin.
    draws : (draw, 2, k) array
        Energies and ln_rate as they would be with other errors of temperature and rate.
    range_degC : (float, float)
        Temperatures between which the process was seen.
    """

    conversion: np.ndarray
    energy_J_mol: np.ndarray
    energy_J_mol_sd: np.ndarray
    ln_rate: np.ndarray
    energy_integral_J_mol: np.ndarray
    draws: np.ndarray
    range_degC: tuple[float, float]


def distinct_rates(rates_K_min: Sequence[float]) -> list[float]:
    """Heating rates that differ by more than a factor of APART, ascending."""
    found: list[float] = []
    for rate in sorted(r for r in rates_K_min if r > 0):
        if not found or rate > APART * found[-1]:
            found.append(rate)
    return found


def isoconversional(runs: Sequence[Conversion], temperature_sd_K: float) -> Kinetics:
    """Analyse one process in several runs.

    Parameters
    ----------
    runs : sequence of Conversion
        At LEAST_RATES heating rates or more.
    temperature_sd_K : float
        Standard uncertainty of the temperature of one run against another.

    Raises
    ------
    ValueError
        Fewer heating rates.
    """
    rates = distinct_rates([run.rate_K_min for run in runs])
    if len(rates) < LEAST_RATES:
        raise ValueError(f"{len(rates)} heating rates: at least {LEAST_RATES} tell kinetics")
    levels = np.array(CONVERSIONS)
    at = [_at(run, levels) for run in runs]
    kelvin = np.array([k for k, _ in at])  # (run, level)
    ln_rate = np.array([np.log(r) for _, r in at])
    energy, intercept, residual = _friedman(kelvin, ln_rate)
    # The scatter around the lines, of all conversions together: one line over few runs knows little of it.
    freedom = max(len(runs) - 2, 1)
    scatter = float(np.sqrt(np.mean(np.sum(residual**2, axis=0)) / freedom))
    rng = np.random.default_rng(len(runs))
    draws = []
    for _ in range(DRAWS):
        # A thermocouple is wrong by the same at all conversions of a run; so is what else makes a run differ.
        warmer = rng.normal(0, temperature_sd_K, (len(runs), 1))
        faster = rng.normal(0, scatter, (len(runs), 1))
        draws.append(_friedman(kelvin + warmer, ln_rate + faster)[:2])
    spread = np.array(draws)
    return Kinetics(
        levels,
        energy,
        spread[:, 0].std(axis=0, ddof=1),
        intercept,
        _integral(runs, levels),
        spread,
        (float(kelvin.min()) - KELVIN, float(kelvin.max()) - KELVIN),
    )


def _at(run: Conversion, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Temperature in K and rate in 1/s where a run reaches each conversion."""
    rising = np.maximum.accumulate(run.conversion) + 1e-12 * np.arange(run.conversion.size)
    time = np.interp(levels, rising, run.time_s)
    rate = np.interp(time, run.time_s, np.gradient(run.conversion, run.time_s))
    kelvin = np.interp(time, run.time_s, run.temperature_degC) + KELVIN
    return kelvin, np.maximum(rate, 1e-12)


def _friedman(kelvin: np.ndarray, ln_rate: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, ln[A f] and residuals of the lines ln(rate) over 1/T at each conversion."""
    x = -1 / (GAS_CONSTANT_J_MOL_K * kelvin)
    centred = x - x.mean(axis=0)
    energy = (centred * ln_rate).sum(axis=0) / (centred**2).sum(axis=0)
    intercept = ln_rate.mean(axis=0) - energy * x.mean(axis=0)
    return energy, intercept, ln_rate - intercept - energy * x


def _integral(runs: Sequence[Conversion], levels: np.ndarray) -> np.ndarray:
    """Energies that make the temperature integral of each step of conversion the same in all runs (Vyazovkin)."""
    from scipy.optimize import minimize_scalar

    edges = np.concatenate([[0.5 * levels[0]], 0.5 * (levels[1:] + levels[:-1]), [0.5 * (1 + levels[-1])]])  # fmt: skip
    energies = []
    for low, high in pairwise(edges):
        pieces: Pieces = []
        for run in runs:
            rising = np.maximum.accumulate(run.conversion) + 1e-12 * np.arange(run.conversion.size)
            first, last = np.interp([low, high], rising, run.time_s)
            time = np.linspace(float(first), float(last), 30)
            pieces.append((time, np.interp(time, run.time_s, run.temperature_degC) + KELVIN))
        middle = float(np.mean([1 / k.mean() for _, k in pieces]))

        def misfit(energy: float, pieces: Pieces = pieces, middle: float = middle) -> float:
            j = np.array(
                [
                    np.trapezoid(np.exp(-energy / GAS_CONSTANT_J_MOL_K * (1 / k - middle)), t)
                    for t, k in pieces
                ]
            )
            ratio = j[:, None] / j[None, :]
            return float(ratio.sum() - len(j))

        energies.append(
            float(minimize_scalar(misfit, bounds=ENERGY_RANGE_J_MOL, method="bounded").x)
        )
    return np.array(energies)


def predict(kinetics: Kinetics, time_s: np.ndarray, temperature_degC: np.ndarray) -> np.ndarray:
    """Conversion on a temperature programme, with the uncertainty's draws.

    Parameters
    ----------
    kinetics : Kinetics
    time_s, temperature_degC : (n,) arrays
        The programme; interpolated linearly.

    Returns
    -------
    (1 + draw, n) array
        The first row is the estimate.
    """
    kelvin = np.asarray(temperature_degC, float) + KELVIN
    time = np.asarray(time_s, float)
    fine, energy, need = _steps_of_conversion(kinetics)
    return np.array([_march(fine, e, n, time, kelvin) for e, n in zip(energy, need, strict=True)])


def held(kinetics: Kinetics, temperature_degC: float, hours: Sequence[float]) -> np.ndarray:
    """Conversion after so many hours at one temperature: (1 + draw, n) array."""
    fine, energy, need = _steps_of_conversion(kinetics)
    thermal = GAS_CONSTANT_J_MOL_K * (temperature_degC + KELVIN)
    # Logarithms: a cold oven takes longer than a number can hold.
    seconds = np.exp(np.minimum(np.log(need) + energy / thermal, 600.0))
    reached = np.concatenate([np.zeros((len(seconds), 1)), np.cumsum(seconds, axis=1)], axis=1)
    ends = 3600 * np.asarray(hours, float)
    return np.array([np.interp(ends, at, fine) for at in reached])


def _steps_of_conversion(kinetics: Kinetics) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of small steps of conversion; energy in each, and the time that it takes at infinite temperature.

    The estimate and the draws, (1 + draw, step). Below the lowest level the rate is constant, above the highest it falls
    to nothing with what is left.
    """
    low, high = kinetics.conversion[0], kinetics.conversion[-1]
    fine = np.concatenate(
        [np.linspace(0, low, 6)[:-1], np.linspace(low, high, 91), np.linspace(high, 1, 30)[1:]]
    )
    middle = 0.5 * (fine[1:] + fine[:-1])
    slows = np.minimum(np.log((1 - middle) / (1 - high)), 0.0)
    pairs = np.concatenate([[[kinetics.energy_J_mol, kinetics.ln_rate]], kinetics.draws])
    inside = np.clip(middle, low, high)
    energy, ln_rate = (
        np.array([np.interp(inside, kinetics.conversion, pair[k]) for pair in pairs])
        for k in (0, 1)
    )
    return fine, energy, np.diff(fine) / np.exp(ln_rate + slows)


def _march(
    fine: np.ndarray, energy: np.ndarray, need: np.ndarray, time: np.ndarray, kelvin: np.ndarray
) -> np.ndarray:
    """Conversion along a programme: step by step of conversion, each taking the time that its rate needs."""
    at, done, now = [time[0]], [0.0], float(time[0])
    for k in range(need.size):
        t = np.concatenate([[now], time[time > now]])
        factor = np.exp(-energy[k] / (GAS_CONSTANT_J_MOL_K * np.interp(t, time, kelvin)))
        grown = np.concatenate([[0.0], np.cumsum(0.5 * (factor[1:] + factor[:-1]) * np.diff(t))])
        if grown[-1] < need[k]:
            # The programme ends within this step.
            at.append(time[-1])
            done.append(fine[k] + (fine[k + 1] - fine[k]) * grown[-1] / need[k])
            break
        now = float(np.interp(need[k], grown, t))
        at.append(now)
        done.append(fine[k + 1])
    return np.interp(time, at, done)
