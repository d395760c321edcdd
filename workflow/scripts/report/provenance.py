"""Say of the run what every table and figure was made from. Makes provenance.json."""

from pathlib import Path
from typing import Any

import job
from coatbench.analysis import load_rows
from coatbench.checksums import checksum
from coatbench.errors import CoatbenchError
from coatbench.places import Places
from coatbench.records import edited
from coatbench.report.provenance import describe_run, write_document
from coatbench.results_folder import claim


def analysed(
    rows: list[str], indexes: dict[str, str], folders: dict[str, str], places: Places
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, dict[str, str]]]]:
    """Return what each technique's jobs say they analysed, with its index, and what they were made with."""
    found = {t: {places.shown(index): checksum(index)} for t, index in indexes.items()}
    made_with: dict[str, dict[str, dict[str, str]]] = {t: {} for t in indexes}
    for path in rows:
        technique = next(t for folder, t in folders.items() if path.startswith(folder))
        job = load_rows(path)
        found[technique] |= job.inputs
        made_with[technique][places.shown(path)] = job.made_with
    return found, made_with


def refuse_edited(
    results: dict[str, Any], targets: dict[str, list[str]], read: dict[str, str], places: Places
) -> None:
    """Fail where a table of the study, or a result, was changed while the run went on; the next run makes it again."""
    lines = [
        f"{table}: expected what this run began with, found it edited; run again"
        for table, sha256 in read.items()
        if checksum(table)["sha256"] != sha256
    ]
    files = [path for files in targets.values() for path in files]
    found = {path: results[places.shown(path)]["sha256"] for path in files}
    lines += [
        f"{name}: expected what its job made, found it edited; run again"
        for name in edited(found, places)
    ]
    if lines:
        raise CoatbenchError("\n".join(lines))


if __name__ == "__main__":
    with job.logged(snakemake):
        p = snakemake.params
        places = job.places(snakemake.config)
        rows = list(snakemake.input.get("rows", []))
        raw, made_with = analysed(rows, p.indexes, p.folders, places)
        run = describe_run(
            raw=raw,
            made_with=made_with,
            study={
                **p.study,
                "files": {places.shown(f): checksum(f) for f in p.tables},
            },
            config=p.config,
            targets=p.targets,
            graph=p.graph,
            folders=p.folders,
            root=job.PROJECT,
            shown=places.shown,
        )
        refuse_edited(run["results"], p.targets, p.tables_as_read, places)
        for line in run["mixtures"]:
            job.log.warning("%s", line)
        write_document(run, snakemake.output.run)
        # As a module of another workflow nothing else has done so.
        samples = next(path for path in p.tables if Path(path).stem == "samples")
        claim(places, samples, takeover=True)()
