"""Methods against analytic truth: half cycles, relaxation, dQ/dV, features, rates, statistics."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from coatbench.cycling import (
    cells,
    dqdv,
    features,
    files,
    judge,
    metrics,
    rates,
    relaxation,
    smoothing,
)
from coatbench.cycling.half_cycles import half_cycles, pair
from coatbench.cycling.record import Record
from coatbench.cycling.windows import window, windows_of
from hypothesis import example, given, settings
from hypothesis import strategies as st


def record_of(time_s, voltage_V, current_A, sign, constant_current, charge_Ah, **more) -> Record:
    """A record from the charge up to every row."""
    n = len(time_s)
    step = np.diff(np.asarray(charge_Ah, float), prepend=0.0)
    none = np.zeros(n, bool)
    voltage = np.asarray(voltage_V, float)
    fields = {
        "alternating": none, "paused": none, "integral_Ah": step, "increments_Ah": step.copy(),
        "controlled_V": voltage, "frequency_Hz": np.full(n, np.nan), "impedance_ohm": np.full(n, np.nan), "file": np.zeros(n, np.int16),
    }  # fmt: skip
    return Record(
        np.asarray(time_s, float), voltage, np.asarray(current_A, float), np.asarray(sign, np.int8),
        constant_current, **fields | more,
    )  # fmt: skip


def make(sign, current_A=0.1, step_s=60.0, voltage=None, constant_current=None, **more) -> Record:
    """A record with constant current of these signs, one row a minute."""
    sign = np.asarray(sign)
    n = sign.size
    charge = np.cumsum(sign * current_A * step_s / 3600.0)
    return record_of(
        np.arange(n) * step_s, 3.0 + charge if voltage is None else voltage, sign * current_A, sign,
        sign != 0 if constant_current is None else constant_current, charge, **more,
    )  # fmt: skip


# --- half cycles -------------------------------------------------------------------------------------


def test_rest_belongs_to_the_half_cycle_before_it():
    data = make([0, 0, 1, 1, 1, 0, 0, -1, -1, 0])
    halves, stubs = half_cycles(data, 0.01)
    assert [(h.direction, h.first, h.last, h.end) for h in halves] == [(1, 2, 4, 7), (-1, 7, 8, 10)]
    assert not stubs
    assert halves[0].charge_Ah == pytest.approx(3 * 0.1 / 60)


def test_voltage_steps_stand_beside_rests_alone():
    """At the start and the end of a half cycle; none where the current turns round or a signal alternates beside it."""
    voltage = [3.0, 3.2, 3.4, 3.5, 3.3, 3.1, 3.15]
    data = make([0, 1, 1, 1, -1, -1, 0], voltage=voltage)
    charge, discharge = half_cycles(data, 0.01)[0]
    assert cells.ohmic_steps_V(data, charge) == (pytest.approx(0.2), None, None)
    assert cells.ohmic_steps_V(data, discharge) == (None, pytest.approx(0.05), 60.0)
    alternating = np.array([True, *[False] * 5, True])
    data = make([0, 1, 1, 1, -1, -1, 0], voltage=voltage, alternating=alternating)
    assert cells.ohmic_steps_V(data, charge) == cells.ohmic_steps_V(data, discharge) == (None,) * 3


def test_an_alternating_signal_moves_charge_only_in_the_record_after_a_driven_one():
    alternating = np.array([True, False, False, True, True])
    data = make([0, 1, 1, 0, 0], alternating=alternating)
    assert data.without_alternating(np.arange(1.0, 6.0)).tolist() == [0, 2, 3, 4, 0]


def test_first_cycles_are_the_cycles_that_they_are_named_after():
    columns = sorted({column for _, column, _, _ in metrics.FIRST_CYCLES})
    judged = [
        ({c: 100.0 * i + k for k, c in enumerate(columns)} | {"running": ""}, judge.Judgement())
        for i in range(3)
    ]
    for row in metrics.first_cycles(judged):
        assert row["value"] // 100 == row["metric"].startswith("second_"), row


def test_charge_that_ends_below_the_protocols_window_ends_where_it_went_furthest():
    sign = [1] * 5 + [-1] * 5 + [1] * 5 + [-1] * 5
    ends = [(3.0, 4.0), (4.0, 2.5), (2.5, 4.1), (4.1, 2.5)]
    voltage = np.concatenate([np.linspace(*pair_of, 5) for pair_of in ends])
    data = make(sign, voltage=voltage)
    found = windows_of(data, half_cycles(data, 0.01)[0], {1: 4.3, -1: 2.0}, 0.01)
    assert (found[-1].own_V, found[1].own_V) == (2.5, 4.1)


@pytest.mark.parametrize("at", [40, 99])
def test_gap_at_the_end_of_a_half_cycle_is_one_too(at):
    time = 60.0 * np.arange(100)
    time[at:] += 3540
    sign = np.ones(100, np.int8)
    data = record_of(time, 3 + time / 1e4, 0.1 * sign, sign, sign != 0, time * 0.1 / 3600)
    (half,) = half_cycles(data, 0.01)[0]
    assert judge.unexplained_gap_s(data, half) == 3600


def test_parts_count_from_any_number():
    data = make([1] * 3)
    parts = [files.Part(Path(f"{n}.mpt"), {}, data, float(n)) for n in (1, 0, 2)]
    assert files._order(parts, [data] * 3) == [1, 0, 2]


@pytest.mark.parametrize(("grown_s", "counts"), [(1.0, True), (50.0, False), (-1.0, False)])
def test_net_charge_between_files_is_what_the_current_can_bring(grown_s, counts):
    """Over the second before a file's first record, whatever pause lies before that."""
    data = make([1] * 3)
    data.time_s[:] = 0.0, 1000.0, 1001.0
    grown = 0.1 * grown_s / 3600
    found = files._net_between(data, 2, (0.0, 2.0), (2.0 + grown, 0.0))
    assert found == pytest.approx(grown if counts else 0.0, rel=1e-6)


