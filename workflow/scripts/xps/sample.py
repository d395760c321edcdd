"""Fit all XPS regions of one sample. Makes rows (JSON), spectra with their fits (netCDF), and both for CasaXPS (VAMAS)."""

import job
from coatbench.xps.analyse import analyse
from coatbench.xps.casaxps_write import write_vamas

if __name__ == "__main__":
    job.measurement(
        snakemake,
        analyse,
        more=lambda analysis: write_vamas(
            snakemake.output.vms,
            snakemake.wildcards.sample,
            analysis.curves,
            snakemake.params.config,
        ),
    )
