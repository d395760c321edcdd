"""Join the rows of all runs, and relate runs of one sample: kinetics. Makes the TGA-MS tables."""

from pathlib import Path

import job
from coatbench.curves import load_curves
from coatbench.tga_ms.collect import collect

if __name__ == "__main__":
    job.collect(
        snakemake,
        collect,
        settings=snakemake.params.settings,
        curves={Path(p).stem: load_curves(p) for p in snakemake.input.curves},
    )
