"""Draw figure fig6: relative degradation per group and main group."""

import door
from coatbench.figures.fig6 import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        degradation=snakemake.input.degradation,
        output=dict(snakemake.output.items()),
        sims=snakemake.params.sims,
        **snakemake.params.figure,
    )
