"""Checksums of files and folders, as `sha256sum` would print them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


def checksum(path: str | Path) -> dict[str, Any]:
    """Return sha256 and size of a file, or of all files of a folder together.

    The checksum of a folder is that of the sorted lines ``<sha256>  <path inside it>``, as ``sha256sum``
    would print them.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        found = [(checksum(p), p.relative_to(path).as_posix()) for p in inside]
        listing = "".join(f"{c['sha256']}  {name}\n" for c, name in found)
        return {
            "sha256": hashlib.sha256(listing.encode()).hexdigest(),
            "bytes": sum(c["bytes"] for c, _ in found),
            "files": len(found),
        }
    total = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            total.update(block)
            size += len(block)
    return {"sha256": total.hexdigest(), "bytes": size}


def checksums(paths: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """Return path -> checksum, each path once, in their order."""
    return {str(p): checksum(p) for p in dict.fromkeys(map(str, paths))}


def replaced(known: Mapping[str, Mapping[str, Any]], since_ns: int) -> list[str]:
    """Return the files of `known`, path -> checksum, that hold something else since a time.

    Only what the file system says was changed since then is read again. A file that is gone is not named.
    """
    found = []
    for name, was in known.items():
        path = Path(name)
        inside = [path, *path.rglob("*")] if path.is_dir() else [path]
        try:
            # The time of the entry, not of the content: a file moved here keeps the latter.
            recent = any(p.stat().st_ctime_ns >= since_ns for p in inside)
            if recent and checksum(path) != was:
                found.append(name)
        except FileNotFoundError:
            continue
    return found
