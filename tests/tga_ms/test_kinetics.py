"""Isoconversional kinetics of simulated precursors whose kinetics are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.figures.drawing import Drawing
from coatbench.figures.tga_ms_kinetics import draw
from coatbench.quality import Quality, doubtful, unusable
from coatbench.simulate.tga_ms import furnace, reaction
from coatbench.tables import write_table
from coatbench.tga_ms.collect import collect
from coatbench.tga_ms.kinetics import Conversion, held, isoconversional, predict

from .conftest import ROOT
from .test_situations import analysed, balance_noise

ENERGY, PEAK = 1.5e5, 300.0  # fastest at 300 degC at 10 K/min
SETTINGS = [(200.0, 1.0), (230.0, 1.0), (250.0, 1.0), (230.0, 5.0)]


def truth(temperature, hours, order=1.0):
    time = np.linspace(0, 3600 * hours, 4000)
    return reaction(time, np.full(time.size, temperature), ENERGY, PEAK, 10 / 60, order)[-1]


def exact(rate, order=1.0):
    time, temperature = furnace([(0, 25, 0), (rate, 700, 0)], 3.0)
    return Conversion(time, temperature, reaction(time, temperature, ENERGY, PEAK, 10 / 60, order), rate)  # fmt: skip


@pytest.mark.parametrize("order", [1.0, 2.0, 0.5])
def test_energy_and_prediction_of_exact_conversions(order):
    found = isoconversional([exact(rate, order) for rate in (2.0, 5.0, 20.0)], 0.3)
    assert found.energy_J_mol == pytest.approx(ENERGY, rel=0.01)
    assert found.energy_integral_J_mol == pytest.approx(ENERGY, rel=0.01)
    for temperature, hours in SETTINGS:
        assert held(found, temperature, [hours])[0, 0] == pytest.approx(
            truth(temperature, hours, order), abs=0.01
        )


def test_prediction_on_a_ramp_and_a_hold():
    found = isoconversional([exact(rate) for rate in (2.0, 5.0, 20.0)], 0.3)
    time, temperature = furnace([(0, 25, 0), (7.0, 240, 3600)], 5.0)
    expected = reaction(time, temperature, ENERGY, PEAK, 10 / 60)
    assert np.abs(predict(found, time, temperature)[0] - expected).max() < 0.01


def test_two_heating_rates_are_refused():
    with pytest.raises(ValueError, match="2 heating rates"):
        isoconversional([exact(rate) for rate in (2.0, 2.1, 20.0)], 0.3)


def collected(folder, config, rates, steps=((8.0, ENERGY, PEAK, 1.0),), seed=0):
    tables, curves = {}, {}
    for i, rate in enumerate(rates):
        time, temperature = furnace([(0, 25, 0), (rate, 700, 0)], 30 / rate)
        mass = 100 + sum(c * reaction(time, temperature, e, p, 10 / 60, n) for c, e, p, n in steps)
        found = analysed(folder, config, time, temperature, mass + balance_noise(time, seed + i), run=f"r{i}")  # fmt: skip
        for name, rows in found.tables.items():
            tables.setdefault(name, []).extend(rows)
        curves[f"r{i}"] = found.curves
    return collect(tables, [{"sample": "s"}], config, settings=SETTINGS, curves=curves)


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_an_hour_at_a_temperature_that_was_never_measured(tmp_path, config, order):
    """Runs with noise, a loss after the gain; the study's settings are predicted within 3 points and 2 sd."""
    steps = ((8.0, ENERGY, PEAK, order), (-12.0, 2.2e5, 430.0, 1.0))
    tables = collected(tmp_path, config, (2.0, 5.0, 10.0, 20.0), steps)
    gain = [r for r in tables["tga_ms_kinetics"] if r["event"] == "gain 1"]
    assert len(gain) == 19 and all(r["quality"] == "ok" for r in gain)
    for row in gain[1:-2]:
        error = row["activation_energy_kJ_mol"] - ENERGY / 1000
        assert abs(error) < max(2.5 * row["activation_energy_kJ_mol_sd"], 2)
        assert row["activation_energy_kJ_mol_sd"] < 12
    rows = [r for r in tables["tga_ms_conversion"] if r["event"] == "gain 1"]
    assert [(r["annealing_temperature_degC"], r["annealing_time_h"]) for r in rows] == sorted(
        SETTINGS, key=lambda s: [t for t, _ in SETTINGS].index(s[0])
    )
    for row in rows:
        expected = truth(row["annealing_temperature_degC"], row["annealing_time_h"], order)
        assert row["conversion"] == pytest.approx(expected, abs=0.03)
        assert abs(row["conversion"] - expected) < max(2.5 * row["conversion_sd"], 0.005)


def test_figure(tmp_path, config):
    schema = yaml.safe_load((ROOT / "workflow/schemas/tables/tga_ms.yaml").read_text(encoding="utf-8"))  # fmt: skip
    style = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
    for rates, drawn in (((2.0, 5.0, 20.0), True), ((10.0,), False)):
        tables = collected(tmp_path, config, rates)
        names = ("tga_ms_kinetics", "tga_ms_conversion", "tga_ms_conversion_map")
        for name in names:
            assert all(set(row) <= set(schema[name]) for row in tables[name])
            write_table(tables[name], list(schema[name]), tmp_path / f"{name}.csv")
        output = {kind: str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")}
        samples = [{"sample": "s", "role": "precursor", "label": "Li3PS4"}]
        drawing = Drawing(output, samples, True, style)
        draw(drawing, **{name: str(tmp_path / f"{name}.csv") for name in names})
        assert Path(output["png"]).stat().st_size > 3000
        assert ("gain 1" in Path(output["csv"]).read_text(encoding="utf-8")) == drawn


def test_what_is_made_of_a_doubtful_event_is_doubtful(config):
    rates = {"slow": 2.0, "middle": 5.0, "fast": 20.0, "broken": 10.0}
    tables: dict[str, list[dict]] = {"tga_ms_runs": [], "tga_ms_events": []}
    curves = {}
    for name, rate in rates.items():
        one = exact(rate)
        variables = {"temperature_degC": ("time", one.temperature_degC), "extent_loss_1": ("time", one.conversion)}  # fmt: skip
        curves[name] = {"mass": Arrays.of(variables, {"time_s": ("time", one.time_s)})}
        tables["tga_ms_runs"].append({"run": name, "heating_rate_K_min": rate})
        judged = {"middle": doubtful("a reason"), "broken": unusable("a knock")}.get(
            name, Quality()
        )
        tables["tga_ms_events"].append({"run": name, "sample": "s", "signal": "mass", "event": "loss 1"} | judged.columns())  # fmt: skip
    made = collect(tables, [], config, settings=SETTINGS, curves=curves)
    for table in ("tga_ms_kinetics", "tga_ms_conversion"):
        for row in made[table]:
            assert row["quality"] == "doubtful"
            assert "run middle: a reason" in row["quality_note"]
            assert "left out: run broken: a knock" in row["quality_note"]
    assert {r["n_runs"] for r in made["tga_ms_kinetics"]} == {3}


def test_one_heating_rate_is_not_estimated_and_says_so(tmp_path, config):
    tables = collected(tmp_path, config, (10.0,))
    (row,) = tables["tga_ms_kinetics"]
    assert row["event"] == "gain 1" and row["quality"] == "ok"
    assert "1 heating rate" in row["note"] and "three" in row["note"]
    assert row.get("activation_energy_kJ_mol") is None
    assert tables["tga_ms_conversion"] == []
