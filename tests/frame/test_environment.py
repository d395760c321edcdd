"""pyproject.toml, requirements.lock and environment.yml name the same packages and versions."""

from __future__ import annotations

import re
import tomllib

import coatbench
import pytest
import yaml
from conftest import ROOT

# Packages that conda calls otherwise.
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "ruamel.yaml": "ruamel-yaml",
    "snakemake-minimal": "snakemake",
}


def in_pyproject() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        listed += [r for r in extra if not r.startswith("coatbench[")]
    return dict(r.split("==") for r in listed)


def in_lock() -> dict[str, str]:
    text = (ROOT / "requirements.lock").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, flags=re.M))


def in_conda() -> dict[str, str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    pinned = [e.split("=") for e in listed if isinstance(e, str) and re.search(r"[^>]=", e)]
    return {CONDA_NAMES.get(n, n): v for n, v in pinned} | dict(r.split("==") for r in pip)


def test_pyproject_and_conda_agree() -> None:
    assert in_conda() == in_pyproject()


def test_lock_holds_the_pinned_versions() -> None:
    lock = in_lock()
    assert {n: lock.get(n) for n in in_pyproject()} == in_pyproject()


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(blocks) == len(re.findall(r"^[a-z0-9._-]+==", text, flags=re.M))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_conda_and_pyproject_ask_for_the_same_python() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"python{project['requires-python']}" in listed


@pytest.mark.parametrize("path", ["requirements.lock", "environment.yml", "pyproject.toml"])
def test_no_registry_host(path: str) -> None:
    assert not re.search(r"https?://", (ROOT / path).read_text())


def test_the_lean_environment_is_the_full_one_without_tools() -> None:
    listed = yaml.safe_load((ROOT / "workflow/envs/coatbench.yml").read_text())["dependencies"]
    full = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    tools = {r.split("==")[0] for r in (*extras["dev"], *extras["bench"])}

    def flat(entries: list) -> set[str]:
        plain = {e for e in entries if isinstance(e, str)}
        return plain | {p for e in entries if isinstance(e, dict) for p in e["pip"]}

    assert flat(listed) < flat(full)
    left_out = {re.split("=+", entry)[0] for entry in flat(full) - flat(listed)}
    assert {CONDA_NAMES.get(name, name) for name in left_out} == tools


def test_the_image_is_made_from_files_that_are_there_and_checked_by_hash() -> None:
    text = (ROOT / "Containerfile").read_text()
    copied = re.findall(r"^COPY (\S+) ", text, flags=re.M)
    assert copied == ["requirements.lock"]
    assert all((ROOT / name).is_file() for name in copied)
    assert "--require-hashes" in text
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert f"FROM python:{wanted.removeprefix('>=')}" in text


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert version == coatbench.__version__ == citation["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
