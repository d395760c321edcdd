"""Box plots of every fragment: each region of each sample, relative to the mean of the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.cbook import boxplot_stats
from matplotlib.collections import LineCollection

from ..order import ordered
from ..quality import DOUBTFUL, quality_of
from ..tables import read_table
from . import layout, style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import SimsConfig

Row = dict[str, Any]
Line = list[tuple[float, float]]
Box = tuple[Sequence[float], Any, Sequence[bool]]  # values, colour, which are doubtful
COLUMNS, FEWER_COLUMNS, MANY_SAMPLES = 4, 3, 12
NOT_RELATIVE = " (not relative)"  # the reference has none of it
NOBODY = {"sample": "", "label": " "}  # the place between two fragments


def draw(drawing: Drawing, regions: str, *, sims: SimsConfig) -> None:
    """Draw a panel per fragment of a degradation group, a box with all its points per sample.

    Parameters
    ----------
    sims : mapping
        `group_labels` and `main_groups` of the config.
    """
    counted = [g for parts in sims["main_groups"].values() for g in parts]
    rows = [r for r in read_table(regions) if quality_of(r).usable]
    fragments = {r["fragment"]: r["group"] for r in rows if r["group"] in counted}
    if not fragments:  # no fragment of the table was measured: show what was
        fragments = {r["fragment"]: "" for r in rows}
    order = sorted(fragments, key=lambda f: counted.index(fragments[f]) if fragments[f] else 0)
    means = _means(rows, drawing.reference)
    regions_of: dict[tuple[str, str], list[Row]] = {}
    for r in rows:
        regions_of.setdefault((r["fragment"], r["sample"]), []).append(r)
    measured = {sample for _, sample in regions_of}
    shown = [s for s in ordered(drawing.samples) if s["sample"] in measured]
    n_columns = FEWER_COLUMNS if len(shown) > MANY_SAMPLES else COLUMNS
    n_rows = max(1, math.ceil(len(order) / n_columns))
    figure = style.new_figure(drawing.config, "double", min(0.5 + 1.35 * n_rows, layout.PAGE_INCH))
    grid = figure.add_gridspec(n_rows, n_columns)
    # Ratios share the scale of a row; intensities differ from fragment to fragment by orders of magnitude.
    beside = n_columns if all(f in means for f in order) else 1
    plotted: list[Row] = []
    for first in range(0, len(order), beside):
        own = order[first : first + beside]
        row, column = divmod(first, n_columns)
        axes = figure.add_subplot(grid[row, column : column + len(own)])
        plotted += _panels(axes, regions_of, own, shown, means, style.colours(drawing.samples))
        _name(
            axes,
            [
                (
                    style.formula(f) + (NOT_RELATIVE if means and f not in means else ""),
                    sims["group_labels"].get(fragments[f], fragments[f]),
                )
                for f in own
            ],
        )
        if first + n_columns + beside > len(order):  # nothing below, or not below all of it
            places = [s for _ in own for s in [*shown, NOBODY]][:-1]
            room = 6.0 * len(own) if beside > 1 else 5.2 * len(places) / (len(places) + 1)
            style.sample_axis(axes, places, room / n_columns)
            axes.tick_params("x", length=0)
        else:
            axes.set_xticks([])
        axes.set_xlim(-1, len(own) * (len(shown) + 1) - 1)
    if not order:
        style.no_data(figure.add_subplot(grid[0, 0]), "no image was measured")
    figure.supylabel(
        "normalised intensity" + (" relative to reference" if means else ""),
        fontsize=drawing.config["font_size_pt"],
    )
    if any(r["quality"] == DOUBTFUL for r in plotted):
        style.explain(figure, "Open: doubtful (see the report)")
    style.save(figure, drawing, plotted)


def _means(rows: Sequence[Row], reference: str | None) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for r in rows:
        if r["sample"] == reference:
            values.setdefault(r["fragment"], []).append(r["normalised_intensity"])
    return {f: m for f, v in values.items() if (m := math.fsum(v) / len(v)) > 0}


def _panels(
    axes: Axes,
    rows: Mapping[tuple[str, str], Sequence[Row]],
    fragments: Sequence[str],
    shown: Sequence[Mapping[str, str]],
    means: Mapping[str, float],
    colours: Mapping[str, Any],
) -> list[Row]:
    """Draw the boxes of some fragments beside each other, a free place between two; return the plotted numbers.

    `rows` are the regions by fragment and sample.
    """
    plotted: list[Row] = []
    boxes: dict[int, Box] = {}
    for k, fragment in enumerate(fragments):
        mean = means.get(fragment)
        if k:
            axes.axvline(k * (len(shown) + 1) - 1, color="black", linewidth=0.6)
        for i, s in enumerate(shown):
            own = rows.get((fragment, s["sample"]), [])
            values = [r["normalised_intensity"] / (mean or 1) for r in own]
            if not values:
                continue
            doubt = [quality_of(r).level == DOUBTFUL for r in own]
            boxes[k * (len(shown) + 1) + i] = values, colours[s["sample"]], doubt
            plotted += [
                {
                    "sample": r["sample"], "region": r["region"], "fragment": r["fragment"],
                    "normalised_intensity": r["normalised_intensity"],
                    "relative_to_reference_mean": None if mean is None else v,
                    "quality": quality_of(r).level,
                }
                for r, v in zip(own, values, strict=True)
            ]  # fmt: skip
    _boxes(axes, boxes)
    if all(f in means for f in fragments):
        axes.axhline(1, color=style.GREY, linewidth=0.5, zorder=0)
    highest = max((v for values, *_ in boxes.values() for v in values), default=0.0)
    axes.set_ylim(0, 1.08 * highest or 1)
    return plotted


def _name(axes: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Write each fragment's name above its boxes, at the left, and its group at the right."""
    above: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "va": "bottom",
    }
    for k, (fragment, group) in enumerate(names):
        left, right = (k / len(names), 1), ((k + 1) / len(names), 1)
        axes.annotate(fragment, left, (2, 3), ha="left", fontweight="bold", **above)
        axes.annotate(
            group, right, (-2, 3), ha="right", color=style.GREY, fontsize="small", **above
        )


