"""No run and no flag of Snakemake changes a byte of a study, even one that was copied from the demo study."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Workflow
from studies import cut_study, edit_rows, tree


@pytest.mark.slow
@pytest.mark.workflow
def test_a_copied_demo_study_keeps_its_exports(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    study = cut_study(project.folder / "study", ["leis"], ["uncoated", "c400"])
    # One export of one's own, and names that no file has.
    (study / "leis" / "mine.txt").write_text("".join(f"{e}\t5\n" for e in range(600, 2600, 2)))
    edit_rows(
        study / "leis" / "index.csv",
        lambda r: r | {"file": "mine.txt"} if r["sample"] == "c400" else r,
    )
    before = tree(study)
    for flags in (["check"], ["exports"], ["--forceall"], ["--delete-all-output"], ["-n"]):
        said = project.run(*flags, "--config", "study=study", "results=out", check=False)
        assert "expected a file below" in said
        assert "simulator: has no effect" in said
        assert "Traceback" not in said and "WorkflowError" not in said
        assert tree(study) == before
        assert not (project.folder / "out").exists()
