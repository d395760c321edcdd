"""Provenance: checksums as sha256sum gives them, techniques through the graph, a crate of the right shape."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from coatbench.report import provenance
from coatbench.report.crate import PROFILES, make_crate, write_code, write_crate
from coatbench.report.provenance import checksum, commit, techniques_of

from report import study


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    return study.finished(tmp_path_factory.mktemp("run"))


def test_checksum_is_the_one_of_sha256sum(tmp_path: Path):
    path = tmp_path / "a b.txt"
    path.write_bytes(b"x" * 3_000_000)
    found = checksum(path)
    assert found == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": 3_000_000}


def test_checksum_of_a_folder_is_that_of_its_listing(tmp_path: Path):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    (tmp_path / "f" / "sub").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "sub/c.txt"):
        (tmp_path / "f" / name).write_text(name, encoding="utf-8")
    listing = subprocess.run(
        "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum",
        shell=True,
        cwd=tmp_path / "f",
        capture_output=True,
        check=True,
    ).stdout
    assert checksum(tmp_path / "f") == {
        "sha256": hashlib.sha256(listing).hexdigest(),
        "bytes": 19,
        "files": 3,
    }


def test_techniques_are_found_through_tables_and_loops_end():
    graph = {
        "out/tables/t.csv": ("a", ["out/xps/{sample}.json", "out/tables/u.csv"]),
        "out/tables/u.csv": ("b", ["out/leis/c300.json", "out/tables/t.csv"]),
        "out/figures/f.png": ("c", ["out/tables/t.csv"]),
    }
    folders = {"out/xps/": "xps", "out/leis/": "leis", "out/sims/": "sims"}
    assert techniques_of("out/figures/f.png", graph, folders) == ["leis", "xps"]
    assert techniques_of("nowhere", graph, folders) == []


def test_each_result_has_a_document_that_traces_it(run):
    results = run["results"]
    document = run["documents"][str(results / "figures" / "ranking.provenance.json")]
    assert document["study"]["simulated"] is True
    assert document["made_by"]["rule"] == "ranking_figure"
    assert document["made_by"]["packages"]["numpy"]
    assert list(document["measurements"]) == ["leis"]
    assert {"leis", "figures", "ranking"} <= set(document["parameters"])
    (name, table), *_ = document["inputs"].items()
    assert table["sha256"] == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    assert list(document["files"]) == ["ranking.png"]


def test_documents_have_no_clock_and_equal_bytes(tmp_path: Path, monkeypatch):
    # The commit may change while the tests run; it is the one thing that has to differ then.
    monkeypatch.setattr(provenance, "commit", lambda root: "0123456789abcdef")
    a, b = (
        {
            Path(k).name: json.dumps(v).replace(str(tmp_path / part), "")
            for k, v in study.finished(tmp_path / part)["documents"].items()
        }
        for part in ("one", "two")
    )
    assert a == b
    assert "0123456789abcdef" in a["ranking.provenance.json"]
    provenance.write_document({"b": 1, "a": [2]}, tmp_path / "d.json")
    assert json.loads((tmp_path / "d.json").read_text()) == {"b": 1, "a": [2]}


def test_commit_is_known_in_a_repository_and_none_elsewhere(tmp_path: Path, monkeypatch):
    assert commit(tmp_path) is None
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert commit(tmp_path) == head
    # A folder that belongs to somebody else, as a shared installation or one that a container mounts.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert commit(tmp_path) == head


@pytest.fixture(scope="module")
def crate(run):
    results = run["results"]
    (results / "provenance").mkdir()
    for name in ("Snakefile", "config.yaml"):
        (results / "provenance" / name).write_text("x\n", encoding="utf-8")
    return make_crate(
        run["run"],
        results=results,
        workflow_file="provenance/Snakefile",
        config_file="provenance/config.yaml",
        texts={run["statement"]: "ranking in words"},
    )


def entity(crate, identifier):
    (found,) = [e for e in crate["@graph"] if e["@id"] == identifier]
    return found


def test_mixtures_of_versions_are_named(run):
    assert run["run"]["mixtures"] == ["leis: its measurements were made with numpy 2.4.5 and 2.4.6"]


def test_a_run_with_problems_has_failed(run, crate, tmp_path: Path):
    assert entity(crate, "#run")["actionStatus"] == "http://schema.org/CompletedActionStatus"
    problem = "a.txt: line 1: expected a number"
    failed = make_crate(
        run["run"],
        results=run["results"],
        workflow_file="provenance/Snakefile",
        config_file="provenance/config.yaml",
        problems=[problem],
        texts={},
    )
    assert entity(failed, "#run")["actionStatus"].endswith("/FailedActionStatus")
    assert entity(failed, "#run")["error"] == problem


def test_the_code_is_the_same_archive_for_the_same_files(tmp_path: Path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    for name in ("one.zip", "two.zip"):
        os.utime(tmp_path / "a.py")
        write_code({"workflow/a.py": tmp_path / "a.py"}, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_crate_follows_ro_crate(crate):
    assert crate["@context"].startswith("https://w3id.org/ro/crate/1.1")
    descriptor = entity(crate, "ro-crate-metadata.json")
    assert descriptor["about"] == {"@id": "./"}
    root = entity(crate, "./")
    assert {"name", "description", "datePublished", "license", "hasPart", "mainEntity"} <= set(root)
    assert {c["@id"] for c in root["conformsTo"]} == set(PROFILES)
    assert len({e["@id"] for e in crate["@graph"]}) == len(crate["@graph"])


def test_every_reference_in_the_crate_leads_somewhere(crate):
    known = {e["@id"] for e in crate["@graph"]}

    def references(value):
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                yield value["@id"]
            for v in value.values():
                yield from references(v)
        elif isinstance(value, list):
            for v in value:
                yield from references(v)

    for e in crate["@graph"]:
        loose = set(references(e)) - known
        assert all(i.startswith(("http://", "https://")) for i in loose), loose


def test_crate_describes_the_run(crate, run):
    workflow = entity(crate, "provenance/Snakefile")
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow"} <= set(workflow["@type"])
    assert entity(crate, "./")["mainEntity"]["@id"] == workflow["@id"]
    action = entity(crate, "#run")
    assert action["@type"] == "CreateAction"
    assert action["instrument"]["@id"] == workflow["@id"]
    assert entity(crate, "./")["mentions"]["@id"] == "#run"
    results = {r["@id"] for r in action["result"]}
    assert {"tables/ranking.csv", "tables/ranking_statement.txt"} <= results
    assert all((run["results"] / r).is_file() for r in results)
    inputs = [entity(crate, i["@id"]) for i in action["object"]]
    raw = [e for e in inputs if e["@id"].startswith("ni:///sha-256;")]
    assert {e["name"].rsplit("/", 1)[1] for e in raw} == {"index.csv", "a.txt"}
    assert all(len(e["sha256"]) == 64 for e in raw)
    parts = {p["@id"] for p in entity(crate, "./")["hasPart"]}
    assert results <= parts


def test_crate_is_read_by_another_reader_of_crates(crate, run, tmp_path: Path):
    from rocrate.rocrate import ROCrate

    path = run["results"] / "ro-crate-metadata.json"
    write_crate(crate, path)
    first = path.read_bytes()
    write_crate(crate, path)
    assert path.read_bytes() == first
    again = ROCrate(run["results"])
    assert again.mainEntity.id == "provenance/Snakefile"
    assert again.get("#run")["instrument"].id == "provenance/Snakefile"


def test_the_time_in_the_crate_is_that_of_the_newest_result(run):
    results = run["results"]
    for path in run["run"]["results"]:
        os.utime(path, (1.7e9, 1.7e9))
    newest = next(iter(run["run"]["results"]))
    os.utime(newest, (1.8e9, 1.8e9))
    for name in ("Snakefile", "config.yaml"):
        (results / "provenance").mkdir(exist_ok=True)
        (results / "provenance" / name).write_text("x\n", encoding="utf-8")
    made = [
        make_crate(
            run["run"],
            results=results,
            workflow_file="provenance/Snakefile",
            config_file="provenance/config.yaml",
            texts={},
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert entity(made[0], "#run")["endTime"] == "2027-01-15T08:00:00+00:00"
