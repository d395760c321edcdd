"""Draw figure 6 (relative degradation), every region of every sample, their principal components, maps, and parts of pixels where asked for."""

from functools import partial

import job
from coatbench.figures import fig6, sims_boxes, sims_maps, sims_pca

if __name__ == "__main__":
    given, params = snakemake.input, snakemake.params
    figures = {
        "fig6": partial(fig6.draw, degradation=given.degradation),
        "sims_boxes": partial(sims_boxes.draw, regions=given.regions),
        "sims_pca": partial(
            sims_pca.draw, scores=given.scores, weights=given.weights, regions=given.regions
        ),
        "sims_maps": partial(sims_maps.draw, curves=given.curves, regions=given.regions),
    }
    figures = {name: partial(draw, sims=params.sims) for name, draw in figures.items()}
    if params.nmf["nmf_components"]:
        from coatbench.figures import sims_nmf
        from coatbench.sims.nmf import factorise
        from coatbench.tables import read_table

        rows = read_table(given.regions)
        parts = factorise(
            given.curves, rows, params.nmf["nmf_components"], params.nmf["bootstrap_seed"]
        )
        groups = {r["fragment"]: r["group"] for r in rows}
        figures["sims_nmf"] = partial(sims_nmf.draw, parts=parts, groups=groups)
    job.figures(snakemake, {name: figures[name] for name in params.figures})
