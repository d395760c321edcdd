"""What files hold now, as checksums, read again only where a file's state is another than the one that is known."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .analysis import write_atomically
from .checksums import checksum, state
from .places import SEEN, Places


def _seen_whole(entry: Any) -> bool:
    """Tell whether an entry of what was seen is a state and a checksum."""
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(e, str) for e in entry)


class Contents:
    """The checksums of files as they are now; a file is read only if its state is not known.

    What had to be read is remembered in `<results>/provenance/seen.json`, which takes precedence over the records: so a
    copied folder is read once, and what `verify` found is not forgotten.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self._path = Path(places.results, SEEN)
        try:
            seen = dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            seen = {}  # damaged: it says nothing
        self._seen = {name: entry for name, entry in seen.items() if _seen_whole(entry)}
        self._now: dict[str, str | None] = {}
        self._changed = False

    def sha256(self, name: str, known: Mapping[str, Any]) -> str | None:
        """Return the checksum of a file, None where it is gone; `known` is an entry of a record."""
        if name in self._now:
            return self._now[name]
        path = self.places.path(name)
        found = state(path)
        seen = self._seen.get(name)
        sha256: str | None
        if found is None:
            sha256 = None
        elif seen and seen[0] == found:
            sha256 = seen[1]
        elif known.get("state") == found:
            sha256 = str(known["sha256"])
        else:
            sha256 = self.read(name)
        self._now[name] = sha256
        return sha256

    def known(self, name: str) -> str | None:
        """Return the checksum that was found in this process, if any was."""
        return self._now.get(name)

    def read(self, name: str) -> str | None:
        """Read a file, whatever is known of it, and remember its checksum."""
        path = self.places.path(name)
        found = state(path)
        try:
            sha256 = str(checksum(path)["sha256"])
        except OSError:  # may not be read: its job says so
            return None
        self._seen[name] = [found, sha256]
        self._now[name] = sha256
        self._changed = True
        return sha256

    def stamp(self, path: str, time_ns: int) -> None:
        """Give a file or folder a time, and remember what it holds."""
        name = self.places.name(path)
        own_time = Path(path, ".snakemake_timestamp")  # of a folder that a job made
        for entry in (Path(path), own_time):
            with suppress(FileNotFoundError, NotADirectoryError):
                # Of a link its own: that is what Snakemake compares, and what it leads to may be anybody's.
                os.utime(entry, ns=(time_ns, time_ns), follow_symlinks=False)
        if sha256 := self._now.get(name):
            self._seen[name] = [state(path), sha256]
            self._changed = True

    def save(self) -> None:
        """Remember what was read. A folder that may not be written to only makes the next plan slower."""
        if self._changed:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._path, json.dumps(self._seen, indent=0, sort_keys=True))
