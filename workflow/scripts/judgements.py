"""List what should be doubted in all result tables, and which rows of the indexes are excluded."""

from pathlib import Path

import job
from coatbench.judgements import EXCLUDED_COLUMNS, QUALITY_COLUMNS, judged
from coatbench.tables import read_table, write_table

if __name__ == "__main__":
    with job.logged(snakemake):
        p, output = snakemake.params, snakemake.output
        tables = zip(p.techniques, snakemake.input.tables, strict=True)
        read = [(technique, Path(path).stem, read_table(path)) for technique, path in tables]
        write_table(judged(read), QUALITY_COLUMNS, output.quality)
        write_table(p.excluded, EXCLUDED_COLUMNS, output.excluded)
