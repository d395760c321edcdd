"""HTCondor, LSF and PBS as their profiles call them: the queueing system's own command is a stand-in that runs what it is given."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import Workflow
from studies import two_spectra

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

# What each command says when it takes a job, and what it must have been asked for: processors, memory and time of two spectra.
QUEUES = {
    "pbs": (
        "qsub",
        "7.server",
        ["select=1:ncpus=2:mem=1000mb", "walltime=5:00"],
    ),
    "lsf": (
        "bsub",
        "Job <7> is submitted to default queue <normal>.",
        ["-n 2", "rusage[mem=1000MB]", "-M 1000MB", "-W 5"],
    ),
    "htcondor": (
        "condor_submit",
        "7.0 - 7.0",
        ["request_cpus = 2", "request_memory = 1000 MB", "+MaxRuntime = 300"],
    ),
}
STAND_IN = """#!/bin/sh
echo "$@" >> {log}
script=$(eval echo "\\${{$#}}")
if [ "$script" = - ]; then  # a description of the job, not its script
    cat > {folder}/description
    cat {folder}/description >> {log}
    script=$(sed -n 's/^executable = //p' {folder}/description)
fi
sh "$script" > /dev/null 2>&1 &
echo "{answer}"
"""


@pytest.mark.parametrize("queue", QUEUES)
def test_a_measurement_goes_to_the_queue_with_what_it_needs(
    queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    command, answer, asked = QUEUES[queue]
    log, programs = tmp_path / "log", tmp_path / "bin"
    programs.mkdir()
    program = programs / command
    program.write_text(STAND_IN.format(log=log, folder=tmp_path, answer=answer))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    workflow = Workflow.copied_to(tmp_path / "project")
    two_spectra(workflow.folder / "study")
    text = workflow.run(
        "out/tables/leis_windows.csv", "--config", "study=study", "results=out",
        "--profile", f"workflow/profiles/{queue}", "--latency-wait", "20", "--retries", "0", "--seconds-between-status-checks", "1",
    )  # fmt: skip
    assert (workflow.folder / "out" / "tables" / "leis_windows.csv").is_file()
    told = log.read_text()
    assert "7" in re.findall(r"external jobid '([0-9]+)", text)
    for request in asked:
        assert request in told, told
    # Both measurements travel in one submission; the table is made where snakemake runs.
    assert told.count("coatbench") == 1
