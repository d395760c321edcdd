"""Forward model of a thermogravimetric run with evolved gases, and the instruments' exports of it.

Every gas that the balance loses reaches the spectrometer: the mass follows from the integrals of the fluxes, the
ion currents from the fluxes, so both tell one story. Reactions are of first order with an Arrhenius rate: they have tails
without beginning and end. "Onset" and "end" are where one is seen to begin and to be over: SEEN_PERCENT has changed, or LEFT_PERCENT is
left to change.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from .write_proteus import write_proteus
from .write_quadstar import write_quadstar

# Natural abundances (Meija et al., Pure Appl. Chem. 88 (2016) 293) of 34S/32S and 18O/16O.
S34, O18 = 0.04474, 0.002055
FRAGMENT_48_64 = 0.49  # SO+ from SO2 at 70 eV
BACKGROUND_A = {
    18: 6e-10,
    28: 2e-8,
    32: 5e-9,
    44: 4e-11,
    48: 2e-12,
    50: 1.5e-12,
    64: 1.2e-12,
    66: 1e-12,
}
CHANNELS = (64, 48, 18, 28, 32, 44, 66, 50)  # in the order of the method, which is not ascending
SENSITIVITY_A_MG_MIN = 1.6e-9  # m/z 64 per mg/min of SO2
LATER_K = 2.5
CYCLE_S, RECORD_S = 4.13, 2.0
LABORATORY = datetime(2024, 3, 12, 9, 41)


GAS_CONSTANT_J_MOL_K = 8.314462618
# Of the initial mass. A slow tail bends the baseline that it is seen to leave; at the end the rate falls off faster than any
# power of the temperature, and nothing but the noise hides the rest: ten times that of the balance.
SEEN_PERCENT, LEFT_PERCENT = 0.3, 0.05


def extent(temperature: np.ndarray, start: float, end: float, percent: float) -> np.ndarray:
    """Extent of a first-order reaction at a constant heating rate, whose step of `percent` is seen from `start` to `end`.

    1 - exp(-u), u proportional to T^2 exp(-E/RT): the first term of the temperature integral (A. W. Coats, J. P. Redfern,
    Nature 201 (1964) 68). Activation energy and rate follow from the two temperatures.
    """
    first, last = -np.log1p(-SEEN_PERCENT / percent), -np.log(LEFT_PERCENT / percent)
    low, high, kelvin = start + 273.15, end + 273.15, np.asarray(temperature) + 273.15
    energy_R = (np.log(last / first) - 2 * np.log(high / low)) / (1 / low - 1 / high)
    done = last * (kelvin / high) ** 2 * np.exp(-energy_R * (1 / kelvin - 1 / high))
    extent: np.ndarray = -np.expm1(-np.minimum(done, 700.0))
    return extent


def reaction(
    time: np.ndarray,
    temperature: np.ndarray,
    energy_J_mol: float,
    peak_degC: float,
    rate_K_s: float,
    order: float = 1.0,
) -> np.ndarray:
    """Extent of a reaction of order n on any temperature programme, holds included.

    At `rate_K_s` a first-order reaction of this activation energy would be fastest at `peak_degC`.
    """
    peak, kelvin = peak_degC + 273.15, temperature + 273.15
    at_peak = energy_J_mol * rate_K_s / (GAS_CONSTANT_J_MOL_K * peak**2)
    rate = at_peak * np.exp(-energy_J_mol / GAS_CONSTANT_J_MOL_K * (1 / kelvin - 1 / peak))
    done = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(time))])
    if order == 1:
        return np.asarray(-np.expm1(-np.minimum(done, 700.0)))
    left = np.maximum(1 + (order - 1) * done, 0.0)
    return 1 - left ** (-1 / (order - 1)) if order > 1 else 1 - left ** (1 / (1 - order))


def furnace(
    segments: list[tuple[float, float, float]], step_s: float, overshoot_K: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Time and temperature of a programme of (rate in K/min, end in degC, hold in s); the first ends where it starts.

    After each ramp the furnace overshoots and comes back within some minutes.
    """
    temperature = [segments[0][1]]
    for rate, end, hold in segments[1:]:
        n = max(1, int(abs(end - temperature[-1]) / abs(rate) * 60 / step_s))
        ramp = np.linspace(temperature[-1], end, n + 1)[1:]
        m = int(hold / step_s)
        since = step_s * np.arange(1, m + 1)
        # A damped swing beyond the end, over the last of the ramp and the first of the hold.
        held = end + np.sign(rate) * overshoot_K * (since / 60) * np.exp(1 - since / 60)
        temperature += [*ramp, *held]
    time = step_s * np.arange(len(temperature))
    return time, np.array(temperature)


