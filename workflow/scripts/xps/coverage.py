"""Draw figure 2 or S3: coverage over annealing temperature."""

import door
from coatbench.figures.xps_coverage import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        coverage=snakemake.input.coverage,
        sensitivity=snakemake.input.sensitivity,
        output=dict(snakemake.output.items()),
        **snakemake.params.shown,
        **snakemake.params.figure,
    )
