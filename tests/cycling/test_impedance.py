"""Spectra of known circuits: which resistances they tell."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.cycling.impedance import Spectrum, resistances


def spectrum(frequency, impedance, noise=0.0) -> Spectrum:
    rng = np.random.default_rng(5)
    scatter = (
        noise
        * np.abs(impedance)
        * (rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size))
    )
    return Spectrum(np.arange(frequency.size), frequency, impedance + scatter)


def circuit(frequency, ohmic, *arcs):
    """Return an ohmic resistance and resistors beside capacitors (resistance in ohm, frequency of the top in Hz)."""
    return ohmic + sum(r / (1 + 1j * frequency / top) for r, top in arcs)


@pytest.mark.parametrize("order", [1, -1])
def test_known_resistances_lie_within_their_uncertainty(order):
    frequency = np.geomspace(1e6, 0.1, 57)[::order]
    found = resistances(
        spectrum(frequency, circuit(frequency, 12.0, (30.0, 2e3), (20.0, 20.0)), 1e-3), 2
    )
    assert found.ohmic == pytest.approx(12.0, abs=3 * found.ohmic_sd)
    assert found.total == pytest.approx(62.0, abs=max(3 * found.total_sd, 0.2))
    assert found.ohmic_sd < 1


def test_arc_beyond_the_highest_frequency_leaves_the_ohmic_resistance_open():
    """A fit makes it negative or uncertain by more than itself; what ends within the frequencies is still told."""
    frequency = np.geomspace(1e6, 0.1, 57)
    found = resistances(
        spectrum(frequency, circuit(frequency, 1.0, (900.0, 3e6), (100.0, 300.0)), 2e-3), 2
    )
    assert (found.ohmic, found.ohmic_sd) == (None, None)
    assert "do not reach the ohmic resistance" in found.note
    assert found.total == pytest.approx(1001.0, rel=0.02)


def test_cell_that_changed_meanwhile_gives_no_resistance():
    frequency = np.geomspace(1e5, 0.1, 40)
    drifting = circuit(frequency, 12.0, (30.0, 2e3)) * np.linspace(1.0, 1.6, 40)
    found = resistances(spectrum(frequency, drifting), 2)
    assert (found.ohmic, found.total) == (None, None)
    assert found.note == "fails the Kramers-Kronig test"


@pytest.mark.parametrize(("top_Hz", "told"), [(3e4, True), (2e5, True), (4e6, False)])
def test_ohmic_resistance_is_told_where_the_fastest_arc_ends_within_the_frequencies(top_Hz, told):
    """Small beside the rest, so that the impedance itself does not look high."""
    frequency = np.geomspace(1e6, 0.1, 57)
    z = circuit(frequency, 40.0, (12.0, top_Hz), (60.0, 50.0))
    found = resistances(spectrum(frequency, z, 2e-4), 2)
    assert (found.ohmic is not None) is told, found
    if told:
        assert found.ohmic == pytest.approx(40.0, abs=3 * found.ohmic_sd)
    assert found.total == pytest.approx(112.0, rel=0.01)
