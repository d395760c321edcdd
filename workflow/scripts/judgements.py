"""List what should be doubted in all result tables, and which rows of the indexes are excluded."""

from pathlib import Path

import job
from coatbench.judgements import EXCLUDED_COLUMNS, QUALITY_COLUMNS, judged
from coatbench.tables import read_table, write_table


def main(tables, techniques, excluded, output):
    read = [
        (technique, Path(t).stem, read_table(t))
        for technique, t in zip(techniques, tables, strict=True)
    ]
    write_table(judged(read), QUALITY_COLUMNS, output.quality)
    write_table(excluded, EXCLUDED_COLUMNS, output.excluded)


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            snakemake.input.tables,
            snakemake.params.techniques,
            snakemake.params.excluded,
            snakemake.output,
        )
