"""Say of each measurement what its export is, holds, and what is odd. Reads all, analyses nothing."""

import sys

import job
from coatbench.check import COLUMNS, inspect_study, printed
from coatbench.tables import write_table

if __name__ == "__main__":
    with job.logged(snakemake):
        p = snakemake.params
        rows, failed = inspect_study(p.folder, p.measurements, p.config, p.study)
        write_table(rows, COLUMNS, p.output)
        print(printed(rows))
        for line in p.gaps:
            print(f"note: {line}")
        print(f"all of this: {p.output}")
        if failed:
            print(f"{failed} measurement(s) cannot be read", file=sys.stderr)
            sys.exit(1)
