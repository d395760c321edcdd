"""What fits and estimates of the room make of shapes far from the usual, held number by number (`kept_numbers`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from coatbench.arrays import Arrays
from coatbench.simulate.tga_ms import furnace, reaction
from coatbench.tga_ms import steps as step_module
from coatbench.tga_ms.collect import collect
from coatbench.tga_ms.ions import Ions, place
from coatbench.tga_ms.isotopes import _finding, ratios
from coatbench.tga_ms.kinetics import Conversion, distinct_rates, held, isoconversional, predict
from coatbench.tga_ms.lag import _width_difference, estimate_lag
from coatbench.tga_ms.lag_doubts import contradictions, gases_alone, gases_of, rivals
from coatbench.tga_ms.lag_match import Currents, Loss, Match, match_at, moved_currents, vertex
from coatbench.tga_ms.smooth import Grid, smooth
from coatbench.tga_ms.steps import Guess, extent_of, fit_steps
from kept_numbers import hold

from .kept_inputs import CHANGED, KEPT, columns, event_at, turns
from .made_runs import bell, ramp
from .test_situations import balance_noise, logistic

# --- kinetics ----------------------------------------------------------------------------------------


def converted(rate: float, *steps: tuple[float, float, float]) -> Conversion:
    """Steps (share, activation energy in J/mol, peak in degC) at a heating rate."""
    time, temperature = furnace([(0, 60, 0), (rate, 560, 0)], 120 / rate)
    done = sum(s * reaction(time, temperature, e, p, 1 / 6) for s, e, p in steps)
    return Conversion(time, temperature, np.round(done, 6), rate)


KINDS = {
    "one": ((1.0, 1.1e5, 280.0),),
    "two": ((0.5, 9e4, 220.0), (0.5, 2.4e5, 330.0)),
}


def test_kept_kinetics():
    found: dict[str, Any] = {}
    for name, steps in KINDS.items():
        for rates in ((1.0, 4.0, 16.0), (2.0, 2.5, 5.0, 5.1, 12.0)):
            runs = [converted(r, *steps) for r in rates]
            # A run that is 2 K off, as thermocouples are.
            runs[1] = Conversion(runs[1].time_s, runs[1].temperature_degC + 2, runs[1].conversion, rates[1])  # fmt: skip
            # One whose conversion goes back at one level, as noise makes it.
            dip = runs[2].conversion
            dip[(dip > 0.29) & (dip < 0.31)] -= 0.03 * (name == "two")
            kinetics = isoconversional(runs, 0.6)
            here: dict[str, Any] = {
                k: getattr(kinetics, k)[::6]
                for k in ("energy_J_mol", "energy_J_mol_sd", "ln_rate", "energy_integral_J_mol")
            }
            here["draws"], here["range"] = kinetics.draws, kinetics.range_degC
            for at in (20.0, 180.0, 260.0):
                reached = held(kinetics, at, [0.0, 0.2, 3.0, 40.0])
                here[f"held at {at:.0f} degC"] = [reached[0], reached[1:].std(axis=0)]
            time, temperature = furnace([(0, 40, 0), (30, 230, 600), (10, 300, 0)], 20.0, 2.0)
            for stop in (30, time.size):
                marched = predict(kinetics, time[:stop], temperature[:stop])
                here[f"programme of {stop}"] = [marched[0], marched[:, -1]]
            found[f"{name} {len(rates)} runs"] = here
    found["apart"] = turns(lambda f: len(distinct_rates([5.0, 5.0 * f, -1.0, 0.0])), np.arange(1.0, 1.5, 0.01))  # fmt: skip
    hold(KEPT / "kinetics.csv", found)


def test_kept_kinetics_of_samples(config):
    """Runs of several samples as their jobs hand them on: rates that are few or alike, events that are doubted."""
    tables: dict[str, list[dict]] = {"tga_ms_runs": [], "tga_ms_events": []}
    curves: dict[str, dict[str, Arrays]] = {}

    def add(sample, rate, steps, quality="ok", event="loss 1", signal="mass"):
        run = f"{sample} {rate}"
        one = converted(rate, *steps)
        extent = "extent_" + event.replace(" ", "_")
        if run not in curves:
            tables["tga_ms_runs"].append({"run": run, "sample": sample, "heating_rate_K_min": rate})
            curves[run] = {"mass": Arrays.of({"temperature_degC": ("time", one.temperature_degC)}, {"time_s": ("time", one.time_s)})}  # fmt: skip
        curves[run]["mass"] = curves[run]["mass"].assign({extent: ("time", one.conversion)})
        tables["tga_ms_events"].append({"run": run, "sample": sample, "signal": signal, "event": event, "quality": quality})  # fmt: skip

    for rate in (2.0, 5.0, 20.0):
        add("one", rate, KINDS["one"])
        add("several", rate, KINDS["two"], quality="doubtful")
        add("several", rate, KINDS["one"], event="gain 1", quality="unusable")
        # Faster heating, lower temperature: no process does that.
        add("none", rate, ((1.0, 1.1e5, 330.0 - 60 * np.log10(rate)),))
        # Rates and times tell different energies where a step hides in another one's tail.
        add("unlike", rate, ((0.6, 1.1e5, 280.0), (0.4, 3e5, 300.0 - 8 * rate**0.5)))
    for rate in (5.0, 5.5, 20.0):
        add("alike", rate, KINDS["one"])
    add("single", 10.0, KINDS["one"])
    tables["tga_ms_events"].append({"run": "alike 5.0", "sample": "alike", "signal": "mz18", "event": "evolution 1"})  # fmt: skip
    tables["tga_ms_events"].append({"run": "gone", "sample": "gone", "signal": "mass", "event": "loss 1"})  # fmt: skip
    settings = [(120.0, 2.0), (260.0, 1.0), (210.0, 2.0), (260.0, 10.0), (310.0, 0.5)]
    made = collect(tables, [], config | {"temperature_sd_K": 0.4}, settings=settings, curves=curves)
    found = {}
    for table in ("tga_ms_kinetics", "tga_ms_conversion", "tga_ms_conversion_map"):
        for sample in dict.fromkeys(r["sample"] for r in made[table]):
            rows = [r for r in made[table] if r["sample"] == sample]
            found[f"{table} {sample}"] = columns(rows)
            for word in {n for n, v in found[f"{table} {sample}"].items() if isinstance(v, str)}:
                found[f"{table} {sample}"][word] = "; ".join(dict.fromkeys(str(r[word]) for r in rows))  # fmt: skip
    hold(KEPT / "kinetics_of_samples.csv", found)


# --- steps -------------------------------------------------------------------------------------------


def shapes(time, temperature) -> dict[str, tuple[np.ndarray, list[Guess]]]:
    """Masses, and where their steps are."""
    first = -6 * reaction(time, temperature, 1.5e5, 300, 1 / 6)
    return {
        "first order": (first, [Guess(1650, 1500, 1720, -5)]),
        "second order": (4 * reaction(time, temperature, 1.2e5, 300, 1 / 6, 2.0), [Guess(1650, 1450, 1800, 3)]),
        "logistic": (-5 * logistic(temperature, 310, 15), [Guess(1700, 1600, 1800, -5.5)]),
        "with a drift": (first + 2e-3 * (temperature - 25), [Guess(1650, 1500, 1720, -5)]),
        "two": (first - 4 * reaction(time, temperature, 3.5e5, 375, 1 / 6), [Guess(1650, 1500, 1720, -5), Guess(2100, 2050, 2130, -5)]),
    }  # fmt: skip


def test_kept_steps():
    """To what another processor's fit ends at."""
    time, temperature = furnace([(0, 150, 0), (10, 420, 0)], 4.0)
    time = time + 750.0
    found = {}
    for kind, (mass, guesses) in shapes(time, temperature).items():
        mass = np.round(100 + mass + balance_noise(time, 12), 5)
        fitted = fit_steps(time, temperature, mass, guesses, 0.004, 1e-3)
        assert fitted is not None
        found[kind] = {k: np.round(getattr(fitted, k), 4) for k in ("change", "sd", "misfit", "extent")}  # fmt: skip
    hold(KEPT / "steps.csv", found)


