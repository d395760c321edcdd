"""Fit all XPS regions of one sample. Makes rows (JSON) and spectra with their fits (netCDF)."""

import door
from coatbench.xps.analyse import analyse

if __name__ == "__main__":
    door.measurement(snakemake, analyse)
