"""Blank runs, buoyancy, cooling, and records that lack something."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.errors import AnalysisError, ReadError
from coatbench.simulate.write_proteus import write_proteus
from coatbench.tga_ms.analyse import analyse
from coatbench.tga_ms.run import prepare

from .made_runs import export, extent, ramp
from .test_planted import event

# --- buoyancy, and what records look like ----------------------------------------------------------


def test_a_blank_run_removes_buoyancy(analysed, truth, index_row, config):
    light = truth | {"tga_ms.buoyancy_mg": 0.2}
    finals = {}
    for name, row in {"with": index_row, "without": index_row | {"blank_file": ""}}.items():
        analysis, _ = analysed(light, row)
        (run,) = analysis.tables["tga_ms_runs"]
        finals[name] = run["final_mass_percent"]
        assert run["buoyancy"] == ("blank" if name == "with" else "none")
        left_mg = config["buoyancy_corrected_sd_mg" if name == "with" else "buoyancy_sd_mg"]
        assert run["drift_sd_percent"] == pytest.approx(100 * left_mg / 20.13, rel=0.01)
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
    sample.sets[0].attrs["corrected"] = 1
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


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda t, n: n + 273.15, "kelvin"), (lambda t, n: np.where(t > t[-1] / 2, n - 200, n), "two runs"), (lambda t, n: n, "")],
)  # fmt: skip
def test_a_temperature_that_no_furnace_has_is_doubted(tmp_path, config, change, said):
    """Each gave an annealing window without a word."""
    grid = ramp(stop=500)
    temperature = change(grid.time_s, grid.temperature_degC)
    mass = np.full(temperature.size, 100.0)
    run = prepare(export(tmp_path, temperature, grid.time_s, mass_percent=mass), None, config)
    assert [said in d for d in run.doubts] == ([True] if said else [])


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
