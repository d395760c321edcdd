"""Fail, with one line per measurement that could not be analysed; else say that all were."""

from pathlib import Path

import job
from coatbench.errors import CoatbenchError
from coatbench.tables import read_table

if __name__ == "__main__":
    with job.logged(snakemake):
        failed = [row["problem"] for row in read_table(snakemake.input.problems)]
        if failed:
            # Everything else is finished and stays; this job fails again until the files are mended.
            raise CoatbenchError(
                f"{len(failed)} measurement(s) could not be analysed, all others are finished:\n"
                + "\n".join(failed)
            )
        said = "Every measurement of the study was analysed.\n"
        Path(snakemake.output[0]).write_text(said, encoding="utf-8")
