"""Analyse all STEM images and maps of one sample. Makes rows (JSON), pictures, masks and rims (netCDF)."""

import door
from coatbench.stem.analyse import analyse

if __name__ == "__main__":
    door.measurement(snakemake, analyse)
