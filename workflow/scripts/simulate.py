"""Write the exports of one sample and technique of the demo study."""

import importlib
from pathlib import Path

import job

if __name__ == "__main__":
    with job.logged(snakemake):
        module = importlib.import_module(f"coatbench.simulate.{snakemake.params.technique}")
        module.simulate(
            snakemake.params.sample,
            snakemake.params.rows,
            Path(snakemake.params.folder),
            snakemake.params.truth,
            snakemake.params.settings,
            snakemake.params.settings["seed"],
        )
