"""Analyse all STEM images and maps of one sample. Makes rows (JSON), pictures, masks and rims (netCDF)."""

import job
from coatbench.stem.analyse import analyse

if __name__ == "__main__":
    job.measurement(snakemake, analyse)
