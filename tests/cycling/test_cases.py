"""Cells as laboratories measure them: what went wrong with these inputs, and what is right."""

from __future__ import annotations

import itertools

import pytest
from coatbench.cycling.analyse import analyse
from coatbench.cycling.collect import collect
from conftest import SHARED

PELLET = {"protocol": "short", "composite_mass_mg": "12.06", "cam_mass_fraction": "0.8"}
SHEET = {"protocol": "long", "composite_mass_mg": "7.49", "cam_mass_fraction": "0.792"}
AS_MAH = {"protocol": "long", "composite_mass_mg": "1000000", "cam_mass_fraction": "1"}
LINKED = (
    "cell_01_OCV_CD1.mpt",
    "cell_02_GCPL_CD1.mpt",
    "cell_03_GCPL_CD1.mpt",
    "cell_04_GCPL_CD1.mpt",
)
# Charges in mAh (0.3 %), potentials in V (1.5 mV), efficiencies in percent (0.2).
WHOLE = {
    (1, "charge"): 2.1153, (1, "discharge"): 1.8667, (2, "charge"): 1.8754, (1, "efficiency"): 88.25,
    (1, "relaxed_charge"): 3.6428, (1, "relaxed_discharge"): 2.8518,
}  # fmt: skip
CAPACITIES = {k: WHOLE[k] for k in list(WHOLE)[:4]}
BASE = {(1, "charge"): 1.3115, (1, "discharge"): 1.2131, (1, "efficiency"): 92.50,
        (2, "charge"): 1.2057, (2, "discharge"): 1.2038}  # fmt: skip
