"""Analyse one TGA-MS run. Makes rows (JSON) and curves on the furnace clock (netCDF)."""

import door
from coatbench.tga_ms.analyse import analyse

if __name__ == "__main__":
    door.measurement(snakemake, analyse)
