"""Say of each table and figure what it was made from. Makes one JSON beside each, cut from provenance.json."""

import json
from pathlib import Path

import job
from coatbench.report.provenance import describe_results, write_document

if __name__ == "__main__":
    with job.logged(snakemake):
        run = json.loads(Path(snakemake.input.run).read_text(encoding="utf-8"))
        for path, document in describe_results(run).items():
            write_document(document, Path(snakemake.config["results"], path))
