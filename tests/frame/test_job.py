"""How a job ends that cannot go on: one line, whatever else is broken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import job
import pytest
from coatbench import places
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


@pytest.mark.parametrize(
    "edited",
    [
        "scripts/step.py",
        "coatbench/room/module.py",
        "coatbench/room/data/table.csv",
        "coatbench/readers/tables/plain.yaml",
        "study/formats/balance.yml",
    ],
)
def test_whatever_a_digest_holds_is_seen_to_be_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    """A job would certify as made by the code of before what the edited one has made: an edit taken back reruns nothing."""
    modules = {
        "__main__": "scripts/step.py",
        "coatbench.room.module": "coatbench/room/module.py",
        "coatbench.readers.description": "coatbench/readers/description.py",
    }
    begun_ns = time.time_ns() - 60 * 10**9
    for name in (*modules.values(), edited):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, ns=(begun_ns - 10**9,) * 2)
    monkeypatch.setenv(job.READ, str(begun_ns))
    monkeypatch.setattr(job, "PROJECT", tmp_path)
    monkeypatch.setattr(places, "_study", [tmp_path / "study"])
    for name, file in modules.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(__file__=str(tmp_path / file)))
    assert [p for p in job.edited_code() if p.startswith(str(tmp_path))] == []
    os.utime(tmp_path / edited, ns=(begun_ns + 10**9,) * 2)
    assert [p for p in job.edited_code() if p.startswith(str(tmp_path))] == [str(tmp_path / edited)]
