"""Draw figures 4 (STEM images and element maps of coated samples) and S5 (the uncoated reference)."""

from functools import partial

import job
from coatbench.figures import fig4, figS5

if __name__ == "__main__":
    figures = {"fig4": fig4, "figS5": figS5}
    curves = snakemake.input.curves
    made = {name: partial(figures[name].draw, curves=curves) for name in snakemake.params.figures}
    job.figures(snakemake, made)
