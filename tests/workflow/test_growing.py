"""A test that still runs: its export grows, and only that cell is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Workflow
from studies import ARGUMENTS, LAST, cut_study, make_exports, planned, rows_of

pytestmark = [pytest.mark.workflow]


def test_growing_export_reruns_its_own_cell_and_the_tables(tmp_path: Path) -> None:
    workflow = Workflow.copied_to(tmp_path / "project")
    study = cut_study(workflow.folder / "study", ["cycling"], ["uncoated"])
    rows = [r for r in rows_of(study / "cycling" / "index.csv") if r["protocol"] == "short"]
    assert len(rows) > 1
    make_exports(workflow, study)
    grows = study / "cycling" / rows[0]["file"]
    whole = grows.read_bytes().splitlines(keepends=True)
    grows.write_bytes(b"".join(whole[:1500]))
    target = "out/tables/cycling_metrics.csv"
    workflow.run(target, *ARGUMENTS)
    assert planned(workflow, target, *ARGUMENTS) == {}
    with grows.open("ab") as stream:
        stream.writelines(whole[1500:])
    plan = planned(workflow, target, *ARGUMENTS)
    assert plan.pop("cycling_cell") == 1
    assert set(plan) - LAST <= {"cycling_tables", "check"}
    assert plan["cycling_tables"] == 1
