"""How a job ends that cannot go on: one line, whatever else is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

CODE = """
import sys
from types import SimpleNamespace
sys.path[:0] = [{workflow!r}, {workflow!r} + "/scripts"]
import job
config = dict(results="out", study="study")
with job.logged(SimpleNamespace(config=config, log=["/dev/full"], input=[], output=[], params={{}}, rule="r")):
    raise OSError({arguments})
"""


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ("28, 'No space left on device', 'out/a.json'", "out/a.json"),
        ("\"write failed: errno = 28, error message = 'No space left on device'\"", "out"),
    ],
)
def test_a_full_disk_is_one_line(tmp_path: Path, arguments: str, where: str) -> None:
    """Where the log has no room either."""
    code = CODE.format(workflow=str(ROOT / "workflow"), arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        f"ERROR {where}: expected room for results, found: No space left on device; make room and run again"
    )
