"""What reruns: a further region its own sample, a changed group no image. Through snakemake itself."""

from __future__ import annotations

import csv
import os
import re
import shutil
from pathlib import Path

import pytest

from .small_study import make_study, write_index

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def reduced(text: str) -> list[str]:
    """Return the samples whose regions a run reduced."""
    return sorted(re.findall(r"ToF-SIMS: regions of (\S+)", text))


def degradation(project: Path) -> dict[tuple[str, str], float]:
    with (project / "results/tables/sims_degradation.csv").open() as stream:
        return {
            (r["sample"], r["group"]): float(r["relative_degradation"])
            for r in csv.DictReader(stream)
            if r["weighting"] == "pca_max" and r["relative_degradation"]
        }


def intensities(project: Path) -> dict[tuple[str, str], float]:
    with (project / "results/tables/sims_fragments.csv").open() as stream:
        return {
            (r["sample"], r["fragment"]): float(r["normalised_intensity"])
            for r in csv.DictReader(stream)
        }


def test_only_what_changed_runs_again(workflow, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    study = tmp_path / "study"
    rows = make_study(study)
    target = [
        "results/tables/sims_degradation.csv",
        "--config",
        f"study={study}",
        "results=results",
    ]
    text = workflow.run(*target)
    assert reduced(text) == ["bare", "coated"]
    before = degradation(workflow.folder)
    assert before["coated", "polysulfide"] == pytest.approx(0.5, rel=0.03)

    # A further region of one sample: that sample's job.
    shutil.copy(study / "sims" / "coated_1.bif6", study / "sims" / "coated_4.bif6")
    write_index(study, [*rows, {"sample": "coated", "region": "4", "file": "coated_4.bif6"}])
    assert reduced(workflow.run(*target)) == ["coated"]

    # Another group for a fragment: no image is read.
    table = Path(__file__).parents[2] / "workflow/coatbench/sims/data/fragments.csv"
    changed = table.read_text().replace("S5,S5,-1,polysulfide", "S5,S5,-1,matrix")
    (study / "fragments.csv").write_text(changed)
    (study / "study.yaml").write_text("sims: {fragments: fragments.csv}\n")
    moved = study / "sims" / "bare_1.bif6"
    text = workflow.run(*target)
    assert reduced(text) == []
    after = degradation(workflow.folder)
    assert after["coated", "polysulfide"] != before["coated", "polysulfide"]

    # Replaced bytes under the same name are noticed.
    shutil.copy(study / "sims" / "bare_2.bif6", moved)
    assert reduced(workflow.run(*target)) == ["bare"]
    assert reduced(workflow.run(*target)) == []

    # A changed line of the reduction reaches the table: there is no second memory beside Snakemake's.
    code = workflow.folder / "workflow/coatbench/sims/reduce.py"
    line = "    mean = ratio / weight_sum\n"
    assert code.read_text().count(line) == 1
    code.write_text(code.read_text().replace(line, "    mean = 2 * ratio / weight_sum\n"))
    fragments = intensities(workflow.folder)
    os.utime(study / "fragments.csv", (4e9, 4e9))  # where a clock is ahead
    assert reduced(workflow.run("results/tables/sims_fragments.csv", *target)) == ["bare", "coated"]
    assert intensities(workflow.folder) == pytest.approx({k: 2 * v for k, v in fragments.items()})
