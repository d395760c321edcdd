"""The table of fragments: what is looked for, at which mass, and what it stands for. Standard library only."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import StudyError, quote
from .masses import ion_mass_u, label_composition

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


@dataclass(frozen=True)
class Match:
    """A fragment and the channel of an export that it was found in."""

    fragment: Fragment
    number: int
    by: str  # "label" or "mass"


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


def windows(fragments: Sequence[Fragment], window_ppm: float) -> list[dict[str, str | float]]:
    """Return what an event list is binned into: label, centre, lower and upper mass of each fragment.

    Groups are left out on purpose: a changed group must not count as a changed window.
    """
    out: list[dict[str, str | float]] = []
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
            }
        )
    return out


def match_channels(
    channels: Sequence[tuple[int, str, float | None]],
    fragments: Sequence[Fragment],
    match_ppm: float,
) -> list[Match]:
    """Find the channel of each fragment.

    A label that is a formula decides by its composition, whatever the marks and the order of the elements.
    Without one the interval's centre decides: within `match_ppm`, and each the other's nearest.

    Parameters
    ----------
    channels : sequence of (number, label, centre mass in u or None)
    fragments : sequence of Fragment
    match_ppm : float

    Returns
    -------
    list of Match
        In the order of `fragments`; a fragment that was not measured is absent.
    """
    by_name = {f.name: f for f in fragments}
    # A fragment's own name may also be a label that is no formula ("sum of sulfides").
    by_composition = {c: f for f in fragments if (c := label_composition(f.formula)) is not None}
    found: dict[str, Match] = {}
    unlabelled: list[tuple[int, float]] = []
    for number, label, mass in channels:
        composition = label_composition(label) if label else None
        fragment = by_name.get(label) or (by_composition.get(composition) if composition else None)
        if fragment is not None:
            found.setdefault(fragment.name, Match(fragment, number, "label"))
        elif not label and mass is not None:
            unlabelled.append((number, mass))
    for number, mass in unlabelled:
        nearest = min(fragments, key=lambda f: abs(f.mass_u - mass))
        rival = min(unlabelled, key=lambda c: abs(c[1] - nearest.mass_u))
        close = abs(mass / nearest.mass_u - 1) <= match_ppm * 1e-6
        if close and rival[0] == number and nearest.name not in found:
            found[nearest.name] = Match(nearest, number, "mass")
    return [found[f.name] for f in fragments if f.name in found]
