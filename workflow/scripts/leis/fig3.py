"""Draw figure 3: LEIS spectra of all measured samples at each heating temperature."""

import job
from coatbench.figures.fig3 import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
