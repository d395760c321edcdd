"""Faults: kill, full disk, read-only folders, damaged leftovers. After each, a rerun ends as if nothing had been."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Workflow
from studies import cut_study, differences, make_exports, planned, result

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

# A technique with its tables, problems and pictures. What is made of these would only make each run twice as long;
# that damage and kills anywhere are noticed is what test_walk and test_content see.
ARGUMENTS = [
    *(f"out/{name}" for name in ("tables/leis_windows.csv", "tables/problems.csv", "figures/fig3.png")),
    "--config", "study=study", "results=out",
]  # fmt: skip

# Lets a test stop a job at a chosen place: while a file `hold` names it, the job waits there.
HOLD = """

import coatbench.curves

_logged, _save_curves, _job = logged, coatbench.curves.save_curves, []


def _held_save(*args):
    _hold(_job[0], "saving")
    _save_curves(*args)


coatbench.curves.save_curves = _held_save


@contextmanager
def logged(snakemake):
    _job.append(snakemake)
    _hold(snakemake, "before")
    with _logged(snakemake):
        yield
    _hold(snakemake, "after")


def _hold(snakemake, place):
    import time

    while Path("hold").exists() and Path("hold").read_text() == f"{snakemake.rule} {place}":
        Path("held").write_text(str(os.getpid()))
        time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a small supplied study, whose jobs can be held."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("finished") / "project")
    module = workflow.folder / "workflow" / "scripts" / "job.py"
    module.write_text(module.read_text() + HOLD)
    make_exports(workflow, cut_study(workflow.folder / "study", ["leis"], ["uncoated", "c400"]))
    workflow.run(*ARGUMENTS)
    return workflow.folder


@pytest.fixture(scope="module")
def undisturbed(finished: Path) -> dict[str, bytes]:
    """What an undisturbed run makes."""
    return result(finished / "out")


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Workflow:
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Workflow(tmp_path / "project")


@pytest.fixture
def unfinished(project: Workflow) -> Workflow:
    """The same before the analysis of one sample, with nothing that depends on it."""
    out = project.folder / "out"
    for folder in ("tables", "figures"):
        shutil.rmtree(out / folder)
    for path in out.glob("**/c400.*"):
        path.unlink()
    return project


@pytest.fixture
def without_rights() -> list[str]:
    """A command that makes file modes bind, also for root."""
    if os.getuid():
        return []
    command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("root cannot give up its rights here (setpriv)")
    return command


def held(project: Workflow, rule: str, place: str, **options: Any) -> tuple[subprocess.Popen, int]:
    """Start a run and wait until a job waits at a place; return the run and the job's process id."""
    (project.folder / "hold").write_text(f"{rule} {place}")
    run = project.start(*ARGUMENTS, **options)
    mark = project.folder / "held"
    for _ in range(1200):
        if mark.exists() and mark.read_text():
            return run, int(mark.read_text())
        if run.poll() is not None:
            pytest.fail(f"the run ended before {rule} waited:\n{run.communicate()[0]}")
        time.sleep(0.05)
    run.kill()
    pytest.fail(f"{rule} never waited")


def release(project: Workflow) -> None:
    (project.folder / "hold").unlink()
    (project.folder / "held").unlink()


def end(run: subprocess.Popen) -> str:
    return str(run.communicate(timeout=120)[0])


def wait_for_death(pid: int) -> None:
    """Wait until a process that is not our child is gone."""
    for _ in range(600):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} lives on")


def assert_as_undisturbed(project: Workflow, undisturbed: dict[str, bytes]) -> None:
    """The results equal those of an undisturbed run, and nothing is left to do or lying about."""
    assert differences(result(project.folder / "out"), undisturbed) == []
    assert planned(project, *ARGUMENTS) == {}


@pytest.mark.parametrize("place", ["saving", "after"])
def test_a_killed_job(unfinished: Workflow, undisturbed, place: str) -> None:
    run, pid = held(unfinished, "leis_sample", place)
    os.kill(pid, signal.SIGKILL)
    release(unfinished)
    text = end(run)
    assert run.returncode != 0
    assert "leis_sample" in text
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


@pytest.mark.parametrize("orphan", ["dies too", "lives on"])
def test_a_killed_snakemake(unfinished: Workflow, undisturbed, orphan: str) -> None:
    run, pid = held(unfinished, "leis_sample", "saving")
    half_written = unfinished.folder / "out" / "leis" / "c400.nc"
    if orphan == "dies too":
        half_written.write_bytes(b"\x89HDF half of a file")
        os.kill(pid, signal.SIGKILL)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    release(unfinished)
    wait_for_death(pid)
    run.stdout.close()
    # Snakemake does not know whether the other run is alive; its message says what to do.
    assert "--unlock" in unfinished.run(*ARGUMENTS, check=False)
    unfinished.run("--unlock", *ARGUMENTS)
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


def test_two_runs_at_once(unfinished: Workflow, undisturbed) -> None:
    run, _ = held(unfinished, "leis_sample", "before")
    text = unfinished.run(*ARGUMENTS, check=False)
    assert "cannot be locked" in text
    assert planned(unfinished, *ARGUMENTS)  # a dry run may always look
    release(unfinished)
    end(run)
    assert run.returncode == 0
    assert_as_undisturbed(unfinished, undisturbed)


