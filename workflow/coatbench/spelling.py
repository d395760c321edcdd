"""What somebody probably meant: names that are nearly others."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

NEAR = 0.75  # share of letters in common, in order, above which one name is probably meant to be the other


def composed(text: str) -> str:
    """Return a text with each accent as part of its letter: copied from a file's name on macOS, it follows the letter."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def plain(name: str) -> str:
    """Return a name without what people write differently: case, blanks, hyphens, brackets."""
    return re.sub(r"[^0-9a-z]", "", name.casefold())


def likeness(one: str, other: str) -> float:
    """Return how alike two names are: 1 when they differ by case, punctuation and zeros in front of numbers only."""
    a, b = (re.sub(r"(?<!\d)0+(?=\d)", "", plain(name)) for name in (one, other))
    if not a or not b:
        return 0.0
    return 1.0 if a == b else difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def nearest(name: str, names: Iterable[str], near: float = NEAR) -> str | None:
    """Return the name most like a given one, if one is like it.

    Examples
    --------
    >>> nearest("annealing_temperature_C", ["annealing_time_h", "annealing_temperature_degC"])
    'annealing_temperature_degC'
    >>> nearest("comment", ["sample", "role"]) is None
    True
    """
    short = name[:200]
    found = max(names, key=lambda other: likeness(short, other[:200]), default=None)
    return found if found is not None and likeness(short, found[:200]) >= near else None


# What people call a word of a column, and words that only say which kind of value it is.
OTHER_WORDS = {
    "gas": "atmosphere",
    "baseline": "blank",
    "duration": "time",
    "temperatur": "temperature",
}
KINDS = ("reason", "number", "no", "nr", "name", "value")
UNIT_WORDS = {
    "c",
    "k",
    "h",
    "s",
    "min",
    "mg",
    "g",
    "nm",
    "um",
    "nc",
    "v",
    "ev",
    "ma",
    "mah",
    "cm2",
    "mm2",
    "m2",
    "degc",
}
ABBREVIATED = 4  # letters of a word that stands for a longer one


def column_meant(name: str, columns: Sequence[str]) -> str | None:
    """Return the column that a header probably means: spelled nearly so, shortened, with another unit or none.

    Examples
    --------
    >>> column_meant("Temperature (K)", ["annealing_temperature_degC", "annealing_time_h"])
    'annealing_temperature_degC'
    >>> column_meant("electrode_area_cm2", ["area_cm2"]), column_meant("spot_size_um", ["spot"])
    ('area_cm2', None)
    """
    words, unit = _words(name)
    for column in columns:
        known, wanted = _words(column)
        short = words and all(any(_stands_for(w, k) for k in known) for w in words)
        long = len(words) > len(known) and set(known) <= set(words)
        if short or (long and (unit == wanted != set() or set(words) - set(known) <= set(KINDS))):
            return column
    return nearest(name, columns)


def _words(name: str) -> tuple[list[str], set[str]]:
    """Return the words of a column's name, and its units."""
    found = re.findall(r"[^\W_]+", name[:200].casefold())
    words = [OTHER_WORDS.get(w, w) for w in found if w not in UNIT_WORDS and w != "t"]
    return words, {w for w in found if w in UNIT_WORDS}


def _stands_for(word: str, known: str) -> bool:
    return word == known or (len(word) >= ABBREVIATED and known.startswith(word))


def meant(name: str, names: Iterable[str], near: float = NEAR) -> str:
    """Return the end of a message: which name was probably meant; empty where none is alike.

    Examples
    --------
    >>> meant("N400", ["n400", "n500"])
    '; did you mean n400?'
    """
    found = nearest(name, names, near)
    return f"; did you mean {found}?" if found else ""


def kelvin_for_celsius(samples: Sequence[Mapping[str, str]]) -> list[str]:
    """Name temperatures in degC that all read like kelvin; one kelvin would shift every axis by 273 in silence.

    They do where each is a whole number of degC above 273.15 (573.15) or a multiple of 25 degC above 273 (573), or where
    each sample's label says that number. Among others in degC a single one does where it ends in .15 and lies a multiple
    of 5 degC above 273.15, or where its label says so.

    Examples
    --------
    >>> rows = [{"sample": "a", "annealing_temperature_degC": "573.15"}, {"sample": "b", "annealing_temperature_degC": "673.15"}]
    >>> kelvin_for_celsius(rows)
    ['column annealing_temperature_degC: found 573.15, 673.15, expected degC; are these kelvin?']
    """
    lines = []
    columns = dict.fromkeys(c for row in samples for c in row if c.endswith("_degC"))
    for column in columns:
        cells = [(row.get(column, ""), row.get("label") or "") for row in samples]
        found = [(text, label) for text, label in cells if re.fullmatch(r"\d+(\.\d+)?", text)]
        told = len(found) > 1 or any(label for _, label in found)
        every = told and all(_reads_like_kelvin(*cell) for cell in found)
        found = found if every else [cell for cell in found if _is_kelvin(*cell)]
        if found:
            values = ", ".join(dict.fromkeys(text for text, _ in found[:3]))
            lines.append(f"column {column}: found {values}, expected degC; are these kelvin?")
    return lines


def _reads_like_kelvin(text: str, label: str) -> bool:
    celsius = float(text) - 273.15
    said = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", label)}
    if float(text) in said:
        return False
    if float(text) >= 298 and (float(text) - 273) % 25 == 0:
        return True
    return (text.endswith(".15") and celsius >= 0) or any(abs(n - celsius) <= 0.5 for n in said)


def _is_kelvin(text: str, label: str) -> bool:
    """Tell whether a number among others in degC is surely in kelvin."""
    celsius = float(text) - 273.15
    said = [float(n) for n in re.findall(r"(\d+(?:\.\d+)?)\s*(?:\u00b0\s*C|degC)", label)]
    if said:
        return any(abs(n - celsius) <= 1 for n in said)
    return text.endswith(".15") and celsius > -0.5 and round(celsius, 6) % 5 == 0
