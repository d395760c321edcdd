"""Describe the run as a Workflow Run RO-Crate. Makes ro-crate-metadata.json and what it needs beside it.

The workflow's code goes into it as an archive: unpacked beside the study, with the config of the crate, it runs again.
"""

import json
from pathlib import Path

import job
from coatbench.analysis import write_atomically
from coatbench.report.crate import make_crate, write_code, write_crate, write_readme
from coatbench.tables import read_table

if __name__ == "__main__":
    with job.logged(snakemake):
        given, p, output = snakemake.input, snakemake.params, snakemake.output
        results = snakemake.config["results"]
        snakefile = job.PROJECT / "workflow" / "Snakefile"
        write_atomically(output.workflow, snakefile.read_text(encoding="utf-8"))
        write_atomically(output.config, p.config_text)
        write_code({name: job.PROJECT / name for name in p.files}, output.code)
        described = json.loads(Path(given.run).read_text(encoding="utf-8"))
        write_readme(described, output.readme)
        kinds = ("workflow", "config", "code", "readme")
        document = make_crate(
            described,
            results=results,
            **{f"{k}_file": Path(output[k]).relative_to(results).as_posix() for k in kinds},
            publication=p.publication,
            problems=[row["problem"] for row in read_table(given.problems)],
            texts={given.page: "report on one page", given.statement: "ranking in words"},
        )
        write_crate(document, output.crate)
