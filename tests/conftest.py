"""Fixtures that all rooms share."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real exports; tests that need it are skipped where it is absent."""
    folder = SHARED / "realdata"
    if not folder.is_dir():
        pytest.skip(f"real exports are not at hand ({folder.name} beside the checkout)")
    return folder


@pytest.fixture(scope="session")
def expected(realdata: Path) -> list[dict[str, str]]:
    """Rows of what is known about the real exports."""
    with (realdata / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class Workflow:
    """A copy of the workflow in a folder of its own, run through the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Snakefile", "config.yaml", "environment.yml", "workflow", "profiles"):
            source = ROOT / name
            if source.is_symlink():
                (folder / name).symlink_to(source.readlink())
            elif source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / name)

    def run(self, *args: str, cores: int = 2, check: bool = True) -> subprocess.CompletedProcess:
        """Run snakemake there; with `check`, a failure fails the test with its whole output."""
        env = {
            k: v
            for k, v in os.environ.items()
            if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        }
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *args],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=1500,
        )
        if check and done.returncode:
            pytest.fail(f"snakemake {' '.join(args)}\n{done.stdout}\n{done.stderr}")
        return done


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """The workflow, copied to a fresh folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Workflow(folder)
