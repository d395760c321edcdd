"""Draw figures 5 (short protocol: capacities, relaxed potentials, dQ/dV) and 7 (long protocol: profiles, retention)."""

from functools import partial

import job
from coatbench.figures import fig5, fig7

if __name__ == "__main__":
    given, params = snakemake.input, snakemake.params
    cells = {"curves": given.curves, "units": params.units, "cells": given.cells}
    both = {**cells, "metrics": given.metrics, **params.cycling}
    figures = {
        "fig5": partial(fig5.draw, **both, features=given.features),
        "fig7": partial(fig7.draw, **both),
    }
    job.figures(snakemake, {name: figures[name] for name in params.figures})
