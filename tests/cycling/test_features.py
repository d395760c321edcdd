"""Features of curves whose shape is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coatbench.cycling import features, judge
from coatbench.cycling.dqdv import Curve

BIN_V, WIDTH_V, CENTRE_V = 1e-3, 5.5e-3, 3.0


@pytest.mark.parametrize("slope", [4e3, -4e3])
def test_height_of_a_shoulder_is_that_over_the_chord_of_its_bulge(slope):
    """A Gaussian on a straight flank bulges between its turning points, 6 bins to either side with their neighbours."""
    potential = CENTRE_V + BIN_V * np.arange(-100, 101)
    away = (potential - CENTRE_V) / WIDTH_V
    values = 1000 + slope * (potential - CENTRE_V) + 10 * np.exp(-0.5 * away**2)
    curve = Curve(potential, values, values, BIN_V, 1.0, 1.0)
    (found,) = features.shoulders(curve, 1.0, 2.95, 3.05)
    assert found.potential_V == pytest.approx(CENTRE_V, abs=1e-9)
    assert found.prominence == pytest.approx(10 * (1 - math.exp(-0.5 * (6 / 5.5) ** 2)), rel=1e-6)
    assert found.height == pytest.approx(1010, rel=1e-9)
    assert features.shoulders(curve, 1.0, 3.01, 3.05) == []


@pytest.mark.parametrize(
    ("named", "said"),
    [("7", "cycle 7"), ("5-7", "cycle 7"), ("8-9", "cycles 8-9"), ("2;7;90", "cycles 7, 90"), ("6", "")],
)  # fmt: skip
def test_cycles_beyond_the_last_are_named(named, said):
    assert judge.beyond(named, 6) == said


@pytest.mark.parametrize(("bins", "n"), [(1, 0), (2, 1), (3, 1)])
def test_a_bulge_of_a_single_bin_is_no_shoulder(bins, n):
    flank = np.arange(101.0)  # whole numbers: what is straight has no bend
    flank[50 : 50 + bins] += 20
    curve = Curve(2.9 + 0.002 * np.arange(101), flank, flank, 2e-3, 1.0, 1.0)
    assert len(features.shoulders(curve, 1.0, 2.95, 3.05)) == n


def test_a_peak_that_other_bins_do_not_show_takes_no_number(config):
    voltage = np.arange(2.5, 3.7, 0.005)

    def curve(*tops):
        values = 50 + sum(h * np.exp(-0.5 * ((voltage - at) / 0.02) ** 2) for at, h in tops)
        return Curve(voltage, values, values, 0.005, 100.0, 1.0)

    real = (3.1, 300), (3.4, 200)
    found = features.find(curve((2.7, 40), *real), [curve(*real)] * 4, 1, config["dqdv"], 1e-3)
    assert [f.name for f in found] == ["peak 1", "peak 2"]
    assert [f.potential_V for f in found] == pytest.approx([3.1, 3.4], abs=1e-3)
