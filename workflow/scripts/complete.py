"""Fail, with one line per measurement that could not be analysed; else say that all were."""

from pathlib import Path

import job
from coatbench.errors import CoatbenchError
from coatbench.tables import read_table


def confirm(problems, output):
    failed = [row["problem"] for row in read_table(problems)]
    if failed:
        # Everything else is finished and stays; this job fails again until the files are mended.
        raise CoatbenchError(
            f"{len(failed)} measurement(s) could not be analysed, all others are finished:\n"
            + "\n".join(failed)
        )
    Path(output).write_text("Every measurement of the study was analysed.\n", encoding="utf-8")


if __name__ == "__main__":
    with job.logged(snakemake):
        confirm(snakemake.input.problems, snakemake.output[0])
