"""Exact masses, labels, matching, close neighbours."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.errors import StudyError
from coatbench.quality import Quality
from coatbench.sims.fragments import load_fragments, windows
from coatbench.sims.ions import ABUNDANCE_RATIO, Ion
from coatbench.sims.isotopes import _without
from coatbench.sims.masses import (
    ISOTOPE_MASS_U,
    composition,
    ion_mass_u,
    label_composition,
    read_label,
)
from coatbench.sims.neighbours import close_neighbours
from coatbench.simulate.sims import FRAGMENTS as SIMULATED
from hypothesis import given
from hypothesis import strategies as st

# m/z of anions in u, from the 2016 atomic mass evaluation plus the electron.
KNOWN = {
    "S2": 63.94469, "SO2": 63.96245, "PO3": 78.95905, "LiPO3": 85.97506, "PO2S": 94.93621, "PS4": 158.86260,
    "NiO2": 89.92572, "CoO2": 90.92357, "MnO2": 86.92842, "Cl2": 69.93825, "C2": 24.00055, "P2S7": 285.75257,
}  # fmt: skip


@pytest.mark.parametrize(("formula", "mass"), KNOWN.items())
def test_masses_of_anions(formula: str, mass: float) -> None:
    assert ion_mass_u(formula) == pytest.approx(mass, abs=1e-5)


@pytest.mark.parametrize(
    ("element", "weight_u"),
    [("Li", 6.94), ("C", 12.011), ("O", 15.999), ("S", 32.06), ("Cl", 35.45)],
)
def test_abundances_give_the_standard_atomic_weight(element: str, weight_u: float) -> None:
    rare = {i: r for i, (_, r) in ABUNDANCE_RATIO.items() if i[1] == element}
    (main,) = {(mass, e) for (_, e), (mass, _) in ABUNDANCE_RATIO.items() if e == element}
    parts = rare | {main: 1.0}
    mean = sum(ISOTOPE_MASS_U[i] * r for i, r in parts.items()) / sum(parts.values())
    assert mean == pytest.approx(weight_u, abs=0.012)


@pytest.mark.parametrize(("own", "level"), [(0.20, "ok"), (0.04, "doubtful"), (0.0, "ok")])
def test_what_a_heavier_isotope_adds_is_taken_off_with_its_doubt(own: float, level: str) -> None:
    """34S of a parent of intensity 0.5: 0.0224 of it, known to 3 %, and the parent's counting."""
    ion = Ion("34S beside", 1.0, "parent", "isotopologue", per_parent=0.0447)
    row, parent = (
        {"normalised_intensity": v, "ratio_of_sums": v, "poisson_sd": sd, "fragment": "SO2"} | Quality().columns()
        for v, sd in ((own, 0.0004), (0.5, 0.02))
    )  # fmt: skip
    found = _without(row, [(ion, parent)])
    amount = 0.0447 * 0.5
    assert found["normalised_intensity"] == pytest.approx(max(own - amount, 0.0))
    doubt = 0.0447 * (0.02**2 + (0.03 * 0.5) ** 2) ** 0.5
    assert found["poisson_sd"] == pytest.approx((0.0004**2 + doubt**2) ** 0.5)
    assert found["quality"] == level


def test_a_cation_lacks_an_electron() -> None:
    assert ion_mass_u("Li", 1) == pytest.approx(7.0154549, abs=1e-6)
    assert ion_mass_u("SO4", -2) == pytest.approx((95.95228 + 0.000549) / 2, abs=1e-5)


def test_the_simulator_knows_the_same_masses_by_itself() -> None:
    for formula, (_, mass, _, _) in SIMULATED.items():
        assert ion_mass_u(formula) == pytest.approx(mass, abs=2e-6)


@pytest.mark.parametrize(
    ("label", "formula"),
    [("S_2^-", "S2"), ("SO_3-", "SO3"), ("SO_4^2-", "SO4"), ("SO₃⁻", "SO3"), ("SO₄²⁻", "SO4"), ("PSO_2-", "PO2S"),
     ("^37Cl-", "^37Cl"), ("³⁷Cl⁻", "^37Cl"), (" Li S O_3 -", "LiSO3"), ("PO3", "PO3")],
)  # fmt: skip
def test_labels_with_marks_are_formulas(label: str, formula: str) -> None:
    assert label_composition(label) == frozenset(composition(formula).items())


@pytest.mark.parametrize(
    "label", ["total", "Cl-^37Cl-", "", "sum of rest", "Xx2", "S0", "S00", "99S"]
)
def test_other_labels_are_none(label: str) -> None:
    assert label_composition(label) is None


