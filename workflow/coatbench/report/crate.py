"""The run as a Workflow Run RO-Crate: one JSON-LD file that archives and registries read.

Profiles: RO-Crate 1.1, Workflow RO-Crate 1.0, Workflow Run RO-Crate 0.5 (process and workflow level;
Leo et al., PLoS ONE 2024, doi:10.1371/journal.pone.0309210). Raw exports lie outside of the crate and are
named by their content (RFC 6920).
"""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .provenance import checksum

PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
# What a browser or an archive should take them for, independent of the machine's own table.
TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".html": "text/html",
    ".txt": "text/plain",
}


def make_crate(
    run: Mapping[str, Any],
    *,
    results: str | Path,
    workflow_file: str,
    config_file: str,
    texts: Mapping[str, str],
    code_file: str | None = None,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the content of ``ro-crate-metadata.json``.

    Parameters
    ----------
    run : what `provenance.describe_run` found
    results : folder of the crate, below which all results lie
    workflow_file, config_file : paths inside the crate of the workflow and of the configuration used
    code_file : path inside the crate of the archive that holds the workflow's code
    problems : why measurements could not be analysed; with any the run has failed
    texts : further results below the crate, made after the run was described -> what they are

    Notes
    -----
    The only time is that of the newest result, so the same results give the same bytes.
    """
    from rocrate.rocrate import ROCrate

    results = Path(results)
    paths = [results / p for p in run["results"]]
    finished = max((p.stat().st_mtime for p in [*paths, *map(Path, texts)]), default=0.0)
    time = datetime.fromtimestamp(int(finished), UTC).isoformat()
    crate = ROCrate(version="1.1")  # the version that the profiles above extend
    title = run["study"]["title"]
    simulated = bool(run["study"]["simulated"])
    crate.name = f"{title}: results"
    crate.description = (
        "Tables, figures and report of a coating study"
        + (", from simulated measurements." if simulated else ".")
        + " Every result is linked to the exports that it was made from."
    )
    crate.license = "As stated by the owner of the measurements."
    crate.datePublished = time
    workflow = crate.add_workflow(
        str(results / workflow_file), workflow_file, main=True, lang="snakemake", gen_cwl=False
    )
    workflow["name"] = "coatbench"
    workflow["version"] = run["made_by"]["commit"] or run["made_by"]["coatbench"]
    workflow["license"] = "https://spdx.org/licenses/MIT"
    _profiles(crate)
    inputs = [
        _measurement(crate, path, f"{technique} measurement", entry)
        for technique, files in run["measurements"].items()
        for path, entry in files.items()
    ]
    inputs += [
        _measurement(crate, path, "table or settings of the study", entry)
        for path, entry in run["study"].get("files", {}).items()
    ]
    inputs.append(
        _file(crate, results / config_file, results, {"description": "configuration used"})
    )
    outputs = [
        _file(crate, p, results, entry)
        for p, entry in zip(paths, run["results"].values(), strict=True)
    ]
    outputs += [
        _file(crate, Path(p), results, {**checksum(p), "description": text})
        for p, text in texts.items()
    ]
    software = [
        _entity(crate, f"#{name}-{version}", "SoftwareApplication", name=name, version=version)
        for name, version in run["made_by"]["packages"].items()
    ]
    workflow["softwareRequirements"] = software
    action = _entity(
        crate,
        "#run",
        "CreateAction",
        name=f"Analysis of {title}",
        endTime=time,
        actionStatus={
            "@id": f"http://schema.org/{'Failed' if problems else 'Completed'}ActionStatus"
        },
    )
    if problems:
        action["error"] = "\n".join(problems)
    if code_file:
        about = {"description": "code of the workflow, as it was run"}
        workflow["hasPart"] = _file(crate, results / code_file, results, about)
    action["instrument"] = workflow
    action["object"] = inputs
    action["result"] = outputs
    crate.root_dataset["mentions"] = action
    document: dict[str, Any] = crate.metadata.generate()
    return document


def _entity(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def _profiles(crate: Any) -> None:
    entities = []
    for url in PROFILES:
        name, version = url.rstrip("/").rsplit("/", 2)[-2:]
        entities.append(_entity(crate, url, "CreativeWork", name=name, version=version))
    crate.root_dataset["conformsTo"] = entities


def _file(crate: Any, path: Path, results: Path, entry: Mapping[str, Any]) -> Any:
    inside = path.relative_to(results).as_posix()
    kind = (
        TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    properties = {"name": inside, "encodingFormat": kind}
    if "sha256" in entry:
        properties |= {"sha256": entry["sha256"], "contentSize": str(entry["bytes"])}
    if "description" in entry:
        properties["description"] = entry["description"]
    return crate.add_file(str(path), inside, properties=properties)


def _measurement(crate: Any, path: str, description: str, entry: Mapping[str, Any]) -> Any:
    digest = base64.urlsafe_b64encode(bytes.fromhex(entry["sha256"])).decode().rstrip("=")
    properties = {
        "name": path,
        "description": description
        + (f", folder of {entry['files']} files" if "files" in entry else ""),
        "sha256": entry["sha256"],
        "contentSize": str(entry["bytes"]),
    }
    return crate.add_file(
        f"ni:///sha-256;{digest}", fetch_remote=False, validate_url=False, properties=properties
    )


def write_crate(document: Mapping[str, Any], path: str | Path) -> None:
    """Write the crate with sorted entities, the same bytes for the same content."""
    from ..analysis import write_atomically

    head = {"ro-crate-metadata.json": 0, "./": 1}
    graph = sorted(document["@graph"], key=lambda e: (head.get(e["@id"], 2), e["@id"]))
    text = json.dumps(
        {"@context": document["@context"], "@graph": graph},
        indent=1,
        ensure_ascii=False,
        sort_keys=True,
    )
    write_atomically(path, text + "\n")


def write_code(files: Mapping[str, Path], path: str | Path) -> None:
    """Write files, name in the archive -> where they are, as a zip; the same bytes for the same files."""
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
