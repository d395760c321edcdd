"""What a description of a plain table says: a YAML file, checked when it is read.

The shipped ones stand in `tables/`, a study's own in `STUDY/formats/`; docs/formats.md explains every key.
"""

from __future__ import annotations

import codecs
import hashlib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import StudyError, one_line, quote
from ..settings import load_yaml
from .units import dimension_of

SHIPPED = Path(__file__).parent / "tables"
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "blanks": None, "auto": "auto"}
DECIMALS = ("point", "comma", "auto")
REPEATS = ("no", "append", "beside")
DATE_ORDERS = ("dmy", "mdy", "ymd")
CURRENT_SIGNS = ("charge_positive", "discharge_positive", "unsigned")
DIRECTIONS = ("charge", "discharge", "rest")

# What a column may hold is said by the module of a technique, `plain_<technique>.py`. Names end with their unit; those
# without are text, numbers without a unit, or in whatever unit the file has.
TECHNIQUES = tuple(sorted(p.stem[6:] for p in Path(__file__).parent.glob("plain_*.py")))
TEXT_QUANTITIES = ("region", "state", "clock")
HEAD_VALUES = ("date", "instrument", "sample")


def _module(technique: str) -> Any:
    return importlib.import_module(f".plain_{technique}", __package__)


@dataclass(frozen=True)
class Column:
    """Which columns hold a quantity: those whose label matches and whose unit can be converted.

    Attributes
    ----------
    label : compiled pattern
        Searched in the whole label; a group `mz` names the mass of an ion current.
    quantity : str
        With its unit: one of those of the technique.
    unit : str
        What the values are in where neither label nor line of units says it.
    accept : tuple of str
        Units that are kept as they are although they are not the quantity's, with a warning.
    masses : dict of str to int
        m/z of channels that carry a gas's name.
    """

    label: re.Pattern[str]
    quantity: str
    unit: str = ""
    accept: tuple[str, ...] = ()
    masses: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Where the table stands and what its lines are (see docs/formats.md)."""

    header: re.Pattern[str] | None = None
    header_lines: int = 1
    units_line: bool = False
    labels: tuple[str, ...] = ()
    labels_from: re.Pattern[str] | None = None
    start: re.Pattern[str] | None = None
    rows: re.Pattern[str] | None = None
    skip: re.Pattern[str] | None = None
    end: re.Pattern[str] = re.compile(r"^\s*$")
    repeat: str = "no"
    group_columns: int = 0
    sheet: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Description:
    """One description.

    Attributes
    ----------
    name, technique, instrument, file_names : str
        As `snakemake formats` lists them; `file_names` is a habit and decides nothing.
    recognise : tuple of compiled patterns
        All are found in the beginning of such a file.
    generic : bool
        Fits many files: tried after all others.
    workbook : bool
        An .xlsx file; its sheets are read as tables of cells.
    separator, decimal : str
        Keys of `SEPARATORS`, `DECIMALS`.
    encodings : tuple of str
        Tried in turn; empty: told from the bytes.
    missing : frozenset of str
        Cells that stand for no value.
    table : Table
    columns : tuple of Column
    head : dict of name to compiled pattern
        Values that stand beside the table; group `value` (and `unit`), else the first group.
    constants : dict
        The same for values that every such file has.
    date_order, current, states
        How dates are written; the sign of a current; which texts mean charge, discharge, rest.
    source : Path
        The YAML file.
    """

    name: str
    technique: str
    instrument: str
    file_names: str
    recognise: tuple[re.Pattern[str], ...]
    columns: tuple[Column, ...]
    table: Table = Table()
    generic: bool = False
    workbook: bool = False
    separator: str = "auto"
    decimal: str = "auto"
    encodings: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset({"", "---", "NaN", "nan", "NA", "N/A"})
    head: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    date_order: str = ""
    current: str = "charge_positive"
    states: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    source: Path = Path()


class _Problem(Exception):
    """Key, expected, found."""


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Problem(key, "text", quote(str(value)))
    return value


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Problem(key, "true or false", quote(str(value)))
    return value


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1000:
        raise _Problem(key, "a whole number from 0 to 1000", quote(str(value)))
    return value


def _one_of(*names: str) -> Callable[[str, Any], str]:
    def check(key: str, value: Any) -> str:
        # YAML 1.1 reads a bare `no` as false.
        value = "no" if value is False and "no" in names else value
        if value not in names:
            raise _Problem(key, f"one of {', '.join(names)}", quote(str(value)))
        return str(value)

    return check


def _pattern(key: str, value: Any) -> re.Pattern[str]:
    try:
        return re.compile(_text(key, value), re.MULTILINE)
    except re.error as error:
        raise _Problem(key, "a regular expression", f"{quote(value)} ({error})") from error


def _list(each: Callable[[str, Any], Any]) -> Callable[[str, Any], tuple[Any, ...]]:
    def check(key: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise _Problem(key, "a list", quote(str(value)))
        return tuple(each(f"{key}[{i}]", item) for i, item in enumerate(value))

    return check


def _mapping(
    names: Iterable[str] | None, each: Callable[[str, Any], Any]
) -> Callable[[str, Any], dict[str, Any]]:
    def check(key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise _Problem(key, "keys and values", quote(str(value)))
        for name in value:
            if names is not None and name not in names:
                raise _Problem(f"{key}.{name}", f"one of {', '.join(names)}", "another key")
        return {str(n): each(f"{key}.{n}", v) for n, v in value.items()}

    return check


def _encodings(key: str, value: Any) -> tuple[str, ...]:
    names = _list(_text)(key, value)
    for name in names:
        try:
            codecs.lookup(name)
        except LookupError:
            raise _Problem(key, "names of encodings", quote(name)) from None
    return names


def _keys(key: str, value: Any, known: Mapping[str, Any], needed: Iterable[str]) -> dict[str, Any]:
    """Check a mapping with fixed keys."""
    where = f"{key}." if key else ""
    if not isinstance(value, dict):
        raise _Problem(key or "top level", "keys and values", quote(str(value)))
    for name in value:
        if name not in known:
            raise _Problem(f"{where}{name}", f"one of {', '.join(known)}", "another key")
    for name in needed:
        if name not in value:
            raise _Problem(f"{where}{name}", "a value", "no such key")
    return {name: known[name](f"{where}{name}", item) for name, item in value.items()}


def _mass(key: str, value: Any) -> int:
    return _count(key, value)


def _column(key: str, value: Any) -> Column:
    found = _keys(
        key,
        value,
        {
            "label": _pattern,
            "quantity": _text,
            "unit": _text,
            "accept": _list(_text),
            "masses": _mapping(None, _mass),
        },
        ("label", "quantity"),
    )
    return Column(**found)


_TABLE = {
    "header": _pattern,
    "header_lines": _count,
    "units_line": _flag,
    "labels": _list(_text),
    "labels_from": _pattern,
    "start": _pattern,
    "rows": _pattern,
    "skip": _pattern,
    "end": _pattern,
    "repeat": _one_of(*REPEATS),
    "group_columns": _count,
    "sheet": _pattern,
}


def _table(key: str, value: Any) -> Table:
    return Table(**_keys(key, value, _TABLE, ()))


def _anything(key: str, value: Any) -> Any:
    return value


_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "technique": _one_of(*TECHNIQUES),
    "instrument": _text,
    "file_names": _text,
    "recognise": _list(_pattern),
    "columns": _list(_column),
    "table": _table,
    "generic": _flag,
    "workbook": _flag,
    "separator": _one_of(*SEPARATORS),
    "decimal": _one_of(*DECIMALS),
    "encodings": _encodings,
    "missing": lambda key, value: frozenset(_list(lambda k, v: str(v))(key, value)),
    "head": _mapping(None, _pattern),
    "constants": _mapping(None, _anything),
    "date_order": _one_of(*DATE_ORDERS),
    "current": _one_of(*CURRENT_SIGNS),
    "states": _mapping(DIRECTIONS, _pattern),
}
_NEEDED = ("name", "technique", "instrument", "file_names", "recognise", "columns")


def parse(document: Any, source: Path) -> Description:
    """Check a description that YAML gave.

    Raises
    ------
    StudyError
        One line: file, key, expected, found.
    """
    try:
        found = Description(**_keys("", document, _KEYS, _NEEDED), source=source)
        allowed = _module(found.technique).QUANTITIES
        beside = (*HEAD_VALUES, *_module(found.technique).HEAD)
        for i, column in enumerate(found.columns):
            if column.quantity not in allowed:
                raise _Problem(
                    f"columns[{i}].quantity", f"one of {', '.join(allowed)}", quote(column.quantity)
                )
            if column.unit and not _fits(column):
                raise _Problem(
                    f"columns[{i}].unit", f"a unit of {column.quantity}", quote(column.unit)
                )
        for name in (*found.head, *found.constants):
            if name not in beside:
                raise _Problem(f"head.{name}", f"one of {', '.join(beside)}", "another key")
        if found.table.labels_from is not None and found.table.start is None:
            raise _Problem("table.start", "the line after which the table starts", "no such key")
    except _Problem as problem:
        key, expected, what = problem.args
        raise StudyError([f"{source}: {key}: expected {expected}, found {what}"]) from None
    return found


def _fits(column: Column) -> bool:
    from .units import factor_and_offset

    return (
        not dimension_of(column.quantity)
        or column.unit in column.accept
        or factor_and_offset(column.unit, column.quantity) is not None
    )


def load(path: Path) -> Description:
    """Read one description.

    Raises
    ------
    StudyError
        Not YAML, or a key that is missing, unknown or of the wrong kind.
    """
    import yaml

    try:
        document = load_yaml(path)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise StudyError(
            [f"{path}: expected YAML, found an error: {one_line(str(error))}"]
        ) from error
    return parse(document, path)


@cache
def _loaded(path: Path, changed: int) -> Description:
    return load(path)


def load_folder(folder: Path, technique: str | None = None) -> list[Description]:
    """Read all descriptions of a folder, by name of file; those of one technique, if it is given.

    Raises
    ------
    StudyError
        All problems, one line each; also two descriptions of one name.
    """
    found: list[Description] = []
    problems: list[str] = []
    if not folder.is_dir():
        return found
    for path in sorted(folder.glob("*.y*ml")):
        try:
            found.append(_loaded(path, path.stat().st_mtime_ns))
        except StudyError as error:
            problems += error.problems
    for i, one in enumerate(found):
        if twin := next((d for d in found[:i] if d.name == one.name), None):
            problems.append(
                f"{one.source}: name: expected a name of its own, found {quote(one.name)} "
                f"also in {twin.source.name}"
            )
    if problems:
        raise StudyError(problems)
    return [d for d in found if technique in (None, d.technique)]


def shipped(technique: str | None = None) -> list[Description]:
    """Return the descriptions that come with the project."""
    return load_folder(SHIPPED, technique)


def content(folder: Path, technique: str) -> str:
    """Return a hash of a study's own descriptions of a technique, empty without any: a job reruns with them."""
    texts = [d.source.read_bytes() for d in load_folder(folder, technique)]
    return hashlib.sha256(b"|".join(texts)).hexdigest()[:16] + " " if texts else ""
