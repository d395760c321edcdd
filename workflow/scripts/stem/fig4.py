"""Draw figure 4: STEM images and element maps of the coated samples."""

import door
from coatbench.figures.fig4 import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        output=dict(snakemake.output.items()),
        **snakemake.params.figure,
    )
