"""Draw figures 5 (short protocol: capacities, relaxed potentials, dQ/dV) and 7 (long protocol: profiles, retention)."""

from functools import partial

import door
from coatbench.figures import fig5, fig7

if __name__ == "__main__":
    given, params = snakemake.input, snakemake.params
    cells = {"curves": given.curves, "units": params.units, "metrics": given.metrics}
    figures = {
        "fig5": partial(fig5.draw, **cells, features=given.features),
        "fig7": partial(fig7.draw, **cells, cells=given.cells),
    }
    door.figures(snakemake, figures, **params.figure)
