"""Draw every LEIS spectrum of each sample with its window and surface peaks."""

import door
from coatbench.figures.leis_quicklook import draw

if __name__ == "__main__":
    given, made = snakemake.input, snakemake.output
    door.quicklooks(
        snakemake,
        draw,
        [
            {"curves": curves, "rows": rows, "png": png, **figure}
            for curves, rows, png, figure in zip(
                given.curves, given.rows, made.png, snakemake.params.figures, strict=True
            )
        ],
    )
