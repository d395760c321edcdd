"""Figure 6: relative degradation of composite cathodes per group of fragments, and of the two main groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ..order import ordered
from ..quality import DOUBTFUL, quality_of
from ..tables import read_table
from . import style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import SimsConfig

Row = dict[str, Any]


def draw(drawing: Drawing, degradation: str, *, sims: SimsConfig) -> None:
    """Draw (a) a bar per group and sample, (b) a bar per main group and sample, with 95 % intervals.

    Parameters
    ----------
    sims : mapping
        `group_labels`, `main_groups` and `headline_weighting` of the config.
    """
    rows = [
        r
        for r in read_table(degradation)
        if r["weighting"] == sims["headline_weighting"] and r["sample"] != drawing.reference
    ]
    known = [r for r in rows if r["relative_degradation"] is not None and quality_of(r).usable]
    shown = [s for s in ordered(drawing.samples) if any(r["sample"] == s["sample"] for r in known)]
    main = list(sims["main_groups"])
    groups = [g for g in dict.fromkeys(r["group"] for r in known) if g not in main]
    base = next((s for s in drawing.samples if s["sample"] == drawing.reference), None)
    figure = style.new_figure(drawing.config, "double", 2.5)
    panels = figure.subplots(1, 2, width_ratios=[1.5, 1], sharey=True)
    for letter, axes, names in (("a", panels[0], groups), ("b", panels[1], main)):
        if base is not None and known:
            axes.axhline(
                1, color=style.REFERENCE_COLOUR, linewidth=0.7, zorder=0, label=style.label(base)
            )
        _bars(axes, known, shown, names, sims["group_labels"], first=0 if letter == "a" else 4)
        style.sample_axis(axes, shown, 3.7 if letter == "a" else 2.5)
        style.panel_letter(axes, letter)
    panels[0].set_ylabel("signal relative to reference\n(95 % intervals over regions)")
    if known:
        highest = max(r["relative_degradation_ci_high"] or r["relative_degradation"] for r in known)
        panels[0].set_ylim(
            0, 1.35 * max(highest, 1.0)
        )  # the legend stands above the reference, too
    if any(quality_of(r).level == DOUBTFUL for r in known):
        style.explain(figure, "Open: doubtful (see the report)")
    style.save(figure, drawing, _numbers(known, shown, [*groups, *main]))


def _bars(
    axes: Axes,
    rows: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    groups: Sequence[str],
    labels: Mapping[str, str],
    first: int,
) -> None:
    if not rows:
        style.no_data(axes, "no sample can be related to a reference")
        return
    place = {s["sample"]: i for i, s in enumerate(shown)}
    width = 0.8 / max(1, len(groups))
    handles: list[Any] = []
    for k, group in enumerate(groups):
        own = [r for r in rows if r["group"] == group]
        x = [place[r["sample"]] + (k - (len(groups) - 1) / 2) * width for r in own]
        y = [r["relative_degradation"] for r in own]
        colour = style.CATEGORIES[(first + k) % len(style.CATEGORIES)]
        for doubt in (False, True):
            part = [
                (i, v)
                for i, v, r in zip(x, y, own, strict=True)
                if (quality_of(r).level == DOUBTFUL) == doubt
            ]
            look: dict[str, Any] = (
                {"facecolor": "white", "edgecolor": colour, "linewidth": 0.8}
                if doubt
                else {"color": colour, "linewidth": 0}
            )
            axes.bar([i for i, _ in part], [v for _, v in part], 0.92 * width, **look)
        handles.append(Patch(color=colour, linewidth=0, label=labels.get(group, group)))
        low = [r["relative_degradation_ci_low"] for r in own]
        high = [r["relative_degradation_ci_high"] for r in own]
        errors = [
            # Without an interval none is drawn: not one of no length, which says that the value is certain.
            [
                math.nan if edge is None else abs(edge - value)
                for edge, value in zip(edges, y, strict=True)
            ]
            for edges in (low, high)
        ]
        axes.errorbar(
            x, y, errors, fmt="none", ecolor=style.REFERENCE_COLOUR, elinewidth=0.6, capsize=1.2
        )
    axes.tick_params(axis="x", which="both", length=0)
    # Three names fit beside each other in the wider panel, two in the other.
    handles = [*axes.get_legend_handles_labels()[0], *handles]
    axes.legend(
        handles=handles,
        ncols=3 if len(groups) > 2 else 2,
        loc="upper center",
        handlelength=1,
        columnspacing=1,
    )


def _numbers(
    rows: Sequence[Row], shown: Sequence[Mapping[str, str]], groups: Sequence[str]
) -> list[Row]:
    columns = (
        "sample", "group", "weighting", "relative_degradation", "relative_degradation_ci_low",
        "relative_degradation_ci_high", "n_regions", "quality", "quality_note",
    )  # fmt: skip
    return [
        {c: r.get(c) for c in columns}
        for group in groups
        for s in shown
        for r in rows
        if (r["sample"], r["group"]) == (s["sample"], group)
    ]
