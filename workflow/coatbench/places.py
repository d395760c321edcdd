"""Names of files that hold wherever the folders of results, study and workflow are copied to."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .marks import FILES

RECORDS = "provenance/jobs"
CLOCK = "provenance/clock"
SEEN = "provenance/seen.json"

_study: list[Path] = []  # whose exports this process reads, once a job has said so


def of_study(folder: str | Path) -> None:
    """Hold whose exports are read from now on: its own formats count for all of them, in whichever folder they lie."""
    _study[:] = [Path(folder)]


def study_at_work() -> Path | None:
    """Return that study; None where no job runs."""
    return _study[0] if _study else None


@dataclass(frozen=True)
class Places:
    """Where results, study and workflow are, names of files are relative to them; and in which folders besides exports may lie."""

    results: str
    study: str
    workflow: str
    more: tuple[str, ...] = ()

    def name(self, path: str | Path) -> str:
        """Return the name of a path, the same wherever the three folders are."""
        path = os.path.normpath(path)
        for kind in ("results", "study", "workflow"):
            folder = getattr(self, kind)
            if path == folder:
                return f"{kind}:"
            if path.startswith(folder + os.sep):
                return f"{kind}:{Path(path[len(folder) + 1 :]).as_posix()}"
        if not Path(path).is_absolute():
            return self.name(Path.cwd() / path)
        # Outside of all three: by its way from the study, which is copied together with it or not at all.
        return f"beside:{Path(os.path.relpath(path, self.study)).as_posix()}"

    def path(self, name: str) -> Path:
        """Return the path of a name."""
        kind, _, inside = name.partition(":")
        return Path(self.study if kind == "beside" else getattr(self, kind), inside)

    def shown(self, path: str | Path) -> str:
        """Return a path as documents show it, without what tells of this machine: `tables/a.csv`, `study/leis/a.txt`."""
        kind, _, inside = self.name(path).partition(":")
        if kind == "beside":
            return f"beside the study/{Path(inside).name}"
        return inside if kind == "results" else f"{kind}/{inside}".rstrip("/")

    def told(self, text: str) -> str:
        """Return a line of text without the absolute ways to the three folders, and to those that exports lie in besides."""
        for kind in ("results", "study", "workflow"):
            folder = getattr(self, kind)
            if Path(folder).is_absolute():
                text = text.replace(f"{folder}/", "" if kind == "results" else f"{kind}/")
                text = text.replace(f"{folder}:", f"{kind}:")
        for folder in self.more:
            for path in (Path(os.path.normpath(Path.cwd() / folder)), Path(folder).resolve()):
                if path.name:  # not the root: every path would be one of its
                    text = text.replace(f"{path}/", "beside the study/")
        return text

    def plain(self, value: Any) -> Any:
        """Return a parameter as JSON holds it, with names in place of paths."""
        if isinstance(value, str | Path):
            text = str(value)
            for kind in ("results", "study", "workflow"):
                folder = getattr(self, kind)
                # Not the folder's name alone: it may be a word, and is one only where it is spelled relative.
                if text.startswith(folder + "/"):
                    return f"{kind}:{text[len(folder) + 1 :]}"
            return text
        if isinstance(value, Mapping):
            # Whether Snakemake can be told of a file is not what a number depends on.
            return {str(self.plain(k)): self.plain(v) for k, v in value.items() if k != FILES}
        if isinstance(value, Sequence):
            return [self.plain(v) for v in value]
        if isinstance(value, set | frozenset):
            return sorted(str(self.plain(v)) for v in value)
        return value

    def digest(self, value: Any) -> str:
        """Return a hash of a parameter's content, and of its order: samples, windows and factors stand in that of the config."""
        text = json.dumps(self.plain(value), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def clock(self) -> str:
        """Return the folder whose time lies between those of results that do not hold and all others."""
        return os.path.normpath(f"{self.results}/{CLOCK}")

    def record_of(self, output: str | Path) -> Path:
        """Return where the record of the job stands that makes this file first."""
        kind, _, inside = self.name(output).partition(":")
        folder = "" if kind == "results" else f"_{kind}/"
        inside = "/".join("__" if part == ".." else part for part in inside.split("/"))
        return Path(self.results, RECORDS, f"{folder}{inside}.json")
