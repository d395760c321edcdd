"""List what could not be analysed, what readers and methods warn of, and what was not measured.

Also sees that exports are still what was analysed: one that was replaced meanwhile must not pass for it in this run.
"""

import job
from coatbench.analysis import load_rows
from coatbench.errors import CoatbenchError
from coatbench.records import replaced
from coatbench.tables import write_table


def refuse_replaced(rows, places):
    """Fail where an export was replaced after its analysis; the next run analyses it."""
    if names := replaced(rows, places):
        raise CoatbenchError(
            "\n".join(
                f"{name}: expected the content that was analysed, found another; run again"
                for name in names
            )
        )


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
    with job.logged(snakemake):
        places = job.places(snakemake.config)
        refuse_replaced(snakemake.input.rows, places)
        list_problems(
            snakemake.input.rows,
            snakemake.params.units,
            [places.told(gap) for gap in snakemake.params.gaps],
            snakemake.output.problems,
            snakemake.output.warnings,
        )
