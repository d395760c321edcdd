"""Say of every table and figure what it was made from. Makes one JSON beside each, and one of the run."""

import json
from pathlib import Path
from typing import Any

import door
from coatbench.report.provenance import describe_run, write_document


def main(raw: dict[str, str], run: str, **described: Any) -> None:
    found = {t: json.loads(Path(p).read_text(encoding="utf-8")) for t, p in raw.items()}
    whole, documents = describe_run(raw=found, **described)
    for path, document in documents.items():
        write_document(document, path)
    write_document(whole, run)


if __name__ == "__main__":
    with door.logged(snakemake):
        p = snakemake.params
        main(
            dict(zip(p.techniques, snakemake.input.raw, strict=True)),
            snakemake.output.run,
            study=p.study,
            config=p.config,
            targets=p.targets,
            graph=p.graph,
            folders=p.folders,
            root=p.root,
        )