def test_kept_starts_of_fits(monkeypatch):
    """What a fit starts from, within which bounds, on which scale: what it ends at tells little of it."""
    found: dict[str, Any] = {}

    def start(residual, first, bounds, x_scale, max_nfev):
        made = residual(np.asarray(first))
        found[name].append({"start": np.array(first), "low": np.array(bounds[0]), "high": np.array(bounds[1]), "scale": x_scale, "most": max_nfev, "residual": made, "priors": made[-4:]})  # fmt: skip
        raise ValueError("no fit is wanted")

    monkeypatch.setattr("scipy.optimize.least_squares", start)
    time, temperature = furnace([(0, 150, 0), (10, 420, 0)], 4.0)
    time = time + 750.0
    for name, heat, noise in (("ramp", temperature, 0.004), ("hold", 0 * time + 280.0, 0.0), ("long", temperature, 0.004)):  # fmt: skip
        found[name] = []
        mass, guesses = shapes(time, temperature)["two"]
        if name == "long":
            time, heat, mass = (np.interp(np.linspace(0, 1, 1501), np.linspace(0, 1, a.size), a) for a in (time, heat, mass))  # fmt: skip
        assert fit_steps(time, heat, mass, [*guesses, Guess(1700, 1699.9, 1700.1, 2.0)][: 3 if name == "hold" else 2], noise, 1e-3) is None  # fmt: skip
        found[name] = found[name][::2]
    hold(KEPT / "starts_of_fits.csv", found)


