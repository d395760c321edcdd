"""Fixtures of the STEM tests: the shipped configuration, the simulated demo, drawn rims."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis
from coatbench.simulate.stem import simulate
from coatbench.simulate.truth import load_truth
from coatbench.stem.analyse import analyse
from scipy.ndimage import gaussian_filter

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
SEED = 20250311


@pytest.fixture(scope="session")
def config() -> dict:
    """Section stem of the shipped configuration."""
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["stem"]


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, float]]:
    return load_truth(DEMO / "truth.csv")


@pytest.fixture(scope="session")
def index() -> list[dict[str, str]]:
    with (DEMO / "stem" / "index.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def run(
    folder: Path, rows: list[dict], truth: dict, config: dict, seed: int
) -> dict[str, Analysis]:
    """Simulate and analyse every sample of an index."""
    found = {}
    for sample in dict.fromkeys(row["sample"] for row in rows):
        own = [row for row in rows if row["sample"] == sample]
        simulate(sample, own, folder, truth[sample], {}, seed)
        found[sample] = analyse(own, [folder / row["file"] for row in own], config)
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory, index, truth, config) -> dict[str, Analysis]:
    return run(tmp_path_factory.mktemp("stem"), index, truth, config, SEED)


def level_rim(
    thickness: float, pixel: float = 0.8, width: float = 500, blur: float = 1.5, noise: float = 12.0,
    seed: int = 0, levels: tuple[float, float, float] = (25, 200, 640), height: float = 400,
) -> np.ndarray:  # fmt: skip
    """A level core with a slab of a layer on it, blurred and noisy; lengths in nm."""
    y = (np.arange(round(height / pixel)) + 0.5)[:, None] * pixel
    edge = 0.55 * height

    def below(place: float) -> np.ndarray:
        """Share of each row of pixels that lies below a place."""
        return np.clip((y - place) / pixel + 0.5, 0, 1)

    column = levels[0] + (levels[1] - levels[0]) * below(edge - thickness)
    column = column + (levels[2] - levels[1]) * below(edge)
    image = np.repeat(column, round(width / pixel), axis=1)
    image = gaussian_filter(image, blur / pixel, mode="nearest")
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)
