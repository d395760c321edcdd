"""One run on a uniform grid: mass in percent of the initial mass, corrected for buoyancy; DSC; temperature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from .artefacts import Artefact, clean
from .segments import COOLING, Segment, end_of_segments, segments_of
from .smooth import MIN_WINDOW, Grid, onto_grid, smooth

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig
    from ..readers.model import Export

POINTS_PER_WINDOW = 9
MAX_POINTS = 200_000
# The programme ends where the last cooling starts: the furnace leaves this range below its maximum at such a rate.
COOLING_K, COOLING_K_S, COOLING_SHARE = 30.0, 0.5 / 60, 0.05
# A record that stays within so much is isothermal. Widths in K are times, taken at this rate or a faster one of the ramps.
ISOTHERMAL_K, SLOWEST_K_S = 5.0, 1 / 60
RATE_S = 60.0  # over which a rate of temperature is taken
GAP_FACTOR, GAP_S = 10, 60.0  # a pause in the record that is worth a warning
PROGRAMME_TOLERANCE_K = 5.0
# No furnace jumps so far between two records; no laboratory is this hot in degC, and most are in K.
JUMP_K, ROOM_K = 50.0, (283.0, 310.0)


@dataclass
class Run:
    """A thermogram on a uniform grid.

    Attributes
    ----------
    grid : Grid
    mass_percent : (n,) array
        Of the initial mass.
    dsc : (n,) array or None
        In the unit of the export; exothermic sign as in `exo`.
    dsc_unit : str
    exo : int
        Sign of an exothermic signal, 0 if the export does not say.
    initial_mass_mg : float
        NaN if not given.
    buoyancy : str
        ``blank``, ``instrument`` (a correction was subtracted before export) or ``none``.
    drift_sd_percent : float
        Standard uncertainty of the mass over the whole run that buoyancy and the balance leave, in percent.
    warnings : list of str
    artefacts : list of Artefact
        What of the balance was left out.
    segments : list of Segment
        As the file names them; empty where it does not.
    doubts : list of str
        Why no event of the run is to be trusted as it stands.
    """

    grid: Grid
    mass_percent: np.ndarray
    dsc: np.ndarray | None
    dsc_unit: str
    exo: int
    initial_mass_mg: float
    buoyancy: str
    drift_sd_percent: float
    warnings: list[str] = field(default_factory=list)
    artefacts: list[Artefact] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def drift(self, kelvin: float) -> float:
        """Standard uncertainty in percent of a change of mass over so many K; 0 if it is not known.

        It grows with the square root of the distance, as for a random walk: a balance wanders, and what a
        blank run leaves of buoyancy does not grow steadily either.
        """
        if self.drift_sd_percent != self.drift_sd_percent:
            return 0.0
        span = max(float(self.grid.temperature_degC.max() - self.grid.temperature_degC.min()), 1.0)
        return self.drift_sd_percent * min(1.0, max(kelvin, 0.0) / span) ** 0.5


def prepare(export: Export, blank: Export | None, config: TgaMsConfig) -> Run:
    """Bring an export onto a uniform grid, from its start to the end of the last ramp or hold.

    Parameters
    ----------
    export : Export
        A Proteus text or NGB binary.
    blank : Export or None
        A run of the empty crucible with the same programme.

    Raises
    ------
    AnalysisError
        No mass, or too few records to smooth.
    """
    block = export.sets[0]
    if "temperature_degC" not in block:
        raise AnalysisError(
            export.path, "columns", "temperature and mass", ", ".join(block.variables),
            "an export of ion currents belongs into ms_file",
        )  # fmt: skip
    if "mass_percent" not in block and "mass_mg" not in block:
        advice = "export the mass signal; a blank run belongs into blank_file"
        raise AnalysisError(
            export.path, "columns", "a mass in percent, or in mg with the sample mass",
            ", ".join(block.variables), advice,
        )  # fmt: skip
    warnings: list[str] = []
    time = block["time_s"].astype(float)
    temperature = block["temperature_degC"].astype(float)
    segments, note = segments_of(block, time, temperature)
    doubts = [*([note] if note else []), *_odd_temperatures(time, temperature)]
    warnings += doubts
    grid, stop = _grid(export, time, temperature, segments, config["smoothing_window_K"], warnings)
    initial = float(block.attrs["sample_mass_mg"])
    if "mass_percent" in block:
        percent = np.asarray(block["mass_percent"])[:stop].astype(float)
    else:
        mg = np.asarray(block["mass_mg"])[:stop].astype(float)
        initial = float(np.nanmedian(mg[: max(5, int(np.searchsorted(time, time[0] + RATE_S)))]))
        if not initial > 0:
            raise AnalysisError(
                export.path, "mass", "an initial mass above 0 mg", f"{initial:g} mg"
            )
        percent = 100 * mg / initial
        warnings.append(f"no sample mass in the header: percent of the first {initial:.3f} mg")
    percent, artefacts = clean(time[:stop], temperature[:stop], percent)
    warnings += [a.note for a in artefacts]
    mass = onto_grid(time[:stop], percent, grid.time_s)
    if not np.isfinite(mass).all():
        raise AnalysisError(export.path, "mass", "known values", "none in a whole column")
    buoyancy, drift_sd = "none", float("nan")
    if block.attrs.get("corrected"):
        buoyancy = "instrument"
        if blank is not None:
            warnings.append(
                "a correction is already subtracted in the export: blank_file is not used"
            )
    elif blank is not None:
        correction, note = _blank_percent(blank, grid, initial, config["smoothing_window_K"])
        if correction is None:
            warnings.append(note)
        else:
            mass, buoyancy = mass - correction, "blank"
            if note:
                warnings.append(note)
    sd_mg = config["buoyancy_sd_mg" if buoyancy == "none" else "buoyancy_corrected_sd_mg"]
    if np.isfinite(initial):
        drift_sd = sd_mg / initial * 100
    elif buoyancy != "blank":
        warnings.append(
            "no sample mass in the header: mass changes carry no uncertainty of buoyancy"
        )
    dsc = None
    name = next((n for n in ("dsc", "dta") if n in block), None)
    if name is not None and np.isfinite(block[name][:stop]).any():
        dsc = onto_grid(time[:stop], block[name][:stop], grid.time_s)
    unit = str(block.attrs_of(name).get("units", "")) if name is not None else ""
    return Run(
        grid, mass, dsc, unit, int(block.attrs.get("exo", 0)), initial, buoyancy, drift_sd, warnings, artefacts,
        segments, doubts,
    )  # fmt: skip


def _odd_temperatures(time: np.ndarray, temperature: np.ndarray) -> list[str]:
    """Say what no furnace does: two runs in one file, another unit than the column's."""
    found = []
    jumps = np.diff(temperature)
    at = int(np.argmax(np.abs(jumps)))
    if abs(jumps[at]) > JUMP_K:
        found.append(
            f"the temperature jumps by {jumps[at]:+.0f} K at {time[at] / 60:.1f} min: two runs in one file, or a part that is missing"
        )
    if ROOM_K[0] <= temperature[0] <= ROOM_K[1]:
        found.append(f"the record starts at {temperature[0]:.0f} degC: kelvin?")
    return found