def test_kept_fits_that_fail_or_are_alike(monkeypatch):
    """Of four fits those that describe the record as well count; one that failed does not."""
    made: list[Any] = []

    def one(*given):
        return made[len(seen)] if seen.append(given[:2]) else made[len(seen) - 1]

    found = {}
    for name, misfits in {"all": (1.0, 1.02, 1.029, 1.031), "one": (2.0, 1.0, 1.5, 3.0), "failed": (None, 1.2, None, 1.0), "none": (None,) * 4}.items():  # fmt: skip
        seen: list[Any] = []
        made = [
            None if m is None else step_module.Steps(np.array([-3.0 - k, 2.0 + 0.1 * k]), np.ones(2), np.diag([0.1, 0.2 + k]), m, np.full((2, 3), 0.1 * k))
            for k, m in enumerate(misfits)
        ]  # fmt: skip
        monkeypatch.setattr(step_module, "_fit", one)
        fitted = fit_steps(np.arange(3.0), np.arange(3.0), np.arange(3.0), [], 0.1, 0.1)
        found[name] = None if fitted is None else [fitted.change, fitted.sd, fitted.covariance, fitted.misfit, fitted.extent]  # fmt: skip
        found[f"{name} tried"] = [str(s) for s in seen]
    hold(KEPT / "fits_that_are_alike.csv", found)


def test_kept_noise_of_steps():
    """What a fit takes for slow noise; records that are thinned; columns of a Jacobian that are zero."""
    random = np.random.default_rng(11)
    white = np.round(random.normal(0, 1, 240), 6)
    slow = np.round(np.convolve(random.normal(0, 1, 259), np.ones(20) / 6, "valid"), 6)
    found: dict[str, Any] = {}
    for name, residual in {"white": white, "slow": white + slow, "quiet": 0.5 * white, "none": 0 * white, "slope": np.linspace(-3, 3, 240)}.items():  # fmt: skip
        found[name] = step_module._noise_covariance(residual)[[0, 7]]
    for n in (599, 600, 601, 1201):
        thinned = step_module._thinned(np.arange(n) * 2.0, np.arange(n) + 300.0, np.cos(np.arange(n)))  # fmt: skip
        found[f"{n} records"] = list(thinned)
    found["lengths"] = step_module.scale_columns(np.array([[0.0, 3.0, -1.0], [0.0, 4.0, 0.0]]))
    hold(KEPT / "noise_of_steps.csv", found)


def test_kept_extents():
    time = np.linspace(0, 900, 31)
    found = {f"order {n}": extent_of(time, -6.0 + 0.004 * time, n)[[1, 10, 20, 30]] for n in (0.3, 0.9985, 0.9995, 1.0, 1.0015, 2.0, 4.0)}  # fmt: skip
    found |= {f"rate {r}": extent_of(time, np.full(31, r), 1.5)[[1, 30]] for r in (-300.0, 0.0, 80.0)}  # fmt: skip
    hold(KEPT / "extents.csv", found)


