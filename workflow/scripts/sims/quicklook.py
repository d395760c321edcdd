"""Draw one ToF-SIMS sample: total and strongest images of a region, its spectrum, and every region's intensities."""

import job
from coatbench.figures.sims_quicklook import draw
from coatbench.sims.fragments import load_fragments
from coatbench.sims.peaks import named_intervals, named_peaks


def draw_named(drawing, fragments, untold, naming, **given):
    (table,) = (*fragments, *untold)
    known = load_fragments(table)
    draw(
        drawing,
        **given,
        spectrum=lambda rows, peaks: (
            named_intervals(rows, known, naming) if peaks is None else named_peaks(peaks, known)
        ),
    )


if __name__ == "__main__":
    job.figure(snakemake, draw_named)
