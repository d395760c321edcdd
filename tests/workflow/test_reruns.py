"""Exact reruns: what was changed runs again with what depends on it, and nothing else; jobs counted by rule.

And determinism: another folder, number of cores and order of jobs make the same bytes and pixels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Workflow
from studies import (
    ARGUMENTS,
    DEMO,
    LAST,
    as_supplied,
    cut_study,
    differences,
    edit_rows,
    make_exports,
    planned,
    result,
    rows_of,
    tree,
)

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SAMPLES = ["uncoated", "c400", "c700"]
# The rules of each technique: its jobs and tables (by the start of their names), and its figures.
FIGURES = {
    "xps": {"xps_figures"},
    "tga_ms": {"tga_ms_figures"},
    "leis": {"leis_figures"},
    "cycling": {"cycling_figures"},
    "sims": {"sims_figures"},
    "stem": {"stem_figures"},
}
RANKING = {"ranking", "ranking_figure", "consistency_figure", "claims"}


def rules_of(technique: str, plan: dict[str, int]) -> set[str]:
    """The rules of a plan that belong to one technique."""
    return {r for r in plan if r.startswith(f"{technique}_")} | (FIGURES[technique] & plan.keys())


def only(plan: dict[str, int], *techniques: str) -> None:
    """Nothing but these techniques, what joins techniques, and the last steps."""
    known = set().union(*(rules_of(t, plan) for t in techniques))
    assert set(plan) - known <= RANKING | LAST


def override(project: Workflow, line: str) -> None:
    """Add a line to the study's own settings."""
    with (project.folder / "study" / "study.yaml").open("a") as stream:
        stream.write(f"{line}\n")


def is_figure(rule: str) -> bool:
    figures = set().union(*FIGURES.values()) | {"ranking_figure", "consistency_figure"}
    return rule in figures or rule.endswith(("_quicklook", "_quicklooks"))


def study_in(workflow: Workflow) -> Path:
    """All techniques, one spot, cell of a kind and few regions per sample; of the precursor its run in the thermobalance."""
    study = cut_study(workflow.folder / "study", FIGURES, [*SAMPLES, "lps"])
    kept = {"xps": lambda r: r["spot"] == "1" and r["sample"] != "lps",
            "cycling": lambda r: r["cell"] in ("P1", "S1"), "sims": lambda r: r["region"] <= "03"}  # fmt: skip
    for technique, keep in kept.items():
        edit_rows(study / technique / "index.csv", lambda r, keep=keep: r if keep(r) else None)
    return study


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a supplied study; each test copies the folder and changes something."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("finished") / "project")
    make_exports(workflow, study_in(workflow))
    workflow.run(*ARGUMENTS)
    return workflow.folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Workflow:
    """A copy of the finished project, times kept, as `cp -a` or `mv` would leave it."""
    shutil.copytree(finished, tmp_path / "moved", symlinks=True)
    return Workflow(tmp_path / "moved")


def test_two_runs_agree_byte_for_byte(finished: Path, tmp_path: Path) -> None:
    # Far away, one job at a time, another order, exports simulated anew.
    other = Workflow.copied_to(tmp_path / "a folder far away" / "ünder" / "another name")
    study = study_in(other)
    other.run("exports", *ARGUMENTS, cores=1)
    as_supplied(study, other.folder / "out" / "exports")
    shutil.rmtree(other.folder / "out")
    assert differences(tree(finished / "study"), tree(study)) == []
    other.run("--prioritize", "leis_figures", "stem_tables", *ARGUMENTS, cores=1)
    found = result(finished / "out"), result(other.folder / "out")
    assert len(found[0]) > 60
    assert differences(*found) == []


def test_nothing_to_do_after_a_finished_run_in_a_moved_folder(project: Workflow) -> None:
    assert planned(project) == {}


def test_nothing_to_do_after_touching_code_and_raw_files_of_any_size(project: Workflow) -> None:
    raw = [p for p in project.folder.glob("study/**/*") if p.is_file()]
    # Snakemake's own limit, above which a touched file counts as changed.
    assert max(p.stat().st_size for p in raw) > 1_000_000
    touched = [project.folder / n for n in ("Snakefile", "config.yaml", "environment.yml")]
    for path in [*touched, *raw, *project.folder.glob("workflow/**/*")]:
        os.utime(path)
    assert planned(project) == {}


