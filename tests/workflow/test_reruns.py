"""Exact reruns: what was changed runs again with what depends on it, and nothing else; jobs counted by rule."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from coatbench.tables import read_table
from studies import as_supplied, cut_study, edit_rows, jobs, tree

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TECHNIQUES = ["xps", "leis", "cycling", "stem"]
SAMPLES = ["uncoated", "c300", "c400"]
ARGUMENTS = ["--config", "study=study", "results=out"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a supplied study; each test copies the folder and changes something."""
    from conftest import Workflow

    folder = tmp_path_factory.mktemp("finished") / "project"
    folder.mkdir()
    workflow = Workflow(folder)
    cut_study(folder / "study", TECHNIQUES, SAMPLES)
    workflow.run(*ARGUMENTS)
    as_supplied(folder / "study")
    workflow.run(*ARGUMENTS)
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path):
    """A copy of the finished project, times kept, as `cp -a` or `mv` would leave it."""
    from conftest import Workflow

    shutil.copytree(finished, tmp_path / "moved", symlinks=True)
    workflow = Workflow.__new__(Workflow)
    workflow.folder = tmp_path / "moved"
    return workflow


def planned(project) -> dict[str, int]:
    return jobs(project.run(*ARGUMENTS, "-n"))


def rules(project) -> set[str]:
    """Rules that would run, but for the last ones, which see everything."""
    return set(planned(project)) - {"all", "complete", "problems", "provenance", "crate", "page"}


def test_nothing_to_do_after_a_finished_run_in_a_moved_folder(project) -> None:
    assert planned(project) == {}


def test_nothing_to_do_after_touching_everything(project) -> None:
    for path in [*project.folder.glob("workflow/**/*"), *project.folder.glob("study/**/*")]:
        if path.is_file():
            os.utime(path)
    assert planned(project) == {}


def test_a_new_temperature_runs_its_own_jobs_and_the_collecting_ones(project) -> None:
    cut_study(project.folder / "more", TECHNIQUES, [*SAMPLES, "c500"])
    more = ["--config", "study=more", "results=out"]
    names = [f"simulate_{t}_c500" for t in TECHNIQUES if (project.folder / "more" / t).is_dir()]
    known = [n for n in names if f"rule {n}" or n]
    project.run("--config", "study=more", "results=made", "--until", *known, check=False)
    for technique in TECHNIQUES:
        source = project.folder / "more" / technique
        shutil.copy2(source / "index.csv", project.folder / "study" / technique / "index.csv")
        for path in source.glob("*c500*"):
            target = project.folder / "study" / technique / path.name
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)
    shutil.copy2(project.folder / "more" / "samples.csv", project.folder / "study" / "samples.csv")
    plan = planned(project)
    assert more
    assert plan["xps_sample"] == 1
    assert plan["xps_quicklook"] == 1
    assert plan["xps_tables"] == 1
    assert plan["cycling_cell"] == 2
    assert "leis_sample" not in plan  # not measured for this sample


def test_a_corrected_mass_reruns_one_cell(project) -> None:
    def heavier(row: dict[str, str]) -> dict[str, str]:
        if (row["sample"], row["cell"], row["protocol"]) == first:
            return row | {"composite_mass_mg": "13.5"}
        return row

    index = project.folder / "study" / "cycling" / "index.csv"
    from studies import rows_of

    row = rows_of(index)[0]
    first = (row["sample"], row["cell"], row["protocol"])
    edit_rows(index, heavier)
    plan = planned(project)
    assert plan["cycling_cell"] == 1
    assert not {r for r in plan if r.startswith(("xps_", "leis_", "stem_", "sims_", "tga_"))}


def test_a_changed_xps_model_reruns_xps_and_what_depends_on_it(project) -> None:
    (project.folder / "study" / "study.yaml").write_text("xps: {charge_reference_eV: 285.0}\n")
    plan = planned(project)
    assert plan["xps_sample"] == len(SAMPLES)
    assert not {r for r in plan if r.startswith(("cycling_", "leis_", "stem_"))}


def test_a_changed_line_of_xps_code_reruns_xps_only(project) -> None:
    module = project.folder / "workflow" / "coatbench" / "xps" / "analyse.py"
    module.write_text(module.read_text() + "\n# a changed line\n")
    plan = planned(project)
    assert plan["xps_sample"] == len(SAMPLES)
    assert not {r for r in plan if r.startswith(("cycling_", "leis_", "stem_"))}


def test_a_changed_figure_style_reruns_figures_only(project) -> None:
    style = project.folder / "workflow" / "coatbench" / "figures" / "style.py"
    style.write_text(style.read_text() + "\n# a changed line\n")
    kept = {r for r in rules(project) if not r.startswith("fig") and "quicklook" not in r}
    assert kept <= {"ranking_figure", "report"}


def test_an_edit_that_is_taken_back_reruns_nothing(project) -> None:
    module = project.folder / "workflow" / "coatbench" / "errors.py"
    before = module.read_text()
    module.write_text(before + "\n# a changed line\n")
    assert planned(project)
    module.write_text(before)
    assert planned(project) == {}


def test_a_removed_sample_leaves_no_trace_in_the_tables(project) -> None:
    study = project.folder / "study"
    for table in [study / "samples.csv", *study.glob("*/index.csv")]:
        edit_rows(table, lambda row: None if row["sample"] == "c300" else row)
    project.run(*ARGUMENTS)
    for name, raw in tree(project.folder / "out" / "tables", "*.csv").items():
        assert b"c300" not in raw, name
    samples = {r["sample"] for r in read_table(project.folder / "out/tables/leis_windows.csv")}
    assert samples == {"uncoated", "c400"}
