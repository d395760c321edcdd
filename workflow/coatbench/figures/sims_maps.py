"""Normalised fragment maps of one region per sample; a fragment has one scale across all samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects

from ..curves import Curves, load_curves
from ..tables import read_table
from . import layout, style

SCALE_PERCENTILE = 99.0


def draw(
    curves: Sequence[str],
    regions: str,
    output: Mapping[str, str],
    *,
    sims: Mapping[str, Any],
    samples: Sequence[Mapping[str, str]],
    reference: str | None,
    simulated: bool,
    config: Mapping[str, Any],
) -> None:
    """Draw a row per fragment and a column per sample.

    Parameters
    ----------
    curves : sequence of str
        netCDF files with the group `maps`.
    regions : str
        Table sims_regions: which image is which fragment.
    output : mapping
        Paths of pdf, png and csv.
    sims : mapping
        `map_fragments` of the config.
    samples, reference, simulated, config
        As `figure_params` of the workflow gives them.
    """
    maps = {
        m.attrs["sample"]: m for path in curves if (m := load_curves(path).get("maps")) is not None
    }
    names = {
        (r["sample"], r["region"], int(r["number"])): (r["fragment"], r["group"])
        for r in read_table(regions)
    }
    images = {
        (sample, names[key][0]): m["normalised_intensity"][i]
        for sample, m in maps.items()
        for i, number in enumerate(m["number"])
        if (key := (sample, m.attrs["region"], int(number))) in names
    }
    strongest = sorted(images, key=lambda k: -np.nan_to_num(np.nanmean(images[k])))
    have = list(dict.fromkeys(fragment for _, fragment in strongest))
    wanted = [f for f in sims["map_fragments"] if f in have] or have[:6]
    shown = [s for s in style.ordered(samples) if s["sample"] in maps]
    n_rows = max(1, len(wanted))
    n_columns, blocks, edge = layout.wrapped(
        max(1, len(shown)), n_rows, config["double_column_inch"] - 1.0, layout.PAGE_INCH - 1.0
    )
    edge = min(edge, 1.0)
    figure = style.new_figure(
        config, "double", 0.15 + 0.2 * blocks + blocks * n_rows * (edge + 0.05)
    )
    narrow = max(1.0 + n_columns * (edge + 0.1), config["single_column_inch"] / 2)
    figure.set_figwidth(min(config["double_column_inch"], narrow))
    panels = figure.subplots(blocks * n_rows, n_columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for block in range(blocks):
        part = shown[block * n_columns : (block + 1) * n_columns]
        for row, fragment in zip(panels[block * n_rows :], wanted, strict=False):
            top = _top([images.get((s["sample"], fragment)) for s in shown])
            _row(figure, row, fragment, [images.get((s["sample"], fragment)) for s in part], top)
        for axes, s in zip(panels[block * n_rows], part, strict=False):
            axes.set_title(style.label(s))
    if shown and wanted:
        figure.supylabel(
            "fragment: normalised intensity (white: no counts)", fontsize=config["font_size_pt"]
        )
        _scale_bar(panels[-1, 0], maps[shown[0]["sample"]])
    else:
        style.no_data(panels[0, 0], "no image was measured")
    numbers = [
        {
            "sample": s["sample"], "region": maps[s["sample"]].attrs["region"], "fragment": fragment,
            "mean": float(np.nanmean(image)), "median": float(np.nanmedian(image)),
            "percentile_95": float(np.nanpercentile(image, 95)),
            "scale_maximum": _top([images.get((t["sample"], fragment)) for t in shown]),
        }
        for fragment in wanted
        for s in shown
        if (image := images.get((s["sample"], fragment))) is not None and np.isfinite(image).any()
    ]  # fmt: skip
    style.save(figure, output, numbers, simulated=simulated)


def _top(images: Sequence[np.ndarray | None]) -> float:
    """Return the common upper end of a fragment's scale: a high percentile over all samples' pixels."""
    values = np.concatenate([i[np.isfinite(i)] for i in images if i is not None])
    return float(np.percentile(values, SCALE_PERCENTILE)) if values.size else 0.0


def _row(
    figure: Any, row: Any, fragment: str, images: Sequence[np.ndarray | None], top: float
) -> None:
    top = top or 1.0
    drawn = None
    for axes, image in zip(row, images, strict=False):
        axes.set_axis_on()
        axes.set_xticks([])
        axes.set_yticks([])
        if image is None:
            axes.set_axis_off()
            continue
        axes.set_facecolor("white")  # pixels without counts have no ratio
        drawn = axes.imshow(image, vmin=0, vmax=top, cmap="inferno", interpolation="nearest")
    row[0].set_ylabel(fragment, fontweight="bold")
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=list(row), fraction=0.012, pad=0.005, extend="max")
        bar.ax.tick_params(length=1.5)
        bar.formatter.set_powerlimits((-2, 2))
        bar.set_ticks([0, top / 2, top], labels=["0", f"{top / 2:.2g}", f"{top:.2g}"])


def _scale_bar(axes: Any, maps: Curves) -> None:
    edge_um = float(maps.attrs["field_of_view_um"])
    if not np.isfinite(edge_um):
        return
    ny, nx = maps["normalised_intensity"].shape[1:]
    length_um = max(
        (x for x in (1, 2, 5, 10, 20, 50, 100, 200, 500) if x <= 0.4 * edge_um), default=edge_um
    )
    length = length_um / edge_um * nx
    axes.plot(
        [0.06 * nx, 0.06 * nx + length],
        [0.93 * ny] * 2,
        color="white",
        linewidth=2,
        solid_capstyle="butt",
    )
    axes.text(
        0.06 * nx, 0.9 * ny, f"{length_um:g} µm", color="white", ha="left", va="bottom",
        fontsize="small", path_effects=[patheffects.withStroke(linewidth=1.2, foreground="black")],
    )  # fmt: skip
