"""Lag of the ion currents and isotopologues against planted truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.tga_ms import ions as ion_module
from coatbench.tga_ms.events import Signal, find_events
from coatbench.tga_ms.isotopes import ISOTOPE_RATIOS, Window, _trend, ratios
from coatbench.tga_ms.lag import _loss, estimate_lag
from coatbench.tga_ms.lag_doubts import gases_of
from coatbench.tga_ms.lag_match import Loss, match_at, vertex
from coatbench.tga_ms.smooth import Grid, smooth
from hypothesis import given, settings
from hypothesis import strategies as st

from .made_runs import extent, ramp
from .test_planted import event, ratio

# --- lag --------------------------------------------------------------------------------------------


def lag_case(shift: float, seed: int = 1, step: float = 4.0):
    grid = ramp()
    t = grid.temperature_degC
    mass = 100 + 8 * extent(t, 180, 300, 2, 2) - 15 * extent(t, 320, 380, 2, 2)
    dtg = np.gradient(mass, grid.time_s)
    clock = np.arange(0, grid.time_s[-1] + 1200, step)
    rng = np.random.default_rng(seed)
    signal = np.interp(clock - shift, grid.time_s, np.clip(-dtg, 0, None), 0, 0)
    current = 1e-12 + 1e-9 * signal + rng.normal(0, 2e-13, clock.size)
    block = Arrays.of(
        {"ion_current_A": (("mz", "time"), current[None, :])},
        {"time_s": ("time", clock), "mz": ("mz", [64])},
    )
    return block, grid, dtg


def lag_of(block, grid, dtg, config):
    """The lag of a block of ion currents, with the shipped choices."""
    return estimate_lag(
        block["time_s"],
        dict(zip(block["mz"].tolist(), block["ion_current_A"], strict=True)),
        grid,
        dtg,
        window_K=config["smoothing_window_K"],
        baseline_K=config["baseline_K"],
        range_s=tuple(config["lag_range_s"]),
        channels=config["lag_mz"],
        least=config["lag_min_correlation"],
    )


@settings(max_examples=15, deadline=None)
@given(st.floats(-300, 900))
def test_lag_follows_a_shifted_clock(config, shift):
    block, grid, dtg = lag_case(shift)
    lag = lag_of(block, grid, dtg, config)
    assert lag.value_s == pytest.approx(shift, abs=max(3 * lag.sd_s, 4))
    assert 0 < lag.sd_s < 10 and lag.correlation > 0.95


@pytest.mark.parametrize(("last_s", "level"), [(560.0, "doubtful"), (900.0, "ok")])
def test_a_lag_at_the_edge_of_where_it_is_sought_is_doubted(config, last_s, level):
    """The clock is 600 s off: within 560 s the best lag is the last one."""
    lag = lag_of(*lag_case(600.0), config | {"lag_range_s": [-300.0, last_s]})
    assert lag.value_s == pytest.approx(min(600.0, last_s), abs=6)
    assert lag.quality.level == level
    assert ("edge of lag_range_s" in lag.quality.note) == (level == "doubtful")


@pytest.mark.parametrize("centre_s", [300.0, 600.0])
def test_the_main_loss_reaches_down_to_a_fifth_of_its_rate_with_a_baseline_beside_it(centre_s):
    """Of a Gaussian 3.59 standard deviations, where the record holds them."""
    time = np.arange(0.0, 620.0, 2.0)
    grid = Grid(time, 25 + 0.2 * time, 0.2)
    rate = 0.1 * np.exp(-0.5 * ((time - centre_s) / 30) ** 2)
    half, beside = (2 * np.log(5)) ** 0.5 * 30, 4 / 0.2
    for baseline_K, more in ((0.0, 0.0), (4.0, beside)):
        first, last = _loss(grid, -rate, 2.0, baseline_K).needed
        assert 2 * first == pytest.approx(centre_s - half - more, abs=4)
        assert 2 * last == pytest.approx(min(centre_s + half + more, 620), abs=4)


def test_currents_that_cover_all_of_the_loss_are_held_against_it():
    rate = np.exp(-0.5 * ((np.arange(100) - 50) / 8) ** 2)
    found = match_at(Loss(rate, 0.0, 2.0, (0, 100)), 3e-11 * rate[None, :], 0)
    assert found is not None and found.share == pytest.approx(1, abs=1e-6)
    assert match_at(Loss(rate, 0.0, 2.0, (0, 100)), 3e-11 * rate[None, :], 1) is None


@pytest.mark.parametrize("best", [1, 4, 8])
def test_the_vertex_of_a_parabola_is_exact(best):
    x = np.arange(10.0)
    assert vertex(0.9 - 0.01 * (x - best - 0.3) ** 2, best) == pytest.approx(0.3)


@pytest.mark.parametrize("scale_A", [1.0, 1e-11])
def test_channels_of_one_gas_are_told_by_their_course_not_their_size(scale_A):
    x = np.arange(200)
    first, second = (np.exp(-0.5 * ((x - at) / 10) ** 2) for at in (60, 140))
    excess = scale_A * np.array([first, 0.04 * first, second])
    assert gases_of(excess) == [[0, 1], [2]]


@pytest.mark.parametrize("noise_percent", [0.0, 4e-3, 1e-2])
def test_a_gas_that_evolves_where_no_mass_is_lost_is_named_whatever_the_noise(
    config, noise_percent
):
    """The noise of the rate passed for a loss."""
    grid = ramp(step_s=3.0)
    time = grid.time_s
    loss = 12 * extent(grid.temperature_degC, 320, 380, 2, 2)
    mass = 100 - loss + np.random.default_rng(1).normal(0, noise_percent, time.size)
    gas = np.gradient(loss, time)
    clock = np.arange(0, time[-1] + 200, 4.0)
    for at_s, named in ((3300.0, True), (1920.0, False)):
        other = 0.3 * gas.max() * np.exp(-(((time - at_s) / 80) ** 2))
        current = np.array([np.interp(clock - 60, time, g, 0, 0) for g in (gas, other)])
        current = 1e-12 + 1e-9 * current + np.random.default_rng(2).normal(0, 2e-14, current.shape)
        block = Arrays.of({"ion_current_A": (("mz", "time"), current)}, {"time_s": ("time", clock), "mz": ("mz", [64, 44])})  # fmt: skip
        dtg = smooth(mass, grid.window(config["smoothing_window_K"]), grid.step_s)
        lag = lag_of(block, grid, dtg, config | {"lag_range_s": [-200, 300]})
        assert lag.value_s == pytest.approx(60, abs=5)
        assert ("m/z 44 evolves where no mass is lost" in lag.quality.notes) == named


def test_lag_cannot_be_estimated_from_unrelated_currents(config):
    block, grid, dtg = lag_case(30)
    block["ion_current_A"][:] = np.random.default_rng(0).normal(
        1e-11, 1e-13, block["ion_current_A"].shape
    )
    lag = lag_of(block, grid, dtg, config)
    assert np.isnan(lag.value_s) and "cannot be estimated" in lag.warnings[0]


def test_a_run_whose_lag_is_unknown_has_no_evolutions_but_its_mass(analysed, truth, index_row):
    analysis, _ = analysed(truth, index_row, changed={"lag_mz": [28]})
    signals = {r["signal"] for r in analysis.tables["tga_ms_events"]}
    assert signals == {"mass", "dsc"} and "tga_ms_ratios" not in analysis.tables
    assert any("cannot be estimated" in w for w in analysis.warnings)


def test_a_given_lag_is_used(analysed, truth, index_row):
    analysis, _ = analysed(truth, index_row | {"ms_lag_s": "93"})
    (run,) = analysis.tables["tga_ms_runs"]
    assert (
        run["ms_lag_s"] == 93 and run["ms_lag_source"] == "index" and np.isnan(run["ms_lag_s_sd"])
    )


@pytest.mark.parametrize("lag", [-240.0, 0.0, 1500.0])
def test_shifted_clocks_give_the_same_temperatures(analysed, truth, index_row, lag):
    if lag < 0:
        truth = truth | {"tga_ms.ms_lag_s": lag}
    analysis, _ = analysed(truth | {"tga_ms.ms_lag_s": lag}, index_row)
    (run,) = analysis.tables["tga_ms_runs"]
    assert abs(run["ms_lag_s"] - lag) < 3 * run["ms_lag_s_sd"]
    assert event(analysis, "mz64", "evolution 1")["peak_degC"] == pytest.approx(362, abs=3)
    assert ratio(analysis, 66, 64)["residual_ratio"] == pytest.approx(0.055, rel=0.2)


# --- isotopologues ----------------------------------------------------------------------------------


def test_isotope_ratios_are_those_of_the_whole_pattern():
    """Convolve the abundances of every isotope of sulfur and oxygen: an independent way to the ratios."""
    sulfur = {32: 0.9499, 33: 0.0075, 34: 0.0425, 36: 0.0001}
    oxygen = {16: 0.99757, 17: 0.00038, 18: 0.00205}

    def pattern(n_oxygen: int) -> dict[int, float]:
        masses: dict[int, float] = {}
        for combination in itertools.product(sulfur.items(), *[oxygen.items()] * n_oxygen):
            mass = sum(m for m, _ in combination)
            masses[mass] = masses.get(mass, 0) + float(np.prod([p for _, p in combination]))
        return masses

    so, so2 = pattern(1), pattern(2)
    assert ISOTOPE_RATIOS[66, 64] == pytest.approx(so2[66] / so2[64], rel=0.002)
    assert ISOTOPE_RATIOS[50, 48] == pytest.approx(so[50] / so[48], rel=0.002)
    assert round(ISOTOPE_RATIOS[66, 64], 4) == pytest.approx(0.0488, abs=1e-4)
    assert round(ISOTOPE_RATIOS[50, 48], 4) == 0.0468


def ions_with(residual: float, seed: int = 1):
    grid = ramp(step_s=4.0)
    rng = np.random.default_rng(seed)
    so2 = 1e-9 * np.exp(-((grid.temperature_degC - 350) ** 2) / 2 / 12**2)
    drift = 1 + 0.3 * np.exp(-grid.time_s / 1500)
    rows = {
        48: 2e-12 * drift + 0.49 * so2,
        64: 1.2e-12 * drift + so2,
        66: 1e-12 * drift + (ISOTOPE_RATIOS[66, 64] + residual) * so2,
    }
    current = np.stack([v + rng.normal(0, np.hypot(2e-14, 0.003 * v)) for v in rows.values()])
    return ion_module.Ions(grid, np.array(list(rows)), current)


@pytest.mark.parametrize(
    ("residual", "finding"),
    [
        (0.0, "isotopologues explain it"),
        (0.05, "more than isotopologues: another species"),
        (-0.03, "less than isotopologues: background or saturation"),
    ],
)
def test_residues_are_told_from_isotopologues(config, residual, finding):
    ions = ions_with(residual)
    signal = Signal(
        "mz64", ions.current_A[1], False, (1,), ion_module.robust_baseline(ions.current_A[1], 1)
    )
    (found,) = find_events(signal, ions.grid, config)
    rows = {(r["numerator_mz"], r["denominator_mz"]): r for r in ratios(ions, found, config)}
    assert set(rows) == {(66, 64), (48, 64)}  # no channel 50, so no such row
    row = rows[66, 64]
    assert abs(row["residual_ratio"] - residual) < 3 * row["residual_ratio_sd"]
    assert row["finding"] == finding
    assert rows[48, 64]["ratio"] == pytest.approx(0.49, rel=0.02)
    assert np.isnan(rows[48, 64]["isotope_ratio"]) and np.isnan(rows[48, 64]["residual_ratio"])


def test_uncertainty_of_the_ratio_covers_its_error(config):
    """Coverage: the residue of 40 noisy runs lies within two standard uncertainties nearly always."""
    hits = 0
    quick = config | {"resamples": 10, "mass_discrimination_sd": 0.0, "isotope_ratio_sd": 1e-6}
    for seed in range(40):
        ions = ions_with(0.02, seed)
        signal = Signal(
            "mz64", ions.current_A[1], False, (1,), ion_module.robust_baseline(ions.current_A[1], 1)
        )
        (found,) = find_events(signal, ions.grid, quick)
        row = ratios(ions, found, quick)[0]
        hits += abs(row["residual_ratio"] - 0.02) <= 2 * row["residual_ratio_sd"]
    assert hits >= 34


@pytest.mark.parametrize("change_percent", [0.0, 40.0])
def test_a_ratio_that_changes_along_the_evolution_says_by_how_much(config, change_percent):
    """Over the whole window, with an uncertainty that its scatter bears out; the noise of three neighbours is one."""
    x = np.arange(300)
    window, pulls = Window(50, 250, 0, 300), []
    bottom = 1e-10 * np.exp(-0.5 * ((x - 150) / 35) ** 2)
    at = (x - 150) / 200
    for seed in range(60):
        white = np.random.default_rng(seed).normal(0, 2e-13, 302)
        top = 0.05 * bottom * (1 + change_percent / 100 * at) + np.convolve(white, np.ones(3) / 3, "valid")  # fmt: skip
        found, sd = _trend(top, bottom, window)
        # Of the window only what is above a fifth of the peak counts.
        strong = np.ptp(at[bottom > 0.2 * bottom.max()])
        pulls.append((found - change_percent * strong) / sd)
    assert abs(np.mean(pulls)) < 0.5
    assert 0.5 < np.std(pulls) < 1.6
