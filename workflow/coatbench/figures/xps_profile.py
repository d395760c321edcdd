"""Figure `xps_profile`: atomic percent over the levels of depth profiles and angle series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ..quality import OK, quality_of, worst
from ..tables import read_table
from . import style
from .drawing import Drawing

COLUMNS, MOST_PANELS = 2, 8

# By region: its rows, one a level.
Profile = dict[str, list[dict[str, Any]]]


def draw(drawing: Drawing, profile: str) -> None:
    """Draw one panel per sample and spot that has levels; the CSV has those without room, too."""
    found = profiles(read_table(profile))
    columns = max(1, min(COLUMNS, len(found)))
    rows = math.ceil(min(len(found), MOST_PANELS) / columns)
    figure = style.new_figure(
        drawing.config, "single" if columns == 1 else "double", max(0.4 + 2.1 * rows, 2.0)
    )
    labels = {s["sample"]: style.label(s) for s in drawing.samples}
    if not found:
        style.no_data(figure.subplots(), "no level of an export could be quantified")
    else:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        handles: dict[str, Any] = {}
        colours = colours_of(found.values())
        for axes, ((sample, spot), regions) in zip(panels, found.items(), strict=False):
            panel(axes, regions, colours)
            axes.set_title(f"{labels.get(sample, sample)}, spot {spot}", loc="left")
            drawn, names = axes.get_legend_handles_labels()
            handles.update(zip(names, drawn, strict=True))
        for axes in panels[len(found) :]:
            axes.set_axis_off()
        style.legend_below(figure, handles)
        left = len(found) - len(panels)
        if left > 0:
            figure.supxlabel(f"{left} more: see the plotted numbers", fontsize=5.5)
    numbers = [row for regions in found.values() for own in regions.values() for row in own]
    style.save(figure, drawing, numbers)


def profiles(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Profile]:
    """Return (sample, spot) -> region -> its atomic percent over the levels, components added up.

    What is unusable or not quantified is left out.
    """
    found: dict[tuple[str, str], dict[str, dict[float, list[Mapping[str, Any]]]]] = {}
    for row in rows:
        if row["at_percent"] is not None and quality_of(row).usable:
            regions = found.setdefault((row["sample"], row["spot"]), {})
            regions.setdefault(row["region"], {}).setdefault(abscissa(row)[1], []).append(row)
    return {
        key: {
            region: [_whole(own) for _, own in sorted(levels.items())]
            for region, levels in regions.items()
        }
        for key, regions in found.items()
    }


def _whole(components: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = ("sample", "spot", "level", "sputter_time_s", "angle_deg", "region")
    return {
        **{c: components[0][c] for c in columns},
        "at_percent": sum(r["at_percent"] for r in components),
        "at_percent_sd": math.hypot(*(r["at_percent_sd"] for r in components)),
        **worst(map(quality_of, components)).columns(),
    }


def abscissa(row: Mapping[str, Any]) -> tuple[str, float]:
    """Return what a level is, as a label and its value."""
    for column, label in (("sputter_time_s", "sputter time / s"), ("angle_deg", "angle / degrees")):
        if row.get(column) is not None:
            return label, row[column]
    return "level in the export", row["level"]


def colours_of(profiles: Iterable[Profile]) -> dict[str, str]:
    """Return the colour of each region, the same in all panels, for they share a legend."""
    names = dict.fromkeys(region for regions in profiles for region in regions)
    n = len(style.CATEGORIES)
    return {name: style.CATEGORIES[i % n] for i, name in enumerate(names)}


def panel(axes: Axes, regions: Profile, colours: Mapping[str, str]) -> None:
    """Draw atomic percent of each region over the levels, doubtful ones with open symbols."""
    for region, rows in regions.items():
        colour = colours[region]
        x, y = [abscissa(r)[1] for r in rows], [r["at_percent"] for r in rows]
        sd = [r["at_percent_sd"] for r in rows]
        axes.errorbar(x, y, sd, color=colour, linewidth=0.7, elinewidth=0.5, label=region)
        for level, value, row in zip(x, y, rows, strict=True):
            face = colour if row["quality"] == OK else "white"
            axes.plot(level, value, "o", color=colour, markerfacecolor=face, markersize=2.5)
        axes.set_xlabel(abscissa(rows[0])[0])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("atomic percent")
