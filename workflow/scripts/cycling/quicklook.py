"""Draw profiles, dQ/dV, relaxation and capacities of every cell of one sample."""

import job
from coatbench.figures.cycling_quicklook import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
