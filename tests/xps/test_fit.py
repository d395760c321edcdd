"""The fit engine: against lmfit, its Jacobian, its uncertainties, its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.xps.analyse import analyse
from coatbench.xps.by_lmfit import refit, region_model
from coatbench.xps.fit import Problem, _sigma, minimise, solve
from coatbench.xps.joint import fit_series, joint_rows
from coatbench.xps.lines import Lines, Spectrum, cumulate
from coatbench.xps.model import RegionModel, build
from coatbench.xps.parameters import define
from coatbench.xps.region import fit_region
from coatbench.xps.uncertainty import _quantile, estimate, fractions, upper_limit
from scipy import stats

X = np.arange(156.0, 175.0, 0.1)
TIME_S = 6.0
POSITION = np.array([161.23, 163.25, 166.95, 169.42])
FWHM = np.array([1.3, 1.3, 1.5, 1.5])


@pytest.fixture(scope="module")
def s2p(config: dict) -> RegionModel:
    return build("S 2p", config["regions"]["S 2p"], config)


def expected(model: RegionModel, areas: list[float], loss: float = 0.012) -> np.ndarray:
    signal = Lines(model.components).evaluate(X, POSITION, FWHM)[0] @ np.array(areas)
    return 300 + signal + loss * cumulate(X, signal)


def noisy(rate: np.ndarray, rng: np.random.Generator, time_s: float = TIME_S) -> np.ndarray:
    return rng.poisson(rate * time_s) / time_s


AREAS = [900.0, 250.0, 330.0, 620.0]


@pytest.mark.parametrize("active", [False, True])
def test_jacobian_is_the_derivative(s2p: RegionModel, active: bool) -> None:
    y = expected(s2p, AREAS)
    spectrum = Spectrum(X, y, np.zeros(len(X)), TIME_S, active)
    mapping = s2p.parameters(0.1)
    problem = Problem(Lines(s2p.components), [spectrum], [mapping])
    q = mapping.start * 1.0
    q[[n.startswith("area") for n in mapping.names]] = 300.0
    if active:
        q = np.concatenate([q, [290.0, 0.02]])
    jacobian = problem(q)[1]
    for k in range(len(q)):
        step = 1e-5 * max(abs(q[k]), 1.0)
        up, down = q.copy(), q.copy()
        up[k] += step
        down[k] -= step
        numeric = (problem(up)[0] - problem(down)[0]) / (2 * step)
        assert np.allclose(jacobian[:, k], numeric, atol=1e-4 * max(1.0, np.abs(numeric).max()))


@pytest.mark.parametrize("active", [False, True])
def test_lmfit_and_scipy_alone_find_the_same(s2p: RegionModel, active: bool) -> None:
    rng = np.random.default_rng(11)
    for areas in (AREAS, [900.0, 0.0, 0.0, 620.0]):
        y = noisy(expected(s2p, areas, 0.01 if active else 0.0), rng)
        spectrum = Spectrum(X, y, np.full(len(X), 0.0 if active else 300.0), TIME_S, active)
        one = minimise(s2p, spectrum, 0.0)
        two = solve(s2p, [spectrum], [s2p.parameters(0.0)])
        assert one.converged and two.converged
        free = ~one.at_limit & (np.abs(one.jacobian).sum(axis=0) > 0)
        inverse = np.linalg.pinv(
            (one.jacobian / one.sigma[:, None]).T @ (one.jacobian / one.sigma[:, None])
        )
        sd = np.sqrt(np.diag(inverse))
        assert (np.abs(one.q - two.q) <= 0.01 * sd)[free].all()
        assert np.allclose(one.at_limit, two.at_limit)


def test_lmfit_with_derivatives_by_differences_finds_the_same(s2p: RegionModel) -> None:
    rng = np.random.default_rng(11)
    base = np.full(len(X), 300.0)
    for _ in range(3):
        y = noisy(expected(s2p, AREAS, 0.0), rng)
        ours = minimise(s2p, Spectrum(X, y, base, TIME_S), 0.0)
        params = define("S 2p", s2p.config, 0.0)
        for name in params:
            if name.startswith("area"):
                params[name].value = 300.0
            elif params[name].vary:
                # Not in the very middle of the limits: there lmfit's internal variable is 0, and so are its steps.
                params[name].value += 0.01
        # MINPACK, bounds by a transformation of variables: neither our minimiser nor our derivatives.
        theirs = region_model(s2p, base).fit(y, params, x=X, weights=1 / ours.sigma)
        m = len(s2p.components)
        values = [theirs.params[name] for name in params]
        assert ours.chi_square <= theirs.chisqr * (1 + 1e-6)
        assert np.allclose(ours.p[0], [v.value for v in values], rtol=2e-3, atol=1e-3)
        # Standard uncertainties of the areas, background known, not scaled by chi-square.
        is_area = np.array([n.startswith("area") for n in s2p.parameters(0.0).names])
        found = estimate(ours, [s2p.parameters(0.0).L], y - ours.models[0], None, is_area)[0]
        scale = math.sqrt(max(ours.reduced_chi_square, 1.0) / theirs.redchi)
        assert np.allclose(found.sd[:m], [v.stderr * scale for v in values[:m]], rtol=0.05)


def test_a_result_goes_on_in_lmfit(simulate, config: dict) -> None:
    file = simulate("c200")
    found = analyse([{"sample": "c200", "file": file.name, "spot": "1"}], [file], config)
    row = next(r for r in found.tables["xps_components"] if r["component"] == "sulfate")
    curve = found.curves["1|S 2p"]
    at = list(curve["component"]).index("sulfate")
    result = refit(curve, config)
    area = result.params["area_sulfate"]
    assert area.value == pytest.approx(
        curve["area_cps_eV"][at], abs=0.02 * row["area_cps_eV_sd_counting"]
    )
    assert result.params["position_sulfate"].value == pytest.approx(
        curve["position_eV"][at], abs=0.002
    )
    assert result.params["fwhm_polysulfide"].expr == "fwhm_sulfide"
    before = result.chisqr
    result.params["position_sulfate"].set(value=169.0, vary=False)
    result.fit(params=result.params)
    assert result.chisqr > before


def coverage_of(
    model: RegionModel, config: dict, areas: list[float], n: int, kind: str
) -> np.ndarray:
    """Return hits (n, m) of the 95 % intervals, NaN where the shares could not be given."""
    rng = np.random.default_rng([2025, n])
    rate = expected(model, areas)
    share = np.array(areas) / sum(areas)
    hits = np.full((n, len(areas)), np.nan)
    for i in range(n):
        fit = fit_region(X, noisy(rate, rng), TIME_S, model, 0.0, config, kind)
        assert fit is not None
        hits[i] = [f.low <= s <= f.high for f, s in zip(fit.fractions(), share, strict=True)]
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shirley", "active_shirley"])
def test_intervals_cover_the_truth_in_95_percent(s2p: RegionModel, config: dict, kind: str) -> None:
    hits = coverage_of(s2p, config, AREAS, 500, kind).mean(axis=0)
    assert (hits >= 0.92).all() and (hits <= 0.98).all(), hits


@pytest.mark.slow
def test_upper_limits_of_absent_components_hold(s2p: RegionModel, config: dict) -> None:
    areas = [900.0, 0.0, 0.0, 40.0]
    hits = coverage_of(s2p, config, areas, 300, "shirley").mean(axis=0)
    assert (hits[1:3] >= 0.95).all(), hits


@pytest.mark.slow
def test_covariance_agrees_with_a_parametric_bootstrap(s2p: RegionModel, config: dict) -> None:
    rng = np.random.default_rng(77)
    rate = expected(s2p, AREAS)
    first = fit_region(X, noisy(rate, rng), TIME_S, s2p, 0.0, config)
    assert first is not None
    values = []
    for _ in range(200):
        again = fit_region(first.x, noisy(first.fit.models[0], rng), TIME_S, s2p, 0.0, config)
        assert again is not None
        values.append(again.estimate.p)
    scatter = np.std(values, axis=0)
    scale = math.sqrt(max(1.0, first.fit.reduced_chi_square))
    # 200 draws know a standard deviation to 5 %.
    assert np.allclose(first.estimate.sd / scale, scatter, rtol=0.2)


def test_ten_times_fewer_counts_widen_the_uncertainty(s2p: RegionModel, config: dict) -> None:
    rate = expected(s2p, AREAS)
    sd = []
    for time_s in (TIME_S, TIME_S / 10):
        fit = fit_region(X, noisy(rate, np.random.default_rng(5), time_s), time_s, s2p, 0.0, config)
        assert fit is not None
        sd.append(fit.estimate.sd[:4])
        true = np.array(AREAS)
        assert (np.abs(fit.estimate.p[:4] - true) < 4 * fit.estimate.sd[:4]).all()
    assert (sd[1] / sd[0] > 2).all()


@pytest.mark.parametrize(
    ("cut", "said"),
    [((0, 0), False), ((6, 10), False), ((7, 0), True), ((0, 11), True), ((14, 20), True)],
)
def test_a_window_beyond_the_data_is_said_at_either_end(
    s2p: RegionModel, config: dict, cut: tuple[int, int], said: bool
) -> None:
    """By more than a step; and nothing else is: what is fitted well stands at no limit."""
    x = np.arange(157.0, 174.5, 0.1)
    rate = 300 + Lines(s2p.components).evaluate(x, POSITION, FWHM)[0] @ np.array(AREAS)
    kept = slice(cut[0], len(x) - cut[1])
    y = noisy(rate, np.random.default_rng(3))
    fit = fit_region(x[kept], y[kept], TIME_S, s2p, 0.0, config)
    assert fit is not None
    assert fit.notes == (["the window reaches beyond the data"] if said else [])


def test_joint_fits_share_what_they_should_and_know_it_better(config: dict) -> None:
    """Two spectra of the same energies and widths with areas of their own."""
    model = build("S 2p", config["regions"]["S 2p"], config)
    rng = np.random.default_rng(12)
    members, planted = [], [AREAS, [300.0, 500.0, 200.0, 100.0]]
    attrs = {"region": "S 2p", "charge_shift_eV": 0.0, "counting_time_s": TIME_S, "fitted": 1}
    for k, areas in enumerate(planted):
        y = noisy(expected(model, areas, 0.0), rng)
        data = {"intensity_cps": ("energy", y)}
        members.append((f"s{k}", "1", Arrays.of(data, {"binding_energy_eV": ("energy", X)}, attrs)))
    found = {
        len(shared): fit_series(model, members, shared, config)
        for shared in (["position", "fwhm"], ["position"], [])
    }
    for rows in found.values():
        values = np.array([[r["area_cps_eV"], r["binding_energy_eV"], r["fwhm_eV"]] for r in rows])
        sds = np.array([[r["area_cps_eV_sd"], r["binding_energy_eV_sd"], r["fwhm_eV_sd"]] for r in rows])  # fmt: skip
        true = np.column_stack([np.ravel(planted), np.tile(POSITION, 2), np.tile(FWHM, 2)])
        assert (np.abs(values - true) < 4 * sds.astype(float)).all()
        for k in range(2):
            assert sum(r["fraction"] for r in rows[4 * k : 4 * k + 4]) == pytest.approx(1)
    first, second = found[2][:4], found[2][4:]
    for a, b in zip(first, second, strict=True):
        assert a["binding_energy_eV"] == b["binding_energy_eV"] and a["fwhm_eV"] == b["fwhm_eV"]
    assert found[1][0]["binding_energy_eV"] == found[1][4]["binding_energy_eV"]
    assert found[1][0]["fwhm_eV"] != found[1][4]["fwhm_eV"]
    # What two spectra tell together is known better than by the worse of them alone.
    alone = max(found[0][0]["binding_energy_eV_sd"], found[0][4]["binding_energy_eV_sd"])
    assert first[0]["binding_energy_eV_sd"] < alone
    one = fit_region(X, members[0][2]["intensity_cps"], TIME_S, model, 0.0, config)
    assert one is not None
    for r, area in zip(found[0][:4], one.estimate.p[:4], strict=True):
        assert r["area_cps_eV"] == pytest.approx(area, abs=0.05 * r["area_cps_eV_sd"])


def test_an_unusable_spectrum_moves_no_line_of_the_others(config: dict) -> None:
    """A scan that ended inside its lines, half an eV off, had half a say in where the lines of all are."""
    model = build("S 2p", config["regions"]["S 2p"], config)
    rng = np.random.default_rng(5)
    curves = {}
    for k, (level, off) in enumerate((("ok", 0.0), ("doubtful", 0.0), ("unusable", 0.4))):
        attrs = {"region": "S 2p", "charge_shift_eV": 0.0, "counting_time_s": TIME_S, "fitted": 1, "quality": level}  # fmt: skip
        data = {"intensity_cps": ("energy", noisy(expected(model, AREAS, 0.0), rng))}
        axis = {"binding_energy_eV": ("energy", X + off)}
        curves[f"s{k}"] = {"1|S 2p": Arrays.of(data, axis, attrs)}
    rows = joint_rows(curves, config | {"joint": {"S 2p": ["position", "fwhm"]}})
    assert {r["sample"] for r in rows} == {"s0", "s1"}
    assert rows[0]["binding_energy_eV"] == pytest.approx(POSITION[0], abs=0.02)


@pytest.mark.parametrize(("satellite_eV", "at_limit"), [(861.4, False), (862.7, True)])
def test_a_part_at_its_limit_makes_the_whole_doubtful(
    config: dict, satellite_eV: float, at_limit: bool
) -> None:
    """The satellite's area counts in nickel, and what it has at its limit was in a note alone."""
    model = build("Ni 2p", config["regions"]["Ni 2p"], config)
    x = np.arange(846.0, 891.0, 0.2)
    lines = Lines(model.components)
    signal = lines.value(x, np.array([854.8, satellite_eV]), np.array([2.6, 5.0])) @ [4e3, 2.5e3]
    rate = 500 + signal + 0.004 * cumulate(x, signal)
    y = noisy(rate, np.random.default_rng(1), 2.0)
    fit = fit_region(x, y, 2.0, model, 0.0, config, by_lmfit=False)
    assert fit is not None and fit.quality.level == "ok" and model.rows == ["nickel"]
    wanted = ("doubtful", "Ni 2p: position of satellite at its limit") if at_limit else ("ok", "")
    assert (fit.judged(0).level, fit.judged(0).note) == wanted


