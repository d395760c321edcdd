"""Events and their onsets against analytic truth; grid and noise."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.tga_ms import ions as ion_module
from coatbench.tga_ms.areas import set_areas
from coatbench.tga_ms.event import Signal
from coatbench.tga_ms.events import find_events
from coatbench.tga_ms.ions import robust_baseline
from coatbench.tga_ms.positions import _noise
from coatbench.tga_ms.run import heating_rate_K_s
from coatbench.tga_ms.smooth import (
    Grid,
    averaged_points,
    block_noise,
    onto_grid,
    smooth,
    smoothed_noise,
)
from coatbench.tga_ms.steps import extent_of
from hypothesis import given, settings
from hypothesis import strategies as st

from .made_runs import extent, ramp
from .test_planted import event


def mass_events(grid, mass, config):
    return find_events(Signal("mass", mass, True, (1, -1), 0 * mass), grid, config)


# --- onsets by definition ---------------------------------------------------------------------------


def test_a_ramp_between_two_levels_has_its_corners_as_onset_and_end(config):
    """Straight lines: first deviation, extrapolated onset and corner are one point."""
    grid = ramp()
    rng = np.random.default_rng(1)
    clean = 100 - 10 * np.clip((grid.temperature_degC - 300) / 50, 0, 1)
    (found,) = mass_events(grid, clean + rng.normal(0, 1e-3, clean.size), config)
    assert found.name == "loss 1"
    assert found.value["onset_extrapolated"] == pytest.approx(300, abs=0.3)
    assert found.value["end_extrapolated"] == pytest.approx(350, abs=0.3)
    # Smoothing rounds the corner by at most its window.
    assert found.value["onset_first_deviation"] == pytest.approx(300, abs=2)
    assert found.value["end"] == pytest.approx(350, abs=2)
    assert found.value["change"] == pytest.approx(-10, abs=0.05)


def test_extrapolated_onset_of_a_gaussian_rate_is_analytic(config):
    """Sigmoid of a Gaussian DTG: the tangent at the inflection meets the baseline sqrt(pi/2) sigma before."""
    from scipy.special import erf

    grid = ramp()
    sigma = 15.0
    mass = 100 + 4 * (1 + erf((grid.temperature_degC - 400) / sigma / np.sqrt(2))) / 2
    mass = mass + np.random.default_rng(2).normal(0, 1e-3, mass.size)
    (found,) = mass_events(grid, mass, config)
    assert found.name == "gain 1"
    shift = np.sqrt(np.pi / 2) * sigma
    assert found.value["onset_extrapolated"] == pytest.approx(400 - shift, abs=0.8)
    assert found.value["end_extrapolated"] == pytest.approx(400 + shift, abs=0.8)
    assert found.value["peak"] == pytest.approx(400, abs=1)


def test_extrapolated_onset_of_a_peak_is_analytic(config):
    """Gaussian peak: the tangent at its steepest point meets the baseline two sigma before the maximum."""
    grid = ramp()
    sigma = 12.0
    current = 1e-12 + 1e-10 * np.exp(-((grid.temperature_degC - 350) ** 2) / 2 / sigma**2)
    current = current + np.random.default_rng(3).normal(0, 1e-14, current.size)
    signal = Signal("mz64", current, False, (1,), ion_module.robust_baseline(current, 1))
    (found,) = find_events(signal, grid, config)
    assert found.name == "evolution 1" and found.value["peak"] == pytest.approx(350, abs=0.3)
    assert found.value["onset_extrapolated"] == pytest.approx(350 - 2 * sigma, abs=0.8)
    assert found.value["end_extrapolated"] == pytest.approx(350 + 2 * sigma, abs=0.8)
    assert np.isnan(found.value.get("change", np.nan))


def test_later_threshold_means_later_onset_and_the_spread_is_reported(config):
    grid = ramp()
    mass = 100 + 10 * extent(grid.temperature_degC, 200, 320, 2, 2)
    mass = mass + np.random.default_rng(4).normal(0, 5e-3, mass.size)
    onsets = [
        mass_events(grid, mass, config | {"onset_k": k})[0].value["onset_first_deviation"]
        for k in (3.0, 5.0, 8.0, 12.0)
    ]
    assert onsets == sorted(onsets) and onsets[-1] > onsets[0]
    sd = mass_events(grid, mass, config)[0].sd["onset_first_deviation"]
    assert abs(onsets[1] - 200) < 3 * sd


def test_noisier_records_are_less_certain(config):
    grid = ramp()
    clean = 100 - 10 * extent(grid.temperature_degC, 300, 380, 2, 2)
    sds = []
    for sigma in (1e-3, 3e-2):
        noisy = clean + np.random.default_rng(5).normal(0, sigma, clean.size)
        (found,) = mass_events(grid, noisy, config | {"temperature_sd_K": 0.0})
        sds.append(found.sd["onset_extrapolated"])
        # Which change is meant to be seen is not known better on a quiet balance.
        assert found.sd["onset_first_deviation"] > 1 and found.sd["end"] > 1
    assert sds[1] > 2 * sds[0] > 0


# --- how many events --------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([1, -1]), st.floats(2, 20), st.floats(25, 60)),
        min_size=0,
        max_size=5,
    ),
    seed=st.integers(0, 1000),
)
def test_separate_steps_are_counted_and_signed(config, steps, seed):
    grid = ramp(stop=900)
    mass = np.full(grid.time_s.size, 100.0)
    start = 100.0
    for sign, size, width in steps:
        mass = mass + sign * size * extent(grid.temperature_degC, start, start + width, 2, 2)
        start += width + 70
    mass = mass + np.random.default_rng(seed).normal(0, 4e-3, mass.size)
    found = mass_events(grid, mass, config)
    assert [e.kind for e in found] == ["gain" if s > 0 else "loss" for s, _, _ in steps]
    numbers = [e.number for e in found if e.kind == "loss"]
    assert numbers == list(range(1, len(numbers) + 1))
    for kind in ("gain", "loss"):
        assert sum(e.main for e in found if e.kind == kind) == min(
            1, sum(e.kind == kind for e in found)
        )


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_drift_alone_are_no_events(config, seed):
    grid = ramp()
    rng = np.random.default_rng(seed)
    drift = 0.15 * (1 - 303 / (grid.temperature_degC + 273)) - 3e-4 * (grid.temperature_degC - 30)
    mass = 100 + drift + rng.normal(0, 5e-3, drift.size)
    assert mass_events(grid, mass, config) == []
    current = 1e-11 * (1 + 0.5 * np.exp(-grid.time_s / 900)) + rng.normal(0, 2e-14, drift.size)
    signal = Signal("mz44", current, False, (1,), ion_module.robust_baseline(current, 1))
    assert find_events(signal, grid, config) == []


@pytest.mark.parametrize("rises", [True, False])
def test_an_evolution_near_the_start_rises_above_the_first_records(config, rises):
    """A background that dips makes a hump of a signal that never rises."""
    grid = ramp()
    window = grid.window(config["smoothing_window_K"])
    at = np.arange(grid.time_s.size)
    hump = np.exp(-0.5 * ((at - 2.5 * window) / (0.5 * window)) ** 2)
    background = np.full(at.size, 50.0) if rises else 50.0 - hump
    current = background + hump + np.random.default_rng(4).normal(0, 0.01, at.size)
    signal = Signal("mz44", current, False, (1,), background)
    assert bool(find_events(signal, grid, config | {"min_of_background": 0.0})) == rises


def test_overlapping_steps_have_no_baseline_between_them(config):
    grid = ramp()
    t = grid.temperature_degC
    mass = 100 - 10 * extent(t, 300, 360, 2, 2) - 10 * extent(t, 348, 410, 2, 2)
    mass = mass + np.random.default_rng(6).normal(0, 2e-3, mass.size)
    first, second = mass_events(grid, mass, config)
    assert np.isfinite(first.value["onset_first_deviation"]) and np.isnan(first.value["end"])
    assert np.isnan(second.value["onset_first_deviation"]) and np.isfinite(second.value["end"])
    assert "no baseline established before it" in second.note
    # What each of them took is shared out by a fit, and doubted; the sum is known.
    assert first.quality.level == second.quality.level == "doubtful"
    total = first.value["change"] + second.value["change"]
    assert total == pytest.approx(-20, abs=0.5)


def test_an_event_in_an_isothermal_segment_is_found_in_time(config, truth, index_row, analysed):
    held = truth | {
        "tga_ms.hold_s": 3600.0, "tga_ms.hold_degC": 250.0,
        "tga_ms.gain_onset_degC": 180.0, "tga_ms.gain_end_degC": 240.0,
    }  # fmt: skip
    analysis, _ = analysed(held, index_row)
    (run,) = analysis.tables["tga_ms_runs"]
    assert run["heating_rate_K_min"] == pytest.approx(10, rel=0.05)
    gain, loss = (event(analysis, "mass", n) for n in ("gain 1", "loss 1"))
    assert gain["onset_first_deviation_degC"] == pytest.approx(180, abs=12)
    assert gain["end_degC"] == pytest.approx(244, abs=8)
    assert loss["onset_first_deviation_degC"] == pytest.approx(320, abs=8)


def test_a_loss_during_a_hold_lies_at_its_temperature(config):
    """All of the step at one temperature: onset and end are that temperature, and apart in time."""
    time = np.arange(0, 9000, 3.0)
    temperature = np.minimum(30 + time / 6, 400.0)
    grid = Grid(time, temperature, 1 / 6)
    mass = (
        100
        - 12 * extent(time, 4000, 6000, 2, 2)
        + np.random.default_rng(7).normal(0, 3e-3, time.size)
    )
    (found,) = mass_events(grid, mass, config)
    assert found.value["onset_first_deviation"] == pytest.approx(400, abs=0.5)
    assert found.value["end"] == pytest.approx(400, abs=0.5)
    assert found.time_s["onset_first_deviation"] == pytest.approx(4000, abs=150)
    assert found.time_s["end"] == pytest.approx(6000, abs=150)


@pytest.mark.parametrize("smoothing_K", [2.0, 3.0, 5.0, 8.0])
@pytest.mark.parametrize("step_s", [2.0, 6.0])
def test_a_jump_is_no_reaction_however_it_is_smoothed(config, smoothing_K, step_s):
    """Alone in its record it was not found; smoothed by more than 24 s, as few records are, it passed for a reaction."""
    grid = ramp(stop=600, step_s=step_s)
    mass = 100 - 1.5 * (grid.temperature_degC > 300)
    mass = mass + np.random.default_rng(1).normal(0, 4e-3, mass.size)
    (found,) = mass_events(
        grid, mass, config | {"smoothing_window_K": smoothing_K, "resamples": 10}
    )
    assert found.value["peak"] == pytest.approx(300, abs=2)
    assert found.quality.level == "unusable" and "a jump" in found.quality.note


def test_last_digits_of_a_signal_do_not_change_its_uncertainties(config):
    """They depend on the processor; noise that is drawn from a seed of all digits did as well."""
    grid = ramp()
    mass = 100 - 10 * extent(grid.temperature_degC, 300, 380, 2, 2)
    mass = mass + np.random.default_rng(5).normal(0, 4e-3, mass.size)
    one, other = (mass_events(grid, m, config)[0] for m in (mass, np.nextafter(mass, 0)))
    assert list(one.sd.values()) == pytest.approx(list(other.sd.values()), rel=1e-6)


# --- grid and noise ---------------------------------------------------------------------------------


def test_binning_keeps_a_straight_line_and_averages_noise():
    rng = np.random.default_rng(8)
    time = np.sort(rng.uniform(0, 1000, 4000))
    grid = np.arange(5, 995, 5.0)
    assert onto_grid(time, 3 + 2 * time, grid) == pytest.approx(3 + 2 * grid, abs=1e-6)
    assert np.std(onto_grid(time, rng.normal(0, 1, time.size), grid)) == pytest.approx(
        20**-0.5, rel=0.2
    )


def test_records_beyond_the_grid_are_none_of_its_bins():
    """The last bin ends half a step beyond its middle; the outer bins are reached by the line through the outermost means."""
    grid = np.arange(0.0, 50.0, 5.0)
    time = np.arange(1.2, 60.0, 0.5)
    kinked = np.where(time < 47.5, 3 + 2 * time, 1e6)
    assert onto_grid(time, kinked, grid) == pytest.approx(3 + 2 * grid, abs=1e-6)
    early = np.arange(-20.0, 43.9, 0.5)
    assert onto_grid(early, 3 + 2 * early, grid) == pytest.approx(3 + 2 * grid, abs=1e-6)


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, 3.0])
def test_extent_at_a_constant_rate_is_the_closed_formula(order):
    time = np.linspace(0, 3000, 3001)
    done = 2e-3 * time
    if order == 1:
        left = np.exp(-done)
    else:
        left = np.maximum(1 + (order - 1) * done, 0) ** (-1 / (order - 1))
    found = extent_of(time, np.full(time.size, np.log(2e-3)), order)
    assert found == pytest.approx(1 - left, abs=1e-6)


def test_a_record_that_only_cools_has_no_heating_rate():
    time = np.arange(0.0, 600.0, 2.0)
    assert heating_rate_K_s(time, 500 - 0.2 * time) == 0
    held = np.where(time < 500, 25 + 0.2 * np.minimum(time, 100), 45 + 0.2 * (time - 500))
    assert heating_rate_K_s(time, held) == pytest.approx(0.2)


@pytest.mark.parametrize("derivative", [None, 2.0])
def test_noise_after_smoothing_is_predicted(derivative):
    values = np.random.default_rng(9).normal(0, 0.7, 20000)
    found = smoothed_noise(values, 11, derivative)
    assert found == pytest.approx(float(np.std(smooth(values, 11, derivative))), rel=0.15)
    assert averaged_points(11) == pytest.approx(0.49 / np.var(smooth(values, 11)), rel=0.1)


def test_block_noise_keeps_variance_and_correlation():
    rng = np.random.default_rng(10)
    x = np.convolve(rng.normal(0, 1, 5000), np.ones(5) / 5, "same")
    draws = block_noise(x, 50, rng, 40)
    assert draws.shape == (40, 5000)
    assert np.std(draws) == pytest.approx(np.std(x), rel=0.05)
    again = np.mean(draws[:, 1:] * draws[:, :-1]) / np.var(draws)
    assert again == pytest.approx(np.mean(x[1:] * x[:-1]) / np.var(x), abs=0.05)


def test_uncertainty_of_a_peak_holds_what_noise_moves(config):
    """Counts, whose noise is the peak's own; nothing but noise is in the uncertainty here."""
    grid, z = ramp(100, 400), []
    only_noise = config | {"temperature_sd_K": 0.0, "resamples": 20}
    only_noise |= {
        k: [config[k.removesuffix("_choices")]] for k in config if k.endswith("_choices")
    }
    for seed in range(60):
        rate = 100 * (0.02 + np.exp(-0.5 * ((grid.temperature_degC - 250) / 15) ** 2))
        values = np.random.default_rng(seed).poisson(rate).astype(float)
        signal = Signal("mz64", values, False, (1,), np.full_like(values, 2.0))
        peak = next(e for e in find_events(signal, grid, only_noise) if e.main)
        z.append((peak.value["peak"] - 250) / peak.sd["peak"])
    # One in fifty has two tops, and stands far off: by their square it would outweigh all others.
    off = np.abs(z)
    assert 0.5 < np.median(off) / 0.6745 < 1.5
    assert np.mean(off < 2) >= 0.87 and np.mean(off < 4) >= 0.96


