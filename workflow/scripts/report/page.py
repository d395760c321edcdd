"""Write the report, one page that holds everything."""

import json
from pathlib import Path

import job
from coatbench.report.page import build, write_page

if __name__ == "__main__":
    with job.logged(snakemake):
        given, p = snakemake.input, snakemake.params
        page = build(
            run=json.loads(Path(given.run).read_text(encoding="utf-8")),
            results=snakemake.config["results"],
            tables=p.tables,
            figures=list(given.get("figures", [])),
            quicklooks=list(given.get("quicklooks", [])),
            statement=given.get("statement"),
            captions=job.PROJECT / "workflow" / "report",
            config_text=p.config_text,
            labels=p.labels,
            curves=list(given.get("curves", [])),
        )
        write_page(page, snakemake.output[0])
