"""Line shapes, backgrounds, factors and lengths far from the shipped configuration, held number by number (`kept_numbers`)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xraylib
from coatbench.arrays import Arrays
from coatbench.xps import background, lineshapes
from coatbench.xps.asymmetry import anisotropy, beta
from coatbench.xps.attenuation import lattice_length_nm, length_of, material_of
from coatbench.xps.library import library, proposed, states
from coatbench.xps.lines import Lines, cumulate
from coatbench.xps.model import Component
from coatbench.xps.quantify import libraries, rsf, transmission
from coatbench.xps.survey_lines import auger_of, lines_of
from kept_numbers import hold

KEPT = Path(__file__).parent / "kept"
CLOSED = 1e-8  # relative: what is computed in one go, without iteration
PHOTONS = (1253.6, 1486.6, 2984.3, 5414.8)
ELEMENTS = [xraylib.AtomicNumberToSymbol(z) for z in range(3, 99)]


def test_kept_shapes() -> None:
    u = np.r_[-1000.0, -61.0, -12.3, -3.1, -1.2, -0.5, -0.1, 0.0, 0.05, 0.3, 0.5, 0.9, 2.2, 7.0, 33.0, 59.0, 61.0, 1000.0]  # fmt: skip
    found: dict[str, Any] = {}
    for name in (
        "GL(0)", "GL(17)", "GL(83)", "GL(100)", "SGL(0)", "SGL(41)", "SGL(100)", "Voigt(0)", "Voigt(23)", "Voigt(90)", "Voigt(100)",
        "LA(0.8,2.5,0)", "LA(1.3,2.1,70)", "LA(2.2,150)", "LA(1.53,243)", "LA(0.6,3,12)",
    ):  # fmt: skip
        value, slope = lineshapes.shape(name)(u)
        # Far out the values are small: each side is held on a scale of its own.
        weight = (1 + u * u) if not name.endswith("(0)") else 1.0
        found[name] = {"value": value, "far": value * weight, "slope": slope, "slope far": slope * weight}  # fmt: skip
    hold(KEPT / "shapes.csv", found, 1e-7)


def test_kept_tails() -> None:
    u = np.r_[-70.0, -2.0, -0.7, -0.2, 0.0, 0.1, 0.6, 1.5, 4.0, 11.0, 30.0, 70.0]
    found = {}
    for name, decay in (("GL(30)", 0.5), ("Voigt(60)", 0.25), ("LA(1.2,2,30)", 2.0)):
        value, slope = lineshapes.tailed(lineshapes.shape(name), decay)(u)
        found[f"{name} {decay}"] = {"value": value, "slope": slope, "each": list(value[1:9])}
    hold(KEPT / "tails.csv", found, 1e-7)


def test_kept_components() -> None:
    """Singlets, doublets and shapes side by side: unit-area lines and their derivatives."""
    x = np.cumsum(np.r_[156.0, np.tile([0.1, 0.23, 0.4], 30)])
    single = [Component("a", (0.0,), (1.0,), "GL(30)", "a"), Component("b", (0.0,), (1.0,), "GL(30)", "b")]  # fmt: skip
    mixed = [
        Component("a", (0.0, 1.2), (0.6, 0.4), "GL(30)", "a"), Component("b", (0.0,), (1.0,), "SGL(60)", "b"),
        Component("c", (0.0, 2.1), (0.7, 0.3), "LA(1.4,2,50)", "a"),
    ]  # fmt: skip
    found = {}
    for name, components in (("one shape", single), ("mixed", mixed)):
        lines = Lines(components)
        position, fwhm = np.array([161.2, 166.4, 170.3]), np.array([0.9, 2.4, 1.3])
        value, by_position, by_fwhm = lines.evaluate(x, position[: lines.n], fwhm[: lines.n])
        assert lines.value(x, position[: lines.n], fwhm[: lines.n]) == pytest.approx(value)
        for j in range(lines.n):
            found[f"{name} {j}"] = [value[:, j], by_position[:, j], by_fwhm[:, j], cumulate(x, value)[:, j]]  # fmt: skip
    hold(KEPT / "components.csv", found, 1e-7)


STEPS = {"even": np.arange(157.0, 176.0, 0.2), "uneven": np.cumsum(np.r_[157.0, np.tile([0.1, 0.35], 40)])}  # fmt: skip


def spectrum(x: np.ndarray, loss: float) -> np.ndarray:
    """Return two lines on what their electrons lose, with a swing that stands for noise."""
    signal = 900 * np.exp(-(((x - 163.7) / 0.9) ** 2)) + 400 * np.exp(-(((x - 169.0) / 1.3) ** 2))
    return 310.0 + signal + loss * cumulate(x, signal) + 6 * np.sin(9 * x)


@pytest.mark.parametrize("steps", STEPS)
def test_kept_backgrounds(steps: str) -> None:
    x = STEPS[steps]
    rows = np.stack([np.cos(0.7 * x), (x > 165).astype(float)])
    cross = background.CrossSection
    found: dict[str, Any] = {}
    # Of the losses the largest make the plain iteration swing: it goes on in smaller parts.
    for loss in (-0.02, 0.01, 0.11, 0.3, 0.8):
        y = spectrum(x, loss)
        for kind, n_end, given in (
            ("linear", 3, None), ("shirley", 4, None), ("tougaard", 7, None), ("linear", 99, None),
            ("tougaard", 2, cross(310.0, 551.0, 436.0, 3.0)), ("tougaard", 5, cross(80.0, -1450.0)),
        ):  # fmt: skip
            name = f"{loss} {kind} {n_end}{' given' if given else ''}"
            try:
                base = background.static(kind, x, y, n_end, 1e-9, 400, given)
            except background.NotConverged as error:
                found[name] = str(error)
                continue
            assert base.kind == kind
            found[name] = [base.values, base.respond(rows)]
    # The last part of a correction that is tried leads there as well, only more slowly.
    y = spectrum(x, 0.1)
    found["in so many steps"] = " ".join(_reached(x, y, n) for n in (5, 7, 9, 11, 15, 30, 60, 120))
    hold(KEPT / f"backgrounds_{steps}.csv", found, 1e-6)


def _reached(x: np.ndarray, y: np.ndarray, most: int) -> str:
    try:
        background.shirley(x, y, 4, 1e-6, most)
    except background.NotConverged as error:
        return str(error)
    return "reached"


def test_kept_ends() -> None:
    found = {f"{n} {k}": background.ends(n, k) for n, k in ((3, 5), (4, 1), (8, 2), (8, 5), (21, 4), (40, 10), (40, 11))}  # fmt: skip
    found["tougaard of 5"] = background.tougaard(np.arange(5.0), np.array([1.0, 3, 9, 4, 2]), 1).values  # fmt: skip
    for name, x in STEPS.items():
        found[f"points {name}"] = [background.end_points(x[i:j], w) for i, j in ((0, 40), (1, 40), (1, 39)) for w in (0.05, 0.5, 1.1, 3.0)]  # fmt: skip
    found["points given"] = background.end_points(STEPS["even"], 1.1, 7)
    hold(KEPT / "ends.csv", found, CLOSED)


def test_kept_factors() -> None:
    lines = ["Li 1s", "C 1s", "O 1s", "S 2p", "S 2s", "Ni 2p", "Ni 3p", "Nb 3d", "W 4f", "W 5p", "Pb 5d", "Pb 6p", "Xx 1s", "Na KLL"]  # fmt: skip
    found: dict[str, Any] = {}
    for name in libraries():
        for photon in (math.nan, *PHOTONS, 1484.8, 1488.7):
            values = [rsf(name, line, {"Nb 3d": 8.5}, photon, 50.0) for line in lines]
            found[f"{name} {photon}"] = np.array([math.nan if v is None else v for v in values])
    found["angle not known"] = [rsf("scofield_angle", line) for line in lines]
    hold(KEPT / "factors.csv", found, CLOSED)


def test_kept_asymmetry() -> None:
    orbitals = ("1s", "2s", "2p", "3s", "3p", "3d", "4s", "4p", "4d", "4f", "5s", "5p", "5d")
    found: dict[str, Any] = {}
    for orbital in orbitals:
        for photon in (1480.0, 2000.0, 4500.0, 10000.0):
            of = [beta(f"{e} {orbital}", photon) for e in ELEMENTS]
            found[f"{orbital} {photon:g}"] = np.array([math.nan if v is None else v for v in of])
    found["outside"] = [beta(*x) for x in (("C 1s", 1479.9), ("C 1s", 10000.1), ("Xx 1s", 1486.6), ("Cf 4f", 1486.6), ("Es 4f", 1486.6), ("He 1s", 1486.6))]  # fmt: skip
    found["angles"] = [anisotropy("Nb 3d", 1486.6, a) for a in (0.0, 45.0, 90.0, 120.0, math.nan)]
    found["angles of s"] = [anisotropy("C 1s", 2984.3, a) for a in (0.0, 45.0, 90.0, 120.0)]
    hold(KEPT / "asymmetry.csv", found, CLOSED)


MATERIALS: dict[str, dict[str, dict[str, float]]] = {
    "light": {"tpp_2m": {"density_g_cm3": 0.9, "molar_mass_g_mol": 14.0, "valence_electrons": 6}},
    "heavy": {"tpp_2m": {"density_g_cm3": 7.1, "molar_mass_g_mol": 231.9, "valence_electrons": 26, "band_gap_eV": 4.2}},
    "light S3": {"seah_s3": {"density_g_cm3": 0.9, "molar_mass_g_mol": 14.0, "atoms": 3, "mean_atomic_number": 2.7}},
    "heavy S3": {"seah_s3": {"density_g_cm3": 7.1, "molar_mass_g_mol": 231.9, "atoms": 4, "mean_atomic_number": 31, "band_gap_eV": 4.2}},
}  # fmt: skip


def test_kept_lengths(config: dict) -> None:
    found: dict[str, Any] = {}
    for name, material in MATERIALS.items():
        lines = ("C 1s", "O 1s", "Ni 2p", "S 2p")
        found[name] = [length_of(line, photon, material) for photon in PHOTONS[:3] for line in lines]  # fmt: skip
        of_nickel = config["coverage"] | {"attenuation_length_nm": material, "lattice_region": "Ni 2p"}  # fmt: skip
        assert material_of(material) == material
        found[f"{name} of the lattice"] = lattice_length_nm(of_nickel)
    hold(KEPT / "lengths.csv", found, CLOSED)


def test_kept_transmission() -> None:
    axis = {"kinetic_energy_eV": ("energy", [300.0, 900.0, 1400.0])}
    own = axis | {"transmission": ("energy", [2.0, 1.5, 0.4])}
    flat = axis | {"transmission": ("energy", [1.0, 1.0, 1.0])}
    phi = {"transmission_coefficients": (31.886, 0.228), "pass_energy_eV": 55.0}
    found = {
        f"{name} {kinetic:g}": transmission(Arrays.of(data, attrs=attrs), kinetic)
        for name, data, attrs in (
            ("file", own, {}), ("flat", flat, {}), ("phi", own, phi), ("no pass energy", flat, phi | {"pass_energy_eV": math.nan}),
            ("nothing", axis, {}),
        )
        for kinetic in (-20.0, 0.5, 100.0, 700.0, 1500.0)
    }  # fmt: skip
    hold(KEPT / "transmission.csv", found, CLOSED)


def test_kept_library() -> None:
    found: dict[str, Any] = {line: proposed(line) for line in library()}
    found["states"] = np.array([[e.binding_energy_eV, e.within_eV, e.fwhm_eV] for own in states().values() for e in own])  # fmt: skip
    hold(KEPT / "library.csv", found, CLOSED)


@pytest.mark.parametrize("photon", [1253.6, 1486.6])
def test_kept_lines_of_surveys(photon: float) -> None:
    """Every element's lines and Auger groups; some of them one by one."""
    found: dict[str, Any] = {}
    every = {e: lines_of(e, photon) for e in ELEMENTS}
    for key in ("energy_eV", "last_eV", "tolerance_eV", "factor", "height"):
        found[key] = np.array([getattr(f, key) for own in every.values() for f in own])
    for orbital in ("2s", "3s", "3p", "4s", "4p", "4d", "5p"):
        found[f"height {orbital}"] = np.array([f.height for own in every.values() for f in own if f.line.endswith(orbital)])  # fmt: skip
    found["order"] = "; ".join(" ".join(f.line for f in every[e]) for e in ("C", "S", "Ni", "Nb", "W", "Bi"))  # fmt: skip
    groups = {e: auger_of(e, photon) for e in ELEMENTS[:80]}
    found["auger"] = {e: groups[e] for e in ("O", "F", "Na", "S", "Ni", "Zn", "Ag", "Sn")}
    found["every auger"] = np.array([[low, high, min(most, 99.0)] for own in groups.values() for low, high, most in own])  # fmt: skip
    hold(KEPT / f"survey_lines_{photon:g}.csv", found, CLOSED)
