"""Draw figure sims_pca: principal components of the regions."""

import door
from coatbench.figures.sims_pca import draw

if __name__ == "__main__":
    door.figure(
        snakemake,
        draw,
        scores=snakemake.input.scores,
        weights=snakemake.input.weights,
        output=dict(snakemake.output.items()),
        sims=snakemake.params.sims,
        **snakemake.params.figure,
    )
