"""pyproject.toml, requirements.lock and environment.yml name the same packages and versions."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml
from conftest import ROOT

# Packages that conda calls otherwise.
CONDA_NAMES = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


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
