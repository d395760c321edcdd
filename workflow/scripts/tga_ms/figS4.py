"""Draw figure S4: mass, DTG, DSC and ion currents over temperature, events marked."""

import job
from coatbench.figures.figS4 import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
