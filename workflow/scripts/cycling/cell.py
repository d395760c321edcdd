"""Analyse one cell. Makes rows (JSON) and curves (netCDF)."""

import door
from coatbench.cycling.analyse import analyse

if __name__ == "__main__":
    door.measurement(snakemake, analyse)
