"""The demo run against what was planted in it, and against the paper's claims."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from coatbench.readers import read
from coatbench.simulate import tga_ms as forward
from coatbench.simulate.write_quadstar import tuned_mass
from scipy.stats import norm

from .conftest import ROOT, files_of

POSITIONS = [
    ("gain 1", "onset_first_deviation_degC", "gain_onset_degC"),
    ("gain 1", "end_degC", "gain_end_degC"),
    ("loss 1", "onset_first_deviation_degC", "loss_onset_degC"),
    ("loss 1", "end_degC", "loss_end_degC"),
]


def event(analysis, signal, name):
    return next(
        r for r in analysis.tables["tga_ms_events"] if r["signal"] == signal and r["event"] == name
    )


def ratio(analysis, top, bottom):
    return next(
        r
        for r in analysis.tables["tga_ms_ratios"]
        if (r["numerator_mz"], r["denominator_mz"]) == (top, bottom)
    )


@pytest.mark.parametrize(("name", "column", "planted"), POSITIONS)
def test_onsets_and_ends_within_8_K(demo, truth, name, column, planted):
    row = event(demo[0], "mass", name)
    error = row[column] - truth[f"tga_ms.{planted}"]
    # A reaction has no first point: what is seen of its tail depends on noise, threshold and baseline.
    assert abs(error) < 8
    assert abs(error) < 3 * row[f"{column}_sd"]
    assert row[f"{column}_sd"] < 15


def test_changes_of_mass(demo, truth):
    for name, sign in (("gain", 1), ("loss", -1)):
        row = event(demo[0], "mass", f"{name} 1")
        assert row["main"] and row["change_percent"] == pytest.approx(
            sign * truth[f"tga_ms.{name}_percent"], abs=0.15
        )
        assert 0 < row["change_percent_sd"] < 0.2


def test_extrapolated_points_lie_inside_first_deviations(demo):
    for name in ("gain 1", "loss 1"):
        row = event(demo[0], "mass", name)
        order = [
            row[f"{p}_degC"]
            for p in (
                "onset_first_deviation",
                "onset_extrapolated",
                "peak",
                "end_extrapolated",
                "end",
            )
        ]
        assert order == sorted(order)


def test_lag_is_found_without_being_told(demo, truth):
    (row,) = demo[0].tables["tga_ms_runs"]
    assert abs(row["ms_lag_s"] - truth["tga_ms.ms_lag_s"]) < 3 * row["ms_lag_s_sd"]
    assert row["ms_lag_s_sd"] < 6 and row["ms_lag_source"].startswith("m/z")


def test_residual_ratios_within_20_percent(demo, truth):
    for top, bottom in ((66, 64), (50, 48)):
        row = ratio(demo[0], top, bottom)
        planted = truth[f"tga_ms.residual_{top}_{bottom}"]
        assert row["residual_ratio"] == pytest.approx(planted, rel=0.2)
        assert abs(row["residual_ratio"] - planted) < 3 * row["residual_ratio_sd"]
        assert row["ratio"] == pytest.approx(row["isotope_ratio"] + row["residual_ratio"])
        assert row["finding"].startswith("more than isotopologues")
        assert row["trend_percent"] > 5 * row["trend_percent_sd"]  # it evolves later than sulfur
    row = ratio(demo[0], 48, 64)
    assert row["ratio"] == pytest.approx(forward.FRAGMENT_48_64, rel=0.02)
    assert row["finding"] == "fragmentation explains it"
    assert abs(row["trend_percent"]) < 4 * row["trend_percent_sd"]


def test_claims_of_the_paper(demo):
    mass = {n: event(demo[0], "mass", n) for n in ("gain 1", "loss 1")}
    assert mass["gain 1"]["onset_first_deviation_degC"] == pytest.approx(180, abs=10)  # T01
    assert mass["gain 1"]["end_degC"] == pytest.approx(300, abs=10)  # T02
    assert mass["loss 1"]["onset_first_deviation_degC"] == pytest.approx(320, abs=10)  # T03
    assert mass["loss 1"]["end_degC"] == pytest.approx(380, abs=10)  # T04
    for mz in (48, 64):  # T05
        main = [
            r for r in demo[0].tables["tga_ms_events"] if r["signal"] == f"mz{mz}" and r["main"]
        ]
        assert len(main) == 1 and 300 < main[0]["peak_degC"] < 400
    for pair in ((66, 64), (50, 48)):  # T06
        assert ratio(demo[0], *pair)["ratio"] == pytest.approx(0.1, abs=0.07)
    slope = next(r for r in demo[0].tables["tga_ms_slopes"] if r["temperature_start_degC"] > 370)
    assert slope["slope_percent_K"] < -5 * slope["slope_percent_K_sd"]  # T07
    for mz in (48, 64, 66, 50):  # T08
        assert event(demo[0], f"mz{mz}", "evolution 2")["onset_first_deviation_degC"] > 600
    endothermic = event(demo[0], "dsc", "endothermic 1")
    assert endothermic["peak_degC"] == pytest.approx(mass["loss 1"]["peak_degC"], abs=5)


def test_areas_of_the_heat_signal(demo, truth):
    """The simulator makes heat in proportion to oxygen that is taken up and SO2 that leaves."""
    mg = truth["tga_ms.sample_mass_mg"] / 100
    planted = {
        "exothermic 1": 3.2 * 60 * mg * truth["tga_ms.gain_percent"],
        "endothermic 1": 1.4
        * 60
        * mg
        * truth["tga_ms.loss_percent"]
        * truth["tga_ms.sulfur_share"],
    }
    for name, area in planted.items():
        row = event(demo[0], "dsc", name)
        assert row["area_unit"] == "uV s/mg"
        # One begins where the other ends: their tails cannot be told apart.
        assert abs(row["area"] - area) < 2.5 * row["area_sd"] < 0.35 * area
    assert np.isnan(event(demo[0], "mass", "gain 1")["area"])


def test_temperatures_of_losses_and_residue_have_uncertainties(demo):
    (row,) = demo[0].tables["tga_ms_runs"]
    assert 340 < row["loss_5_percent_degC"] < 390
    assert 1.0 <= row["loss_5_percent_degC_sd"] < 2.0
    assert 0 < row["final_mass_percent_sd"] < 0.1


def test_annealing_window_lies_between_gain_and_loss(demo, truth):
    (row,) = demo[0].tables["tga_ms_window"]
    assert row["window_start_degC"] == pytest.approx(truth["tga_ms.gain_end_degC"], abs=8)
    assert row["window_end_degC"] == pytest.approx(truth["tga_ms.loss_onset_degC"], abs=8)
    assert row["width_K"] > 2 * row["width_K_sd"] > 0


def test_what_evaporates_does_not_end(demo):
    last = event(demo[0], "mass", "loss 2")
    assert last["onset_first_deviation_degC"] > 600 and "not finished" in last["note"]
    assert np.isnan(last["end_degC"]) and np.isnan(last["change_percent"])


def test_nothing_is_found_where_nothing_was_planted(demo):
    found = {r["signal"] for r in demo[0].tables["tga_ms_events"]}
    assert not found & {"mz28", "mz32", "mz44"}
    counts = [r["event"] for r in demo[0].tables["tga_ms_events"] if r["signal"] == "mass"]
    assert counts == ["gain 1", "loss 1", "loss 2"]


def test_steps_conserve_what_the_ion_currents_carry(truth):
    """The integral of the sulfur dioxide at the ion source is the mass that the balance lost to it."""
    time, temperature = forward.programme(truth)
    amounts = forward.fluxes(truth, temperature)
    mass = forward.true_mass_mg(truth, temperature)
    lost = sum(v for k, v in amounts.items() if k != "oxygen") - amounts["oxygen"]
    assert mass[0] - mass == pytest.approx(lost - lost[0], abs=1e-9)
    cycles = np.arange(0, time[-1], 1.0)
    current = forward.ion_currents(truth, time, temperature, cycles)
    row = forward.CHANNELS.index(64)
    background = forward.BACKGROUND_A[64] * (1 + 0.4 * np.exp(-cycles / 1500))
    carried = np.cumsum(current[row] - background) / 60 / forward.SENSITIVITY_A_MG_MIN
    # Once the main loss is over the slow one changes little within the mixing time.
    for kelvin in (420.0, 500.0, 600.0):
        at = np.interp(kelvin, temperature, time)
        assert np.interp(at, cycles, carried) == pytest.approx(
            np.interp(at, time, amounts["so2"]), rel=2e-3
        )


def test_exports_are_what_the_instruments_write(demo, index_row):
    folder = demo[1]
    raw = (folder / index_row["tga_file"]).read_bytes()
    assert b"#DECIMAL:COMMA\r\n" in raw and "##Temp./°C;".encode("cp1252") in raw
    assert b"e-002" in raw and b"NETZSCH STA 409 PC" in raw
    asc = (folder / index_row["ms_file"]).read_bytes()
    assert b"\n" not in asc and asc.startswith(b"ASCII SAMPLE CYCLES :\t") and b"\t64.38\t" in asc
    ions = read(folder / index_row["ms_file"], "tga_ms")
    assert ions.sets[0].to_xarray().mz.values.tolist() == [18, 28, 32, 44, 48, 50, 64, 66]
    assert not ions.warnings and len(ions.sets) == 2
    assert tuned_mass(66) < 66.45
    mass = read(folder / index_row["tga_file"], "tga_ms").sets[0].to_xarray()
    assert mass.mass_percent.values[0] == pytest.approx(100, abs=0.05)
    assert mass.attrs["sample_mass_mg"] == 20.13


def test_simulation_is_deterministic(tmp_path, truth, index_row):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        forward.simulate("lps", [index_row], tmp_path / name, truth, {}, 7)
    for a, b in zip(
        files_of(index_row, tmp_path / "a"), files_of(index_row, tmp_path / "b"), strict=True
    ):
        assert a.read_bytes() == b.read_bytes()
    forward.simulate("lps", [index_row], tmp_path / "b", truth, {}, 8)
    assert (
        files_of(index_row, tmp_path / "a")[0].read_bytes()
        != files_of(index_row, tmp_path / "b")[0].read_bytes()
    )


def test_every_table_is_described_in_the_manual():
    text = (ROOT / "docs/tga_ms.md").read_text(encoding="utf-8")
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/tga_ms.yaml").read_text(encoding="utf-8")
    )
    for table in schema:
        assert f"`{table}`" in text, table


def test_rows_fit_the_table_schema(demo):
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/tga_ms.yaml").read_text(encoding="utf-8")
    )
    of_several_runs = {"tga_ms_kinetics", "tga_ms_conversion", "tga_ms_conversion_map"}
    assert set(demo[0].tables) | of_several_runs == set(schema)
    for name, rows in demo[0].tables.items():
        for row in rows:
            assert set(row) <= set(schema[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_planted_truth_for_other_noise(analysed, truth, index_row, seed):
    analysis, _ = analysed(truth, index_row, seed)
    for name, column, planted in POSITIONS:
        assert abs(event(analysis, "mass", name)[column] - truth[f"tga_ms.{planted}"]) < 20
    for name, planted in (("gain", 1), ("loss", -1)):
        row = event(analysis, "mass", f"{name} 1")
        error = row["change_percent"] - planted * truth[f"tga_ms.{name}_percent"]
        assert abs(error) < 4 * row["change_percent_sd"] and abs(error) < 0.2
    for top, bottom in ((66, 64), (50, 48)):
        assert ratio(analysis, top, bottom)["residual_ratio"] == pytest.approx(
            truth[f"tga_ms.residual_{top}_{bottom}"], rel=0.2
        )
    test_nothing_is_found_where_nothing_was_planted((analysis, None))


@pytest.mark.slow
def test_uncertainty_of_positions_is_calibrated(analysed, truth, index_row, config):
    """Steps of many widths, changes and noises, thermocouples off as stated: 95 % intervals hold 90 to 99 %."""
    rng = np.random.default_rng(3)
    covered = []
    for seed in range(40):
        gain, loss, onset = rng.uniform(4, 14), rng.uniform(6, 22), rng.uniform(165, 200)
        edges = onset + np.cumsum(
            [0, rng.uniform(70, 120), rng.uniform(20, 50), rng.uniform(50, 110)]
        )
        names = [planted for _, _, planted in POSITIONS]
        steps = dict(zip([f"tga_ms.{n}" for n in names], edges, strict=True))
        steps |= {"tga_ms.gain_percent": gain, "tga_ms.loss_percent": loss}
        steps |= {"tga_ms.sample_mass_mg": float(np.exp(rng.uniform(np.log(10), np.log(40))))}
        analysis, _ = analysed(truth | steps, index_row | {"ms_file": ""}, seed)
        kelvin = np.arange(100, 500, 0.05)
        planted = {}
        for name, percent, (start, end) in (
            ("gain 1", gain, edges[:2]),
            ("loss 1", loss, edges[2:]),
        ):
            rate = np.gradient(forward.extent(kelvin, start, end, percent))
            planted |= {(name, "onset_first_deviation_degC"): start, (name, "end_degC"): end}
            planted[name, "peak_degC"] = kelvin[np.argmax(rate)]
        # The simulated thermocouple is right: over all errors of the stated size the share that an interval holds.
        warmer = norm(scale=config["temperature_sd_K"])
        shares = []
        for (name, column), at in planted.items():
            row = event(analysis, "mass", name)
            error, reach = row[column] - at, 1.96 * row[f"{column}_sd"]
            shares.append(warmer.cdf(reach - error) - warmer.cdf(-reach - error))
        covered.append(shares)
    inside = np.mean(covered, axis=0)
    assert ((inside >= 0.90) & (inside <= 0.99)).all(), dict(zip(planted, inside, strict=True))
