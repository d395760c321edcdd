"""Draw every LEIS spectrum of each sample with its window and surface peaks."""

import job
from coatbench.figures.leis_quicklook import draw

if __name__ == "__main__":
    given = snakemake.input
    job.quicklooks(
        snakemake,
        draw,
        [
            {"curves": curves, "rows": rows, **figure}
            for curves, rows, figure in zip(
                given.curves, given.rows, snakemake.params.figures, strict=True
            )
        ],
    )
