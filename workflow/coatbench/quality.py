"""Whether to trust a number: ok, doubtful or unusable, and how that judgement travels with it.

A judgement is made once, where the measurement is understood. What is made of several measurements counts those that
are usable and carries the worst quality of what it counts. Rows of tables hold it in their last two columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config_types import LimitsConfig

OK, DOUBTFUL, UNUSABLE = "ok", "doubtful", "unusable"
LEVELS = (OK, DOUBTFUL, UNUSABLE)  # from good to bad
COLUMNS = ("quality", "quality_note")
Bound = float | None  # of what is plausible; None: none on that side


@dataclass(frozen=True)
class Quality:
    """A judgement with its reasons.

    Attributes
    ----------
    level : str
        `ok`; `doubtful`: shown with an open symbol, counts everywhere; `unusable`: enters no mean, figure line,
        ranking or claim.
    notes : tuple of str
        Why, in words. A good number may have notes too: what was left out of it.

    Examples
    --------
    >>> bad = unusable("efficiency of 124.6 %, expected at most 105 %")
    >>> worst([Quality(), doubtful("chi-square of 8"), bad]).columns()["quality"]
    'unusable'
    """

    level: str = OK
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"expected one of {', '.join(LEVELS)}, got {self.level!r}")

    @property
    def note(self) -> str:
        """The reasons in one text."""
        return "; ".join(self.notes)

    @property
    def usable(self) -> bool:
        """Whether the number may enter others."""
        return self.level != UNUSABLE

    def columns(self) -> dict[str, str]:
        """Return the two last columns of a row."""
        return {"quality": self.level, "quality_note": self.note}


def doubtful(note: str) -> Quality:
    """Return the judgement that a number should be doubted."""
    return Quality(DOUBTFUL, (note,))


def unusable(note: str) -> Quality:
    """Return the judgement that a number must not be used."""
    return Quality(UNUSABLE, (note,))


def quality_of(row: Mapping[str, Any]) -> Quality:
    """Return the judgement that stands in a row of a table; a row without one is ok."""
    note = str(row.get("quality_note") or "")
    return Quality(str(row.get("quality") or OK), tuple(note.split("; ")) if note else ())


def worst(judged: Iterable[Quality]) -> Quality:
    """Return the worst of several judgements, with the reasons of all, each once."""
    found = list(judged)
    level = max((q.level for q in found), key=LEVELS.index, default=OK)
    return Quality(level, tuple(dict.fromkeys(note for q in found for note in q.notes)))


def counted(
    rows: Sequence[Mapping[str, Any]], *names: str
) -> tuple[list[Mapping[str, Any]], Quality]:
    """Return the rows that a mean may count, and the judgement of what is made of them.

    Parameters
    ----------
    rows : sequence of mapping
        Rows with or without `quality` columns.
    names : str
        Columns that say which measurement a reason is about (`cell`, `spot`).

    Returns
    -------
    rows : list of mapping
        Those that are not unusable.
    quality : Quality
        The worst of what is counted; unusable where nothing is left. What was left out is a note.

    Examples
    --------
    >>> rows = [{"cell": "A", "quality": "ok"}, {"cell": "B", "quality": "unusable", "quality_note": "running"}]
    >>> counted(rows, "cell")[1].columns()
    {'quality': 'ok', 'quality_note': 'left out: cell B: running'}
    """
    kept = [row for row in rows if quality_of(row).usable]
    if rows and not kept:
        return [], worst(_named(row, names) for row in rows)
    left = [note for row in rows if not quality_of(row).usable for note in _named(row, names).notes]
    found = worst(_named(row, names) for row in kept)
    notes = (*found.notes, *dict.fromkeys(f"left out: {note}" for note in left))
    return kept, Quality(found.level, notes)


def _named(row: Mapping[str, Any], names: Sequence[str]) -> Quality:
    """Return the judgement of a row, its reasons with the measurement they are about."""
    found = quality_of(row)
    about = ", ".join(f"{name} {row[name]}" for name in names)
    if not about:
        return found
    notes = found.notes or ((found.level,) if found.level != OK else ())
    return Quality(found.level, tuple(f"{about}: {note}" for note in notes))


def moved(
    limits: LimitsConfig, move: Callable[[Bound, Bound], tuple[Bound, Bound]]
) -> LimitsConfig:
    """Return limits whose lowest and highest values are others."""
    made: LimitsConfig = {}
    if "doubtful" in limits:
        made["doubtful"] = move(*limits["doubtful"])
    if "unusable" in limits:
        made["unusable"] = move(*limits["unusable"])
    return made


def plausible(value: float | None, what: str, limits: LimitsConfig) -> Quality:
    """Judge a value by the limits that the config gives for it.

    Parameters
    ----------
    value : float or None
        An empty cell is not judged.
    what : str
        Name of the quantity with its unit, for the reason.
    limits : mapping
        `doubtful` and `unusable`, each the lowest and highest value that is still good; either may be absent.
        None as a limit: none on that side.

    Examples
    --------
    >>> plausible(204421.0, "charge capacity in mAh/g", {"doubtful": [50, 300], "unusable": [1, 600]}).level
    'unusable'
    """
    if value is None or value != value:
        return Quality()
    for level, bounds in ((UNUSABLE, limits.get("unusable")), (DOUBTFUL, limits.get("doubtful"))):
        low, high = bounds or (None, None)
        if (low is not None and value < low) or (high is not None and value > high):
            if low is None:
                ends = f"at most {high:g}"
            else:
                ends = f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
            return Quality(level, (f"{what}: {value:.5g}, expected {ends}",))
    return Quality()
