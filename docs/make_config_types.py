"""Write workflow/coatbench/config_types.py, by which mypy knows every key of the settings: called by make_settings.py"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = '''"""The keys of the settings, as types: written by `make docs` from `workflow/schemas/config/*.yaml`.

For annotations, below `if TYPE_CHECKING:`: so a new key is a change of no job's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Never, NotRequired, TypedDict, final
'''
SCALARS = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None"}


def module(schema: Mapping[str, Any]) -> str:
    """Return the module, of the JSON schema of all settings (settings_schema.config_schema)."""
    classes: dict[str, str] = {}
    for section, part in schema["properties"].items():
        _type(part, section, classes)
    return "\n\n".join([HEAD, *classes.values()])


def _keys(
    schema: Mapping[str, Any], name: str, said: str, place: str, classes: dict[str, str]
) -> None:
    """Add the class of a mapping whose keys are given, and behind it those of the mappings in it."""
    lines = ["@final", f"class {name}(TypedDict):", f'    """{said}"""', ""]
    known = classes.get(name)
    classes[name] = ""  # its place; and a type may hold itself
    for key, part in schema["properties"].items():
        kind = _type(part, f"{place}.{key}", classes)
        line = f"    {key}: " + (kind if key in schema["required"] else f"NotRequired[{kind}]")
        lines.append(line + "  # fmt: skip" * (len(line) > 100))
    classes[name] = "\n".join([*lines, ""])
    if known not in (None, classes[name]):
        raise ValueError(f"{place}: expected a name of its own for its type, found {name} again")


def _type(schema: Mapping[str, Any], place: str, classes: dict[str, str]) -> str:
    """Return what Python calls the values that a schema allows."""
    if choices := schema.get("oneOf", schema.get("anyOf")):
        return " | ".join(dict.fromkeys(_type(part, place, classes) for part in choices))
    if schema.get("const") == {}:
        return "Mapping[str, Never]"
    if words := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return f"Literal[{', '.join(map(repr, words))}]".replace("'", '"')
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " | ".join(_kind(kind, schema, place, classes) for kind in kinds)


def _kind(kind: str, schema: Mapping[str, Any], place: str, classes: dict[str, str]) -> str:
    if kind == "array":
        return f"Sequence[{_type(schema['items'], place, classes)}]"
    if kind != "object":
        return SCALARS[kind]
    if "properties" not in schema:
        return f"Mapping[str, {_type(schema['additionalProperties'], f'{place}.*', classes)}]"
    if title := schema.get("title"):
        name, said = f"{_camel(title)}Config", f"Type `{title}`."
    else:
        name, said = _camel(place.replace(".", "_")) + "Config" * ("." not in place), f"`{place}`."
    _keys(schema, name, said, place, classes)
    return name


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
