"""Draw one run: mass with DTG and events, DSC, ion currents."""

import job
from coatbench.figures.tga_ms_quicklook import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
