"""Analyse all LEIS spectra of one sample. Makes rows (JSON) and normalised spectra (netCDF)."""

import job
from coatbench.leis.analyse import analyse

if __name__ == "__main__":
    job.measurement(snakemake, analyse)
