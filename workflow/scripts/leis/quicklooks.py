"""Draw every LEIS spectrum of each sample with its window and surface peaks."""

import job
from coatbench.figures.leis_quicklook import draw

if __name__ == "__main__":
    job.quicklooks(snakemake, draw)
