"""Impedance spectra that stand in a cell's record: set apart, tested, and read for ohmic and total resistance.

A spectrum is fitted by an ohmic resistance, an inductance, a capacitance and resistors beside capacitors whose time
constants lie evenly over its frequencies: a linear problem, and a sum that obeys the Kramers-Kronig relations by itself
(Boukamp, J. Electrochem. Soc. 1995, 142, 1885; Schönleber et al., Electrochim. Acta 2014, 131, 20). Where it does not
describe the spectrum, the cell was not linear, or changed while it was measured: then no resistance is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays
from .half_cycles import Cycle
from .record import NAMES, Record

# Time constants per decade of frequency; other choices give the uncertainty of the choice.
PER_DECADE = (2.0, 3.0, 4.0)
LEAST_POINTS = 8
# An arc has ended where it has come down to this share of its height.
ENDED = 0.15
# An imaginary part that still rises with frequency, above this share of the impedance, belongs to an arc beyond.
STILL_HIGH = 0.02


@dataclass(frozen=True)
class Spectrum:
    """One sweep over frequency.

    Attributes
    ----------
    rows : (n,) int array
        Of the record.
    frequency_Hz : (n,) array
    impedance_ohm : (n,) complex array
        Not a number where the export holds frequencies only.
    """

    rows: npt.NDArray[np.intp]
    frequency_Hz: npt.NDArray
    impedance_ohm: npt.NDArray


@dataclass(frozen=True)
class Resistances:
    """What a spectrum gives, in ohm; None where it does not.

    Attributes
    ----------
    residual_percent : float
        Root mean square of the misfit over the magnitude of the impedance.
    ohmic, ohmic_sd, total, total_sd : float or None
        `ohmic`: limit of high frequency. `total`: where the last arc comes down to the real axis, before diffusion.
    note : str
    """

    residual_percent: float | None
    ohmic: float | None = None
    ohmic_sd: float | None = None
    total: float | None = None
    total_sd: float | None = None
    note: str = ""


def spectra(data: Record) -> list[Spectrum]:
    """Return the spectra of a record in order: a sweep ends where another record stands or the frequency turns back."""
    rows = np.flatnonzero(data.alternating & np.isfinite(data.frequency_Hz))
    if rows.size == 0:
        return []
    frequency = data.frequency_Hz[rows]
    ratio = np.log10(frequency[1:] / frequency[:-1])
    # A turn: the frequency goes back by more than a repeated point would.
    falling = np.sign(np.median(ratio)) if ratio.size else -1.0
    new = (np.diff(rows) > 1) | (ratio * (falling or -1.0) < -0.5)
    groups = np.split(np.arange(rows.size), np.flatnonzero(new) + 1)
    return [Spectrum(rows[g], frequency[g], data.impedance_ohm[rows[g]]) for g in groups]


def _design(omega: npt.NDArray, per_decade: float) -> npt.NDArray[np.complexfloating]:
    """Return the parts of the model at each angular frequency: ohmic, inductive, capacitive, then the arcs."""
    low, high = 1.0 / omega.max(), 1.0 / omega.min()
    count = max(3, min(round(per_decade * np.log10(high / low)) + 1, omega.size // 2))
    tau = np.geomspace(low, high, count)
    arcs = 1.0 / (1.0 + 1j * np.outer(omega, tau))
    return np.column_stack((np.ones(omega.size), 1j * omega, 1.0 / (1j * omega), arcs))


def _fit(
    omega: npt.NDArray, impedance: npt.NDArray, per_decade: float
) -> tuple[npt.NDArray, npt.NDArray, float]:
    """Return the fitted impedance, the parameters' standard deviations over them, and the residual (percent)."""
    design = _design(omega, per_decade)
    weight = 1.0 / np.abs(impedance)
    a = np.vstack(((design.real.T * weight).T, (design.imag.T * weight).T))
    b = np.concatenate((impedance.real * weight, impedance.imag * weight))
    scale = np.linalg.norm(a, axis=0)
    u, s, vt = np.linalg.svd(a / scale, full_matrices=False)
    keep = s > 1e-8 * s[0]
    inverse = (vt[keep].T / s[keep]) @ u[:, keep].T
    parameters = (inverse @ b) / scale
    misfit = a @ parameters - b
    freedom = max(b.size - int(keep.sum()), 1)
    variance = float(misfit @ misfit) / freedom
    sd = np.sqrt(variance * np.sum((vt[keep].T / s[keep]) ** 2, axis=1)) / scale
    return parameters, sd, 100.0 * float(np.sqrt(np.mean(misfit**2)))


