"""What the Snakefile imports at each parse, and what many small jobs import, loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ranking import synthetic

HEAVY = {"numpy", "pandas", "scipy", "xarray", "matplotlib", "lmfit", "numba", "rocrate", "jinja2"}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("ranking.columns", set()),
        ("claims.read", set()),
        ("report.provenance", set()),
        ("report.page", {"numpy"}),  # its living curves
        ("ranking.tables", {"numpy", "jinja2"}),
        ("claims.verdicts", {"numpy"}),
    ],
)
def test_imports_are_light(module, allowed):
    code = f"import sys, coatbench.{module}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(synthetic.ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert HEAVY & set(found) <= allowed
