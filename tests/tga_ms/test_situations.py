"""Thermograms as balances and furnaces give them: transients, glitches, holds, tails, two gases, cut-off currents.

Each kind is made here, by a simulator that shares no code with the analysis; the given files of each kind come after.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from coatbench.readers import read
from coatbench.simulate.tga_ms import furnace, reaction, spoil
from coatbench.simulate.write_proteus import write_proteus
from coatbench.simulate.write_quadstar import write_quadstar
from coatbench.tga_ms import artefacts
from coatbench.tga_ms.analyse import analyse
from coatbench.tga_ms.ions import saturated_A
from conftest import SHARED, inputs
from readers import plain_files

RATE = 10.0
HEADER = {"FORMAT": "NETZSCH5", "INSTRUMENT": "NETZSCH STA 449F3", "SAMPLE MASS /mg": "20,000", "CORR. CODE": "020"}  # fmt: skip


def balance_noise(time, seed, sigma=0.004):
    """White noise and a slow wander of the same size, in percent."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    memory = np.exp(-(time[1] - time[0]) / 300)
    steps = rng.normal(0, sigma * np.sqrt(1 - memory**2), time.size)
    return rng.normal(0, sigma, time.size) + lfilter([1], [1, -memory], steps)


def ramp(step_s=3.0, top=800.0):
    return furnace([(0, 25, 0), (RATE, top, 0)], step_s)


def steps_of(time, temperature, *steps):
    """Mass in percent of steps (change, activation energy in J/mol, peak in degC[, order])."""
    return 100 + sum(
        change * reaction(time, temperature, energy, peak, RATE / 60, *order)
        for change, energy, peak, *order in steps
    )


def logistic(temperature, centre, width):
    return 1 / (1 + np.exp(-(temperature - centre) / width))


def analysed(folder, config, time, temperature, mass, header=None, more=(), **row):
    columns = [("Temp./°C", temperature), ("Time/min", time / 60), ("Mass/%", mass), *more]
    write_proteus(folder / "run.txt", HEADER | (header or {}), columns)
    index = {"run": "r", "sample": "s", "tga_file": "run.txt"} | row
    files = [folder / index[c] for c in ("tga_file", "ms_file", "blank_file") if index.get(c)]
    return analyse([index], files, config)


def events(analysis, kind="", signal="mass"):
    return [
        r
        for r in analysis.tables.get("tga_ms_events", [])
        if r["signal"] == signal and r["event"].startswith(kind)
    ]


def at_hand(*names):
    """Handed runs, as further inputs of a test, where they are there."""
    return list(names) if "handed" in inputs("cases/tga_ms") else []


