"""Rank the coated samples from the result tables. Makes the ranking tables and the statement in words."""

from pathlib import Path

import job
from coatbench.analysis import write_atomically
from coatbench.ranking.tables import make_tables
from coatbench.tables import read_table, write_table

if __name__ == "__main__":
    with job.logged(snakemake):
        p, output = snakemake.params, snakemake.output
        tables = {Path(path).stem: read_table(path) for path in snakemake.input.tables}
        made, paragraphs = make_tables(tables, p.samples, p.config, p.reference, p.factors)
        for name, rows in made.items():
            write_table(rows, p.columns[name], output[name])
        write_atomically(output.statement, "\n\n".join(paragraphs) + "\n")
