"""Figure S5: STEM of the uncoated reference; its surface without a layer."""

from __future__ import annotations

from collections.abc import Sequence

from . import stem_common, style
from .drawing import Drawing


def draw(drawing: Drawing, curves: Sequence[str]) -> None:
    """Draw all images of the reference, widest first."""
    panels = [
        p
        for p in stem_common.load_panels(curves)
        if p.kind == "laadf" and p.sample == drawing.reference
    ]
    panels.sort(key=lambda p: -p.width_nm)
    n = max(1, len(panels))
    width = "single" if n == 1 else "double"
    side = drawing.config["single_column_inch" if n == 1 else "double_column_inch"] / n
    figure = style.new_figure(drawing.config, width, side + 0.2)
    grid = figure.subplots(1, n, squeeze=False)[0]
    if not panels:
        style.no_data(grid[0], "no STEM image of the uncoated reference")
    numbers = []
    label = next((style.label(s) for s in drawing.samples if s["sample"] == drawing.reference), "")
    for i, (axes, panel) in enumerate(zip(grid, panels, strict=False)):
        letter = "abcdefghijklmnopqrstuvwxyz"[i % 26]
        numbers.append(stem_common.row_of(panel, letter, stem_common.show(axes, panel)))
        stem_common.mark_open(axes, panel)
        axes.set_title(label)
        if n > 1:
            stem_common.letter(axes, letter)
    stem_common.explain_open(figure, panels)
    style.save(figure, drawing, numbers)
