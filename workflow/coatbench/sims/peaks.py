"""The spectrum of a sample for its quick-look: peaks or intervals with the names that they get, and those that get none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays
from .calibration import MassShift
from .fragments import Fragment
from .ions import other_ions
from .naming import Image, name_images, shift_of

if TYPE_CHECKING:
    from ..config_types import SimsConfig

UNASSIGNED_PPM = (
    60.0  # a peak farther than this from every known ion, on the corrected scale, has no name
)


def named_intervals(
    rows: Sequence[Mapping[str, Any]], fragments: Sequence[Fragment], config: SimsConfig
) -> list[dict[str, Any]]:
    """Return the intervals of the first region: mass_u, lower_u, upper_u (corrected), counts, name, kind.

    Parameters
    ----------
    rows : sequence of mapping
        Of sims_regions, as reduced.
    fragments : sequence of Fragment
    config : mapping
        `match_ppm`, `mass_calibration`.

    Returns
    -------
    list of dict
        `kind` is `fragment`, `ion` (known, not in the fragment table) or `unassigned`. Images without a mass stand at the exact mass of
        their fragment, or are left out.
    """
    own = [r for r in rows if r["region"] == rows[0]["region"]] if rows else []
    others = other_ions(fragments)
    known = {o.name for o in others}
    images = [
        Image(int(r["number"]), r["label"] or "", r["mass_u"], r.get("listed") or "") for r in own
    ]
    shift = shift_of(images, fragments, others, config["mass_calibration"])
    names = name_images(images, fragments, others, float(config["match_ppm"]), shift)
    found = []
    for row, name in zip(own, names, strict=True):
        exact = name.fragment.mass_u if name.fragment else None
        centre = row["mass_u"] if row["mass_u"] is not None else exact
        if centre is None:
            continue
        scale = shift if row["mass_u"] is not None else MassShift()
        limits = [row["mass_lower_u"] or centre, row["mass_upper_u"] or centre]
        kind = (
            "fragment"
            if name.fragment
            else "ion"
            if name.name.split(" or ")[0] in known
            else "unassigned"
        )
        found.append(
            {"mass_u": scale.corrected(centre), "lower_u": scale.corrected(limits[0]), "upper_u": scale.corrected(limits[1]),
             "counts": row["sum_counts"], "name": name.name, "kind": kind}
        )  # fmt: skip
    return found


def named_peaks(spectrum: Arrays, fragments: Sequence[Fragment]) -> list[dict[str, Any]]:
    """Return the peaks of an event spectrum on the corrected scale: mass_u, counts, name, kind (as `named_intervals`).

    A peak has the name of the nearest known ion, isotopologues included.
    """
    ions = [(f.mass_u, f.name, "fragment") for f in fragments]
    ions += [(o.mass_u, o.name, "ion") for o in other_ions(fragments)]
    found = []
    for mass, counts in zip(spectrum["mass_u"].tolist(), spectrum["counts"].tolist(), strict=True):
        exact, name, kind = min(ions, key=lambda ion: abs(ion[0] - mass))
        if abs(mass / exact - 1) * 1e6 > UNASSIGNED_PPM:
            name, kind = f"m/z {mass:.3f}", "unassigned"
        found.append({"mass_u": mass, "counts": counts, "name": name, "kind": kind})
    return found
