"""A content hash of a script and of every library module that it reaches by import.

Snakemake tracks a script by its modification time and imported modules not at all. A rule that carries
this hash as a parameter reruns when a line of its code changes, and on nothing else.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
ROOTS = (PACKAGE.parent, PACKAGE.parent / "scripts")  # coatbench.*, and the scripts' door


@cache
def _resolve(module: str) -> tuple[Path, ...]:
    """Return the files of a dotted module name, its packages' __init__ included."""
    parts = module.split(".")
    for root in ROOTS:
        base = root.joinpath(*parts)
        inits = [
            p
            for i in range(1, len(parts))
            if (p := root.joinpath(*parts[:i], "__init__.py")).is_file()
        ]
        if (base / "__init__.py").is_file():
            return (*inits, base / "__init__.py")
        if base.with_suffix(".py").is_file():
            return (*inits, base.with_suffix(".py"))
    return ()


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Walk all statements, at any depth; expressions hold no import and are most of a file."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, name, ()):
            if isinstance(inner, ast.stmt):
                yield inner
            yield from _statements(inner)


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Return the project's own files that one file imports, anywhere in it."""
    found: set[Path] = set()
    package = list(path.relative_to(PACKAGE.parent).parts[:-1]) if _inside(path) else []
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            anchor = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*anchor, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            found.update(_resolve(name))
    return frozenset(found)


def _inside(path: Path) -> bool:
    return PACKAGE in path.parents


@cache
def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def reached(*entries: str | Path) -> list[Path]:
    """Return all files of the project that the entries reach, with the frozen data beside them.

    A reader is imported by name from `readers/recognise.py`, which no import graph shows, so an entry may
    also be a folder: all modules in it.
    """
    todo = []
    for entry in map(Path, entries):
        todo += sorted(entry.glob("*.py")) if entry.is_dir() else [entry]
    seen: set[Path] = set()
    while todo:
        path = todo.pop().resolve()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path))
    for folder in {path.parent for path in seen}:
        seen.update(p for p in folder.glob("data/*") if p.is_file())
    return sorted(seen)


@cache
def digest(*entries: str | Path) -> str:
    """Return the content hash of all code and frozen data that the entries reach (16 hex digits)."""
    total = hashlib.sha256()
    for path in reached(*entries):
        total.update(path.relative_to(PACKAGE.parent.resolve()).as_posix().encode())
        total.update(_content(path))
    return total.hexdigest()[:16]
