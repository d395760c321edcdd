"""Box plots of every fragment: each region of each sample, relative to the mean of the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ..tables import read_table
from . import layout, style

Row = dict[str, Any]
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
    shown = [s for s in style.ordered(samples) if any(r["sample"] == s["sample"] for r in rows)]
    n_columns = FEWER_COLUMNS if len(shown) > MANY_SAMPLES else COLUMNS
    n_rows = max(1, math.ceil(len(order) / n_columns))
    figure = style.new_figure(config, "double", min(0.5 + 1.35 * n_rows, layout.PAGE_INCH))
    panels = figure.subplots(n_rows, n_columns, sharex=True, squeeze=False)
    plotted: list[Row] = []
    for axes, fragment in zip(panels.flat, order, strict=False):
        own = [r for r in rows if r["fragment"] == fragment]
        plotted += _panel(axes, own, shown, means.get(fragment), style.colours(samples))
        axes.set_title(fragment, loc="left", fontweight="bold")
        label = sims["group_labels"].get(fragments[fragment], fragments[fragment])
        axes.set_title(label, loc="right", color=style.GREY, fontsize="small")
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
    highest = 0.0
    for i, s in enumerate(shown):
        own = [r for r in rows if r["sample"] == s["sample"]]
        values = [r["normalised_intensity"] / (mean or 1) for r in own]
        if not values:
            continue
        highest = max(highest, *values)
        colour = colours[s["sample"]]
        line = {"color": colour, "linewidth": 0.7}
        axes.boxplot(
            [values], positions=[i], widths=0.6, showfliers=False, boxprops=line, whiskerprops=line,
            capprops=line, medianprops={"color": colour, "linewidth": 1.2},
        )  # fmt: skip
        spread = [0.36 * ((j * 0.618034) % 1 - 0.5) for j in range(len(values))]
        axes.scatter(
            [i + d for d in spread], values, s=2.5, color=colour, alpha=0.6, linewidths=0, zorder=3
        )
        plotted += [
            {
                "sample": r["sample"], "region": r["region"], "fragment": r["fragment"],
                "normalised_intensity": r["normalised_intensity"],
                "relative_to_reference_mean": None if mean is None else v,
            }
            for r, v in zip(own, values, strict=True)
        ]  # fmt: skip
    if mean is not None:
        axes.axhline(1, color=style.GREY, linewidth=0.5, zorder=0)
    axes.set_ylim(0, 1.08 * highest or 1)
    axes.set_xlim(-0.7, len(shown) - 0.3)
    axes.set_xticks(range(len(shown)), [""] * len(shown))
    return plotted
