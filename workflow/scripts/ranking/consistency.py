"""Draw what several techniques say of one quantity, sample by sample."""

import job
from coatbench.figures.consistency import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
