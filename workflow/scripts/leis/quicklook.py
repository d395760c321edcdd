"""Draw every LEIS spectrum of one sample with its window and surface peaks."""

import door
from coatbench.figures.leis_quicklook import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        rows=snakemake.input.rows,
        png=snakemake.output.png,
        **snakemake.params.figure,
    )
