"""Analyse all LEIS spectra of one sample. Makes rows (JSON) and normalised spectra (netCDF)."""

import door
from coatbench.leis.analyse import analyse

if __name__ == "__main__":
    door.measurement(snakemake, analyse)
