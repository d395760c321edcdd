"""Anybody's tests: what a clone of the repository alone does not have is asked for in one place."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

# A program or a right that is not there; an optional library is asked for by `importorskip`.
OWN_REASONS = {
    "conftest.py", "cluster/conftest.py", "cluster/test_cluster.py", "report/browsing.py", "report/test_provenance.py", "report/test_page.py",
    "frame/test_settings.py", "workflow/test_faults.py",
}  # fmt: skip


def test_only_one_place_knows_the_folder_beside_the_checkout() -> None:
    """So that a test is skipped for its lack by a fixture of `SECOND_LINE` alone."""
    for path in (ROOT / "tests").rglob("*.py"):
        name = path.relative_to(ROOT / "tests").as_posix()
        text = path.read_text(encoding="utf-8")
        if name not in OWN_REASONS | {"frame/test_shared.py"}:
            assert not re.search(r"pytest\.skip\(|mark\.skip", text), name
            assert not re.search(r"""/ ?["']shared["'/]|["']shared/|/shared\b""", text), name


def test_few_tests_read_nothing_but_handed_files(request: pytest.FixtureRequest) -> None:
    """Of all that were collected with this one, each counted: a NETZSCH binary has no writer here, and one study is run as a whole."""
    assert request.config.option.needy <= 7