def test_lone_first_discharge_is_not_a_cycle():
    cycles, lone = pair(half_cycles(make([-1] * 5 + [1] * 5 + [-1] * 4), 0.01)[0])
    assert lone is not None
    assert [(c.number, c.discharge is not None) for c in cycles] == [(1, True)]
    assert cycles[0].discharge.charge_Ah == pytest.approx(4 * 0.1 / 60)


def test_unfinished_cycle_has_no_discharge():
    cycles, _ = pair(half_cycles(make([1] * 5 + [-1] * 5 + [1] * 3), 0.01)[0])
    assert [c.discharge is None for c in cycles] == [False, True]


def test_stub_of_noise_is_reported_and_its_neighbours_are_one_half_cycle():
    sign = [1] * 150 + [-1] + [1] * 150 + [-1] * 200
    halves, stubs = half_cycles(make(sign), 0.01)
    assert [h.direction for h in halves] == [1, -1]
    assert [(s.first, s.stub) for s in stubs] == [(150, True)]
    assert halves[0].charge_Ah == pytest.approx(300 * 0.1 / 60)
    assert halves[0].pauses_s == 60.0


def test_pause_is_measured():
    halves, _ = half_cycles(make([1] * 10 + [0] * 5 + [1] * 10), 0.01)
    assert len(halves) == 1
    assert halves[0].pauses_s == 300.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(3, 9)), min_size=1, max_size=12))
@example([(1, 3), (-1, 9), (-1, 9), (-1, 9), (-1, 9)])
def test_charge_is_complete_and_cycles_alternate(runs):
    """Of stretches longer than a minute: a shorter one beside a long half cycle is a pulse."""
    sign = [direction for direction, records in runs for _ in range(records)]
    data = make(sign)
    halves, stubs = half_cycles(data, 0.0)
    assert not stubs
    moved = sum(h.charge_Ah for h in halves)
    assert moved == pytest.approx(np.count_nonzero(sign) * 0.1 / 60)
    assert all(a.direction == -b.direction for a, b in pairwise(halves))
    cycles, lone = pair(halves)
    assert [c.number for c in cycles] == list(range(1, len(cycles) + 1))
    count = 2 * len(cycles) + (lone is not None) - sum(c.discharge is None for c in cycles)
    assert count == len(halves)


def test_gap_without_charge_is_a_pause_and_a_sparse_record_is_none():
    data = make([1] * 20)
    data.time_s[10:] += 7200.0  # the recorder was off, and so was the current
    assert half_cycles(data, 0.01)[0][0].pauses_s == 7260.0
    sparse = make([1] * 20, step_s=3600.0)
    assert half_cycles(sparse, 0.01)[0][0].pauses_s == 0.0


