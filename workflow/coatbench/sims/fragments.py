"""The table of fragments: what is looked for, at which mass, and what it stands for. Standard library only."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import StudyError, quote
from .masses import composition, ion_mass_u

DEFAULT_TABLE = Path(__file__).parent / "data" / "fragments.csv"
REQUIRED = ("fragment", "formula", "charge", "group")


@dataclass(frozen=True)
class Fragment:
    """One row of the table. `window_ppm` is None where the configuration's width counts."""

    name: str
    formula: str
    charge: int
    group: str
    mass_u: float
    window_ppm: float | None = None

    @cached_property
    def composition(self) -> frozenset[tuple[tuple[int, str], int]]:
        """Its atoms."""
        return frozenset(composition(self.formula).items())


def load_fragments(path: str | Path = DEFAULT_TABLE) -> list[Fragment]:
    """Read a fragment table.

    Raises
    ------
    StudyError
        One line per problem: columns, formulas, charges, windows, names that come twice.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [(i, t) for i, t in enumerate(stream, 1) if t.strip() and t[0] != "#"]
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError([f"{path}: expected a fragment table in UTF-8, found {error}"]) from error
    reader = csv.DictReader(text for _, text in lines)
    if missing := [c for c in REQUIRED if c not in (reader.fieldnames or ())]:
        raise StudyError([f"{path}: header: expected the columns {', '.join(missing)}, found none"])
    fragments: list[Fragment] = []
    problems: list[str] = []
    for (line, _), row in zip(lines[1:], reader, strict=False):
        try:
            fragment = _fragment({k: (v or "").strip() for k, v in row.items() if k})
        except ValueError as error:
            problems.append(f"{path}: line {line}: {error}")
            continue
        if any(f.name == fragment.name for f in fragments):
            problems.append(
                f"{path}: line {line}: expected each fragment once, found {quote(fragment.name)} again"
            )
        fragments.append(fragment)
    if not fragments and not problems:
        problems.append(f"{path}: expected at least one fragment, found none")
    if problems:
        raise StudyError(problems)
    return fragments


def _fragment(row: Mapping[str, str]) -> Fragment:
    for column in ("fragment", "formula", "group"):
        if not row[column]:
            raise ValueError(f"column {column}: expected a name, found an empty cell")
    try:
        charge = int(row["charge"])
        mass = ion_mass_u(row["formula"], charge)
    except ValueError as error:
        raise ValueError(
            f"expected a formula and a charge such as PO2 and -1, found {error}"
        ) from None
    width = row.get("window_ppm", "")
    try:
        window = float(width) if width else None
    except ValueError:
        window = -1.0
    if window is not None and not 0 < window < 1e5:
        raise ValueError(f"column window_ppm: expected a width in ppm, found {quote(width)}")
    return Fragment(row["fragment"], row["formula"], charge, row["group"], mass, window)


def windows(fragments: Sequence[Fragment], window_ppm: float) -> list[dict[str, Any]]:
    """Return what an event list is binned into: label, centre, lower and upper mass of each fragment.

    Groups are left out on purpose: a changed group must not count as a changed window.
    """
    out: list[dict[str, Any]] = []
    for f in fragments:
        half = f.mass_u * (window_ppm if f.window_ppm is None else f.window_ppm) * 1e-6
        out.append(
            {
                "label": f.name,
                "formula": f.formula,
                "charge": f.charge,
                "centre_u": f.mass_u,
                "lower_u": f.mass_u - half,
                "upper_u": f.mass_u + half,
                "stated_window": f.window_ppm is not None,
            }
        )
    return out
