"""Draw figure 5: capacities and efficiency, relaxed potentials, dQ/dV of the short protocol."""

import door
from coatbench.figures.fig5 import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        units=snakemake.params.units,
        metrics=snakemake.input.metrics,
        features=snakemake.input.features,
        output=dict(snakemake.output.items()),
        **snakemake.params.figure,
    )
