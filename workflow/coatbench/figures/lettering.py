"""Fonts and formulas of all figures."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from matplotlib import font_manager

from ..symbols import ELEMENTS

log = logging.getLogger(__name__)

LAST = "DejaVu Sans"  # ships with matplotlib, and has every sign that a figure may use
# What no sample of a study holds only makes more words look like formulas.
_SYMBOLS = [e for e in ELEMENTS if e not in ("Po", "At", "Rn", "Fr", "Ra", "Ac", "Pa")]
_ATOM = "(?:" + "|".join(sorted(_SYMBOLS, key=len, reverse=True)) + ")"
_COUNT = r"(?:\d{1,2}(?:\.\d+)?)"
_PART = rf"(?:{_ATOM}{_COUNT}?|\((?:{_ATOM}{_COUNT}?)+\){_COUNT}?)"
# In running text a formula has two elements or more: "C1s", "N400" or "S2" alone may be anything.
_IN_TEXT = re.compile(rf"(?<![\w.]){_PART}{{2,}}(?![\w.])")
_WHOLE = re.compile(rf"({_PART}+)([+-]?)\Z")
_NUMBER = re.compile(rf"(?<=[A-Za-z)]){_COUNT}")


@cache
def font_families(wanted: Sequence[str]) -> list[str]:
    """Return the fonts of figures: the first of `wanted` that is installed, then the one that has every sign.

    Which one it was stands in the log, and in the PDF, which embeds it.
    """
    _look_for(wanted)
    installed = {font.name for font in font_manager.fontManager.ttflist}
    chosen = next((name for name in wanted if name in installed), LAST)
    log.info("font: %s", chosen)
    return list(dict.fromkeys([chosen, LAST]))


def _look_for(wanted: Sequence[str]) -> None:
    """Tell matplotlib of wanted fonts that were installed after it made its list, which it keeps for good."""
    manager = font_manager.fontManager
    listed = {font.fname for font in manager.ttflist}
    starts = tuple(name.replace(" ", "").lower() for name in wanted if name != LAST)
    for path in sorted(set(font_manager.findSystemFonts()) - listed):
        if Path(path).stem.replace(" ", "").lower().startswith(starts):
            manager.addfont(path)


def plain(text: str) -> str:
    """Return text that matplotlib does not read as mathtext."""
    return text.replace("$", r"\$")


def in_words(text: str) -> str:
    """Return text of a study as figures write it: the formulas in it with their numbers as subscripts.

    Examples
    --------
    >>> in_words("Li3PS4 on NCM85, 400 °C")
    'Li$_{3}$PS$_{4}$ on NCM85, 400 °C'
    """
    return _IN_TEXT.sub(lambda found: _subscripts(found[0]), plain(text))


def formula(name: str) -> str:
    """Return a formula, with a charge if it has one, as figures write it; any other text as `in_words` does.

    Examples
    --------
    >>> formula("S2"), formula("PO3-"), formula("Mn/Co/Ni")
    ('S$_{2}$', 'PO$_{3}$$^{-}$', 'Mn/Co/Ni')
    """
    if (found := _WHOLE.match(name)) is None:
        return in_words(name)
    charge = f"$^{{{found[2]}}}$" if found[2] else ""
    return _subscripts(found[1]) + charge


def _subscripts(text: str) -> str:
    return _NUMBER.sub(lambda found: f"$_{{{found[0]}}}$", text)


def letters(text: str) -> int:
    """Return how many letters a text shows, without what only mathtext reads."""
    return len(re.sub(r"(?<!\\)\$[_^]?|[{}]|\\(?=\$)", "", text))
