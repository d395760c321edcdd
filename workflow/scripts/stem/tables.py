"""Join the STEM rows of all samples. Makes the STEM tables."""

import door
from coatbench.stem.collect import collect

if __name__ == "__main__":
    door.collect(snakemake, collect)
