"""Where every result comes from: checksums, parameters, versions, commit.

Standard library only, and no clock: the same files give the same documents.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..analysis import write_atomically
from ..checksums import checksum
from ..software import installed


def software(root: str | Path) -> dict[str, Any]:
    """Return versions of Python, of the packages that are installed, and of this project."""
    return {
        "coatbench": __version__,
        "commit": commit(root),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": installed(),
    }


def commit(root: str | Path) -> str | None:
    """Return the commit of the workflow, with ``-dirty`` for uncommitted changes; None without git."""
    try:
        done = subprocess.run(
            [
                "git",
                # The folder may belong to somebody else; its code runs already.
                "-c",
                "safe.directory=*",
                "-C",
                str(root),
                "describe",
                "--always",
                "--dirty",
                "--abbrev=40",
                "--exclude=*",
            ],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def direct_inputs(
    target: str, graph: Mapping[str, tuple[str, Sequence[str]]]
) -> tuple[str | None, list[str]]:
    """Return the rule that makes a file and the inputs that the rule names."""
    rule, inputs = graph.get(target, (None, []))
    return rule, list(inputs)


def techniques_of(
    target: str,
    graph: Mapping[str, tuple[str, Sequence[str]]],
    folders: Mapping[str, str],
) -> list[str]:
    """Return the techniques that a result draws on, through every table on the way.

    Parameters
    ----------
    target : path of a result
    graph : path -> (rule, inputs) of everything that rules name
    folders : folder of intermediate results -> technique
    """
    found: set[str] = set()
    seen: set[str] = set()
    todo = [target]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        found |= {technique for folder, technique in folders.items() if path.startswith(folder)}
        todo += direct_inputs(path, graph)[1]
    return sorted(found)


def describe_run(
    *,
    study: Mapping[str, Any],
    config: Mapping[str, Any],
    raw: Mapping[str, Mapping[str, Any]],
    made_with: Mapping[str, Mapping[str, Mapping[str, str]]],
    targets: Mapping[str, Sequence[str]],
    graph: Mapping[str, tuple[str, Sequence[str]]],
    folders: Mapping[str, str],
    root: str | Path,
    shown: Callable[[str | Path], str] = str,
) -> dict[str, Any]:
    """Describe a run: everything that the documents of its figures and tables are cut from.

    Parameters
    ----------
    study : title, folder, simulated, reference
    config : the whole configuration
    raw : technique -> checksums of its index and exports
    made_with : technique -> rows file of a job -> what it was made with (`Analysis.made_with`)
    targets : document beside a result -> the result's files (a figure has three)
    graph, folders : see `techniques_of`
    root : folder of the workflow, for its commit
    shown : how a document names a path, so that it tells of no machine

    Returns
    -------
    dict of study, made_by, made_with, mixtures of versions, measurements, parameters, checksums of results and of intermediate files, and
    what each document is about
    """
    results = {f: checksum(f) for files in targets.values() for f in files}
    intermediate: dict[str, dict[str, Any]] = {}
    documents: dict[str, dict[str, Any]] = {}
    for document, files in targets.items():
        rule, inputs = direct_inputs(files[0], graph)
        inputs = [p for p in inputs if Path(p).exists()]
        intermediate |= {
            p: checksum(p) for p in inputs if p not in results and p not in intermediate
        }
        techniques = techniques_of(files[0], graph, folders)
        sections = [*techniques, *(["figures"] if Path(files[0]).parent.name == "figures" else [])]
        sections += [s for s in config if f"{Path(files[0]).stem}_".startswith(f"{s}_")]
        documents[document] = {
            "rule": rule,
            "files": list(files),
            "inputs": inputs,
            "measurements": [t for t in techniques if t in raw],
            "parameters": [s for s in dict.fromkeys(sections) if s in config],
        }
    versions = {t: versions_of(jobs) for t, jobs in made_with.items()}
    return {
        "study": dict(study),
        "made_by": software(root),
        "made_with": versions,
        "mixtures": [
            f"{technique}: its measurements were made with {name} {' and '.join(found)}"
            for technique, known in versions.items()
            for name, found in known.items()
            if len(found) > 1
        ],
        "measurements": dict(raw),
        "parameters": dict(config),
        "results": {shown(p): entry for p, entry in results.items()},
        "intermediate": {shown(p): entry for p, entry in intermediate.items()},
        "documents": {
            shown(path): about
            | {kind: [shown(p) for p in about[kind]] for kind in ("files", "inputs")}
            for path, about in documents.items()
        },
    }


def versions_of(jobs: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the versions of each library that jobs were made with; more than one where they differ."""
    found: dict[str, set[str]] = {}
    for made_with in jobs.values():
        for name, version in made_with.items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def describe_results(run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the document of each figure and table, by its path, from the description of the run."""
    known = {**run["intermediate"], **run["results"]}
    return {
        path: {
            "files": {Path(f).name: known[f] for f in about["files"]},
            "study": run["study"],
            "made_by": {"rule": about["rule"], **run["made_by"]},
            "made_with": {t: run["made_with"][t] for t in about["measurements"]},
            "inputs": {p: known[p] for p in about["inputs"]},
            "measurements": {t: run["measurements"][t] for t in about["measurements"]},
            "parameters": {s: run["parameters"][s] for s in about["parameters"]},
        }
        for path, about in run["documents"].items()
    }


def write_document(document: Mapping[str, Any], path: str | Path) -> None:
    """Write a document as JSON, the same bytes for the same content."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    write_atomically(path, text + "\n")