def test_nothing_to_do_in_a_fresh_checkout(project: Workflow, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(
            ["git", *identity, *arguments], cwd=project.folder, check=True, capture_output=True
        )

    (project.folder / ".gitignore").write_text("/out/\n/.snakemake/\n__pycache__/\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "everything")
    git("clone", ".", str(tmp_path / "checkout"))
    for name in ("out", ".snakemake"):
        shutil.copytree(project.folder / name, tmp_path / "checkout" / name, symlinks=True)
    assert planned(Workflow(tmp_path / "checkout")) == {}


def test_a_new_temperature_runs_its_own_jobs_and_the_collecting_ones(project: Workflow) -> None:
    before = tree(project.folder / "out")
    cut_study(project.folder / "more", FIGURES, ["uncoated", "c500"])
    make_exports(project, project.folder / "more")
    study, more = project.folder / "study", project.folder / "more"
    for technique in FIGURES:
        if not (more / technique).is_dir():
            continue
        lines = (more / technique / "index.csv").read_text().splitlines(keepends=True)
        own = [x for x in lines if "c500" in x]
        with (study / technique / "index.csv").open("a") as stream:
            stream.writelines(own)
        for path in (more / technique).glob("*c500*"):
            (shutil.copytree if path.is_dir() else shutil.copy2)(
                path, study / technique / path.name
            )
    with (study / "samples.csv").open("a") as stream:
        stream.writelines(
            x for x in (DEMO / "samples.csv").read_text().splitlines(True) if x.startswith("c500")
        )
    plan = planned(project)
    own = {
        "xps_sample": 1,
        "xps_quicklook": 1,
        "cycling_cell": 2,
        "cycling_quicklook": 1,
        "sims_reduce": 1,
        "sims_quicklook": 1,
    }
    assert {k: plan.get(k) for k in own} == own
    # What kinetics predict at the study's annealings is a table of TGA-MS.
    collecting = {"xps_tables", "cycling_tables", "sims_compare", "tga_ms_tables"}
    assert collecting <= set(plan)
    # Nothing of the techniques that did not measure it, their figures included.
    others = {r for r in plan if r not in own and r not in collecting}
    shown = FIGURES["xps"] | FIGURES["cycling"] | FIGURES["sims"] | FIGURES["tga_ms"]
    assert others <= RANKING | LAST | shown
    project.run(*ARGUMENTS)
    assert planned(project) == {}
    after = tree(project.folder / "out")
    for name, raw in before.items():  # what belongs to another sample is the same file
        if name.startswith(
            ("xps/", "cycling/", "leis/", "sims/", "stem/", "tga_ms/", "quicklook/")
        ):
            assert after[name] == raw, name


def test_a_corrected_mass_reruns_one_cell(project: Workflow) -> None:
    index = project.folder / "study" / "cycling" / "index.csv"
    first = rows_of(index)[0]
    edit_rows(index, lambda row: row | {"composite_mass_mg": "13.5"} if row == first else row)
    plan = planned(project)
    assert plan["cycling_cell"] == plan["cycling_quicklook"] == 1
    only(plan, "cycling")


def test_a_changed_xps_model_reruns_xps_and_what_depends_on_it(project: Workflow) -> None:
    override(project, "xps: {regions: {C 1s: {window_eV: [281.0, 293.0]}}}")
    plan = planned(project)
    assert plan["xps_sample"] == plan["xps_quicklook"] == len(SAMPLES)
    assert {"xps_tables", "ranking", "ranking_figure"} <= set(plan)
    only(plan, "xps")


# One key of each kind, another value, and the jobs of each rule that run for it besides RANKING and LAST.
KEYS = {
    "leis: {detection_significance: 4}": {"leis_sample": 3, "leis_quicklooks": 1, "leis_tables": 1, "leis_figures": 1},
    "leis: {spread_bin_eV: 3}": {"leis_tables": 1, "leis_figures": 1},
    "xps: {coverage: {attenuation_length_nm: 3.3}}": {"xps_tables": 1, "xps_figures": 1},
    "cycling: {stub_fraction: 0.02}": {"cycling_cell": 5, "cycling_quicklook": 3, "cycling_tables": 1, "cycling_figures": 1},
    "cycling: {pool_least_degrees_of_freedom: 4}": {"cycling_tables": 1, "cycling_figures": 1},
    "cycling: {potential_reference: Li}": {"cycling_quicklook": 3, "cycling_figures": 1},
    "sims: {bootstrap_repetitions: 500}": {"sims_compare": 1, "sims_figures": 1},
    "sims: {group_labels: {polysulfide: chains}}": {"sims_figures": 1},
    "ranking: {draws: 9000}": {},
}  # fmt: skip


def test_a_changed_key_reruns_what_reads_it(project: Workflow) -> None:
    settings = project.folder / "study" / "study.yaml"
    before = settings.read_text()
    for line, expected in KEYS.items():
        override(project, line)
        plan = planned(project)
        assert {r: n for r, n in plan.items() if r not in RANKING | LAST} == expected, line
        settings.write_text(before)
    assert planned(project) == {}


def test_a_label_changes_figures_and_words_only(project: Workflow) -> None:
    """The job of the ranking runs, since its statement names the samples; its tables stay the same."""
    edit_rows(
        project.folder / "study" / "samples.csv",
        lambda row: row | {"label": "bare"} if row["role"] == "uncoated" else row,
    )
    before = tree(project.folder / "out" / "tables", "*.csv")
    plan = planned(project)
    assert {r for r in plan if not is_figure(r)} <= {"ranking"} | LAST
    project.run(*ARGUMENTS)
    after = tree(project.folder / "out" / "tables", "*.csv")
    assert differences(before, after) == []


@pytest.mark.parametrize(
    ("technique", "module", "jobs_of"),
    [("xps", "fit.py", "xps_sample"), ("leis", "windows.py", "leis_sample")],
)
def test_a_changed_line_of_code_reruns_its_technique_only(
    project: Workflow, technique: str, module: str, jobs_of: str
) -> None:
    path = project.folder / "workflow" / "coatbench" / technique / module
    before = path.read_text()
    path.write_text(before + "\n# a changed line\n")
    plan = planned(project)
    assert plan[jobs_of] == len(
        [s for s in SAMPLES if (project.folder / "out" / technique / f"{s}.json").is_file()]
    )
    only(plan, technique)
    path.write_text(before)  # an edit that is taken back
    assert planned(project) == {}


def test_a_changed_reader_reruns_its_technique_only(project: Workflow) -> None:
    reader = project.folder / "workflow" / "coatbench" / "readers" / "qtac.py"
    reader.write_text(reader.read_text() + "\n# a changed line\n")
    plan = planned(project)
    assert plan["leis_sample"] == len(SAMPLES)
    only(plan, "leis")


def test_a_changed_figure_style_reruns_figures_only(project: Workflow) -> None:
    style = project.folder / "workflow" / "coatbench" / "figures" / "style.py"
    before = style.read_text()
    style.write_text(before + "\n# a changed line\n")
    plan = planned(project)
    assert plan["leis_figures"] == plan["ranking_figure"] == 1
    assert {r for r in plan if not is_figure(r)} <= LAST
    style.write_text(before)
    override(project, "figures: {font_size_pt: 8}")
    plan = planned(project)
    assert plan["leis_figures"] == plan["ranking_figure"] == 1
    assert {r for r in plan if not is_figure(r)} <= LAST


def test_a_removed_sample_leaves_no_trace_in_the_tables(project: Workflow) -> None:
    study = project.folder / "study"
    for table in [study / "samples.csv", *study.glob("*/index.csv")]:
        edit_rows(table, lambda row: None if row["sample"] == "c700" else row)
    plan = planned(project)
    assert not {r for r in plan if r.endswith(("_sample", "_cell", "_reduce", "_run"))}
    project.run(*ARGUMENTS)
    for name, raw in result(project.folder / "out").items():
        if name.startswith(("tables/", "figures/")) and name.endswith((".csv", ".txt")):
            assert b"c700" not in raw, name
    assert planned(project) == {}
