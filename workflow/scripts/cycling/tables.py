"""Join the rows of all cells, average over cells and relate to the reference. Makes the cycling tables."""

import job
from coatbench.cycling.collect import collect

if __name__ == "__main__":
    job.collect(snakemake, collect, reference=snakemake.params.reference)
