"""What reads one key of a config section takes its value: then a signature says what it depends on."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from coatbench.settings import load_yaml
from coatbench.techniques import TECHNIQUES
from conftest import ROOT

LIBRARY, SCRIPTS = ROOT / "workflow" / "coatbench", ROOT / "workflow" / "scripts"


def sections(config: dict[str, Any]) -> set[str]:
    """The names of the sections of a config and of the mappings in them."""
    found = {name: section for name, section in config.items() if isinstance(section, dict)}
    return {*found, *(k for s in found.values() for k, v in s.items() if isinstance(v, dict))}


SECTIONS = {"config", "section", "settings", "setting"} | sections(load_yaml(ROOT / "config.yaml"))


def key_of(node: ast.AST, section: str) -> str | None:
    """The key that an expression reads of a section."""
    match node:
        case (
            ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key))
            | ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get"),
                args=[ast.Constant(value=key), *_],
            )
        ) if name == section:
            return str(key)
    return None


def reads_one_key(function: ast.FunctionDef) -> list[str]:
    """Arguments that are a section, of which the function reads one key and nothing else."""
    found = []
    for argument in [*function.args.args, *function.args.kwonlyargs]:
        if argument.arg in SECTIONS:
            inside = list(ast.walk(function))
            keys = [k for n in inside if (k := key_of(n, argument.arg)) is not None]
            uses = sum(isinstance(n, ast.Name) and n.id == argument.arg for n in inside)
            if len(set(keys)) == 1 and uses == len(keys):
                found.append(f"{function.name}({argument.arg}): {keys[0]}")
    return found


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]


def test_no_function_takes_a_section_for_one_key() -> None:
    # These are called alike for every technique or figure, so they take what any of them may need.
    found = {
        f"{path.relative_to(ROOT)}: {line}"
        for path in [*LIBRARY.rglob("*.py"), *SCRIPTS.rglob("*.py")]
        for function in functions(path)
        if function.name not in ("analyse", "collect", "describe", "draw", "simulate")
        for line in reads_one_key(function)
    }
    assert not found


def test_sections_have_their_types() -> None:
    # These two pick keys by their names.
    untyped = [
        f"{path.relative_to(ROOT)}: {function.name}({argument.arg})"
        for room in (*TECHNIQUES, "ranking", "figures")
        for path in (LIBRARY / room).rglob("*.py")
        for function in functions(path)
        for argument in [*function.args.args, *function.args.kwonlyargs]
        if argument.arg in SECTIONS and function.name not in ("reduce_config", "compare_config")
        and argument.annotation and ast.unparse(argument.annotation) in ("Any", "dict", "dict[str, Any]", "Mapping[str, Any]")
    ]  # fmt: skip
    assert not untyped, "annotate with a type of coatbench/config_types.py"