def test_an_interrupted_run_leaves_no_lock(unfinished: Workflow, undisturbed) -> None:
    run, _ = held(unfinished, "leis_sample", "before", start_new_session=True)
    os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does: to snakemake and its jobs
    end(run)
    assert run.returncode != 0
    release(unfinished)
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


FOUND_OUT = {
    "saving": "c400_200degC.txt: expected the same content until this job's end",
    "after": "c400_200degC.txt: expected the content that was analysed, found another; run again",
}


@pytest.mark.parametrize("place", FOUND_OUT)
def test_an_input_that_changes_while_it_is_analysed(
    unfinished: Workflow, undisturbed, place: str
) -> None:
    # After: when the job has done its work, before Snakemake takes its own checksum.
    export = unfinished.folder / "study" / "leis" / "c400_200degC.txt"
    other = unfinished.folder / "study" / "leis" / "uncoated_200degC.txt"
    before = export.read_bytes()
    run, _ = held(unfinished, "leis_sample", place)
    export.write_bytes(other.read_bytes())
    release(unfinished)
    text = end(run)
    assert run.returncode != 0, text
    assert FOUND_OUT[place] in text
    unfinished.run(*ARGUMENTS)
    changed = differences(result(unfinished.folder / "out"), undisturbed)
    assert "tables/leis_windows.csv" in changed  # the new content is what was analysed
    export.write_bytes(before)
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


def test_code_that_is_edited_while_a_run_goes_on(unfinished: Workflow, undisturbed) -> None:
    """Taken back before the next run, nothing else would tell that a job may have run it."""
    module = unfinished.folder / "workflow" / "coatbench" / "leis" / "windows.py"
    before = module.read_bytes()
    run, _ = held(unfinished, "leis_sample", "before")
    module.write_bytes(before + b"# edited\n")
    release(unfinished)
    text = end(run)
    assert run.returncode != 0, text
    assert "leis/windows.py: expected the code that this run began with, found it edited" in text
    module.write_bytes(before)
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


def test_a_full_disk(finished: Path, undisturbed, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        shutil.copytree(finished, disk / "project", symlinks=True)
        project = Workflow(disk / "project")
        shutil.rmtree(project.folder / "out")
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(b"\0" * (free - 250_000))
        text = project.run(*ARGUMENTS, check=False)
        assert "No space left on device" in text
        (disk / "ballast").unlink()
        if "cannot be locked" in project.run(*ARGUMENTS, "-n"):
            project.run("--unlock", *ARGUMENTS)
        project.run(*ARGUMENTS)
        assert_as_undisturbed(project, undisturbed)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_files_that_may_not_grow(unfinished: Workflow, undisturbed) -> None:
    """A quota: writing ends in the middle of a file."""

    def limited() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))

    unfinished.run(*ARGUMENTS, check=False, preexec_fn=limited)
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


@pytest.mark.parametrize("what", ["results", "export"])
def test_no_permission(
    unfinished: Workflow, undisturbed, without_rights: list[str], what: str
) -> None:
    out = unfinished.folder / "out"
    export = unfinished.folder / "study" / "leis" / "c400_200degC.txt"
    locked = [export] if what == "export" else [out, *(p for p in out.rglob("*") if p.is_dir())]
    modes = [(path, path.stat().st_mode) for path in locked]
    for path in locked:
        path.chmod(0o500 if path.is_dir() else 0)
    try:
        # What was asked for can be made of the other exports.
        text = unfinished.run(*ARGUMENTS, check=what == "export", through=without_rights)
    finally:
        for path, mode in modes:
            path.chmod(mode)
    if what == "export":
        wanted = "c400_200degC.txt: file: expected a readable file, found no permission"
        assert wanted in text
        problems = (out / "tables" / "problems.csv").read_text()
        assert wanted in problems  # and all others went on
        assert b"uncoated" in (out / "tables" / "leis_windows.csv").read_bytes()
    else:
        assert "ermission denied" in text
    unfinished.run(*ARGUMENTS)
    assert_as_undisturbed(unfinished, undisturbed)


def test_a_file_where_the_results_folder_belongs(project: Workflow, undisturbed) -> None:
    shutil.rmtree(project.folder / "out")
    (project.folder / "out").write_text("not a folder")
    project.run(*ARGUMENTS, check=False)
    (project.folder / "out").unlink()
    project.run(*ARGUMENTS)
    assert_as_undisturbed(project, undisturbed)


def test_a_folder_in_place_of_an_export(project: Workflow, undisturbed) -> None:
    export = project.folder / "study" / "leis" / "c400_200degC.txt"
    kept = export.read_bytes()
    export.unlink()
    export.mkdir()
    text = project.run(*ARGUMENTS, check=False)
    assert [x for x in text.splitlines() if "c400_200degC.txt" in x and "expected" in x]
    export.rmdir()
    export.write_bytes(kept)
    project.run(*ARGUMENTS)
    assert_as_undisturbed(project, undisturbed)


def test_what_a_fault_leaves_is_not_taken_for_done(unfinished: Workflow) -> None:
    """The fixture leaves one sample to do, and what follows from it."""
    plan = planned(unfinished, *ARGUMENTS)
    assert plan["leis_sample"] == plan["leis_tables"] == plan["leis_figures"] == 1
