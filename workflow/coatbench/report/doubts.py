"""What a reader should know before trusting the numbers: what is doubtful, where its picture is, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..quality import LEVELS, OK, UNUSABLE, of

# Columns that say how good a row is in tables without `quality`: the value that is bad, and what it means.
DOUBTS = {
    "converged": (False, "did not converge"),
    "flagged": (True, "residuals do not fit"),
    "charge_conserved": (False, "charge not conserved"),
    "interrupted": (True, "interrupted"),
}
QUALITY_COLUMNS = (*DOUBTS, "quality", "note")
# What names a measurement besides its sample, in the order in which a person would say it.
WHERE = (
    "cell",
    "run",
    "spot",
    "region",
    "field",
    "cycle",
    "component",
    "group",
    "fragment",
    "metric",
    "criterion",
)


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
    n : how many rows say the same
    """

    level: str
    what: str
    why: str
    table: str
    picture: str = ""
    n: int = 1


def reasons(row: Mapping[str, Any]) -> list[str]:
    """Say in words what is doubtful about a row; nothing about a good one."""
    said = [text for column, (bad, text) in DOUBTS.items() if row.get(column) is bad]
    judged = of(row)
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


def look_id(technique: str, name: str) -> str:
    """Return the id of a quick-look on the page."""
    return f"look-{technique}-{name}"


def doubts_of(
    tables: Iterable[tuple[str, str, Sequence[Mapping[str, Any]]]],
    labels: Mapping[str, str],
    quicklooks: Iterable[str],
) -> list[Doubt]:
    """Return every doubt once, the worst first.

    Parameters
    ----------
    tables : (technique, name, rows)
        Of each technique in the order of the contract: what others inherit is said where it was judged.
    labels : dict of sample to label
    quicklooks : paths of pictures, `.../<technique>/<sample or run>.png`
    """
    pictures = {(Path(p).parent.name, Path(p).stem) for p in quicklooks}
    found: dict[tuple[str, str, str], Doubt] = {}
    for technique, name, rows in tables:
        for row in rows:
            level = of(row).level
            if level == OK:
                continue
            sample = str(row.get("sample") or "")
            where = [f"{k} {row[k]}" for k in WHERE if row.get(k) not in (None, "")]
            why = of(row).note or level
            key = (technique, sample, why)
            if key in found:
                old = found[key]
                worse = max(level, old.level, key=LEVELS.index)
                found[key] = Doubt(worse, old.what, why, old.table, old.picture, old.n + 1)
                continue
            names = (str(row.get(k) or "") for k in ("sample", "run"))
            shown = next((n for n in names if (technique, n) in pictures), None)
            what = ", ".join([labels.get(sample) or sample, *where][: 3 if sample else 4])
            picture = look_id(technique, shown) if shown else ""
            found[key] = Doubt(level, what.strip(", "), why, name, picture)
    return sorted(found.values(), key=lambda d: d.level != UNUSABLE)