@pytest.mark.parametrize("step", [0.0, 0.1])
@pytest.mark.parametrize("baseline", ["linear", "sigmoidal"])
def test_area_of_a_peak_on_a_stepped_baseline(config, baseline, step):
    """A heat capacity that changes with the reaction is a sigmoidal baseline; both choices hold the truth."""
    grid = ramp()
    rate = np.exp(-0.5 * ((grid.temperature_degC - 400) / 15) ** 2)
    grown = np.cumsum(rate) / rate.sum()
    noise = np.random.default_rng(1).normal(0, 0.005, grid.time_s.size)
    values = 0.1 + rate + step * grown + noise
    signal = Signal("dsc", values, False, (1, -1), robust_baseline(values, 3), 1)
    found = [e for e in find_events(signal, grid, config) if e.kind == "exothermic"]
    set_areas(found, signal, grid, "mW/mg", baseline)
    (peak,) = found
    true = 15 * np.sqrt(2 * np.pi) / (10 / 60)
    assert peak.area_unit == "J/g"
    assert abs(peak.area - true) < 3 * peak.area_sd < 0.2 * true
    if baseline == "sigmoidal":
        assert peak.area == pytest.approx(true, rel=0.03)


def test_noise_that_ends_in_a_level_of_equal_numbers_stays_finite():
    """As a balance gives that is at rest: nothing is left there of a running sum of large squares."""
    rng = np.random.default_rng(2)
    values = np.zeros(4000)
    values[700:1200] = rng.normal(0, 1e3, 500)
    assert np.isfinite(_noise(values, 21, [], rng, 3)).all()
