"""Pulses as their own data: resistance with its uncertainty, potentials, current, duration."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from coatbench.cycling.pulses import _driven

from .test_judged import CHARGE, DISCHARGE, REST, record, run

FREE = {"charge_cutoff_V": None, "discharge_cutoff_V": None}
OHM = 50.0


def pulses(config, folder, steps, **index):
    rows = record(steps, resistance_ohm=OHM)
    return run(config, folder, rows, window=FREE).tables.get("cycling_pulses", [])


def test_resistance_tests_stand_in_their_own_table(config, tmp_path):
    test = [(-2.0, 10), (0.0, 600), (2.0, 10), (0.0, 600)]
    found = pulses(config, tmp_path, [REST, CHARGE, REST, *test, DISCHARGE, REST])
    assert [(p["kind"], p["direction"], p["cycle"]) for p in found] == [
        ("pulse", "discharge", 1),
        ("pulse", "charge", 1),
    ]
    for pulse, sign in zip(found, (-1, 1), strict=True):
        # The charge of the pulse moves the voltage too: 0.85 V per mAh.
        shift = 0.85 * 2.0 * 10 / 3600 / 2e-3
        assert pulse["resistance_first_ohm"] == pytest.approx(OHM, abs=0.1)
        assert pulse["resistance_last_ohm"] == pytest.approx(OHM + shift, abs=0.1)
        assert pulse["resistance_first_ohm_sd"] == pytest.approx(2**0.5 * 1e-3 / 2e-3, rel=0.01)
        assert pulse["seconds_to_last_record"] == pytest.approx(10, abs=0.02)
        assert pulse["current_mA"] == pytest.approx(sign * 2.0)
        assert pulse["charge_mAh"] == pytest.approx(20 / 3600, rel=0.02)
        assert pulse["rest_after_s"] == pytest.approx(600, abs=2)
    assert found[0]["potential_before_V"] == pytest.approx(3.7, abs=1e-3)
    assert found[0]["resistance_first_ohm_cm2"] is None


def test_pulse_without_a_rest_before_it_has_no_resistance(config, tmp_path):
    steps = [REST, CHARGE, (-2.0, 10), (0.0, 5400), DISCHARGE, REST]
    (pulse,) = pulses(config, tmp_path, steps)
    assert pulse["resistance_first_ohm"] is None
    assert pulse["potential_before_V"] is None


def test_steps_of_a_titration_are_listed_and_still_count(config, tmp_path):
    steps = [REST, *[(0.1, 720), (0.0, 1800)] * 100, *[(-0.1, 720), (0.0, 1800)] * 97]
    found = pulses(config, tmp_path, steps)
    assert len(found) == 197
    assert {p["kind"] for p in found} == {"titration"}
    # Between the first and the second step the cell rests at what the first one brought: 0.02 mAh of 0.85 V/mAh.
    assert found[0]["potential_after_V"] == pytest.approx(2.017, abs=1e-6)
    assert found[1]["potential_before_V"] == found[0]["potential_after_V"]
    assert found[5]["resistance_first_ohm"] == pytest.approx(OHM, rel=1e-3)


def test_pulses_within_a_half_cycle_are_told_from_it(config, tmp_path):
    part = [(-0.1, 6960), (0.0, 1800), (-2.0, 10), (0.0, 40), (2.0, 10), (0.0, 40)]
    found = pulses(config, tmp_path, [REST, CHARGE, REST, *part * 8, (-0.1, 6960), REST])
    assert [p["kind"] for p in found] == ["titration", "pulse", "pulse"] * 8 + ["titration"]
    assert {p["half_cycle_direction"] for p in found} == {"discharge"}
    assert all(p["resistance_first_ohm"] == pytest.approx(OHM, abs=0.1) for p in found)


def test_plain_cycles_have_none(config, tmp_path):
    assert pulses(config, tmp_path, [REST, CHARGE, REST, DISCHARGE, REST]) == []


def test_a_pulse_is_short_and_of_another_current(config, tmp_path):
    """A long step of twice the current and a short one of the usual current are steps of the titration."""
    usual = [(0.1, 3600), (0.0, 1800)]
    steps = [REST, *usual * 4, (0.2, 3600), (0.0, 1800), (0.1, 30), (0.0, 600), *usual * 8, DISCHARGE, REST]  # fmt: skip
    found = [p for p in pulses(config, tmp_path, steps) if p["direction"] == "charge"]
    assert {p["kind"] for p in found} == {"titration"}
    assert [round(p["current_mA"], 6) for p in found] == [0.1] * 4 + [0.2] + [0.1] * 9


def test_a_pulse_ends_where_the_next_current_of_either_sign_begins():
    """The rest after it holds no record of what is driven later."""
    sign = np.array([1, 1, 1, 0, 0, -1, 0, -1, 0, 1, 0, 0])
    half = SimpleNamespace(direction=1, stretches=[(0, 9), (9, 12)])
    assert _driven(SimpleNamespace(sign=sign), half) == [(0, 2, 5), (9, 9, 12)]
