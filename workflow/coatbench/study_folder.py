"""What stands in a study's folder: its tables, its techniques' folders, and what is nearly one of them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from .spelling import composed, likeness, nearest, plain
from .techniques import TECHNIQUES

# Beside its index a technique's folder may hold these without holding exports.
NOT_EXPORTS = ("index.csv", "index.xlsx", "readme.md", "readme.txt")
OTHER_TABLES = (".xls", ".ods", ".xlsm", ".xlsb", ".numbers", ".tsv", ".txt")


def entries(folder: Path) -> list[str]:
    """Return the names in a folder as they are spelled, on every file system; none where it cannot be read."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []


def as_spelled(folder: Path, name: str) -> str:
    """Return a name below a folder as it is spelled there, as far as it is there: macOS writes an accent behind its letter."""
    parts: list[str] = []
    for part in Path(name).parts:
        if not part.isascii() and part not in (there := entries(folder.joinpath(*parts))):
            part = next((n for n in there if composed(n) == composed(part)), part)
        parts.append(part)
    return Path(*parts).as_posix()


def no_names(config: Mapping[str, Any]) -> list[str]:
    """Say which of the two folders of a run has no name: none is given, or its digits were read as a number."""
    lines = []
    for key in ("study", "results"):
        if not (found := config.get(key)):
            lines.append(f"{key}: expected a folder, found nothing")
        elif not isinstance(found, str):
            kind = "a number" if isinstance(found, int | float) else "no text"
            lines.append(
                f"{key}: expected a folder, found {found}, which Snakemake has read as {kind}; write {key}=./NAME"
            )
    return lines


def own_exports(folder: str | Path) -> list[str]:
    """Return what a study's technique folders hold besides their indexes, relative to the study.

    A study that holds anything of its own is never simulated, whatever its study.yaml says: a mistyped file name is
    reported there, not invented.
    """
    folder = Path(folder)
    return [
        f"{technique}/{name}"
        for technique in TECHNIQUES
        if (folder / technique).is_dir()
        for name in entries(folder / technique)
        if not name.startswith((".", "~$")) and name.casefold() not in NOT_EXPORTS
    ]


def find_table(
    folder: Path, name: str, problems: list[str], notes: list[str], *, required: bool = True
) -> Path | None:
    """Return a table's file, as CSV or workbook; say what stands there instead."""
    there = [n for n in entries(folder) if not n.startswith("~$")]  # the lock of an open workbook
    found = [f"{name}{suffix}" for suffix in (".csv", ".xlsx") if f"{name}{suffix}" in there]
    if len(found) > 1:
        problems.append(f"{folder}: expected {found[0]} or {found[1]}, found both; remove one")
        return None
    if found:
        for other in there:
            stem, suffix = Path(other).stem, Path(other).suffix.lower()
            if (
                other not in found
                and suffix in (".csv", ".xlsx", ".xls", ".ods")
                and re.match(rf"(?i)(copy of |kopie von )?{name}(\W|_|\d|\Z)", stem)
            ):
                notes.append(f"{folder / other}: is not read; {found[0]} is")
        return folder / found[0]
    hint = _instead(name, there)
    if required:
        problems.append(f"{folder / name}.csv: expected a table, {hint or 'found none'}")
    elif hint or there:
        others = f"found {len(there)} other file{'s' if len(there) > 1 else ''} and no index"
        notes.append(
            f"{folder.name}: expected {folder / name}.csv, {hint or others}; not analysed as it stands"
        )
    return None


def _instead(name: str, there: list[str]) -> str:
    """Say which file is probably meant to be the table, and how to make it that."""
    for other in there:
        stem, suffix = Path(other).stem, Path(other).suffix.lower()
        if plain(stem) == plain(name) and suffix in OTHER_TABLES:
            return f"found {other}; save it as {name}.xlsx or {name}.csv"
        if plain(stem) in (plain(f"{name}.csv"), plain(f"{name}.xlsx")):
            return f"found {other}; did you mean {stem}? Rename it"
    near = nearest(name, [Path(n).stem for n in there if Path(n).suffix], 0.7)
    alike = next((n for n in there if near and Path(n).stem == near and Path(n).suffix), None)
    if alike is None:
        return ""
    suffix = ".xlsx" if alike.lower().endswith(".xlsx") else ".csv"
    return f"found {alike}; did you mean {name}{suffix}?"


def near_misses(folder: Path, used: Collection[str] = ()) -> Iterable[str]:
    """Name what is not read and probably meant to be: folders, settings and tables in the wrong place or spelling.

    `used` are folders that an index names files in.
    """
    for name in entries(folder):
        path = folder / name
        if name.startswith((".", "~$")) or (name in used and name not in TECHNIQUES):
            continue
        if name in TECHNIQUES:
            if not path.is_dir():
                yield f"{path}: is not read; expected a folder with an index.csv, found a file"
        elif path.is_dir():
            yield from _technique_meant(folder, name)
        elif Path(name).stem.casefold() == "index" and Path(name).suffix:
            yield f"{path}: is not read; an index stands in its technique's folder, such as {folder / 'xps' / name}"
        elif name not in ("study.yaml", "claims.csv", "samples.csv", "samples.xlsx"):
            yield from _file_meant(path)


def _technique_meant(folder: Path, name: str) -> Iterable[str]:
    words = {plain(part) for part in (*name.replace("-", "_").replace(" ", "_").split("_"), name)}
    for technique, about in TECHNIQUES.items():
        spellings = {plain(technique), plain(about.title), *map(plain, about.also)}
        if words & spellings or max(likeness(name, s) for s in spellings) >= 0.8:
            yield f"{folder / name}: is not read; did you mean {folder / technique}?"
            return
    if any(re.match(r"(?i)index\.(csv|xlsx)\Z", n) for n in entries(folder / name)):
        yield f"{folder / name}: is not read although it has an index; a technique's folder is one of {', '.join(TECHNIQUES)}"


def _file_meant(path: Path) -> Iterable[str]:
    stem = plain(path.name.split(".")[0])
    for known in ("study.yaml", "claims.csv"):
        suffixes = (".yaml", ".yml", ".txt") if known == "study.yaml" else (".csv", ".xlsx", ".xls", ".ods", ".txt")  # fmt: skip
        near = stem == plain(known.split(".")[0]) or likeness(stem, known.split(".")[0]) >= 0.85
        if near and path.suffix.lower() in suffixes:
            yield f"{path}: is not read; did you mean {known}?"
            return
    if path.suffix.lower() in (".yaml", ".yml") and stem == "config":
        yield f"{path}: is not read; a study's own settings stand in study.yaml"
