"""What the room makes of whole runs far from the shipped configuration, held number by number (`kept_numbers`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from coatbench.analysis import Analysis
from coatbench.simulate.tga_ms import furnace, reaction, simulate, spoil
from coatbench.simulate.write_proteus import write_proteus
from coatbench.simulate.write_quadstar import write_quadstar
from coatbench.tga_ms.analyse import analyse
from kept_numbers import hold

from .conftest import files_of
from .kept_inputs import CHANGED, KEPT, columns
from .test_situations import balance_noise, logistic


def kept(analysis: Analysis, *, shared_out: bool = False) -> dict[str, Any]:
    """Tables, curves and warnings of a run.

    How steps that no reaction describes are shared out (`shared_out`) is one of several fits that are alike: which of
    them, is another processor's to choose.
    """
    found: dict[str, Any] = {n: columns(rows) for n, rows in analysis.tables.items()}
    if shared_out:
        for column in ("change_percent", "change_percent_sd"):
            found["tga_ms_events"].pop(column)
    for name, block in analysis.curves.items():
        names = [v for v in block.variables if not (shared_out and v.startswith("extent"))]
        found[name] = {v: np.asarray(block[v]) for v in (*names, *block.coords)}
        found[name]["attributes"] = [block.attrs_of(v) for v in block.variables]
    return found | {"warnings": analysis.warnings}


def test_kept_run_with_everything(tmp_path, config, truth, index_row):
    """A blank run, heat, ion currents on a clock that is late, at 20 K/min."""
    far = {
        "heating_rate_K_min": 20.0, "sample_mass_mg": 11.7, "buoyancy_mg": 0.12, "ms_lag_s": -140.0, "gain_onset_degC": 200.0,
        "gain_end_degC": 330.0, "gain_percent": 6.0, "loss_onset_degC": 420.0, "loss_end_degC": 510.0, "loss_percent": 18.0,
        "stop_degC": 720.0, "residual_66_64": 0.02,
    }  # fmt: skip
    simulate("lps", [index_row], tmp_path, truth | {f"tga_ms.{k}": v for k, v in far.items()}, {}, 5)  # fmt: skip
    hold(KEPT / "run_with_everything.csv", kept(analyse([index_row], files_of(index_row, tmp_path), config | CHANGED)))  # fmt: skip


def run(folder, config, columns, header=None, **row):
    """Write a thermogram and analyse it."""
    head = {"FORMAT": "NETZSCH5", "INSTRUMENT": "STA", "DATE/TIME": "03.02.2025 10:11"}
    path = folder / "run.txt"
    write_proteus(path, head | (header or {}), list(columns.items()))
    path.write_bytes(path.read_bytes().replace(b"nan", b""))
    index = {"run": "r", "sample": "s", "tga_file": "run.txt"} | row
    files = [folder / index[c] for c in ("tga_file", "ms_file", "blank_file") if index.get(c)]
    return analyse([index], files, config)


def thermogram(time, temperature, mass, label="Mass/%"):
    return {"Temp./°C": temperature, "Time/min": time / 60, label: mass}


def test_kept_run_in_mg_with_currents_in_its_columns(tmp_path, config):
    """No sample mass, no sign of the heat; two losses that overlap; one current is cut off."""
    time, temperature = furnace([(0, 40, 0), (15, 620, 0)], 4.0)
    losses = [c * reaction(time, temperature, e, p, 0.25) for c, e, p in ((-5, 1.8e5, 330), (-7, 2.1e5, 385))]  # fmt: skip
    mass = 100 + sum(losses) + balance_noise(time, 3)
    gases = [np.clip(-np.gradient(loss, time), 0, None) for loss in losses]
    random = np.random.default_rng(4)
    columns = thermogram(time, temperature, mass * 0.17, "Mass/mg")
    columns["DTA/uV"] = 0.3 + 1e-3 * temperature - 20 * gases[1] + random.normal(0, 0.01, time.size)
    for mz, gas in ((18, gases[0]), (64, gases[1]), (66, 0.06 * gases[1]), (48, 0.5 * gases[1])):
        current = 3e-12 + 1e-8 * gas + random.normal(0, 2e-14, time.size)
        columns[f"QMID(s:1|m:{mz})/A"] = (
            np.minimum(current, 0.6 * current.max()) if mz == 48 else current
        )
    found = run(tmp_path, config | CHANGED | {"dsc_baseline": "sigmoidal"}, columns)
    hold(KEPT / "run_in_mg.csv", kept(found, shared_out=True))


def test_kept_run_of_a_restless_balance(tmp_path, config):
    """A transient, a dropout, a spike, a door, a knock, values that are missing, a pause in the record."""
    time, temperature = furnace([(0, 25, 0), (10, 520, 0)], 5.0)
    mass = 100 + 5 * reaction(time, temperature, 1.3e5, 230, 1 / 6) - 8 * reaction(time, temperature, 2e5, 380, 1 / 6)  # fmt: skip
    mass = mass + balance_noise(time, 8)
    for trouble, size, at_s in (("transient", 4, 0), ("glitch", -3, 1500), ("slam", 0.8, 1700), ("knock", -1.5, 2500)):  # fmt: skip
        mass = spoil(time, mass, trouble, size, at_s)
    mass[120:140] = 3.0
    mass[400:404] = np.nan
    keep = (time < 2650) | (time > 2760)
    found = run(tmp_path, config | CHANGED, thermogram(time[keep], temperature[keep], mass[keep]), {"SAMPLE MASS /mg": "9,4", "CORR. CODE": "020"})  # fmt: skip
    hold(KEPT / "run_of_a_restless_balance.csv", kept(found, shared_out=True))


def test_kept_run_with_holds(tmp_path, config):
    """Segments in a column: nuclei grow in a hold, the furnace overshoots and cools before the last hold."""
    time, temperature = furnace([(0, 25, 0), (12, 260, 2700), (12, 400, 300), (-15, 220, 1800), (-10, 60, 0)], 6.0, 5.0)  # fmt: skip
    edges = np.cumsum([235 / 12 * 60, 2700, 140 / 12 * 60, 300, 180 / 15 * 60, 1800])
    mass = 100 + balance_noise(time, 5) - 4 * logistic(time, edges[0] + 1300, 150)
    mass = mass - 6 * reaction(time, temperature, 1.6e5, 350, 0.2) - 2 * logistic(time, edges[4] + 700, 100)  # fmt: skip
    columns = thermogram(time, temperature, mass) | {"Segment": np.digitize(time, edges + 3) + 1.0}
    found = run(tmp_path, config | CHANGED, columns, {"SAMPLE MASS /mg": "14,2"})
    hold(KEPT / "run_with_holds.csv", kept(found, shared_out=True))


def test_kept_run_that_is_doubted(tmp_path, config):
    """Kelvin in a column of degC, a jump of the temperature, a mass that no sample has."""
    time, temperature = furnace([(0, 298, 0), (20, 900, 0)], 3.0)
    temperature = np.where(time > 1200, temperature + 80, temperature)
    mass = 40 + 5 * reaction(time, temperature, 1e5, 500, 1 / 3) - 68 * reaction(time, temperature, 1.5e5, 690, 1 / 3)  # fmt: skip
    found = run(tmp_path, config | CHANGED, thermogram(time, temperature, mass + balance_noise(time, 1)), {"SAMPLE MASS /mg": "6"})  # fmt: skip
    hold(KEPT / "run_that_is_doubted.csv", kept(found))


def test_kept_run_with_another_blank(tmp_path, config):
    """An empty crucible at another rate and not as far, with a spike; buoyancy passes for a gain; steps at the record's ends."""
    time, temperature = furnace([(0, 30, 0), (8, 470, 0)], 6.0)
    empty_s, empty = furnace([(0, 30, 0), (16, 430, 0)], 4.0)
    buoyancy = 0.2 * (1 - 303 / (empty + 273))
    blank = thermogram(empty_s, empty, spoil(empty_s, buoyancy, "slam", 0.4, 500.0), "Mass/mg")
    write_proteus(tmp_path / "empty.txt", {"SAMPLE MASS /mg": "0", "CORR. CODE": "000"}, list(blank.items()))  # fmt: skip
    mass = 100 + 100 / 12 * 0.25 * (1 - 303 / (temperature + 273)) + balance_noise(time, 2)
    mass = mass - 0.02 * np.minimum(temperature, 110) - 9 * reaction(time, temperature, 2e5, 465, 0.13)  # fmt: skip
    mass = mass + 1.2 * logistic(temperature, 250, 12)
    found = run(tmp_path, config | CHANGED, thermogram(time, temperature, mass), {"SAMPLE MASS /mg": "12"}, blank_file="empty.txt")  # fmt: skip
    hold(KEPT / "run_with_another_blank.csv", kept(found))


