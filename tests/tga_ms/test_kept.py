"""What single functions of the room make of inputs on both sides of their limits, held in files (`kept_numbers`)."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.errors import AnalysisError
from coatbench.readers.model import Export
from coatbench.simulate.tga_ms import furnace
from coatbench.tga_ms import segments as segment_module
from coatbench.tga_ms.analyse import _losses, _mass_sd
from coatbench.tga_ms.artefacts import Artefact, clean
from coatbench.tga_ms.event import Signal
from coatbench.tga_ms.inside import describe
from coatbench.tga_ms.ions import background_line, robust_baseline, saturated_A
from coatbench.tga_ms.isotopes import Window
from coatbench.tga_ms.kinetics import Conversion, Kinetics, distinct_rates
from coatbench.tga_ms.lag_match import Currents, Loss, Match
from coatbench.tga_ms.onset import Flank, Line, Settings, Side
from coatbench.tga_ms.positions import Variation
from coatbench.tga_ms.regions import Region
from coatbench.tga_ms.run import (
    Run,
    _end_by_temperature,
    _end_of_programme,
    _odd_temperatures,
    heating_rate_K_s,
    prepare,
)
from coatbench.tga_ms.segments import Segment, Step
from coatbench.tga_ms.smooth import (
    Grid,
    block_noise,
    onto_grid,
    smooth,
    smoothed_noise,
    white_noise,
)
from coatbench.tga_ms.steps import Guess, Steps
from coatbench.tga_ms.window import slopes
from kept_numbers import hold

from .kept_inputs import CHANGED, KEPT, around, columns, event_at, turns
from .made_runs import bell, export, ramp

# --- artefacts ---------------------------------------------------------------------------------------


def named(time, temperature, mass) -> tuple[str, list[float]]:
    """What is left out, and what of the mass is left."""
    left, found = clean(time, temperature, mass)
    return "; ".join(a.note for a in found), [float(left.sum()), *(a.stop_s for a in found)]


@pytest.mark.parametrize("rate_K_min", [4.0, 20.0])
def test_kept_excursions(rate_K_min):
    """Bumps of many heights and lengths on a slope, and steps that come back after many times."""
    time = np.arange(0.0, 2400, 3.0)
    temperature = 30 + rate_K_min / 60 * time
    quiet = 100 - 2e-4 * time + np.round(np.random.default_rng(1).normal(0, 0.003, time.size), 5)
    found: dict[str, Any] = {}
    for height in (0.1, 0.17, 1.0, -2.5, 30.0):
        for length in (1, 4, 9, 14, 19, 24, 250, 310):
            mass = quiet.copy()
            mass[300 : 300 + length] += height
            note, numbers = named(time, temperature, mass)
            if note:
                found[f"{height} % {length}"] = [note, *numbers]
        bump = height * np.exp(-(((time - 1200) / 15) ** 2))
        found[f"{height} % round"] = [*named(time, temperature, quiet + bump)]
    mass = quiet + 5.0 * ((time > 600) & (time < 900)) + 1.0 * ((time > 1200) & (time < 1290))
    mass[700:703] += [4.0, 9.0, -5.0]
    mass[:2] -= 8.0
    mass[-2:] += 8.0
    found["several"] = [*named(time, temperature, mass)]
    found["held"] = [*named(time, 0 * time + 300, mass)]
    found["at once"] = [*named(0 * time, temperature, mass)]
    for n in (60, 80, 100, 140):
        few = quiet[300 : 300 + n] + 1.0 * ((np.arange(n) > 30) & (np.arange(n) < 35))
        for factor in (1.0, 0.25):
            found[f"{n} records {factor}"] = [*named(factor * time[300 : 300 + n], temperature[300 : 300 + n], few)]  # fmt: skip
    for shift in (-1.6, -1.4, 1.4, 1.6):
        found[f"back to {shift}"] = [*named(time, temperature, quiet + np.where(time > 999, 5.0, 0) + np.where(time > 1400, shift - 5, 0))]  # fmt: skip
    hold(KEPT / f"excursions_{rate_K_min:.0f}.csv", found)


def test_kept_settling():
    """Balances that settle by many heights, within many times, at two spacings of records."""
    found: dict[str, Any] = {}
    for spacing in (2.0, 11.0):
        time = np.arange(0.0, 2000, spacing)
        noise = np.round(np.random.default_rng(2).normal(0, 0.002, time.size), 5)
        for height in (0.2, 0.31, -0.4, 2.0, 20.0):
            for within in (5, 20, 60, 130, 250):
                mass = 100 + height * np.exp(-time / within) + noise
                found[f"{spacing} s {height} % {within} s"] = [*named(time, 25 + time / 6, mass)]
        found[f"{spacing} s few"] = [*named(time[:19], 25 + time[:19] / 6, 100 + 9 * np.exp(-time[:19] / 9))]  # fmt: skip
        found[f"{spacing} s short"] = [*named(time[:40], 25 + time[:40] / 6, 100 + 9 * np.exp(-time[:40] / 50))]  # fmt: skip
    hold(KEPT / "settling.csv", found)


# --- segments and programmes -------------------------------------------------------------------------

LINES = {
    "ramps": ["25°C/10.0(K/min)/300°C", "300°C/00:30/300°C", "300°C/20,0(K/min)/100°C", "100°C/00:01:30/100°C"],
    "no rate": ["25°C/0.0(K/min)/300°C"],
    "words": ["25°C/10.0(K/min)/300°C", "until cold"],
    "below zero": ["-20.5°C/7,5(K/min)/30°C", "30°C/01:00/30°C"],
}  # fmt: skip
STAGES = (
    '{"stage_0": {"temperature": 30, "stage_type": 0, "time": 90}, "stage_1": {"temperature": 400, "stage_type": 1, "time": 2220},'
    ' "stage_10": {"temperature": 90, "stage_type": 2, "time": 60}, "stage_2": {"temperature": 400, "stage_type": 1, "time": 900},'
    ' "stage_3": {"temperature": 200, "stage_type": 1, "time": 600}, "stage_4": {"temperature": 200, "stage_type": 1, "time": 0}}'
)
STAGES_START_HOT = '{"stage_1": {"temperature": 400, "stage_type": 1, "time": 60}}'


def block(time, temperature, vendor=None, **more) -> Arrays:
    data = {"temperature_degC": ("time", temperature)} | {k: ("time", v) for k, v in more.items()}
    return Arrays.of(data, {"time_s": ("time", time)}, {"vendor": vendor or {}})


def said(found, note="") -> list[Any]:
    return [*(f"{s.name} {s.start_s:.1f}-{s.stop_s:.1f}" for s in found), note]


def test_kept_segments():
    found: dict[str, Any] = {}
    programme = {
        "ramps": [(0, 25, 0), (10, 300, 1800), (-20, 100, 90)],
        "below zero": [(0, -20.5, 0), (7.5, 30, 3600)],
    }
    for name, lines in LINES.items():
        time, temperature = furnace(programme.get(name, [(0, 25, 0), (10, 300, 0)]), 5.0, 2.0)
        vendor = {f"SEG. {i}": line for i, line in enumerate(lines, 1)} | {"SEGMENT": "S1/4"}
        for off in (0.0, 30.0, 43.0, -60.0):
            of = block(time, temperature + off, vendor)
            found[f"{name} {off:+.0f} K"] = said(*segment_module.segments_of(of, time, temperature + off))  # fmt: skip
    time, temperature = furnace([(0, 30, 0), (10, 400, 900), (-20, 200, 0)], 5.0)
    for name, text in (("stages", STAGES), ("hot", STAGES_START_HOT), ("broken", "{"), ("no type", '{"stage_1": {"temperature": 3}}')):  # fmt: skip
        for late in (0.0, 500.0):
            of = block(time + late, temperature, {"temperature_program": text})
            found[f"{name} {late:.0f} s"] = said(*segment_module.segments_of(of, time + late, temperature))  # fmt: skip
    numbers = np.where(time < 1000, 1, np.where(time < 3120, 2, 4)).astype(float)
    numbers[5:9] = np.nan
    for name, vendor in (("numbered", {}), ("named", {"SEG. 2": "30°C/00:10/30°C"})):
        of = block(time, temperature, vendor, segment=numbers)
        found[name] = said(*segment_module.segments_of(of, time, temperature))
    found["unnumbered"] = said(*segment_module.segments_of(block(time, temperature, segment=np.nan * time), time, temperature))  # fmt: skip
    slow = np.arange(0, 600, 5.0)
    found["slow"] = turns(lambda r: segment_module.segments_of(block(slow, 100 + r * slow, segment=1 + 0 * slow), slow, 100 + r * slow)[0][0].kind, around(0.3 / 60))  # fmt: skip
    found["cooling"] = turns(lambda r: segment_module.segments_of(block(slow, 100 - r * slow, segment=1 + 0 * slow), slow, 100 - r * slow)[0][0].kind, around(0.3 / 60))  # fmt: skip
    hold(KEPT / "segments.csv", found)


def test_kept_ends_of_programmes():
    """Ramps, holds, overshoots and cooling at many rates; holds at rest and above it."""
    found: dict[str, Any] = {}
    for step_s in (4.0, 30.0):
        for name, programme in {
            "ramp": [(0, 25, 0), (10, 400, 0)],
            "hold": [(0, 25, 0), (10, 400, 1200)],
            "slow cooling": [(0, 25, 0), (10, 400, 1200), (-0.4, 360, 0)],
            "slower cooling": [(0, 25, 0), (2, 400, 1200), (-0.6, 350, 0)],
            "cooling": [(0, 25, 0), (10, 400, 0), (-20, 200, 0)],
            "hold and cooling": [(0, 25, 0), (10, 400, 900), (-3, 200, 300)],
            "a little cooling": [(0, 25, 0), (10, 400, 600), (-5, 380, 0)],
            "short": [(0, 25, 0), (30, 60, 0), (-30, 20, 0)],
            "only cooling": [(0, 400, 0), (-10, 200, 0)],
        }.items():
            time, temperature = furnace(programme, step_s, 6.0)
            found[f"{name} {step_s:.0f} s"] = [int(time.size), _end_by_temperature(time, temperature), 60 * heating_rate_K_s(time, temperature)]  # fmt: skip
    time, temperature = furnace([(0, 25, 0), (10, 400, 600), (-20, 60, 900), (-10, 40, 0)], 5.0)
    edges = np.cumsum([0, 2250, 600, 1020, 900, 120.0])
    kinds = (segment_module.HEATING, segment_module.ISOTHERMAL, segment_module.COOLING, segment_module.ISOTHERMAL, segment_module.COOLING)  # fmt: skip
    every = [segment_module.Segment(i, a, b, k) for i, (a, b, k) in enumerate(zip(edges[:-1], edges[1:], kinds, strict=True), 1)]  # fmt: skip
    for n in range(6):
        found[f"{n} segments"] = [_end_of_programme(time, temperature, every[:n])]
        found[f"{n} segments at rest"] = [segment_module.end_of_segments(every[:n], time, temperature, k) for k in (20.0, 60.0)]  # fmt: skip
    found["named"] = [segment_module.segment_at(every, t) for t in (-1, 0, 2250, 2251, 5000)]
    found["rest"] = turns(lambda k: segment_module.end_of_segments(every, time, temperature, k), np.arange(30, 40, 0.4))  # fmt: skip
    found["cold"] = segment_module.end_of_segments(every[3:4], time, 0 * time + 25, 30.0)
    found["heating rate of few"] = [heating_rate_K_s(np.array(t), np.array(k)) for t, k in (([0.0, 1], [20.0, 24]), ([0.0, 1], [20.0, 26]), ([0.0, 0], [20.0, 30]), ([0.0, 1, 1, 2], [20.0, 30, 30, 40]))]  # fmt: skip
    hold(KEPT / "ends_of_programmes.csv", found)


# --- signals -----------------------------------------------------------------------------------------


def test_kept_currents():
    """Backgrounds, and tops that are flat for many times, heights and noises."""
    x = np.arange(500.0)
    found: dict[str, Any] = {}
    for width in (8, 40):
        peak = bell(x, 250, width)
        found[f"flat {width}"] = turns(lambda cut, p=peak: bool(saturated_A(np.minimum(1e-3 + p, 1e-3 + cut)) > 0), np.arange(0.5, 1.0, 0.01))  # fmt: skip
        found[f"above {width}"] = turns(lambda b, p=peak: bool(saturated_A(b + np.minimum(p, 0.6)) > 0), around(0.15))  # fmt: skip
    for length in range(3, 9):
        short = np.where((x >= 100) & (x < 100 + length), 1.0, 0.01)
        found[f"short {length}"] = saturated_A(short)
    rough = 0.9994 + 0.0006 * np.sign(np.sin(x))
    found["rough"] = [saturated_A(np.minimum(bell(x, 250, 40), 0.6) * (1 - s * (1 - rough))) for s in (0.7, 1.0, 3.0)]  # fmt: skip
    found["negative"] = saturated_A(bell(x, 250, 20) - 0.2)
    noise = np.round(np.random.default_rng(4).normal(0, 0.02, x.size), 6)
    for name, values in {"peak": bell(x, 200, 25), "peaks": bell(x, 100, 25) - 0.7 * bell(x, 380, 30), "many": 1 + np.sin(x / 9)}.items():  # fmt: skip
        values = values + 0.5 + 0.001 * x + noise
        found[f"background {name}"] = background_line(values)
        for degree in (1, 3):
            found[f"baseline {name} {degree}"] = robust_baseline(values, degree)
    hold(KEPT / "currents.csv", found)


def test_kept_smoothing():
    """Records that are shorter than their window, uneven, with gaps, outside of the grid."""
    random = np.random.default_rng(5)
    x = np.arange(60.0)
    values = np.round(np.sin(x / 7) + 0.1 * random.normal(0, 1, x.size), 6)
    found: dict[str, Any] = {}
    for n in (5, 6, 7, 10, 11, 12, 60):
        for window in (5, 11, 13):
            found[f"{n} of {window}"] = [smooth(values[:n], window)[[0, n // 2, n - 1]], smooth(values[:n], window, 3.0)[[0, n // 2, n - 1]], smoothed_noise(values[:n], window), smoothed_noise(values[:n], window, 3.0)]  # fmt: skip
    found["two rows"] = smooth(np.stack([values, -values])[:, :8], 11)
    found["white"] = [white_noise(values), white_noise(np.round(values)), white_noise(values[:3])]
    for block_size, length in ((1, None), (7, None), (100, 9), (20, 200)):
        drawn = block_noise(values, block_size, np.random.default_rng(6), 3, length)
        found[f"blocks {block_size} {length}"] = [*drawn.shape, drawn]
    grid = np.arange(0.0, 40, 4.0)
    for name, time in {
        "fine": np.arange(-3.0, 45, 0.7), "coarse": np.arange(1.0, 36, 9.0), "late": np.arange(11.0, 27, 1.3),
        "one bin": np.array([8.0, 8.5, 9.0]), "one": np.array([8.0]), "none": np.array([]), "off": np.array([-50.0, 90.0]),
        "edges": np.array([-2.0, -1.9, 37.9, 38.0, 38.1]),
    }.items():  # fmt: skip
        found[name] = list(onto_grid(time, np.cos(time / 6), grid))
    unknown = np.where(np.arange(60) % 5 == 0, np.nan, values)
    found["unknown"] = onto_grid(x, unknown, grid)
    for rate in (0.05, 0.5):
        own = Grid(grid, 20 + rate * grid, rate)
        found[f"points {rate}"] = [f(k) for f in (own.points, own.window) for k in (0.1, 3.0, 7.9, 8.1, 20.0)] + [own.step_s, *own.temperature_at(np.array([-1.0, 5.0, np.nan]))]  # fmt: skip
    hold(KEPT / "smoothing.csv", found)


def test_kept_descriptions(tmp_path):
    one = np.zeros(3)
    mass = Arrays.of({"temperature_degC": ("time", one), "mass_mg": ("time", one), "mass_percent": ("time", one), "dsc": ("time", one)})  # fmt: skip
    ions = Arrays.of({"ion_current_A": (("mz", "time"), np.zeros((2, 3)))}, {"mz": ("mz", np.array([18.0, 44.5]))})  # fmt: skip
    found = {}
    for name, sets in {"mass": [mass], "both": [mass, ions], "ions": [ions], "neither": [Arrays.of({"temperature_degC": ("time", one)})]}.items():  # fmt: skip
        found[name] = list(describe(Export(tmp_path / "a", "x", "tga_ms", sets), {}))
    hold(KEPT / "descriptions.csv", found)


# --- records on their grid ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:All-NaN")
def test_kept_grids(tmp_path, config):
    """Records that are short, long, uneven, with pauses; a mass in mg, in percent, negative, unknown."""
    found: dict[str, Any] = {}

    def made(time, temperature, blank=None, of="mass_percent", mass=None, **attrs) -> Any:
        values = 100 - temperature / 90 if mass is None else mass
        sample = export(tmp_path, temperature, time, **{of: values})
        sample.sets[0].attrs.update(attrs)
        try:
            run = prepare(sample, blank, config | CHANGED)
        except AnalysisError as error:
            return str(error).replace(str(tmp_path), "")
        grid = run.grid
        of_grid = [grid.time_s.size, grid.step_s, grid.rate_K_s, float(grid.temperature_degC.sum())]
        ramp = float(run.mass_percent @ np.linspace(0.5, 1.5, grid.time_s.size))
        return [*([] if blank else of_grid), ramp, run.initial_mass_mg, run.drift_sd_percent, run.buoyancy, *run.warnings]  # fmt: skip

    for n in (19, 20, 21, 60):
        time = 30.0 * np.arange(n)
        found[f"{n} records"] = made(time, 30 + time / 6)
    for spacing in (0.2, 30.0):
        time = np.arange(0, 3000, spacing)
        for pause in (45.0, 100.0, 400.0):
            late = time + pause * (time > 1000) + pause * (time > 1100)
            found[f"{spacing} s, pauses of {pause} s"] = made(late, 30 + late / 6)
    found["at once"] = made(0 * time, 30 + time / 6)
    found["held"] = made(time, 0 * time + 300)
    for name, mass in {"mg": 5 - time / 2000, "none": 0 * time, "unknown": np.nan * time, "less": -3 + 0 * time, "first": np.where(time < 100, 5.0, 4.0)}.items():  # fmt: skip
        found[f"mass_mg, {name}"] = made(time, 30 + time / 6, of="mass_mg", mass=mass, sample_mass_mg=np.nan)  # fmt: skip
    few = np.arange(0, 3000, 2.0)
    found["mass_mg, fine"] = made(few, 30 + few / 6, of="mass_mg", mass=np.where(few < 58, 5.0, 4.0), sample_mass_mg=np.nan)  # fmt: skip
    found["unknown percent"] = made(time, 30 + time / 6, mass=np.nan * time)
    found["no mass"] = made(time, 30 + time / 6, of="dsc")
    for name, (heat, lift, more) in {
        "blank": (30 + time / 6, 0.0, {}), "4 K off": (34 + time / 6, 0.0, {}), "6 K off": (36 + time / 6, 0.0, {}), "short": (30 + time / 6.1, 0.0, {}),
        "few": (430 - time / 6, 0.0, {}), "unknown": (30 + time / 6, np.nan, {}), "no sample mass": (30 + time / 6, 0.0, {"sample_mass_mg": np.nan}),
        "corrected": (30 + time / 6, 0.0, {"corrected": 1}),
    }.items():  # fmt: skip
        blank = export(tmp_path, heat, time, mass_mg=0.1 + 2e-4 * heat + lift)
        found[f"blank, {name}"] = made(time, 30 + time / 6, blank, **more)
    for name, variables in {"change": {"mass_change_mg": 1e-4 * time}, "percent": {"mass_percent": time}}.items():  # fmt: skip
        found[f"blank, {name}"] = made(time, 30 + time / 6, export(tmp_path, 30 + time / 6, time, **variables))  # fmt: skip
    hold(KEPT / "grids.csv", found)


def test_kept_temperatures_that_no_furnace_has():
    time = np.arange(0.0, 3000, 10)
    heat = 40 + time / 6
    found = {
        "jump": turns(
            lambda k: len(_odd_temperatures(time, heat + k * (time > 900))), around(48.3)
        ),
        "fall": turns(
            lambda k: len(_odd_temperatures(time, heat - k * (time > 900))), around(51.6)
        ),
        "start": turns(
            lambda k: len(_odd_temperatures(time, heat - 40 + k)), np.arange(270, 330.0)
        ),
        "said": _odd_temperatures(time, heat + 250 - 90 * (time > 900)),
    }
    hold(KEPT / "temperatures_that_no_furnace_has.csv", found)


def test_kept_losses_and_slopes():
    """Temperatures of lost shares at both ends of a record; slopes of stretches that are short, noisy, drifting."""
    grid = ramp(30, 230, 20.0, 3.0)
    x = np.arange(grid.time_s.size)
    noise = np.round(np.random.default_rng(7).normal(0, 0.05, x.size), 6)
    noise += np.round(np.convolve(np.random.default_rng(8).normal(0, 0.1, x.size + 9), np.ones(10) / 10, "valid"), 6)  # fmt: skip
    found: dict[str, Any] = {}
    for name, mass in {
        "early": 100 - 30 * (x >= 2), "middle": 100 - 0.1 * np.clip(x - 50, 0, 70), "late": 100 - 12 * (x >= x.size - 2),
        "end": 100 - 6.0 * (x == x.size - 1), "back": 100 - 12 * bell(x, 60, 9) - 7 * (x > 120), "never": 100 + 0 * x, "from the start": 60 + 0 * x,
    }.items():  # fmt: skip
        for sd in (np.nan, 0.4):
            run = Run(grid, mass + noise, None, "", 0, 10.0, "none", sd)
            found[f"{name} {sd}"] = [*_losses(run, 0.7).values(), _mass_sd(run), _mass_sd(run, ends=4), *(run.drift(k) for k in (-1.0, 0.0, 30.0, 150.0, 900.0))]  # fmt: skip
    found["steps"] = _losses(Run(grid, 100 - 20.0 * (x > 70), None, "", 0, 10.0, "none", 0.4), 0.7)
    events = [event_at(grid, 30, 70), event_at(grid, 77, 110), event_at(grid, 119, 150)]
    events[1].time_s.pop("end")
    events[2].value["onset_first_deviation"] = np.nan
    for n in (0, 1, 3):
        for sd in (np.nan, 0.4):
            found[f"slopes {n} {sd}"] = columns(slopes(run := Run(grid, 100 - 0.01 * x + noise, None, "", 0, 10.0, "none", sd), run.grid, events[:n], 7.0))  # fmt: skip
    run = Run(grid, 100 - 0.01 * x + noise, None, "", 0, 10.0, "none", 0.4)
    found["short"] = [turns(lambda end, low=low: len(slopes(run, grid, [event_at(grid, 30, end)], low)), np.arange(x.size - 30.0, x.size - 1)) for low in (0.1, 20.0)]  # fmt: skip
    found["straight"] = columns(slopes(Run(grid, 100.0 + 0 * x, None, "", 0, 10.0, "none", 0.1), grid, [], 7.0))  # fmt: skip
    hold(KEPT / "losses_and_slopes.csv", found)


FROZEN = (Artefact, Signal, Window, Conversion, Kinetics, Loss, Currents, Match, Settings, Line, Side, Flank, Variation, Region, Segment, Step, Grid, Guess, Steps)  # fmt: skip


def test_what_is_handed_on_is_not_changed_by_who_gets_it(demo):
    """What a run is made of; and what its kinetics are."""
    assert demo[0].tables and distinct_rates([1.0, 2.0]) == [1.0, 2.0]
    for kind in FROZEN:
        made = kind(*[None] * len(fields(kind)))
        with pytest.raises(FrozenInstanceError):
            setattr(made, fields(kind)[0].name, 1)
