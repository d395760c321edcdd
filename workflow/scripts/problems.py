"""List what could not be analysed, what readers and methods warn of, and what was not measured."""

from pathlib import Path

import door
from coatbench.analysis import load_rows
from coatbench.tables import write_table


def list_problems(rows, results, gaps, problems, warnings):
    failed, warned = [], [{"technique": g.split(":")[0], "warning": g} for g in gaps]
    for path in rows:
        technique, *unit = Path(path).relative_to(results).with_suffix("").parts
        where = {"technique": technique, "unit": "/".join(unit)}
        analysis = load_rows(path)
        if analysis.problem:
            failed.append(where | {"problem": analysis.problem})
        warned += [where | {"warning": w} for w in analysis.warnings]
    write_table(failed, ["technique", "unit", "problem"], problems)
    write_table(warned, ["technique", "unit", "warning"], warnings)


if __name__ == "__main__":
    with door.logged(snakemake):
        list_problems(
            snakemake.input.rows,
            snakemake.params.results,
            snakemake.params.gaps,
            snakemake.output.problems,
            snakemake.output.warnings,
        )
