"""What stands between jobs is told whole from damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.analysis import Analysis, damage, save_rows


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    save_rows(Analysis(problem="nothing measured"), tmp_path / "rows.json")
    return tmp_path / "rows.json"


def test_whole_rows_are_not_damaged(rows: Path) -> None:
    assert damage(rows) is None


def test_cut_rows_are_damaged(rows: Path) -> None:
    rows.write_bytes(rows.read_bytes()[:-10])
    assert damage(rows)


def test_another_document_is_not_damaged(tmp_path: Path) -> None:
    """A job that fails must not remove provenance.json because it holds no rows."""
    path = tmp_path / "provenance.json"
    path.write_text('{"study": {"title": "a"}}')
    assert damage(path) is None