def _grid(
    export: Export,
    time: np.ndarray,
    temperature: np.ndarray,
    segments: list[Segment],
    smoothing_K: float,
    warnings: list[str],
) -> tuple[Grid, int]:
    """Return the grid over the heating and the number of records that belong to it."""
    stop = _end_of_programme(time, temperature, segments)
    if stop < temperature.size:
        warnings.append(
            f"{temperature.size - stop} records after {time[stop - 1] / 60:.1f} min "
            f"({temperature[stop - 1]:.1f} degC) are cooling and left out"
        )
    time, temperature = time[:stop], temperature[:stop]
    steps = np.diff(time)
    if stop < 4 * MIN_WINDOW or not time[-1] > time[0]:
        raise AnalysisError(
            export.path, "records", f"at least {4 * MIN_WINDOW} while heating", f"{stop}"
        )
    rate = max(heating_rate_K_s(time, temperature), SLOWEST_K_S)
    typical = float(np.median(steps[steps > 0]))
    wanted = smoothing_K / rate / POINTS_PER_WINDOW
    step = max(wanted, typical, (time[-1] - time[0]) / MAX_POINTS)
    n = int((time[-1] - time[0]) / step) + 1
    if n < 4 * MIN_WINDOW:
        n = 4 * MIN_WINDOW
        step = (time[-1] - time[0]) / (n - 1)
    grid_s = time[0] + step * np.arange(n)
    gaps = int(((steps > GAP_FACTOR * typical) & (steps > GAP_S)).sum())
    if gaps:
        warnings.append(
            f"{gaps} pauses longer than {GAP_S:.0f} s in the record (an export on equal temperature "
            "steps leaves out isothermal segments); in between, values are interpolated"
        )
    smooth_t = onto_grid(time, temperature, grid_s)
    grid = Grid(grid_s, smooth_t, rate)
    return Grid(grid_s, smooth(smooth_t, grid.window(smoothing_K)), rate), stop


