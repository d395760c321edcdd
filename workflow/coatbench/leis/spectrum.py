"""One spectrum on a common footing: counts per nC of ions, with its counting noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Arrays
from ..errors import AnalysisError

if TYPE_CHECKING:
    from ..config_types import LeisConfig

ELEMENTARY_CHARGE_C = 1.602176634e-19
WHOLE = 1e-6
KEV_BELOW = 100.0  # a spectrum that ends below is one in keV
# Above the ions' own energy there is nothing but dark counts: this share of the mean is more.
ABOVE_SHARE, ABOVE_ENERGY = 0.05, 1.02
# Scatter over that of counts, from which on dose or unit are wrong; and how well it tells a unit.
TWICE, SAME_UNIT = 2.0, 1.6
# Whole numbers are counts, unless they scatter so much less; few do not tell.
PLENTY, FROZEN = 10.0, 0.25
# Channels so far apart (in eV, and in channels) share no smoothing; they then scatter so many times as neighbours do.
APART_EV, APART, SMOOTHED = 24.0, 12, 3.0
# Variance of a third difference of a running mean over n channels is 0.6/n of its channels', that of sums n times.
MEAN_OF_N = 0.6
MULTIPLES = 30  # channels of so many events at most tell the size of one


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
    doubt : str
        What is wrong with its intensities; empty without.
    alike : float
        By how much more sums of channels scatter than neighbours differ: smoothing makes these alike.
    """

    energy_eV: np.ndarray
    counts_per_nC: np.ndarray
    noise_per_intensity: float
    dose_nC: float
    dose_source: str
    heating_temperature_degC: float
    file: Path
    warnings: list[str] = field(default_factory=list)
    doubt: str = ""
    alike: float = 1.0

    @property
    def step_eV(self) -> float:
        """Width of a channel."""
        return float(self.energy_eV[1] - self.energy_eV[0])

    def variance(self) -> np.ndarray:
        """Variance of each channel in (counts/nC)^2, at least that of one event.

        A channel without a count is not one without uncertainty.
        """
        floor = self.noise_per_intensity
        return self.noise_per_intensity * np.maximum(self.counts_per_nC, floor)

    def fluence_ions_cm2(self, area_mm2: float) -> float:
        """Ions per cm2 of the scanned area."""
        return self.dose_nC * 1e-9 / ELEMENTARY_CHARGE_C / (area_mm2 * 1e-2)


