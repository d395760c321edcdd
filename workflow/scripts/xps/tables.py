"""Join the XPS rows of all samples; coverage, its sensitivity, layers and joint fits. Makes the XPS tables."""

from pathlib import Path

import door
from coatbench.curves import load_curves
from coatbench.xps.collect import collect

if __name__ == "__main__":
    door.collect(
        snakemake,
        collect,
        reference=snakemake.params.reference,
        curves={Path(p).stem: load_curves(p) for p in snakemake.input.curves},
    )
