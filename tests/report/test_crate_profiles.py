"""The crate against the shapes of its profiles, as an independent validator reads them; without a network."""

from __future__ import annotations

import io
import urllib.request
import urllib.response
from email import message_from_string
from email.message import Message
from importlib import resources
from pathlib import Path

import pytest
from coatbench.report.crate import make_crate, write_crate, write_readme

from report import study

rocrate_validator = pytest.importorskip("rocrate_validator")

PUBLICATION = {
    "authors": [
        {
            "name": "Ada Example",
            "orcid": "0000-0002-1825-0097",
            "affiliation": {"name": "University of Somewhere", "url": "https://example.org"},
        },
        {"name": "Group X", "kind": "organization", "url": "https://example.org/x"},
    ],
    "publisher": {"name": "University of Somewhere", "url": "https://example.org"},
    "license": "https://spdx.org/licenses/CC-BY-4.0",
}
# What asks a server: the context's own address, and whether exports named by their content can be downloaded.
NEEDS_NETWORK = ["ro-crate-1.1_3.1", "ro-crate-1.1_3.2", "ro-crate-1.1_28.1"]
# Asks for an id on the web of everything that is software; the workflow of a crate is a file in it.
ID_OF_SOFTWARE = "process-run-crate-0.5_5.1"
OF_THE_WORKFLOW = {
    "http://schema.org/SoftwareSourceCode",
    "https://bioschemas.org/ComputationalWorkflow",
}


class BundledContext(urllib.request.BaseHandler):
    """Answers requests for the JSON-LD context with the one that the library rocrate brings, named as in RO-Crate 1.1."""

    handler_order = 100

    def https_open(self, request: urllib.request.Request) -> urllib.response.addinfourl:
        assert "w3id.org/ro/crate/1.1/context" in request.full_url
        text = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf-8")
        text = text.replace("https://schema.org", "http://schema.org")
        text = text.replace("https://bioschemas.org/terms/", "https://bioschemas.org/")
        head: Message = message_from_string("Content-Type: application/ld+json\n")
        found = urllib.response.addinfourl(io.BytesIO(text.encode()), head, request.full_url, 200)
        found.msg = "OK"  # type: ignore[attr-defined]
        return found


def made(folder: Path, **stated: object) -> Path:
    """Write a finished run with its crate; return the folder of results."""
    run = study.finished(folder)
    results = run["results"]
    (results / "provenance").mkdir()
    for name in ("Snakefile", "config.yaml", "workflow.zip"):
        (results / "provenance" / name).write_text("x\n", encoding="utf-8")
    write_readme(run["run"], results / "README.md")
    document = make_crate(
        run["run"],
        results=results,
        workflow_file="provenance/Snakefile",
        config_file="provenance/config.yaml",
        code_file="provenance/workflow.zip",
        readme_file="README.md",
        texts={run["statement"]: "ranking in words"},
        **stated,  # type: ignore[arg-type]
    )
    write_crate(document, results / "ro-crate-metadata.json")
    return Path(results)


def failures(results: Path, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Return the required and recommended checks that a crate fails, each with what fails it."""
    from rocrate_validator import models, services

    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(BundledContext))
    settings = services.ValidationSettings(
        rocrate_uri=str(results),
        profile_identifier="workflow-run-crate-0.5",
        requirement_severity=models.Severity.RECOMMENDED,
        skip_availability_check=True,
        skip_checks=NEEDS_NETWORK,
    )
    issues = services.validate(settings).get_issues()
    return {(i.check.identifier, str(i.violatingEntity)) for i in issues}


def test_required_and_recommended_checks_of_the_profiles_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = made(tmp_path, publication=PUBLICATION)
    found = failures(results, monkeypatch)
    assert found == {(ID_OF_SOFTWARE, entity) for entity in OF_THE_WORKFLOW}
    # The validator sees what is wrong: a result that is not there.
    next((results / "figures").glob("*.png")).unlink()
    assert failures(results, monkeypatch) > found


def test_what_nobody_stated_is_not_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = failures(made(tmp_path), monkeypatch)
    missing = {identifier for identifier, _ in found} - {ID_OF_SOFTWARE}
    # author and publisher of the crate, and who ran the workflow
    assert missing == {"ro-crate-1.1_22.2", "ro-crate-1.1_22.3", "process-run-crate-0.5_8.6"}