def prepare(row: dict[str, str], file: Path, block: Arrays, config: LeisConfig) -> Spectrum:
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
        `beam_current_nA`, `acquisition_time_s`, `ion_energy_eV`.

    Raises
    ------
    AnalysisError
        Negative intensities, the same one in every channel, an index cell that is no number above zero, or another unit than the index says.
    """
    energy = np.asarray(block["energy_eV"])
    intensity = np.asarray(block["intensity"])
    if intensity.min() < 0:
        raise AnalysisError(
            file, f"{energy[intensity.argmin()]:g} eV", "counts", f"{intensity.min():g}",
            "export the spectrum without background subtraction",
        )  # fmt: skip
    if not intensity.any():
        raise AnalysisError(file, "spectrum", "counts", "none in any channel")
    if intensity.min() == intensity.max():
        raise AnalysisError(
            file, "spectrum", "counts that differ between channels", f"{intensity.min():g} in every channel",
            "export the measured spectrum",
        )  # fmt: skip
    if energy[-1] < KEV_BELOW:
        raise AnalysisError(
            file, "energies", "eV", f"up to {energy[-1]:g}: keV?", "export them in eV"
        )
    above = intensity[energy > ABOVE_ENERGY * config["ion_energy_eV"]]
    if above.size and above.mean() > ABOVE_SHARE * intensity.mean():
        raise AnalysisError(
            file, "spectrum", f"no ions above their own {config['ion_energy_eV']:g} eV", f"counts up to {energy[-1]:g} eV",
            "set leis: ion_energy_eV",
        )  # fmt: skip
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
    alike = 1.0
    if smoothed := _smoothed(
        intensity * (1.0 if kind == "counts" else dose), float(energy[1] - energy[0])
    ):
        noise, alike, doubt = smoothed
    else:
        noise, doubt = _noise(file, intensity, kind, dose)
    if not noise > 0:
        raise AnalysisError(
            file, "spectrum", "channels that scatter", "most are as smooth as if rounded or computed",
            "export the measured counts with all their digits",
        )  # fmt: skip
    return Spectrum(
        energy, normalised, noise / dose, dose, source, temperature, file, [doubt] if doubt else [], doubt, alike
    )  # fmt: skip


def _smoothed(counts: np.ndarray, step_eV: float) -> tuple[float, float, str] | None:
    """Variance over mean of sums, by how much more than that of one channel it is, and what to doubt; None unless smoothed."""
    if np.all(np.abs(counts - np.round(counts)) < WHOLE):
        return None
    apart = max(2, min(APART, round(APART_EV / step_eV)))
    # Between channels that interpolation made there is no scatter at all.
    near, far = _scatter(counts), _scatter(counts, apart)
    near = near or WHOLE * far
    if not far > SMOOTHED * near:
        return None
    # Counts scatter no more than counts do: what is more is the spectrum's own shape, which far channels see.
    factor = min(MEAN_OF_N * far**2 / near, 1.0)
    return (
        factor,
        max(factor / near, 1.0),
        "channels go together with their neighbours: smoothed before the export, so the uncertainty follows the scatter of "
        f"those {apart * step_eV:g} eV apart ({factor:.3g} x Poisson)",
    )


def _noise(file: Path, intensity: np.ndarray, kind: str, dose: float) -> tuple[float, str]:
    """Variance over mean of the counts (1 for counted events, else from the scatter of neighbours), and what to doubt.

    Raises
    ------
    AnalysisError
        The intensities are in another unit than the index says.
    """
    whole = bool(np.all(np.abs(intensity - np.round(intensity)) < WHOLE))
    other = {"counts": "counts_per_nC", "counts_per_nC": "counts"}[kind]
    if kind == "counts":
        if whole and np.median(intensity) >= PLENTY and (smooth := _scatter(intensity)) < FROZEN:
            return (
                1.0,
                f"channels scatter {smooth:.2g} times as much as counts: smoothed, or not measured",
            )
        if whole:
            return 1.0, ""
        event = _one_event(intensity)
        factor = event or _scatter(intensity)
        if 1 / SAME_UNIT < factor * dose < SAME_UNIT and dose > SAME_UNIT:
            raise AnalysisError(file, "index intensity", f"{other}: so the channels scatter", kind)
        if event:
            return event, (
                f"no counts: one event is {event:.3g}. Write counts, or counts_per_nC and the dose, or ratios hold only between "
                "spectra that were divided by the same number"
            )
        return factor, (
            "intensities are not whole numbers: they were scaled or smoothed before the export, so the "
            f"uncertainty follows the scatter of neighbouring channels ({factor:.3g} x Poisson)"
        )
    if whole and dose > SAME_UNIT:
        raise AnalysisError(file, "index intensity", f"{other}: they are whole numbers", kind)
    factor = _scatter(intensity * dose)
    if 1 / TWICE < factor < TWICE:
        return 1.0, ""
    return factor, (
        f"channels scatter {factor:.3g} times as much as counts at {dose:g} nC: another dose or unit, or a spectrum that was smoothed"
    )


def _scatter(counts: np.ndarray, apart: int = 1) -> float:
    """Variance over mean, from the scatter of neighbouring channels, or of those so many channels apart."""
    if apart > 1:
        return float(np.median([_scatter(counts[i::apart]) for i in range(apart)]))
    # The third difference cancels everything smooth; its variance is 20 times that of a channel.
    expected = (counts[:-3] + 9 * counts[1:-2] + 9 * counts[2:-1] + counts[3:]) / 20
    scaled = np.diff(counts, 3)[expected > 0] ** 2 / (20 * expected[expected > 0])
    # The median of chi-square with one degree of freedom; peaks and spikes do not move it.
    return float(np.median(scaled)) / 0.4549364


def _one_event(intensity: np.ndarray) -> float:
    """Intensity of one event, where weak channels are multiples of the weakest; 0 where they are not."""
    least = float(intensity[intensity > 0].min())
    events = intensity[(intensity > 0) & (intensity < MULTIPLES * least)] / least
    distinct = np.unique(np.round(events)).size
    off = np.abs(events - np.round(events))
    return least if distinct > 2 and np.all(off < 0.02 * events) else 0.0


def _number(row: dict[str, Any], column: str, file: Path) -> float:
    try:
        return float(row[column])
    except (KeyError, TypeError, ValueError):
        raise AnalysisError(
            file, f"index {column}", "a number", repr(row.get(column, ""))
        ) from None
