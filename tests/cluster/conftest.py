"""A SLURM for the session, a small study, and how snakemake is called on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sims.small_study import make_study

from . import slurm


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running SLURM; skipped where none can be started."""
    if (problem := slurm.why_not()) is not None:
        pytest.skip(f"no SLURM here: {problem}")
    folder = tmp_path_factory.mktemp("slurm")
    slurm.start(folder, cpus=4)
    yield folder
    slurm.stop(folder)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of ToF-SIMS alone: two samples, three small regions each."""
    folder = tmp_path_factory.mktemp("made") / "study"
    make_study(folder)
    return folder
