"""Write the fits of one sample as a VAMAS file that CasaXPS opens."""

import door
from coatbench.analysis import load_curves
from coatbench.xps.casaxps_write import write_vamas

if __name__ == "__main__":
    with door.logged(snakemake):
        write_vamas(
            snakemake.output.vms,
            snakemake.wildcards.sample,
            load_curves(snakemake.input.curves),
            snakemake.params.config,
        )
