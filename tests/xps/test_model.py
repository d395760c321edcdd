"""Models as written in the configuration."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.xps.model import build
from coatbench.xps.parameters import translated

DEFAULTS = {"line_shape": "GL(30)", "background": "shirley"}


def section(**components) -> dict:
    return {"window_eV": [280, 294], "components": components}


def free(be: float, within: float = 0.5) -> dict:
    return {
        "binding_energy_eV": be,
        "within_eV": within,
        "fwhm_eV": 1.4,
        "fwhm_limits_eV": [0.9, 2],
    }


def test_names_of_components_stand_for_the_same_quantity() -> None:
    names = ["C", "C-O", "adventitious"]
    assert translated("C-O + 1.5", names, "position") == "position_C_O + 1.5"
    assert translated("2 * (C-O - C) / 4", names, "area") == "2 * (area_C_O - area_C) / 4"
    assert translated("1.2 * fwhm_C_O", names, "fwhm") == "1.2 * fwhm_C_O"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nobody + 1", "name 'nobody' is not defined"), ("a +", "SyntaxError"), ("__import__('os')", "name '__import__' is not defined"),
        ("a.real()", "'285.0' is not callable.*"), ("a / 0", "ZeroDivisionError"),
    ],
)  # fmt: skip
def test_other_expressions_are_refused_in_words(text: str, reason: str) -> None:
    components = {"a": free(285), "b": {"binding_energy_eV": text, "fwhm_eV": 1.0}}
    whole = rf"xps.regions.C 1s.components.b: .*: {reason}; components: a, b$"
    with pytest.raises(ValueError, match=whole):
        build("C 1s", section(**components), DEFAULTS)


@pytest.mark.parametrize("splitting", [None, 12.0])
def test_a_line_may_lie_a_width_beyond_the_window(splitting: float | None) -> None:
    """From 280 to 294 eV, widths of 1.4 eV; of a doublet one line is enough."""
    doublet = {"doublet": {"splitting_eV": splitting, "ratio": 0.5}} if splitting else {}
    low, high = 280 - 1.4 - (splitting or 0.0), 294 + 1.4
    for at, is_inside in ((low - 0.1, False), (low + 0.1, True), (high - 0.1, True), (high + 0.1, False)):  # fmt: skip
        if is_inside:
            assert build("C 1s", section(a=free(at) | doublet), DEFAULTS).names == ["a"]
        else:
            with pytest.raises(ValueError, match=r"outside of the window, 280 to 294 eV"):
                build("C 1s", section(a=free(at) | doublet), DEFAULTS)


def test_expressions_may_be_all_that_lmfit_allows() -> None:
    model = build(
        "C 1s",
        section(
            a=free(284.8), b={"binding_energy_eV": "a + 2 * fwhm_a", "fwhm_eV": "sqrt(a**2 + 0.5)"}
        ),
        DEFAULTS,
    )
    p = model.parameters(1.0)
    q = p.start + 0.01
    values, slope = p.values(q), p.slope(q)
    assert values[3] == pytest.approx(values[2] + 2 * values[4])
    assert values[5] == pytest.approx(np.sqrt(values[4] ** 2 + 0.5))
    for k, step in enumerate(1e-4 * np.eye(len(q))):
        numeric = (p.values(q + step) - p.values(q - step)) / 2e-4
        assert np.allclose(slope[:, k], numeric, atol=1e-6)


def test_ties_are_one_linear_map() -> None:
    model = build(
        "C 1s",
        section(
            a=free(284.8),
            b={"binding_energy_eV": "a + 1.5", "fwhm_eV": "1.1 * a", "area": "0.25 * a"},
            c={"binding_energy_eV": "b + 1", "fwhm_eV": "b"},
        ),
        DEFAULTS,
    )
    p = model.parameters(2.0)
    q = p.start.copy()
    names = p.names
    assert sorted(names) == ["area of a", "area of c", "fwhm of a", "position of a"]
    q[names.index("area of a")] = 8.0
    values = p.p0 + p.L @ q
    assert np.allclose(values[:3], [8.0, 2.0, 1.0])
    assert np.allclose(values[3:6], [286.8, 288.3, 289.3])
    assert np.allclose(values[6:], [1.4, 1.54, 1.54])


def test_limits_move_with_the_charge_shift() -> None:
    p = build("C 1s", section(a=free(284.8)), DEFAULTS).parameters(-3.0)
    k = p.names.index("position of a")
    assert (p.low[k], p.start[k], p.high[k]) == pytest.approx((281.3, 281.8, 282.3))


def test_held_components_keep_what_others_depend_on_free() -> None:
    model = build(
        "C 1s",
        section(a=free(284.8), b={"binding_energy_eV": "a + 1.5", "fwhm_eV": "a"}, c=free(289)),
        DEFAULTS,
    )
    names = model.parameters(0.0, frozenset({"a", "c"})).names
    assert "position of a" in names and "fwhm of a" in names
    assert "position of c" not in names and "area of c" in names


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ({"a": {"binding_energy_eV": "b", "fwhm_eV": 1}, "b": {"binding_energy_eV": "a", "fwhm_eV": 1}}, "tied in a circle: a, b$"),
        ({"a": {**free(285), "fwhm_limits_eV": [2, 3]}}, "limits"),
        ({"a": {**free(285), "line_shape": "GL(130)"}}, "mixing"),
        ({"a": {**free(285), "part_of": "z"}}, "part_of"),
        ({"a": {"fwhm_eV": 1}}, "binding_energy_eV is missing"),
    ],
)  # fmt: skip
def test_nonsense_models_are_refused_with_their_place(components: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        build("C 1s", section(**components), DEFAULTS)
    assert "xps.regions.C 1s" in str(caught.value)