# --- ion currents ------------------------------------------------------------------------------------


LOSSES = ((6.0, 600.0, 40.0), (5.0, 1100.0, 70.0))
WATER, SO2 = (4e-11, 540.0, 45.0), (6e-11, 1040.0, 72.0)


def lag_of(gases, losses=LOSSES, clock_step=4.0, step_s=4.0, **more) -> dict[str, Any]:
    """Lag of gases (m/z: course over the furnace's time, clock of its own) to a mass that loses."""
    time, temperature = furnace([(0, 40, 0), (20, 640, 0)], step_s)
    random = np.random.default_rng(9)
    mass = 100 - sum(c * bell_sum(time, at, w) for c, at, w in losses) + np.round(random.normal(0, 1e-4, time.size), 7)  # fmt: skip
    # Neither clock starts at 0.
    grid = Grid(time + 20.0, temperature, 1 / 3)
    clock = np.arange(7.0, time[-1] + 200, clock_step)
    currents = {
        mz: np.round(3e-12 + sum(a * bell(clock, at, w) for a, at, w in peaks) + random.normal(0, 2e-14, clock.size), 18)
        for mz, peaks in gases.items()
    }  # fmt: skip
    own = {"window_K": 4.0, "baseline_K": 30.0, "range_s": (-500.0, 400.0), "channels": [64, 18], "least": 0.5} | more  # fmt: skip
    lag = estimate_lag(clock, currents, grid, smooth(mass, grid.window(4.0), step_s), **own)
    return {"lag": [lag.value_s, lag.sd_s, lag.correlation], "said": [lag.source, *lag.quality.notes, *lag.warnings]}  # fmt: skip


def bell_sum(time, at, width):
    """A step whose rate is a bell."""
    grown = np.cumsum(bell(time, at, width))
    return grown / grown[-1]


CASES = {
        "two gases": ({18: [WATER], 64: [SO2], 48: [(3e-11, 1040.0, 72.0)]}, {}),
        "late": ({18: [WATER], 64: [(6e-11, 1090.0, 72.0)]}, {}),
        "very late": ({18: [WATER], 64: [(6e-11, 1180.0, 72.0)]}, {}),
        "of no loss": ({18: [WATER], 64: [SO2], 44: [(5e-11, 1300.0, 40.0)]}, {}),
        "one gas": ({64: [SO2]}, {}),
        "edge": ({18: [WATER], 64: [SO2]}, {"range_s": (-500.0, -60.0)}),
        "other gases": ({28: [WATER], 44: [SO2]}, {}),
        "too little": ({64: [(6e-11, 200.0, 30.0)]}, {"least": 0.95}),
        "weak": ({18: [WATER], 64: [SO2], 28: [(4e-14, 700.0, 60.0)], 32: [(2e-13, 900.0, 60.0)]}, {}),
        "few cycles": ({18: [WATER]}, {"clock_step": 60.0}),
        "one cycle": ({18: [WATER]}, {"clock_step": 1e5}),
        "fine clock": ({18: [WATER], 64: [SO2]}, {"clock_step": 0.7, "range_s": (-90.0, -30.0), "step_s": 0.5}),
        "pumped": ({18: [WATER], 64: [SO2], 28: [(2e-9, 0.0, 300.0), (1e-10, 900.0, 50.0)]}, {}),
        "turned": ({18: [WATER], 64: [SO2]}, {"range_s": (300.0, -300.0)}),
        "far": ({18: [WATER], 64: [SO2], 48: [(5e-11, 700.0, 72.0)]}, {}),
        "cycles": ({18: [WATER], 64: [SO2]}, {"clock_step": 9.0, "range_s": (-100.0, 30.0)}),
}  # fmt: skip


def test_kept_lags():
    hold(KEPT / "lags.csv", {name: lag_of(gases, **more) for name, (gases, more) in CASES.items()})


