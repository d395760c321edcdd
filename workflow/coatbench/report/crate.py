"""The run as a Workflow Run RO-Crate: one JSON-LD file that archives and registries read.

Profiles: RO-Crate 1.1, Workflow RO-Crate 1.0, Workflow Run RO-Crate 0.5 (process and workflow level;
Leo et al., PLoS ONE 2024, doi:10.1371/journal.pone.0309210). Raw exports lie outside of the crate and are
named by their content (RFC 6920).
"""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never
from urllib.parse import quote

from .. import software
from ..analysis import write_atomically
from .provenance import checksum

if TYPE_CHECKING:
    from ..config_types import AuthorConfig, OrganizationConfig, PublicationConfig

PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
# What a browser or an archive should take them for, independent of the machine's own table.
TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".html": "text/html",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".zip": "application/zip",
    ".yaml": "application/yaml",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
UNKNOWN_TYPE = "application/octet-stream"
NOT_STATED = "As stated by the owner of the measurements."


def make_crate(
    run: Mapping[str, Any],
    *,
    results: str | Path,
    workflow_file: str,
    config_file: str,
    texts: Mapping[str, str],
    code_file: str | None = None,
    readme_file: str | None = None,
    publication: PublicationConfig | None = None,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the content of ``ro-crate-metadata.json``.

    Parameters
    ----------
    run : what `provenance.describe_run` found
    results : folder of the crate, below which all results lie
    workflow_file, config_file : paths inside the crate of the workflow and of the configuration used
    code_file : path inside the crate of the archive that holds the workflow's code
    readme_file : path inside the crate of the page that says what lies where
    publication : authors, publisher and license, as the config's section of this name states them
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
    authors = _publication(crate, publication or {"authors": [], "publisher": {}, "license": ""})
    crate.datePublished = time
    workflow = crate.add_workflow(
        str(results / workflow_file), workflow_file, main=True, lang="snakemake", gen_cwl=False
    )
    workflow["name"] = "coatbench"
    workflow["encodingFormat"] = "text/plain"
    workflow["version"] = run["made_by"]["commit"] or run["made_by"]["coatbench"]
    workflow["license"] = "https://spdx.org/licenses/MIT"
    _profiles(crate, workflow)
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
    packages = [
        _package(crate, name, version) for name, version in run["made_by"]["packages"].items()
    ]
    workflow["softwareRequirements"] = packages
    action = _entity(
        crate,
        "#run",
        "CreateAction",
        name=f"Analysis of {title}",
        description=f"{len(inputs)} files of a study made into {len(outputs)} results by Snakemake.",
        endTime=time,
        actionStatus=f"http://schema.org/{'Failed' if problems else 'Completed'}ActionStatus",
    )
    if authors:
        action["agent"] = authors[0]
    if problems:
        action["error"] = "\n".join(problems)
    if readme_file:
        readme = _file(crate, results / readme_file, results, {"description": "what lies where"})
        readme["about"] = crate.root_dataset
    if code_file:
        about = {"description": "code of the workflow, as it was run"}
        workflow["hasPart"] = _file(crate, results / code_file, results, about)
        workflow["url"] = workflow["hasPart"]
    action["instrument"] = workflow
    action["object"] = inputs
    action["result"] = outputs
    crate.root_dataset["mentions"] = action
    document: dict[str, Any] = crate.metadata.generate()
    return document


README = """# {title}: results{simulated}

| where | what |
|---|---|
| `report.html` | everything on one page; begin here |
| `tables/`, `tables.xlsx` | results, one fact a row; the workbook holds the same, rounded |
| `figures/`, `figures.xlsx` | figures, and the numbers that are drawn in them |
| `quicklook/` | one picture for each measurement |
| `tables/problems.csv`, `tables/quality.csv` | what could not be analysed, and which values should be doubted |
| `*.provenance.json` beside a result | what it was made from: checksums, parameters, versions |
| `ro-crate-metadata.json` | the whole run, for archives and registries (RO-Crate) |
| `provenance/workflow.zip`, `provenance/config.yaml` | the code and the configuration of this run |
| `xps/`, `cycling/`, ... | curves of single measurements, as the techniques hand them on |

To run it again: unpack `provenance/workflow.zip`, put the study beside it, and give `provenance/config.yaml` as
`--configfile` together with `--config study=... results=...`.
"""


def write_readme(run: Mapping[str, Any], path: str | Path) -> None:
    """Write the page that says what lies in a folder of results (Markdown)."""
    study = run["study"]
    simulated = " (simulated)" if study["simulated"] else ""
    title = " ".join(str(study["title"]).split())
    write_atomically(path, README.format(title=title, simulated=simulated))


def _entity(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def _package(crate: Any, name: str, version: str) -> Any:
    url = software.address(name)
    identifier = f"{url}#{version}" if url else f"#{name}-{version}"
    at_home = {"url": url} if url else {}
    return _entity(crate, identifier, "SoftwareApplication", name=name, version=version, **at_home)


def _publication(crate: Any, stated: PublicationConfig) -> list[Any]:
    """Say whose the results are, as far as that is stated; return the authors."""
    terms = str(stated.get("license") or "")
    address = terms if terms.startswith(("https://", "http://")) else "#license"
    crate.license = _entity(
        crate, address, "CreativeWork", name=terms or NOT_STATED, description=terms or NOT_STATED
    )
    authors = [_author(crate, author) for author in stated.get("authors", [])]
    if authors:
        crate.root_dataset["author"] = authors
    if publisher := stated.get("publisher"):
        crate.root_dataset["publisher"] = _organization(crate, publisher)
    return authors


def _author(crate: Any, author: AuthorConfig) -> Any:
    if author.get("kind") == "organization":
        return _organization(crate, author)
    orcid = author.get("orcid")
    identifier = f"https://orcid.org/{orcid}" if orcid else _local(author["name"])
    entity = _entity(crate, identifier, "Person", name=author["name"])
    if url := author.get("url"):
        entity["url"] = url
    if affiliation := author.get("affiliation"):
        entity["affiliation"] = _organization(crate, affiliation)
    return entity


def _organization(
    crate: Any, stated: OrganizationConfig | AuthorConfig | Mapping[str, Never]
) -> Any:
    name, url = stated["name"], stated.get("url")
    identifier = url or _local(name)
    at = {"url": url} if url else {}
    return crate.get(identifier) or _entity(crate, identifier, "Organization", name=name, **at)


def _local(name: str) -> str:
    """Return the identifier of what has no address: `#the-name`."""
    return "#" + quote("-".join(name.split()))


def _profiles(crate: Any, workflow: Any) -> None:
    entities = []
    for url in PROFILES:
        name, version = url.rstrip("/").rsplit("/", 2)[-2:]
        entities.append(_entity(crate, url, "CreativeWork", name=name, version=version))
    crate.root_dataset["conformsTo"] = entities
    workflow["conformsTo"] = _entity(
        crate, WORKFLOW_PROFILE, "CreativeWork", name="ComputationalWorkflow", version="1.0-RELEASE"
    )


def _file(crate: Any, path: Path, results: Path, entry: Mapping[str, Any]) -> Any:
    inside = path.relative_to(results).as_posix()
    properties = {"name": inside, "encodingFormat": TYPES.get(path.suffix, UNKNOWN_TYPE)}
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
        "encodingFormat": TYPES.get(Path(path).suffix.lower(), UNKNOWN_TYPE),
    }
    return crate.add_file(
        f"ni:///sha-256;{digest}", fetch_remote=False, validate_url=False, properties=properties
    )


def write_crate(document: Mapping[str, Any], path: str | Path) -> None:
    """Write the crate with sorted entities, the same bytes for the same content."""
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
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
