"""Draw figure sims_maps: normalised fragment maps."""

import door
from coatbench.figures.sims_maps import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        regions=snakemake.input.regions,
        output=dict(snakemake.output.items()),
        sims=snakemake.params.sims,
        **snakemake.params.figure,
    )
