"""A content hash of a script and of every library module that it reaches by import.

Snakemake tracks a script by its modification time and imported modules not at all. A rule that carries
this hash as a parameter reruns when a line of its code changes, and on nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOTS = (PACKAGE.parent, PACKAGE.parent / "scripts")  # coatbench.*, and what the scripts share
# Python's own parser would take longer than all else that is done while the rules are read.
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<base>[\w.]*)[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|.*)",
    re.M,
)
# What only a check of types imports, no job.
ANNOTATIONS = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t].*\n|\n)+", re.M)


@cache
def _modules() -> dict[str, Path]:
    """Return the file of every module by its dotted name, of a package its __init__; looked up once, not name by name."""
    found: dict[str, Path] = {}
    for root in reversed(ROOTS):
        for path in root.rglob("*.py"):
            parts = path.relative_to(root).parts
            name = parts[:-1] if path.name == "__init__.py" else (*parts[:-1], path.stem)
            found[".".join(name)] = path
    return found


@cache
def _resolve(module: str) -> tuple[Path, ...]:
    """Return the files of a dotted module name, its packages' __init__ included."""
    known, parts = _modules(), module.split(".")
    if module not in known:
        return ()
    names = (".".join(parts[:i]) for i in range(1, len(parts) + 1))
    return tuple(known[name] for name in names if name in known)


def _names(text: str) -> Iterator[str]:
    """Yield what an import statement names, without what it is called here."""
    for part in re.sub(r"#.*|[()]", "", text).split(","):
        yield from part.split()[:1]


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Return the project's own files that one file imports, anywhere in it."""
    found: set[Path] = set()
    package = list(path.relative_to(PACKAGE.parent).parts[:-1]) if _inside(path) else []
    for statement in IMPORT.finditer(ANNOTATIONS.sub("", path.read_text(encoding="utf-8"))):
        names = list(_names(statement["names"]))
        if statement["base"] is not None:
            up = len(statement["dots"])
            anchor = package[: len(package) - up + 1] if up else []
            base = ".".join(filter(None, [*anchor, statement["base"]]))
            names = [base, *(f"{base}.{name}" for name in names)]
        for name in names:
            found.update(_resolve(name))
    return frozenset(found)


def _inside(path: Path) -> bool:
    return PACKAGE in path.parents


@cache
def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _data(folder: Path) -> list[Path]:
    return [p for p in folder.glob("data/**/*") if p.is_file()]


def reached(*entries: str | Path) -> list[Path]:
    """Return all files of the project that the entries reach, with the frozen data beside them.

    A reader is imported by name from `readers/recognise.py`, which no import graph shows, so an entry may
    also be a folder: all modules in it.
    """
    todo: list[Path] = []
    for entry in (Path(e).resolve() for e in entries):
        todo += sorted(entry.glob("*.py")) if entry.is_dir() else [entry]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path))
    for folder in {path.parent for path in seen}:
        seen.update(_data(folder))
    return sorted(seen)


@cache
def digest(*entries: str | Path) -> str:
    """Return the content hash of all code and frozen data that the entries reach (16 hex digits)."""
    total = hashlib.sha256()
    for path in reached(*entries):
        total.update(path.relative_to(PACKAGE.parent).as_posix().encode())
        total.update(_content(path))
    return total.hexdigest()[:16]


def project_files(root: Path) -> dict[str, Path]:
    """Return the files that the workflow needs to run, name below the project's folder -> path."""
    names = [
        "Snakefile",
        "config.yaml",
        "environment.yml",
        "pyproject.toml",
        "requirements.lock",
        "LICENSE",
    ]
    found = [path for name in names if (path := root / name).is_file()]
    found += [
        path
        for path in (root / "workflow").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    ]
    return {path.relative_to(root).as_posix(): path for path in sorted(found)}


def digest_of(paths: Iterable[Path]) -> str:
    """Return the content hash of files (16 hex digits)."""
    total = hashlib.sha256()
    for path in paths:
        total.update(_content(path))
    return total.hexdigest()[:16]