def test_isotopes_are_not_the_element() -> None:
    assert label_composition("^37Cl-") != label_composition("Cl-")


@given(st.lists(st.sampled_from(["Li", "P", "S", "O", "^34S"]), min_size=1, max_size=6))
def test_order_of_elements_does_not_matter(elements: list[str]) -> None:
    assert label_composition("".join(elements)) == label_composition("".join(reversed(elements)))


def test_windows_hold_no_groups() -> None:
    window = windows(load_fragments(), 150)[0]
    assert "group" not in window
    assert window["upper_u"] - window["lower_u"] == pytest.approx(2 * 150e-6 * window["centre_u"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("fragment,formula\n", "columns charge, group"),
        ("fragment,formula,charge,group\nX,Q2,-1,a\n", "line 2.*Q"),
        ("# note\nfragment,formula,charge,group\nX,S2,0,a\nY,S3,-1,a\n", "line 3.*charge"),
        ("fragment,formula,charge,group\nX,S2,-1,a\nX,S3,-1,a\n", "line 3.*again"),
        ("fragment,formula,charge,group,window_ppm\nX,S2,-1,a,wide\n", "window_ppm.*'wide'"),
        ("fragment,formula,charge,group\nX,S2,-1,\n", "column group"),
        ("fragment,formula,charge,group\n", "at least one"),
    ],
)  # fmt: skip
def test_problems_of_a_fragment_table(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "fragments.csv"
    path.write_text(text)
    with pytest.raises(StudyError, match=what):
        load_fragments(path)


def test_close_neighbours_are_named() -> None:
    rows = close_neighbours(load_fragments(), {"PO2": (62.9486, 62.9953)}, 5500)
    pairs = {(r["fragment"], r["neighbour"]): r for r in rows}
    assert pairs["PO2", "PS"]["required_resolution"] == pytest.approx(3545, abs=1.5)
    assert pairs["PO2", "PS"]["separated"]
    assert pairs["PO2", "PS"]["in_interval"] is False  # the window of this list begins above PS
    assert pairs["POS2", "PO3S"]["required_resolution"] == pytest.approx(6246, abs=1.5)
    unresolved = {k for k, r in pairs.items() if r["kind"] == "ion" and not r["separated"]}
    assert unresolved == {("POS2", "PO3S"), ("PS3", "PO2S2"), ("SO2", "HPO2"), ("SO3", "HPO3")}
    partners = {k for k, r in pairs.items() if r["kind"] == "hydrogen partner"}
    assert {("S3", "HPS2"), ("SO4", "HPO4"), ("LiSO3", "HLiPO3")} <= partners
    assert pairs["S2", "SO2"]["in_interval"] is None


def test_isotopologues_and_what_they_contribute() -> None:
    intensities = {"PS2": 0.03, "S3": 0.01, "LiSO3": 0.02, "LiPO3": 0.01}
    rows = close_neighbours(load_fragments(), {}, 5500, intensities)
    found = {(r["fragment"], r["neighbour"]): r for r in rows if r["kind"] == "isotopologue"}
    row = found["S3", "33S of PS2"]
    assert row["difference_mu"] == pytest.approx(1.08, abs=0.01)
    assert row["contribution"] == pytest.approx(2 * 0.0075 / 0.9499 * 3)  # of two sulfurs
    assert found["LiPO3", "6Li of LiSO3"]["contribution"] == pytest.approx(2 * 0.0759 / 0.9241)
    assert found["S4", "33S of PS3"]["contribution"] is None  # not measured
    assert not any(r["separated"] for r in found.values())


@pytest.mark.parametrize(
    ("label", "mass", "rounding"),
    [("62.96u", 62.96, 0.005), ("62.9641 u", 62.9641, 5e-5), ("m/z 62,96", 62.96, 0.005), ("63 amu", 63, 0.5),
     ("Mass_94.936", 94.936, 5e-4)],
)  # fmt: skip
def test_labels_that_are_masses(label: str, mass: float, rounding: float) -> None:
    found = read_label(label)
    assert (found.mass_u, found.rounding_u, found.compositions) == (
        mass,
        pytest.approx(rounding),
        (),
    )


def test_labels_with_alternatives_and_signs() -> None:
    both = read_label("S_2- _ ( SO_2- )")
    assert both.compositions == tuple(frozenset(composition(f).items()) for f in ("S2", "SO2"))
    assert [read_label(t).sign for t in ("S_2-", "Na+", "S2", "Na⁺", "total")] == [-1, 1, 0, 1, 0]
    assert read_label("total").compositions == read_label("Cl-^37Cl-").compositions == ()
