"""What a cell of a user's table may hold: each check returns what was expected, or None where the cell is good."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .spelling import meant
from .symbols import ELEMENTS

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
# Names that no file may have on Windows, where results are opened too.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
Check = Callable[[str], str | None]  # returns what was expected, or None when the cell is good


def an_id(text: str) -> str | None:
    """Accept what can be part of a file name everywhere."""
    if len(text) > 64:
        return "at most 64 characters"
    if RESERVED.match(text):
        return "a name that no operating system keeps for itself"
    return (
        None if ID.match(text) else "letters, digits, _ . - only, and a letter, digit or _ in front"
    )


@dataclass(frozen=True)
class a_number:
    """The check that a cell is a number in a range; `above`: the lowest is not good itself."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def __call__(self, text: str) -> str | None:
        """Return what was expected, or None when the cell is good."""
        if not NUMBER.match(text):
            return "a number"
        value = float(text)
        if not math.isfinite(value):
            return "a finite number"
        if value < self.low or value > self.high or (self.above and value == self.low):
            return f"a number {self.range()}"
        return None

    def range(self) -> str:
        """Return the range in words: `above 0`, `from 0 to 1`."""
        low = f"above {self.low:g}" if self.above else f"from {self.low:g}"
        if math.isinf(self.high):
            return f"{low}{'' if self.above else ' on'}"
        if math.isinf(self.low):
            return f"up to {self.high:g}"
        return f"{low}{' and up' if self.above else ''} to {self.high:g}"


def one_of(*names: str, also: Mapping[str, str] | None = None) -> Check:
    """Return the check that a cell is one of these names; `also` are other words for them, which a message explains."""

    def check(text: str) -> str | None:
        if text in names:
            return None
        said = (also or {}).get(text.casefold())
        hint = f"; did you mean {said}?" if said else meant(text, names, 0.6)
        return f"one of {', '.join(names)}{hint}"

    return check


def a_reason(text: str) -> str | None:
    """Accept a reason in words: `no` in a column of reasons means the opposite of what it does."""
    answers = (
        "yes",
        "no",
        "true",
        "false",
        "0",
        "1",
        "ja",
        "nein",
        "y",
        "n",
        "j",
        "x",
        "ok",
        "good",
        "gut",
        "keep",
        "include",
    )
    return "a reason in words, or an empty cell" if text.casefold() in answers else None


def cycle_numbers(text: str) -> str | None:
    """Accept cycles and ranges of them: `1;5-7`."""
    expected = "cycles from 1 on, such as 1;5-7"
    parts = [part.strip() for part in text.split(";") if part.strip()]
    for part in parts:
        if not re.fullmatch(r"[1-9]\d{0,8}(\s*-\s*[1-9]\d{0,8})?", part):
            return expected
        low, _, high = part.partition("-")
        if int(high or low) < int(low):
            return expected
    return None


def with_x_rays(text: str) -> str | None:
    """Accept the symbol of an element that an X-ray detector can see."""
    if text in ELEMENTS[:3]:
        return "an element with an X-ray line: H, He and Li have none that a detector sees"
    return None if text in ELEMENTS else "the symbol of an element, such as S"


def any_text(text: str) -> str | None:
    """Accept every cell."""
    return None


TEMPERATURE = a_number(-273.15, 3000)
POSITIVE = a_number(0, math.inf, above=True)