def spoil(
    time: np.ndarray, mass_percent: np.ndarray, trouble: str, size_percent: float, at_s: float = 0.0
) -> np.ndarray:
    """Return a mass with what a balance does by itself.

    `transient`: a jump at the start that decays within half a minute; `settling`: a level that is reached within two
    minutes; `glitch`: one wrong record; `slam`: a door, 20 s; `knock`: the level jumps and stays.
    """
    since = time - time[0]
    if trouble == "transient":
        return mass_percent + size_percent * np.exp(-since / 6) * (since > 0)
    if trouble == "settling":
        return mass_percent + size_percent * (1 - np.exp(-since / 40))
    if trouble == "glitch":
        spoiled = mass_percent.copy()
        spoiled[int(np.searchsorted(time, at_s))] += size_percent
        return spoiled
    if trouble == "slam":
        return mass_percent + size_percent * ((time >= at_s) & (time < at_s + 20))
    if trouble == "knock":
        return mass_percent + size_percent * (time >= at_s)
    raise ValueError(f"no such trouble: {trouble}")


def programme(truth: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Time in s and sample temperature in degC of the heating ramp, with an optional isothermal hold."""
    start, stop = truth["tga_ms.start_degC"], truth["tga_ms.stop_degC"]
    rate = truth["tga_ms.heating_rate_K_min"] / 60
    hold, hold_at = truth.get("tga_ms.hold_s", 0.0), truth.get("tga_ms.hold_degC", stop)
    # The sample follows the furnace with a first-order delay, so the ramp starts softly.
    n = int(((stop - start) / rate + hold + 40) / RECORD_S)
    time = RECORD_S * np.arange(n)
    ramp = start + rate * (time - 20 * (1 - np.exp(-time / 20)))
    reached = np.interp(hold_at, ramp, time)
    held = np.where(time < reached, ramp, np.interp(np.maximum(time - hold, reached), time, ramp))
    return time, held


def fluxes(truth: dict[str, float], temperature: np.ndarray) -> dict[str, np.ndarray]:
    """Cumulative amounts in mg over the run: what is taken up (oxygen) and what leaves (the others).

    `so2` and `phosphorus` leave in the main loss, during the slow loss and in the evaporation, `water` at the start.
    """
    mass = truth["tga_ms.sample_mass_mg"] / 100
    t = temperature
    edges = truth["tga_ms.loss_onset_degC"], truth["tga_ms.loss_end_degC"]
    lost = truth["tga_ms.loss_percent"]
    loss = lost * extent(t, *edges, lost)
    # Phosphorus leaves somewhat later than sulfur.
    late = lost * extent(t, edges[0] + LATER_K, edges[1], lost)
    slow = truth["tga_ms.slow_loss_percent_K"] * np.clip(t - truth["tga_ms.loss_end_degC"], 0, None)
    top = truth["tga_ms.stop_degC"]
    rise = np.clip(t - truth["tga_ms.evaporation_onset_degC"], 0, None)
    evaporation = (
        truth["tga_ms.evaporation_percent"]
        * (rise / (top - truth["tga_ms.evaporation_onset_degC"])) ** 2.5
    )
    sulfur, gain = truth["tga_ms.sulfur_share"], truth["tga_ms.gain_percent"]
    # Moisture that had been taken up leaves with a rate that fades from the first record on.
    water = truth["tga_ms.hydrolysis_percent"] * (1 - np.exp(-(t - t[0]) / 30))
    return {
        "oxygen": mass * gain
        * extent(t, truth["tga_ms.gain_onset_degC"], truth["tga_ms.gain_end_degC"], gain),
        "water": mass * water,
        "so2": mass * sulfur * (loss + slow + evaporation),
        "phosphorus": mass * (1 - sulfur) * (late + slow + evaporation),
    }  # fmt: skip


def true_mass_mg(truth: dict[str, float], temperature: np.ndarray) -> np.ndarray:
    """Mass of the sample: initial mass, plus oxygen, minus all gases."""
    amounts = fluxes(truth, temperature)
    lost = sum(amount for name, amount in amounts.items() if name != "oxygen")
    return truth["tga_ms.sample_mass_mg"] + amounts["oxygen"] - lost


def buoyancy_mg(truth: dict[str, float], temperature: np.ndarray) -> np.ndarray:
    """Apparent gain of the empty crucible: the gas around it gets thinner as 1/T."""
    kelvin = temperature + 273.15
    share = (1 - kelvin[0] / kelvin) / (1 - kelvin[0] / (truth["tga_ms.stop_degC"] + 273.15))
    return truth["tga_ms.buoyancy_mg"] * share


def ion_currents(
    truth: dict[str, float], time: np.ndarray, temperature: np.ndarray, cycles_s: np.ndarray
) -> np.ndarray:
    """Ion currents (channel, cycle) without noise at the furnace times `cycles_s`.

    Gas reaches the ion source through a capillary: a delay, and a first-order mixing of `mixing_s`.
    """
    rates = {}
    for name, amount in fluxes(truth, temperature).items():
        rate = np.gradient(amount, time) * 60  # mg/min
        mixing = truth["tga_ms.ms_mixing_s"]
        kernel = np.exp(-(time - time[0]) / mixing)
        rates[name] = np.convolve(rate, kernel / kernel.sum())[: time.size]
    so2 = SENSITIVITY_A_MG_MIN * rates["so2"]
    # A species of its own at m/z 66 and 50 evolves with the phosphorus, not with the sulfur.
    phosphorus = SENSITIVITY_A_MG_MIN * rates["phosphorus"] * truth["tga_ms.sulfur_share"] / (
        1 - truth["tga_ms.sulfur_share"]
    )  # fmt: skip
    so = FRAGMENT_48_64 * so2
    signal = {
        64: so2,
        48: so,
        66: (S34 + 2 * O18) * so2 + truth["tga_ms.residual_66_64"] * phosphorus,
        50: (S34 + O18) * so + truth["tga_ms.residual_50_48"] * FRAGMENT_48_64 * phosphorus,
        18: 4e-10 * rates["water"] / max(float(rates["water"].max()), 1e-30),
        32: -2e-10 * rates["oxygen"] / max(float(rates["oxygen"].max()), 1e-30),
        28: np.zeros_like(time),
        44: np.zeros_like(time),
    }
    drift = 1 + 0.4 * np.exp(-cycles_s / 1500)  # residual gas that is pumped off
    return np.stack(
        [
            BACKGROUND_A[mz] * drift + np.interp(cycles_s, time, signal[mz], 0, signal[mz][-1])
            for mz in CHANNELS
        ]
    )


def dsc(truth: dict[str, float], temperature: np.ndarray, time: np.ndarray) -> np.ndarray:
    """DSC in uV/mg, exothermic negative (`#EXO:-1`): oxidation exothermic, loss endothermic, curved baseline."""
    amounts = fluxes(truth, temperature)
    gain, loss = (np.gradient(amounts[k], time) * 60 for k in ("oxygen", "so2"))
    reduced = (temperature - 400) / 400
    return 0.05 + 0.12 * reduced - 0.05 * reduced**2 - 3.2 * gain + 1.4 * loss


def simulate(
    sample: str,
    rows: list[dict[str, Any]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the exports of all runs of one sample."""
    for row in rows:
        rng = np.random.default_rng([seed, zlib.crc32(f"tga_ms/{sample}/{row['run']}".encode())])
        time, temperature = programme(truth)
        mass = true_mass_mg(truth, temperature) + buoyancy_mg(truth, temperature)
        mass = mass + _balance_noise(time, rng)
        percent = 100 * mass / truth["tga_ms.sample_mass_mg"]
        heat = dsc(truth, temperature, time) + rng.normal(0, 0.006, time.size)
        columns = [
            ("Temp./°C", temperature + rng.normal(0, 0.02, time.size)),
            ("Time/min", time / 60),
            ("DSC/(uV/mg)", heat),
            ("Mass/%", percent),
        ]
        if row.get("tga_file"):
            write_proteus(folder / row["tga_file"], _header(sample, truth), columns)
        if row.get("blank_file"):
            empty = buoyancy_mg(truth, temperature) + _balance_noise(time, rng)
            blank = [*columns[:2], ("Mass/mg", empty)]
            header = _header("empty crucible", truth) | {"SAMPLE MASS /mg": "0"}
            write_proteus(folder / row["blank_file"], header, blank)
        if row.get("ms_file"):
            _write_ions(folder / row["ms_file"], truth, time, temperature, rng)


def _balance_noise(time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White noise of 1 ug and a slow wander of 1 ug within some minutes, in mg."""
    from scipy.signal import lfilter

    memory = np.exp(-(time[1] - time[0]) / 300)
    steps = rng.normal(0, 1e-3 * np.sqrt(1 - memory**2), time.size)
    return rng.normal(0, 1e-3, time.size) + lfilter([1], [1, -memory], steps)


def _write_ions(
    path: Path,
    truth: dict[str, float],
    time: np.ndarray,
    temperature: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """The spectrometer runs on its own: it starts earlier and its clock is not the furnace's."""
    total = time[-1] + truth["tga_ms.ms_lag_s"] + 60
    clock = np.round(CYCLE_S * np.arange(int(total / CYCLE_S)), 2)
    # A delay of lag minus mixing: the mean delay of the gas is then the lag.
    furnace = clock - (truth["tga_ms.ms_lag_s"] - truth["tga_ms.ms_mixing_s"])
    current = ion_currents(truth, time, temperature, furnace)
    # Counting noise of the multiplier, 0.3 % at 1e-10 A, and the electrometer's own.
    sigma = np.hypot(2e-14, np.sqrt(current * 1e-15))
    noisy = np.maximum(current + rng.normal(0, 1, current.shape) * sigma, 1e-15)
    pressure = 9.5e-6 * (1 + 0.02 * rng.normal(0, 1, clock.size))
    start = LABORATORY + timedelta(hours=1, seconds=23)  # nobody sets it to summer time
    write_quadstar(path, start, clock, CHANNELS, noisy, pressure)


def _header(sample: str, truth: dict[str, float]) -> dict[str, str]:
    start, stop, rate = (
        f"{truth[f'tga_ms.{k}']:.1f}".replace(".", ",")
        for k in ("start_degC", "stop_degC", "heating_rate_K_min")
    )
    ramp = f"{start}°C/{rate}(K/min)/{stop}°C"
    return {
        "EXPORTTYPE": "DATA ALL",
        "FILE": f"{sample}.ngb-ss1",
        "FORMAT": "NETZSCH5",
        "FTYPE": "ANSI",
        "IDENTITY": sample,
        "MTYPE": "DSC",
        "INSTRUMENT": "NETZSCH STA 409 PC/PG",
        "PROJECT": "",
        "DATE/TIME": f"{LABORATORY:%d.%m.%Y %H:%M}",
        "CORR. FILE": "",
        "REMARK": "simulated",
        "SAMPLE": sample,
        "SAMPLE MASS /mg": f"{truth['tga_ms.sample_mass_mg']:.3f}".replace(".", ","),
        "TYPE OF CRUCIBLE": "DSC/TG pan Al2O3",
        "PURGE 1 MFC": "SYNTH. AIR,100,0 ml/min",
        "DSC RANGE /µV": "5000",
        "TG RANGE /mg": "1000",
        "CORR. CODE": "000",
        "EXO": "-1",
        "RANGE": ramp,
        "SEGMENT": "S1/1",
        "SEG. 1": ramp,
    }
