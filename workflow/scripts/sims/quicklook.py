"""Draw one ToF-SIMS sample: total and strongest images of a region, and every region's intensities."""

import job
from coatbench.figures.sims_quicklook import draw

if __name__ == "__main__":
    job.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        rows=snakemake.input.rows,
        **snakemake.params.figure,
    )