def resistances(spectrum: Spectrum, most_residual_percent: float) -> Resistances:
    """Read ohmic and total resistance off a spectrum that passes the Kramers-Kronig test.

    Parameters
    ----------
    spectrum : Spectrum
    most_residual_percent : float
        Misfit above which the test fails.
    """
    known = np.isfinite(spectrum.impedance_ohm) & (np.abs(spectrum.impedance_ohm) > 0)
    if known.sum() < LEAST_POINTS:
        why = "no impedance in the export" if not known.any() else "too few frequencies"
        return Resistances(None, note=why)
    omega, impedance = 2 * np.pi * spectrum.frequency_Hz[known], spectrum.impedance_ohm[known]
    if np.log10(omega.max() / omega.min()) < 1:
        return Resistances(None, note="less than a decade of frequency")
    fits = [_fit(omega, impedance, n) for n in PER_DECADE]
    best = min(range(len(fits)), key=lambda i: fits[i][2])
    parameters, sd, residual = fits[best]
    if residual > most_residual_percent:
        return Resistances(residual, note="fails the Kramers-Kronig test")
    good = [(n, f) for n, f in zip(PER_DECADE, fits, strict=True) if f[2] <= most_residual_percent]
    ohmic = float(parameters[0])
    # The fastest arc ends at the highest frequency: what of it is ohmic the spectrum does not tell.
    choice = float(np.std([f[0][0] for _, f in good]))
    top, below = _without_inductance(omega, parameters, omega.max() * np.array([1.0, 0.5]))
    beyond = max(abs(float(parameters[3])), -float(top.imag)) / math.sqrt(12)
    ohmic_sd = math.hypot(float(sd[0]), choice, beyond)
    found = Resistances(residual, ohmic, ohmic_sd)
    rising = -top.imag > max(-below.imag, STILL_HIGH * abs(top))
    if rising or ohmic <= ohmic_sd:
        # An arc has its top beyond the highest frequency: how wide it is nothing tells.
        found = Resistances(residual, note="the frequencies do not reach the ohmic resistance")
    totals = [t for _, f in good if (t := _foot(omega, f[0], f[2])) is not None]
    here = _foot(omega, parameters, residual)
    if here is None or here <= 0:
        notes = (found.note, "the arcs do not end within the frequencies")
        return replace(found, note="; ".join(note for note in notes if note))
    # The misfit of single points and what the choice of time constants does.
    noise = 0.01 * residual * abs(here)
    return replace(found, total=here, total_sd=float(np.hypot(noise, np.std(totals))))


def _without_inductance(
    omega: npt.NDArray, parameters: npt.NDArray, at: npt.NDArray
) -> npt.NDArray[np.complexfloating]:
    """Return the fitted impedance at other angular frequencies, without that of the leads."""
    # The time constants are those of the measured frequencies.
    tau = np.geomspace(1.0 / omega.max(), 1.0 / omega.min(), parameters.size - 3)
    arcs = (parameters[3:] / (1.0 + 1j * np.outer(at, tau))).sum(axis=1)
    return np.asarray(parameters[0] + parameters[2] / (1j * at) + arcs)


def _foot(omega: npt.NDArray, parameters: npt.NDArray, residual_percent: float) -> float | None:
    """Return the real part where the last arc comes down: a minimum of -Im before diffusion, or the end of the arc.

    What is no higher than the misfit is no arc.
    """
    fine = np.geomspace(omega.max(), omega.min(), 400)
    model = _without_inductance(omega, parameters, fine)
    minus = -model.imag
    inner = minus[1:-1]
    tops = 1 + np.flatnonzero((inner > minus[:-2]) & (inner >= minus[2:]))
    feet = 1 + np.flatnonzero((inner < minus[:-2]) & (inner <= minus[2:]))
    noise = 0.03 * residual_percent * np.abs(model)
    tops = tops[minus[tops] > noise[tops]]
    if tops.size == 0:
        return None
    after = feet[feet > tops[-1]]
    if after.size:
        return float(model.real[after[-1]])
    if minus[-1] < max(ENDED * minus[tops[-1]], noise[-1]):
        return float(model.real[-1])
    return None


def rows_of(
    data: Record, cycles: Sequence[Cycle], area_cm2: float | None, most_residual_percent: float
) -> list[dict[str, Any]]:
    """Return the rows of the table cycling_impedance."""
    halves = [(half, cycle.number) for cycle in cycles for half in cycle.halves]
    found = []
    for number, spectrum in enumerate(spectra(data), 1):
        first = int(spectrum.rows[0])
        before = [(half, n) for half, n in halves if half.first < first]
        half, cycle = before[-1] if before else (None, None)
        result = resistances(spectrum, most_residual_percent)
        row: dict[str, Any] = {
            "spectrum": number,
            "cycle": cycle,
            "after": "" if half is None else NAMES[half.direction],
            "time_s": data.time_s[first],
            "potential_V": float(np.mean(data.voltage_V[spectrum.rows])),
            "frequency_low_Hz": float(spectrum.frequency_Hz.min()),
            "frequency_high_Hz": float(spectrum.frequency_Hz.max()),
            "n": int(spectrum.rows.size),
            "kramers_kronig_residual_percent": result.residual_percent,
        }
        for name in ("ohmic", "total"):
            for kind in ("", "_sd"):
                value = getattr(result, f"{name}{kind}")
                row[f"{name}_resistance_ohm{kind}"] = value
                row[f"{name}_resistance_ohm_cm2{kind}"] = (
                    None if value is None or area_cm2 is None else value * area_cm2
                )
        found.append(row | {"note": result.note})
    return found


def curves(data: Record, rows: Sequence[dict[str, Any]]) -> Arrays:
    """Return the spectra as one set, filled up with not-a-number."""
    found = spectra(data)
    if not found:
        return Arrays.of({})
    most = max(s.rows.size for s in found)
    frequency = np.full((len(found), most), np.nan)
    impedance = np.full((len(found), most), np.nan, complex)
    for i, s in enumerate(found):
        frequency[i, : s.rows.size] = s.frequency_Hz
        impedance[i, : s.rows.size] = s.impedance_ohm
    dims = ("spectrum", "point")
    return Arrays.of(
        {
            "frequency_Hz": (dims, frequency, {"units": "Hz"}),
            "real_ohm": (dims, impedance.real, {"units": "ohm"}),
            "imaginary_ohm": (dims, impedance.imag, {"units": "ohm"}),
        },
        coords={
            "cycle": ("spectrum", [row["cycle"] or 0 for row in rows]),
            "after": ("spectrum", [row["after"] or "before" for row in rows]),
        },
    )