def test_trapezoid_ignores_the_wait_before_a_step():
    data = make([0, 1, 1, 1])
    data.time_s[1:] += 1800.0  # the recorder slept
    assert data.trapezoid_Ah.sum() == pytest.approx(2 * 0.1 / 60)


def test_mean_voltage_is_weighted_by_charge():
    data = make([0, 1, 1, 1], voltage=[3.0, 3.0, 4.0, 4.0])
    (half,), _ = half_cycles(data, 0.01)
    assert cells.mean_voltage_V(data, half) == pytest.approx((3.0 + 3.5 + 4.0) / 3)


# --- relaxation --------------------------------------------------------------------------------------


def rest_record(times, volts) -> tuple[Record, object]:
    """Two driven rows, then a rest with these times after the last of them."""
    times, volts = np.asarray(times, float), np.asarray(volts, float)
    n = times.size + 2
    sign = np.zeros(n, np.int8)
    sign[:2] = 1
    charge = np.minimum(np.arange(n), 1) * 0.1
    data = record_of(
        np.concatenate(([0, 60], 60 + times)), np.concatenate(([3.6, 3.7], volts)),
        6.0 * sign, sign, sign != 0, charge,
    )  # fmt: skip
    return data, half_cycles(data, 0.01)[0][0]


def test_relaxed_potential_is_interpolated_at_exactly_the_time():
    times = np.array([0.1, 10.0, 60.0, 600.0, 3000.0, 3500.0, 4100.0])
    data, half = rest_record(times, 3.65 - 1e-5 * times)
    found = relaxation.relax(data, half, 3600.0, 700.0)
    assert found.potential_V == pytest.approx(3.65 - 0.036, abs=1e-12)
    assert found.early_V[60.0] == pytest.approx(3.65 - 6e-4)
    assert found.slope_mV_h == pytest.approx(-36.0)
    assert found.note == ""


@pytest.mark.parametrize("last", [3599.0, 3480.0, 600.0])
def test_shorter_rest_gives_no_value(last):
    times = np.linspace(1, last, 50)
    data, half = rest_record(times, 3.65 + 0 * times)
    found = relaxation.relax(data, half, 3600.0, 600.0)
    assert found.potential_V is None
    assert "shorter" in found.note
    assert found.early_V[10.0] is not None


def test_first_record_of_the_next_step_is_never_used():
    """A rest that ends 1 s early, then a charge with its ohmic step: no value, not 4.2 V."""
    times = np.linspace(1, 3599, 60)
    data, _ = rest_record(times, 3.65 + 0 * times)
    data = record_of(
        np.append(data.time_s, data.time_s[-1] + 2), np.append(data.voltage_V, 4.2),
        np.append(data.current_A, -0.1), np.append(data.sign, -1), np.append(data.constant_current, True),
        np.append(data.charge_Ah, 0.05),
    )  # fmt: skip
    half = half_cycles(data, 0.01)[0][0]
    assert relaxation.relax(data, half, 3600.0, 600.0).potential_V is None


def row_of(data, half, config, charge_cutoff_V=3.7, **index) -> dict:
    """The row of cycling_cells of a single charge."""
    cell = cells.cell_of([INDEX | index], config, Path("a.mpt"))
    windows = {1: window(data, [half], 1, charge_cutoff_V, config["cutoff_tolerance_V"])}
    return cells.cycle_row(data, pair([half])[0][0], cell, windows, config, current_step_A=0.0)[0]


INDEX = {
    "sample": "x",
    "cell": "a",
    "protocol": "short",
    "composite_mass_mg": "1000",
    "cam_mass_fraction": "1",
}


def test_charge_that_stopped_before_its_cutoff_is_unusable_and_keeps_its_numbers(config):
    times = np.linspace(1, 4000, 80)
    data, half = rest_record(times, 3.5 + 0 * times)
    good = row_of(data, half, config)
    assert good["charge_at_cutoff"]
    assert good["quality"] == "ok"
    assert good["relaxed_potential_charge_V"] == pytest.approx(3.5)
    bad = row_of(data, half, config, charge_cutoff_V=4.0)
    assert not bad["charge_at_cutoff"]
    assert bad["quality"] == "unusable"
    assert bad["quality_note"] == "charge ended at 3.700 V, 0.300 V before the cut-off of 4 V"
    assert bad["relaxed_potential_charge_V"] == pytest.approx(3.5)
    assert row_of(data, half, config, charge_cutoff_V=None)["quality"] == "ok"


