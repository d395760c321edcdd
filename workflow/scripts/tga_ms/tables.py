"""Join the rows of all runs into the TGA-MS tables."""

import job

if __name__ == "__main__":
    job.collect(snakemake)
