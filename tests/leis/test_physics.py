"""Kinematics and depth scale: against published numbers, closed formulas and an independent program."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coatbench.leis.kinematics import (
    DATA,
    Geometry,
    elastic_energies,
    elastic_energy_eV,
    isotopes,
    mean_mass_u,
)
from coatbench.leis.stopping import Stopping, depth_of_energy, energy_of_depth, load

from . import stopping_table


@pytest.fixture
def geometry(config) -> Geometry:
    return Geometry(config)


@pytest.mark.parametrize(
    ("element", "energy"),
    [
        ("C", 847.4), ("N", 1027.3), ("O", 1182.0), ("F", 1376.5), ("Na", 1581.2), ("Al", 1741.2),
        ("Si", 1779.4), ("P", 1869.4), ("S", 1899.9), ("Cl", 1985.6), ("K", 2064.2), ("Ti", 2211.4),
        ("Mn", 2300.3), ("Fe", 2310.3), ("Co", 2342.2), ("Ni", 2339.8), ("Cu", 2384.8), ("Zr", 2557.1),
        ("Nb", 2564.5), ("In", 2642.5), ("W", 2771.5), ("Au", 2786.2),
    ],
)  # fmt: skip
def test_elastic_energies(geometry, element, energy):
    # 3 keV 4He at 145 degrees; S was computed from 32.06, the table's isotopes give 32.065.
    assert geometry.energy_eV(element) == pytest.approx(energy, abs=0.25)


def test_isotope_energies(config):
    rows = elastic_energies(["S", "P", "Li", "Ni"], Geometry(config))
    found = {(r["element"], r["isotope"]): r["elastic_energy_eV"] for r in rows}
    assert found["S", 34] == pytest.approx(1949.8, abs=0.1)
    assert [found["Li", 6], found["Li", 7]] == pytest.approx([155.5, 277.5], abs=0.1)
    assert [found["Ni", n] for n in (58, 60, 62)] == pytest.approx(
        [2332.2, 2351.9, 2370.5], abs=0.1
    )
    assert found["Ni", None] == pytest.approx(2339.8, abs=0.1)


def test_elastic_collision_conserves_energy_and_momentum():
    # The recoil that momentum asks for has to carry the energy that the ion lost.
    m, big, e0, theta = 4.0026, 58.69, 3000.0, math.radians(145)
    e = elastic_energy_eV(big, m, e0, 145)
    p0, p = math.sqrt(2 * m * e0), math.sqrt(2 * m * e)
    recoil = np.array([p0 - p * math.cos(theta), -p * math.sin(theta)])
    assert recoil @ recoil / (2 * big) == pytest.approx(e0 - e, rel=1e-12)


def test_backscattering_from_a_lighter_atom_is_impossible():
    with pytest.raises(ValueError, match="does not scatter"):
        elastic_energy_eV(1.008, 4.0026, 3000, 145)


def test_isotope_table_gives_the_standard_atomic_weights():
    # IUPAC 2021, abridged; a typing error in a mass or abundance shows here.
    weights = {
        "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990,
        "Mg": 24.305, "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078,
        "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845, "Co": 58.933, "Ni": 58.693,
        "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630, "Zr": 91.224, "Nb": 92.906, "Mo": 95.95,
        "In": 114.82, "Sn": 118.71, "La": 138.91, "Ta": 180.95, "W": 183.84, "Pt": 195.08, "Au": 196.97,
        "Bi": 208.98, "Pb": 207.2,
    }  # fmt: skip
    for element, weight in weights.items():
        assert mean_mass_u(element) == pytest.approx(weight, abs=0.02), element
        assert sum(a for _, a in isotopes(element)) == pytest.approx(1, abs=1e-4), element


def test_unknown_names_are_told(geometry):
    with pytest.raises(ValueError, match="no isotopes of 'Xx'"):
        mean_mass_u("Xx")
    with pytest.raises(ValueError, match="no stopping power of 'mud' in the table; known: NCM85"):
        load("mud")


@pytest.mark.parametrize("ion", ["He", "Ne"])
def test_frozen_stopping_is_what_srim_gives(ion):
    frozen = (DATA / f"stopping_{ion.lower()}.csv").read_text(encoding="utf-8")
    assert frozen == stopping_table.table(ion)


@pytest.mark.parametrize(
    ("kind", "depths"),
    [
        ("total", [0.62, 0.97, 1.32, 1.67, 2.03, 2.38, 2.74, 3.10]),
        ("electronic", [1.08, 1.69, 2.30, 2.92, 3.56, 4.19, 4.84, 5.49]),
    ],
)
def test_depth_scale(geometry, kind, depths):
    energies = [2250, 2200, 2150, 2100, 2050, 2000, 1950, 1900]
    found = depth_of_energy(energies, load("NCM85"), geometry, mean_mass_u("Ni"), kind)
    assert found == pytest.approx(depths, abs=0.01)


@pytest.mark.parametrize(
    ("incidence_deg", "scattering_deg", "exit_deg"), [(0, 145, 35), (30, 120, 30), (50, 145, -15)]
)
def test_depth_at_constant_stopping_is_the_closed_formula(
    config, incidence_deg, scattering_deg, exit_deg
):
    geometry = Geometry(
        config | {"incidence_angle_deg": incidence_deg, "scattering_angle_deg": scattering_deg}
    )
    assert geometry.exit_angle_deg == exit_deg
    stopping = 100.0
    flat = Stopping("flat", (100.0, 5000.0), (stopping, stopping), (0.0, 0.0))
    depth, energy = energy_of_depth(flat, geometry, 58.693, "total")
    factor = geometry.of_mass_eV(58.693) / 3000
    way_in, way_out = (
        stopping * depth / math.cos(math.radians(a)) for a in (incidence_deg, exit_deg)
    )
    assert energy == pytest.approx(factor * (3000 - way_in) - way_out)
    assert energy[-1] > 100


def test_depth_falls_monotonously_with_energy(geometry):
    depth, energy = energy_of_depth(load("NCM85"), geometry, mean_mass_u("Ni"), "total")
    assert (np.diff(energy) < 0).all()
    assert depth[0] == 0
    assert energy[0] == pytest.approx(geometry.energy_eV("Ni"))


def test_no_depth_above_the_elastic_energy(geometry):
    """At it the surface, also where rounding makes it a little more."""
    of_nickel = load("NCM85"), geometry, mean_mass_u("Ni"), "total"
    elastic = energy_of_depth(*of_nickel)[1][0]
    assert depth_of_energy(elastic * (1 + 1e-13), *of_nickel) == 0
    assert np.isnan(depth_of_energy(2400, load("NCM85"), geometry, mean_mass_u("Ni"), "total"))
