"""Normalised fragment maps of one region per sample; a fragment has one scale across all samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..arrays import Arrays
from ..curves import load_set
from ..order import ordered
from ..quality import quality_of
from ..tables import read_table
from . import layout, style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import SimsConfig

SCALE_PERCENTILE = 99.0
EDGE = 0.96  # of an image, of the room that it has
BESIDE_INCH = 0.9  # names of fragments, colour bar and its numbers
ABOVE_INCH = 0.1
BAR_INCH = 0.06


def draw(drawing: Drawing, curves: Sequence[str], regions: str, *, sims: SimsConfig) -> None:
    """Draw a row per fragment and a column per sample.

    Parameters
    ----------
    sims : mapping
        `map_fragments` of the config.
    """
    maps = {m.attrs["sample"]: m for path in curves if (m := load_set(path, "maps")) is not None}
    names = {
        (r["sample"], r["region"], int(r["number"])): (r["fragment"], r["group"])
        for r in read_table(regions)
        if quality_of(
            r
        ).usable  # an image of what is perhaps another ion would scale those of all samples
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
    shown = [s for s in ordered(drawing.samples) if s["sample"] in maps]
    tops = {f: _top([images.get((s["sample"], f)) for s in shown]) for f in wanted}
    n_rows = max(1, len(wanted))
    n_columns, blocks, edge = layout.wrapped(
        max(1, len(shown)),
        n_rows,
        drawing.config["double_column_inch"] - BESIDE_INCH,
        layout.PAGE_INCH - 1.0,
        ABOVE_INCH,
    )
    edge = min(edge, 1.0)
    width = n_columns * edge
    # A strip is as high as its images and the numbers of its colour bar, which stand over both ends.
    height = 0.15 + blocks * (0.2 + n_rows * (edge + ABOVE_INCH))
    figure = style.new_figure(drawing.config, "double", height)
    layout.tight(figure)
    figure.set_figwidth(max(width + BESIDE_INCH, drawing.config["single_column_inch"] / 2))
    strips = figure.subplots(blocks * n_rows, 1, squeeze=False)[:, 0]
    for block in range(blocks):
        part = shown[block * n_columns : (block + 1) * n_columns]
        own = strips[block * n_rows : (block + 1) * n_rows]
        for axes, fragment in zip(own, wanted, strict=False):
            own_images = [images.get((s["sample"], fragment)) for s in part]
            _strip(figure, axes, own_images, tops[fragment], edge)
            axes.set_ylabel(style.formula(fragment), fontweight="bold")
        if part and wanted:
            style.sample_axis(own[0], part, len(part) * edge, top=True)
        for axes in own:
            axes.set_xlim(-0.5, n_columns - 0.5)
    if shown and wanted:
        figure.supylabel(
            "fragment: normalised intensity (white: no counts)",
            fontsize=drawing.config["font_size_pt"],
        )
        # One for all where they have one field of view, else each its own.
        fields = {f"{maps[s['sample']].attrs['field_of_view_um']:g}" for s in shown}
        for i, s in enumerate(shown):
            block, place = divmod(i, n_columns)
            if len(fields) > 1 or i == (blocks - 1) * n_columns:
                _scale_bar(strips[(block + 1) * n_rows - 1], maps[s["sample"]], place)
    else:
        style.no_data(strips[0], "no image was measured")
    numbers = [
        {
            "sample": s["sample"], "region": maps[s["sample"]].attrs["region"], "fragment": fragment,
            "mean": float(np.nanmean(image)), "median": float(np.nanmedian(image)),
            "percentile_95": float(np.nanpercentile(image, 95)),
            "scale_maximum": tops[fragment],
        }
        for fragment in wanted
        for s in shown
        if (image := images.get((s["sample"], fragment))) is not None and np.isfinite(image).any()
    ]  # fmt: skip
    style.save(figure, drawing, numbers)


def _top(images: Sequence[np.ndarray | None]) -> float:
    """Return the common upper end of a fragment's scale: a high percentile over all samples' pixels."""
    values = np.concatenate([i[np.isfinite(i)] for i in images if i is not None])
    return float(np.percentile(values, SCALE_PERCENTILE)) if values.size else 0.0


def _strip(
    figure: Figure, axes: Axes, images: Sequence[np.ndarray | None], top: float, edge_inch: float
) -> None:
    """Draw images side by side, each centred on its number; a pixel without counts stays white."""
    top = top or 1.0
    drawn = None
    for i, image in enumerate(images):
        if image is not None:
            left, right, below, above = _extent(image, i)
            drawn = axes.imshow(
                image, vmin=0, vmax=top, cmap="inferno", interpolation="none",
                extent=(left, right, below, above),
            )  # fmt: skip
            axes.add_patch(
                Rectangle((left, above), right - left, below - above, fill=False, linewidth=0.4)
            )
    axes.set_ylim(0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if drawn is not None:
        # Anchored at its left, else the layout sees the name of the fragment inside of the room for the strip.
        share = BAR_INCH / figure.get_figwidth()
        bar = figure.colorbar(
            drawn,
            ax=axes,
            fraction=share,
            pad=0.5 * share,
            aspect=edge_inch / BAR_INCH,
            extend="max",
            panchor=(0.0, 0.5),
        )
        bar.ax.tick_params(length=1.5)
        bar.set_ticks([0, top / 2, top], labels=["0", f"{top / 2:#.2g}", f"{top:#.2g}"])


def _extent(image: np.ndarray, place: int) -> tuple[float, float, float, float]:
    """Return left, right, lower and upper edge of an image at a place of its strip."""
    ny, nx = image.shape
    x, y = 0.5 * EDGE * nx / max(nx, ny), 0.5 * EDGE * ny / max(nx, ny)
    return place - x, place + x, y, -y


def _scale_bar(axes: Axes, maps: Arrays, place: int) -> None:
    edge_um = float(maps.attrs["field_of_view_um"])
    if not np.isfinite(edge_um):
        return
    length_um = max(
        (x for x in (1, 2, 5, 10, 20, 50, 100, 200, 500) if x <= 0.4 * edge_um), default=edge_um
    )
    left, right, below, above = _extent(maps["normalised_intensity"][0], place)
    x, height = left + 0.06 * (right - left), below - above
    length = length_um / edge_um * (right - left)
    axes.plot(
        [x, x + length], [below - 0.07 * height] * 2, color="white", linewidth=2, solid_capstyle="butt"
    )  # fmt: skip
    axes.text(
        x, below - 0.1 * height, f"{length_um:g} µm", color="white", ha="left", va="bottom",
        fontsize="small", path_effects=[patheffects.withStroke(linewidth=1.2, foreground="black")],
    )  # fmt: skip
