"""Content decides what runs again: whatever the times of files say, and with or without Snakemake's own memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Workflow
from studies import (
    ARGUMENTS,
    DEMO,
    LAST,
    differences,
    edit_rows,
    planned,
    result,
    rows_of,
    two_spectra,
    write_rows,
)

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

INDEX, SAMPLES = "study/leis/index.csv", "study/samples.csv"
ONE, OTHER = "study/leis/c400_200degC.txt", "study/leis/uncoated_200degC.txt"
WINDOWS = "out/tables/leis_windows.csv"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two LEIS spectra."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("finished") / "project")
    two_spectra(workflow.folder / "study")
    claims = rows_of(DEMO / "claims.csv")
    of_the_config = next(claim for claim in claims if claim["table"] == "config")
    write_rows(workflow.folder / "study" / "claims.csv", [of_the_config])
    workflow.run(*ARGUMENTS)
    return workflow.folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Workflow:
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Workflow(tmp_path / "project")


def an_older_file_in_its_place(folder: Path) -> None:
    path = folder / ONE
    other = folder / "elsewhere.txt"
    other.write_bytes(path.read_bytes().replace(b"\t1", b"\t2"))  # the same length
    os.utime(other, (1e9, 1e9))
    other.replace(path)


def two_files_swapped(folder: Path) -> None:
    (folder / ONE).rename(folder / "aside")
    (folder / OTHER).rename(folder / ONE)
    (folder / "aside").rename(folder / OTHER)


def edited_with_its_time_kept(folder: Path) -> None:
    path = folder / ONE
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"\t1", b"\t2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def another_dose(folder: Path) -> None:
    edit_rows(
        folder / INDEX,
        lambda row: row | {"dose_nC": "156"} if row["sample"] == "c400" else row,
    )


def another_window(folder: Path) -> None:
    with (folder / "study" / "study.yaml").open("a") as stream:
        stream.write("leis: {detection_significance: 4}\n")


def a_line_of_code(folder: Path) -> None:
    with (folder / "workflow" / "coatbench" / "leis" / "windows.py").open("a") as stream:
        stream.write("\n# a changed line\n")


def a_cut_table(folder: Path) -> None:
    path = folder / WINDOWS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))


def a_number_edited_in_a_table(folder: Path) -> None:
    path = folder / WINDOWS
    before = path.stat()
    path.write_text(path.read_text().replace("200", "300", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def a_truncated_picture(folder: Path) -> None:
    os.truncate(folder / "out" / "figures" / "fig3.png", 3000)


def damaged_curves(folder: Path) -> None:
    path = folder / "out" / "leis" / "c400.nc"
    raw = bytearray(path.read_bytes())
    raw[64::97] = b"Z" * len(raw[64::97])
    path.write_bytes(raw)


def half_of_a_rows_file(folder: Path) -> None:
    path = folder / "out" / "leis" / "c400.json"
    os.truncate(path, path.stat().st_size // 2)


def curves_that_are_gone(folder: Path) -> None:
    (folder / "out" / "leis" / "c400.nc").unlink()


def a_record_that_is_gone(folder: Path) -> None:
    (folder / "out" / "provenance" / "jobs" / "leis" / "c400.json.json").unlink()


def a_changed_report(folder: Path) -> None:
    with (folder / "out" / "report.html").open("a") as stream:
        stream.write("<!-- -->")


def a_report_that_was_moved_and_edited(folder: Path) -> None:
    (folder / "out" / "report.html").rename(folder / "mine.html")
    (folder / "out" / "report.html").symlink_to("../mine.html")
    (folder / "mine.html").write_text("mine")


# What is changed -> how many spectra are analysed again, and one more rule that must run.
CHANGES: dict[Callable[[Path], None], tuple[int, str]] = {
    an_older_file_in_its_place: (1, "leis_tables"),
    two_files_swapped: (2, "leis_tables"),
    edited_with_its_time_kept: (1, "leis_tables"),
    another_dose: (1, "leis_tables"),
    a_line_of_code: (2, "leis_tables"),
    a_cut_table: (0, "leis_tables"),
    a_number_edited_in_a_table: (0, "leis_tables"),
    a_truncated_picture: (0, "leis_figures"),
    damaged_curves: (1, "leis_tables"),
    half_of_a_rows_file: (1, "leis_tables"),
    curves_that_are_gone: (1, "leis_tables"),
    a_record_that_is_gone: (1, "leis_tables"),
    a_changed_report: (0, "page"),
    a_report_that_was_moved_and_edited: (0, "page"),
}
MEMORY = {"kept": ARGUMENTS, "lost": ARGUMENTS, "spelled another way": ["--config", "study=./study/", "results=./out"]}  # fmt: skip


def spelled(project: Workflow, memory: str) -> list[str]:
    if memory == "lost":
        shutil.rmtree(project.folder / ".snakemake")
    return MEMORY[memory]


# The hardest for all, the others for one of each kind.
CASES = [(change, "lost") for change in CHANGES] + [
    (change, memory)
    for change in (an_older_file_in_its_place, a_cut_table)
    for memory in ("kept", "spelled another way")
]


@pytest.mark.parametrize(("change", "memory"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_what_was_changed_and_nothing_else(
    project: Workflow, change: Callable[[Path], None], memory: str
) -> None:
    change(project.folder)
    plan = planned(project, *spelled(project, memory))
    spectra, rule = CHANGES[change]
    assert plan.get("leis_sample", 0) == spectra
    assert rule in plan
    if not spectra:
        assert (
            plan.keys()
            <= {rule, "leis_figures", "leis_quicklooks", "ranking", "ranking_figure", "claims"}
            | LAST
        )


@pytest.mark.parametrize("memory", MEMORY)
def test_nothing_was_changed(project: Workflow, memory: str) -> None:
    assert planned(project, *spelled(project, memory)) == {}


def test_nothing_was_changed_in_a_copy_without_times(project: Workflow, tmp_path: Path) -> None:
    shutil.rmtree(project.folder / ".snakemake")
    shutil.copytree(project.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copyfile)
    copy = Workflow(tmp_path / "copy")
    for path in (copy.folder / "study").rglob("*"):
        os.utime(path)
    assert planned(copy) == {}
    (copy.folder / "out").rename(copy.folder / "elsewhere")
    assert planned(copy, "--config", "study=study", "results=elsewhere") == {}


def test_a_key_of_a_section_on_the_command_line(project: Workflow) -> None:
    plan = planned(project, *ARGUMENTS, "leis={spread_bin_eV: 7}")
    assert plan["leis_tables"] == 1
    assert "leis_sample" not in plan


def test_an_edit_that_is_taken_back(project: Workflow) -> None:
    before = (project.folder / INDEX).read_text()
    another_dose(project.folder)
    assert planned(project)["leis_sample"] == 1
    (project.folder / INDEX).write_text(before)
    assert "leis_sample" not in planned(project)


def test_a_label_changes_figures_and_no_table_of_its_technique(project: Workflow) -> None:
    edit_rows(project.folder / SAMPLES, lambda row: row | {"label": f"{row['label']} new"})
    plan = planned(project)
    assert "leis_figures" in plan
    assert not {"leis_sample", "leis_tables"} & plan.keys()


def test_nothing_fails_where_a_clock_was_ahead(project: Workflow) -> None:
    """By days or by seconds: what a run reads of the study and of the workflow has a time that is still to come."""
    read = [*project.folder.glob("study/**/*"), *project.folder.glob("workflow/**/*")]
    read += [project.folder / "Snakefile", project.folder / "config.yaml"]

    def ahead(by_s: float) -> None:
        for path in read:
            os.utime(path, (time.time() + by_s, time.time() + by_s))

    ahead(2 * 86400)
    assert planned(project) == {}
    edit_rows(project.folder / SAMPLES, lambda row: row | {"label": f"{row['label']} new"})
    another_dose(project.folder)
    ahead(2 * 86400)
    assert "so that its job will fail" not in project.run(*ARGUMENTS)
    assert planned(project) == {}
    another_window(project.folder)
    ahead(50)
    assert "lies in the future" not in project.run(WINDOWS, *ARGUMENTS)
    assert planned(project, WINDOWS, *ARGUMENTS) == {}


def test_another_study_into_the_same_folder_is_refused(project: Workflow) -> None:
    shutil.copytree(project.folder / "study", project.folder / "another")
    edit_rows(project.folder / "another" / "samples.csv", lambda row: row | {"label": "other"})
    arguments = ["--config", "study=another", "results=out"]
    text = project.run(*arguments, check=False)
    assert "found those of another, of the folder study" in text
    assert planned(project) == {}
    assert planned(project, *arguments, "takeover=true")


def test_what_a_removed_sample_leaves_is_named_and_removed(project: Workflow) -> None:
    for table in (INDEX, SAMPLES):
        edit_rows(project.folder / table, lambda row: row if row["sample"] != "c400" else None)
    assert "left by what is no longer made" in project.run(*ARGUMENTS, "-n")
    project.run("tidy", *ARGUMENTS)
    for kind in ("logs", "benchmarks"):
        assert list((project.folder / "out" / kind).glob("leis/c400.*")) == []
    assert list((project.folder / "out").glob("leis/c400.*")) == []
    assert (project.folder / "out" / "leis" / "uncoated.json").is_file()
    assert "no longer made" not in project.run(*ARGUMENTS, "-n")


def test_a_dry_run_leaves_no_results_folder(project: Workflow) -> None:
    before = sorted(project.folder.glob("*"))
    assert planned(project, "--config", "study=study", "results=new/out")
    assert sorted(project.folder.glob("*")) == before


def test_a_run_that_cannot_read_an_export_has_failed_and_says_so(project: Workflow) -> None:
    (project.folder / ONE).write_text("not an export\n")
    project.run(*ARGUMENTS, check=False)
    crate = (project.folder / "out" / "ro-crate-metadata.json").read_text()
    assert "FailedActionStatus" in crate
    assert "CompletedActionStatus" not in crate


def test_provenance_knows_the_study_by_content_and_no_place(project: Workflow) -> None:
    known = (project.folder / "out" / "provenance.json").read_text()
    for name in (INDEX, SAMPLES, "study/study.yaml", ONE):
        assert hashlib.sha256((project.folder / name).read_bytes()).hexdigest() in known
    for path in (project.folder / "out").rglob("*.json"):
        assert "/finished0/" not in path.read_text(), path


MODULE = """
configfile: "config.yaml"

