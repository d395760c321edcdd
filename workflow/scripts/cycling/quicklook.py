"""Draw profiles, dQ/dV, relaxation and capacities of every cell of one sample."""

import job
from coatbench.figures.cycling_quicklook import draw

if __name__ == "__main__":
    job.figure(
        snakemake,
        draw,
        curves=list(snakemake.input.curves),
        rows=list(snakemake.input.rows),
        cells=snakemake.params.cells,
        potential_reference=snakemake.params.potential_reference,
        **snakemake.params.figure,
    )
