"""What the STEM figures share: reading curves, drawing an image with its scale bar, marking the layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..arrays import Arrays
from ..curves import load_curves
from ..quality import DOUBTFUL, UNUSABLE
from . import style

LAYER, CORE, PARTICLE = 1, 2, 3
# Grey values outside these quantiles are clipped: single hot pixels must not set the contrast.
CONTRAST = (0.002, 0.998)
# A light coating beside a heavy core: below 1, dark grey values are spread.
GAMMA = 0.6
ARROW, ARROWS = "#e0322b", 3
BOX = "#27c227"
BAR_SHARE = 0.25  # of the field's width, about


@dataclass(frozen=True)
class Panel:
    """One image or map of one sample."""

    sample: str
    curves: Arrays

    @property
    def kind(self) -> str:
        """`laadf` or `edx`."""
        return str(self.curves.attrs["kind"])

    @property
    def element(self) -> str:
        """Element of a map."""
        return str(self.curves.attrs["element"])

    @property
    def field(self) -> str:
        """Place that is shown."""
        return str(self.curves.attrs["field"])

    @property
    def quality(self) -> str:
        """Of the layer that was measured in an image, or of the element in a map."""
        return str(self.curves.attrs["quality"])

    @property
    def width_nm(self) -> float:
        """Width of the field."""
        x = self.curves["x_nm"]
        return float(x[-1] + x[0])

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top in nm, row 0 on top."""
        y = self.curves["y_nm"]
        return 0.0, self.width_nm, float(y[-1] + y[0]), 0.0


OPEN = "Open arrows, circles, names in brackets: doubtful{} (see the report)"


def explain_open(figure: Figure, panels: Iterable[Panel]) -> None:
    """Say what open marks mean where there are any."""
    levels = {p.quality for p in panels}
    if levels & {DOUBTFUL, UNUSABLE}:
        style.explain(figure, OPEN.format(" or unusable" if UNUSABLE in levels else ""))


def mark_open(axes: Axes, panel: Panel) -> None:
    """Draw an open circle into the lower right corner of an image whose layer is doubtful or unusable."""
    if panel.quality in (DOUBTFUL, UNUSABLE):
        axes.plot(
            0.95, 0.07, "o", transform=axes.transAxes, color=ARROW, markerfacecolor="white", markersize=4,
            markeredgewidth=0.9,
        )  # fmt: skip


def named(panel: Panel) -> str:
    """Name of a map's element, in brackets where it is doubtful or could not be judged."""
    return f"({panel.element})" if panel.quality in (DOUBTFUL, UNUSABLE) else panel.element


def load_panels(paths: Iterable[str]) -> list[Panel]:
    """Return all images and maps of the jobs' netCDF files."""
    return [Panel(Path(path).stem, curve) for path in paths for curve in load_curves(path).values()]


def limits(picture: np.ndarray) -> tuple[float, float]:
    """Grey values drawn as black and white."""
    low, high = np.quantile(picture, CONTRAST)
    return float(low), float(high) if high > low else float(low) + 1.0


def show(axes: Axes, panel: Panel, cmap: str = "gray") -> tuple[float, float]:
    """Draw an image or map with its scale bar; return the grey values of black and white."""
    picture = panel.curves["intensity"]
    low, high = limits(picture)
    norm = PowerNorm(GAMMA, vmin=low, vmax=high, clip=True)
    axes.imshow(picture, cmap=cmap, norm=norm, extent=panel.extent, interpolation="nearest")
    frame(axes)
    scale_bar(axes, panel.width_nm)
    return low, high


def frame(axes: Axes) -> None:
    """Take away ticks: the scale bar is the scale."""
    axes.set_xticks([])
    axes.set_yticks([])


def bar_length_nm(width_nm: float) -> float:
    """Return the round length (1, 2 or 5 times a power of ten) nearest below a quarter of the field."""
    target = BAR_SHARE * width_nm
    power = 10 ** math.floor(math.log10(target))
    return max(m * power for m in (1, 2, 5) if m * power <= target * 1.0001)


def scale_bar(axes: Axes, width_nm: float) -> float:
    """Draw the scale bar into the lower left corner, readable on any grey."""
    length = bar_length_nm(width_nm)
    text = f"{length:g} nm" if length < 1000 else f"{length / 1000:g} µm"
    share = length / width_nm
    outline: list[patheffects.AbstractPathEffect] = [
        patheffects.withStroke(linewidth=1.2, foreground="black")
    ]
    bar = Rectangle((0.05, 0.06), share, 0.022, transform=axes.transAxes, facecolor="white")
    bar.set_path_effects(outline)
    axes.add_patch(bar)
    label = axes.text(
        0.05, 0.095, text, transform=axes.transAxes, ha="left", va="bottom", color="white"
    )  # fmt: skip
    label.set_path_effects(outline)
    return length


def overlay(axes: Axes, panel: Panel) -> None:
    """Lay the mask over the image: layer, core and particles in colours, for a human to judge."""
    mask = panel.curves["mask"]
    colours = {
        LAYER: style.CATEGORIES[4],
        CORE: style.CATEGORIES[0],
        PARTICLE: style.CATEGORIES[3],
    }
    picture = np.zeros((*mask.shape, 4))
    for value, colour in colours.items():
        picture[mask == value, :3] = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        picture[mask == value, 3] = 0.2 if value == CORE else 0.45
    axes.imshow(picture, extent=panel.extent, interpolation="nearest")


