"""A rule's code digest changes with the content of what it reaches, and with nothing else."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from coatbench.code_digest import _imports, _resolve, reached
from conftest import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path / "workflow"


def digest(workflow: Path, script: str) -> str:
    code = f"from coatbench.code_digest import digest; print(digest({str(workflow / 'scripts' / script)!r}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(workflow)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_reaches_what_a_script_imports() -> None:
    files = {p.name for p in reached(ROOT / "workflow" / "scripts" / "leis" / "sample.py")}
    assert {"sample.py", "job.py", "errors.py", "analysis.py", "analyse.py"} <= files
    assert "score.py" not in files  # another room


def imported(path: Path) -> set[Path]:
    """The same by Python's parser."""
    found: set[Path] = set()
    workflow = ROOT / "workflow"
    package = [] if "scripts" in path.parts else list(path.relative_to(workflow).parts[:-1])
    tree = ast.parse(path.read_bytes())
    tree.body = [n for n in tree.body if not (isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")]  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            anchor = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*anchor, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            found.update(_resolve(name))
    return found


def test_finds_every_import_that_python_finds() -> None:
    files = [
        p for folder in ("coatbench", "scripts") for p in (ROOT / "workflow" / folder).rglob("*.py")
    ]
    assert len(files) > 100
    assert {p: set(_imports(p)) for p in files} == {p: imported(p) for p in files}


def test_finds_imports_of_any_form(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "import job, coatbench.tables as t  # import coatbench.study\n"
        "from coatbench import (\n    analysis,  # the rows\n    curves as c,\n)\n"
        "if TYPE_CHECKING:\n    import lmfit\n\n    from coatbench.config_types import XpsConfig\n\n"
        "def f():\n    from coatbench.errors import ReadError\n"
    )
    names = {p.name for p in _imports(path)} - {"__init__.py"}
    assert names == {"job.py", "tables.py", "analysis.py", "curves.py", "errors.py"}


def test_touch_changes_nothing_and_an_edit_does(copy: Path) -> None:
    before = digest(copy, "leis/sample.py")
    for path in copy.rglob("*.py"):
        os.utime(path)
    assert digest(copy, "leis/sample.py") == before
    room = copy / "coatbench" / "leis" / "analyse.py"
    room.write_text(room.read_text() + "\n# a changed line\n")
    assert digest(copy, "leis/sample.py") != before
    assert digest(copy, "problems.py") == digest(ROOT / "workflow", "problems.py")


def test_a_new_key_of_the_settings_is_a_change_of_no_code() -> None:
    types = ROOT / "workflow" / "coatbench" / "config_types.py"
    assert types.is_file()
    for script in (ROOT / "workflow" / "scripts").rglob("*.py"):
        assert types not in reached(script), script


def test_is_the_same_in_another_folder(copy: Path) -> None:
    assert digest(copy, "leis/sample.py") == digest(ROOT / "workflow", "leis/sample.py")


@pytest.mark.parametrize(
    ("script", "data"), [("leis/sample.py", "leis/data"), ("report/page.py", "report/data/uplot")]
)
def test_frozen_data_counts(copy: Path, script: str, data: str) -> None:
    before = digest(copy, script)
    path = next(p for p in sorted((copy / "coatbench" / data).glob("*")) if p.is_file())
    path.write_bytes(path.read_bytes() + b"\n")
    assert digest(copy, script) != before
