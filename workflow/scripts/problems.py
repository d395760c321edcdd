"""List what could not be analysed, what readers and methods warn of, and what was not measured.

Also sees that exports are still what was analysed. Snakemake takes its own checksum of a job's inputs after the
job has ended: one that was replaced in between would pass for analysed, in this run and all later ones.
"""

from pathlib import Path

import door
from coatbench.analysis import load_rows
from coatbench.checksums import replaced
from coatbench.errors import CoatbenchError
from coatbench.tables import write_table


def forget_replaced(rows, logs):
    """Remove the rows of exports that were replaced after their analysis, and fail: the next run analyses them."""
    lines = []
    for path, log in zip(map(Path, rows), map(Path, logs), strict=True):
        # When the job wrote; Snakemake touches outputs later. Without a log every export is read again.
        since_ns = log.stat().st_mtime_ns if log.exists() else 0
        if names := replaced(load_rows(path).inputs, since_ns):
            path.unlink()
            lines += [
                f"{name}: expected the content that was analysed, found another; run again"
                for name in names
            ]
    if lines:
        raise CoatbenchError("\n".join(lines))


def about(line):
    """Return what a line on the study is about: the technique that it starts with, or the study's tables."""
    first = line.split(":")[0]
    return first if first.isidentifier() else "study"


def list_problems(rows, units, gaps, problems, warnings):
    failed, warned = [], [{"technique": about(g), "warning": g} for g in gaps]
    for path, name in zip(rows, units, strict=True):
        technique, _, unit = name.partition("/")
        where = {"technique": technique, "unit": unit}
        analysis = load_rows(path)
        if analysis.problem:
            failed.append(where | {"problem": analysis.problem})
        warned += [where | {"warning": w} for w in analysis.warnings]
    write_table(failed, ["technique", "unit", "problem"], problems)
    write_table(warned, ["technique", "unit", "warning"], warnings)


if __name__ == "__main__":
    with door.logged(snakemake):
        forget_replaced(snakemake.input.rows, snakemake.params.logs)
        list_problems(
            snakemake.input.rows,
            snakemake.params.units,
            snakemake.params.gaps,
            snakemake.output.problems,
            snakemake.output.warnings,
        )
