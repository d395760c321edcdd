"""Analyse one cell. Makes rows (JSON) and curves (netCDF)."""

import job
from coatbench.cycling.analyse import analyse

if __name__ == "__main__":
    job.measurement(snakemake, analyse)
