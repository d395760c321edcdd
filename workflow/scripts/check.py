"""Print one row per measurement: what its export is, holds, and warns of. Reads all, analyses nothing."""

import sys

import door
from coatbench.overview import COLUMNS, inspect_study, layout

if __name__ == "__main__":
    with door.logged(snakemake):
        rows, failed = inspect_study(snakemake.params.folder, snakemake.params.measurements)
        print(layout(rows, COLUMNS))
        for line in snakemake.params.gaps:
            print(f"note: {line}")
        if failed:
            print(f"{failed} measurement(s) cannot be read", file=sys.stderr)
            sys.exit(1)
