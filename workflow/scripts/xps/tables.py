"""Join the XPS rows of all samples; coverage, its sensitivity, layers and joint fits. Makes the XPS tables."""

from pathlib import Path

import job
from coatbench.curves import load_curves
from coatbench.xps.collect import collect

SPECTRUM = ("binding_energy_eV", "intensity_cps")


def jointly_fitted(attrs):
    return attrs["region"] in snakemake.params.config["joint"]


if __name__ == "__main__":
    job.collect(
        snakemake,
        collect,
        reference=snakemake.params.reference,
        curves={
            Path(p).stem: load_curves(p, jointly_fitted, SPECTRUM) for p in snakemake.input.curves
        },
    )