# --- dQ/dV -------------------------------------------------------------------------------------------


def test_savgol_refuses_even_windows_and_broken_coefficients(monkeypatch):
    with pytest.raises(ValueError, match="odd"):
        smoothing.savgol(np.ones(50), 10, 3)
    with pytest.raises(ValueError, match="more than 3"):
        smoothing.savgol(np.ones(50), 3, 3)
    assert smoothing.savgol(np.ones(50), 9, 3) == pytest.approx(np.ones(50))
    real = smoothing._projection
    monkeypatch.setattr(smoothing, "_projection", lambda w, p: 0.5 * real(w, p))
    with pytest.raises(ValueError, match=r"sum to 0\.5, not 1"):
        smoothing.savgol(np.ones(50), 9, 3)


def test_savgol_keeps_a_constant_in_windows_that_scipy_gets_wrong():
    assert smoothing.savgol(np.full(2001, 7.0), 1001, 5) == pytest.approx(np.full(2001, 7.0))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-100, 100), min_size=31, max_size=80),
    st.sampled_from([5, 9, 21]),
    st.integers(1, 4),
)
def test_savgol_is_scipys_where_that_is_right(values, window, order):
    assert abs(scipy.signal.savgol_coeffs(window, order).sum() - 1) < 1e-6
    expected = scipy.signal.savgol_filter(values, window, order, mode="interp")
    assert smoothing.savgol(np.array(values), window, order) == pytest.approx(expected, abs=1e-8)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(0, 4))
def test_maxima_and_prominences_are_scipys(values, least):
    expected, properties = scipy.signal.find_peaks(np.array(values, float), prominence=least)
    position, prominence = smoothing.maxima(np.array(values, float), least)
    assert position.tolist() == expected.tolist()
    assert prominence.tolist() == properties["prominences"].tolist()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1.9, 3.7), st.floats(1e-6, 5.0)), min_size=2, max_size=80),
    st.sampled_from([0.001, 0.005, 0.02]),
)
def test_bins_conserve_charge_whatever_the_noise(points, bin_V):
    voltage = np.array([p[0] for p in points])
    charge = np.array([p[1] for p in points])[1:]
    pairs = np.column_stack((voltage[:-1], voltage[1:]))
    edges = np.arange(1.8, 3.8, bin_V)
    found = dqdv.collect_bins(pairs, charge, edges)
    assert found.sum() == pytest.approx(charge.sum(), rel=1e-9)
    assert found.min() >= -1e-9


def logistic_record(centres, rows=1500, noise_V=1e-4, direction=1) -> tuple[Record, object]:
    """A half cycle whose dq/dV is a sum of known peaks: (centre V, charge mAh, width V)."""
    grid = np.linspace(2.4, 3.8, 20001)
    q = sum(a / (1 + np.exp(-(grid - v) / w)) for v, a, w in centres) + 20 * (grid - 2.4)
    charge = np.linspace(q[0], q[-1], rows)
    voltage = np.interp(charge, q, grid)
    if direction < 0:
        voltage, charge = voltage[::-1], (charge[-1] - charge)[::-1]
    voltage = voltage + np.random.default_rng(1).normal(0, noise_V, rows)
    sign = np.full(rows, direction, np.int8)
    moved = np.abs(charge - charge[0]) * 1e-3 * direction
    data = record_of(np.arange(rows) * 60.0, voltage, 0.1 * sign, sign, sign != 0, moved)
    return data, half_cycles(data, 0.01)[0][0]


