"""Draw figures 1, S1 and S2: fitted spectra stacked by annealing temperature."""

import door
from coatbench.figures.xps_stacks import draw

if __name__ == "__main__":
    door.figures(snakemake, draw, curves=snakemake.input.curves, **snakemake.params.figure)
