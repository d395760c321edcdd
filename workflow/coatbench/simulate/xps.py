"""XPS exports of a coated cathode powder: Al K-alpha, pass energy 29.35 eV, three spots.

Lines are the product form GL(30) with the planted full width, doublets 2:1, on a Shirley background (each
electron gives a constant loss tail), charged by the planted shift; counts are Poisson. Written with its own
code, so that it tests the analysis. The file name's extension chooses the writer: .npl MultiPak, .spe PHI,
.vms re-saved by CasaXPS with an operator's regions and components in the comments; a row with `sample_in_file`
adds its sample to a file of several.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import xps_surface
from .write_phi_spe import write_spe
from .write_vamas import SpectrumRecord, add_sample, write_casaxps, write_multipak

MIXING = 0.3
PASS_ENERGY_EV, STEP_EV = 29.35, 0.1
SURVEY_PASS_ENERGY_EV, SURVEY_STEP_EV = 117.4, 0.8
# Components whose lines stand at planted energies: splitting (eV) and share of the second line.
SPLITTING_EV = {"S 2p": 1.16, "P 2p": 0.84, "Ni 2p": 17.3}
# The nickel envelope: main line and satellite, energies relative to the planted one, widths, shares.
NICKEL = ((0.0, 1.0, 0.62), (6.6, 1.9, 0.38))
C_O_OFFSET_EV = 1.5
TOUGAARD_B, TOUGAARD_C = 2866.0, 1643.0  # eV^2; S. Tougaard, Surf. Interface Anal. 11 (1988) 453
UNCONNECTED_SHARE = 0.3  # of the surface, where charging differs within a spot
SPOT_SHIFT_EV, SPOT_SCALE, SPOT_UNCOVERED = 0.06, 0.08, 0.06  # scatter between spots


@dataclass(frozen=True)
class Window:
    """How a region is acquired: binding energies in eV, counting time in s, background in counts/s."""

    low_eV: float
    high_eV: float
    time_s: float
    level_cps: float
    loss_per_eV: float


WINDOWS = {
    "C 1s": Window(276.0, 299.0, 6.0, 260.0, 0.012),
    "O 1s": Window(520.0, 542.0, 3.0, 620.0, 0.014),
    "S 2p": Window(152.5, 179.0, 16.0, 210.0, 0.010),
    "P 2p": Window(123.0, 143.5, 40.0, 170.0, 0.010),
    "Ni 2p": Window(843.0, 894.0, 30.0, 980.0, 0.010),
}


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: Mapping[str, Any],
    seed: int,
) -> None:
    """Write the exports of one sample (.npl, .spe or .vms); its first spot has a survey.

    Truth: ``surface.*`` and ``xps.*`` quantities; see `xps_surface.areas`, `components` and `Trouble`;
    ``xps.trouble.<spot>.differential_charge_eV``: what a part of that spot charges more than the rest. Settings, all
    optional: xps_time_factor, xps_pass_energy_eV, xps_step_eV, xps_without (list of regions).
    """
    for number, row in enumerate(rows):
        spot = row.get("spot") or str(number + 1)
        spectra = spot_spectra(sample, spot, truth, settings, seed)
        if spot == "1":
            spectra.insert(0, _survey(sample, truth, seed))
        path = Path(folder) / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        inside = row.get("sample_in_file")
        writers = {".npl": write_multipak, ".spe": write_spe, ".vms": write_casaxps}
        writer = add_sample if inside else writers[path.suffix]
        writer(path, inside or sample, spectra)


def spot_spectra(
    sample: str, spot: str, truth: Mapping[str, float], settings: Mapping[str, Any], seed: int
) -> list[SpectrumRecord]:
    """Return the detail spectra of one spot, with noise, in the order of acquisition."""
    rng = np.random.default_rng([seed, zlib.crc32(f"xps {sample} {spot}".encode())])
    shift, scale, uncovered = spot_conditions(sample, spot, truth, seed)
    pass_energy = float(settings.get("xps_pass_energy_eV", PASS_ENERGY_EV))
    step = float(settings.get("xps_step_eV", STEP_EV))
    areas = xps_surface.areas(truth, pass_energy, uncovered)
    spectra = []
    for region, window in WINDOWS.items():
        if (
            region in settings.get("xps_without", ())
            or truth.get(f"xps.{region}.measured", 1) < 0.5
        ):
            continue
        n = round((window.high_eV - window.low_eV) / step) + 1
        x = window.high_eV - step * np.arange(
            n
        )  # the analyser sweeps from high to low binding energy
        lines = components(region, truth, areas[region])
        # A higher pass energy lets more electrons through everywhere.
        level = window.level_cps * pass_energy / PASS_ENERGY_EV
        trouble = Trouble.of(truth)
        rate = scale * spectrum(x, lines, level, window.loss_per_eV, shift, trouble)
        apart = truth.get(f"xps.trouble.{spot}.differential_charge_eV", 0.0)
        if apart:  # a part of the surface, grains without contact, stands at another potential
            other = spectrum(x, lines, level, window.loss_per_eV, shift + apart, trouble)
            rate = rate + UNCONNECTED_SHARE * (scale * other - rate)
        time_s = window.time_s * float(settings.get("xps_time_factor", 1.0))
        counts = rng.poisson(rate * time_s)
        stored = [(name, e + shift, f, a * scale, s) for name, e, f, a, s in lines if a > 0]
        spectra.append(
            SpectrumRecord(region, x[0], -step, counts / time_s, time_s, pass_energy, stored)
        )
    return spectra


def spot_conditions(
    sample: str, spot: str, truth: Mapping[str, float], seed: int
) -> tuple[float, float, float]:
    """Return charge shift in eV, intensity factor, and factor on the uncovered share of a spot."""
    rng = np.random.default_rng([seed, zlib.crc32(f"xps spot {sample} {spot}".encode())])
    a, b, c = rng.normal(size=3)
    return (
        truth["xps.charge_shift_eV"] + SPOT_SHIFT_EV * float(a),
        math.exp(SPOT_SCALE * float(b)),
        math.exp(SPOT_UNCOVERED * float(c)),
    )


Line = tuple[str, float, float, float, float]  # component, energy, FWHM, area, splitting


def components(region: str, truth: Mapping[str, float], areas: Mapping[str, float]) -> list[Line]:
    """Return the lines of a region (energies not charged), doublets as one entry with their splitting."""
    splitting = SPLITTING_EV.get(region, 0.0)
    lines: list[Line] = []
    for name, area in areas.items():
        if name == "C-O":
            energy = truth["xps.C 1s.adventitious.binding_energy_eV"]
            energy += truth.get("xps.C 1s.C-O.offset_eV", C_O_OFFSET_EV)
            fwhm = truth["xps.C 1s.adventitious.fwhm_eV"]
        else:
            energy = truth[f"xps.{region}.{name}.binding_energy_eV"]
            fwhm = truth[f"xps.{region}.{name}.fwhm_eV"]
        parts = NICKEL if region == "Ni 2p" else ((0.0, 1.0, 1.0),)
        for offset, width, share in parts:
            lines.append((name, energy + offset, fwhm * width, area * share, splitting))
    return lines


@dataclass(frozen=True)
class Trouble:
    """What a spectrum has that a model of symmetric lines on a Shirley background has not.

    Attributes
    ----------
    tail_share : float
        Share of a line's area in a tail to higher binding energy.
    tail_decay : float
        Full widths over which the tail falls by e.
    tougaard : bool
        Losses follow the universal cross section B T / (C + T^2)^2 instead of a constant.
    """

    tail_share: float = 0.0
    tail_decay: float = 0.4
    tougaard: bool = False

    @classmethod
    def of(cls, truth: Mapping[str, float]) -> Trouble:
        """Return what a truth table plants: ``xps.tail_share``, ``xps.tail_decay``, ``xps.tougaard`` (0 or 1)."""
        return cls(
            truth.get("xps.tail_share", 0.0),
            truth.get("xps.tail_decay", 0.4),
            truth.get("xps.tougaard", 0.0) > 0.5,
        )


def spectrum(
    x: np.ndarray,
    lines: list[Line],
    level: float,
    loss_per_eV: float,
    shift: float,
    trouble: Trouble | None = None,
) -> np.ndarray:
    """Return the expected counts/s at binding energies x (descending)."""
    trouble = trouble or Trouble()
    total = np.zeros(len(x))
    for _, energy, fwhm, area, splitting in lines:
        parts = [(energy, 2 / 3), (energy + splitting, 1 / 3)] if splitting else [(energy, 1.0)]
        for position, share in parts:
            u = (x - position - shift) / fwhm
            total += area * share * _with_tail(u, trouble) / fwhm
    step = abs(x[1] - x[0])
    if trouble.tougaard:
        loss = step * np.arange(len(x))
        kernel = TOUGAARD_B * loss / (TOUGAARD_C + loss**2) ** 2 * step
        return np.asarray(level + total + np.convolve(total[::-1], kernel)[: len(x)][::-1])
    # Every electron of a line adds a constant tail at all higher binding energies.
    from_low = np.cumsum(total[::-1])[::-1] - 0.5 * total
    return np.asarray(level + total + loss_per_eV * step * from_low)


def _with_tail(u: np.ndarray, trouble: Trouble) -> np.ndarray:
    if trouble.tail_share <= 0:
        return line_shape(u)
    grid = np.linspace(-30, 60, 18001)
    step = grid[1] - grid[0]
    decay = np.exp(-step * np.arange(round(20 * trouble.tail_decay / step)) / trouble.tail_decay)
    core = line_shape(grid)
    tail = np.convolve(core, decay / decay.sum())[: len(grid)]
    mixed = (1 - trouble.tail_share) * core + trouble.tail_share * tail
    return np.asarray(np.interp(u, grid, mixed))


def line_shape(u: np.ndarray, m: float = MIXING) -> np.ndarray:
    """Return the product of Gaussian and Lorentzian of unit full width at half maximum and unit area."""
    grid = np.linspace(-30, 30, 60001)

    def product(v: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-4 * math.log(2) * (1 - m) * v**2) / (1 + 4 * m * v**2))

    curve = product(grid)
    above = grid[curve >= 0.5]
    width = above[-1] - above[0]  # of the literal form; the planted width is the true one
    area = float(np.sum(curve) * (grid[1] - grid[0])) / width
    return product(np.asarray(u) * width) / area


def _survey(sample: str, truth: Mapping[str, float], seed: int) -> SpectrumRecord:
    rng = np.random.default_rng([seed, zlib.crc32(f"xps survey {sample}".encode())])
    n = round(1100 / SURVEY_STEP_EV) + 1
    x = 1100.0 - SURVEY_STEP_EV * np.arange(n)
    shift = truth["xps.charge_shift_eV"]
    areas = xps_surface.areas(truth, SURVEY_PASS_ENERGY_EV)
    rate = np.full(n, 4000.0) + 4.0 * x
    for region, window in WINDOWS.items():
        lines = [
            (c, e, f + 1.2, a, s) for c, e, f, a, s in components(region, truth, areas[region])
        ]
        rate = rate + spectrum(x, lines, 0.0, window.loss_per_eV, shift)
    time_s = 0.4
    rates = rng.poisson(rate * time_s) / time_s
    return SpectrumRecord("Su 1s", x[0], -SURVEY_STEP_EV, rates, time_s, SURVEY_PASS_ENERGY_EV, [])
