"""Cells as laboratories measure them: what went wrong with these inputs, and what is right."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from coatbench.cycling.analyse import analyse
from coatbench.cycling.collect import collect
from conftest import SHARED, inputs

from . import made_cases as made

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
HANDED: dict[str, Any] = {
    "whole": {
        (1, "charge"): 2.1153, (1, "discharge"): 1.8667, (2, "charge"): 1.8754, (1, "efficiency"): 88.25,
        (1, "relaxed_charge"): 3.6428, (1, "relaxed_discharge"): 2.8518,
    },
    "working": {(1, "relaxed_charge"): 3.5556, (1, "relaxed_discharge"): 2.7488},
    "counter": {(1, "relaxed_charge"): -0.0871, (1, "relaxed_discharge"): -0.1030},
    "aborted": {(1, "charge"): 1.4977, (1, "discharge"): 1.8667}, "impossible": "124.6",
    "sheet": {(1, "charge"): 1.3115, (1, "discharge"): 1.2131, (1, "efficiency"): 92.50,
              (2, "charge"): 1.2057, (2, "discharge"): 1.2038},
    "cell": {(1, "charge"): 3860.6, (1, "discharge"): 3901.1, (1, "efficiency"): 101.05,
             (2, "charge"): 3888.2, (2, "discharge"): 3883.6, (2, "efficiency"): 99.88, (3, "charge"): 3874.6},
    "impedance": {(1, "charge"): 1.0808, (1, "end_of_charge"): 0.9999}, "relaxed": 0.5779,
    "held": 2.1579, "begun": 0.0759, "so far": "2.2 mAh/g so far", "records": 61,
}  # fmt: skip


def made_is_right() -> dict[str, Any]:
    """What `made_cases` has planted."""
    relaxed = {(1, f"relaxed_{half}"): v for half, v in made.AFTER_1_H.items()}
    counter = {key: float(made.COUNTER_V(v)) for key, v in relaxed.items()}
    cycles = [
        {(i, "charge"): c * unit, (i, "discharge"): d * unit, (i, "efficiency"): 100 * d / c}
        for unit, given in ((1.0, made.SHEET_CYCLES_MAH), (1000.0, made.CELL_CYCLES_AH))
        for i, (c, d) in enumerate(given, 1)
    ]  # fmt: skip
    capacities = {
        (1, "charge"): made.CHARGE, (1, "discharge"): made.DISCHARGE, (2, "charge"): made.SECOND,
        (1, "efficiency"): 100 * made.DISCHARGE / made.CHARGE,
    }  # fmt: skip
    return {
        "whole": capacities | relaxed, "counter": counter,
        "working": {key: v + counter[key] for key, v in relaxed.items()},
        "aborted": {(1, "charge"): made.ABORTED, (1, "discharge"): made.DISCHARGE},
        "impossible": f"{100 * made.DISCHARGE / made.ABORTED:.1f}",
        "sheet": cycles[0] | cycles[1],
        "cell": cycles[2] | cycles[3] | {(3, "charge"): 1000 * made.CELL_CYCLES_AH[2][0]},
        "impedance": {(1, "charge"): made.CHARGE, (1, "end_of_charge"): 3.70},
        "relaxed": made.AFTER_1_H["charge"], "held": made.CHARGE + made.HELD_MA.sum() * 120 / 3600,
        "begun": made.BEGUN, "so far": "1.8 mAh/g so far", "records": 33,
    }  # fmt: skip


# Files, row of the index, what is right.
CASES = {
    "linked files": (LINKED, PELLET, "whole"),
    "impedance after a rest": (("peis_after_charge_rest.mpt",), PELLET, "whole"),
    "charge since the step": (("cp_dQ_only.mpt",), PELLET, "whole"),
    "noise at rest": (("no_mode_rest_noise.mpt",), PELLET, "whole"),
    "three electrodes": (("three_electrode.mpt",), PELLET, "whole"),
    "working electrode": (("three_electrode.mpt",), PELLET | {"potential": "working"}, "working"),
    "counter electrode": (("three_electrode.mpt",), PELLET | {"potential": "counter"}, "counter"),
    "charge aborted": (("charge_aborted_short_rest.mpt",), PELLET, "aborted"),
    "sheet": (("maccor_base.txt",), SHEET, "sheet"),
    "suspended in a charge": (("maccor_suspended_charge.txt",), SHEET, "sheet"),
    "suspended at the end": (("maccor_suspended_in_discharge.078",), AS_MAH, "cell"),
    "galvanostatic impedance": (("geis_after_rest.mpt",), PELLET, "impedance"),
}
COLUMNS = {
    "charge": "charge_capacity_mAh_g", "discharge": "discharge_capacity_mAh_g",
    "efficiency": "coulombic_efficiency_percent", "relaxed_charge": "relaxed_potential_charge_V",
    "relaxed_discharge": "relaxed_potential_discharge_V", "end_of_charge": "end_of_charge_V",
}  # fmt: skip


@pytest.fixture(scope="module", params=inputs("cases/cycling"))
def folder(request, tmp_path_factory):
    if request.param == "handed":
        return SHARED / "cases" / "cycling"
    path = tmp_path_factory.mktemp("cells")
    made.write_ec_lab(path)
    made.write_testers(path)
    return path


@pytest.fixture(scope="module")
def planted(folder):
    return HANDED if folder == SHARED / "cases" / "cycling" else made_is_right()


def run(folder, config, names, index, **more):
    rows = [{"sample": "x", "cell": "a", "file": name} | index | more for name in names]
    return analyse(rows, [folder / name for name in names], config)


def mass_g(index) -> float:
    return float(index["composite_mass_mg"]) * float(index["cam_mass_fraction"]) * 1e-3


@pytest.mark.parametrize("case", CASES)
def test_cell_has_its_numbers(folder, planted, config, case):
    names, index, right = CASES[case]
    rows = run(folder, config, names, index).tables["cycling_cells"]
    for (cycle, what), value in planted[right].items():
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


def test_rest_after_galvanostatic_impedance_is_the_one_before_it(folder, planted, config):
    (first,) = run(folder, config, ("geis_after_rest.mpt",), PELLET).tables["cycling_cells"]
    assert first["relaxed_potential_charge_V"] == pytest.approx(planted["relaxed"], abs=0.0005)
    assert "coulombic_efficiency_percent" not in first


def test_impossible_efficiency_is_in_no_metric(folder, planted, config):
    analysis = run(folder, config, ("charge_aborted_short_rest.mpt",), PELLET)
    first = analysis.tables["cycling_cells"][0]
    assert first["quality"] == "unusable"
    assert planted["impossible"] in first["quality_note"]
    metrics = collect(analysis.tables, [{"sample": "x"}], config, reference=None)["cycling_metrics"]
    assert metrics
    for row in metrics:
        assert (row.get("value"), row["n_cells"], row["quality"]) == (None, 0, "unusable")


@pytest.mark.parametrize(
    ("name", "index", "cycle", "running", "so_far"),
    [
        ("cccv_live_in_cv.mpt", PELLET, 1, "charge", "held"),
        ("maccor_base.txt", SHEET, 3, "charge", "begun"),
        ("maccor_suspended_in_discharge.078", AS_MAH, 3, "discharge", None),
    ],
)
def test_unfinished_half_cycle_is_running(
    folder, planted, config, name, index, cycle, running, so_far
):
    analysis = run(folder, config, (name,), index)
    row = analysis.tables["cycling_cells"][cycle - 1]
    assert row["running"] == running
    assert "coulombic_efficiency_percent" not in row
    if so_far is None:
        assert row.get("discharge_capacity_mAh_g") is None
        assert planted["so far"] in row["note"]
    else:
        assert row["charge_capacity_mAh_g"] * mass_g(index) == pytest.approx(
            planted[so_far], rel=0.003
        )
        assert row["quality"] == "unusable"
    if cycle == 1:
        assert not [
            m for m in analysis.tables["cycling_cell_metrics"] if m["quality"] != "unusable"
        ]


def test_impedance_alone_is_no_error(folder, planted, config):
    analysis = run(folder, config, ("maccor_fra.041",), AS_MAH)
    assert "cycling_cells" not in analysis.tables
    assert any(f"{planted['records']} records of impedance" in w for w in analysis.warnings)


def test_efficiency_of_a_good_cell_counts(folder, config):
    """101.05 % is possible: capacities of single cycles scatter."""
    index = AS_MAH | {"composite_mass_mg": "20000"}
    first = run(folder, config, ("maccor_suspended_in_discharge.078",), index).tables[
        "cycling_cells"
    ][0]
    assert first["quality"] == "doubtful"  # cycled in another window than the protocol's
    assert "efficiency" not in first["quality_note"]


@pytest.mark.parametrize("source", inputs("cases/study"))
def test_mass_in_grams_is_no_capacity(config, tmp_path, source):
    folder = SHARED / "cases" / "study" / "mass_in_g" / "cycling"
    if source == "made":
        made.write_ec_lab(folder := tmp_path)
    index = {"protocol": "short", "cam_mass_fraction": "0.7"}
    for name, mass, right in (("uncoated_A", "12.04", "ok"), ("n400_A", "0.01204", "unusable")):
        rows = run(folder, config, (f"{name}.mpt",), index, composite_mass_mg=mass).tables
        assert rows["cycling_cells"][0]["quality"] == right
