"""The files that an index names: whether each can be an input, how it is spelled, and whether two are the same."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path

from .checksums import checksum, in_future
from .errors import quote
from .index import together
from .marks import FILES, UNREADABLE, may_be_read
from .spelling import meant
from .study_folder import NOT_EXPORTS, as_spelled, entries
from .techniques import TECHNIQUES, Technique

PIECE_BYTES = 16384


def file_problems(
    path: Path,
    rows: Iterable[dict[str, str]],
    technique: Technique,
    allowed: Sequence[Path],
    notes: list[str],
    *,
    made: bool,
) -> list[str]:
    """Say of each file why it cannot be an input: absent, outside the study, of the wrong kind.

    Parameters
    ----------
    path : Path
        The index.
    rows : iterable of dict
        A file that is there under another spelling of the same name (a backslash, a composed umlaut) is put in its place.
    technique : Technique
    allowed : sequence of Path
        Folders in which files may lie.
    notes : list of str
        What was assumed is added.
    made : bool
        The exports are simulated: they need not be there.
    """
    wrong: list[tuple[str, str]] = []
    respelled = []
    for row in rows:
        for column in technique.index.named_files:
            if not (name := row[column]):
                continue
            if not made and (spelled := _spelled(path.parent, name)) != name:
                respelled.append(row["#"])
                row[column] = name = spelled
            if said := _problem(path, name, technique, column, allowed, made=made):
                wrong.append((row["#"], f"column {column}: {said}"))
    if respelled:
        more = f" (and in {len(respelled) - 1} more)" if len(respelled) > 1 else ""
        notes.append(f"{path}: row {respelled[0]}{more}: file name read as its file is spelled (slashes, accents, quotes)")  # fmt: skip
    return [f"{path}: {line}" for line in together(wrong)]


def _spelled(folder: Path, name: str) -> str:
    """Return a name as its file is spelled: an accent may be part of a letter or follow it, Windows writes backslashes."""
    if _exists(folder / name):
        return name
    name = name.strip("\"'")  # Windows copies a path with quotes around it
    slashed = name.replace("\\", "/") if not re.match(r"[A-Za-z]:", name) else name
    if slashed != name and _exists(folder / slashed):
        return slashed
    there = as_spelled(folder, slashed)
    return there if _exists(folder / there) else name


def _problem(
    path: Path, name: str, technique: Technique, column: str, allowed: Sequence[Path], *, made: bool
) -> str:
    """Return found and expected of a name that is no input; empty where it is one."""
    folder = path.parent
    file = folder / name
    where = f"found {quote(name)}, expected"
    try:
        file.resolve().exists()
    except (OSError, RuntimeError):  # a name that is too long, a link to itself
        return f"{where} a file below {folder}"
    if made:
        inside = not (Path(name).is_absolute() or ".." in Path(name).parts or "{" in name)
        return "" if inside else f"{where} a file below {folder} without braces in its name"
    if name.startswith("~"):
        return f"{where} a file below {folder}; ~ is not read as a home folder"
    if re.match(r"[A-Za-z]:[\\/]|\\\\", name):
        return f"{where} a file below {folder}, not a path of Windows{_near(folder, name)}"
    if not any(file.resolve().is_relative_to(root) for root in allowed):
        return f"{where} a file below the study folder; more_folders in config.yaml allows others"
    if not file.exists():
        return _absent(folder, name, where)
    if file.is_dir():
        return _folder_problem(file, name, technique, column, allowed)
    return "" if file.is_file() else f"{where} a regular file or folder, not a pipe or a device"


def _absent(folder: Path, name: str, where: str) -> str:
    if (folder / name).is_symlink():
        return f"{where} a file; it is a link to {quote(str((folder / name).readlink()))}, where none is"
    if re.search(r"[*?]|\[.+\]", name) and (found := _matching(folder, name)):
        return f"{where} one file, no pattern; it fits {found}: a row for each"
    if (folder.parent / name).exists():
        inside = os.path.relpath(folder.parent / name, folder)
        return f"{where} a file below {folder}: names are relative to the folder of the index; did you mean {inside}?"
    beside = (folder / name).parent
    if not beside.is_dir() and "\\" not in name:
        return f"expected a folder {beside}, found none"
    trailing = next((n for n in entries(beside) if n.strip() == Path(name).name), None)
    if trailing:
        return f"{where} a file below {folder}; found {quote(trailing)}, with a blank at its end: rename it"
    return f"{where} a file below {folder}{_near(beside if beside.is_dir() else folder, name)}"


def _matching(folder: Path, name: str) -> str:
    try:
        found = [p.relative_to(folder).as_posix() for p in sorted(folder.glob(name))]
    except (ValueError, NotImplementedError, OSError):
        return ""
    return ", ".join(found[:2]) + (f" and {len(found) - 2} more" if len(found) > 2 else "")


def _near(folder: Path, name: str) -> str:
    written = re.split(r"[\\/]", name)[-1]  # also of a path as Windows writes it
    there = [n for n in entries(folder) if n not in NOT_EXPORTS]
    hidden = [
        n for n in there if Path(n).stem == written
    ]  # Windows hides what comes behind the dot
    return meant(written, there) or (f"; did you mean {hidden[0]}?" if hidden else "")


def _folder_problem(
    file: Path, name: str, technique: Technique, column: str, allowed: Sequence[Path]
) -> str:
    """Say why a folder is no export: its technique has none, it holds no images, or it leads elsewhere."""
    pattern = technique.folder_of if column == technique.index.files[0] else ""
    inside = entries(file)
    if not pattern:
        near = f"; name a file in it, such as {name.rstrip('/')}/{inside[0]}" if inside else ""
        return f"found the folder {quote(name)}, expected a file{near}"
    if not any(re.search(pattern, n) for n in inside):
        return (
            f"found the folder {quote(name)}, expected a file, or a folder with images "
            "'<measurement> (<id>) - <label>.txt'"
        )
    with os.scandir(file) as found:
        for entry in found:
            target = Path(entry.path)
            outside = not any(target.resolve().is_relative_to(root) for root in allowed)
            if entry.is_symlink() and outside:
                return (
                    f"found {quote(name)}, expected a folder of files below the study folder; "
                    f"{quote(entry.name)} leads elsewhere"
                )
            if not entry.is_file() and not entry.is_dir() and not entry.is_symlink():
                return f"found {quote(name)}, expected regular files in it; {quote(entry.name)} is a pipe or a device"
    return ""


def mark_untold(folder: Path, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    """Mark all rows of a technique where Snakemake cannot be told of one of their files."""
    if all(may_be_told(folder / row[c]) for row in rows for c in columns if row[c]):
        return
    for row in rows:
        named = [c for c in columns if row[c] and may_be_read(row, c)]
        row[FILES] = "\n".join((folder / row[c]).as_posix() for c in named)


def may_be_told(path: str | Path) -> bool:
    """Tell whether a file may be an input of Snakemake's (`marks.FILES`)."""
    return "{" not in str(path) and not in_future(path)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # a name that is too long
        return False


