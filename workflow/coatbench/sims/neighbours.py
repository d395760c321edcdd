"""Which ions lie so close to a fragment that the mass resolution, or the chosen interval, cannot keep them apart.

Every exchange of S for O2 moves a mass by 17.8 mu only, P-H against S by 9.5 mu: PO2 at m/z 63 needs m/dm = 3500 to be
told from PS, and POS2 at m/z 111 needs 6200 to be told from PO3S.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fragments import Fragment
from .masses import ion_mass_u, label_composition

TABLE = Path(__file__).parent / "data" / "neighbours.csv"
LEAST_RESOLUTION = 1000.0  # pairs that any time-of-flight spectrum separates are not listed


@dataclass(frozen=True)
class Ion:
    """An ion beside a fragment."""

    name: str
    mass_u: float


def load_neighbours(path: Path = TABLE) -> list[Ion]:
    """Read the list of further ions."""
    with path.open(encoding="utf-8") as stream:
        rows = csv.DictReader(line for line in stream if line[0] != "#")
        return [
            Ion(row["formula"].replace("^", ""), ion_mass_u(row["formula"], int(row["charge"])))
            for row in rows
        ]


def close_neighbours(
    fragments: Sequence[Fragment],
    intervals: Mapping[str, tuple[float, float]],
    resolution: float,
    further: Sequence[Ion] | None = None,
) -> list[dict[str, Any]]:
    """Return a row per fragment and close neighbour.

    Parameters
    ----------
    fragments : sequence of Fragment
    intervals : dict of fragment to (lower, upper) mass in u
        Widest interval that it was measured in.
    resolution : float
        m / FWHM of the data.
    further : sequence of Ion, optional
        Ions beside those of the table; default `load_neighbours()`.

    Returns
    -------
    list of dict
        `required_resolution` is mass / difference; `separated` whether the data have it; `in_interval` whether the
        neighbour's exact mass lies within the interval of the fragment (None where that is not known).
    """
    known = {label_composition(f.formula) for f in fragments}
    ions = [Ion(f.name, f.mass_u) for f in fragments]
    ions += [
        ion
        for ion in (load_neighbours() if further is None else further)
        if label_composition(ion.name) not in known
    ]
    rows = []
    for fragment in fragments:
        for ion in sorted(ions, key=lambda i: i.mass_u):
            difference = abs(ion.mass_u - fragment.mass_u)
            if ion.name == fragment.name or difference == 0:
                continue
            required = fragment.mass_u / difference
            interval = intervals.get(fragment.name)
            inside = None if interval is None else interval[0] <= ion.mass_u <= interval[1]
            if required < LEAST_RESOLUTION and not inside:
                continue
            rows.append(
                {
                    "fragment": fragment.name,
                    "neighbour": ion.name,
                    "mass_u": fragment.mass_u,
                    "neighbour_mass_u": ion.mass_u,
                    "difference_mu": 1e3 * (ion.mass_u - fragment.mass_u),
                    "required_resolution": required,
                    "mass_resolution": resolution,
                    "separated": required <= resolution,
                    "in_interval": inside,
                }
            )
    return rows
