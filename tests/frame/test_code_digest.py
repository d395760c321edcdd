"""A rule's code digest changes with the content of what it reaches, and with nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from coatbench.code_digest import reached
from conftest import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path / "workflow"


def digest(workflow: Path, script: str) -> str:
    code = f"from coatbench.code_digest import digest; print(digest({str(workflow / 'scripts' / script)!r}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(workflow)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_reaches_what_a_script_imports() -> None:
    files = {p.name for p in reached(ROOT / "workflow" / "scripts" / "leis" / "sample.py")}
    assert {"sample.py", "door.py", "errors.py", "analysis.py", "analyse.py"} <= files
    assert "score.py" not in files  # another room


def test_touch_changes_nothing_and_an_edit_does(copy: Path) -> None:
    before = digest(copy, "leis/sample.py")
    for path in copy.rglob("*.py"):
        os.utime(path)
    assert digest(copy, "leis/sample.py") == before
    room = copy / "coatbench" / "leis" / "analyse.py"
    room.write_text(room.read_text() + "\n# a changed line\n")
    assert digest(copy, "leis/sample.py") != before
    assert digest(copy, "problems.py") == digest(ROOT / "workflow", "problems.py")


def test_is_the_same_in_another_folder(copy: Path) -> None:
    assert digest(copy, "leis/sample.py") == digest(ROOT / "workflow", "leis/sample.py")


def test_frozen_data_counts(copy: Path) -> None:
    before = digest(copy, "leis/sample.py")
    data = sorted((copy / "coatbench" / "leis" / "data").glob("*"))[0]
    data.write_bytes(data.read_bytes() + b"\n")
    assert digest(copy, "leis/sample.py") != before
