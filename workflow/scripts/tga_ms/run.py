"""Analyse one TGA-MS run. Makes rows (JSON) and curves on the furnace clock (netCDF)."""

import job
from coatbench.tga_ms.analyse import analyse

if __name__ == "__main__":
    job.measurement(snakemake, analyse)
