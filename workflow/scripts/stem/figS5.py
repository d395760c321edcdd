"""Draw figure S5: STEM images of the uncoated reference."""

import door
from coatbench.figures.figS5 import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        output=dict(snakemake.output.items()),
        **snakemake.params.figure,
    )
