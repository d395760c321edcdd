"""Draw profiles, dQ/dV, relaxation and capacities of one cell."""

import door
from coatbench.figures.cycling_quicklook import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        rows=snakemake.input.rows,
        png=snakemake.output.png,
        cell=snakemake.wildcards.cell,
        **snakemake.params.figure,
    )
