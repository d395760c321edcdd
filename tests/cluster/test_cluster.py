"""The workflow on a real SLURM: equal results, and complete ones after what goes wrong on clusters."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from . import slurm

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TABLES = ("sims_degradation", "sims_fragments", "sims_regions", "sims_acquisition")
# This SLURM has no accounting; everything else stands in the profile.
PROFILE = (
    "--profile", "workflow/profiles/slurm", "--slurm-no-account", "--slurm-status-command", "squeue",
    "--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1", "--latency-wait", "10",
    "--default-resources", "slurm_partition=test", "mem_mb=200", "runtime=5",
)  # fmt: skip


def arguments(study: Path) -> list[str]:
    return [
        *(f"results/tables/{t}.csv" for t in TABLES),
        "--config", f"study={study}", "results=results",
    ]  # fmt: skip


def outputs(project: Path) -> dict[str, bytes]:
    """Return what a run made, file by file."""
    results = project / "results"
    made = ("sims", "xps", "leis")
    files = [
        *(results / "tables").glob("*.csv"),
        *(f for m in made for f in (results / m).rglob("*")),
    ]
    return {str(f.relative_to(results)): _made(f) for f in sorted(files) if f.is_file()}


def _made(file: Path) -> bytes:
    """Return a file's bytes; of rows without the digest of the code, which some tests spoil."""
    return re.sub(rb'"code": "[0-9a-f]+"', b'"code": ""', file.read_bytes())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, study: Path) -> dict[str, bytes]:
    """What a run on this machine alone makes."""
    from conftest import Workflow

    workflow = Workflow.copied_to(tmp_path_factory.mktemp("local") / "project")
    workflow.run(*arguments(study))
    made = outputs(workflow.folder)
    assert len(made) > len(TABLES) + 4
    return made