def test_an_absent_component_gets_an_upper_limit(s2p: RegionModel, config: dict) -> None:
    y = noisy(expected(s2p, [900.0, 0.0, 0.0, 0.0]), np.random.default_rng(8))
    fit = fit_region(X, y, TIME_S, s2p, 0.0, config)
    assert fit is not None
    for i in (1, 2, 3):
        share = fit.fractions()[i]
        assert share.is_limit and share.low == 0 < share.high < 0.03
        assert share.value < 0.01
        assert fit.area_limit(i) is not None
    assert fit.area_limit(0) is None


def test_a_region_without_signal_has_unknown_shares(s2p: RegionModel, config: dict) -> None:
    y = noisy(expected(s2p, [0.0] * 4), np.random.default_rng(9))
    fit = fit_region(X, y, TIME_S, s2p, 0.0, config)
    assert fit is not None
    for share in fit.fractions():
        assert math.isnan(share.value) and (share.low, share.high) == (0.0, 1.0)


def test_a_wrong_model_is_flagged(s2p: RegionModel, config: dict) -> None:
    lines = Lines(s2p.components)
    odd = lines.evaluate(X, np.array([161.2, 164.9, 166.9, 171.2]), FWHM)[0] @ np.array(
        [900, 700, 10, 800]
    )
    fit = fit_region(X, noisy(300 + odd, np.random.default_rng(4)), TIME_S, s2p, 0.0, config)
    assert fit is not None and fit.quality.level == "unusable"
    assert any("reduced chi square" in n for n in fit.quality.notes)
    assert any("a line that the model lacks" in n for n in fit.quality.notes)
    assert any("at its limit" in n for n in fit.notes)


