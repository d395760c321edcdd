"""Draw one ToF-SIMS sample: total and strongest images of a region, its spectrum, and every region's intensities."""

import job
from coatbench.figures.sims_quicklook import draw
from coatbench.sims.fragments import load_fragments
from coatbench.sims.peaks import named_intervals, named_peaks

if __name__ == "__main__":
    fragments = load_fragments(job.told_or_not(snakemake, "fragments"))
    job.figure(
        snakemake,
        draw,
        curves=snakemake.input.curves,
        rows=snakemake.input.rows,
        spectrum=lambda rows, peaks: (
            named_intervals(rows, fragments, snakemake.params.naming)
            if peaks is None
            else named_peaks(peaks, fragments)
        ),
        **snakemake.params.figure,
    )
