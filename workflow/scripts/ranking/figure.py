"""Draw the figure of the ranking: scores, criteria, and the optimum annealing temperature."""

import job
from coatbench.figures.ranking import draw

if __name__ == "__main__":
    job.figure(snakemake, draw)
