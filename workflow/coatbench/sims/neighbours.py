"""Which ions lie so close to a fragment that the mass resolution, or the chosen interval, cannot keep them apart.

PO2 at m/z 63 needs m/dm = 3500 to be told from PS, POS2 at m/z 111 needs 6200 to be told from PO3S, and S3 cannot be told
from PS2 with one 33S: but how much of that there is follows from PS2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .fragments import Fragment
from .ions import ION, ISOTOPOLOGUE, Ion, other_ions

LEAST_RESOLUTION = 1000.0  # pairs that any time-of-flight spectrum separates are not listed


def close_neighbours(
    fragments: Sequence[Fragment],
    intervals: Mapping[str, tuple[float, float]],
    resolution: float,
    intensities: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """Return a row per fragment and close neighbour.

    Parameters
    ----------
    fragments : sequence of Fragment
    intervals : dict of fragment to (lower, upper) mass in u
        Widest interval that it was measured in, on the exact mass scale.
    resolution : float
        m / FWHM of the data.
    intensities : dict of fragment to float, optional
        Mean normalised intensity in the reference, for what isotopologues contribute.

    Returns
    -------
    list of dict
        `required_resolution` is mass / difference; `separated` whether the data have it; `in_interval` whether the
        neighbour's exact mass lies within the interval of the fragment (None where that is not known); `contribution` the
        ions of an isotopologue per ion counted as the fragment. Isotopologues that are separated are not listed.
    """
    measured = intensities or {}
    ions = [Ion(f.name, f.mass_u) for f in fragments] + other_ions(fragments)
    ions.sort(key=lambda i: i.mass_u)
    rows = []
    for fragment in fragments:
        for ion in ions:
            difference = abs(ion.mass_u - fragment.mass_u)
            if ion.name == fragment.name or difference == 0:
                continue
            required = fragment.mass_u / difference
            interval = intervals.get(fragment.name)
            inside = None if interval is None else interval[0] <= ion.mass_u <= interval[1]
            least = LEAST_RESOLUTION if ion.kind != ISOTOPOLOGUE else resolution
            if required < least and not inside:
                continue
            own, parent = measured.get(fragment.name, 0.0), measured.get(ion.parent)
            share = (
                ion.per_parent * parent / own
                if ion.per_parent is not None and parent is not None and own > 0
                else None
            )
            rows.append(
                {
                    "fragment": fragment.name,
                    "neighbour": ion.name,
                    "kind": ion.kind or ION,
                    "mass_u": fragment.mass_u,
                    "neighbour_mass_u": ion.mass_u,
                    "difference_mu": 1e3 * (ion.mass_u - fragment.mass_u),
                    "required_resolution": required,
                    "mass_resolution": resolution,
                    "separated": required <= resolution,
                    "in_interval": inside,
                    "contribution": share,
                }
            )
    return rows


def told_apart(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return per fragment, in words, which ions count as it wherever they are there; isotopologues are subtracted instead.

    Parameters
    ----------
    rows : sequence of mapping
        Of `close_neighbours`.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for r in rows:
        if r["kind"] != ISOTOPOLOGUE and (r["in_interval"] or not r["separated"]):
            where = "in its interval" if r["in_interval"] else "not separated"
            found.setdefault(r["fragment"], {}).setdefault(where, []).append(r["neighbour"])
    return {
        fragment: "; ".join(f"{where}: {', '.join(names)}" for where, names in own.items())
        for fragment, own in found.items()
    }
