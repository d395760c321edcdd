"""Draw figures 4 (STEM images and element maps of coated samples) and S5 (the uncoated reference)."""

import job
from coatbench.figures import fig4, figS5

if __name__ == "__main__":
    figures = {"fig4": fig4.draw, "figS5": figS5.draw}
    params = snakemake.params
    made = {name: figures[name] for name in params.figures}
    job.figures(snakemake, made, curves=snakemake.input.curves, **params.figure)
