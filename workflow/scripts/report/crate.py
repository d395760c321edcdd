"""Describe the run as a Workflow Run RO-Crate. Makes ro-crate-metadata.json and what it needs beside it.

The workflow's code goes into it as an archive: unpacked beside the study, with the config of the crate, it runs again.
"""

import json
from pathlib import Path
from typing import Any

import job
from coatbench.analysis import write_atomically
from coatbench.report.crate import make_crate, write_code, write_crate, write_readme
from coatbench.tables import read_table


def main(
    run: str,
    texts: dict[str, str],
    problems: str,
    code: list[str],
    publication: dict[str, Any],
    config_text: str,
    results: str,
    outputs: dict[str, str],
) -> None:
    snakefile = job.PROJECT / "workflow" / "Snakefile"
    write_atomically(outputs["workflow"], snakefile.read_text(encoding="utf-8"))
    write_atomically(outputs["config"], config_text)
    write_code({name: job.PROJECT / name for name in code}, outputs["code"])
    described = json.loads(Path(run).read_text(encoding="utf-8"))
    write_readme(described, outputs["readme"])
    kinds = ("workflow", "config", "code", "readme")
    inside = {k: Path(outputs[k]).relative_to(results).as_posix() for k in kinds}
    document = make_crate(
        described,
        results=results,
        workflow_file=inside["workflow"],
        config_file=inside["config"],
        code_file=inside["code"],
        readme_file=inside["readme"],
        publication=publication,
        problems=[row["problem"] for row in read_table(problems)],
        texts=texts,
    )
    write_crate(document, outputs["crate"])


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            snakemake.input.run,
            {
                snakemake.input.page: "report on one page",
                snakemake.input.statement: "ranking in words",
            },
            snakemake.input.problems,
            list(snakemake.params.files),
            snakemake.params.publication,
            snakemake.params.config_text,
            snakemake.config["results"],
            dict(snakemake.output.items()),
        )
