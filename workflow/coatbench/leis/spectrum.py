"""One spectrum on a common footing: counts per nC of ions, with its counting noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays
from ..errors import AnalysisError

if TYPE_CHECKING:
    import numpy as np

ELEMENTARY_CHARGE_C = 1.602176634e-19
WHOLE = 1e-6


@dataclass
class Spectrum:
    """A dose-normalised spectrum.

    Attributes
    ----------
    energy_eV : array
        Centres of the channels, ascending, evenly spaced.
    counts_per_nC : array
        Intensity of each channel.
    noise_per_intensity : float
        Variance of a channel over its intensity, both per nC: 1/dose for counted events.
    dose_nC, dose_source : float, str
        `index`, or `config` (beam current x time).
    heating_temperature_degC : float
    file : Path
    warnings : list of str
    """

    energy_eV: np.ndarray
    counts_per_nC: np.ndarray
    noise_per_intensity: float
    dose_nC: float
    dose_source: str
    heating_temperature_degC: float
    file: Path
    warnings: list[str] = field(default_factory=list)

    @property
    def step_eV(self) -> float:
        """Width of a channel."""
        return float(self.energy_eV[1] - self.energy_eV[0])

    def variance(self) -> np.ndarray:
        """Variance of each channel in (counts/nC)^2, at least that of one event.

        A channel without a count is not one without uncertainty.
        """
        import numpy as np

        floor = self.noise_per_intensity
        return self.noise_per_intensity * np.maximum(self.counts_per_nC, floor)

    def fluence_ions_cm2(self, area_mm2: float) -> float:
        """Ions per cm2 of the scanned area."""
        return self.dose_nC * 1e-9 / ELEMENTARY_CHARGE_C / (area_mm2 * 1e-2)


def prepare(row: dict[str, str], file: Path, block: Arrays, config: dict) -> Spectrum:
    """Normalise one exported spectrum to the dose.

    Parameters
    ----------
    row : dict
        Row of the index; `dose_nC` may be empty, `intensity` is `counts` (default) or `counts_per_nC`.
    file : Path
        For messages.
    block : Arrays
        As the reader returns it.
    config : dict
        `beam_current_nA`, `acquisition_time_s`.

    Raises
    ------
    AnalysisError
        Negative intensities, or an index cell that is no number above zero.
    """
    import numpy as np

    energy = np.asarray(block["energy_eV"])
    intensity = np.asarray(block["intensity"])
    if intensity.min() < 0:
        raise AnalysisError(
            file, f"{energy[intensity.argmin()]:g} eV", "counts", f"{intensity.min():g}",
            "export the spectrum without background subtraction",
        )  # fmt: skip
    if not intensity.any():
        raise AnalysisError(file, "spectrum", "counts", "none in any channel")
    temperature = _number(row, "heating_temperature_degC", file)
    if given := (row.get("dose_nC") or "").strip():
        dose, source = _number(row, "dose_nC", file), "index"
        if dose <= 0:
            raise AnalysisError(file, "index dose_nC", "a dose above 0 nC", given)
    else:
        dose, source = config["beam_current_nA"] * config["acquisition_time_s"], "config"
    kind = (row.get("intensity") or "counts").strip()
    if kind not in ("counts", "counts_per_nC"):
        raise AnalysisError(file, "index intensity", "counts or counts_per_nC", kind)
    normalised = intensity if kind == "counts_per_nC" else intensity / dose
    noise, warnings = _noise(normalised * dose, kind)
    return Spectrum(energy, normalised, noise / dose, dose, source, temperature, file, warnings)


def _noise(counts: np.ndarray, kind: str) -> tuple[float, list[str]]:
    """Variance over mean of the counts: 1 for counted events, else from the scatter of neighbours."""
    import numpy as np

    if kind == "counts_per_nC" or np.all(np.abs(counts - np.round(counts)) < WHOLE):
        return 1.0, []
    # The third difference cancels everything smooth; its variance is 20 times that of a channel.
    expected = (counts[:-3] + 9 * counts[1:-2] + 9 * counts[2:-1] + counts[3:]) / 20
    scaled = np.diff(counts, 3)[expected > 0] ** 2 / (20 * expected[expected > 0])
    # The median of chi-square with one degree of freedom; peaks and spikes do not move it.
    factor = float(np.median(scaled)) / 0.4549364
    return factor, [
        "intensities are not whole numbers: they were scaled or smoothed before the export, so the "
        f"uncertainty follows the scatter of neighbouring channels ({factor:.3g} x Poisson)"
    ]


def _number(row: dict[str, Any], column: str, file: Path) -> float:
    try:
        return float(row[column])
    except (KeyError, TypeError, ValueError):
        raise AnalysisError(
            file, f"index {column}", "a number", repr(row.get(column, ""))
        ) from None
