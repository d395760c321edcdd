"""Parts that pixels are sums of (non-negative factorisation): a map per part and sample; the table has their loadings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..order import ordered
from . import style
from .drawing import Drawing

STRONGEST = 4  # fragments that name a part
ROW_INCH = 0.95


class Parts(Protocol):
    """What is drawn: fragments, loadings (part, fragment), maps {sample: (part, y, x)}, shares (part,)."""

    fragments: list[str]
    loadings: np.ndarray
    maps: dict[str, np.ndarray]
    shares: np.ndarray


def draw(drawing: Drawing, parts: Parts | None, groups: Mapping[str, str]) -> None:
    """Draw a row per part and a column per sample; write the loadings.

    Parameters
    ----------
    parts : Parts or None
    groups : mapping of fragment to group
    """
    shown = [s for s in ordered(drawing.samples) if parts is not None and s["sample"] in parts.maps]
    if parts is None or not shown:
        figure = style.new_figure(drawing.config, "single", 1.0)
        style.no_data(figure.subplots(), "fewer common fragments than parts")
        style.save(figure, drawing, [])
        return
    n = len(parts.shares)
    figure = style.new_figure(drawing.config, "double", 0.4 + ROW_INCH * n)
    panels = figure.subplots(n, len(shown), squeeze=False)
    numbers = []
    for k in range(n):
        strongest = sorted(range(len(parts.fragments)), key=lambda i: -parts.loadings[k, i])
        names = ", ".join(parts.fragments[i] for i in strongest[:STRONGEST])
        values = np.concatenate([parts.maps[s["sample"]][k].ravel() for s in shown])
        top = float(np.nanpercentile(values, 99)) or 1.0
        for axes, sample in zip(panels[k], shown, strict=True):
            image = parts.maps[sample["sample"]][k]
            axes.imshow(image, vmin=0, vmax=top, cmap="inferno", interpolation="none")
            axes.set_xticks([])
            axes.set_yticks([])
            if k == 0:
                axes.set_title(style.label(sample), fontsize="small")
        panels[k][0].set_ylabel(f"{k + 1} ({parts.shares[k]:.0%})\n{names}", fontsize="x-small")
        numbers += [
            {
                "part": k + 1, "share_of_ions": float(parts.shares[k]), "fragment": parts.fragments[i],
                "group": groups.get(parts.fragments[i], ""), "loading": float(parts.loadings[k, i]),
            }
            for i in strongest
        ]  # fmt: skip
    style.save(figure, drawing, numbers)
