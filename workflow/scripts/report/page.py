"""Write the report, one page that holds everything."""

import json
from pathlib import Path
from typing import Any

import job
from coatbench.report.page import build, write_page


def main(run: str, output: str, **content: Any) -> None:
    page = build(run=json.loads(Path(run).read_text(encoding="utf-8")), **content)
    write_page(page, output)


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            snakemake.input.run,
            snakemake.output[0],
            results=snakemake.config["results"],
            tables=snakemake.params.tables,
            figures=list(snakemake.input.get("figures", [])),
            quicklooks=list(snakemake.input.get("quicklooks", [])),
            statement=snakemake.input.get("statement"),
            captions=job.PROJECT / "workflow" / "report",
            config_text=snakemake.params.config_text,
            labels=snakemake.params.labels,
            curves=list(snakemake.input.get("curves", [])),
        )
