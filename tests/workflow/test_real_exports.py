"""A study of real exports of every instrument runs to its end, and gives what is known about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.tables import read_table
from conftest import Workflow
from studies import hard_to_read

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def tables(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Result tables of the real study."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("real") / "project")
    workflow.run("--config", f"study={realdata}", "results=out")
    return workflow.folder / "out" / "tables"


@pytest.fixture
def known(expected: list[dict[str, str]]):
    """What is known of a file: value (one or two numbers) and tolerance of a quantity."""

    def look_up(file: str, quantity: str) -> list:
        row = next(r for r in expected if r["file"] == file and r["quantity"] == quantity)
        tolerance = float(row["tolerance"]) if row["tolerance"] else None
        return [pytest.approx(float(v), abs=tolerance) for v in row["value"].split(";")]

    return look_up


def cycles(tables: Path, sample: str, cell: str) -> dict[int, dict]:
    rows = read_table(tables / "cycling_cells.csv")
    return {int(r["cycle"]): r for r in rows if (r["sample"], r["cell"]) == (sample, cell)}


def test_every_export_is_analysed(tables: Path) -> None:
    assert read_table(tables / "problems.csv") == []


def test_every_figure_can_be_read(tables: Path) -> None:
    assert hard_to_read(tables.parent) == []


@pytest.mark.parametrize("cell", ["mpr", "mpt"])
def test_ec_lab_capacities(tables: Path, known, cell: str) -> None:
    # The study gives a mass of 1 g, so that mAh/g reads as mAh.
    file = "cycling/020-formation_CB5"
    found = cycles(tables, "cb5", cell)
    assert [found[1]["charge_capacity_mAh_g"]] == known(file, "first charge capacity")
    assert [found[1]["discharge_capacity_mAh_g"]] == known(file, "first discharge capacity")
    assert [found[1]["coulombic_efficiency_percent"]] == known(file, "initial Coulombic efficiency")
    second = [found[2]["charge_capacity_mAh_g"], found[2]["discharge_capacity_mAh_g"]]
    assert second == known(file, "second charge and discharge capacity")


@pytest.mark.parametrize("cell", ["mpr", "mpt"])
def test_ec_lab_11_50_capacities(tables: Path, known, cell: str) -> None:
    first = cycles(tables, "v1150", cell)[1]
    assert [first["charge_capacity_mAh_g"], first["discharge_capacity_mAh_g"]] == known(
        "cycling/v1150_GCPL", "first charge and discharge capacity"
    )


def test_full_cell_capacities(tables: Path, known) -> None:
    first = cycles(tables, "lnmo", "a")[1]
    assert [first["charge_capacity_mAh_g"], first["discharge_capacity_mAh_g"]] == known(
        "cycling/250116_kigr_gen6_01_02_GCPL_CD8.mpr", "first charge and discharge capacity"
    )


def test_main_peak_of_the_first_charge(tables: Path, known) -> None:
    peaks = [
        r
        for r in read_table(tables / "cycling_dqdv_features.csv")
        if (r["sample"], r["cell"], r["cycle"], r["direction"]) == ("cb5", "mpt", 1, "charge")
    ]
    main = max(peaks, key=lambda r: r["prominence_mAh_g_V"])
    assert [main["potential_V"]] == known(
        "cycling/020-formation_CB5", "first-charge dQ/dV peak (CC rows only)"
    )


def test_the_same_run_in_two_forms_gives_the_same_rows(tables: Path) -> None:
    for sample in ("cb5", "v1150"):
        binary, text = cycles(tables, sample, "mpr"), cycles(tables, sample, "mpt")
        assert binary.keys() == text.keys()
        for cycle, row in binary.items():
            for column in ("charge_capacity_mAh_g", "discharge_capacity_mAh_g"):
                assert row[column] == pytest.approx(text[cycle][column], rel=1e-6, abs=1e-8)


def test_the_copper_peak(tables: Path) -> None:
    rows = read_table(tables / "leis_spectra.csv")
    assert [r["sample"] for r in rows] == ["cusi"]


def test_regions_of_a_multipak_file(tables: Path, known) -> None:
    rows = read_table(tables / "xps_fits.csv")
    assert {"mos2", "niw"} <= {r["sample"] for r in rows}
    assert {r["transmission_source"] for r in rows if r["sample"] == "mos2"} == {"phi"}