def arrows(axes: Axes, panel: Panel) -> None:
    """Point from the vacuum to the layer at some places of the rim, spread over it; open where it is doubtful."""
    if "thickness_nm" not in panel.curves or panel.quality == UNUSABLE:
        return
    thickness = panel.curves["thickness_nm"]
    y, x = panel.curves["rim_y_nm"], panel.curves["rim_x_nm"]
    mask = panel.curves["mask"]
    if not (thickness > 0).any():
        return
    # The thicker half: on particles it is their top that is pointed at, not their foot.
    covered = thickness >= np.median(thickness[thickness > 0])
    inside = np.argwhere(mask == CORE)
    step = panel.width_nm / mask.shape[1]
    centre_y, centre_x = (inside.mean(axis=0) + 0.5) * step
    away = np.stack([x - centre_x, y - centre_y], axis=1)
    away /= np.hypot(*away.T)[:, None]
    tips = np.stack([x, y], axis=1) + away * thickness[:, None]
    tails = tips + away * 0.11 * panel.width_nm
    _, right, bottom, _ = panel.extent
    seen = ((tails > 0.02 * right) & (tails < [0.98 * right, 0.98 * bottom])).all(axis=1)
    chosen = np.flatnonzero(covered & seen)
    if not len(chosen):
        return
    # Left to right, so that the arrows are spread whatever way the rim runs.
    chosen = chosen[np.argsort(x[chosen], kind="stable")]
    for k in chosen[((np.arange(ARROWS) + 0.5) / ARROWS * len(chosen)).astype(int)]:
        axes.annotate(
            "",
            tips[k],
            tails[k],
            arrowprops={
                "arrowstyle": "-|>", "edgecolor": ARROW,
                "facecolor": "white" if panel.quality == DOUBTFUL else ARROW, "linewidth": 0.9, "mutation_scale": 6,
                "shrinkA": 0, "shrinkB": 0,
            },
        )  # fmt: skip


def box(axes: Axes, panel: Panel) -> None:
    """Frame the area whose elements were mapped: the field itself."""
    left, right, bottom, top = panel.extent
    margin = 0.012 * panel.width_nm
    axes.add_patch(
        Rectangle(
            (left + margin, top + margin), right - 2 * margin, bottom - top - 2 * margin,
            fill=False, edgecolor=BOX, linewidth=1.0,
        )
    )  # fmt: skip


def composite(axes: Axes, panels: list[Panel], colours: Mapping[str, str]) -> None:
    """Draw maps of several elements into one, each in its colour, brightness by counts."""
    shape = panels[0].curves["intensity"].shape
    picture = np.zeros((*shape, 3))
    for panel in panels:
        counts = panel.curves["intensity"]
        if counts.shape != shape:
            continue  # maps of one field have one raster; another one cannot be laid over
        low, high = limits(counts)
        weight = np.clip((counts - low) / (high - low), 0, 1)
        colour = colours[panel.element]
        picture += weight[..., None] * [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    axes.imshow(np.clip(picture, 0, 1), extent=panels[0].extent, interpolation="nearest")
    frame(axes)
    scale_bar(axes, panels[0].width_nm)


def name_in_corner(axes: Axes, parts: list[tuple[str, str]]) -> None:
    """Write element names, each in its colour, into the upper right corner."""
    letter_pt = 0.85 * mpl.rcParams["font.size"]
    x = 0.0
    for text, colour in reversed(parts):
        label = axes.annotate(
            text, (0.95, 0.95), xytext=(x, 0), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="top", color=colour, fontweight="bold",
        )  # fmt: skip
        label.set_path_effects([patheffects.withStroke(linewidth=1.2, foreground="black")])
        x -= letter_pt * (len(text) + 0.4)


def letter(axes: Axes, text: str) -> None:
    """Write a panel's letter into its upper left corner."""
    label = axes.text(
        0.04, 0.96, f"({text})", transform=axes.transAxes, ha="left", va="top", color="white", fontweight="bold"
    )  # fmt: skip
    label.set_path_effects([patheffects.withStroke(linewidth=1.2, foreground="black")])


def row_of(panel: Panel, letter: str, limits: tuple[float, float] | None) -> dict[str, Any]:
    """Return the numbers of one panel for the figure's CSV."""
    measured = "thickness_nm" in panel.curves
    thickness = panel.curves["thickness_nm"] if measured else np.empty(0)
    return {
        "panel": letter,
        "sample": panel.sample,
        "field": panel.field,
        "kind": panel.kind,
        "element": panel.element,
        "file": panel.curves.attrs["file"],
        "pixel_size_nm": float(panel.curves.attrs["pixel_size_nm"]),
        "width_nm": panel.width_nm,
        "scale_bar_nm": bar_length_nm(panel.width_nm),
        "gamma": GAMMA if panel.kind == "laadf" else 1.0,
        "black": limits[0] if limits else None,
        "white": limits[1] if limits else None,
        "quality": panel.quality,
        "layer_median_nm": float(np.median(thickness)) if len(thickness) else None,
    }