rule export:
    input: "raw/{{name}}.txt"
    output: "study/leis/{{name}}_200degC.txt"
    params: what=lambda wildcards, input: "".join(input)
    shell: "cat {{input}} > {{output}}"

module coatbench:
    snakefile: "{snakefile}"
    config: config

use rule * from coatbench as cbx_*

rule all:
    default_target: True
    input: rules.cbx_all.input
"""


def test_as_a_module_of_another_workflow(finished: Path, project: Workflow, tmp_path: Path) -> None:
    outer = Workflow(tmp_path / "outer")
    shutil.copytree(finished / "study", outer.folder / "study")
    (outer.folder / "raw").mkdir()  # which a rule of the other workflow makes exports of
    for path in (finished / "study" / "leis").glob("*.txt"):
        shutil.copyfile(path, outer.folder / "raw" / path.name.replace("_200degC", ""))
    snakefile = project.folder / "workflow" / "Snakefile"
    (outer.folder / "Snakefile").write_text(MODULE.format(snakefile=snakefile))
    config = (project.folder / "config.yaml").read_text()
    config = config.replace("study: data/demo ", "study: study ").replace(": results ", ": out ", 1)
    (outer.folder / "config.yaml").write_text(config)
    shutil.rmtree(project.folder / "out")
    before = set(project.folder.rglob("*"))
    outer.run()
    other = differences(result(outer.folder / "out"), result(finished / "out"))
    # The documents name the rules, whose names differ.
    assert [name for name in other if not name.endswith(".provenance.json")] == []
    # Without the profile of the workflow: what does not hold runs again here, too.
    another_dose(outer.folder)
    assert planned(outer, "--quiet", "reason")["cbx_leis_sample"] == 1
    assert {p for p in project.folder.rglob("*") if "__pycache__" not in p.parts} - before == set()


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_from_another_folder(
    finished: Path, project: Workflow, tmp_path: Path, snakefile: str
) -> None:
    """The same study and results are as finished as before, looked at from elsewhere."""
    away = Workflow(tmp_path / "away")
    away.folder.mkdir()
    where = ["--snakefile", str(project.folder / snakefile), "--directory", str(away.folder)]
    for name in ("study", "out"):
        shutil.copytree(finished / name, away.folder / name)
    assert planned(away, *where, *ARGUMENTS) == {}
    a_cut_table(away.folder)
    away.run(WINDOWS, *where, *ARGUMENTS)
    assert (away.folder / WINDOWS).read_bytes() == (finished / WINDOWS).read_bytes()


def test_the_crate_runs_again_in_an_empty_folder(finished: Path, tmp_path: Path) -> None:
    again = Workflow(tmp_path / "again")
    provenance = finished / "out" / "provenance"
    shutil.unpack_archive(provenance / "workflow.zip", again.folder)
    shutil.copytree(finished / "study", again.folder / "study")
    table = WINDOWS.replace("out/", "results/")
    again.run(table, "--configfile", str(provenance / "config.yaml"))
    assert (again.folder / table).read_bytes() == (finished / WINDOWS).read_bytes()


def test_what_is_edited_while_the_run_goes_on_is_not_certified(project: Workflow) -> None:
    # As if somebody edited a result and an index between the jobs and the description of the run.
    script = project.folder / "workflow" / "scripts" / "report" / "provenance.py"
    edit = f"""
