"""Draw every STEM image and map of one sample with its mask."""

import job
from coatbench.figures.stem_quicklook import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
