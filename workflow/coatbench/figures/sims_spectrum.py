"""The spectrum of a ToF-SIMS sample: a line of events or intervals as bars, with named and unassigned peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..arrays import Arrays
from . import style

COLOURS = {"fragment": "#0072B2", "ion": style.GREY, "unassigned": style.ACCENT}
WORDS = {"fragment": "fragment", "ion": "other known ion", "unassigned": "unassigned"}
NAMES = 26  # that fit; the strongest
APART_U = 1.6  # names of peaks nearer than this would overlap


def draw_spectrum(
    axes: Axes, peaks: Sequence[Mapping[str, Any]], line: Arrays | None, small_pt: float
) -> None:
    """Draw a spectrum with logarithmic counts.

    Parameters
    ----------
    axes : Axes
    peaks : sequence of mapping
        mass_u, counts, name, kind; lower_u and upper_u of intervals.
    line : Arrays or None
        `counts` over `mass_u` of the events.
    small_pt : float
        Size of the names.
    """
    seen = [p for p in peaks if p["counts"] > 0]
    if not seen:
        style.no_data(axes, "no mass of any image is known")
        return
    if line is not None:
        counts = np.where(line["counts"] > 0, line["counts"], np.nan)
        axes.vlines(line["mass_u"], 0.5, counts, color=style.GREY, linewidth=0.3)
    least = 0.5 * min(p["counts"] for p in seen)
    for kind, colour in COLOURS.items():
        own = [p for p in seen if p["kind"] == kind]
        if not own:
            continue
        mass, height = [p["mass_u"] for p in own], [p["counts"] for p in own]
        axes.vlines(mass, least, height, color=colour, linewidth=1.1, label=WORDS[kind])
    for names, at, top, kind in _labels(seen):
        axes.annotate(
            names, (at, top), (0, 2), textcoords="offset points", rotation=90, ha="center", va="bottom",
            fontsize=small_pt, color=COLOURS[kind],
        )  # fmt: skip
    most = max(p["counts"] for p in seen)
    axes.set_yscale("log")
    axes.set_ylim(least, most * (most / least) ** 0.45)  # room for names
    axes.set_xlim(0, max(p["mass_u"] for p in seen) * 1.03)
    axes.set_xlabel("m/z (u), corrected for the common shift")
    axes.set_ylabel("counts")
    axes.legend(fontsize=small_pt, loc="upper right", frameon=False, ncols=3)


def _labels(seen: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float, str]]:
    """Return names, place, height and kind of the strongest peaks; those that would overlap have one label, strongest first."""
    shown = sorted(seen, key=lambda p: (-p["counts"], p["mass_u"]))[:NAMES]
    shown += [p for p in seen if p["kind"] == "unassigned" and p not in shown][:4]
    heaps: list[list[Mapping[str, Any]]] = []
    for p in sorted(shown, key=lambda p: p["mass_u"]):
        if heaps and p["mass_u"] - heaps[-1][-1]["mass_u"] < APART_U:
            heaps[-1].append(p)
        else:
            heaps.append([p])
    found = []
    for heap in heaps:
        first, *others = sorted(heap, key=lambda p: -p["counts"])
        names = ", ".join(p["name"] for p in (first, *others))
        found.append((names, first["mass_u"], first["counts"], first["kind"]))
    return found