def test_kept_doubts_of_a_lag():
    """What speaks against a lag, for gases that come by many times apart, of many shares and widths."""
    x = np.arange(500.0)
    loss = Loss(bell(x, 150, 15) + 0.5 * bell(x, 300, 20), 20.0, 4.0, (100, 200))

    def currents(*peaks) -> Currents:
        excess = np.array([h * bell(x, at, w) for h, at, w in peaks])
        return Currents(tuple(range(18, 18 + len(peaks))), excess, excess, 20.0)

    found: dict[str, Any] = {}
    for apart in (-100, 0, 3, 6, 20, 70, 90, 160):
        own = currents(
            (2.0, 150, 15), (1.0, 300 + apart, 20), (0.5, 300 + apart, 20), (1.0, 450, 9)
        )
        match = match_at(loss, own.excess, 0)
        alone = gases_alone(loss, own, match, 0)
        found[f"{apart} apart"] = {
            "match": [match.share, match.weights], "alone": {str(gas): pair for gas, pair in alone.items()},
            "said": [q.note for sd in (1.0, 12.0) for q in contradictions(loss, own, 0, alone, sd)],
        }  # fmt: skip
    shifts = np.arange(-160, 170, 3)
    for width in (12, 15, 20, 30):
        for height in (0.3, 0.5, 0.9):
            loss = Loss(bell(x, 150, 15) + height * bell(x, 300, 20), 20.0, 4.0, (100, 200))
            own = currents((1.0, 300, width))
            matches = [match_at(loss, own.excess, int(s)) for s in shifts]
            best = int(np.argmax([m.share if m else -1 for m in matches]))
            found[f"width {width} of {height}"] = [shifts[best], matches[best].share, *(int(shifts[i]) for i in rivals(loss, own, shifts, matches, best))]  # fmt: skip
    found["alike"] = turns(lambda d: len(gases_of(np.array([bell(x, 200, 15), bell(x, 200 + d, 15)]))), np.arange(0, 30.0))  # fmt: skip
    weak = [contradictions(loss, currents((1.0, 150, 15), (h, 420, 15)), 0, {}, 1.0) for h in (1.0, 1e-6)]  # fmt: skip
    found["without loss"] = [q.note for some in weak for q in some]
    found["with a little loss"] = turns(lambda at: len(contradictions(loss, currents((1.0, at, 15)), 0, {}, 1.0)), np.arange(300, 450.0, 2))  # fmt: skip
    found["moved"] = [moved_currents(x[None, :20], s, 12)[0] for s in (-30, -9, -1, 0, 5, 15, 30)]
    found["covered"] = turns(lambda s: match_at(loss, currents((1.0, 150, 15)).excess[:, :360], int(s)) is not None, np.arange(-150, 250.0))  # fmt: skip
    found["nothing"] = [match_at(loss, np.empty((0, 500)), 0) is None, match_at(Loss(0 * x, 0.0, 4.0, (0, 9)), currents((1.0, 150, 15)).excess, 0).share]  # fmt: skip
    peak = np.array([0.1, 0.4, 0.9, 0.7, 0.2])
    found["vertex"] = [vertex(peak, i) for i in range(5)] + [vertex(np.array([-1.0, 0.4, 0.9, -1.0]), i) for i in range(4)]  # fmt: skip
    hold(KEPT / "doubts_of_a_lag.csv", found)


def test_a_rival_is_a_top_among_the_lags_that_were_tried():
    """What still rises at the end of the range may have its top beyond: it is one only where there is no other."""
    x = np.arange(500.0)
    loss = Loss(bell(x, 150, 15), 20.0, 4.0, (100, 200))
    excess = bell(x, 150, 15)[None, :]
    shifts = 20 * np.arange(9)

    def named(*shares: float) -> list[int]:
        matches = [Match(share, np.ones(1)) for share in shares]
        return rivals(loss, Currents((18,), excess, excess, 20.0), shifts, matches, 0)

    assert named(1.0, 0.1, 0.2, 0.1, 0.1, 0.9, 0.2, 0.8, 0.95) == [5]
    assert named(1.0, 0.1, 0.2, 0.1, 0.1, 0.2, 0.3, 0.8, 0.95) == [8]
    assert named(1.0, 0.1, 0.2, 0.1, 0.1, 0.2, 0.3, 0.5, 0.8) == []


