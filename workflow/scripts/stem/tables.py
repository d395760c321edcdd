"""Join the STEM rows of all samples. Makes the STEM tables."""

import job
from coatbench.stem.collect import collect

if __name__ == "__main__":
    job.collect(snakemake, collect)
