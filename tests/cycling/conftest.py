"""Fixtures of the cycling tests: the config, planted truth, simulated exports, their analyses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from coatbench.cycling.analyse import analyse
from coatbench.cycling.collect import collect
from coatbench.simulate.cycling import simulate

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
SEED = 20250311


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


@pytest.fixture(scope="session")
def config() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["cycling"]


@pytest.fixture(scope="session")
def columns() -> dict:
    path = ROOT / "workflow" / "schemas" / "tables" / "cycling.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def index() -> list[dict[str, str]]:
    return read_csv(DEMO / "cycling" / "index.csv")


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for row in read_csv(DEMO / "truth.csv"):
        found.setdefault(row["sample"], {})[row["quantity"]] = float(row["value"])
    return found


def rows_of(index: list[dict[str, str]], sample: str) -> list[dict[str, str]]:
    """What the simulator gets: the index without masses."""
    keep = ("sample", "cell", "file", "protocol")
    return [{k: row[k] for k in keep} for row in index if row["sample"] == sample]


@pytest.fixture(scope="session")
def exports(tmp_path_factory, index, truth) -> Path:
    """All cycling exports of the demo study."""
    folder = tmp_path_factory.mktemp("demo") / "cycling"
    for sample in truth:
        simulate(sample, rows_of(index, sample), folder, truth[sample], {}, SEED)
    return folder


@pytest.fixture(scope="session")
def analyses(exports, index, config) -> dict:
    cells: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in index:
        cells.setdefault((row["sample"], row["protocol"], row["cell"]), []).append(row)
    return {
        key: analyse(rows, [exports / row["file"] for row in rows], config)
        for key, rows in cells.items()
    }


@pytest.fixture(scope="session")
def tables(analyses, config) -> dict:
    joined: dict[str, list[dict]] = {}
    for analysis in analyses.values():
        for name, rows in analysis.tables.items():
            joined.setdefault(name, []).extend(rows)
    samples = read_csv(DEMO / "samples.csv")
    return collect(joined, samples, config, reference="uncoated")


@pytest.fixture(scope="session")
def metric(tables):
    """Look up a row of cycling_metrics."""
    found = {(r["sample"], r["protocol"], r["metric"]): r for r in tables["cycling_metrics"]}
    return lambda sample, protocol, name: found[sample, protocol, name]
