"""Fixtures of the TGA-MS tests: the shipped configuration, the planted truth, simulated exports."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from coatbench.simulate.tga_ms import simulate
from coatbench.simulate.truth import load_truth
from coatbench.tga_ms.analyse import analyse

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def config() -> dict:
    """Section tga_ms of the shipped configuration."""
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["tga_ms"]


@pytest.fixture(scope="session")
def truth() -> dict[str, float]:
    """What is planted in the demo run."""
    return {
        quantity: value
        for quantity, value in load_truth(ROOT / "data/demo/truth.csv")["lps"].items()
        if quantity.startswith("tga_ms.")
    }


@pytest.fixture(scope="session")
def index_row() -> dict[str, str]:
    """The run's row of the demo index."""
    path = ROOT / "data/demo/tga_ms/index.csv"
    lines = [x for x in path.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return next(csv.DictReader(lines))


def files_of(row: dict[str, str], folder: Path) -> list[Path]:
    """The raw files of a row, as the workflow hands them on."""
    return [folder / row[c] for c in ("tga_file", "ms_file", "blank_file") if row.get(c)]


@pytest.fixture(scope="session")
def demo(tmp_path_factory, truth, index_row, config):
    """The demo run, simulated and analysed: (analysis, folder)."""
    folder = tmp_path_factory.mktemp("demo")
    simulate("lps", [index_row], folder, truth, {}, 20250311)
    return analyse([index_row], files_of(index_row, folder), config), folder


@pytest.fixture(scope="session")
def analysed(tmp_path_factory, config):
    """Simulate with a changed truth and index row, and analyse: a function."""

    def run(truth: dict, row: dict, seed: int = 1, changed: dict | None = None):
        folder = tmp_path_factory.mktemp("run")
        simulate("lps", [row], folder, truth, {}, seed)
        return analyse([row], files_of(row, folder), config | (changed or {})), folder

    return run
