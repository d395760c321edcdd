"""Draw what several techniques say of one quantity, sample by sample."""

import door
from coatbench.figures.consistency import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        table=snakemake.input.consistency,
        **snakemake.params.figure,
    )
