"""Configuration: what study.yaml adds to config.yaml, and one line for each problem in either."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import StudyError, one_line, quote
from .settings_words import NOT_IN_STUDY, of_yaml

STUDY_KEYS = ("title", "simulated", "simulator", "config")
# Of a YAML file from a study: more is no configuration.
MAX_DEPTH, MAX_NODES, MAX_YAML_BYTES = 50, 100_000, 5_000_000

# The parser in C, where PyYAML has it: every start of the workflow reads a dozen schemas.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(path: str | Path) -> Any:
    """Read one of the project's own YAML files; plain data only."""
    loader = YAML_LOADER(Path(path).read_text(encoding="utf-8"))
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def load_foreign_yaml(path: str | Path) -> Any:
    """Read a YAML file that may come from a stranger; plain data of bounded size only.

    Raises
    ------
    StudyError
        One line: no regular file, too large, nested too deeply, grown by aliases, a key twice, or not YAML.
    """
    path = Path(path)
    if path.is_symlink() and not path.exists():
        raise StudyError([f"{path}: expected a YAML file, found a link to what is not there"])
    if not path.is_file():
        raise StudyError([f"{path}: expected a YAML file, found a folder, a pipe or a device"])
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_YAML_BYTES:
            raise StudyError([f"{path}: expected YAML, found more than {MAX_YAML_BYTES:,} bytes"])
        text = raw.decode("utf-8-sig")
        _look_at_depth(path, text)
        loader = YAML_LOADER(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _look_at_nodes(path, node, {})
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise StudyError(
            [f"{path}: byte {error.start}: expected UTF-8 text; save it as UTF-8"]
        ) from error
    except OSError as error:
        raise StudyError([f"{path}: expected YAML, found {error.strerror}"]) from error
    except yaml.MarkedYAMLError as error:
        raise StudyError([f"{path}: {of_yaml(error, text)}"]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StudyError(
            [f"{path}: expected YAML, found an error: {one_line(str(error))}"]
        ) from error


def _look_at_depth(path: Path, text: str) -> None:
    # Event by event: building the whole document takes seconds where brackets stand in brackets.
    depth = 0
    for event in yaml.parse(text, Loader=YAML_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise StudyError(
                    [f"{path}: line {line}: expected at most {MAX_DEPTH} levels, found more"]
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _look_at_nodes(path: Path, node: Any, sizes: dict[int, int]) -> int:
    """Return how many values a node stands for when every alias is written out."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise StudyError(
                [f"{path}: expected plain values, found an alias to what it stands in"]
            )
        return sizes[id(node)]
    sizes[id(node)] = 0
    total = 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen if isinstance(key.value, str) else False:
                raise StudyError(
                    [f"{path}: line {key.start_mark.line + 1}: key {quote(key.value)}: found twice, expected once"]
                )  # fmt: skip
            seen.add(key.value if isinstance(key.value, str) else id(key))
            total += _look_at_nodes(path, key, sizes)
            total += _look_at_nodes(path, value, sizes)
    elif isinstance(node, yaml.SequenceNode):
        total += sum(_look_at_nodes(path, value, sizes) for value in node.value)
    if total > MAX_NODES:
        raise StudyError(
            [f"{path}: expected at most {MAX_NODES:,} values, found more (aliases of aliases)"]
        )
    sizes[id(node)] = total
    return total


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
        Not YAML, a known key of the wrong kind, or one that is not a study's to set.
    """
    path = Path(folder) / "study.yaml"
    if not path.exists() and not path.is_symlink():
        return StudySettings()
    document = load_foreign_yaml(path) or {}
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
    for key in NOT_IN_STUDY:
        if key in overrides or key in (
            nested if isinstance(nested := document.get("config"), dict) else {}
        ):
            problems.append(
                f"{path}: {key}: expected on the command line or in config.yaml, not in a study"
            )
    if problems:
        raise StudyError(problems)
    return StudySettings(
        title=document.get("title", ""),
        simulated=document.get("simulated", False),
        simulator=document.get("simulator"),
        overrides=overrides | document.get("config", {}),
    )


def merged(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with overrides laid over it, key by key, as Snakemake does.

    Examples
    --------
    >>> merged({"xps": {"background": "shirley", "line_shape": "GL(30)"}}, {"xps": {"background": "linear"}})
    {'xps': {'background': 'linear', 'line_shape': 'GL(30)'}}
    """
    found = dict(config)
    for key, value in overrides.items():
        inner = found.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            value = merged(inner, value)
        found[key] = value
    return found


WORDS = {"true": True, "false": False, "null": None}


def typed(value: Any, *, inside: bool = False) -> Any:
    """Return values of the command line as a config file would hold them: inside braces Snakemake reads text alone.

    Examples
    --------
    >>> typed({"spread_bin_eV": "4", "window_eV": ["1e2", "null"], "region": "C 1s"})
    {'spread_bin_eV': 4, 'window_eV': [100.0, None], 'region': 'C 1s'}
    """
    if isinstance(value, Mapping):
        return {key: typed(item, inside=True) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item, inside=True) for item in value]
    if not inside or not isinstance(value, str):
        return value
    if re.fullmatch(r"[+-]?\d+", value, re.ASCII):
        return int(value)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value, re.ASCII):
        return float(value)
    return WORDS.get(value, value)


def without_taken_out(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without the XPS regions, components and keys of components that are null.

    A study lays its settings over config.yaml and could not take anything out otherwise.

    Examples
    --------
    >>> without_taken_out({"xps": {"regions": {"S 2p": {"components": {"sulfide": {}, "sulfite": None}}}}})
    {'xps': {'regions': {'S 2p': {'components': {'sulfide': {}}}}}}
    """
    xps = config.get("xps")
    if not isinstance(xps, dict) or not isinstance(xps.get("regions"), dict):
        return config
    return {**config, "xps": {**xps, "regions": _without_nulls(xps["regions"])}}


def _without_nulls(section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    return {k: _without_nulls(v) for k, v in section.items() if v is not None}


FOLLOW = "config:"


def follow(section: Any, config: dict[str, Any], place: str = "") -> Any:
    """Return a section of the config in which every text `config:section.key` is that value of the config.

    Raises
    ------
    StudyError
        The config has no such key.

    Examples
    --------
    >>> follow({"where": {"weighting": "config:sims.headline"}}, {"sims": {"headline": "equal"}})
    {'where': {'weighting': 'equal'}}
    """
    if isinstance(section, dict):
        return {k: follow(v, config, f"{place}.{k}".lstrip(".")) for k, v in section.items()}
    if isinstance(section, list):
        return [follow(v, config, place) for v in section]
    if not (isinstance(section, str) and section.startswith(FOLLOW)):
        return section
    value: Any = config
    for key in section.removeprefix(FOLLOW).split("."):
        if not isinstance(value, dict) or key not in value:
            raise StudyError(
                [f"config: {place}: found {quote(section)}, expected a key that the config has"]
            )
        value = value[key]
    return value
