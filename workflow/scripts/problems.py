"""List what could not be analysed, what readers and methods warn of, and what was not measured."""

import door
from coatbench.analysis import load_rows
from coatbench.tables import write_table


def list_problems(rows, units, gaps, problems, warnings):
    failed, warned = [], [{"technique": g.split(":")[0], "warning": g} for g in gaps]
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
        list_problems(
            snakemake.input.rows,
            snakemake.params.units,
            snakemake.params.gaps,
            snakemake.output.problems,
            snakemake.output.warnings,
        )
