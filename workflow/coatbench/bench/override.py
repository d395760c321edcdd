"""From a changed configuration to the lines of study.yaml that say exactly this change, its comments kept."""

from __future__ import annotations

import copy
import difflib
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..analysis import write_atomically
from ..errors import StudyError
from ..settings import load_study_settings, load_yaml, merged, without_taken_out
from ..settings_schema import settings_problems

WORKFLOW = Path(__file__).parents[2]


def effective(study: str | Path) -> dict[str, Any]:
    """Return the configuration of a study: config.yaml with what its study.yaml changes.

    Raises
    ------
    StudyError
        study.yaml is none.
    """
    config = load_yaml(WORKFLOW.parent / "config.yaml")
    return without_taken_out(merged(config, load_study_settings(study).overrides))


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the least override that makes `after` of `before`; what is gone is null.

    Examples
    --------
    >>> difference({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [1]})
    {'a': {'c': 3}}
    >>> difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}})
    {'a': {'c': None}}
    """
    found: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            found[key] = copy.deepcopy(value)
        elif isinstance(value, Mapping) and isinstance(before[key], Mapping):
            if deeper := difference(before[key], value):
                found[key] = deeper
        elif value != before[key]:
            found[key] = copy.deepcopy(value)
    return found


@dataclass(frozen=True)
class Proposal:
    """What saving would do.

    Attributes
    ----------
    path : Path
        study.yaml.
    before, after : str
        Its text now (empty: no file) and then.
    """

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change in unified form; empty where there is none."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), "study.yaml", "study.yaml", n=2, lineterm=""
        )  # fmt: skip
        return "\n".join(lines)


def propose(study: str | Path, override: Mapping[str, Any]) -> Proposal:
    """Return what study.yaml would be with an override laid over it; nothing is written.

    Raises
    ------
    StudyError
        The study's settings are none, or would not be valid any more.
    """
    from ruamel.yaml import YAML

    folder = Path(study)
    path = folder / "study.yaml"
    load_study_settings(folder)  # refuses what is no plain YAML of a study
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    if not override:
        return Proposal(path, before, before)
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096
    document = editor.load(before)
    kept = ""
    if document is None:  # nothing but comments, which would be lost
        document, kept = editor.map(), before and before.rstrip("\n") + "\n"
    nested = document.get("config")
    for section, change in override.items():
        # A section below `config` wins over one at the top.
        home = nested if isinstance(nested, dict) and section in nested else document
        _lay(home, {section: change}, editor)
    stream = io.StringIO()
    editor.dump(document, stream)
    return Proposal(path, before, kept + stream.getvalue())


def _lay(document: Any, override: Mapping[str, Any], editor: Any) -> None:
    for key, value in override.items():
        if isinstance(value, Mapping):
            if not isinstance(document.get(key), Mapping):
                document[key] = editor.map()
            _lay(document[key], value, editor)
        else:
            document[key] = _plain(value, editor)


def _plain(value: Any, editor: Any) -> Any:
    if isinstance(value, (list, tuple)):
        found = editor.seq(value)
        found.fa.set_flow_style()
        return found
    return value


def save(proposal: Proposal) -> None:
    """Write a proposal, and nothing else.

    Raises
    ------
    StudyError
        study.yaml has changed since it was read, or the configuration would not be valid.
    """
    now = proposal.path.read_text(encoding="utf-8-sig") if proposal.path.exists() else ""
    if now != proposal.before:
        raise StudyError(
            [f"{proposal.path}: expected it as it was read, found it changed; load it again"]
        )
    if problems := problems_of(proposal):
        raise StudyError(problems)
    write_atomically(proposal.path, proposal.after)


def problems_of(proposal: Proposal) -> list[str]:
    """Return what would be wrong with the configuration after saving, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "study.yaml"
        trial.write_text(proposal.after, encoding="utf-8")
        try:
            overrides = load_study_settings(folder).overrides
        except StudyError as error:
            return [line.replace(str(trial), str(proposal.path)) for line in error.problems]
    config = load_yaml(WORKFLOW.parent / "config.yaml")
    config = without_taken_out(merged(config, overrides))
    return settings_problems(config, WORKFLOW / "schemas", {str(proposal.path): overrides})
