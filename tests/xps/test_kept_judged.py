"""Where judgements change, along ladders of whatever they judge, and what uncertainties are made of; held (`kept_numbers`)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.quality import Quality
from coatbench.xps.charge import Region, _costs, locate
from coatbench.xps.choose import choose, name_by_energy
from coatbench.xps.fit import Fit
from coatbench.xps.judge import dead, described, inside, too_short
from coatbench.xps.lines import Lines, Spectrum
from coatbench.xps.model import RegionModel, build
from coatbench.xps.parameters import define
from coatbench.xps.problem import Problem, start, start_areas
from coatbench.xps.profile import abscissa
from coatbench.xps.uncertainty import estimate, fractions, mixed_fractions, upper_limit
from kept_numbers import hold

KEPT = Path(__file__).parent / "kept"
LIMITS = {"reduced_chi_square": {"doubtful": [0.4, 1.3], "unusable": [0.1, 7.0]}, "residual_autocorrelation_sigma": {"doubtful": [None, 3.0], "unusable": [None, 9.0]}}  # fmt: skip
RNG = np.random.default_rng(20250311)
NOISE = RNG.normal(0, 1, 400)


def letters(judged: list[Quality]) -> str:
    """One letter a judgement: ok, doubtful, unusable."""
    return "".join(q.level[0] for q in judged)


def fit_of(residual: np.ndarray, n_fixed: int = 0, level: float = 50.0, **changed: Any) -> Fit:
    """Return a fit of one region with these normalised residuals and seven parameters."""
    n = len(residual)
    x, ones = 160.0 + 0.1 * np.arange(n), np.ones(n)
    at_limit = np.arange(7) < n_fixed
    known = {
        "q": np.ones(7), "p": [np.r_[100.0, 30.0, 162.0, 166.0, 1.2, 1.5]], "x": [x], "models": [level * ones],
        "backgrounds": [level * ones], "components": [np.zeros((n, 2))], "jacobian": np.zeros((n, 7)), "sigma": ones,
        "residual": residual, "at_limit": at_limit, "chi_square": float(residual @ residual), "iterations": 3, "converged": True,
    }  # fmt: skip
    return Fit(**known | changed)


def judge(fit: Fit, chi: float, rho: float, time_s: float = 1.0) -> Quality:
    return described("S 2p", fit, chi, rho, time_s, 2.0, LIMITS)


def test_kept_descriptions() -> None:
    found: dict[str, Any] = {}
    chis = [0.05, 0.1, 0.2, 0.3, 0.36, 0.4, 0.5, 0.75, 1.0, 1.2, 1.28, 1.32, 1.4, 1.6, 1.9, 2.4, 3.0, 5.0, 6.9, 7.1, 30.0]  # fmt: skip
    for n in (22, 60, 150, 400):
        fit = fit_of(NOISE[:n], 2)
        found[f"chi of {n}"] = letters([judge(fit, chi, 0.0) for chi in chis])
        found[f"rho of {n}"] = letters([judge(fit, 1.0, rho) for rho in np.arange(-0.9, 0.95, 0.06)])  # fmt: skip
    found["counts"] = letters([judge(fit_of(NOISE[:100], 0, c), 0.2, 0.0) for c in (0, 4, 4.4, 4.9, 5.1, 5.6, 6, 80)])  # fmt: skip
    found["counting time"] = letters([judge(fit_of(NOISE[:100], 0, 1.0), 0.2, 0.0, t) for t in (1, 4.6, 5.4, 50, math.nan)])  # fmt: skip
    found["not known"] = judge(fit_of(NOISE[:100]), math.nan, 0.1).columns()
    found["not converged"] = judge(fit_of(NOISE[:100], converged=False), 1.0, 0.1).columns()
    found["too good"] = judge(fit_of(NOISE[:100]), 0.25, 0.1).columns()
    found["chi 22"] = judge(fit_of(NOISE[:22], 1), 9.4, 0.1).columns()
    for at in (0, 1, 60, 98, 99):
        for scale, high in ((0.3, 7.6), (0.3, 7.9), (1.0, 8.5), (1.0, 10.5), (1.0, 13.0)):
            residual = scale * NOISE[:100]
            residual[at] = high
            found[f"spike of {high} at {at}"] = judge(fit_of(residual), 2.0, 0.6).notes[-1]
    wide = 0.5 * NOISE[:100] + 6 * np.exp(-(((np.arange(100) - 30) / 4) ** 2))
    found["a line that is missing"] = judge(fit_of(wide), 2.0, 0.9).columns()
    two = 0.2 * NOISE[:100]
    two[[20, 21, 70, 71]] = 9.0, 2.0, 8.0, 2.0
    found["two spikes"] = judge(fit_of(two), 2.0, 0.1).columns()
    hold(KEPT / "descriptions.csv", found)


def test_kept_dead_regions() -> None:
    found: dict[str, Any] = {}
    for n in (40, 100, 300):
        full = 50.0 + np.round(9 * NOISE[:n])
        full[full == 0] = 1.0
        cuts = range(14) if n < 300 else range(8, 22)
        for name, end in (("low", slice(0, None)), ("high", slice(None, None, -1))):
            for value in (0.0, 7.0):
                y = [full.copy() for _ in cuts]
                for own, cut in zip(y, cuts, strict=True):
                    own[end][:cut] = value
                found[f"{n} {name} {value:g}"] = letters([dead("a", own) for own in y])
        share = [np.where(np.arange(n) % 20 < k, 0.0, full) for k in range(20)]
        found[f"{n} empty"] = letters([dead("a", own) for own in share])
    counts = np.random.default_rng(1).poisson(0.4, 200).astype(float)
    counts[:14] = 0
    found["single counts"] = dead("a", counts).columns()
    found["repeats"] = letters([dead("a", np.repeat(NOISE[:60] + 5, k)) for k in (1, 2, 3, 7)])
    few = np.repeat(NOISE[:60], 2)[:100] + 5
    found["few repeats"] = letters([dead("a", np.r_[np.full(cut, 5.0), np.where(np.arange(100) % k, NOISE[:100] + 5, few)]) for cut in (6, 9) for k in (3, 9, 25)])  # fmt: skip
    some = np.where(np.arange(100) % 15 == 4, 0.0, NOISE[:100] + 9)
    found["zeros between"] = letters([dead("a", np.r_[np.zeros(9), some[:k]]) for k in (30, 60, 91)])  # fmt: skip
    for name, y in (("zeros", np.zeros(30)), ("one number", np.full(30, 7.0)), ("half", np.r_[np.zeros(12), NOISE[:40]]), ("stuck", np.r_[NOISE[:40], np.full(9, 3.0)])):  # fmt: skip
        found[name] = dead("S 2p", y).columns()
    hold(KEPT / "dead_regions.csv", found)


PAIR = {
    "window_eV": [156.0, 175.0], "doublet": {"splitting_eV": 1.16, "ratio": 0.5},
    "components": {
        "a": {"binding_energy_eV": 162.0, "within_eV": 0.5, "fwhm_eV": 1.2, "fwhm_limits_eV": [0.8, 2.0]},
        "b": {"binding_energy_eV": "a + 4.5", "fwhm_eV": "1.2 * a"},
        "c": {"binding_energy_eV": 170.0, "within_eV": 0.3, "fwhm_eV": 1.5, "part_of": "a", "line_shape": "SGL(80)"},
    },
}  # fmt: skip
DEFAULTS = {"line_shape": "GL(30)", "background": "shirley"}


@pytest.fixture
def pair() -> RegionModel:
    return build("S 2p", PAIR, DEFAULTS)


def test_kept_scans_that_end_within_a_line(pair: RegionModel) -> None:
    found: dict[str, Any] = {}
    p = np.array([100.0, 30.0, 4.0, 162.0, 166.5, 170.0, 1.2, 1.44, 1.5])
    for name, noise in (("quiet", 0.05), ("loud", 1.6), ("deaf", 40.0)):
        for side in ("low", "high"):
            judged = []
            for edge in np.arange(156.0, 175.0, 0.4):
                x = np.arange(edge, 176.0, 0.1) if side == "low" else np.arange(150.0, edge, 0.1)
                fit = fit_of(np.zeros(x.size), p=[p], x=[x], sigma=np.full(x.size, noise))
                judged.append(inside(pair, fit, 1.5))
            found[f"{name} {side}"] = letters(judged)
            found[f"{name} {side} in words"] = [judged[i].note for i in (14, 20, 30)]
    found["points"] = [too_short(160.0 + 0.1 * np.arange(n), pair, -2.0).note for n in (19, 20, 21)]
    found["elsewhere"] = too_short(np.arange(300.0, 320.0), pair, 0.5).columns()
    hold(KEPT / "scans_that_end.csv", found)


def test_kept_estimates(pair: RegionModel) -> None:
    """Covariances of fits at and off limits, with and without a background that is taken from the same channels."""
    k = 4
    angle = np.arange(60)[:, None] * (0.05 + 0.03 * np.arange(k))
    jacobian = 3.0 * np.cos(angle) * np.array([1.0, 40.0, 0.1, 2.0])
    found: dict[str, Any] = {}
    mapping = pair.parameters(0.0).L[:, :k] + 0.1
    for name, at_limit in (("free", [0, 0, 0, 0]), ("area at 0", [1, 0, 0, 0]), ("width at its limit", [0, 0, 0, 1])):  # fmt: skip
        for chi in (0.8, 2.5):
            fit = fit_of(NOISE[:60], jacobian=jacobian, sigma=1.0 + 0.3 * np.sin(np.arange(60)), q=np.ones(k), p=[np.arange(9.0)],
                         at_limit=np.array(at_limit, bool), chi_square=chi * 56)  # fmt: skip
            for respond in (None, lambda m: 0.4 * m[:, ::-1]):
                got = estimate(fit, [mapping], NOISE[60:120], respond, np.array([True, True, False, False]))[0]  # fmt: skip
                own = f"{name} {chi} {'known' if respond is None else 'taken'}"
                found[own] = [got.unbounded, got.covariance, got.sd]
    hold(KEPT / "estimates.csv", found, 1e-7)


def test_kept_fractions() -> None:
    found: dict[str, Any] = {"upper limits": [upper_limit(m, s) for m in (-9.0, -1.0, 0.0, 0.4, 3.0) for s in (0.0, 0.3, 1.1)]}  # fmt: skip
    area, free = np.array([50.0, 7.0, 0.0, 1.0]), np.array([50.0, 7.0, -1.5, 1.0])
    covariance = np.array([[4.0, -1.0, 0.2, 0.0], [-1.0, 3.0, -0.5, 0.1], [0.2, -0.5, 2.0, 0.0], [0.0, 0.1, 0.0, 0.6]])  # fmt: skip
    other = np.array([44.0, 9.0, 2.5, 0.4]), np.array([44.0, 9.0, 2.5, -0.2]), 2.5 * covariance

    def told(parts: list) -> list:
        """Return what a value has in one line, limits marked."""
        return [" ".join(f"{v:.7g}" for v in (f.value, f.sd, f.low, f.high, f.sd_counting)) + " <" * f.is_limit for f in parts]  # fmt: skip

    found["one"] = told(fractions(area, free, covariance))
    found["alone"] = told(fractions(area[:1], free[:1], covariance[:1, :1]))
    for factor in (100.0, 30.0, 20.0, 12.0, 8.0):
        found[f"noise {factor:g}"] = told(fractions(area, free, factor * covariance))
    for weights in ((1.0, 0.0), (0.8, 0.2), (0.3, 0.7)):
        found[f"mixture {weights[0]}"] = told(mixed_fractions(weights, [(area, free, covariance), other]))  # fmt: skip
    found["mixture of one"] = told(mixed_fractions([1.0], [(area, free, covariance)]))
    found["mixture with noise"] = told(mixed_fractions([0.5, 0.5], [(area, free, 100 * covariance), other]))  # fmt: skip
    far = np.array([50.0, 7.0, 1.0, 0.0]), np.array([50.0, 7.0, 1.0, -40.0]), covariance
    found["mixture with one far below 0"] = told(mixed_fractions([0.6, 0.4], [(area, free, covariance), far]))  # fmt: skip
    hold(KEPT / "fractions.csv", found)


def test_kept_parameters(pair: RegionModel) -> None:
    """Starts, limits and maps, at several shifts, with what is held and what no affine map says."""
    bent = PAIR["components"] | {"b": {"binding_energy_eV": "a + 2 * fwhm_a", "fwhm_eV": "sqrt(a**2 + 0.5)", "area": "0.3 * a"}}  # fmt: skip
    curved = build("S 2p", PAIR | {"components": bent}, DEFAULTS)
    found: dict[str, Any] = {}
    for name, model in (("pair", pair), ("curved", curved)):
        for shift, held in ((0.0, ()), (-3.2, ()), (1.7, ("c",)), (0.4, ("a", "c"))):
            p = model.parameters(shift, frozenset(held))
            own = f"{name} {shift} {' '.join(held)}"
            found[own] = {
                "start, low, high": np.r_[p.start, p.low, p.high],
                "names": ", ".join(p.names),
            }
            found[own] |= {"p0, values": np.r_[p.p0, p.values(1.1 * p.start)], "map, slope": np.r_[p.L, p.slope(1.1 * p.start)]}  # fmt: skip
    found["lmfit"] = [[p.name, p.value, p.min, p.max, p.vary, p.expr] for p in define("S 2p", bent, 0.3, frozenset({"c"})).values()]  # fmt: skip
    hold(KEPT / "parameters.csv", found, 1e-6)


def test_kept_starts(pair: RegionModel) -> None:
    x = np.arange(156.0, 175.0, 0.25)
    lines = Lines(pair.components)
    phi = lines.value(x, np.array([162.3, 166.7, 170.0]), np.array([1.4, 1.7, 1.5]))
    y = 40.0 + phi @ np.array([300.0, 120.0, 0.0]) + 0.02 * np.cumsum(phi @ np.ones(3))
    found: dict[str, Any] = {}
    for active in (False, True):
        spectra = [Spectrum(x, f * y, np.zeros(x.size) if active else f * (38 + 0.1 * x), 2.0, active) for f in (1.0, 0.4)]  # fmt: skip
        maps = [pair.parameters(0.2)] * 2
        begin = start(lines, spectra, maps)
        problem = Problem(lines, spectra, maps)
        value, jacobian = problem(1.03 * begin.q)
        found[f"active {active}"] = {
            "q": list(begin.q),
            "low": list(begin.low),
            "high": list(begin.high),
        }
        found[f"active {active}"] |= {"value": value, "jacobian": jacobian, "areas": list(start_areas(lines, spectra[1], maps[0].values(maps[0].start)))}  # fmt: skip
    falls = Spectrum(x, y[::-1].copy(), np.zeros(x.size), 2.0, True)
    begin = start(lines, [falls], [pair.parameters(0.0)])
    found["falls"] = [list(begin.q), list(begin.low), list(begin.high)]
    hold(KEPT / "starts.csv", found, 1e-6)


def test_kept_shifts(pair: RegionModel) -> None:
    """Where the lines lie: costs along the shifts, with a reference that is there, that is not, and that is not known."""
    x = np.arange(152.0, 182.0, 0.2)
    lines = Lines(pair.components)
    found: dict[str, Any] = {}
    for shift in (-1.3, 0.0, 2.6):
        phi = lines.value(x, np.array([162.0, 166.5, 170.0]) + shift, np.array([1.3, 1.5, 1.5]))
        y = 60.0 + phi @ np.array([250.0, 90.0, 60.0]) + 4 * NOISE[: x.size]
        region = Region(x, y, pair)
        costs, shares = _costs(region, np.arange(-4.0, 4.0, 0.5), 1.1)
        found[f"at {shift}"] = [costs, shares]
        for reference in (("S 2p", "a"), ("S 2p", "c"), ("S 2p", "z"), ("C 1s", "a")):
            found[f"at {shift} by {' '.join(reference)}"] = [locate([region], s, reference, 1.1) for s in (1.0, 4.0)]  # fmt: skip
    down = Region(x, 200.0 - phi @ np.array([250.0, 90.0, 60.0]), pair)
    found["upside down"] = [*_costs(down, np.arange(-1.0, 1.2, 0.5), 1.1), locate([], 4.0, ("S 2p", "a"), 1.1)]  # fmt: skip
    hold(KEPT / "shifts.csv", found, 1e-6)


def block(region: str, sample: str = "", low: float = 0.0, high: float = 10.0, **variables: float) -> Arrays:  # fmt: skip
    x = {"binding_energy_eV": ("energy", np.linspace(low, high, 9))}
    return Arrays.of({}, x, {"region": region, "sample": sample, "variables": variables or None})


def test_kept_choices_of_spectra() -> None:
    found: dict[str, Any] = {}
    files = {
        "runs": [block(r) for _ in range(3) for r in ("C 1s", "O 1s")],
        "runs of one": [block("C 1s") for _ in range(3)], "run and a half": [block(r) for r in ("C 1s", "O 1s", "C 1s")],
        "runs of a name": [block(r, "x") for _ in range(2) for r in ("C 1s", "O 1s")],
        "samples": [block(r, s) for s in ("a", "B ") for r in ("C 1s", "O 1s")], "parts": [block("C 1s", "a"), block("O 1s", "b")],
        "levels": [block(r, etch=t) for t in (0.0, 30.0, 1e-3) for r in ("C 1s", "O 1s")],
        "numbered": [block(r, row=float(i)) for i, r in enumerate(("C 1s", "O 1s"))],
        "two variables": [block(r, row=1.0, etch=t) for t in (0.0, 30.0) for r in ("C 1s", "O 1s")],
        "some without": [block("C 1s", etch=0.0), block("C 1s", etch=5.0), block("C 1s")],
    }  # fmt: skip
    for name, blocks in files.items():
        for row in ({}, {"sample_in_file": "2"}, {"sample_in_file": "b"}, {"sample_in_file": "0"}, {"sample_in_file": "9"}, {"level": "30"}, {"level": "30.0001"}, {"level": "0"}):  # fmt: skip
            warnings: list[str] = []
            try:
                got = choose(blocks, row, Path("a.vms"), warnings)
                told = "; ".join(f"{x.variable} {x.value:g} {[blocks.index(b) for b in x.blocks]}" for x in got)  # fmt: skip
            except Exception as error:
                told = str(error)
            found[f"{name} {row}"] = " | ".join([told, *warnings])
    unnamed = [block("unnamed", low=a, high=b) for a, b in ((280, 295), (286, 295), (280, 286), (500, 545), (270, 545))]  # fmt: skip
    windows = {"C 1s": (281.0, 293.0), "O 1s": (525.0, 535.0), "N 1s": (390.0, 410.0)}
    found["by energy"] = ", ".join([*name_by_energy([*unnamed, block("S 2p", low=280, high=295)], windows), *(str(b.attrs["region"]) for b in unnamed)])  # fmt: skip
    hold(KEPT / "choices_of_spectra.csv", found)


def test_kept_levels() -> None:
    named = ("Etch Time s", "Etch Time min", "Sputter h", "Sputter cycles", "Etch Level d", "Take-off angle degree", "tilt", "Theta deg", "time", "", "Milling ms", "Angle after Etch Time s", "PositionX mm")  # fmt: skip
    hold(KEPT / "levels.csv", {n: abscissa(n, 1.5) for n in named})