def heating_rate_K_s(time: np.ndarray, temperature: np.ndarray) -> float:
    """Median rate of the ramps, since most records of a run may be an isothermal hold; 0 without any."""
    steps = np.diff(time)
    rates = np.diff(temperature)[steps > 0] / steps[steps > 0]
    if not rates.size or np.ptp(temperature) < ISOTHERMAL_K:
        return 0.0
    ramp = rates[rates > 0.2 * np.quantile(rates, 0.9)]
    return max(float(np.median(ramp)), 0.0) if ramp.size else 0.0


def _end_of_programme(time: np.ndarray, temperature: np.ndarray, segments: list[Segment]) -> int:
    """Number of records before the last cooling, as the file's segments say, else as the temperature shows."""
    named = end_of_segments(segments, time, temperature, COOLING_K)
    # A record that goes on after its programme may be held or left to cool.
    if named and (segments[-1].kind == COOLING or segments[-1].stop_s >= time[-1]):
        return named
    return max(named, _end_by_temperature(time, temperature))


def _end_by_temperature(time: np.ndarray, temperature: np.ndarray) -> int:
    """Number of records before the last cooling; a hold belongs to the programme, with the overshoot before it."""
    top = float(temperature.max())
    last = int(np.flatnonzero(temperature >= top - COOLING_K)[-1])
    if last == temperature.size - 1 and temperature[last] > top - COOLING_K / 2:
        # Held to the end, or an overshoot that relaxes.
        return int(temperature.size)
    inside = np.arange(0, last + 1)
    even = np.arange(time[0], time[last] + 1e-9, RATE_S / 4)
    if even.size < 8:
        return last + 1
    level = np.interp(even, time[inside], temperature[inside])
    rate = (level[4:] - level[:-4]) / RATE_S
    limit = max(COOLING_K_S, COOLING_SHARE * float(np.quantile(rate, 0.9)))
    k = rate.size - 1
    while k > 0 and rate[k] < -limit:
        k -= 1
    # The rate belongs to the middle of its time; cooling starts where the temperature was still held.
    start = int(
        np.searchsorted(
            time, even[min(k + 4, even.size - 1)] if k < rate.size - 1 else time[last], "right"
        )
    )
    return max(start, 1)


def _blank_percent(
    blank: Export, grid: Grid, initial_mg: float, smoothing_K: float
) -> tuple[np.ndarray | None, str]:
    """Return the apparent mass change of the empty crucible in percent of the sample mass, and a note."""
    block = blank.sets[0]
    name = next((n for n in ("mass_change_mg", "mass_mg") if n in block), None)
    if name is None or "temperature_degC" not in block:
        return (
            None,
            f"{blank.path.name}: expected a mass in mg, found none: buoyancy is not corrected",
        )
    if not np.isfinite(initial_mg):
        return None, "no sample mass in the header: the blank run cannot be subtracted"
    time = block["time_s"].astype(float)
    temperature = block["temperature_degC"].astype(float)
    mg = block[name].astype(float)
    n = int(np.argmax(temperature)) + 1
    if n < MIN_WINDOW or not np.isfinite(mg[:n]).all():
        return None, f"{blank.path.name}: too few records while heating: buoyancy is not corrected"
    cleaned, artefacts = clean(time, temperature, mg * (100 / initial_mg))
    mg = cleaned * (initial_mg / 100)
    elapsed = grid.time_s - grid.time_s[0]
    of_blank = np.interp(elapsed, time - time[0], temperature)
    same = np.max(np.abs(of_blank - grid.temperature_degC)) < PROGRAMME_TOLERANCE_K
    note = ""
    if same:
        change = onto_grid(time - time[0], mg, elapsed)
    else:
        note = f"{blank.path.name}: another temperature programme: subtracted at equal temperature"
        # Buoyancy follows the gas density, so the temperature, whatever the programme.
        rising = np.maximum.accumulate(temperature[:n])
        change = np.interp(grid.temperature_degC, rising, mg[:n])
    if temperature.max() < grid.temperature_degC.max() - PROGRAMME_TOLERANCE_K:
        note = (
            f"{blank.path.name}: ends at {temperature.max():.0f} degC, the run at "
            f"{grid.temperature_degC.max():.0f} degC: its last value is held above"
        )
    note = "; ".join(
        [*(f"{blank.path.name}: {a.note}" for a in artefacts), *([note] if note else [])]
    )
    smoothed = smooth(change, grid.window(5 * smoothing_K))
    return (smoothed - smoothed[0]) * (100 / initial_mg), note