def readable(file: Path) -> bool:
    """Tell whether a file may be read, as far as it is there."""
    return not _exists(file) or os.access(file, os.R_OK)


def unnamed(
    folder: Path, technique: str, rows: Iterable[Mapping[str, str]], used: Collection[Path] = ()
) -> Iterable[str]:
    """Name files that no row names although files beside them, of the same kind, are named: a row was forgotten.

    `rows` are all of the index, those that are left out too; `used` are files that other indexes name.
    """
    about = TECHNIQUES[technique]
    columns = about.index.named_files
    named = {folder / technique / row[c] for row in rows for c in columns if row[c]}
    named |= {path.with_name(beside) for path in named for beside in about.beside(path.name)}
    kinds = {(path.parent, path.suffix.lower()) for path in named if path.is_file()}
    known = {os.path.normpath(path) for path in (*named, *used)}
    found = [
        path
        for place in dict.fromkeys(parent for parent, _ in kinds)
        for name in entries(place)
        if (path := place / name).is_file()
        and (place, path.suffix.lower()) in kinds
        and os.path.normpath(path) not in known
        and not name.startswith((".", "~$"))
        and name.casefold() not in NOT_EXPORTS
    ]
    if found:
        shown = ", ".join(path.name for path in found[:3])
        shown += f" and {len(found) - 3} more" if len(found) > 3 else ""
        yield f"{technique}: no row of the index names {shown}"


def copies(folder: Path, measurements: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterable[str]:
    """Name exports of two samples that are the same, byte for byte: one of them is probably a copy by mistake.

    Content is read only where sizes are the same, in full only where beginning, middle and end are.
    """
    for technique, rows in measurements.items():
        column = TECHNIQUES[technique].index.files[0]
        files = {row[column]: row["sample"] for row in rows if UNREADABLE not in row}
        groups = [list(files)]
        for key in (_extent, _samples_of_bytes, _content):
            groups = [g for names in groups for g in _groups(folder / technique, names, key)]
        for one, *others in groups:
            for other in others:
                if files[other] != files[one]:
                    yield (
                        f"{technique}: {other} of {files[other]} is the same, byte for byte, as {one} of "
                        f"{files[one]}; was one copied by mistake?"
                    )


def _groups(folder: Path, names: Sequence[str], key: Callable[[Path], Hashable]) -> list[list[str]]:
    """Return those that share a key with another one; what has none (None) shares it with nobody."""
    found: dict[Hashable, list[str]] = {}
    for name in names:
        found.setdefault(key(folder / name), []).append(name)
    return [group for shared, group in found.items() if shared is not None and len(group) > 1]


def _content(file: Path) -> Hashable:
    return str(checksum(file)["sha256"])


def _extent(file: Path) -> Hashable:
    """Return the size of a file, or the names and sizes of what is in a folder."""
    try:
        if file.is_dir():
            with os.scandir(file) as inside:
                return (
                    tuple(sorted((e.name, e.stat().st_size) for e in inside if e.is_file())) or None
                )
        return file.stat().st_size or None
    except OSError:
        return None


def _samples_of_bytes(file: Path) -> Hashable:
    """Return the beginning, middle and end of a file: images of one kind may begin with the same thousands of zeros."""
    try:
        with file.open("rb") as stream:
            size = file.stat().st_size
            found = []
            for at in (0, size // 2, size - PIECE_BYTES):
                stream.seek(max(at, 0))
                found.append(stream.read(PIECE_BYTES))
            return tuple(found)
    except IsADirectoryError:
        return ()
    except OSError:
        return None
