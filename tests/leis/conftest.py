"""Fixtures of the LEIS tests: the shipped configuration, spectra drawn by hand, the simulated demo."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis
from coatbench.leis.analyse import analyse
from coatbench.leis.collect import collect
from coatbench.leis.spectrum import Spectrum
from coatbench.simulate.leis import simulate
from coatbench.simulate.truth import load_truth

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
SEED = 20250311


@pytest.fixture(scope="session")
def config() -> dict:
    """Section leis of the shipped configuration."""
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["leis"]


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, float]]:
    return load_truth(DEMO / "truth.csv")


@pytest.fixture(scope="session")
def index() -> list[dict[str, str]]:
    with (DEMO / "leis" / "index.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def run(
    folder: Path, index: list[dict], truth: dict, config: dict, seed: int
) -> dict[str, Analysis]:
    """Simulate and analyse every sample of an index."""
    found = {}
    for sample in dict.fromkeys(row["sample"] for row in index):
        rows = [row for row in index if row["sample"] == sample]
        simulate(sample, rows, folder, truth[sample], {}, seed)
        found[sample] = analyse(rows, [folder / row["file"] for row in rows], config)
    return found


def tables(found: dict[str, Analysis], config: dict, reference: str | None = "uncoated") -> dict:
    """The collected tables."""
    rows: dict = {}
    for analysis in found.values():
        for name, table in analysis.tables.items():
            rows.setdefault(name, []).extend(table)
    curves = {sample: analysis.curves for sample, analysis in found.items()}
    samples = [{"sample": sample} for sample in found]
    return collect(rows, samples, config, reference=reference, curves=curves)


@pytest.fixture(scope="session")
def demo(tmp_path_factory, index, truth, config) -> dict[str, Analysis]:
    return run(tmp_path_factory.mktemp("leis"), index, truth, config, SEED)


@pytest.fixture(scope="session")
def demo_tables(demo, config) -> dict:
    return tables(demo, config)


def spectrum(intensity: np.ndarray, dose: float = 312.0, step: float = 2.0) -> Spectrum:
    """A counted spectrum from 500 eV on, `intensity` in counts per nC."""
    energy = 500.0 + step * np.arange(len(intensity))
    return Spectrum(energy, intensity, 1 / dose, dose, "index", 200.0, Path("drawn.txt"))