def test_kept_run_of_many_small_steps(tmp_path, config):
    """More steps than are fitted together, with corners instead of tails; one record on equal steps of temperature."""
    temperature = np.arange(30, 560, 0.8)
    time = 6.0 * (temperature - 30)
    mass = 100 + balance_noise(time, 9) - 6 * np.clip((temperature - 480) / 30, 0, 1)
    for at, change in ((120, 2), (155, -1.5), (190, 1.7), (225, -2), (260, 1.4), (300, -3)):
        mass = mass + change * np.clip((temperature - at) / 20, 0, 1)
    single = CHANGED | {k: v[1:2] for k, v in CHANGED.items() if k.endswith("_choices")}
    found = run(tmp_path, config | single, thermogram(time, temperature, mass), {"SAMPLE MASS /mg": "25"})  # fmt: skip
    hold(KEPT / "run_of_many_small_steps.csv", kept(found))


def test_kept_run_whose_lag_is_doubted(tmp_path, config):
    """Sulfur dioxide fits either of two losses, and water leaves where no mass is lost."""
    time, temperature = furnace([(0, 30, 0), (20, 600, 0)], 4.0)
    losses = [c * reaction(time, temperature, e, p, 1 / 3) for c, e, p in ((-5, 1.9e5, 330), (-5, 2e5, 440))]  # fmt: skip
    mass = 100 + sum(losses) + balance_noise(time, 6)
    clock = np.arange(0, time[-1] + 300, 5.0)
    so2, water = (np.interp(clock - 35, time, g, 0, 0) for g in (-np.gradient(losses[1], time), np.exp(-((time - 500) / 60) ** 2)))  # fmt: skip
    random = np.random.default_rng(7)
    currents = np.array([2e-12 + 4e-9 * so2, 3e-12 + 4e-11 * water, 2e-12 + 2e-9 * so2])
    currents = currents + random.normal(0, 1e-14, currents.shape)
    write_quadstar(
        tmp_path / "run.asc",
        datetime(2025, 1, 2, 9),
        clock,
        [64, 18, 48],
        currents,
        np.full(clock.size, 1e-5),
    )
    found = run(tmp_path, config | CHANGED, thermogram(time, temperature, mass), {"SAMPLE MASS /mg": "30", "CORR. CODE": "020"}, ms_file="run.asc")  # fmt: skip
    hold(KEPT / "run_whose_lag_is_doubted.csv", kept(found, shared_out=True))
