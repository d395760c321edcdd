"""Where no counting time says that intensities are counts, nothing depends on their unit; and nothing on where the energies lie."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from coatbench.xps import background, charge
from coatbench.xps.charge import Region, locate
from coatbench.xps.model import RegionModel, build
from coatbench.xps.region import RegionFit, fit_region, integrate
from coatbench.xps.survey import read_survey

from .planted import survey
from .test_fit import AREAS, FWHM, POSITION, TIME_S, X, expected, noisy

FACTORS = [1e-5, 1e5]


def moved(config: dict, by_eV: float) -> dict[str, Any]:
    """Return the model of S 2p at other energies."""
    section = copy.deepcopy(config["regions"]["S 2p"])
    section["window_eV"] = [e + by_eV for e in section["window_eV"]]
    for component in section["components"].values():
        component["binding_energy_eV"] += by_eV
    return section


@pytest.fixture(scope="module")
def s2p(config: dict) -> RegionModel:
    return build("S 2p", config["regions"]["S 2p"], config)


@pytest.fixture(scope="module")
def y(s2p: RegionModel) -> np.ndarray:
    return noisy(expected(s2p, AREAS), np.random.default_rng(31))


def numbers(fit: RegionFit | None) -> list[Any]:
    """Return what has no unit of intensity."""
    assert fit is not None
    shares = [[f.value, f.sd, f.low, f.high] for f in fit.fractions()]
    return [np.ravel(shares), fit.autocorrelation, fit.fit.n_free, [c.weight for c in fit.choices]]


@pytest.mark.parametrize("kind", ["shirley", "linear", "tougaard", "active_shirley"])
@pytest.mark.parametrize("factor", FACTORS)
def test_fits_in_any_unit(
    s2p: RegionModel, config: dict, y: np.ndarray, factor: float, kind: str
) -> None:
    one, other = (
        fit_region(X, f * y, math.nan, s2p, 0.0, config, kind, combined=True) for f in (1.0, factor)
    )
    assert one is not None and other is not None
    m = len(AREAS)
    assert other.estimate.p[:m] == pytest.approx(factor * one.estimate.p[:m], rel=1e-4)
    assert other.estimate.p[m:] == pytest.approx(one.estimate.p[m:], abs=1e-4)
    assert other.estimate.sd[:m] == pytest.approx(factor * one.estimate.sd[:m], rel=1e-3)
    assert other.estimate.sd[m:] == pytest.approx(one.estimate.sd[m:], rel=1e-3)
    for a, b in zip(numbers(one), numbers(other), strict=True):
        assert b == pytest.approx(a, rel=1e-3, abs=1e-4)
    for row in range(len(one.model.rows)):
        limit = one.area_limit(row)
        assert other.area_limit(row) == (limit and pytest.approx(factor * limit, rel=1e-3))
    assert other.notes == one.notes and other.quality == one.quality
    assert other.fit.backgrounds[0] == pytest.approx(factor * one.fit.backgrounds[0], rel=1e-4)


def test_fits_at_other_energies(config: dict, s2p: RegionModel, y: np.ndarray) -> None:
    """As of another line, or of a sample with another charge."""
    one = fit_region(X, y, TIME_S, s2p, 0.0, config, combined=True)
    far = build("S 2p", moved(config, 700.0), config)
    for other in (
        fit_region(X + 700, y, TIME_S, far, 0.0, config, combined=True),
        fit_region(X + 4, y, TIME_S, s2p, 4.0, config, combined=True),
    ):
        assert one is not None and other is not None
        m = len(AREAS)
        assert other.estimate.p[:m] == pytest.approx(one.estimate.p[:m], rel=1e-4)
        shift = other.estimate.p[m : 2 * m] - one.estimate.p[m : 2 * m]
        assert shift == pytest.approx([700.0 if other.model is far else 4.0] * m, abs=1e-3)
        for a, b in zip(numbers(one), numbers(other), strict=True):
            assert b == pytest.approx(a, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("kind", ["shirley", "linear", "tougaard"])
@pytest.mark.parametrize("factor", FACTORS)
def test_backgrounds_in_any_unit(y: np.ndarray, factor: float, kind: str) -> None:
    one, other = (background.static(kind, X, f * y, 7) for f in (1.0, factor))
    assert other.values == pytest.approx(factor * one.values, rel=1e-5)
    weights = np.cos(X)[None, :]
    assert other.respond(weights) == pytest.approx(one.respond(weights), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("planted", [-2.4, 1.2])
def test_charge_in_any_unit(
    s2p: RegionModel, config: dict, y: np.ndarray, planted: float, factor: float
) -> None:
    region = Region(X + planted, factor * y, s2p)
    for reference in (("S 2p", "sulfide"), ("S 2p", "sulfate"), ("C 1s", "adventitious")):
        found = locate([region], 4.0, reference, config["end_width_eV"])
        assert found == pytest.approx(planted, abs=0.11)


@pytest.mark.parametrize("factor", FACTORS)
def test_integrals_and_surveys_in_any_unit(config: dict, y: np.ndarray, factor: float) -> None:
    one, other = (integrate(X, f * y, math.nan, config) for f in (1.0, factor))
    assert other.area == pytest.approx(factor * one.area) and math.isnan(other.sd)
    wide = survey({"C": 20.0, "O": 40.0, "Ni": 9.0, "Si": 6.0})
    x, rate = wide.binding_eV[::-1], wide.counts[::-1] / wide.time_s
    first, second = (read_survey(x, f * rate, math.nan, 1486.69) for f in (1.0, factor))
    assert second.elements == first.elements and len(first.elements) == 4
    for a, b in zip(first.found, second.found, strict=True):
        assert (b.line, b.energy_eV, b.note) == (a.line, a.energy_eV, a.note)
        assert (b.area, b.area_sd) == pytest.approx((factor * a.area, factor * a.area_sd))


def test_counts_of_any_time(s2p: RegionModel, config: dict) -> None:
    """As many counts in a tenth of the time are ten times the rate: shares and their uncertainties are the same."""
    counts = noisy(expected(s2p, AREAS), np.random.default_rng(32)) * TIME_S
    one, other = (fit_region(X, counts / t, t, s2p, 0.0, config, combined=True) for t in (6.0, 0.6))
    assert one is not None and other is not None
    m = len(AREAS)
    assert other.estimate.p[:m] == pytest.approx(10 * one.estimate.p[:m], rel=1e-4)
    assert other.estimate.sd[:m] == pytest.approx(10 * one.estimate.sd[:m], rel=1e-3)
    assert other.reduced_chi_square == pytest.approx(one.reduced_chi_square, rel=1e-4)
    for a, b in zip(numbers(one), numbers(other), strict=True):
        assert b == pytest.approx(a, rel=1e-3, abs=1e-4)
    truth = np.concatenate([AREAS, POSITION, FWHM])
    assert (np.abs(one.estimate.p - truth) < 4 * one.estimate.sd).all()


@pytest.mark.parametrize("apart, shift", [(0.9, 0.6), (1.1, -0.6)])
def test_the_other_regions_decide_between_shifts_that_explain_the_reference_alike(
    s2p: RegionModel, y: np.ndarray, monkeypatch: pytest.MonkeyPatch, apart: float, shift: float
) -> None:
    """Alike: 0.15 a point in twice the log likelihood, as `_costs` gives its half."""
    shifts = np.arange(-1.0, 1.1, charge.STEP_EV)
    own, other = np.full(len(shifts), 1e6), np.full(len(shifts), 1e6)
    own[2], own[8] = 0.0, apart * 0.15 * len(X) / 2
    other[2], other[8] = 1e5, 0.0
    given = {"S 2p": own, "other": other}
    shares = np.ones((len(shifts), len(s2p.components)))
    monkeypatch.setattr(charge, "_costs", lambda r, *_: (given[r.model.name], shares))
    regions = [Region(X, y, s2p), Region(X, y, dataclasses.replace(s2p, name="other"))]
    found = locate(regions, 1.0, ("S 2p", s2p.components[0].name), 1.1)
    assert found == pytest.approx(shift, abs=0.06)
