"""Draw figures 2 and S3: coverage over annealing temperature."""

import door
from coatbench.figures.xps_coverage import draw

if __name__ == "__main__":
    door.figures(
        snakemake,
        draw,
        coverage=snakemake.input.coverage,
        sensitivity=snakemake.input.sensitivity,
        library=snakemake.params.library,
        **snakemake.params.figure,
    )
