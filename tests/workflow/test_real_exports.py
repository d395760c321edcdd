"""A study of real exports of every instrument runs to its end, and gives what is known about them.

The same numbers are asked of the readers and techniques alone in tests/cycling, tests/leis and tests/xps, there of made files as well.
"""

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


def cycles(tables: Path, sample: str, cell: str) -> dict[int, dict]:
    rows = read_table(tables / "cycling_cells.csv")
    return {int(r["cycle"]): r for r in rows if (r["sample"], r["cell"]) == (sample, cell)}


def test_every_export_is_analysed(tables: Path) -> None:
    assert read_table(tables / "problems.csv") == []
    assert [r["sample"] for r in read_table(tables / "leis_spectra.csv")] == ["cusi"]
    rows = read_table(tables / "xps_fits.csv")
    assert {"mos2", "niw"} <= {r["sample"] for r in rows}
    assert {r["transmission_source"] for r in rows if r["sample"] == "mos2"} == {"phi"}


def test_every_figure_can_be_read(tables: Path) -> None:
    assert hard_to_read(tables.parent) == []


def test_what_is_known_stands_in_the_tables(tables: Path, expected: list[dict[str, str]]) -> None:
    """The study gives a mass of 1 g, so that mAh/g reads as mAh."""

    def known(file: str, quantity: str) -> list:
        (row,) = (r for r in expected if (r["file"], r["quantity"]) == (file, quantity))
        return [
            pytest.approx(float(v), abs=float(row["tolerance"])) for v in row["value"].split(";")
        ]

    charges = ["charge_capacity_mAh_g", "discharge_capacity_mAh_g"]
    for cell in ("mpr", "mpt"):
        file = "cycling/020-formation_CB5"
        found = cycles(tables, "cb5", cell)
        first = [charges[:1], charges[1:], ["coulombic_efficiency_percent"]]
        names = (
            "first charge capacity",
            "first discharge capacity",
            "initial Coulombic efficiency",
        )
        for columns, name in zip(first, names, strict=True):
            assert [found[1][c] for c in columns] == known(file, name), (cell, name)
        second = known(file, "second charge and discharge capacity")
        assert [found[2][c] for c in charges] == second, cell
    both = "first charge and discharge capacity"
    for sample, cell, file in (
        ("v1150", "mpr", "v1150_GCPL"), ("v1150", "mpt", "v1150_GCPL"), ("lnmo", "a", "250116_kigr_gen6_01_02_GCPL_CD8.mpr"),
    ):  # fmt: skip
        first = [cycles(tables, sample, cell)[1][c] for c in charges]
        assert first == known(f"cycling/{file}", both), (sample, cell)
    for sample in ("cb5", "v1150"):
        binary, text = cycles(tables, sample, "mpr"), cycles(tables, sample, "mpt")
        assert binary.keys() == text.keys()
        for cycle, row in binary.items():
            for column in charges:
                assert row[column] == pytest.approx(text[cycle][column], rel=1e-6, abs=1e-8)
    peaks = [
        r for r in read_table(tables / "cycling_dqdv_features.csv")
        if (r["sample"], r["cell"], r["cycle"], r["direction"]) == ("cb5", "mpt", 1, "charge")
    ]  # fmt: skip
    main = max(peaks, key=lambda r: r["prominence_mAh_g_V"])["potential_V"]
    quantity = "first-charge dQ/dV peak (CC rows only)"
    assert [main] == known("cycling/020-formation_CB5", quantity)
