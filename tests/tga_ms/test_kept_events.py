"""What is found of events, and what is said of them, on both sides of the limits, held in files (`kept_numbers`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coatbench.quality import Quality
from coatbench.simulate.tga_ms import furnace
from coatbench.tga_ms import events as event_module
from coatbench.tga_ms import heights, positions
from coatbench.tga_ms.areas import set_areas
from coatbench.tga_ms.event import POSITIONS, Event, Signal
from coatbench.tga_ms.events import find_events
from coatbench.tga_ms.ions import robust_baseline
from coatbench.tga_ms.onset import Settings, fit_line, measure_sides, refine_peak
from coatbench.tga_ms.positions import Variation
from coatbench.tga_ms.regions import Region, find_regions
from coatbench.tga_ms.smooth import Grid, smooth
from coatbench.tga_ms.steps import Steps
from coatbench.tga_ms.window import recommended
from kept_numbers import hold

from .kept_inputs import CHANGED, KEPT, around, columns, event_at, turns
from .made_runs import bell, ramp
from .test_situations import balance_noise, logistic

# --- regions, onsets, areas --------------------------------------------------------------------------


def test_kept_regions():
    x = np.arange(600.0)
    found: dict[str, Any] = {}

    def seen(rate, noise=0.01, significance=8.0, relative=0.02, signs=(1, -1), **more) -> list[int]:
        return [v for r in find_regions(rate, noise, significance, relative, signs, **more) for v in (r.peak, r.sign, r.left, r.right, r.before, r.after, r.at_start, r.at_end)]  # fmt: skip

    for apart in (25, 30, 36, 44, 60, 200):
        found[f"{apart} apart"] = seen(bell(x, 200, 14) + 0.6 * bell(x, 200 + apart, 14))
        found[f"{apart} against each other"] = seen(bell(x, 200, 14) - 0.6 * bell(x, 200 + apart, 14))  # fmt: skip
    both = bell(x, 150, 10) + 0.2 * bell(x, 300, 10) - 0.05 * bell(x, 450, 10) + 0.02
    found["one way"] = seen(both, signs=(1,))
    found["at least"] = seen(both, least=0.3)
    found["relative"] = turns(lambda r: len(seen(both, relative=r)) // 8, around(0.1))
    found["significance"] = turns(lambda s: len(seen(both, significance=s)) // 8, around(9.0, 30))
    found["noise"] = seen(both, noise=0.015, significance=3.0)
    found["nothing"] = [seen(0 * x), seen(0 * x, noise=0.0), seen(both, noise=9.0)]
    found["at the edges"] = seen(bell(x, 0, 20) - bell(x, 599, 15) + 0.5 * bell(x, 250, 9))
    accepted = seen(both, accept=lambda region: region.sign > 0)
    found["accepted"] = accepted
    spiked = both.copy()
    spiked[500:504] = 30.0
    found["narrow"] = turns(lambda n: len(seen(spiked, narrow=int(n))) // 8, range(0, 9))
    found["all narrow"] = seen(np.where((x > 100) & (x < 104), 1.0, 0.0), narrow=9)
    hold(KEPT / "regions.csv", found)


def test_kept_sides_of_an_event():
    """Both sides of steps and peaks, with short and long quiet stretches, slopes and neighbours."""
    x = np.arange(400.0)
    wave = 0.002 * np.sin(0.7 * x) + 0.001 * np.sin(1.9 * x)
    found: dict[str, Any] = {}
    for step in (True, False):
        for sign in (1, -1):
            for slope in (0.0, 0.004):
                shape = 0.5 * (1 + np.tanh((x - 210) / 18)) if step else bell(x, 210, 18)
                smoothed = 3 + sign * shape + slope * x + wave
                derivative = np.gradient(smoothed)
                for name, edges in {"far": (0, 399), "near": (135, 290), "nearer": (160, 262), "no room": (171, 249)}.items():  # fmt: skip
                    region = Region(210, sign, 172, 248, edges[0], edges[1], name == "nearer" and not step, name == "nearer" and step)  # fmt: skip
                    sides = [
                        s
                        for k, floor in ((3.0, 0.0), (8.0, 0.004))
                        for s in measure_sides(smoothed, derivative, region, Settings(k, 40, 8, 6, 3.5), step=step, floor=floor)
                    ]  # fmt: skip
                    lines = [s.line for s in sides if s.line is not None]
                    made = [n for s in sides for n in (s.deviation, s.extrapolated)]
                    here = [
                        *made,
                        sum(line.at(200.0) for line in lines),
                        sum(line.sd_at(200.0) for line in lines),
                    ]
                    found[f"{'step' if step else 'peak'} {sign} {slope} {name}"] = [np.array([*here[:8], 0.0]), *here[8:]]  # fmt: skip
    line = fit_line(3 + 0.1 * x + wave, 20, 29, 4.0)
    found["line"] = [line.level, line.slope, line.centre, line.scatter, line.n, line.spread]
    line = fit_line(3 + 0.1 * x + wave, 20, 90, 4.0)
    found["long line"] = [line.level, line.slope, line.centre, line.scatter, line.n, line.spread]
    hold(KEPT / "sides_of_an_event.csv", found)


def test_kept_tops():
    x = np.arange(120.0)
    found = {}
    for width in (1.5, 3.0, 4.4, 6.0, 20.0):
        for at in (50.3, 50.8):
            lopsided = bell(x, at, width) + 0.4 * bell(x, at + 1.3 * width, width)
            found[f"{width} {at}"] = [refine_peak(s * lopsided, int(np.argmax(lopsided)), s) for s in (1, -1)]  # fmt: skip
    found["edges"] = [refine_peak(x, 119, 1), refine_peak(x, 0, 1), refine_peak(0 * x + 1, 50, 1), refine_peak(bell(x, 1.2, 1), 1, 1), refine_peak(bell(x, 118.3, 8), 118, 1)]  # fmt: skip
    hold(KEPT / "tops.csv", found)


@pytest.mark.parametrize("baseline", ["linear", "sigmoidal"])
def test_kept_areas(baseline):
    """Peaks alone, beside each other, at the edges, on a step, short ones; uncertain edges; units."""
    grid = ramp(30, 300, step_s=3.0)
    x = np.arange(grid.time_s.size)
    noise = np.round(np.random.default_rng(3).normal(0, 0.01, x.size), 6)
    found = {}
    for name, (edges, values) in {
        "alone": ([(200, 290)], bell(x, 245, 15)),
        "on a step": ([(200, 290)], bell(x, 245, 15) + 0.4 * (1 + np.tanh((x - 245) / 20))),
        "two": ([(200, 260), (262, 330)], bell(x, 230, 12) - 0.6 * bell(x, 295, 14)),
        "not far": ([(150, 210), (240, 300)], bell(x, 180, 12) + bell(x, 270, 12)),
        "at the start": ([(3, 60)], bell(x, 30, 10)),
        "at the end": ([(x.size - 70, x.size - 2)], bell(x, x.size - 35, 12)),
        "short": ([(100, 104)], bell(x, 102, 1)),
        "without an end": ([(100, np.nan)], bell(x, 102, 9)),
        "faint": ([(200, 290)], 0.01 * bell(x, 245, 15)),
        "nothing": ([(100, 160)], 0.0 * x),
    }.items():
        for unit, sd in (("mW/mg", 1.0), ("W/g", 12.0), ("mW", 4.0), ("uV", 4.0), ("counts", 4.0)):
            if unit in ("mW", "uV", "counts") and name != "alone":
                continue
            signal = Signal("dsc", values + (0 if name in ("nothing", "faint") else noise), False, (1, -1), 0 * values, 1)  # fmt: skip
            events = [event_at(grid, *np.nan_to_num(e, nan=150), "dsc", sd=sd) for e in edges]
            if name == "without an end":
                events[0].time_s.pop("end")
            set_areas(events, signal, grid, unit, baseline)
            found[f"{name} {unit}"] = [v for e in events for v in (e.area, e.area_sd, e.area_unit)]
    hold(KEPT / f"areas_{baseline}.csv", found)


# --- what is said of events --------------------------------------------------------------------------


def judged(grid, event, drift=0.0, step=True, window_s=6.0) -> str:
    signal = Signal(event.signal, np.zeros(grid.time_s.size), step, (1, -1), np.zeros(grid.time_s.size))  # fmt: skip
    quality = event_module._judged(event, signal, grid, lambda kelvin: drift * kelvin, window_s)
    return f"{quality.level} {quality.note}"


def test_kept_judgements():
    found: dict[str, Any] = {}
    for rate in (2.0, 10.0, 40.0):
        grid = ramp(30, 700, rate, 2.0)
        found[f"lasting, {rate} K/min"] = turns(lambda s, g=grid: judged(g, event_at(g, 300, 300 + s / 2)).split()[0], around(max(12.0, 120 / rate)))  # fmt: skip
    found["smoothed"] = turns(
        lambda s: judged(grid, event_at(grid, 300, 300 + s / 2), window_s=100.0).split()[0],
        around(60.0),
    )
    for onset in (0.0, 30.0, 180.0, 250.0):
        held = Grid(grid.time_s, np.interp(grid.time_s, [0, 400, 600, 5000], [30, 30, 163.3, 3096]), 40 / 60)  # fmt: skip
        for name, g in (("a ramp", grid), ("a hold before", held)):
            found[f"gain from {onset:.0f}, {name}"] = turns(lambda c, g=g, o=onset: judged(g, event_at(g, o, o + 90, kind="gain", sign=1, change=c), 0.001), around(10 * 0.001 * float(np.ptp(g.temperature_degC))))  # fmt: skip
    found["starts"] = turns(lambda t: event_module._ramp_starts(t, held), np.arange(0, 800, 7.0))
    found["starts at once"] = turns(lambda t: event_module._ramp_starts(t, grid), np.arange(0, 300, 3.0))  # fmt: skip
    found["change"] = turns(
        lambda c: judged(grid, event_at(grid, 200, 300, change=c)).split()[0], around(0.3)
    )
    unknown = event_at(grid, 200, 300, change=np.nan)
    unknown.note = "not finished when the record ends; another note"
    found["unknown"] = [judged(grid, unknown), judged(grid, unknown, step=False), event_module._ramp_starts(np.nan, grid)]  # fmt: skip
    hold(KEPT / "judgements.csv", found)


def test_kept_windows():
    """Gains and losses that are sure, doubted, unusable, too close to each other."""
    grid = ramp(30, 700)
    found = {}

    def made(kind, number, onset, end, level="ok", **more) -> Event:
        event = event_at(grid, onset, end, kind=kind, sign=1 if kind == "gain" else -1, **more)
        event.number = number
        event.quality = Quality(level, () if level == "ok" else (f"a {level} note",))
        return event

    gain, loss, endless = (
        made("gain", 1, 100, 400),
        made("loss", 1, 600, 800),
        made("gain", 1, 100, 400),
    )
    endless.value["end"] = np.nan
    for name, events in {
        "plain": [gain, loss],
        "no events": [],
        "no gain": [loss],
        "a doubted gain": [made("gain", 1, 100, 400, "doubtful"), made("gain", 2, 420, 440, change=9.0), loss],
        "only doubted gains": [made("gain", 1, 100, 400, "doubtful"), made("gain", 2, 420, 440, "doubtful"), loss],
        "a gain without an end": [endless, loss],
        "no loss": [gain],
        "a loss before": [made("loss", 1, 20, 80), gain, made("loss", 2, 700, 900)],
        "an unusable loss": [gain, made("loss", 1, 600, 800, "unusable")],
        "a doubted loss": [gain, made("loss", 1, 600, 800, "doubtful"), made("loss", 2, 900, 990)],
        "a loss without a change": [gain, made("loss", 1, 600, 800, change=np.nan)],
        "close": [gain, made("loss", 1, 415, 800, sd=3.0)],
    }.items():  # fmt: skip
        for event in events:
            event.size = abs(event.value["change"])
        row = recommended(events, "none" if name == "plain" else "blank")
        found[name] = {k: v for k, v in row.items() if v == v and v != ""}
    found["significant"] = turns(lambda i: recommended([gain, made("loss", 1, 400 + i, 800, sd=3.0)], "blank")["quality"], np.arange(0, 60.0))  # fmt: skip
    hold(KEPT / "windows.csv", found)


def test_kept_peaks_at_the_edges(config):
    """Backgrounds that decay from the first record on or are curved, and evolutions that rise there by little and by much."""
    grid = ramp(30, 430, 20.0, 4.0)
    x = np.arange(grid.time_s.size)
    noise = np.round(np.random.default_rng(12).normal(0, 0.002, x.size), 6)
    few = config | CHANGED | {"onset_k_choices": [4.0], "smoothing_window_K_choices": [4.0], "baseline_K_choices": [30.0]}  # fmt: skip
    found: dict[str, Any] = {}
    for name, shape in {
        "decay": np.exp(-x / 40), "start": np.exp(-x / 40) + 0.5 * bell(x, 9, 5), "later": np.exp(-x / 40) + 0.5 * bell(x, 30, 7), "end": 0.6 * bell(x, x.size, 15),
        "rising": 0.004 * x, "before the end": 0.5 * bell(x, x.size - 20, 8), "small": 0.1 * bell(x, 150, 12), "smaller": 0.02 * bell(x, 150, 12),
    }.items():  # fmt: skip
        values = 1.5 + shape + noise
        for kind in ("mz18", "dsc"):
            signal = Signal(kind, values, False, (1,) if kind == "mz18" else (1, -1), robust_baseline(values, 1))  # fmt: skip
            events = find_events(signal, grid, few, extra_sd_K=1.5)
            found[f"{name} {kind}"] = columns(e.row() for e in events)
            found[f"{name} {kind}"]["size"] = [e.size for e in events]
    hold(KEPT / "peaks_at_the_edges.csv", found)


def test_kept_measures(monkeypatch):
    """Positions of an event whose variations agree, scatter, and are not found by all."""
    grid = ramp(30, 430, 20.0, 4.0)
    region = Region(150, -1, 120, 180, 0, 299, False, False)
    mass = Signal("mass", np.linspace(100, 90, 300), True, (1, -1), np.zeros(300))
    scatter = np.array([0, 1.5, -2.0, 0.5, 3.0, -1.0, 0.2, -0.4])
    found: dict[str, Any] = {}
    for known in (2, 4, 5, 8):
        for sources in ("value level choice choice choice choice noise noise noise noise", "value choice noise noise", "value noise"):  # fmt: skip
            variations = [Variation(s, np.linspace(100, 90, 300), np.zeros(300), np.full(300, -0.1), Settings(4, 30, 6, 3), 0.01) for s in sources.split()]  # fmt: skip
            rows = [np.array([120.0, 135, 150, 165, 180, -3, 0.02]) + np.array([1, 0.5, 0.2, 0.5, 1.5, 0.01, 0]) * scatter[i % 8] for i in range(len(variations))]  # fmt: skip
            for row in rows[known:]:
                row[[0, 3, 4]] = np.nan
            calls = iter(rows)
            monkeypatch.setattr(positions, "_positions", lambda *given, calls=calls: next(calls))
            event = positions.measure(mass, region, grid, variations, lambda kelvin: 1e-3 * kelvin, 0.7)  # fmt: skip
            found[f"{known} of {sources}"] = [np.array(list(event.value.values())), np.array(list(event.sd.values())), event.note, event.kind, event.size, *event.time_s]  # fmt: skip
    fresh = Event("mass", "loss", region)
    fresh.value = fresh.sd = dict.fromkeys(POSITIONS, 1.0)
    found["fresh"] = [v for v in fresh.row().values() if v == v]
    found["kinds"] = [positions._kind(Signal(n, mass.values, True, (1,), mass.pedestal, *e), Region(1, s, 0, 2, 0, 3, False, False)) for n in ("mass", "dsc", "mz64") for e in ((), (1,), (-1,), (0,)) for s in (1, -1)]  # fmt: skip
    for name, (start, end, onset, last) in {"start": (True, False, np.nan, 1.0), "end": (False, True, 1.0, np.nan), "neither": (False, False, np.nan, np.nan)}.items():  # fmt: skip
        fresh.value = {"onset_first_deviation": onset, "end": last}
        found[name] = positions._note(Region(1, 1, 0, 2, 0, 3, start, end), fresh)
    hold(KEPT / "measures.csv", found)


def test_kept_variations(config):
    """Ways to look at a signal: choices, noise, with much and little that is quiet."""
    grid = ramp(30, 230, 20.0, 4.0)
    x = np.arange(grid.time_s.size)
    values = 100 - 0.02 * x + np.round(np.random.default_rng(13).normal(0, 0.01 + 0.02 * (x > 90), x.size), 6)  # fmt: skip
    found: dict[str, Any] = {}
    for name, regions in {"none": [], "one": [(60, 80)], "all": [(5, 140)], "edges": [(0, 20), (130, 149)]}.items():  # fmt: skip
        for step in (True, False):
            signal = Signal("mass" if step else "mz18", values, step, (1,), 0.1 * x)
            made = positions.variations_of(signal, smooth(values, 5), grid, [Region((a + b) // 2, 1, a, b, 0, 149, False, False) for a, b in regions], config | CHANGED, np.random.default_rng(14))  # fmt: skip
            made = list(made)
            found[f"{name} {step}"] = {k: np.array([f(v) for v in made]) for k, f in {"smoothed": lambda v: v.smoothed @ x, "derivative": lambda v: np.abs(v.derivative).sum(), "rate": lambda v: v.rate @ x, "floor": lambda v: v.floor}.items()}  # fmt: skip
            if name == "none" and step:
                found["sources"] = ", ".join(v.source for v in made)
                found |= {k: np.array([getattr(v.settings, k) for v in made]) for k in ("k", "baseline", "baseline_min", "gap", "correlated")}  # fmt: skip
    found["at rest"] = positions._noise(np.ones(150), 5, [], np.random.default_rng(15), 2)
    hold(KEPT / "variations.csv", found)


# --- heights of steps --------------------------------------------------------------------------------


@pytest.fixture
def staircase():
    """A ramp, a hold and a ramp; a mass with steps, a drift and a restless hold."""
    time, temperature = furnace([(0, 60, 0), (20, 260, 1200), (20, 400, 0)], 4.0)
    grid = Grid(time, temperature, 1 / 3)
    mass = 100 - 4 * logistic(time, 200, 12) - 3 * logistic(time, 1000, 40) + 2 * logistic(time, 2000, 9) - 4e-4 * np.clip(time - 1300, 0, 400)  # fmt: skip
    return grid, Signal("mass", np.round(mass + balance_noise(time, 16), 5), True, (1, -1), 0 * mass)  # fmt: skip


def test_kept_choices_of_a_height(staircase):
    """Fitted or between baselines: by how well the fit describes, how sure it is, and whether neighbours share."""
    grid, signal = staircase
    found = {}
    for change, lines_sd in ((-4.2, 0.05), (-4.2, 0.6), (np.nan, np.nan)):
        for misfit in (1.0, 1.5, 1.7, 3.9, 4.1):
            made = []
            for fitted in ((-3.9, 0.02), (-3.9, 0.19), (-3.9, 0.21), (-3.9, 0.9), None):
                for shared in (False, True):
                    event = event_at(grid, 35, 70, change=change, change_sd=lines_sd)
                    if shared:
                        event.time_s.pop("end")
                    heights._height(event, signal, grid, fitted, misfit, shared, lambda kelvin: 2e-4 * kelvin)  # fmt: skip
                    made += [event.value["change"], event.sd["change"]]
            found[f"{change} {lines_sd} {misfit}"] = np.array(made)
    hold(KEPT / "choices_of_a_height.csv", found)


def test_kept_heights_in_holds(staircase):
    """Steps in a hold, at its ends, across them, with levels that stay and that do not."""
    grid, signal = staircase
    found = {}
    for onset, end in ((205, 300), (160, 300), (225, 275), (380, 430), (330, 360), (440, 452), (120, 170), (140, 240), (430, 480), (30, 70), (490, 520)):  # fmt: skip
        for free in ((0, grid.time_s.size), (onset - 20, end + 15)):
            event = event_at(grid, onset, end, change=-3.2, change_sd=0.1)
            event.note = "a note" if free[0] else ""
            heights._in_hold(event, signal, grid, slice(*free))
            found[f"{onset} {end} {free[0]}"] = [
                event.value["change"],
                event.sd["change"],
                event.note,
            ]
    # A furnace that creeps is not held for ever.
    creeping = Grid(grid.time_s, 260 + 0.008 * (grid.time_s - 1000), grid.rate_K_s)
    for onset, end in ((205, 300), (238, 262)):
        event = event_at(creeping, onset, end, change=-3.2, change_sd=0.1)
        heights._in_hold(event, signal, creeping, slice(0, grid.time_s.size))
        found[f"creeping {onset}"] = [event.value["change"], event.sd["change"], event.note]
    hold(KEPT / "heights_in_holds.csv", found)


def test_kept_guesses_of_steps(staircase):
    grid, signal = staircase
    found = {}
    for onset, end, sign, change in ((30, 70, -1, -4.0), (30, 70, -1, np.nan), (205, 300, -1, 3.0), (480, 520, 1, 1e-4), (400, 404, 1, np.nan), (515, grid.time_s.size - 1, -1, np.nan)):  # fmt: skip
        guess = heights._guess(event_at(grid, onset, end, sign=sign, change=change), signal, grid)
        found[f"{onset} {end} {change}"] = [guess.peak_s, guess.left_s, guess.right_s, guess.change]
    found["whole"] = heights._whole(np.linspace(0.1, 0.9, 5), slice(3, 8), 12)
    hold(KEPT / "guesses_of_steps.csv", found)


@pytest.mark.parametrize("misfits", [(1.0,), (9.0, 3.0, 2.0), (2.0, 3.0, 1.0), (5.0, 6.0, 7.0), (None, 2.0, None), (None, None, None)])  # fmt: skip
def test_kept_parts_that_are_fitted(config, staircase, monkeypatch, misfits):
    """Which events are fitted together, on which part of the record, and what becomes of it."""
    grid, signal = staircase
    calls: list[Any] = []

    def fit(time, temperature, mass, guesses, noise, slope_sd):
        misfit = misfits[len(calls) % len(misfits)]
        calls.append([len(guesses), time[0], time[-1], temperature[-1], float(mass.sum()), noise, slope_sd])  # fmt: skip
        if misfit is None:
            return None
        n = np.arange(len(guesses)) + 1.0
        return Steps(-n, 0.01 * n, np.diag(n), misfit, n[:, None] * np.linspace(0, 1, time.size))

    monkeypatch.setattr(heights, "fit_steps", fit)
    found = {}
    for name, edges in {
        "one": [(35, 70)], "two": [(35, 70), (205, 300)], "together": [(35, 60), (75, 90), (205, 300)],
        "crowd": [(20 + 30 * i, 36 + 30 * i) for i in range(6)], "five": [(20 + 30 * i, 36 + 30 * i) for i in range(5)],
        "edges": [(0, 40), (205, 300), (500, grid.time_s.size - 1)],
    }.items():  # fmt: skip
        calls.clear()
        events = [event_at(grid, *e) for e in edges]
        for event in events:
            r = event.region
            event.region = type(r)(r.peak, r.sign, r.left, r.right, 0, 0, r.left == 0, r.right == grid.time_s.size - 1)  # fmt: skip
        heights.set_heights(events, signal, grid, config | CHANGED, lambda kelvin: 1e-4 * kelvin)
        found[name] = {
            "calls": np.array(calls), "change": [e.value["change"] for e in events], "sd": [e.sd["change"] for e in events],
            "extent": [-1.0 if e.extent is None else float(e.extent.sum()) for e in events], "notes": "; ".join(e.note for e in events),
        }  # fmt: skip
    hold(KEPT / f"parts_that_are_fitted_{'_'.join(str(m) for m in misfits)}.csv", found)
