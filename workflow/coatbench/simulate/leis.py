"""LEIS spectra of a coated oxide: 3 keV 4He+, 145 degrees, 2.6 nA for 120 s.

Forward model, in counts per nC and channel: the tail of the matrix metals, whose onset lies below their
elastic energy because none of them stands in the outermost layer; the tail of the coating, which starts at
the sulfur and phosphorus energies; surface peaks with their inelastic shift; dark counts. The planted
near-surface ratio is the share of the bare matrix tail that the sample still shows: what the coating
covers is gone from this range, since a layer of several nm takes more energy than the range is wide.
Heating to 600 degC raises the reionisation, so all intensities.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .write_qtac import write_qtac

ENERGY_EV = np.arange(500.0, 2601.0, 2.0)
DOSE_NC = 312.0
# Maximum and width of surface peaks in eV; maxima as in public spectra of this instrument.
PEAKS = {"C": (771.0, 66.0), "O": (1105.0, 60.0), "F": (1312.0, 58.0), "Na": (1518.0, 56.0)}
# Sulfur and phosphorus are not resolved: two peaks that overlap.
S_P = ((1846.0, 0.6), (1822.0, 0.4))
S_P_FWHM_EV = 56.0
MATRIX_ONSET_EV, MATRIX_ONSET_SIGMA_EV = 2245.0, 46.0
COATING_ONSET_EV, COATING_ONSET_SIGMA_EV = 1790.0, 38.0
MATRIX_COUNTS_PER_NC = 7.5
DARK_COUNTS_PER_NC = 0.004
FWHM = 2 * np.sqrt(2 * np.log(2))


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the spectra of one sample.

    Truth: `leis.near_surface_ratio_200`, `leis.gain_200`, `leis.area_O_200`, ...; the same for 600.
    Other heating temperatures are interpolated between these two. Troubles, each absent where not named:
    `leis.charging_eV` (everything stands lower), `leis.layer_shift_eV` (a closed layer: the matrix's edge alone
    does), `leis.dose_error` (relative; more ions than the index says), `leis.dose_nC`.
    """
    for row in rows:
        temperature = float(row["heating_temperature_degC"])
        expected = expected_counts_per_nC(truth, temperature)
        key = zlib.crc32(f"{sample} {temperature:g}".encode())
        rng = np.random.default_rng([seed, key])
        dose = truth.get("leis.dose_nC", DOSE_NC)
        ions = dose * (1 + truth.get("leis.dose_error", 0.0))
        intensity = rng.poisson(expected * ions).astype(float)
        if row.get("intensity") == "counts_per_nC":
            intensity /= dose
        path = Path(folder) / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        # Half of the files come from a system set to German, with lines above the numbers.
        german = key % 2 == 0
        header = ["Qtac100", sample, "4He+ 3000 eV", "Energie (eV)\tIntensität"] if german else []
        write_qtac(path, ENERGY_EV, intensity, header=header, decimal="," if german else ".")


def at_temperature(truth: dict[str, float], quantity: str, temperature_degC: float) -> float:
    """Return a planted quantity between its values at 200 and 600 degC."""
    low, high = truth[f"leis.{quantity}_200"], truth[f"leis.{quantity}_600"]
    return float(np.interp(temperature_degC, [200.0, 600.0], [low, high]))


def expected_counts_per_nC(truth: dict[str, float], temperature_degC: float) -> np.ndarray:
    """Return the noise-free spectrum on ENERGY_EV."""
    charging, layer = truth.get("leis.charging_eV", 0.0), truth.get("leis.layer_shift_eV", 0.0)

    def planted(quantity: str) -> float:
        return at_temperature(truth, quantity, temperature_degC)

    uncovered = planted("near_surface_ratio")
    spectrum = uncovered * _tail(MATRIX_ONSET_EV - layer - charging, MATRIX_ONSET_SIGMA_EV)
    spectrum += 0.9 * (1 - uncovered) * _tail(COATING_ONSET_EV - charging, COATING_ONSET_SIGMA_EV)
    for element, (centre, fwhm) in PEAKS.items():
        spectrum += planted(f"area_{element}") * _peak(centre - charging, fwhm)
    for centre, share in S_P:
        spectrum += share * planted("area_SP") * _peak(centre - charging, S_P_FWHM_EV)
    return planted("gain") * spectrum + DARK_COUNTS_PER_NC


def _tail(onset: float, sigma: float) -> np.ndarray:
    from scipy.special import erfc

    step = 0.5 * erfc((ENERGY_EV - onset) / (np.sqrt(2) * sigma))
    rise = 1 + 0.25 * (onset - ENERGY_EV) / 1000
    # Slow ions are neutralised more often than fast ones.
    survival = 1 / (1 + np.exp(-(ENERGY_EV - 720) / 170))
    tail: np.ndarray = MATRIX_COUNTS_PER_NC * step * rise * survival
    return tail


def _peak(centre: float, fwhm: float) -> np.ndarray:
    """Gaussian whose sum over channels is 1."""
    sigma = fwhm / FWHM
    width = ENERGY_EV[1] - ENERGY_EV[0]
    peak: np.ndarray = (
        width / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((ENERGY_EV - centre) / sigma) ** 2)
    )
    return peak
