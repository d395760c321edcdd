"""The rooms of the library: which may import which. No arrow points upwards, and no import goes in a circle."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

from coatbench.techniques import TECHNIQUES
from conftest import ROOT

LIBRARY = ROOT / "workflow" / "coatbench"
# What a person calls: these see all the library, and no module of it imports one of them.
ENTRIES = {"bench", "check", "cli", "propose", "results"}
SHARED = "modules beside the rooms"


def modules() -> dict[str, Path]:
    """Every module of the library by its dotted name below `coatbench`; a package by its own."""
    names = {p: p.relative_to(LIBRARY).with_suffix("").parts for p in LIBRARY.rglob("*.py")}
    return {".".join(n[:-1] if n[-1] == "__init__" else n): p for p, n in names.items()}


def imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """What a module of the library imports of it, wherever the line stands in it."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        start = [p for p in package[: len(package) - node.level + 1] if p]
        base = ".".join([*start, *([node.module] if node.module else [])])
        for alias in node.names:
            full = f"{base}.{alias.name}".lstrip(".")
            found.add(full if full in known else base)
    return found - {name}


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imported(name, path, known) for name, path in known.items()}


def room_of(name: str) -> str:
    first = name.partition(".")[0]
    return first if (LIBRARY / first).is_dir() and first else SHARED


def test_no_import_goes_in_a_circle() -> None:
    assert len(list(TopologicalSorter(graph()).static_order())) > 200  # a circle raises


def test_no_arrow_points_upwards() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for name, others in graph().items():
        if name.partition(".")[0] in ENTRIES:
            continue
        assert not {other.partition(".")[0] for other in others} & ENTRIES, name
        arrows[room_of(name)] |= {room_of(other) for other in others} - {room_of(name)}
    assert arrows.pop(SHARED) == set()
    for technique in TECHNIQUES:
        assert arrows.pop(technique) == {SHARED, "readers"}, technique
    assert set(arrows) == {"readers", "figures", "ranking", "claims", "report", "simulate"}
    assert all(below == {SHARED} for below in arrows.values()), arrows