def test_kept_widths_of_peaks():
    """How much wider an evolution is than its loss; of peaks that the record cuts, nothing is known."""
    x = np.arange(300.0)
    loss = Loss(bell(x, 150, 15), 0.0, 4.0, (100, 200))
    found = {f"{at} {width}": _width_difference(loss, bell(x, at, width)) for at in (3, 100, 290) for width in (10, 15, 30)}  # fmt: skip
    hold(KEPT / "widths_of_peaks.csv", found)


def test_kept_ratios(config):
    """Evolutions that are long and short, at the edges, with neighbours, on a drifting background."""
    grid = ramp(30, 560, 20.0, 3.0)
    x = np.arange(grid.time_s.size)
    random = np.random.default_rng(10)
    drift = 1 + 0.4 * np.exp(-x / 60)
    found: dict[str, Any] = {}
    for name, (onset, end, quiet, late) in {
        "usual": (180, 320, (60, 460), 0), "short quiet": (180, 320, (178, 322), 3), "no quiet": (180, 320, (180, 320), 3), "no room": (3, x.size - 4, (3, x.size - 3), 0), "short": (246, 251, (0, 520), 0),
        "at the start": (2, 320, (0, 500), 0), "at the end": (180, x.size - 3, (0, x.size - 1), -4), "seven": (246, 252, (0, 520), 0),
        "eight": (246, 253, (0, 520), 0), "narrow": (238, 262, (0, 520), 2),
    }.items():  # fmt: skip
        so2 = 1e-10 * bell(x, 250, 25 if name not in ("short", "narrow") else 3)
        late_so2 = 1e-10 * bell(x, 250 + late, 25 if name not in ("short", "narrow") else 3)
        rows = {48: 2e-12 * drift + 0.5 * so2, 50: 1e-12 * drift + 0.02 * late_so2, 64: 2e-12 * drift + so2, 66: 1e-12 * drift + 0.08 * late_so2}  # fmt: skip
        current = np.stack(list(rows.values())) + np.round(random.normal(0, 3e-14, (4, x.size)), 18)
        ions = Ions(grid, np.array(list(rows)), current)
        event = event_at(grid, onset, end, "mz64", "evolution", 1)
        event.region = type(event.region)(250, 1, onset, end, *quiet, False, False)
        for changed in (CHANGED, {"baseline_K_choices": [20.0], "baseline_K": 3.0, "ratio_pairs": [[66, 64], [18, 64]]}):  # fmt: skip
            made = columns(ratios(ions, event, config | changed))
            if len(changed) == 3:
                made = {k: made[k] for k in ("ratio", "ratio_sd", "residual_ratio_sd")}
            found[f"{name} {len(changed)}"] = made
    for fragment in (np.nan, 0.5):
        for residual in (np.nan, 0.02):
            found[f"said {fragment} {residual}"] = [turns(lambda v, f=fragment, r=residual: _finding(r * np.sign(v - 0.5) * abs(v - 0.5) / 0.1, 0.01, v, 0.02, f, config), np.arange(0.1, 0.9, 0.005))]  # fmt: skip
    hold(KEPT / "ratios.csv", found)


def test_kept_places(config):
    """Ion currents of other clocks, spacings and lengths on the furnace's."""
    grid = ramp(30, 130, 10.0, 3.0)
    found = {}
    for name, (start, step, n, lag) in {
        "usual": (0.0, 5.0, 130, 20.0), "early": (-300.0, 2.0, 400, -40.0), "short": (0.0, 5.0, 40, 0.0), "enough": (0.0, 5.0, 42, 0.0),
        "elsewhere": (5000.0, 5.0, 100, 0.0), "at once": (7.0, 0.0, 100, 0.0),
    }.items():  # fmt: skip
        time = start + step * np.arange(n)
        current = np.array([np.cos(time / 50), np.where(time > 50, np.nan, 1.0), np.nan * time])
        block = Arrays.of({"ion_current_A": (("mz", "time"), current)}, {"time_s": ("time", time), "mz": ("mz", np.array([18, 44, 64]))})  # fmt: skip
        placed = place(block, grid, lag)
        found[name] = None if placed is None else [placed.grid.time_s, placed.grid.temperature_degC, placed.grid.rate_K_s, list(placed.mz), placed.current_A]  # fmt: skip
    hold(KEPT / "places.csv", found)