def _boxes(axes: Axes, boxes: Mapping[int, Box]) -> None:
    """Draw a box with whiskers (1.5 times the box, Tukey) and all points at each place.

    As three collections for all places: `Axes.boxplot` makes seven artists of each box.
    """
    lines: list[Line] = []
    medians: list[Line] = []
    line_colours = []
    for i, (values, colour, _) in boxes.items():
        box = boxplot_stats(values)[0]
        low, q1, q3, high = (box[k] for k in ("whislo", "q1", "q3", "whishi"))
        edge, cap = 0.3, 0.15
        lines += [
            [(i - edge, q1), (i + edge, q1), (i + edge, q3), (i - edge, q3), (i - edge, q1)],
            [(i, q1), (i, low)], [(i - cap, low), (i + cap, low)],
            [(i, q3), (i, high)], [(i - cap, high), (i + cap, high)],
        ]  # fmt: skip
        line_colours += [colour] * 5
        medians.append([(i - edge, box["med"]), (i + edge, box["med"])])
    own = [colour for _, colour, _ in boxes.values()]
    axes.add_collection(LineCollection(lines, colors=line_colours, linewidths=0.7))
    axes.add_collection(LineCollection(medians, colors=own, linewidths=1.2))
    points = [
        (i + 0.36 * ((j * 0.618034) % 1 - 0.5), value, colour, is_doubtful)
        for i, (values, colour, doubts) in boxes.items()
        for j, (value, is_doubtful) in enumerate(zip(values, doubts, strict=True))
    ]
    if good := [p for p in points if not p[3]]:
        x, y, colour, _ = zip(*good, strict=True)
        axes.scatter(x, y, s=2.5, c=colour, alpha=0.6, linewidths=0, zorder=3)
    if odd := [p for p in points if p[3]]:
        x, y, colour, _ = zip(*odd, strict=True)
        axes.scatter(x, y, s=7, facecolors="white", edgecolors=colour, linewidths=0.7, zorder=4)
