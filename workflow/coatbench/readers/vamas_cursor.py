"""A walk through the lines of a VAMAS file, one value a line; every complaint names the line."""

from __future__ import annotations

import math

from ..errors import ReadError, quote
from .text import Text, integer, number
from .xps_block import UNKNOWN


class Cursor:
    """Walks through the lines; every complaint names the line."""

    def __init__(self, text: Text, start: int) -> None:
        self.text, self.at = text, start

    @property
    def left(self) -> int:
        """Number of lines not yet read."""
        return len(self.text.lines) - self.at

    def take(self, what: str) -> str:
        """Read one line, which is `what` for the complaint where there is none."""
        if self.at >= len(self.text.lines):
            raise ReadError(
                self.text.path,
                "end of file",
                what,
                "nothing more",
                "the file is cut; export it again",
            )
        self.at += 1
        return self.text.lines[self.at - 1]

    def where(self) -> str:
        """Place of the line read last, in words."""
        return self.text.where(self.at - 1)

    def lines(self, n: int, what: str) -> list[str]:
        """Read `n` lines."""
        return [self.take(what) for _ in range(n)]

    def count(self, what: str, per_item: int = 1, low: int = 0) -> int:
        """Read a declared count; the file must still hold that many items of `per_item` lines."""
        raw = self.take(f"the number of {what}")
        n = integer(raw, self.text.path, self.where(), f"the number of {what}", low, 10**9)
        if n * per_item > self.left:
            raise ReadError(
                self.text.path,
                self.where(),
                f"{n} {what}",
                f"{self.left} more lines in the file",
                "the file is cut; export it again",
            )
        return n

    def value(self, what: str) -> float:
        """Read a number; the standard's 1E+37 (not known) becomes NaN."""
        x = number(self.take(what), self.text.path, self.where(), what)
        return math.nan if abs(x) > UNKNOWN else x

    def choice(self, what: str, options: tuple[str, ...]) -> str:
        """Read a word that is one of `options`."""
        word = self.take(what).strip()
        if word not in options:
            raise ReadError(
                self.text.path, self.where(), f"{what}: {', '.join(options)}", quote(word)
            )
        return word
