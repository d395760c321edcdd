"""Fixtures that all rooms share."""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cluster import slurm
from hypothesis import settings

# As in the workflow's jobs: threads that wait for each other cost more than these small matrices.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The same cases in every run, and no clock: what fails is a change's fault. `make fuzz` draws others.
settings.register_profile("same", derandomize=True, deadline=None)
if "COATBENCH_FUZZ_CASES" not in os.environ:
    settings.load_profile("same")

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COATBENCH_SHARED", ROOT.parent / "shared"))

SECOND_LINE = {"realdata", "handed"}  # fixtures: what asks for one needs the folder


def inputs(folder: str) -> list[str]:
    """What a fixture's tests read: files that they make, and those of a folder beside the checkout where it is there."""
    return ["made", *(["handed"] if (SHARED / folder).is_dir() else [])]


def pytest_sessionstart(session: pytest.Session) -> None:
    """A configuration that a killed run of tests/cluster left has every snakemake wait nine seconds for its dead controller."""
    if not hasattr(session.config, "workerinput") and slurm.left_by_a_killed_run():
        slurm.LINK.unlink()


def pytest_report_header() -> str:
    return f"second line of inputs: {SHARED if SHARED.is_dir() else 'none, made ones are read'}"


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real exports: a second line behind made ones."""
    return SHARED / "realdata"


@pytest.fixture(scope="session")
def handed() -> Path:
    """The folder of handed cases: a second line behind made ones."""
    return SHARED / "cases"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the folder beside the checkout is absent, one skip in a room stands for all of its second line."""
    rooms: dict[Path, list[pytest.Item]] = {}
    needy = [item for item in items if SECOND_LINE & set(getattr(item, "fixturenames", ()))]
    config.option.needy = len(needy)  # they read nothing else, whether the folder is there or not
    for item in needy if not SHARED.is_dir() else ():
        rooms.setdefault(item.path.parent, []).append(item)
    for room, (first, *others) in rooms.items():
        said = f"{room.name}: {1 + len(others)} on files of {SHARED}, which is not there"
        first.add_marker(pytest.mark.skip(reason=f"{said}: the second line behind made files"))
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


@pytest.fixture(scope="session")
def expected(realdata: Path) -> list[dict[str, str]]:
    """Rows of what is known about the real exports."""
    with (realdata / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def datasets(export: Any) -> list[Any]:
    """What a reader returned, as xarray datasets."""
    return [one.to_xarray() for one in export.sets]


class Workflow:
    """A copy of the workflow in a folder of its own, run through the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def copied_to(cls, folder: Path) -> Workflow:
        """Copy everything that a run needs into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("Snakefile", "config.yaml", "environment.yml", "workflow", "profiles"):
            source = ROOT / name
            if source.is_symlink():
                (folder / name).symlink_to(source.readlink())
            elif source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / name)
        return cls(folder)

    def start(
        self, *args: str, cores: int = 2, through: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen:
        """Start snakemake there, if need be through another command; its output is one text stream."""
        env = {
            k: v
            for k, v in os.environ.items()
            if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        }
        return subprocess.Popen(
            [*through, sys.executable, "-m", "snakemake", "--cores", str(cores), *args],
            cwd=self.folder,
            env=env | options.pop("env", {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *args: str, check: bool = True, **options: Any) -> str:
        """Run snakemake there and return what it prints.

        With `check`, a failure fails the test with the whole output; without, success does.
        """
        process = self.start(*args, **options)
        try:
            text, _ = process.communicate(timeout=1500)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        if check == bool(process.returncode):
            pytest.fail(f"exit code {process.returncode}: snakemake {' '.join(args)}\n{text}")
        return str(text)


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """The workflow, copied to a fresh folder."""
    return Workflow.copied_to(tmp_path / "project")


def copy_demo_tables(target: Path, name: str = "demo") -> None:
    """Copy the tables of a demo study, without the exports that a run of it has made."""
    source = ROOT / "data" / name
    for path in [*source.glob("*.*"), *source.glob("*/index.csv")]:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The demo study, run once for all tests and all test processes. Look at it, copy it, never change it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    workflow = Workflow(base / "demo")
    finished = base / "demo.finished"
    with (base / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not workflow.folder.exists():
            Workflow.copied_to(workflow.folder)
            copy_demo_tables(workflow.folder / "data" / "demo")
            workflow.run()
            finished.touch()
    if not finished.exists():
        pytest.fail("the run of the demo study failed in another test")
    return workflow


@pytest.fixture(scope="session")
def demo_results(demo: Workflow) -> Path:
    """The results folder of the demo study: tables, figures, quicklook, report.html."""
    return demo.folder / "results"
