"""Join the rows of all runs into the TGA-MS tables."""

import door

if __name__ == "__main__":
    door.collect(snakemake)