@pytest.mark.parametrize("noise_V", [0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("direction", [1, -1])
def test_known_peaks_are_found_where_they_are(config, noise_V, direction):
    data, half = logistic_record([(2.9, 20, 0.012), (3.1, 60, 0.02), (3.5, 40, 0.02)],
                                 noise_V=noise_V, direction=direction)  # fmt: skip
    main, others = features.curves(data, half, 1.0, config["dqdv"])
    assert main.integral_over_charge == pytest.approx(1, abs=0.005)
    found = features.find(main, others, direction, config["dqdv"], 1e-3)
    assert [f.potential_V for f in found] == pytest.approx([2.9, 3.1, 3.5], abs=0.004)
    assert all(
        abs(f.potential_V - t) < 4 * f.potential_V_sd
        for f, t in zip(found, (2.9, 3.1, 3.5), strict=True)
    )
    # The height of a logistic is a / (4 w): smoothing keeps it within a tenth.
    assert found[1].height == pytest.approx(60 / 0.08 + 20, rel=0.1)
    names = [f.name for f in found]
    assert names == (["peak 1", "peak 2", "peak 3"] if direction > 0 else
                     ["kinetic_hindrance", "peak 1", "peak 2"])  # fmt: skip


def test_shoulder_on_a_flank_is_found_and_a_smooth_flank_has_none(config):
    # The small one stands on the flank of the large one, which leaves it no maximum.
    data, half = logistic_record([(2.90, 4, 0.012), (3.02, 90, 0.035)], direction=-1)
    main, others = features.curves(data, half, 1.0, config["dqdv"])
    assert not [b for b in features.peaks(main, 1.0) if 2.81 < b.potential_V < 2.95]
    (found,) = (
        f for f in features.find(main, others, -1, config["dqdv"], 1e-3)
        if f.name == "kinetic_hindrance"
    )  # fmt: skip
    assert found.kind == "shoulder"
    assert found.potential_V == pytest.approx(2.905, abs=0.02)
    plain, half = logistic_record([(3.02, 90, 0.035)], direction=-1)
    main, others = features.curves(plain, half, 1.0, config["dqdv"])
    names = [f.name for f in features.find(main, others, -1, config["dqdv"], 1e-3)]
    assert names == ["peak 1"]


def test_held_voltage_is_not_in_the_curve(config):
    data, half = logistic_record([(3.1, 60, 0.02)])
    n = data.time_s.size
    held = np.full(300, data.voltage_V[-1])
    more = data.charge_Ah[-1] + np.linspace(0.001, 0.05, 300)
    sign = np.ones(n + 300, np.int8)
    charge = np.append(data.charge_Ah, more)
    data = record_of(
        np.arange(n + 300) * 60.0, np.append(data.voltage_V, held), 0.1 * sign, sign,
        np.arange(n + 300) < n, charge,
    )  # fmt: skip
    half = half_cycles(data, 0.01)[0][0]
    main, _ = features.curves(data, half, 1.0, config["dqdv"])
    assert main.potential_V[np.argmax(main.smooth)] == pytest.approx(3.1, abs=0.005)
    assert main.charge_mAh_g == pytest.approx(1e3 * data.charge_Ah[n - 1], rel=1e-3)


def test_broken_voltages_do_not_fill_the_memory():
    pairs, charge = np.array([[3.0, 1e9]]), np.array([1.0])
    assert dqdv.curve(pairs, charge, 1.0, 0.005, 9, 3) is None


def test_mass_uncertainty_reaches_every_capacity(config):
    index = {"composite_mass_mg": "12.0", "cam_mass_fraction": "0.8"}
    cell = cells.cell_of([INDEX | index], config, Path("a.mpt"))
    assert cell.active_g == pytest.approx(9.6e-3)
    assert cell.mass_relative_sd == pytest.approx(math.hypot(0.05 / 12, 0.002 / 0.8))
    data, half = rest_record([1.0], [3.6])
    made = row_of(data, half, config, **index)
    relative = math.hypot(cell.mass_relative_sd, 1e-3)
    assert made["charge_capacity_mAh_g"] == pytest.approx(100 / 9.6e-3)
    assert made["charge_capacity_mAh_g_sd"] == pytest.approx(relative * 100 / 9.6e-3)


@pytest.mark.parametrize("parts", [100, 50, 40, 30, 25, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2])
def test_parts_of_1C_are_usual_rates(parts):
    found = rates.recognise_rate(1.02 / parts, [0.09], 0.03)
    assert found == pytest.approx(1 / parts, rel=5e-3)


@pytest.mark.parametrize("rate", [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])
def test_multiples_of_1C_are_usual_rates(rate):
    assert rates.recognise_rate(1.02 * rate, [0.09], 0.03) == rate
    assert rates.recognise_rate(1.1 * rate, [0.09], 0.03) == float(f"{1.1 * rate:.2g}")
