"""Say of the run what every table and figure was made from. Makes provenance.json."""

from typing import Any

import door
from coatbench.analysis import load_rows
from coatbench.checksums import checksums
from coatbench.report.provenance import describe_run, write_document


def analysed(
    rows: list[str], indexes: dict[str, str], folders: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the checksums of each technique's index and of what its jobs say they analysed."""
    found = {technique: checksums([index]) for technique, index in indexes.items()}
    for path in rows:
        technique = next(t for folder, t in folders.items() if path.startswith(folder))
        found[technique] |= load_rows(path).inputs
    return found


if __name__ == "__main__":
    with door.logged(snakemake):
        p = snakemake.params
        indexes = dict(zip(p.techniques, snakemake.input.get("indexes", []), strict=True))
        run = describe_run(
            raw=analysed(list(snakemake.input.get("rows", [])), indexes, p.folders),
            study=p.study,
            config=p.config,
            targets=p.targets,
            graph=p.graph,
            folders=p.folders,
            root=door.PROJECT,
        )
        write_document(run, snakemake.output.run)
