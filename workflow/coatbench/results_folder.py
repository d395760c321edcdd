"""Whose a results folder is: one study's, and nobody's files are written over in it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from .analysis import write_atomically
from .checksums import checksum
from .errors import StudyError
from .places import CLOCK, RECORDS, SEEN, Places

STUDY = "provenance/study.json"
LOCK = "provenance/run.lock"


def claim(places: Places, samples: str | Path, *, takeover: bool = False) -> Callable[[], None]:
    """Hold that the results folder is that of this study; return what writes it down, for a run that is none on trial.

    A study is known by its way from the results folder, or by its table of samples: either may change, not both.

    Raises
    ------
    StudyError
        The folder holds results of another study, and `takeover` is not set.
    """
    path = Path(places.results, STUDY)
    now = {
        "way": Path(os.path.relpath(places.study, places.results)).as_posix(),
        "name": Path(places.study).name,
        "samples": checksum(samples)["sha256"],
    }
    try:
        was = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        was = None
    if not isinstance(was, dict) or was.keys() != now.keys():
        was = {}  # damaged: it says nothing
    other = was and all(was[key] != now[key] for key in ("way", "samples"))
    if other and not takeover and any(Path(places.results, RECORDS).rglob("*.json")):
        raise StudyError(
            [
                f"{places.results}: expected an empty folder or results of this study, found those of another, "
                f"of the folder {was['name']}; give another results=..., or take it over with --config takeover=true"
            ]
        )

    def write() -> None:
        if was != now:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(now, indent=1, ensure_ascii=False) + "\n")

    return write


def foreign(places: Places, planned: Iterable[str], *, takeover: bool = False) -> None:
    """Hold that nothing of somebody else's is written over in a folder that no run has made results in.

    Raises
    ------
    StudyError
        Files stand where results would, and `takeover` is not set.
    """
    folder = Path(places.results)
    # A folder `benchmarks` or a README.md alone is no sign: whoever writes programs has them, too.
    # `check` makes nothing but its own page and log.
    ours = (STUDY, RECORDS, "complete.txt", "benchmarks/problems.tsv", "logs/check.log")
    if takeover or not folder.is_dir() or any((folder / name).exists() for name in ours):
        return
    found = sorted({path for path in planned if os.path.lexists(path)})
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise StudyError(
            [
                f"{places.results}: expected an empty folder or results of this study, found {found[0]}{more} that no run "
                "has made; give another results=..., or have them written over with --config takeover=true"
            ]
        )


def hold(places: Places) -> TextIO | None:
    """Hold the results for one run, as long as what is returned is open; the end of a process, of any kind, lets go.

    Snakemake's own lock is one of the working folder: two runs from two folders would mix what they make.

    Raises
    ------
    StudyError
        Another run holds them.
    """
    path = Path(places.results, LOCK)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.open("a", encoding="utf-8")
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise StudyError(
            [
                f"{places.results}: expected results that no other run works on, found one that does; wait for its end"
            ]
        ) from None
    except (
        OSError
    ):  # may only be read, or a file system without locks: jobs say what they cannot do
        return None
    return held


@contextmanager
def may_be_written(places: Places) -> Iterator[None]:
    """Name a file of the results that may not be written, or finds no room, in place of a traceback."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            [
                f"{error.filename or places.results}: expected results that may be written, found: {error.strerror}; "
                "make room, get the right to, or give another results=..."
            ]
        ) from error


def taken_back(places: Places) -> Callable[[], None]:
    """Return what removes, at the end, what planning alone made of a results folder; after a run it removes nothing."""
    own = Path(places.results, STUDY).parent
    new = [p for p in (own, *own.parents) if not p.exists()]

    def take_back() -> None:
        ours = {Path(name).name for name in (STUDY, SEEN, CLOCK)}
        if own not in new or Path(places.results, "logs").exists() or not own.is_dir():
            return
        if {p.name for p in own.iterdir()} - ours:
            return
        with suppress(OSError):  # a folder that is not empty stays
            for path in own.iterdir():
                path.rmdir() if path.is_dir() else path.unlink()
            for folder in new:
                folder.rmdir()

    return take_back
