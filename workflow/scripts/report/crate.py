"""Describe the run as a Workflow Run RO-Crate. Makes ro-crate-metadata.json and what it needs beside it."""

import json
from pathlib import Path

import door
from coatbench.analysis import write_atomically
from coatbench.report.crate import make_crate, write_crate


def main(
    run: str,
    snakefile: str,
    texts: dict[str, str],
    config_text: str,
    results: str,
    outputs: dict[str, str],
) -> None:
    write_atomically(outputs["workflow"], Path(snakefile).read_text(encoding="utf-8"))
    write_atomically(outputs["config"], config_text)
    inside = {k: Path(outputs[k]).relative_to(results).as_posix() for k in ("workflow", "config")}
    document = make_crate(
        json.loads(Path(run).read_text(encoding="utf-8")),
        results=results,
        workflow_file=inside["workflow"],
        config_file=inside["config"],
        texts=texts,
    )
    write_crate(document, outputs["crate"])


if __name__ == "__main__":
    with door.logged(snakemake):
        main(
            snakemake.input.run,
            snakemake.input.snakefile,
            {
                snakemake.input.page: "report on one page",
                snakemake.input.statement: "ranking in words",
            },
            snakemake.params.config_text,
            snakemake.params.results,
            dict(snakemake.output.items()),
        )
