"""Print all formats that are read: name, technique, instrument, how such files are called. The study's own come first."""

from pathlib import Path

import job
from coatbench.check import FORMAT_COLUMNS, formats, layout

if __name__ == "__main__":
    with job.logged(snakemake):
        print(layout(formats(Path(snakemake.params.folder)), FORMAT_COLUMNS))
