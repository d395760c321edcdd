"""Rows as columns, so that a table of any length is a few numbers and words to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path(__file__).parent / "kept"


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns of rows: numbers as arrays, of words each one with the sum of the rows' numbers that have it."""
    found: dict[str, Any] = {"rows": len(rows)}
    for name in dict.fromkeys(k for r in rows for k in r):
        values = [r.get(name) for r in rows]
        if all(v is None or isinstance(v, int | float) for v in values):
            found[name] = np.array([np.nan if v is None else v for v in values], dtype=float)
        else:
            words = [str(v) for v in values]
            found[name] = {
                word: sum(i for i, w in enumerate(words, 1) if w == word)
                for word in dict.fromkeys(words)
            }
    return found
