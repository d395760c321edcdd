"""What a reader should know before trusting the numbers: what is doubtful, where its picture is, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..cell_checks import an_id
from ..quality import OK, quality_of
from ..techniques import TECHNIQUES

# Columns that say how good a row is in tables without `quality`: the value that is bad, and what it means.
DOUBTS = {
    "converged": (False, "did not converge"),
    "flagged": (True, "residuals do not fit"),
    "charge_conserved": (False, "charge not conserved"),
    "interrupted": (True, "interrupted"),
}
OF_THE_RANKING = "mend the measurement that the note names; the ranking follows"
NO_REFERENCE = "no reference"  # stands once under what is missing, and is no measurement's fault
QUALITY_COLUMNS = (*DOUBTS, "quality", "note")


@dataclass(frozen=True)
class Doubt:
    """One thing that should be doubted.

    Attributes
    ----------
    level : `doubtful` or `unusable`
    what : the measurement, with the sample's label
    why : in words
    table : name of the first table that says so
    picture : id of its picture on the page; empty where there is none
    n : how many tables say the same
    todo : what a person can do about it
    """

    level: str
    what: str
    why: str
    table: str
    picture: str = ""
    n: int = 1
    todo: str = ""


def reasons(row: Mapping[str, Any]) -> list[str]:
    """Say in words what is doubtful about a row; nothing about a good one."""
    said = [text for column, (bad, text) in DOUBTS.items() if row.get(column) is bad]
    judged = quality_of(row)
    if judged.level != OK:
        said = [f"{judged.level}: {judged.note}" if judged.note else judged.level]
    return said


def remark(row: Mapping[str, Any]) -> str:
    """Say in words what is doubtful or noted about a row; empty where nothing is."""
    notes = [*reasons(row)]
    for column in ("note", "quality_note"):
        text = str(row.get(column) or "")
        if text and not any(text in known for known in notes):
            notes.append(text)
    return "; ".join(notes)


def remedy(technique: str) -> str:
    """Say what a person can do about a doubtful measurement of a technique, or value of the ranking."""
    about = TECHNIQUES.get(technique)
    return about.remedy if about else OF_THE_RANKING if technique == "ranking" else ""


def look_id(technique: str, name: str) -> str:
    """Return the id of a quick-look on the page."""
    return f"look-{technique}-{name}"


def doubts_of(
    rows: Iterable[Mapping[str, Any]], labels: Mapping[str, str], quicklooks: Iterable[str]
) -> list[Doubt]:
    """Return every doubt once, in the order of the table of doubts, the worst first.

    Parameters
    ----------
    rows : rows of quality.csv
        What one table says and others inherit is said once.
    labels : dict of sample to label
    quicklooks : paths of pictures, `.../<technique>/<sample or run>.png`
    """
    pictures = {(Path(p).parent.name, Path(p).stem) for p in quicklooks}
    found: dict[tuple[str, str, str], Doubt] = {}
    for row in rows:
        technique, unit = str(row["technique"]), str(row["unit"] or "")
        parts = unit.split("/")
        why = str(row["note"] or row["quality"])
        known = [p for p in parts if p in labels]
        key = (technique, known[0] if known else unit, why)
        if why == NO_REFERENCE:
            continue
        if technique == "ranking" and known and _said(why, known[0], found):
            continue
        if key in found:
            found[key] = replace(found[key], n=found[key].n + 1)
            continue
        shown = next((p for p in parts if (technique, p) in pictures), None)
        found[key] = Doubt(
            str(row["quality"]),
            ", ".join(_called(technique, parts, labels)) or str(row["value"]),
            why,
            str(row["value"] or "").partition(":")[0],
            look_id(technique, shown) if shown else "",
            todo=remedy(technique),
        )
    return list(found.values())


def _called(technique: str, parts: list[str], labels: Mapping[str, str]) -> list[str]:
    """Return the parts of a unit as people call them: the sample by its label, what follows it by its column (spot, cell, region, field)."""
    about = TECHNIQUES.get(technique)
    columns = {**about.index.required, **about.index.optional} if about else {}
    name = next((c for c, check in columns.items() if check is an_id and c != "run"), "")
    called = []
    for i, part in enumerate(parts):
        after = i > 0 and parts[i - 1] in labels
        called.append(labels.get(part) or (f"{name} {part}" if name and after else part))
    return [c for c in called if c]


def _said(why: str, sample: str, found: Iterable[tuple[str, str, str]]) -> bool:
    """Tell whether the measurements' own doubts say all that the ranking inherits of a sample (`criterion: reason; ...`)."""
    known = [note for technique, name, note in found if name == sample and technique != "ranking"]

    def told(part: str) -> bool:
        pieces = part.split(": ")  # criterion, often the spot, then the reason
        ends = [": ".join(pieces[i:]) for i in range(1, len(pieces))][:2]
        return any(end in note for end in ends for note in known)

    return all(map(told, why.split("; ")))
