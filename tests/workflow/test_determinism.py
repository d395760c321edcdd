"""Determinism: other folder, other number of cores, other order of jobs, same bytes and pixels."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Workflow
from studies import as_supplied, cut_study, differences, edit_rows, make_exports, result, tree

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TECHNIQUES = ["xps", "tga_ms", "leis", "cycling", "sims", "stem"]
SAMPLES = ["lps", "uncoated", "c300", "c400"]


def study_in(workflow: Workflow) -> Path:
    """The smallest study of all techniques: one cell and few regions per sample."""
    study = cut_study(workflow.folder / "study", TECHNIQUES, SAMPLES)
    edit_rows(study / "cycling" / "index.csv", lambda r: r if r["cell"] in ("P1", "S1") else None)
    edit_rows(study / "sims" / "index.csv", lambda r: r if r["region"] in ("01", "02") else None)
    edit_rows(study / "xps" / "index.csv", lambda r: r if r["spot"] == "1" else None)
    return study


def test_two_runs_agree_byte_for_byte(tmp_path: Path) -> None:
    one = Workflow.copied_to(tmp_path / "one")
    make_exports(one, study_in(one))
    one.run("--config", "study=study", "results=out", cores=2)
    # Far away, one job at a time, another order, exports simulated anew.
    other = Workflow.copied_to(tmp_path / "a folder far away" / "ünder" / "another name")
    study = study_in(other)
    arguments = ["--config", "study=study", "results=out"]
    other.run("exports", *arguments, cores=1)
    as_supplied(study, other.folder / "out" / "exports")
    shutil.rmtree(other.folder / "out")
    assert differences(tree(one.folder / "study"), tree(study)) == []
    other.run("--prioritize", "leis_figures", "stem_tables", *arguments, cores=1)
    found = result(one.folder / "out"), result(other.folder / "out")
    assert len(found[0]) > 60
    assert differences(*found) == []
