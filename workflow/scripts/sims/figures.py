"""Draw figure 6 (relative degradation), every region of every sample, their principal components, and maps."""

from functools import partial

import job
from coatbench.figures import fig6, sims_boxes, sims_maps, sims_pca

if __name__ == "__main__":
    given, params = snakemake.input, snakemake.params
    figures = {
        "fig6": partial(fig6.draw, degradation=given.degradation),
        "sims_boxes": partial(sims_boxes.draw, regions=given.regions),
        "sims_pca": partial(sims_pca.draw, scores=given.scores, weights=given.weights),
        "sims_maps": partial(sims_maps.draw, curves=given.curves, regions=given.regions),
    }
    job.figures(snakemake, figures, sims=params.sims, **params.figure)
