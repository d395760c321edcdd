"""Write the exports of one sample and technique of the demo study, with the other samples in the same files."""

import importlib
from pathlib import Path

import job

if __name__ == "__main__":
    with job.logged(snakemake):
        module = importlib.import_module(f"coatbench.simulate.{snakemake.params.technique}")
        for sample, truth in snakemake.params.truth.items():
            module.simulate(
                sample,
                [row for row in snakemake.params.rows if row["sample"] == sample],
                Path(snakemake.params.folder),
                truth,
                snakemake.params.settings,
                snakemake.params.settings["seed"],
            )
