"""Numbers that no change of code moves unnoticed: what a room makes of inputs far from the defaults, held in files.

They say nothing of what is right; tests against truth do that. After a change of method that is meant,
`COATBENCH_WRITE_NUMBERS=1 pytest tests -k kept` writes them anew, and the difference is read before it is committed.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

RELATIVE = 1e-5  # other processors and libraries sum in another order; the smallest planted bug that matters is larger
REWRITE = os.environ.get("COATBENCH_WRITE_NUMBERS") == "1"


def flat(what: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every number and word of nested mappings and sequences with its place; of an array what tells it from another."""
    if isinstance(what, np.ndarray) and what.size > 8 and what.dtype.kind in "fiub":
        a = np.asarray(what, float).ravel()
        known = np.isfinite(a)
        ramp = np.linspace(0.5, 1.5, a.size)
        yield f"{place}.size", what.size
        yield f"{place}.unknown", int((~known).sum())
        yield f"{place}.sum", float(a[known].sum())
        yield f"{place}.ramp", float((a * ramp)[known].sum())
        yield f"{place}.norm", float(np.sqrt((a[known] ** 2).sum()))
    elif isinstance(what, Mapping):
        for key, value in what.items():
            yield from flat(value, f"{place}.{key}" if place else str(key))
    elif isinstance(what, np.ndarray) or (isinstance(what, Sequence) and not isinstance(what, str)):
        for number, value in enumerate(what):
            yield from flat(value, f"{place}.{number}")
    elif isinstance(what, np.generic):
        yield place, what.item()
    else:
        yield place, what


def same(kept: str, value: Any, scale: float, relative: float = RELATIVE) -> bool:
    """Tell whether a value is the kept one, within what other processors change."""
    if isinstance(value, float | int) and not isinstance(value, bool) and kept:
        try:
            return math.isclose(float(kept), value, rel_tol=relative, abs_tol=1e-9 * scale) or (
                math.isnan(float(kept)) and math.isnan(value)
            )
        except ValueError:
            return False
    return kept == written(value)


def written(value: Any) -> str:
    """Return a value as the file has it."""
    return f"{value:.9g}" if isinstance(value, float) else "" if value is None else str(value)


def hold(path: Path, made: Mapping[str, Any], relative: float = RELATIVE) -> None:
    """Hold what was made against a file of (place, value), to a relative change; fail with the places that moved."""
    found = dict(flat(made))
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["place", "value"])
            writer.writerows((place, written(value)) for place, value in found.items())
    with path.open(encoding="utf-8", newline="") as stream:
        kept = {row["place"]: row["value"] for row in csv.DictReader(stream)}
    moved = [f"{p}: gone (was {kept[p]})" for p in kept if p not in found]
    moved += [f"{p}: new ({written(v)})" for p, v in found.items() if p not in kept]
    sizes = [abs(v) for v in found.values() if isinstance(v, float) and math.isfinite(v)]
    scale = float(np.median(sizes)) if sizes else 1.0
    moved += [
        f"{p}: {kept[p]} -> {written(v)}"
        for p, v in found.items()
        if p in kept and not same(kept[p], v, scale, relative)
    ]
    shown = "\n".join(moved[:20])
    assert not moved, f"{path.name}: {len(moved)} of {len(found)} moved\n{shown}"