def given(config, name):
    """Analyse a handed run."""
    folder = SHARED / "cases" / "tga_ms"
    with (folder / "index.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = [r for r in csv.DictReader(stream) if r["run"] == name]
    files = [folder / row[c] for c in ("tga_file", "ms_file", "blank_file") if row[c]]
    return analyse([row], files, config)


def assert_window(found):
    """The annealing window of the handed runs that gain 4 % and lose 7 %."""
    (window,) = found.tables["tga_ms_window"]
    assert 255 <= window["window_start_degC"] <= 285 and 310 <= window["window_end_degC"] <= 335


GAIN_LOSS = ((4.0, 1.3e5, 240.0), (-7.0, 1.9e5, 350.0))


@pytest.fixture(scope="module")
def clean(tmp_path_factory, config):
    time, temperature = ramp()
    mass = steps_of(time, temperature, *GAIN_LOSS) + balance_noise(time, 1)
    return time, temperature, mass, analysed(tmp_path_factory.mktemp("clean"), config, time, temperature, mass)  # fmt: skip


@pytest.mark.parametrize(
    ("trouble", "size", "at_s"),
    [("transient", -60, 0), ("transient", 90, 0), ("transient", 140, 0), ("glitch", 5, 2490), ("glitch", -30, 1700), ("slam", 2, 1750),
     *at_hand(("start_spike", None, 0), ("glitch", None, 2490))],
)  # fmt: skip
def test_what_comes_and_goes_is_left_out_and_named(tmp_path, config, clean, trouble, size, at_s):
    time, temperature, mass, undisturbed = clean
    if size is None:
        found, undisturbed = given(config, trouble), given(config, "clean_gain_loss")
    else:
        found = analysed(
            tmp_path, config, time, temperature, spoil(time, mass, trouble, size, at_s)
        )
    for kind, change in (("gain", 4.0), ("loss", -7.0)):
        (good,) = [r for r in events(found, kind) if r["quality"] == "ok"]
        sd = good["change_percent_sd"]
        assert abs(good["change_percent"] - change) < (
            2 * sd if size is None else max(2.5 * sd, 0.02)
        )
    (window,), (before,) = found.tables["tga_ms_window"], undisturbed.tables["tga_ms_window"]
    assert window["quality"] == before["quality"] == "ok"
    for bound in ("window_start_degC", "window_end_degC"):
        assert window[bound] == pytest.approx(before[bound], abs=6)
    if size is None:
        assert_window(found)
    (run,) = found.tables["tga_ms_runs"]
    assert run["artefacts"] and run["artefacts"] in "; ".join(found.warnings)


def test_troubles_that_follow_each_other_are_bridged_one_by_one():
    """A glitch takes back what a transient's last records change: what lay between them, a quarter of an hour, was cut out."""
    time = np.arange(0, 2400, 5.0)
    quiet = 100 - 1e-3 * time + np.random.default_rng(3).normal(0, 0.004, time.size)
    mass = spoil(time, spoil(time, quiet, "transient", 40), "glitch", -3, 900)
    mass[120:140] -= 97
    left, found = artefacts.clean(time, 25 + time / 6, mass)
    assert np.abs(left - quiet)[20:].max() < 0.1
    assert sum(max(a.stop_s - a.start_s, 0) for a in found) < 250


def test_an_artefact_is_as_high_as_its_highest_record():
    """A dropout whose first record is still on its way was called as high as that one."""
    time = np.arange(0, 2400, 5.0)
    mass = 100 + np.random.default_rng(3).normal(0, 0.004, time.size)
    mass[200] -= 3
    mass[201:230] -= 90
    mass[230] -= 3
    _, (found,) = artefacts.clean(time, 25 + time / 6, mass)
    assert found.name == "dropout" and found.height_percent == pytest.approx(-90, abs=0.1)


def test_a_balance_that_settles_in_a_record_of_whole_minutes():
    """Thirty records have one time: the search for the end of the bend did not end."""
    seconds = np.arange(0, 1800, 2.0)
    mass = 100 + 2 * np.exp(-seconds / 25) + np.random.default_rng(3).normal(0, 0.004, seconds.size)
    left, (found,) = artefacts.clean(60 * (seconds // 60), 25 + seconds / 6, mass)
    assert found.name == "settling of the balance" and found.height_percent == pytest.approx(2, abs=0.02)  # fmt: skip
    assert np.abs(left - 100).max() < 0.1


@pytest.mark.parametrize("name", ["", *at_hand("clean_gain_loss")])
def test_nothing_is_left_out_of_a_clean_record(config, clean, name):
    found = given(config, name) if name else clean[-1]
    (run,) = found.tables["tga_ms_runs"]
    assert run["artefacts"] == ""
    assert found.warnings == []
    assert [r["quality"] for r in events(found)] == ["ok", "ok"]
    for row, change in zip(events(found), (4.0, -7.0), strict=True):
        assert abs(row["change_percent"] - change) < 2 * row["change_percent_sd"]
    if name:
        assert_window(found)


@pytest.mark.parametrize("size", [0.6, -1.5, *at_hand("settling_then_loss")])
def test_a_balance_that_settles_is_no_gain_and_gives_no_window(tmp_path, config, size):
    time, temperature = ramp()
    mass = steps_of(time, temperature, (-5.0, 2e5, 420.0)) + balance_noise(time, 2)
    if isinstance(size, str):
        found = given(config, size)
    else:
        found = analysed(tmp_path, config, time, temperature, spoil(time, mass, "settling", size))
    (loss,) = [r for r in events(found) if r["quality"] == "ok"]
    sd = loss["change_percent_sd"]
    assert loss["change_percent"] == pytest.approx(
        -5, abs=(2 if isinstance(size, str) else 2.5) * sd
    )
    assert sd < 0.25
    (window,) = found.tables["tga_ms_window"]
    assert np.isnan(window["window_start_degC"]) and np.isnan(window["window_end_degC"])
    assert window["quality"] == "unusable" and "no gain" in window["quality_note"]


@pytest.mark.parametrize("stretch", [(300, 340, 0.0), (1500, 1540, 180.0), (-5, None, 60.0)])
def test_what_is_too_fast_for_a_reaction_sets_no_scale(tmp_path, config, clean, stretch):
    """A balance that reads nothing for two minutes, or falls in the last seconds: reactions are found as without."""
    time, temperature, mass, _ = clean
    first, end, level = stretch
    mass = mass.copy()
    mass[first:end] = level
    found = analysed(tmp_path, config, time, temperature, mass)
    for kind, change in (("gain", 4.0), ("loss", -7.0)):
        (good,) = [r for r in events(found, kind) if r["quality"] == "ok"]
        assert abs(good["change_percent"] - change) < max(2.5 * good["change_percent_sd"], 0.02)


def test_a_reaction_in_a_record_that_is_all_one_hold(tmp_path, config):
    time = np.arange(0, 3 * 3600.0, 4)
    extent = 1 / (1 + np.exp(-(time - 4000) / 500))
    found = analysed(tmp_path, config, time, 0 * time + 300, 100 - 8 * extent + balance_noise(time, 4))  # fmt: skip
    (loss,) = events(found)
    assert loss["change_percent"] == pytest.approx(-8, abs=2.5 * loss["change_percent_sd"])
    assert loss["change_percent_sd"] < 0.5
    assert loss["peak_time_s"] == pytest.approx(4000, abs=60)
    (run,) = found.tables["tga_ms_runs"]
    assert run["heating_rate_K_min"] == 0


@pytest.mark.parametrize("label", ["Mass/mg", "Mass loss/mg", *at_hand("sample_uncorrected")])
def test_a_door_in_the_blank_is_none_in_the_run(tmp_path, config, clean, label):
    time, temperature, mass, _ = clean
    empty = 0.03 * (1 - 298 / (temperature + 273))
    blank = [("Temp./°C", temperature), ("Time/min", time / 60), (label, spoil(time, empty, "slam", 1.0, 600.0))]  # fmt: skip
    write_proteus(tmp_path / "blank.txt", HEADER | {"SAMPLE MASS /mg": "0", "CORR. CODE": "000"}, blank)  # fmt: skip
    mass = mass + 100 / 20 * empty
    if handed := label == "sample_uncorrected":
        found = given(config, label)
    else:
        found = analysed(tmp_path, config, time, temperature, mass, {"CORR. CODE": "000"}, blank_file="blank.txt")  # fmt: skip
        assert [r["event"] for r in events(found)] == ["gain 1", "loss 1"]
        assert any("blank.txt" in w and "spike" in w for w in found.warnings)
    (run,) = found.tables["tga_ms_runs"]
    assert run["buoyancy"] == "blank"
    assert run["final_mass_percent"] == pytest.approx(98 if handed else 97, abs=0.05)


def test_a_knock_is_no_reaction(tmp_path, config, clean):
    time, temperature, mass, _ = clean
    found = analysed(tmp_path, config, time, temperature, spoil(time, mass, "knock", 1.5, 3600.0))
    (jump,) = [r for r in events(found, "gain") if r["peak_degC"] > 500]
    assert jump["quality"] == "unusable" and "jump" in jump["quality_note"]


@pytest.mark.parametrize(
    ("overshoot", "cooling"),
    [*((o, c) for o in (0.0, 6.0, 12.0) for c in (False, True)),
     *at_hand(("hold_segment_column", False), ("hold_no_segments", False))],
)  # fmt: skip
def test_a_hold_counts_and_cooling_does_not(tmp_path, config, overshoot, cooling):
    programme = [(0, 25, 0), (RATE, 300, 3600)] + ([(-5.0, 120, 0)] if cooling else [])
    handed = isinstance(overshoot, str)
    time, temperature = furnace(programme, 4.0, 6.0 if handed else overshoot)
    change = -10 * reaction(time, temperature, 1.4e5, 330.0, RATE / 60)
    # What happens in cooling is the balance's.
    drift = np.where(time > 27.5 * 60 + 3600, (time - 27.5 * 60 - 3600) * -1e-3, 0)
    mass = 100 + change + drift + balance_noise(time, 3)
    found = given(config, overshoot) if handed else analysed(tmp_path, config, time, temperature, mass)  # fmt: skip
    (run,) = found.tables["tga_ms_runs"]
    assert run["final_mass_percent"] == pytest.approx(100 + change[-1], abs=0.1)
    (loss,) = events(found, "loss")
    assert loss["change_percent"] == pytest.approx(-10, abs=0.25)
    # Most of it in the hold, where only the time tells events apart.
    assert loss["onset_time_s"] < 27.5 * 60 < loss["end_time_s"] < time[-1]
    assert any("cooling" in w for w in found.warnings) == cooling


SLOW = [(0, 25, 0), (RATE, 300, 3600), (-1.0, 240, 0)]
SLOW_LINES = {"SEGMENT": "S1-3/3", "SEG. 1": "25°C/10,0(K/min)/300°C", "SEG. 2": "300°C/01:00/300°C", "SEG. 3": "300°C/1.0(K/min)/240°C"}  # fmt: skip


@pytest.mark.parametrize("named_by", ["column", "lines", "nothing", "wrong lines"])
def test_segments_are_those_that_the_file_names(tmp_path, config, named_by):
    """A furnace that cools by 1 K/min over 60 K: its programme says that this is cooling, a second hold that is none."""
    time, temperature = furnace(SLOW, 4.0, 9.0)
    numbers = np.digitize(time, [27.5 * 60 + 2, 87.5 * 60 + 2]) + 1.0
    change = -10 * reaction(time, temperature, 1.4e5, 330.0, RATE / 60)
    mass = 100 + change + balance_noise(time, 3)
    header = SLOW_LINES if named_by == "lines" else {}
    if named_by == "wrong lines":
        header = SLOW_LINES | {"SEG. 1": "25°C/5.0(K/min)/300°C"}
    more = [("Segment", numbers)] if named_by == "column" else []
    found = analysed(tmp_path, config, time, temperature, mass, header, more)
    (run,) = found.tables["tga_ms_runs"]
    (loss,) = events(found, "loss")
    known = named_by in ("column", "lines")
    assert loss["segment"] == ("2 isothermal" if known and loss["peak_time_s"] > 27.5 * 60 else "1 heating" if known else "")  # fmt: skip
    assert ("3 cooling" in run["segments"]) == known
    left_out = [w for w in found.warnings if "cooling and left out" in w]
    assert any("after 87.5 min" in w for w in left_out) or not known
    assert any("does not fit" in w for w in found.warnings) == (named_by == "wrong lines")


def test_a_hold_after_cooling_counts_unless_it_is_the_furnace_at_rest(tmp_path, config):
    for end, counts in ((200, True), (40, False)):
        time, temperature = furnace([(0, 25, 0), (RATE, 400, 600), (-20.0, end, 3600)], 4.0)
        cooled = 47.5 + (400 - end) / 20
        mass = 100 - 6 * reaction(time, temperature, 1.6e5, 300.0, RATE / 60) + balance_noise(time, 3)  # fmt: skip
        mass = mass - 3 * logistic(
            time / 60, cooled + 30, 3
        )  # at constant temperature: nuclei that grow
        lines = {"SEG. 1": "25°C/10.0(K/min)/400°C", "SEG. 2": "400°C/00:10/400°C", "SEG. 3": f"400°C/20.0(K/min)/{end}°C", "SEG. 4": f"{end}°C/01:00/{end}°C"}  # fmt: skip
        found = analysed(tmp_path, config, time, temperature, mass, lines)
        losses = events(found, "loss")
        assert [r["segment"] for r in losses] == ["1 heating", "4 isothermal"][: 1 + counts]
        for row, change in zip(losses, (-6, -3), strict=False):
            assert row["change_percent"] == pytest.approx(change, abs=max(0.05, 2 * row["change_percent_sd"]))  # fmt: skip
            assert row["change_percent_sd"] < 0.35


KINDS = {
    "80 kJ/mol": ((-10.0, 8e4, 350.0),),
    "200 kJ/mol": ((-10.0, 2e5, 350.0),),
    "second order": ((-10.0, 1.5e5, 350.0, 2.0),),
    "gain and loss": GAIN_LOSS,
    "overlapping": ((-5.0, 2e5, 350.0), (-5.0, 2.2e5, 395.0)),
}


HANDED = {"kinetics_120kJ": [-10.0], "broad_loss": [-11.99], "two_overlapping": [-5.0, -5.0]}


@pytest.mark.parametrize("kind", [*KINDS, "logistic", "broad", *at_hand(*HANDED)])
def test_changes_with_their_tails_and_intervals_that_cover(tmp_path, config, kind):
    time, temperature = ramp(6.0)
    if kind in KINDS:
        clean = steps_of(time, temperature, *KINDS[kind])
        true = [step[0] for step in KINDS[kind]]
    else:
        true = [-12.0 if kind == "broad" else -5.0]
        clean = 100 + true[0] * logistic(temperature, 400, 45 if kind == "broad" else 12)
    pulls, sds = [], []
    for seed in range(1 if kind in HANDED else 4):
        if kind in HANDED:
            found, true = given(config, kind), HANDED[kind]
        else:
            mass = clean + balance_noise(time, 10 + seed)
            found = analysed(tmp_path, config | {"resamples": 8}, time, temperature, mass)
        rows = events(found)
        (window,) = found.tables["tga_ms_window"]
        assert np.isnan(window["window_start_degC"]) == (kind != "gain and loss")
        changes, own = ([r[c] for r in rows] for c in ("change_percent", "change_percent_sd"))
        # Neighbours may be shared out in more than one way, or pass for one: their sum is known.
        if "overlapping" not in kind:
            pulls += [(c - t) / s for c, t, s in zip(changes, true, own, strict=True)]
        pulls.append((sum(changes) - sum(true)) / np.hypot.reduce(own))
        sds.append(
            np.hypot.reduce(own) / abs(sum(changes)) if kind != "gain and loss" else max(own) / 4
        )
    assert np.mean(np.abs(pulls) < 2) >= 0.85, pulls
    assert np.abs(pulls).max() < 4
    assert max(sds) < (0.1 if kind == "overlapping" else 0.05)


def test_intervals_of_changes_are_neither_too_narrow_nor_too_wide(tmp_path, config):
    """Pulls of single steps: 95 % intervals that hold nearly all true values are as wrong as those that miss many."""
    time, temperature = ramp(6.0)
    pulls = []
    for kind in ("80 kJ/mol", "200 kJ/mol", "second order", "logistic", "broad"):
        true = KINDS[kind][0][0] if kind in KINDS else -8.0
        clean = steps_of(time, temperature, *KINDS[kind]) if kind in KINDS else 100 + true * logistic(temperature, 400, 45 if kind == "broad" else 12)  # fmt: skip
        for seed in range(5):
            mass = clean + balance_noise(time, 40 + seed)
            (row,) = events(analysed(tmp_path, config | {"resamples": 4}, time, temperature, mass))
            pulls.append((row["change_percent"] - true) / row["change_percent_sd"])
    assert 0.6 < np.sqrt(np.mean(np.square(pulls))) < 1.2


def test_steps_that_share_tails_are_not_read_between_baselines(tmp_path, config):
    """However uncertain the fit's shares are: between them there is no baseline, and the sum was off by a fifth."""
    time, temperature = ramp(6.0)
    mass = steps_of(time, temperature, *KINDS["overlapping"]) + balance_noise(time, 100)
    rows = events(analysed(tmp_path, config | {"resamples": 4}, time, temperature, mass), "loss")
    sd = np.hypot.reduce([r["change_percent_sd"] for r in rows])
    assert sum(r["change_percent"] for r in rows) == pytest.approx(-10, abs=2.5 * sd)


def ions_of(time, temperature, mass_of, lag_s, cut_A=np.inf, without=()):
    """Quadstar cycles: channel by channel the rate of the losses that carry its gas."""
    clock = np.arange(0.0, time[-1] + lag_s + 120, 4.0)
    channels, currents = [18, 28, 48, 64, 66], []
    for mz in channels:
        gas = sum(
            share * np.clip(-np.gradient(loss, time), 0, None)
            for loss, shares in mass_of
            for share in [shares.get(mz, 0.0)]
            if mz not in without
        )
        signal = np.interp(clock - lag_s, time, gas * np.ones(time.size), 0, 0)
        current = 2e-12 + 4e-9 * signal + np.random.default_rng(mz).normal(0, 1e-14, clock.size)
        currents.append(np.minimum(current, cut_A) if mz == 64 else current)
    return clock, channels, np.array(currents)


WATER, SO2 = {18: 1.0}, {64: 1.0, 48: 0.49, 66: 0.0488}


def coupled(folder, config, losses, lag_s=60.0, **kind):
    from datetime import datetime

    time, temperature = ramp()
    parts = [(steps_of(time, temperature, step) - 100, shares) for step, shares in losses]
    mass = 100 + sum(p for p, _ in parts) + balance_noise(time, 5)
    clock, channels, currents = ions_of(time, temperature, parts, lag_s, **kind)
    write_quadstar(folder / "run.asc", datetime(2025, 1, 2, 9), clock, channels, currents, 1e-5 * np.ones(clock.size))  # fmt: skip
    return analysed(folder, config, time, temperature, mass, ms_file="run.asc")


TWO = [((-6.0, 1.2e5, 200.0), WATER), ((-5.0, 2e5, 400.0), SO2)]


@pytest.mark.parametrize(
    ("lag_s", "name"),
    [(60.0, ""), (-300.0, ""), (900.0, ""), *at_hand((60.0, "lag_two_gases_tga"))],
)
def test_one_lag_serves_two_gases_and_two_losses(tmp_path, config, lag_s, name):
    found = given(config, name) if name else coupled(tmp_path, config, TWO, lag_s)
    (run,) = found.tables["tga_ms_runs"]
    assert abs(run["ms_lag_s"] - lag_s) < min(10, 3 * run["ms_lag_s_sd"])
    (so2,) = events(found, signal="mz64")
    assert so2["peak_degC"] == pytest.approx(400, abs=3)
    assert so2["quality"] == "ok"


def test_a_third_loss_without_a_gas_of_its_own_does_not_take_the_lag(tmp_path, config):
    """Nothing shows the gas of the largest loss; two others still agree on one lag."""
    third = ((-9.0, 2.5e5, 620.0), {})
    found = coupled(tmp_path, config, [*TWO, third])
    (run,) = found.tables["tga_ms_runs"]
    assert run["ms_lag_s"] == pytest.approx(60, abs=10)


def test_one_gas_that_fits_either_loss_is_doubted(tmp_path, config):
    found = coupled(tmp_path, config, [((-5.0, 1.9e5, 330.0), {}), ((-5.0, 2e5, 400.0), SO2)])
    (so2,) = events(found, signal="mz64")
    assert so2["quality"] == "doubtful" and "nearly as well" in so2["quality_note"]


def test_channels_that_contradict_each_other_are_named(tmp_path, config):
    """Sulfur dioxide comes long before mass is lost: a leak, or another clock."""
    time, temperature = ramp()
    early = steps_of(time, temperature, (-5.0, 2e5, 550.0)) - 100
    parts = [(steps_of(time, temperature, TWO[0][0]) - 100, WATER), (early, SO2)]
    clock, channels, currents = ions_of(time, temperature, parts, 60.0)
    from datetime import datetime

    write_quadstar(tmp_path / "run.asc", datetime(2025, 1, 2, 9), clock, channels, currents, 1e-5 * np.ones(clock.size))  # fmt: skip
    mass = steps_of(time, temperature, *(s for s, _ in TWO)) + balance_noise(time, 5)
    found = analysed(tmp_path, config, time, temperature, mass, ms_file="run.asc")
    rows = events(found, signal="mz64") + events(found, signal="mz18")
    assert rows and all(r["quality"] == "doubtful" for r in rows)
    assert any("m/z" in r["quality_note"] or "nearly as well" in r["quality_note"] for r in rows)


@pytest.mark.parametrize("apart_s", [15.0, 60.0, 120.0])
def test_gases_with_delays_of_their_own_are_named(tmp_path, config, apart_s):
    """Sulfur dioxide creeps through the capillary later than water does: one lag cannot serve both."""
    time, temperature = ramp()
    parts = [(steps_of(time, temperature, step) - 100, gas) for step, gas in TWO]
    clock, channels, currents = ions_of(time, temperature, parts, 60.0)
    late = ions_of(time, temperature, parts, 60.0 + apart_s)[2][:, : clock.size]
    currents[2:] = late[2:]
    from datetime import datetime

    write_quadstar(tmp_path / "run.asc", datetime(2025, 1, 2, 9), clock, channels, currents, 1e-5 * np.ones(clock.size))  # fmt: skip
    mass = steps_of(time, temperature, *(s for s, _ in TWO)) + balance_noise(time, 5)
    found = analysed(tmp_path, config, time, temperature, mass, ms_file="run.asc")
    rows = events(found, signal="mz64") + events(found, signal="mz18")
    assert {r["quality"] for r in rows} == {"ok" if apart_s < 20 else "doubtful"}
    assert all(("m/z 48, 64, 66 alone" in r["quality_note"]) == (apart_s > 20) for r in rows)
    if apart_s < 20:
        (run,) = found.tables["tga_ms_runs"]
        assert abs(run["ms_lag_s"] - 60 - apart_s / 2) < 2 * run["ms_lag_s_sd"]


def test_a_larger_loss_whose_gas_no_channel_shows_does_not_take_the_lag_unseen(tmp_path, config):
    """Sulfur dioxide of the second loss fits the sharper first one less well than its own: either may be right."""
    found = coupled(tmp_path, config, [((-5.0, 1.9e5, 250.0), {}), ((-5.0, 2e5, 500.0), SO2)])
    (run,) = found.tables["tga_ms_runs"]
    (so2,) = events(found, signal="mz64")
    right = abs(run["ms_lag_s"] - 60) < max(10, 3 * run["ms_lag_s_sd"])
    assert right or (so2["quality"] == "doubtful" and "a lag of 60 s" in so2["quality_note"])


def test_a_current_that_is_cut_off_makes_no_ratio(tmp_path, config):
    whole = coupled(tmp_path, config, TWO)
    cut = coupled(tmp_path, config, TWO, cut_A=4e-11)
    for found, saturated in ((whole, False), (cut, True)):
        rows = [r for r in found.tables["tga_ms_ratios"] if r["numerator_mz"] == 66]
        assert rows
        for row in rows:
            assert ("saturated" in row["finding"]) == saturated
            assert (row.get("ratio") is None) == saturated
            assert "more than isotopologues" not in row["finding"]
        (so2,) = events(found, signal="mz64")
        assert so2["quality"] == ("doubtful" if saturated else "ok")


def test_a_round_peak_is_not_cut_off():
    x = np.arange(2000.0)
    for width in (20, 60, 300):
        for noise in (0.0, 0.003):
            peak = np.exp(-0.5 * ((x - 1000) / width) ** 2)
            peak = 1e-12 + 1e-9 * peak * (1 + np.random.default_rng(1).normal(0, noise, x.size))
            assert np.isnan(saturated_A(peak)), (width, noise)
            assert saturated_A(np.minimum(peak, 6e-10)) == pytest.approx(6e-10)


LABELS = {
    "German": ("Temp./°C;Zeit/min;Masse/%", "cp1252"),
    "time first": ("Time/min;Temp./°C;Mass/%", "cp1252"),
    "seconds": ("Temp./°C;Time/s;TG/%", "cp1252"),
    "kelvin": ("Temp./K;Time/min;Mass/%", "cp1252"),
    "mass loss": ("Temp./°C;Time/min;Mass loss/%", "cp1252"),
    "mass change": ("Temp./°C;Time/min;Mass change/%", "cp1252"),
    "change in mg": ("Temp./°C;Time/min;Mass change/mg", "utf-8"),
    "tared": ("Temp./°C;Time/min;Mass/mg", "cp1252"),
    "Chinese": ("温度/℃;时间/min;质量/%", "gb18030"),
    "Japanese": ("温度/℃;時間/min;質量/%", "cp932"),
    "Japanese change": ("温度/℃;時間/min;重量変化/%", "utf-8"),
    "Russian": ("Темп./°C;Время/мин;Масса/%".replace("мин", "min"), "utf-8"),
    "French": ("Température/°C;Temps/min;Masse/%", "utf-8"),
}


@pytest.mark.parametrize(
    "language",
    [
        *LABELS,
        *at_hand(
            "label_mass_loss_percent",
            "label_german",
            "label_chinese_gbk",
            "label_kelvin",
            "label_mass_mg_from_tare",
        ),
    ],
)
def test_columns_are_known_by_any_of_their_names(tmp_path, config, language):
    if language.startswith("label_"):
        found = given(config, language)
        (loss,) = events(found, "loss")
        assert loss["change_percent"] == pytest.approx(-8, abs=0.12)
        assert loss["peak_degC"] == pytest.approx(350, abs=3)
        assert found.tables["tga_ms_runs"][0]["final_mass_percent"] == pytest.approx(92, abs=0.1)
        return
    labels, encoding = LABELS[language]
    temperature, minutes = np.linspace(30, 800, 60), np.linspace(0, 77, 60)
    mass = np.linspace(100, 92, 60)
    columns = {}
    for label in labels.split(";"):
        name, _, unit = label.partition("/")
        if unit in ("℃", "°C", "K"):
            columns[label] = temperature + (273.15 if unit == "K" else 0)
        elif unit in ("min", "s"):
            columns[label] = minutes * (60 if unit == "s" else 1)
        elif unit == "mg":
            columns[label] = (mass - 100) * 0.2
        else:
            columns[label] = mass - (100 if "change" in name or "変化" in name else 0)
    lines = ["#EXPORTTYPE:DATA ALL", "#FORMAT:NETZSCH5", "#DECIMAL:POINT", "#SEPARATOR:SEMICOLON"]
    lines += ["#SAMPLE MASS /mg:20.000", f"##{labels}"]
    lines += [";".join(f"{v:.5f}" for v in row) for row in zip(*columns.values(), strict=True)]
    path = tmp_path / "run.txt"
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    block = read(path, "tga_ms").sets[0].to_xarray()
    assert np.asarray(block["temperature_degC"]) == pytest.approx(temperature, abs=1e-4)
    assert np.asarray(block["time_s"]) == pytest.approx(60 * minutes, abs=1e-3)
    assert np.asarray(block["mass_percent"]) == pytest.approx(mass, abs=1e-3)


@pytest.mark.parametrize("source", inputs("cases/tga_ms"))
@pytest.mark.parametrize("name", ["ta_universal_analysis", "mettler_stare"])
def test_gain_and_loss_in_the_text_of_another_balance(
    tmp_path, config, monkeypatch, clean, name, source
):
    if source == "made":
        time, temperature, mass, _ = clean
        curves = {
            "N": time.size,
            "TIME_S": time,
            "TEMPERATURE": temperature,
            "MASS_MG": mass / 5,
            "DSC": 0 * mass,
        }
        for attribute, values in curves.items():
            monkeypatch.setattr(plain_files, attribute, values)
        made = getattr(plain_files, name)()
        (tmp_path / made.file).write_bytes(made.content)
        found = analyse(
            [{"run": "r", "sample": "s", "tga_file": made.file}], [tmp_path / made.file], config
        )
    else:
        found = given(config, name)
    assert [(r["event"], r["quality"]) for r in events(found)] == [
        ("gain 1", "ok"),
        ("loss 1", "ok"),
    ]
    assert [r["change_percent"] for r in events(found)] == pytest.approx([4, -7], abs=0.15)
    if source == "handed":
        assert_window(found)
    undisturbed = clean[-1] if source == "made" else given(config, "clean_gain_loss")
    (window,), (before,) = found.tables["tga_ms_window"], undisturbed.tables["tga_ms_window"]
    for bound in ("window_start_degC", "window_end_degC"):
        assert window[bound] == pytest.approx(before[bound], abs=6)


@pytest.mark.parametrize("source", inputs("cases/tga_ms"))
def test_a_balance_that_reads_nothing_at_the_start(tmp_path, config, source):
    """It comes back above 100 %, two losses follow, the larger one into a hold, and slow cooling."""
    if source == "made":
        time, temperature = furnace([(0, 30, 0), (4.0, 300, 1200), (-2.0, 200, 0)], 4.0)
        mass = 2.5 + steps_of(time, temperature, (-4.7, 1.5e5, 190.0), (-32.0, 3e5, 310.0))
        mass = spoil(time, mass + balance_noise(time, 6), "transient", -105)
        found = analysed(tmp_path, config, time, temperature, mass, {"CORR. CODE": "000"})
    else:
        found = given(config, "real_start_transient")
    curve = found.curves["mass"]
    time, mass = np.asarray(curve["time_s"]), np.asarray(curve["mass_percent"])
    temperature = np.asarray(curve["temperature_degC"])
    later = time > 1000
    at = {t: mass[later][np.argmin(np.abs(temperature[later] - t))] for t in (105, 230)}
    assert at[105] == pytest.approx(102.5, abs=0.3)
    assert at[230] == pytest.approx(97.8, abs=0.3)
    (run,) = found.tables["tga_ms_runs"]
    assert run["final_mass_percent"] == pytest.approx(65.8, abs=1.5)
    assert any(
        r["change_percent"] < -25 and r["onset_first_deviation_degC"] > 235
        for r in events(found, "loss")
    )
    (window,) = found.tables["tga_ms_window"]
    assert np.isnan(window["window_start_degC"]) and np.isnan(window["window_end_degC"])
    assert not [r for r in events(found) if r["quality"] == "ok" and r["onset_time_s"] < 120]


@pytest.mark.parametrize(("centre_min", "quiet"), [(60, True), (31, False), (84, False)])
def test_a_step_that_a_hold_cuts_short_is_doubted(tmp_path, config, centre_min, quiet):
    """Nuclei that grow in a hold of an hour: where it begins or ends within the step, there is no level to read."""
    time, temperature = furnace([(0, 25, 0), (RATE, 300, 3600)], 4.0)
    mass = 100 - 5 * logistic(time / 60, centre_min, 3) + balance_noise(time, 3)
    losses = events(analysed(tmp_path, config, time, temperature, mass), "loss")
    if quiet:
        (loss,) = losses
        assert loss["change_percent"] == pytest.approx(-5, abs=0.1) and loss["quality"] == "ok"
    for loss in losses:
        wrong = abs(loss["change_percent"] + 5) > max(0.1, 2 * loss["change_percent_sd"])
        assert not wrong or loss["quality"] != "ok", loss
    assert losses
