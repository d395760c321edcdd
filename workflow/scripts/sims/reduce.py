"""Reduce the ToF-SIMS regions of one job. Makes rows (JSON) and maps of one region (netCDF)."""

import job
from coatbench.sims.analyse import analyse

if __name__ == "__main__":
    job.measurement(
        snakemake,
        analyse,
        fragments=snakemake.params.fragments,
        maps=snakemake.params.maps,
    )
