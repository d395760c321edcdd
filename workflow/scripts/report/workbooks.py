"""Write all tables, and all plotted numbers, as a workbook each."""

from collections.abc import Mapping, Sequence
from typing import Any

import job
from coatbench.report.workbook import write_workbook


def main(
    tables: Sequence[str],
    figures: Sequence[str],
    output: Mapping[str, str],
    study: Mapping[str, Any],
    meanings: Mapping[str, Mapping[str, str]],
) -> None:
    write_workbook(output["tables"], tables, meanings=meanings, **study)
    write_workbook(output["figures"], figures, **study)


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            snakemake.input.tables,
            snakemake.input.figures,
            dict(snakemake.output.items()),
            snakemake.params.study,
            snakemake.params.meanings,
        )
