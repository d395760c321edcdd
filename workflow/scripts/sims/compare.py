"""Match, group, weigh and relate the fragments of all samples. Makes the ToF-SIMS tables; reads no image."""

import job
from coatbench.sims.collect import collect
from coatbench.sims.fragments import load_fragments

if __name__ == "__main__":
    job.collect(
        snakemake,
        collect,
        reference=snakemake.params.reference,
        fragments=load_fragments(job.told_or_not(snakemake, "fragments")),
    )
