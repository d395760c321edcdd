"""pyproject.toml, the locks and the environments of conda name the same packages and versions."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import coatbench
import pytest
import yaml
from coatbench.software import PACKAGES
from conftest import ROOT

# Packages that conda calls otherwise.
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "ruamel.yaml": "ruamel-yaml",
    "snakemake-minimal": "snakemake",
}
# What tests, development and the bench need, and jobs do not.
TOOLS = ("dev", "bench")
FULL, LEAN = "requirements.lock", "workflow/envs/coatbench.lock"


def in_pyproject(left_out: tuple[str, ...] = ()) -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"]]
    for name, extra in project["optional-dependencies"].items():
        listed += [r for r in extra if not r.startswith("coatbench[") and name not in left_out]
    return dict(r.split("==") for r in listed)


def blocks(lock: str) -> dict[tuple[str, str], set[str]]:
    """Name and version of each package of a lock with its hashes, one entry per marker."""
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text().strip()):
        (name, version), *_ = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", block)
        found[name, version] = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
    return found


def in_lock(lock: str) -> dict[str, str]:
    return dict(blocks(lock).keys())


def in_conda() -> dict[str, str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    pinned = [e.split("=") for e in listed if isinstance(e, str) and re.search(r"[^>]=", e)]
    return {CONDA_NAMES.get(n, n): v for n, v in pinned} | dict(r.split("==") for r in pip)


def test_pyproject_and_conda_agree() -> None:
    assert in_conda() == in_pyproject()


@pytest.mark.parametrize(("lock", "left_out"), [(FULL, ()), (LEAN, TOOLS)])
def test_lock_holds_the_pinned_versions(lock: str, left_out: tuple[str, ...]) -> None:
    pinned = in_pyproject(left_out)
    assert {n: in_lock(lock).get(n) for n in pinned} == pinned


@pytest.mark.parametrize("lock", [FULL, LEAN])
def test_every_locked_package_has_a_hash_and_no_address(lock: str) -> None:
    assert all(blocks(lock).values())
    text = (ROOT / lock).read_text()
    assert len(blocks(lock)) == len(re.findall(r"^\S+==", text, flags=re.M))
    assert "://" not in text


def test_the_lean_lock_is_the_full_one_without_tools() -> None:
    full, lean = blocks(FULL), blocks(LEAN)
    assert lean == {package: full.get(package) for package in lean}
    tools = in_pyproject().keys() - in_pyproject(TOOLS).keys()
    assert tools and not tools & in_lock(LEAN).keys()


def what_jobs_import() -> set[str]:
    """Modules of others that the workflow's code imports: all but the bench, which runs where a browser is."""
    scripts = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    imported = set()
    for path in (ROOT / "workflow").rglob("*.py"):
        if path.parent.name == "bench":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    return imported - sys.stdlib_module_names - scripts - {"coatbench"}


def test_the_lean_lock_has_what_jobs_import() -> None:
    known, distributions = in_lock(LEAN), packages_distributions()
    foreign = what_jobs_import()
    assert {"numpy", "galvani", "snakemake"} < foreign
    named = {m: {re.sub("[-_.]+", "-", d).lower() for d in distributions[m]} for m in foreign}
    assert not {module for module, names in named.items() if not names & known.keys()}


def test_records_hold_the_version_of_what_jobs_import() -> None:
    """Else results of two versions of it pass for those of one. Settings and text alone go through what is left out."""
    of_no_number = {"jsonschema", "markupsafe", "ruamel", "yaml"}
    assert what_jobs_import() - of_no_number <= set(PACKAGES.values())
    assert set(PACKAGES) <= in_pyproject().keys()


def test_conda_and_pyproject_ask_for_the_same_python() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"python{project['requires-python']}" in listed


@pytest.mark.parametrize("path", ["environment.yml", "pyproject.toml", "Containerfile"])
def test_no_registry_host(path: str) -> None:
    assert not re.search(r"https?://", (ROOT / path).read_text())


def test_the_lean_environment_is_the_full_one_without_tools() -> None:
    listed = yaml.safe_load((ROOT / "workflow/envs/coatbench.yml").read_text())["dependencies"]
    full = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    tools = in_pyproject().keys() - in_pyproject(TOOLS).keys()

    def flat(entries: list) -> set[str]:
        plain = {e for e in entries if isinstance(e, str)}
        return plain | {p for e in entries if isinstance(e, dict) for p in e["pip"]}

    assert flat(listed) < flat(full)
    left_out = {re.split("=+", entry)[0] for entry in flat(full) - flat(listed)}
    assert {CONDA_NAMES.get(name, name) for name in left_out} == tools


def test_the_image_is_made_of_the_lean_lock_and_checked_by_hash() -> None:
    """Its files come from the folder that the build is given."""
    text = (ROOT / "Containerfile").read_text()
    (folder,) = re.findall(r"podman build .*-f Containerfile (\S+)", text)
    copied = re.findall(r"^COPY (\S+) (\S+)", text, flags=re.M)
    assert copied == [("coatbench.lock", "/opt/coatbench/")]
    assert f"{folder}/coatbench.lock" == LEAN
    assert "--require-hashes -r /opt/coatbench/coatbench.lock" in text
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert f"FROM python:{wanted.removeprefix('>=')}-" in text


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert version == coatbench.__version__ == citation["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
