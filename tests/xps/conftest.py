"""The demo study's configuration and planted truth; simulated exports and their analysis."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from coatbench.simulate.truth import load_truth
from conftest import SHARED, inputs

from .made_exports import PUBLIC, Exports, write_exports
from .planted import survey

ROOT = Path(__file__).parents[2]
SEED = 20250311
SAMPLES = ["lps", "uncoated", "c025", "c100", "c200", "c300", "c400", "c500", "c600", "c700"]


@pytest.fixture(scope="session")
def config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["xps"]


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, float]]:
    return {
        sample: {q: v for q, v in values.items() if q.startswith(("xps.", "surface."))}
        for sample, values in load_truth(ROOT / "data/demo/truth.csv").items()
    }


@pytest.fixture(scope="session")
def simulate(truth: dict, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make the exports of one spot of a sample; keyword arguments change its truth or settings."""
    from coatbench.simulate import xps

    def make(
        sample: str, spot: str = "1", extension: str = "npl", settings: Any = None, **changed: float
    ) -> Path:
        folder = tmp_path_factory.mktemp("xps")
        planted = truth[sample] | {k.replace("__", "."): v for k, v in changed.items()}
        row = {"sample": sample, "spot": spot, "file": f"{sample}_{spot}.{extension}"}
        xps.simulate(sample, [row], folder, planted, settings or {}, SEED)
        return folder / row["file"]

    return make


@pytest.fixture(scope="session", params=inputs("realdata/xps"))
def exports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of every dialect: made ones, and public ones where they are at hand."""
    if request.param == "handed":
        return Exports(SHARED / "realdata" / "xps", PUBLIC, True)
    return write_exports(tmp_path_factory.mktemp("exports"), survey)


@pytest.fixture(scope="session")
def demo(config: dict, truth: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All samples of the demo study, simulated and analysed: sample -> Analysis."""
    from coatbench.simulate import xps
    from coatbench.xps.analyse import analyse

    folder = tmp_path_factory.mktemp("demo")
    lines = (ROOT / "data/demo/xps/index.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    result = {}
    for sample in SAMPLES:
        own = [r for r in rows if r["sample"] == sample]
        xps.simulate(sample, own, folder, truth[sample], {}, SEED)
        result[sample] = analyse(own, [folder / r["file"] for r in own], config)
    return result
