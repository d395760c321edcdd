"""Which files hold something else than when they were analysed; only those that changed since are read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from coatbench import checksums
from coatbench.checksums import replaced


@pytest.fixture
def known(tmp_path: Path) -> dict[str, dict]:
    (tmp_path / "a.txt").write_text("one", encoding="utf-8")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.txt").write_text("one", encoding="utf-8")
    return checksums.checksums([tmp_path / "a.txt", tmp_path / "images"])


def later() -> int:
    """A time that lies after all that was written, also where the file system's clock is coarse."""
    time.sleep(0.02)
    now = time.time_ns()
    time.sleep(0.02)
    return now


def test_nothing_is_read_that_did_not_change(known: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "checksum", lambda path: pytest.fail(f"{path} was read"))
    assert replaced(known, later()) == []


def test_what_was_replaced_is_named(known: dict, tmp_path: Path) -> None:
    since = later()
    (tmp_path / "images" / "1.txt").write_text("two", encoding="utf-8")
    # An older file moved here keeps its time.
    (tmp_path / "other").write_text("two", encoding="utf-8")
    os.utime(tmp_path / "other", (1e9, 1e9))
    (tmp_path / "other").replace(tmp_path / "a.txt")
    assert replaced(known, since) == list(known)


def test_a_touched_file_is_the_same(known: dict, tmp_path: Path) -> None:
    since = later()
    (tmp_path / "a.txt").touch()
    assert replaced(known, since) == []


def test_one_more_file_in_a_folder_and_one_that_is_gone(known: dict, tmp_path: Path) -> None:
    since = later()
    (tmp_path / "images" / "2.txt").write_text("one", encoding="utf-8")
    (tmp_path / "a.txt").unlink()
    assert replaced(known, since) == [str(tmp_path / "images")]
