"""Write config.yaml, docs/settings.md and coatbench/config_types.py from workflow/schemas/config: python docs/make_settings.py"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import make_config_types  # noqa: E402
from coatbench.settings_schema import config_schema, sources  # noqa: E402
from coatbench.techniques import TECHNIQUES  # noqa: E402

ORDER = ["top_level", "factors", "publication", "figures", *TECHNIQUES, "ranking"]
TAG = re.compile(r"(?<=:) !\S+(?=\s)")
HEAD = """# Settings

Every key of `config.yaml` with its type and its value as shipped; `xps.background` here is `background` below `xps` there. This page and
`config.yaml` are written by `make docs` from `workflow/schemas/config/*.yaml`, the one place where a key has its value, type and comment.

Types: `positive` is a number above 0, `number(0..1)` one from 0 to 1, `integer(1..)` a whole number from 1 on, `one_of(a/b)` one of these
words, `list(T)` any number of values of type T in brackets, `some(T)` at least one, `pair(T)` two, `or_null(T)` one or null, `each(T)` names
of your own with a T each, `named(N/T)` likewise with names as N says; `?`: the key may be left out. Other types stand below
their section or at the end. Without a type a value is of the kind that is shown.
"""
Row = tuple[str, str, str, str]  # key, type, value as shipped, comment


def ordered() -> dict[str, tuple[str, str]]:
    """Return the sources of all sections as they follow one another in config.yaml."""
    known = sources(ROOT / "workflow" / "schemas")
    return {name: known.pop(name) for name in [*ORDER, *sorted({*known} - {*ORDER, "types"}), "types"] if name in known}  # fmt: skip


def config() -> str:
    """Return config.yaml as shipped."""
    texts = [text for name, (text, _) in ordered().items() if name != "types"]
    return "\n\n".join(TAG.sub("", text).rstrip("\n") for text in texts) + "\n"


def rows(text: str) -> Iterator[Row]:
    """Yield the keys of a section, down to those that have a type."""
    lines = text.splitlines()

    def walk(node: yaml.Node, place: str) -> Iterator[Row]:
        for key, value in node.value:
            block = isinstance(value, yaml.CollectionNode) and not value.flow_style
            kind = value.tag[1:] if value.tag.startswith("!") else ""
            shown = "" if block else text[value.start_mark.index : value.end_mark.index]
            yield f"{place}{key.value}", kind, TAG.sub("", f": {shown}")[2:], comment(lines, key)
            if isinstance(value, yaml.MappingNode) and kind in ("", "?"):
                yield from walk(value, f"{place}{key.value}.")

    yield from walk(yaml.compose(text), "")


def comment(lines: list[str], key: yaml.Node) -> str:
    """Return the comment above a key and the one behind it."""
    above = here = key.start_mark.line
    while above and re.match(rf" {{{key.start_mark.column}}}#", lines[above - 1]):
        above -= 1
    said = "\n".join(line.strip()[2:] for line in lines[above:here])
    said = re.sub(
        r"^  (\S.*?)  +", r"\n`\1`: ", said, flags=re.M
    )  # a list of keys with what they mean
    behind = re.search(r"\s# (.*)", lines[here])
    parts = [said.rstrip("."), behind[1] if behind else ""]
    return " ".join(". ".join(p for p in parts if p).replace("\n`", "; `").split())


def types() -> str:
    """Return the module of types."""
    return make_config_types.module(config_schema(ROOT / "workflow" / "schemas"))


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for name, (text, types) in ordered().items():
        parts.append(f"## {name}\n")
        if name == "types":
            types = text
        else:
            parts.append("| key | type | value | meaning |\n|---|---|---|---|")
            for *cells, said in rows(text):
                line = [*(f"`{c}`" if c else "" for c in cells), said]
                parts.append(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in line)} |")
            parts.append("")
        if types:
            parts.append(f"```yaml\n{types.rstrip()}\n```\n")
    return "\n".join(parts)


def write(folder: Path = ROOT) -> None:
    """Write all three files; values of somebody's own stay."""
    path = folder / "config.yaml"
    if path.exists() and yaml.safe_load(path.read_text("utf-8")) != yaml.safe_load(config()):
        print(
            f"{path}: left as it is: it holds values that differ from workflow/schemas/config; for those delete it first"
        )
    else:
        path.write_text(config(), encoding="utf-8")
    (folder / "docs" / "settings.md").write_text(page(), encoding="utf-8")
    (folder / "workflow" / "coatbench" / "config_types.py").write_text(types(), encoding="utf-8")


if __name__ == "__main__":
    write()
