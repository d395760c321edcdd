"""Configuration: what study.yaml adds to config.yaml, and one line for each problem in either."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import StudyError, one_line, quote

STUDY_KEYS = ("title", "simulated", "simulator", "config")


# The parser in C, where PyYAML has it: every start of the workflow reads a dozen schemas.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(path: str | Path) -> Any:
    """Read a YAML file; plain data only."""
    loader = _LOADER(Path(path).read_text(encoding="utf-8"))
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


@dataclass(frozen=True)
class StudySettings:
    """What `study.yaml` says: a title, whether the data are simulated, overrides of the config."""

    title: str = ""
    simulated: bool = False
    simulator: dict[str, Any] | None = None
    overrides: dict[str, Any] = field(default_factory=dict)


def load_study_settings(folder: str | Path) -> StudySettings:
    """Read `study.yaml` of a study folder, if there is one.

    Every key but title, simulated and simulator overrides the config; the overrides may also stand
    together below a key `config`.

    Raises
    ------
    StudyError
        Not YAML, or a known key of the wrong kind.
    """
    path = Path(folder) / "study.yaml"
    if not path.is_file():
        return StudySettings()
    try:
        document = load_yaml(path) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(
            [f"{path}: expected YAML, found an error: {one_line(str(error))}"]
        ) from error
    if not isinstance(document, dict):
        raise StudyError([f"{path}: expected keys and values, found {quote(str(document))}"])
    overrides = {k: v for k, v in document.items() if k not in STUDY_KEYS}
    problems = []
    if not isinstance(document.get("title", ""), str):
        problems.append(f"{path}: title: expected text, found {quote(str(document['title']))}")
    if not isinstance(document.get("simulated", False), bool):
        problems.append(
            f"{path}: simulated: expected true or false, found {quote(str(document['simulated']))}"
        )
    for key in ("simulator", "config"):
        if not isinstance(document.get(key, {}), dict):
            problems.append(
                f"{path}: {key}: expected keys and values, found {quote(str(document[key]))}"
            )
    if problems:
        raise StudyError(problems)
    return StudySettings(
        title=document.get("title", ""),
        simulated=document.get("simulated", False),
        simulator=document.get("simulator"),
        overrides=overrides | document.get("config", {}),
    )


def settings_problems(config: dict[str, Any], schemas: str | Path) -> list[str]:
    """Hold a merged configuration against the schemas; return one line per problem.

    `schemas` is the folder with `config.schema.yaml` and, below `config/`, one schema per section.
    """
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    schema = config_schema(schemas)
    # Read through once; otherwise each reference in it reads through all of it again.
    known = Registry().with_resource("", DRAFT202012.create_resource(schema)).crawl()
    validator = Draft202012Validator(schema, registry=known)
    problems = []
    for error in sorted(validator.iter_errors(config), key=lambda e: [str(p) for p in e.path]):
        place = ".".join(str(p) for p in error.path) or "top level"
        problems.append(f"config: {place}: {_in_words(error)}")
    return problems


def config_schema(schemas: str | Path) -> dict[str, Any]:
    """Return the schema of the whole configuration: the top level with each section's schema in it."""
    folder = Path(schemas)
    schema: dict[str, Any] = load_yaml(folder / "config.schema.yaml")
    for path in sorted((folder / "config").glob("*.schema.yaml")):
        section = path.name.removesuffix(".schema.yaml")
        part = load_yaml(path)
        # An id of its own, so that "#/$defs/..." in a section means that section.
        schema["properties"][section] = part | {"$id": f"urn:coatbench:{section}"}
    return schema


def _in_words(error: Any) -> str:
    found = quote(str(error.instance))
    if error.validator == "additionalProperties":
        return f"{error.message}; expected one of: {', '.join(error.schema.get('properties', {}))}"
    if error.validator == "type":
        return f"expected {error.validator_value}, found {found}"
    if error.validator == "enum":
        return f"expected one of {', '.join(map(str, error.validator_value))}, found {found}"
    if error.validator in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        return f"expected {error.validator} {error.validator_value}, found {found}"
    return one_line(error.message)