CASES = {
    "linked files": (LINKED, PELLET, WHOLE),
    "impedance after a rest": (("peis_after_charge_rest.mpt",), PELLET, WHOLE),
    "charge since the step": (("cp_dQ_only.mpt",), PELLET, CAPACITIES),
    "noise at rest": (("no_mode_rest_noise.mpt",), PELLET, WHOLE),
    "three electrodes": (("three_electrode.mpt",), PELLET, WHOLE),
    "working electrode": (("three_electrode.mpt",), PELLET | {"potential": "working"},
                          {(1, "relaxed_charge"): 3.5556, (1, "relaxed_discharge"): 2.7488}),
    "counter electrode": (("three_electrode.mpt",), PELLET | {"potential": "counter"},
                          {(1, "relaxed_charge"): -0.0871, (1, "relaxed_discharge"): -0.1030}),
    "charge aborted": (("charge_aborted_short_rest.mpt",), PELLET, {(1, "charge"): 1.4977, (1, "discharge"): 1.8667}),
    "sheet": (("maccor_base.txt",), SHEET, BASE),
    "suspended in a charge": (("maccor_suspended_charge.txt",), SHEET, BASE),
    "suspended at the end": (("maccor_suspended_in_discharge.078",), AS_MAH,
                             {(1, "charge"): 3860.6, (1, "discharge"): 3901.1, (1, "efficiency"): 101.05,
                              (2, "charge"): 3888.2, (2, "discharge"): 3883.6, (2, "efficiency"): 99.88,
                              (3, "charge"): 3874.6}),
    "galvanostatic impedance": (("geis_after_rest.mpt",), PELLET, {(1, "charge"): 1.0808, (1, "end_of_charge"): 0.9999}),
}  # fmt: skip
COLUMNS = {
    "charge": "charge_capacity_mAh_g", "discharge": "discharge_capacity_mAh_g",
    "efficiency": "coulombic_efficiency_percent", "relaxed_charge": "relaxed_potential_charge_V",
    "relaxed_discharge": "relaxed_potential_discharge_V", "end_of_charge": "end_of_charge_V",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder():
    path = SHARED / "cases" / "cycling"
    if not path.is_dir():
        pytest.skip("the cases are not at hand (shared beside the checkout)")
    return path


def run(folder, config, names, index, **more):
    rows = [{"sample": "x", "cell": "a", "file": name} | index | more for name in names]
    return analyse(rows, [folder / name for name in names], config)


def mass_g(index) -> float:
    return float(index["composite_mass_mg"]) * float(index["cam_mass_fraction"]) * 1e-3


@pytest.mark.parametrize("case", CASES)
def test_cell_has_its_numbers(folder, config, case):
    names, index, right = CASES[case]
    rows = run(folder, config, names, index).tables["cycling_cells"]
    for (cycle, what), value in right.items():
        found = rows[cycle - 1][COLUMNS[what]]
        if "capacity" in COLUMNS[what]:
            assert found * mass_g(index) == pytest.approx(value, rel=0.003), (cycle, what)
        else:
            assert found == pytest.approx(value, abs=0.2 if what == "efficiency" else 0.0015), what


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
def test_files_of_a_cell_come_in_any_order(folder, config, order):
    straight = run(folder, config, LINKED, PELLET)
    mixed = run(folder, config, [LINKED[i] for i in order], PELLET)
    assert mixed.tables == straight.tables


def test_one_cell_of_four_files_is_one_cell(folder, config):
    analysis = run(folder, config, LINKED, PELLET)
    tables = collect(analysis.tables, [{"sample": "x"}], config, reference=None)
    assert {row["n_cells"] for row in tables["cycling_metrics"]} == {1}
    assert not any(row["interrupted"] for row in tables["cycling_cells"])


def test_impedance_ends_no_rest(folder, config):
    first = run(folder, config, ("peis_after_charge_rest.mpt",), PELLET).tables["cycling_cells"][0]
    assert first["end_of_charge_V"] == pytest.approx(3.700, abs=0.005)
    assert first["rest_after_charge_s"] >= 3600
    assert not first["interrupted"]
    assert first["quality"] == "ok"


def test_rest_after_galvanostatic_impedance_is_the_one_before_it(folder, config):
    (first,) = run(folder, config, ("geis_after_rest.mpt",), PELLET).tables["cycling_cells"]
    assert first["relaxed_potential_charge_V"] == pytest.approx(0.5779, abs=0.0005)
    assert "coulombic_efficiency_percent" not in first


def test_impossible_efficiency_is_in_no_metric(folder, config):
    analysis = run(folder, config, ("charge_aborted_short_rest.mpt",), PELLET)
    first = analysis.tables["cycling_cells"][0]
    assert first["quality"] == "unusable"
    assert "124.6" in first["quality_note"]
    metrics = collect(analysis.tables, [{"sample": "x"}], config, reference=None)["cycling_metrics"]
    assert metrics
    for row in metrics:
        assert (row.get("value"), row["n_cells"], row["quality"]) == (None, 0, "unusable")


@pytest.mark.parametrize(
    ("name", "index", "cycle", "running", "so_far"),
    [
        ("cccv_live_in_cv.mpt", PELLET, 1, "charge", 2.1579),
        ("maccor_base.txt", SHEET, 3, "charge", 0.0759),
        ("maccor_suspended_in_discharge.078", AS_MAH, 3, "discharge", None),
    ],
)
def test_unfinished_half_cycle_is_running(folder, config, name, index, cycle, running, so_far):
    analysis = run(folder, config, (name,), index)
    row = analysis.tables["cycling_cells"][cycle - 1]
    assert row["running"] == running
    assert "coulombic_efficiency_percent" not in row
    if so_far is None:
        assert row.get("discharge_capacity_mAh_g") is None
        assert "2.2 mAh/g so far" in row["note"]
    else:
        assert row["charge_capacity_mAh_g"] * mass_g(index) == pytest.approx(so_far, rel=0.003)
        assert row["quality"] == "unusable"
    if cycle == 1:
        assert not [
            m for m in analysis.tables["cycling_cell_metrics"] if m["quality"] != "unusable"
        ]


def test_impedance_alone_is_no_error(folder, config):
    analysis = run(folder, config, ("maccor_fra.041",), AS_MAH)
    assert "cycling_cells" not in analysis.tables
    assert any("61 records of impedance" in w for w in analysis.warnings)


def test_efficiency_of_a_good_cell_counts(folder, config):
    """101.05 % is possible: capacities of single cycles scatter."""
    index = AS_MAH | {"composite_mass_mg": "20000"}
    first = run(folder, config, ("maccor_suspended_in_discharge.078",), index).tables[
        "cycling_cells"
    ][0]
    assert first["quality"] == "doubtful"  # cycled in another window than the protocol's
    assert "efficiency" not in first["quality_note"]


def test_mass_in_grams_is_no_capacity(config):
    folder = SHARED / "cases" / "study" / "mass_in_g" / "cycling"
    if not folder.is_dir():
        pytest.skip("the cases are not at hand (shared beside the checkout)")
    index = {"protocol": "short", "cam_mass_fraction": "0.7"}
    for name, mass, right in (("uncoated_A", "12.04", "ok"), ("n400_A", "0.01204", "unusable")):
        rows = run(folder, config, (f"{name}.mpt",), index, composite_mass_mg=mass).tables
        assert rows["cycling_cells"][0]["quality"] == right
