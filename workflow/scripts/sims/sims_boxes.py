"""Draw figure sims_boxes: every region of every sample, fragment by fragment."""

import door
from coatbench.figures.sims_boxes import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        regions=snakemake.input.regions,
        output=dict(snakemake.output.items()),
        sims=snakemake.params.sims,
        **snakemake.params.figure,
    )