def test_unknown_counting_time_weighs_all_points_alike(s2p: RegionModel, config: dict) -> None:
    y = noisy(expected(s2p, AREAS), np.random.default_rng(6))
    fit = fit_region(X, y, math.nan, s2p, 0.0, config)
    assert fit is not None and math.isnan(fit.reduced_chi_square)
    assert (np.abs(fit.estimate.p[:4] - AREAS) < 5 * fit.estimate.sd[:4]).all()


def test_upper_limit_is_that_of_a_gaussian_cut_off_at_zero() -> None:
    assert upper_limit(10.0, 1.0) == pytest.approx(11.645, abs=1e-3)
    assert upper_limit(0.0, 1.0) == pytest.approx(1.96, abs=1e-3)  # half a Gaussian
    assert 0 < upper_limit(-2.0, 1.0) < 1.1
    assert upper_limit(-50.0, 1.0) == 0.0


@pytest.mark.parametrize("second", [3.0, 0.0, -2.0, -7.9, -8.1, -40.0])
@pytest.mark.parametrize("cut", [False, True])
def test_quantiles_of_mixtures_of_gaussians(second: float, cut: bool) -> None:
    """A model that finds a component far below zero once made the limit of all the others eight times their uncertainty."""
    weights, means, sds = [0.6, 0.4], [1.0, second], [1.0, 0.5]
    for probability in (0.025, 0.5, 0.95):
        at = _quantile(probability, weights, means, sds, cut=cut)
        below = sum(
            w * (stats.truncnorm(-m / s, math.inf, m, s) if cut else stats.norm(m, s)).cdf(at)
            for w, m, s in zip(weights, means, sds, strict=True)
        )
        assert below == pytest.approx(probability, abs=1e-6)


def test_shares_add_up_and_their_uncertainties_know_it() -> None:
    area = np.array([900.0, 100.0])
    found = fractions(area, area, np.diag([30.0**2, 10.0**2]))
    assert found[0].value + found[1].value == pytest.approx(1)
    assert found[0].sd == pytest.approx(found[1].sd)


def test_no_channel_is_more_certain_than_one_count() -> None:
    assert _sigma(np.array([0.0, 0.1, 4.0, 9.0]), np.full(4, 4.0)) == pytest.approx(
        [0.25, 0.25, 1.0, 1.5]
    )
