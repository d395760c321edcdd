"""Line shapes and backgrounds against their definitions, and derivatives against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coatbench.xps import background, lineshapes
from coatbench.xps.freedoms import _variants
from coatbench.xps.lines import Lines, cumulate
from coatbench.xps.model import Component
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

SYMMETRIC = [
    "GL(0)",
    "GL(30)",
    "GL(70)",
    "GL(100)",
    "SGL(30)",
    "Voigt(0)",
    "Voigt(40)",
    "Voigt(100)",
    "SGL(100)",
]
ALL = [*SYMMETRIC, "LA(1.5,2.5,0)", "LA(1.5,2.5,40)"]


@pytest.mark.parametrize("name", ALL)
def test_unit_area(name: str) -> None:
    shape = lineshapes.shape(name)
    inner = quad(lambda u: shape(np.array([u]))[0][0], -40, 40, limit=400, points=[-1, 0, 1])[0]
    # The Lorentzian wings beyond fall as 1/u^2 or faster: their rest is integrated on a scale of 1/u.
    wings = [
        quad(lambda t, s=s: shape(np.array([s / t]))[0][0] / t**2, 1e-9, 1 / 40, limit=400)[0]
        for s in (-1, 1)
    ]
    outer = sum(wings)
    assert inner + outer == pytest.approx(1, abs=2e-5)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_width_is_the_full_width_at_half_maximum(name: str) -> None:
    value, _ = lineshapes.shape(name)(np.array([0.0, -0.5, 0.5]))
    assert value[1] == pytest.approx(value[0] / 2, rel=1e-9)
    assert value[2] == pytest.approx(value[0] / 2, rel=1e-9)


def test_product_form_is_3_9_percent_narrower_than_its_literal_width() -> None:
    assert lineshapes.product_scale(0.3) == pytest.approx(0.9614, abs=5e-5)


@pytest.mark.parametrize("name", ALL)
def test_derivative(name: str) -> None:
    shape = lineshapes.shape(name)
    u = np.array([-7.3, -2.1, -0.6, -0.1, 0.05, 0.4, 1.9, 8.2])
    step = 1e-5
    numeric = (shape(u + step)[0] - shape(u - step)[0]) / (2 * step)
    assert np.allclose(shape(u)[1], numeric, atol=2e-7)


def test_voigt_is_a_convolution() -> None:
    from scipy.special import voigt_profile

    value, _ = lineshapes.shape("Voigt(40)")(np.linspace(-3, 3, 50))
    u = np.linspace(-3, 3, 50)
    # Same shares of Gaussian and Lorentzian width, scaled to a total width of 1.
    sigma, gamma = 0.6 / (2 * math.sqrt(2 * math.log(2))), 0.2
    half = quad_root(
        lambda x: voigt_profile(x, sigma, gamma) / voigt_profile(0, sigma, gamma) - 0.5
    )
    scale = 1 / (2 * half)
    assert np.allclose(value, voigt_profile(u, sigma * scale, gamma * scale), rtol=1e-8)


def quad_root(function) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, 1e-6, 3))


@pytest.mark.parametrize("name", ["GL", "GL(120)", "Doniach(3)", "LA(0.4,1,0)", "GL(a)"])
def test_nonsense_shapes_are_refused(name: str) -> None:
    with pytest.raises(ValueError):
        lineshapes.shape(name)


@given(
    position=st.floats(160, 170),
    fwhm=st.floats(0.5, 3),
    splitting=st.floats(0.3, 3),
    ratio=st.floats(0.1, 1),
)
def test_components_keep_their_area_and_derivatives(
    position: float, fwhm: float, splitting: float, ratio: float
) -> None:
    shares = (1 / (1 + ratio), ratio / (1 + ratio))
    lines = Lines([Component("a", (0.0, splitting), shares, "GL(30)", "a")])
    x = np.linspace(130, 205, 6001)
    value, by_position, by_fwhm = lines.evaluate(x, np.array([position]), np.array([fwhm]))
    assert np.trapezoid(value[:, 0], x) == pytest.approx(1, abs=1e-4)
    step = 1e-5
    up = lines.evaluate(x, np.array([position + step]), np.array([fwhm]))[0]
    down = lines.evaluate(x, np.array([position - step]), np.array([fwhm]))[0]
    assert np.allclose(by_position, (up - down) / (2 * step), atol=1e-5)
    up = lines.evaluate(x, np.array([position]), np.array([fwhm + step]))[0]
    down = lines.evaluate(x, np.array([position]), np.array([fwhm - step]))[0]
    assert np.allclose(by_fwhm, (up - down) / (2 * step), atol=1e-5)


X = np.arange(157.0, 176.0, 0.1)


def peak(area: float = 2000.0) -> np.ndarray:
    lines = Lines([Component("a", (0.0, 1.16), (2 / 3, 1 / 3), "GL(30)", "a")])
    return lines.evaluate(X, np.array([164.0]), np.array([1.4]))[0][:, 0] * area


@pytest.mark.parametrize(
    "name, more, less, step",
    [
        ("GL(30)", "GL(40)", "GL(20)", 20),
        ("SGL(96)", "SGL(100)", "SGL(86)", 14),
        ("GL(4)", "GL(14)", "GL(0)", 14),
        ("LA(1.2,2,180)", "LA(1.2,2,190)", "LA(1.2,2,170)", 20),
        ("LA(1.2,2,495)", "LA(1.2,2,499)", "LA(1.2,2,485)", 14),
    ],
)
def test_neighbours_of_a_shape_stay_within_what_it_takes(
    name: str, more: str, less: str, step: float
) -> None:
    *found, _, apart = _variants(name)
    u = np.linspace(-3, 3, 61)
    for own, expected in zip(found, (more, less), strict=True):
        assert own(u)[0] == pytest.approx(lineshapes.shape(expected)(u)[0])
    assert apart == pytest.approx(step)


def test_shirley_recovers_a_step_that_follows_the_signal() -> None:
    signal = peak()
    true = 500 + 0.05 * cumulate(X, signal)
    found = background.shirley(X, signal + true, 5)
    assert np.allclose(found.values, true, atol=0.01)


def test_shirley_on_uneven_steps_and_what_noise_makes_of_it() -> None:
    """The same background on every second point of one half, and the response that its uncertainty rests on."""
    signal = peak()
    y = signal + 500 + 0.05 * cumulate(X, signal)
    kept = (X < 164) | (np.arange(X.size) % 2 == 0)
    found = background.shirley(X[kept], y[kept], 5)
    assert np.allclose(found.values, (y - signal)[kept], atol=0.3)
    change = np.random.default_rng(2).normal(0, 0.1, kept.sum())
    moved = background.shirley(X[kept], y[kept] + change, 5, tolerance=1e-12).values
    still = background.shirley(X[kept], y[kept], 5, tolerance=1e-12).values
    assert found.respond(np.eye(kept.sum())) @ change == pytest.approx(moved - still, abs=2e-3)


def test_shirley_converges_where_the_plain_iteration_swings() -> None:
    signal = peak()
    # A step as high as the signal: the plain iteration overshoots.
    true = 500 + 0.2 * cumulate(X, signal)
    assert np.allclose(background.shirley(X, signal + true, 5).values, true, atol=0.05)


def test_shirley_agrees_with_lmfitxps() -> None:
    pytest.importorskip("lmfitxps")
    from lmfitxps.backgrounds import shirley_calculate

    signal = peak()
    y = signal + 500 + 0.05 * cumulate(X, signal)
    theirs = shirley_calculate(X, y, tol=1e-7, maxit=200)
    assert np.allclose(background.shirley(X, y, 1).values, theirs, atol=0.2)


def test_shirley_fails_loudly_without_signal() -> None:
    with pytest.raises(background.NotConverged):
        background.shirley(X, 1000 - peak(), 5)


@pytest.mark.parametrize("kind", ["shirley", "linear", "tougaard"])
def test_response_of_backgrounds(kind: str) -> None:
    rng = np.random.default_rng(3)
    signal = peak()
    y = signal + 500 + 0.05 * cumulate(X, signal) + rng.normal(0, 3, len(X))
    base = background.static(kind, X, y, 7, 1e-12, 500)
    change = rng.normal(size=len(X)) * 1e-3
    numeric = background.static(kind, X, y + change, 7, 1e-12, 500).values - base.values
    assert np.allclose(base.respond(np.eye(len(X))) @ change, numeric, atol=1e-6)


def test_linear_background_passes_through_the_averaged_ends() -> None:
    y = 100 + 2 * (X - X[0])
    assert np.allclose(background.linear(X, y, 9).values, y)


def test_tougaard_meets_both_ends() -> None:
    y = peak() + np.where(X > 164, 80.0, 0.0) + 300
    values = background.tougaard(X, y, 5).values
    assert values[0] == pytest.approx(300, abs=1)
    assert values[-5:].mean() == pytest.approx(380, abs=1)
    assert (np.diff(values) >= -1e-9).all()
