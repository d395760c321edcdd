"""Box plots of every fragment: each region of each sample, relative to the mean of the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cbook import boxplot_stats
from matplotlib.collections import LineCollection

from ..order import ordered
from ..tables import read_table
from . import layout, style

Row = dict[str, Any]
Line = list[tuple[float, float]]
COLUMNS, FEWER_COLUMNS, MANY_SAMPLES = 4, 3, 12


def draw(
    regions: str,
    output: Mapping[str, str],
    *,
    sims: Mapping[str, Any],
    samples: Sequence[Mapping[str, str]],
    reference: str | None,
    simulated: bool,
    config: Mapping[str, Any],
) -> None:
    """Draw a panel per fragment of a degradation group, a box with all its points per sample.

    Parameters
    ----------
    regions : str
        Table sims_regions.
    output : mapping
        Paths of pdf, png and csv.
    sims : mapping
        `group_labels` and `main_groups` of the config.
    samples, reference, simulated, config
        As `figure_params` of the workflow gives them.
    """
    counted = [g for parts in sims["main_groups"].values() for g in parts]
    rows = read_table(regions)
    fragments = {r["fragment"]: r["group"] for r in rows if r["group"] in counted}
    if not fragments:  # no fragment of the table was measured: show what was
        fragments = {r["fragment"]: "" for r in rows}
    order = sorted(fragments, key=lambda f: counted.index(fragments[f]) if fragments[f] else 0)
    means = _means(rows, reference)
    shown = [s for s in ordered(samples) if any(r["sample"] == s["sample"] for r in rows)]
    n_columns = FEWER_COLUMNS if len(shown) > MANY_SAMPLES else COLUMNS
    n_rows = max(1, math.ceil(len(order) / n_columns))
    figure = style.new_figure(config, "double", min(0.5 + 1.35 * n_rows, layout.PAGE_INCH))
    # Ratios stand on one scale, a row of panels; intensities differ from fragment to fragment by orders of magnitude.
    relative = bool(order) and all(f in means for f in order)
    panels = figure.subplots(
        n_rows, n_columns, sharex=True, sharey="row" if relative else False, squeeze=False
    )
    plotted: list[Row] = []
    tops: list[float] = []
    for axes, fragment in zip(panels.flat, order, strict=False):
        own = [r for r in rows if r["fragment"] == fragment]
        plotted += _panel(axes, own, shown, means.get(fragment), style.colours(samples))
        highest = max((r["normalised_intensity"] for r in own), default=0.0)
        tops.append(highest / means.get(fragment, 1.0))
        axes.set_title(fragment, loc="left", fontweight="bold")
        label = sims["group_labels"].get(fragments[fragment], fragments[fragment])
        axes.set_title(label, loc="right", color=style.GREY, fontsize="small")
    for i, axes in enumerate(panels.flat[: len(order)]):
        first = i - i % n_columns
        row = tops[first : first + n_columns] if relative else tops[i : i + 1]
        axes.set_ylim(0, 1.08 * max(row) or 1)
    for axes in panels.flat[len(order) :]:
        axes.set_axis_off()
    for k in range(min(n_columns, len(order))):
        lowest = [a for i, a in enumerate(panels[:, k]) if i * n_columns + k < len(order)][-1]
        style.sample_axis(lowest, shown, 6.0 / n_columns)
        lowest.tick_params(labelbottom=True)
    if not order:
        style.no_data(panels[0, 0], "no image was measured")
    figure.supylabel(
        "normalised intensity" + (" relative to reference" if means else ""),
        fontsize=config["font_size_pt"],
    )
    style.save(figure, output, plotted, simulated=simulated)


def _means(rows: Sequence[Row], reference: str | None) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for r in rows:
        if r["sample"] == reference:
            values.setdefault(r["fragment"], []).append(r["normalised_intensity"])
    return {f: m for f, v in values.items() if (m := math.fsum(v) / len(v)) > 0}


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    mean: float | None,
    colours: Mapping[str, Any],
) -> list[Row]:
    plotted: list[Row] = []
    boxes: dict[int, tuple[list[float], Any]] = {}
    for i, s in enumerate(shown):
        own = [r for r in rows if r["sample"] == s["sample"]]
        values = [r["normalised_intensity"] / (mean or 1) for r in own]
        if not values:
            continue
        boxes[i] = values, colours[s["sample"]]
        plotted += [
            {
                "sample": r["sample"], "region": r["region"], "fragment": r["fragment"],
                "normalised_intensity": r["normalised_intensity"],
                "relative_to_reference_mean": None if mean is None else v,
            }
            for r, v in zip(own, values, strict=True)
        ]  # fmt: skip
    _boxes(axes, boxes)
    if mean is not None:
        axes.axhline(1, color=style.GREY, linewidth=0.5, zorder=0)
    axes.set_xlim(-0.7, len(shown) - 0.3)
    axes.set_xticks(range(len(shown)), [""] * len(shown))
    return plotted


def _boxes(axes: Axes, boxes: Mapping[int, tuple[Sequence[float], Any]]) -> None:
    """Draw a box with whiskers (1.5 times the box, Tukey) and all points at each place.

    As three collections for all places: `Axes.boxplot` makes seven artists of each box.
    """
    lines: list[Line] = []
    medians: list[Line] = []
    line_colours = []
    for i, (values, colour) in boxes.items():
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
    own = [colour for _, colour in boxes.values()]
    axes.add_collection(LineCollection(lines, colors=line_colours, linewidths=0.7))
    axes.add_collection(LineCollection(medians, colors=own, linewidths=1.2))
    points = [
        (i + 0.36 * ((j * 0.618034) % 1 - 0.5), value, colour)
        for i, (values, colour) in boxes.items()
        for j, value in enumerate(values)
    ]
    if points:
        x, y, colour = zip(*points, strict=True)
        axes.scatter(x, y, s=2.5, c=colour, alpha=0.6, linewidths=0, zorder=3)
