"""Draw figure 1, S1 or S2: fitted spectra stacked by annealing temperature."""

import door
from coatbench.figures.xps_stacks import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        regions=snakemake.params.regions,
        output=dict(snakemake.output.items()),
        **snakemake.params.figure,
    )