import pathlib
for _name in ({WINDOWS!r}, {INDEX!r}):
    with pathlib.Path(_name).open("a") as _stream:
        _stream.write("# edited\\n")
"""
    whole = script.read_text()
    script.write_text(whole.replace("if __name__", edit + "\nif __name__"))
    process = project.start(*ARGUMENTS)
    text, _ = process.communicate(timeout=300)
    assert process.returncode != 0
    assert f"{WINDOWS}: expected what its job made, found it edited; run again" in text
    assert f"{INDEX}: expected what this run began with, found it edited; run again" in text
    script.write_text(whole)
    project.run(*ARGUMENTS)
    assert "edited" not in (project.folder / WINDOWS).read_text()


def test_damaged_results_are_named_and_remade(finished: Path, project: Workflow) -> None:
    for damage in (a_cut_table, a_truncated_picture, damaged_curves):
        damage(project.folder)
    text = project.run(*ARGUMENTS)
    for name in (WINDOWS, "out/figures/fig3.png", "out/leis/c400.nc"):
        assert f"{name}: is not what its job made; it is made again" in text
    assert differences(result(project.folder / "out"), result(finished / "out")) == []
    assert planned(project) == {}
    wrong = (project.folder / "out" / "provenance.json").read_text()
    for entry in json.loads((finished / "out" / "provenance.json").read_text())["results"].values():
        assert entry["sha256"] in wrong


def test_factors_in_another_order_rerun_the_claims(project: Workflow) -> None:
    """Of two factors with as many settings claims speak along the first, as figures draw along it."""
    edit_rows(project.folder / SAMPLES, lambda row: row | {"batch": "a", "gas": "O2"})
    settings, claims = project.folder / "study" / "study.yaml", "out/tables/claims.csv"
    before, kinds = (
        settings.read_text(),
        ["  batch: {kind: categorical}\n", "  gas: {kind: categorical}\n"],
    )
    settings.write_text(before + "factors:\n" + "".join(kinds))
    project.run(claims, *ARGUMENTS)
    assert planned(project, claims, *ARGUMENTS) == {}
    settings.write_text(before + "factors:\n" + "".join(reversed(kinds)))
    assert planned(project, claims, *ARGUMENTS) == {"claims": 1}
