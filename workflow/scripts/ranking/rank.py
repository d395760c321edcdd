"""Rank the coated samples from the result tables. Makes the ranking tables and the statement in words."""

from pathlib import Path
from typing import Any

import job
from coatbench.analysis import write_atomically
from coatbench.ranking.tables import make_tables
from coatbench.tables import read_table, write_table


def main(
    inputs: list[str],
    outputs: dict[str, str],
    samples: list[dict[str, str]],
    reference: str | None,
    config: dict[str, Any],
    factors: dict[str, Any],
    columns: dict[str, list[str]],
) -> None:
    tables = {Path(path).stem: read_table(path) for path in inputs}
    made, paragraphs = make_tables(tables, samples, config, reference, factors)
    for name, rows in made.items():
        write_table(rows, columns[name], outputs[name])
    write_atomically(outputs["statement"], "\n\n".join(paragraphs) + "\n")


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            list(snakemake.input.tables),
            dict(snakemake.output.items()),
            snakemake.params.samples,
            snakemake.params.reference,
            snakemake.params.config,
            snakemake.params.factors,
            snakemake.params.columns,
        )
