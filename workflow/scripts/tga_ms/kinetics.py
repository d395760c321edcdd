"""Draw activation energies over conversion, and conversions over annealing temperature and time."""

import job
from coatbench.figures.tga_ms_kinetics import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
