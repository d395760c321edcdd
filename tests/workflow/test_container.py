"""With `--sdm apptainer` each job runs in the image of the Containerfile: which jobs reach it, and what they find there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import Workflow
from studies import ARGUMENTS, jobs, two_spectra

pytestmark = pytest.mark.workflow

# Notes what it is asked for and runs it on this machine. A container itself would need rights that a test has not;
# docs/cluster.md says how the image was tried.
STAND_IN = """#!/bin/sh
if [ "$1" = --version ]; then echo apptainer version 1.3.0; exit; fi
echo "$*" | head -n 1 >> "$CALLS"
while [ "$1" != coatbench.sif ]; do shift; done
shift
exec "$@"
"""


def test_every_job_runs_in_the_image(workflow: Workflow, tmp_path: Path) -> None:
    """The image was named below the rules, of which none then used it."""
    two_spectra(workflow.folder / "study")
    (workflow.folder / "coatbench.sif").touch()
    binaries, calls = tmp_path / "bin", tmp_path / "calls"
    binaries.mkdir()
    (binaries / "apptainer").write_text(STAND_IN)
    (binaries / "apptainer").chmod(0o755)
    path = os.pathsep.join([str(binaries), str(Path(sys.executable).parent), os.environ["PATH"]])
    text = workflow.run(
        "--sdm", "apptainer", *ARGUMENTS, env={"PATH": path, "CALLS": str(calls)}
    )  # fmt: skip
    run = jobs(text)
    assert run.pop("all") == 1  # it only waits
    assert len(calls.read_text().splitlines()) == sum(run.values()) > 10
