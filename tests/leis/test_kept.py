"""What the room makes of spectra far from the shipped configuration, held number by number (`kept_numbers`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.errors import AnalysisError
from coatbench.leis import peakfit, peaks, stopping, windows
from coatbench.leis.kinematics import Geometry, elastic_energies
from coatbench.leis.peakfit import correlation
from coatbench.leis.spectrum import Spectrum, prepare
from kept_numbers import hold

from .drawn import GEOMETRIES, KEPT, expected, geometry, known, peak


def test_kept_energies():
    found = {
        name: [
            [r["element"], r["isotope"], r["mass_u"], r["abundance"], r["elastic_energy_eV"]]
            for r in elastic_energies(["O", "Cl", "Pt", "O"], geometry(name))
        ]
        for name in GEOMETRIES
    }
    hold(KEPT / "energies.csv", found)


def test_kept_depths():
    found = {}
    for name in GEOMETRIES:
        for material, element in (("LiCoO2", "Co"), ("Li3PS4", "Zr"), ("ZrO2", "O")):
            scale = stopping.depth_scale(material, geometry(name), element)
            made = {"exit_deg": scale.geometry.exit_angle_deg, "mass_u": scale.mass_u, "missing": scale.missing}  # fmt: skip
            if scale.stopping is not None:
                top = scale.geometry.of_mass_eV(scale.mass_u)
                for kind in ("total", "electronic"):
                    depth, energy = stopping.energy_of_depth(scale.stopping, scale.geometry, scale.mass_u, kind)  # fmt: skip
                    made[kind] = [depth, energy, scale.depth_nm(top * np.array([1.01, 1, 0.95, 0.7]), kind)]  # fmt: skip
            found[f"{name} {material} {element}"] = made
    hold(KEPT / "depths.csv", found)


RANGES = {
    "elements": {"low": "O", "high": "Co"}, "energies": {"low": 900, "high": 1300.5},
    "from the start": {"low": None, "high": 700}, "to the end": {"low": 1500, "high": None},
    "whole": {"low": None, "high": None}, "empty": {"low": 1500, "high": 1500}, "beyond": {"low": 20, "high": 900},
    "above": {"low": 1900, "high": 3000}, "thin": {"near_nm": 0.5, "far_nm": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", ["helium", "neon", "argon"])
def test_kept_windows(name):
    own = geometry(name)
    depths = stopping.depth_scale("LiCoO2", own, "Co")
    ranges = windows.from_config(RANGES, own, depths)
    energy = np.arange(301.0, 2301.0, 4.0)
    found = {}
    for what, noise, factor in (("counts", 1 / 50, 1.0), ("few", 0.5, 0.02)):
        drawn = np.where(energy < 1320, factor * energy / 100, 0)
        spectrum = Spectrum(energy, drawn, noise, 1 / noise, "index", 50.0, Path("a"))
        found[what] = known([windows.integrate(spectrum, w, depths) for w in ranges])
    spectrum.doubt = "another unit"
    found["doubted"] = [windows.integrate(spectrum, w, depths)["quality_note"] for w in ranges]
    hold(KEPT / f"windows_{name}.csv", found)


ENERGY = np.arange(300.0, 2301.0, 4.0)
SHAPE = 40 + 30 * np.sin(ENERGY / 150)
COUNTS = np.random.default_rng(1).poisson(SHAPE).astype(float)
WEAK = np.random.default_rng(2).poisson(SHAPE / 20).astype(float)
KERNEL = np.ones(7) / 7


def smoothed(counts: np.ndarray) -> np.ndarray:
    return np.convolve(np.pad(counts, 3, mode="edge"), KERNEL, "valid")


PER_NC = {"intensity": "counts_per_nC"}
# Of ions of 1500 eV, above whose energy there is little or more.
DARK, IONS = (np.where(ENERGY > 1530, np.round(n * WEAK), COUNTS) for n in (0.2, 1.5))
# Energies, intensities, cells of the index.
EXPORTS = {
    "counts": (ENERGY, COUNTS, {"dose_nC": "40"}),
    "no dose": (ENERGY, COUNTS, {}),
    "per nC": (ENERGY, COUNTS / 40, {"dose_nC": "40"} | PER_NC),
    "per nC without a dose": (ENERGY, COUNTS / 144, PER_NC),
    "per nC of another dose": (ENERGY, COUNTS / 40, {"dose_nC": "90"} | PER_NC),
    "called counts": (ENERGY, COUNTS / 40, {"dose_nC": "40"}),
    "called per nC": (ENERGY, COUNTS, {"dose_nC": "40"} | PER_NC),
    "one event": (ENERGY, WEAK / 7, {"dose_nC": "40"}),
    "few and per nC": (ENERGY, WEAK / 40, {"dose_nC": "40"}),
    "per nC at less than 1 nC": (ENERGY, WEAK / 0.9, {"dose_nC": "0.9"}),
    "scaled": (ENERGY, (COUNTS + 300) / 9.7, {"dose_nC": "40"}),
    "frozen": (ENERGY, np.round(SHAPE), {"dose_nC": "40"}),
    "few and frozen": (ENERGY, np.round(SHAPE / 20), {"dose_nC": "40"}),
    "smoothed": (ENERGY, smoothed(COUNTS), {"dose_nC": "40"}),
    "smoothed per nC": (ENERGY, smoothed(COUNTS) / 40, {"dose_nC": "40"} | PER_NC),
    "smoothed and weak": (ENERGY, smoothed(smoothed(WEAK)), {"dose_nC": "40"}),
    "smoothed in steps of 12 eV": (3 * ENERGY, smoothed(COUNTS), {"dose_nC": "40"}),
    "smoothed in steps of 1 eV": (ENERGY / 4, smoothed(COUNTS), {"dose_nC": "40"}),
    "smoothed and rounded": (ENERGY, np.round(smoothed(COUNTS)), {"dose_nC": "40"}),
    "smoothed and scaled": (ENERGY, 0.913 * smoothed(COUNTS), {"dose_nC": "40"}),
    "each channel four times": (ENERGY, np.repeat(COUNTS, 4)[: ENERGY.size] / 9.7, {"dose_nC": "40"}),
    "the same in every channel": (ENERGY, np.full(ENERGY.size, 7.5), {"dose_nC": "40"}),
    "no counts": (ENERGY, np.zeros(ENERGY.size), {"dose_nC": "40"}),
    "dark": (ENERGY, DARK, {"dose_nC": "40"}),
    "ions beyond their energy": (ENERGY, IONS, {"dose_nC": "40"}),
    "negative": (ENERGY, COUNTS - 20, {"dose_nC": "40"}),
    "a little negative": (ENERGY, COUNTS / 40 - 0.2, {"dose_nC": "40"} | PER_NC),
    "keV": (ENERGY / 1000, COUNTS, {"dose_nC": "40"}),
    "a dose of 0": (ENERGY, COUNTS, {"dose_nC": "0"}),
    "a dose in words": (ENERGY, COUNTS, {"dose_nC": "much"}),
    "another unit": (ENERGY, COUNTS, {"intensity": "cps"}),
}  # fmt: skip


def prepared(what: str, config: dict) -> dict:
    """What a spectrum is, or why it is refused."""
    energy, intensity, cells = EXPORTS[what]
    own = config | {"beam_current_nA": 1.2, "ion_energy_eV": 1500 if what in ("dark", "ions beyond their energy") else 9500}  # fmt: skip
    block = Arrays.of({"intensity": ("energy", intensity)}, {"energy_eV": ("energy", energy)})
    try:
        s = prepare({"heating_temperature_degC": "75"} | cells, Path("a.txt"), block, own)
    except AnalysisError as error:
        return {"refused": str(error)}
    return {
        "heated to": s.heating_temperature_degC, "dose": [s.dose_nC, s.dose_source, s.fluence_ions_cm2(2.5)],
        "noise": [s.noise_per_intensity, s.alike, s.step_eV], "doubt": s.doubt, "warnings": s.warnings, "variance": s.variance(),
    }  # fmt: skip


def test_kept_spectra(config):
    hold(KEPT / "spectra.csv", {what: prepared(what, config) for what in EXPORTS})


# --- surface peaks ---------------------------------------------------------------------------------------

LOOKED_FOR = {"peak_window_below_eV": 75, "peak_window_above_eV": 25, "detection_significance": 4, "peak_fwhm_eV": [40, 52]}  # fmt: skip


def drawn(intensity: np.ndarray, energy: np.ndarray, dose: float, seed: int) -> Spectrum:
    counts = np.random.default_rng(seed).poisson(intensity * dose) / dose
    return Spectrum(energy, counts, 1 / dose, dose, "index", 50.0, Path("a"))


def told(spectrum: Spectrum, config: dict, own: Geometry) -> dict:
    """Rows of the peaks, and the curves of their fits."""
    found = {}
    for p in peaks.find(spectrum, config | LOOKED_FOR, own):
        row = known([p.row()])[0]
        found[p.element] = row | {"channels": [p.channels.start, p.channels.stop], "background": p.background, "model": p.model}  # fmt: skip
    return found


@pytest.mark.parametrize("name", ["helium", "neon"])
def test_kept_peaks(config, name):
    """On an edge and before it, strong and weak, at the end of the signal; absent, out of reach, off the spectrum."""
    own = geometry(name)
    elements = {"helium": ["C", "O", "F/Na", "Si", "Co/Ni", "Au"], "neon": ["C", "S", "Ti/Fe", "Co", "Zr"]}[name]  # fmt: skip
    energy = {"helium": np.arange(500.0, 2299.0, 3.0), "neon": np.arange(400.0, 3200.0, 5.0)}[name]
    areas = {e: (a, 44.0) for e, a in zip((e.split("/")[0] for e in elements if e not in ("C", "Au")), (60, 12, 4, 25, 9), strict=False)}  # fmt: skip
    spectrum = drawn(expected(energy, own, edge="Co", peaks=areas, height=2.0), energy, 90.0, 3)
    hold(KEPT / f"peaks_{name}.csv", told(spectrum, config | {"elements": elements}, own))


def test_kept_peaks_of_few_smoothed_and_coarse_channels(config):
    own = geometry("helium")
    config = config | {"elements": ["O", "Co"]}
    found = {}
    for what, step, dose in (("few counts", 4.0, 0.5), ("coarse", 11.0, 40.0), ("too coarse", 25.0, 40.0), ("nothing", 4.0, 1e-4), ("fine", 1.0, 40.0)):  # fmt: skip
        energy = np.arange(600.0, 2299.0, step)
        shape = expected(energy, own, edge="Co", peaks={"O": (30, 45), "Co": (25, 50)}, height=0.5 * step)  # fmt: skip
        found[what] = told(drawn(shape, energy, dose, 5), config, own)
    spectrum = drawn(expected(ENERGY, own, edge="Co", peaks={"O": (30, 45)}), ENERGY, 40.0, 6)
    spectrum.counts_per_nC, spectrum.alike = smoothed(spectrum.counts_per_nC), 7.0
    found["smoothed"] = told(spectrum, config, own)
    dip = expected(ENERGY, own, edge="Ni") - peak(ENERGY, own.energy_eV("O") - 30, 60, 45)
    found["a dip"] = told(drawn(dip, ENERGY, 90.0, 7), config, own)
    hold(KEPT / "peaks_others.csv", found)


def test_kept_helpers_of_fits():
    white = np.random.default_rng(8).normal(size=300)
    slow = np.convolve(white, [0.2, 0.5, 0.8, 0.5, 0.2], "valid")
    ends = [peakfit._ends(np.where(np.arange(n) < n - empty, 5.0, 0.1)) for n in (20, 60, 95) for empty in (2, 3, 4, 6, 9)]  # fmt: skip
    found = {"correlation": [correlation(x) for x in (white, slow, slow[:20], np.zeros(30), np.linspace(-1, 1, 40))], "ends": ends}  # fmt: skip
    hold(KEPT / "fits.csv", found)
