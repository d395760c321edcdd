"""A SLURM for the session, a small study, and how snakemake is called on it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from coatbench.simulate.sims import simulate

from . import slurm

SAMPLES = {"bare": 1.0, "coated": 0.5}
REGIONS = ("1", "2", "3")
GROUPS = ("polysulfide", "sulfite_sulfate", "phosphite_phosphate", "thiophosphate_oxygenated")


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
    folder = tmp_path_factory.mktemp("study")
    (folder / "samples.csv").write_text("sample,role\nbare,uncoated\ncoated,coated\n")
    (folder / "sims").mkdir()
    rows = [
        {"sample": sample, "region": region, "file": f"{sample}_{region}.bif6"}
        for sample in SAMPLES
        for region in REGIONS
    ]
    with (folder / "sims" / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["sample", "region", "file"])
        writer.writeheader()
        writer.writerows(rows)
    for sample, factor in SAMPLES.items():
        truth = {f"sims.relative.{g}": factor for g in GROUPS}
        truth |= {"sims.empty_pixel_fraction": 0.07, "sims.region_cv": 0.1}
        settings = {"sims": {"raster_px": {"bif6": 32}}}
        own = [r for r in rows if r["sample"] == sample]
        simulate(sample, own, folder / "sims", truth, settings, seed=1)
    return folder
