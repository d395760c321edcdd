"""Join the LEIS rows of all samples and relate them to the reference. Makes the LEIS tables."""

from pathlib import Path

import job
from coatbench.curves import load_curves
from coatbench.leis.collect import collect

if __name__ == "__main__":
    job.collect(
        snakemake,
        collect,
        reference=snakemake.params.reference,
        curves={Path(p).stem: load_curves(p) for p in snakemake.input.curves},
    )
