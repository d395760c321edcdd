"""Draw every XPS region of one sample with its fit and residuals."""

import job
from coatbench.figures.xps_quicklook import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
