"""Reduce the ToF-SIMS regions of one job. Makes rows (JSON), maps of one region (netCDF) and the zarr store."""

import door
from coatbench.sims.analyse import analyse

if __name__ == "__main__":
    door.measurement(
        snakemake,
        analyse,
        fragments=snakemake.params.fragments,
        store=snakemake.params.store,
        maps=snakemake.params.maps,
    )
