"""Join the LEIS rows of all samples and relate them to the reference. Makes the LEIS tables."""

import door
from coatbench.leis.collect import collect

if __name__ == "__main__":
    door.collect(snakemake, collect, reference=snakemake.params.reference)
