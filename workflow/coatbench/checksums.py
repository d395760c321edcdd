"""Checksums of files and folders, as `sha256sum` would print them, and how a file system says that nothing changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
CLOCKS_DIFFER_S = 60  # of two machines that share a file system: nothing to speak of


def state(path: str | Path) -> str | None:
    """Return size, time of change, inode and time of the inode's change; None where nothing is.

    Two equal states of a path mean the same content, whatever the time of change alone may say: a file moved there, a
    copy that kept its time and an unpacked archive have another inode or another change of it. A folder's state is
    that of all files below it, as one hash.
    """
    try:
        found = Path(path).stat()
    except OSError:
        return None
    if not Path(path).is_dir():
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ino} {found.st_ctime_ns}"
    inside = _files_in(Path(path))
    listing = "".join(f"{p.relative_to(path).as_posix()} {state(p)}\n" for p in inside)
    return f"{len(inside)} files {hashlib.sha256(listing.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def in_future(path: str | Path, by_s: float = 0.0) -> bool:
    """Tell whether a file, or a link to it, has a time of change that is still to come; nothing has none."""
    try:
        newest = max(f(path).st_mtime for f in (os.lstat, os.stat))
    except OSError:
        return False
    return newest > time.time() + by_s


def checksum(path: str | Path) -> dict[str, Any]:
    """Return sha256 and size of a file, or of all files of a folder together.

    The checksum of a folder is that of the sorted lines ``<sha256>  <path inside it>``, as ``sha256sum``
    would print them. Within one process a file is read once for each state that it has.
    """
    path = Path(path)
    if path.is_dir():
        inside = _files_in(path)
        found = [(checksum(p), p.relative_to(path).as_posix()) for p in inside]
        listing = "".join(f"{c['sha256']}  {name}\n" for c, name in found)
        return {
            "sha256": hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest(),
            "bytes": sum(c["bytes"] for c, _ in found),
            "files": len(found),
        }
    sha256, size = _read(str(path.absolute()), state(path))
    return {"sha256": sha256, "bytes": size}


@cache
def _read(path: str, _state: str | None) -> tuple[str, int]:
    total = hashlib.sha256()
    size = 0
    with Path(path).open("rb") as stream:
        while block := stream.read(CHUNK):
            total.update(block)
            size += len(block)
    return total.hexdigest(), size


def checksums(paths: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """Return path -> checksum, each path once, in their order."""
    return {str(p): checksum(p) for p in dict.fromkeys(map(str, paths))}


def _files_in(folder: Path) -> list[Path]:
    """Return what stands in a folder, without the mark that Snakemake leaves in one when its job has ended."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
