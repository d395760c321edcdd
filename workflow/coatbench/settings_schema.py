"""The settings' one source, `workflow/schemas/config/*.yaml`: values as shipped, comments, and the type of each key as a YAML tag.

    resamples: !integer(10..5000) 60   # resampled noise for uncertainties

Without the tags that is `config.yaml` (`make docs` writes it); with them it is what a configuration is held against. A key without a
tag has the kind of its value; `?` behind a type: the key may be absent. Types are built of `text`, `number(0..1)`, `integer(1..)`,
`positive(..10)`, `boolean`, `one_of(a/b)`, `list(T)`, `some(T)` (at least one), `pair(T)`, `or_null(T)`, `each(T)` (any keys), and
`named(names/T)` (keys that fit the type `names`). Further types stand behind `---`: mappings, whose keys are typed alike (`<<` takes
over another one's), and whatever JSON schema says, as `!schema`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .settings import YAML_LOADER
from .settings_words import of_schema

END = "\n---\n"  # of what stands in config.yaml
_KINDS = {"text": "string", "number": "number", "integer": "integer", "boolean": "boolean"}
_KIND_OF_VALUE = {"str": "string", "float": "number", "int": "number", "bool": "boolean"}
_ITEMS: dict[str, dict[str, int]] = {"list": {}, "some": {"minItems": 1}, "pair": {"minItems": 2, "maxItems": 2}}  # fmt: skip


def sources(folder: str | Path) -> dict[str, tuple[str, str]]:
    """Return by section what stands in `config.yaml`, with tags, and the types behind it."""
    found = {}
    for path in sorted((Path(folder) / "config").glob("*.yaml")):
        settings, _, types = path.read_text(encoding="utf-8").partition(END)
        found[path.stem] = (settings, types)
    return found


def nodes(text: str) -> dict[str, yaml.Node]:
    """Return the values of a mapping in YAML by key, as nodes, whose tags still stand."""
    root: Any = yaml.compose(text, Loader=YAML_LOADER)
    return {key.value: value for key, value in root.value} if root else {}


def config_schema(folder: str | Path) -> dict[str, Any]:
    """Return the JSON schema of the whole configuration."""
    texts = sources(folder)
    types = nodes(texts.pop("types")[0])
    for _, more in texts.values():
        types |= nodes(more)
    make = _Schema(types)
    top: Any = yaml.compose(texts.pop("top_level")[0], Loader=YAML_LOADER)
    schema = make.of_keys(top)
    for settings, _ in texts.values():
        schema["properties"] |= {key: make.of(node) for key, node in nodes(settings).items()}
    return schema


class _Schema:
    """Make a JSON schema of nodes of YAML and their tags."""

    def __init__(self, types: Mapping[str, yaml.Node]) -> None:
        self.types = types

    def of(self, node: yaml.Node) -> dict[str, Any]:
        tag = node.tag.removesuffix("?")
        if len(tag) > 1 and tag.startswith("!"):
            return self._raw(node) if tag == "!schema" else self.of_type(tag[1:])
        if isinstance(node, yaml.MappingNode):
            return self.of_keys(node)
        # A scalar behind `!?` has no resolved tag of its own.
        kind = yaml.SafeLoader("").resolve(yaml.ScalarNode, node.value, (True, False)) if tag == "!" else tag  # fmt: skip
        if (name := kind.rpartition(":")[2]) not in _KIND_OF_VALUE:
            raise ValueError(f"line {node.start_mark.line + 1}: expected a type, such as !list(text), before the value")  # fmt: skip
        return {"type": _KIND_OF_VALUE[name]}

    def of_keys(self, node: yaml.Node) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "object", "additionalProperties": False, "required": [], "properties": {}}  # fmt: skip
        for key, value in node.value:
            part = self.of(value)
            if key.value == "<<":
                made["required"] += part.pop("required", [])
                made["properties"] |= part.pop("properties", {})
                part.pop("title", None)
                made |= part
                continue
            made["properties"][key.value] = part
            if not value.tag.endswith("?"):
                made["required"].append(key.value)
        return made

    def of_type(self, text: str) -> dict[str, Any]:
        name, _, inner = text.removesuffix(")").partition("(")
        if name == "one_of":
            return {"enum": inner.split("/")}
        if name in _ITEMS:
            return {"type": "array", "items": self.of_type(inner), **_ITEMS[name]}
        if name == "or_null":
            made = self.of_type(inner)
            return made | {"type": [made["type"], "null"]}
        if name == "each":
            return {"type": "object", "additionalProperties": self.of_type(inner)}
        if name == "named":
            names, _, inner = inner.partition("/")
            return self.of_type(f"each({inner})") | {"propertyNames": self.of_type(names)}
        if name in _KINDS or name == "positive":
            low, _, high = inner.partition("..")
            made = {"type": _KINDS.get(name, "number")}
            limits = {"minimum": low, "maximum": high} | ({"exclusiveMinimum": "0"} if name == "positive" else {})  # fmt: skip
            return made | {key: yaml.safe_load(value) for key, value in limits.items() if value}
        if name not in self.types:
            raise ValueError(
                f"!{text}: expected a type that workflow/schemas/config knows, found {name}"
            )
        return self.of(self.types[name]) | {"title": name}

    def _raw(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key.value: self._raw(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self._raw(value) for value in node.value]
        if node.tag.startswith("!"):
            return self.of(node)
        return node.value if node.tag.endswith(":str") else yaml.safe_load(node.value)


def settings_problems(
    config: dict[str, Any],
    schemas: str | Path,
    layers: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """Hold a merged configuration against the types of its keys; return one line per problem.

    Parameters
    ----------
    config : dict
        The merged configuration.
    schemas : path-like
        The folder with `config/`.
    layers : mapping of name to overrides, optional
        What was laid over config.yaml, in order: a problem is named with the last layer that its key stands in.
    """
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(config_schema(schemas))
    problems = []
    for error in sorted(validator.iter_errors(config), key=lambda e: [str(p) for p in e.path]):
        for keys, said in of_schema(error):
            origin = next(
                (
                    name
                    for name, layer in reversed(list((layers or {}).items()))
                    if _holds(layer, keys)
                ),
                "config",
            )
            place = ".".join(str(p) for p in keys) or "top level"
            text = said(origin.endswith("study.yaml"))
            problems.append(f"{origin}: {place}: {text}")
    return problems


def _holds(layer: Any, keys: Sequence[Any]) -> bool:
    for key in keys:
        try:
            layer = layer[key]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(keys)
