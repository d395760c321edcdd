"""What a YAML parser and a schema say, in words for people who know neither grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import yaml

from .errors import one_line, quote
from .spelling import meant

# What a study that somebody else wrote may not decide: where things are read and written.
NOT_IN_STUDY = ("study", "results", "more_folders")
MAX_KEYS = 8  # that a message lists
KINDS = {"object": "keys and values", "array": "a list", "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "null": "null"}  # fmt: skip
LIMITS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}  # fmt: skip


def of_yaml(error: yaml.MarkedYAMLError, text: str) -> str:
    """Say where and what a mistake in YAML is, without the parser's own words for people who know its grammar."""
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}: " if mark else ""
    problem = one_line(str(error.problem or error.context or error))
    line = text.splitlines()[mark.line] if mark and mark.line < text.count("\n") else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return f"{place}expected blanks, found a tab; YAML is indented by blanks"
    known = {
        "mapping values are not allowed": "expected one key and value a line, found a second colon; put a text with a colon in quotes",
        "could not find expected ':'": "expected `key: value`, found no colon with a blank behind it",
        "did not find expected key": "expected a key, found something else; are the lines indented alike, and all brackets closed?",
        "did not find expected ',' or": "expected , or a closing bracket, found something else",
        "did not find expected '-'": "expected - in front of each item, found something else; are the lines indented alike?",
        "found unexpected end of stream": "expected a closing quote, found the end of the file",
        "found unknown escape character": "found a backslash in double quotes, expected a text; put it in single quotes",
        "did not find expected hexdecimal number": "found a backslash in double quotes, expected a text; put it in single quotes",
        "found undefined alias": "expected a value, found an alias to nothing; put a text that starts with * in quotes",
        "cannot start any token": "expected a value, found a character that none starts with; put the text in quotes",
    }
    said = next((words for start, words in known.items() if start in problem), "")
    return place + (said or f"expected YAML, found an error: {problem}")


Said = Callable[[bool], str]  # from whether it stands in a study.yaml to what is wrong


def of_schema(error: Any) -> list[tuple[list[Any], Said]]:
    """Return what is wrong with a configuration, with the keys that lead there; one entry for each unknown key."""
    keys = list(error.path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        return [
            (
                [*keys, key],
                partial(_unknown_key, str(key), known if keys else [*known, "title"], not keys),
            )
            for key in sorted({*error.instance} - {*known}, key=str)
        ]
    return [(keys, lambda _: _one_value(error))]


def _unknown_key(key: str, known: Sequence[str], top: bool, of_study: bool) -> str:
    """Say which key was meant, or the few that could have been."""
    known = [
        k
        for k in known
        if not (top and of_study and k in NOT_IN_STUDY) and (of_study or k != "title" or not top)
    ]
    if near := meant(key, known, 0.6):
        return f"no such key{near}"
    shown = ", ".join(known[:MAX_KEYS]) + (
        f" and {len(known) - MAX_KEYS} more in config.yaml" if len(known) > MAX_KEYS else ""
    )
    return f"no such key; expected one of: {shown}"


def _one_value(error: Any) -> str:
    found = quote(str(error.instance))
    if error.validator == "type":
        given = error.validator_value
        kinds = given if isinstance(given, list) else [given]
        expected = " or ".join(KINDS.get(str(kind), str(kind)) for kind in kinds)
        hint = _number_meant(error.instance) if {"number", "integer"} & {*kinds} else ""
        return f"expected {expected}, found {found}{hint}"
    if error.validator == "enum":
        names = [str(v) for v in error.validator_value]
        return (
            f"expected one of {', '.join(names)}, found {found}{meant(str(error.instance), names)}"
        )
    if error.validator in LIMITS:
        return f"expected {LIMITS[error.validator]} {error.validator_value}, found {found}"
    if error.validator in ("minItems", "maxItems"):
        least = "at least" if error.validator == "minItems" else "at most"
        return f"expected {least} {error.validator_value} values, found {len(error.instance)}"
    if error.validator == "required":
        lacking = next((k for k in error.validator_value if k not in error.instance), "")
        return f"expected a key {lacking}, found {', '.join(map(str, error.instance)) or 'none'}"
    return one_line(error.message)


def _number_meant(value: Any) -> str:
    """Return the end of a message: which number a text or, of a decimal comma in a list, two numbers were meant to be."""
    text = value.strip() if isinstance(value, str) else ""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value):
        text = f"{value[0]},{value[1]}"
    if re.fullmatch(r"-?\d+,\d+", text):
        return f"; with a decimal point: {text.replace(',', '.')}"
    if re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", text):
        return f"; YAML wants a point and a sign: {float(text):.1e}"
    return "; a number alone, without unit" if re.match(r"-?[\d.]+\s*\D", text) else ""
