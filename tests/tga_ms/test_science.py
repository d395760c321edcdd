"""Methods against analytic truth: events, onsets, lag, isotopologues, buoyancy, odd records."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers.model import Export
from coatbench.simulate.tga_ms import extent
from coatbench.simulate.write_proteus import write_proteus
from coatbench.tga_ms import ions as ion_module
from coatbench.tga_ms.analyse import analyse
from coatbench.tga_ms.events import Signal, find_events
from coatbench.tga_ms.isotopes import ISOTOPE_RATIOS, ratios
from coatbench.tga_ms.lag import estimate_lag
from coatbench.tga_ms.run import prepare
from coatbench.tga_ms.smooth import (
    Grid,
    averaged_points,
    block_noise,
    onto_grid,
    smooth,
    smoothed_noise,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .test_planted import event, ratio


def ramp(start=30.0, stop=800.0, rate=10.0, step_s=2.0) -> Grid:
    time = np.arange(0, (stop - start) / rate * 60, step_s)
    return Grid(time, start + rate / 60 * time, rate / 60)


def mass_events(grid, mass, config):
    return find_events(Signal("mass", mass, True, (1, -1), 0 * mass), grid, config)


def export(tmp_path, temperature, time, **variables) -> Export:
    data = {"temperature_degC": ("time", temperature)}
    data |= {k: ("time", v) for k, v in variables.items()}
    block = xr.Dataset(data, {"time_s": ("time", time)})
    block.attrs = {"sample_mass_mg": 20.0, "corrected": 0, "exo": -1}
    return Export(tmp_path / "run.txt", "NETZSCH Proteus ASCII", "tga_ms", [block])


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
        sds.append(found.sd["onset_first_deviation"])
    assert sds[1] > 2 * sds[0] > 0


# --- how many events --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
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


def test_overlapping_steps_have_no_baseline_between_them(config):
    grid = ramp()
    t = grid.temperature_degC
    mass = 100 - 10 * extent(t, 300, 360, 2, 2) - 10 * extent(t, 348, 410, 2, 2)
    mass = mass + np.random.default_rng(6).normal(0, 2e-3, mass.size)
    first, second = mass_events(grid, mass, config)
    assert np.isfinite(first.value["onset_first_deviation"]) and np.isnan(first.value["end"])
    assert np.isnan(second.value["onset_first_deviation"]) and np.isfinite(second.value["end"])
    assert "no baseline established before it" in second.note
    assert np.isnan(first.value["change"]) and np.isnan(first.sd["change"])


def test_an_event_in_an_isothermal_segment_is_found_in_time(config, truth, index_row, analysed):
    held = truth | {
        "tga_ms.hold_s": 3600.0, "tga_ms.hold_degC": 250.0,
        "tga_ms.gain_onset_degC": 180.0, "tga_ms.gain_end_degC": 240.0,
    }  # fmt: skip
    analysis, _ = analysed(held, index_row)
    (run,) = analysis.tables["tga_ms_runs"]
    assert run["heating_rate_K_min"] == pytest.approx(10, rel=0.05)
    gain, loss = (event(analysis, "mass", n) for n in ("gain 1", "loss 1"))
    assert gain["onset_first_deviation_degC"] == pytest.approx(180, abs=5)
    assert gain["end_degC"] == pytest.approx(240, abs=5)
    assert loss["onset_first_deviation_degC"] == pytest.approx(320, abs=5)


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


# --- grid and noise ---------------------------------------------------------------------------------


def test_binning_keeps_a_straight_line_and_averages_noise():
    rng = np.random.default_rng(8)
    time = np.sort(rng.uniform(0, 1000, 4000))
    grid = np.arange(5, 995, 5.0)
    assert onto_grid(time, 3 + 2 * time, grid) == pytest.approx(3 + 2 * grid, abs=1e-6)
    assert np.std(onto_grid(time, rng.normal(0, 1, time.size), grid)) == pytest.approx(
        20**-0.5, rel=0.2
    )


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
    block = xr.Dataset(
        {"ion_current_A": (("mz", "time"), current[None, :])},
        {"time_s": ("time", clock), "mz": ("mz", [64])},
    )
    return block, grid, dtg


@settings(max_examples=15, deadline=None)
@given(st.floats(-300, 900))
def test_lag_follows_a_shifted_clock(config, shift):
    block, grid, dtg = lag_case(shift)
    lag = estimate_lag(block, grid, dtg, config)
    assert lag.value_s == pytest.approx(shift, abs=max(3 * lag.sd_s, 4))
    assert 0 < lag.sd_s < 10 and lag.correlation > 0.95


def test_lag_cannot_be_estimated_from_unrelated_currents(config):
    block, grid, dtg = lag_case(30)
    block["ion_current_A"][:] = np.random.default_rng(0).normal(
        1e-11, 1e-13, block["ion_current_A"].shape
    )
    lag = estimate_lag(block, grid, dtg, config)
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
    assert event(analysis, "mz64", "evolution 1")["peak_degC"] == pytest.approx(350, abs=2)
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


# --- buoyancy, and what records look like ----------------------------------------------------------


def test_a_blank_run_removes_buoyancy(analysed, truth, index_row):
    light = truth | {"tga_ms.buoyancy_mg": 0.2}
    finals = {}
    for name, row in {"with": index_row, "without": index_row | {"blank_file": ""}}.items():
        analysis, _ = analysed(light, row)
        (run,) = analysis.tables["tga_ms_runs"]
        finals[name] = run["final_mass_percent"]
        assert run["buoyancy"] == ("blank" if name == "with" else "none")
        assert run["drift_sd_percent"] > 0
    assert finals["without"] - finals["with"] == pytest.approx(100 * 0.2 / 20.13, abs=0.05)


def test_the_window_says_when_buoyancy_is_part_of_the_gain(analysed, truth, index_row):
    for blank, said in ((index_row["blank_file"], False), ("", True)):
        analysis, _ = analysed(truth, index_row | {"blank_file": blank})
        (window,) = analysis.tables["tga_ms_window"]
        assert ("no blank run" in window["note"]) is said


def test_a_blank_run_of_another_programme_is_subtracted_by_temperature(tmp_path, config):
    grid = ramp()
    t = grid.temperature_degC

    def buoyancy(kelvin):
        return 0.3 * (1 - 303.15 / (kelvin + 273.15))

    sample = export(tmp_path, t, grid.time_s, mass_percent=100 + buoyancy(t) * 5)
    slow = ramp(rate=5.0)
    blank = export(
        tmp_path, slow.temperature_degC, slow.time_s, mass_mg=buoyancy(slow.temperature_degC)
    )
    run = prepare(sample, blank, config)
    assert run.buoyancy == "blank" and any(
        "another temperature programme" in w for w in run.warnings
    )
    assert np.ptp(run.mass_percent) < 0.01


def test_a_blank_run_of_one_record_is_not_subtracted(tmp_path, config):
    grid = ramp()
    sample = export(
        tmp_path, grid.temperature_degC, grid.time_s, mass_percent=np.full(grid.time_s.size, 100.0)
    )
    blank = export(tmp_path, grid.temperature_degC[:1], grid.time_s[:1], mass_mg=np.zeros(1))
    run = prepare(sample, blank, config)
    assert run.buoyancy == "none" and any("too few records" in w for w in run.warnings)


def test_a_corrected_export_is_not_corrected_again(tmp_path, config):
    grid = ramp()
    sample = export(
        tmp_path, grid.temperature_degC, grid.time_s, mass_percent=np.full(grid.time_s.size, 100.0)
    )
    sample.blocks[0].attrs["corrected"] = 1
    blank = export(
        tmp_path, grid.temperature_degC, grid.time_s, mass_mg=grid.temperature_degC / 1000
    )
    run = prepare(sample, blank, config)
    assert run.buoyancy == "instrument" and np.ptp(run.mass_percent) < 1e-9
    assert any("already subtracted" in w for w in run.warnings)


def test_cooling_is_left_out(tmp_path, config):
    grid = ramp(stop=500)
    time = np.concatenate([grid.time_s, grid.time_s[-1] + grid.time_s[1:]])
    temperature = np.concatenate([grid.temperature_degC, grid.temperature_degC[-2::-1]])
    run = prepare(
        export(tmp_path, temperature, time, mass_percent=np.full(time.size, 100.0)), None, config
    )
    assert run.grid.temperature_degC[-1] > 490
    assert any("cooling" in w for w in run.warnings)


def test_an_export_on_equal_temperature_steps_is_the_same_run(tmp_path, config):
    """Such an export is not uniform in time; a derivative over its rows would be wrong, one over time is not."""
    t = np.arange(30, 800, 0.5)
    rate = np.where(t < 400, 10.0, 2.5)  # K/min
    time = np.concatenate([[0], np.cumsum(0.5 / rate[:-1] * 60)])
    mass = 100 - 10 * extent(t, 300, 360, 2, 2) - 6 * extent(t, 500, 560, 2, 2)
    mass = mass + np.random.default_rng(11).normal(0, 3e-3, t.size)
    path = tmp_path / "run.txt"
    write_proteus(
        path,
        {"SAMPLE MASS /mg": "20"},
        [("Temp./°C", t), ("Time/min", time / 60), ("Mass/%", mass)],
    )
    analysis = analyse([{"run": "r", "sample": "s", "tga_file": "run.txt"}], [path], config)
    onsets = [r["onset_first_deviation_degC"] for r in analysis.tables["tga_ms_events"]]
    assert onsets == pytest.approx([300, 500], abs=4)


def test_ion_columns_of_the_thermogram_need_no_lag(tmp_path, config):
    grid = ramp()
    t = grid.temperature_degC
    mass = 100 - 10 * extent(t, 320, 380, 2, 2) + np.random.default_rng(12).normal(0, 3e-3, t.size)
    so2 = np.clip(-np.gradient(mass, grid.time_s), 0, None) * 1e-9
    columns = [("Temp./°C", t), ("Time/min", grid.time_s / 60), ("Mass/%", mass)]
    columns += [("QMID(s:1|m:66)/A", 1e-13 + 0.05 * so2), ("QMID(s:1|m:64)/A", 1e-12 + so2)]
    path = tmp_path / "run.txt"
    write_proteus(path, {"SAMPLE MASS /mg": "5,01"}, columns)
    analysis = analyse(
        [{"run": "r", "sample": "s", "tga_file": "run.txt", "ms_lag_s": ""}], [path], config
    )
    (run,) = analysis.tables["tga_ms_runs"]
    assert run["ms_lag_s"] == 0 and run["ms_lag_source"] == "same clock"
    assert event(analysis, "mz64", "evolution 1")["peak_degC"] == pytest.approx(350, abs=3)
    assert event(analysis, "mz64", "evolution 1")["ms_lag_s"] == 0
    assert len(analysis.tables["tga_ms_ratios"]) == 1


def test_a_run_without_ion_currents(analysed, truth, index_row):
    analysis, _ = analysed(truth, index_row | {"ms_file": "", "blank_file": ""})
    assert {r["signal"] for r in analysis.tables["tga_ms_events"]} == {"mass", "dsc"}
    assert "tga_ms_ratios" not in analysis.tables and set(analysis.curves) == {"mass"}


def test_files_of_the_wrong_kind_say_so(tmp_path, analysed, truth, index_row, config):
    _, folder = analysed(truth, index_row)
    txt, asc = folder / index_row["tga_file"], folder / index_row["ms_file"]
    with pytest.raises(AnalysisError, match="belongs into ms_file"):
        analyse([{"run": "r", "sample": "s", "tga_file": "x"}], [asc], config)
    with pytest.raises(AnalysisError, match="ion currents"):
        analyse([{"run": "r", "sample": "s", "tga_file": "x", "ms_file": "y"}], [txt, txt], config)
    (tmp_path / "cut.txt").write_bytes(txt.read_bytes()[:300])
    with pytest.raises(ReadError, match=r"cut.txt: header"):
        analyse([{"run": "r", "sample": "s", "tga_file": "x"}], [tmp_path / "cut.txt"], config)
    few = b"".join(txt.read_bytes().splitlines(keepends=True)[:36])
    (tmp_path / "few.txt").write_bytes(few)
    with pytest.raises(AnalysisError, match="records"):
        analyse([{"run": "r", "sample": "s", "tga_file": "x"}], [tmp_path / "few.txt"], config)


def test_equal_input_gives_equal_rows(demo, index_row, config):
    from .conftest import files_of

    again = analyse([index_row], files_of(index_row, demo[1]), config)
    assert repr(again.tables) == repr(demo[0].tables)
