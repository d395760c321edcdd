"""What is probably a slip although each cell is good: levels that are nearly alike, rows that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from .cell_checks import a_number, an_id
from .errors import quote
from .index import Table, together
from .slips import looks_like_a_date
from .spelling import likeness, meant
from .techniques import Technique

# People's names of one gas: not two atmospheres.
SAME = {"argon": "ar", "nitrogen": "n2", "stickstoff": "n2", "oxygen": "o2", "sauerstoff": "o2", "luft": "air",
        "vakuum": "vacuum", "helium": "he", "wasserstoff": "h2", "hydrogen": "h2"}  # fmt: skip
Names = Collection[str] | Callable[[], Collection[str]]
ROOM_DEGC = 40  # a label below tells of no annealing
MAX_NAMES = 12  # that a message lists
MIN_WORD, NEAR_WORD = 5, 0.8  # letters; likeness of two words of which one is probably mistyped


def levels_alike(
    samples: Sequence[Mapping[str, str]], declared: Collection[str] = ()
) -> Iterable[str]:
    """Name categories of a factor that are probably one: they would be two settings, each with fewer samples.

    Examples
    --------
    >>> list(levels_alike([{"atmosphere": "Ar"}, {"atmosphere": "argon"}, {"atmosphere": "dry air"}]))
    ["column atmosphere: found 'Ar' and 'argon', which count as two settings; are they one?"]
    """
    for column in dict.fromkeys(("atmosphere", *declared)):
        found = list(dict.fromkeys(row[column] for row in samples if row.get(column)))
        for i, one in enumerate(found):
            for other in found[i + 1 :]:
                if _one_level(one, other):
                    yield (
                        f"column {column}: found {quote(one)} and {quote(other)}, which count as two settings; "
                        "are they one?"
                    )


def labels_that_differ(samples: Sequence[Mapping[str, str]]) -> list[str]:
    """Name samples whose label says another annealing temperature than their cell; an empty cell is not annealed."""
    column = "annealing_temperature_degC"
    wrong = []
    for row in samples:
        said = re.findall(r"(\d{2,4}(?:\.\d+)?)\s*(?:\u00b0\s*C|degC|\u2103)", row.get("label", ""))
        text = row.get(column, "")
        if len(said) != 1 or column not in row or row.get("role") == "precursor":
            continue
        if not text and float(said[0]) > ROOM_DEGC:
            found = "found an empty cell, which counts as not annealed"
        elif (
            re.fullmatch(r"[\d.]+", text)
            and abs(float(text) - float(said[0])) > 1
            and abs(float(text) - 273.15 - float(said[0])) > 1
        ):
            found = f"found {text}"
        else:
            continue
        wrong.append(
            (row["#"], f"column {column}: {found}, where the label says {said[0]} \u00b0C")
        )
    return together(wrong)


def _one_level(one: str, other: str) -> bool:
    a, b = ([SAME.get(w, w) for w in re.findall(r"[^\W_]+", t.casefold())] for t in (one, other))
    if a == b:
        return not _is_number(one)
    if len(a) != len(b) or re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return False
    return all(x == y or (min(len(x), len(y)) >= MIN_WORD and likeness(x, y) >= NEAR_WORD) for x, y in zip(a, b, strict=True))  # fmt: skip


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[\d.,]+([eE][+-]?\d+)?", text))


def made_by_spreadsheets(rows: Sequence[Mapping[str, str]], table: Table) -> list[str]:
    """Name ids that read like dates: what a spreadsheet makes of 1-5."""
    ids = [c for c, check in table.columns.items() if check is an_id]
    odd = [
        (row["#"], f"column {c}: found {quote(row[c])}; did a spreadsheet make a date of it?")
        for row in rows
        for c in ids
        if row.get(c) and looks_like_a_date(row[c])
    ]
    return together(odd)


def named_after_others(
    rows: Sequence[Mapping[str, str]], about: Technique, samples: Sequence[Mapping[str, str]]
) -> list[str]:
    """Name files whose name holds the id of another sample and not that of their own: was one column sorted alone?

    Only ids of a letter and a digit, or of four letters, are looked for: shorter ones stand in many names.
    """
    ids = [s["sample"] for s in samples]
    telling = {
        i.casefold(): i
        for i in ids
        if re.search(r"[A-Za-z]", i) and (len(i) > 3 or re.search(r"\d", i))
    }
    wrong = []
    for row in rows:
        if row["sample"] not in ids:
            continue  # said of the cell
        own = row["sample"].casefold()
        for column in about.index.files[:1]:
            name = row.get(column, "").replace("\\", "/").rpartition("/")[2].casefold()
            words = set(re.split(r"[_\s\-.]+", name))
            others = [i for low, i in telling.items() if low in words and low != own]
            if len(others) == 1 and own not in name and own not in others[0].casefold():
                wrong.append(
                    (row["#"], f"column {column}: found {quote(row[column])} for sample {row['sample']}; is it of {others[0]}?")
                )  # fmt: skip
    return together(wrong)


def without_reference(
    rows: Sequence[Mapping[str, str]], about: Technique, reference: str | None
) -> list[str]:
    """Name rows that nothing of the reference can be compared with: a slip, or a ratio that stays empty."""
    column = about.compared_at
    there = {float(row[column]) for row in rows if row["sample"] == reference} if column else set()
    return together(
        (
            row["#"],
            f"column {column}: found {row[column]}, where {reference} has no row: no ratio to it",
        )
        for row in rows
        if there and float(row[column]) not in there
    )


def contradictions(rows: Sequence[Mapping[str, str]], about: Technique) -> list[str]:
    """Say where several rows of one thing (the files of a cell) give it different properties."""
    wrong = []
    for column in about.per_unit:
        first: dict[tuple[str, ...], tuple[str, str]] = {}
        for row in rows:
            text = row.get(column, "")
            if not text:
                continue
            unit = tuple(row[c] for c in about.unit_columns)
            was, at = first.setdefault(unit, (text, row["#"]))
            numbers = isinstance(about.index.columns[column], a_number)
            try:
                same = float(was) == float(text) if numbers else was == text
            except ValueError:
                continue  # said of the cell
            if not same:
                named = " ".join(f"{c} {v}" for c, v in zip(about.unit_columns, unit, strict=True))
                wrong.append(
                    (row["#"], f"column {column}: found {quote(text)}, expected {quote(was)} as in row {at}: {named} has one")
                )  # fmt: skip
    return together(wrong)


def unknown_choices(
    path: Path,
    rows: Sequence[Mapping[str, str]],
    technique: str,
    choices: Mapping[tuple[str, str], Names] | None,
) -> list[str]:
    """Name cells that are none of the names that the config or the formats give; a format's case does not matter.

    `choices` is a mapping of (technique, column) to names, or to a function that returns them where one is asked for.
    """
    wrong = []
    for (of, column), given in (choices or {}).items():
        named = [row for row in rows if row.get(column)] if of == technique else []
        names = list((given() if callable(given) else given) if named else ())
        folded = {n.casefold() for n in names} if column == "format" else set()
        for row in named:
            text = row[column]
            if text in names or text.casefold() in folded or (an_id(text) and column != "format"):
                continue
            expected = (
                f"one of {', '.join(names)}"
                if len(names) <= MAX_NAMES
                else f"a name of `snakemake {column}s`"
            )
            wrong.append(
                (
                    row["#"],
                    f"column {column}: found {quote(text)}, expected {expected}{meant(text, names, 0.5)}",
                )
            )
    return [f"{path}: {line}" for line in together(wrong)]