def jobs() -> list[dict[str, str]]:
    """Return all jobs that SLURM knows of, running and finished."""
    fields = ("%i", "%j", "%T", "%m", "%C", "%l")
    shown = subprocess.run(
        ["squeue", "--all", "-h", "-t", "all", "-o", "|".join(fields)], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    names = ("id", "name", "state", "memory", "processors", "limit")
    return [dict(zip(names, line.strip().split("|"), strict=True)) for line in shown.splitlines()]


def new_jobs(before: list[dict[str, str]]) -> list[dict[str, str]]:
    known = {job["id"] for job in before}
    return [job for job in jobs() if job["id"] not in known]


def once(folder: Path, what: str) -> str:
    """Return lines for a job's script that run `what` the first time only."""
    marker = folder / "marker"
    return (
        "import os, pathlib, signal, time\n"
        f"_marker = pathlib.Path({str(marker)!r})\n"
        "if snakemake.wildcards.sample == 'coated' and not _marker.exists():\n"
        f"    _marker.touch()\n    {what}\n"
    )


def spoil(project: Path, lines: str) -> None:
    """Put lines at the head of the reducing script of this copy of the workflow."""
    script = project / "workflow" / "scripts" / "sims" / "reduce.py"
    script.write_text(lines + script.read_text())


def wait_for(path: Path, process: subprocess.Popen, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f"{path.name} does not come"
        time.sleep(0.2)


def interrupt(process: subprocess.Popen) -> str:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    return str(text)


def start(workflow: Any, study: Path) -> subprocess.Popen:
    # A background process ignores SIGINT unless it is told not to.
    return workflow.start(  # type: ignore[no-any-return]
        *arguments(study), *PROFILE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def test_results_equal_those_of_a_local_run(cluster, workflow, study, expected) -> None:  # type: ignore[no-untyped-def]
    before = jobs()
    workflow.run(*arguments(study), *PROFILE)
    assert outputs(workflow.folder) == expected
    submitted = new_jobs(before)
    assert len(submitted) == 2  # one per sample; tables are made where snakemake runs
    assert {job["state"] for job in submitted} == {"COMPLETED"}
    assert all(600 <= int(job["memory"].removesuffix("M")) < 700 for job in submitted)


def test_a_job_that_dies_of_memory_gets_more(cluster, workflow, study, expected) -> None:  # type: ignore[no-untyped-def]
    # Without cgroups SLURM does not kill what exceeds its memory: the script does as the kernel would.
    spoil(
        workflow.folder,
        "import os, signal\n"
        "if snakemake.wildcards.sample == 'coated' and snakemake.resources.mem_mb < 1500:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    before = jobs()
    workflow.run(*arguments(study), *PROFILE)
    memory = sorted(int(job["memory"].removesuffix("M")) for job in new_jobs(before))
    assert len(memory) == 4  # bare once, coated three times
    assert memory[-1] == 3 * memory[0]
    assert memory[-2] == 2 * memory[0]
    assert outputs(workflow.folder) == expected


def test_a_cancelled_job_is_made_up_for(cluster, workflow, study, expected, tmp_path) -> None:  # type: ignore[no-untyped-def]
    spoil(workflow.folder, once(tmp_path, "time.sleep(600)"))
    before = jobs()
    process = start(workflow, study)
    wait_for(tmp_path / "marker", process)
    running = [job["id"] for job in new_jobs(before) if job["state"] == "RUNNING"]
    subprocess.run(["scancel", *running], check=True)
    text, _ = process.communicate(timeout=300)
    if process.returncode:  # retried by the profile, or not: a rerun completes it
        workflow.run(*arguments(study), *PROFILE)
    assert outputs(workflow.folder) == expected, text


def test_control_c_cancels_and_a_rerun_completes(
    cluster, workflow, study, expected, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    spoil(workflow.folder, once(tmp_path, "time.sleep(600)"))
    before = jobs()
    process = start(workflow, study)
    wait_for(tmp_path / "marker", process)
    interrupt(process)
    end = time.monotonic() + 60
    while any(job["state"] in ("RUNNING", "PENDING", "COMPLETING") for job in new_jobs(before)):
        assert time.monotonic() < end, new_jobs(before)
        time.sleep(0.5)
    workflow.run("--unlock", "--config", f"study={study}")
    workflow.run(*arguments(study), *PROFILE)
    assert outputs(workflow.folder) == expected


def test_a_node_that_dies_is_made_up_for(cluster, workflow, study, expected, tmp_path) -> None:  # type: ignore[no-untyped-def]
    spoil(workflow.folder, once(tmp_path, "time.sleep(600)"))
    before = jobs()
    process = start(workflow, study)
    wait_for(tmp_path / "marker", process)
    slurm.stop_daemon(cluster, "slurmd", signal.SIGKILL)
    try:
        interrupt(process)
    finally:
        slurm.start_node(cluster)
    subprocess.run(["scancel", *[job["id"] for job in new_jobs(before)]], capture_output=True)
    workflow.run("--unlock", "--config", f"study={study}")
    workflow.run(*arguments(study), *PROFILE)
    slurm.kill_processes(str(workflow.folder / "Snakefile"))  # what the dead node left running
    assert outputs(workflow.folder) == expected


def test_blocks_of_regions_give_the_same_tables(
    cluster, workflow, study, expected, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    (copy / "study.yaml").write_text("sims: {regions_per_job: 2}\n")
    before = jobs()
    workflow.run(*arguments(copy), *PROFILE)
    assert len(new_jobs(before)) == 4
    made = outputs(workflow.folder)
    for table in TABLES:
        assert made[f"tables/{table}.csv"] == expected[f"tables/{table}.csv"]


def test_small_jobs_travel_in_one_submission(cluster, workflow, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from conftest import Workflow
    from studies import cut_study, make_exports

    local = Workflow.copied_to(tmp_path / "local")
    study = cut_study(tmp_path / "study", ["xps", "leis"], ["uncoated", "c400"])
    make_exports(local, study)
    (study / "leis" / "c400_200degC.txt").write_text("")  # damage that its own sample tells of
    wanted = [
        *(f"results/tables/{t}.csv" for t in ("xps_fits", "leis_windows", "problems")),
        "--config", f"study={study}", "results=results",
    ]  # fmt: skip
    local.run(*wanted)
    before = jobs()
    workflow.run(*wanted, *PROFILE)
    made = outputs(workflow.folder)
    assert made == outputs(local.folder)
    assert {f"{t}/{s}.json" for t in ("xps", "leis") for s in ("uncoated", "c400")} < set(made)
    assert b"c400_200degC.txt" in made["tables/problems.csv"]
    (group,) = new_jobs(before)  # four measurements; tables are made where snakemake runs
    assert group["state"] == "COMPLETED"
    assert group["processors"] == "2"  # not one for each: no more than --cores
    assert int(group["memory"].removesuffix("M")) <= 2 * 800
    assert group["limit"] == "10:00"  # of 5 min for each pair


@pytest.fixture
def accounting(cluster, tmp_path_factory):  # type: ignore[no-untyped-def]
    """The SLURM of the session started anew with slurmdbd; afterwards as it was."""
    if (problem := slurm.why_not(accounting=True)) is not None:
        pytest.skip(f"no accounting here: {problem}")
    slurm.stop(cluster)
    folder = tmp_path_factory.mktemp("accounting")
    slurm.start(folder, cpus=4, accounting=True)
    yield folder
    slurm.stop(folder)
    slurm.start(cluster, cpus=4)


def test_the_profile_as_shipped_where_jobs_are_accounted_for(
    accounting, workflow, study, expected
) -> None:  # type: ignore[no-untyped-def]
    shipped = (
        "--profile", "workflow/profiles/slurm", "--seconds-between-status-checks", "1",
        "--slurm-init-seconds-before-status-checks", "1", "--default-resources", "mem_mb=200", "runtime=5",
    )  # fmt: skip
    refused = workflow.start(*arguments(study), *shipped, "slurm_account=nobody", "--retries", "0")
    text, _ = refused.communicate(timeout=300)
    assert refused.returncode != 0
    assert "account nobody appears to be invalid" in text
    workflow.run(*arguments(study), *shipped, f"slurm_account={slurm.ACCOUNT}")
    assert outputs(workflow.folder) == expected
    told = subprocess.run(
        ["sacct", "-a", "-n", "-X", "-P", "-o", "account,state"], capture_output=True, text=True, check=True
    ).stdout.split()  # fmt: skip
    assert told == [f"{slurm.ACCOUNT}|COMPLETED"] * 2


def test_the_daemons_stop_by_their_ids(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "slurmd.pid").write_text(
        str(os.getpid())
    )  # an id that another process has by now
    slurm.stop_daemon(tmp_path, "slurmd")
    (tmp_path / "run" / "slurmd.pid").write_text("no number")
    slurm.stop_daemon(tmp_path, "slurmd")
