"""Draw figure 7: first voltage profiles and capacity over cycles of the long protocol."""

import door
from coatbench.figures.fig7 import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        units=snakemake.params.units,
        cells=snakemake.input.cells,
        metrics=snakemake.input.metrics,
        output=dict(snakemake.output.items()),
        **snakemake.params.figure,
    )
