"""Draw figures 1, S1, S2 (fitted spectra stacked by annealing temperature), 2 and S3 (coverage over it), and levels."""

from functools import partial

import job
from coatbench.figures import xps_coverage, xps_profile, xps_stacks

if __name__ == "__main__":
    given, params = snakemake.input, snakemake.params
    stacks = {
        name: partial(xps_stacks.draw, curves=given.curves, **own)
        for name, own in params.stacks.items()
    }
    over_temperature = {
        name: partial(
            xps_coverage.draw,
            coverage=given.coverage,
            sensitivity=given.sensitivity,
            library=params.library,
            setting=params.setting,
            **own,
        )
        for name, own in params.over_temperature.items()
    }
    levels = (
        {"xps_profile": partial(xps_profile.draw, profile=given.profile)} if params.profile else {}
    )
    job.figures(snakemake, stacks | over_temperature | levels)
