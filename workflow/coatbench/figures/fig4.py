"""Figure 4: STEM of the coated samples: overview, detail with the layer marked, and element maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..order import ordered
from . import layout, stem_common, style
from .drawing import Drawing
from .stem_common import Panel

# Oxygen tells whether the coating is oxidised, so it has a row of its own; the others share one.
OXYGEN = "O"
MAP_COLOURS = ("#ffd400", "#ff3db5", "#34d1ff", "#7dff5a", "#ff8c3a", "#b9a3ff")
OXYGEN_COLOUR = "#4ea3ff"
MARGIN_INCH = 0.25  # names above the images and the note below
SMALL_INCH, SMALL_PT = 1.0, 5.5  # in small images the writing is small, too


def draw(drawing: Drawing, curves: Sequence[str]) -> None:
    """Draw one column per coated sample."""
    config = drawing.config
    panels = stem_common.load_panels(curves)
    shown = [
        s
        for s in ordered(drawing.samples)
        if s["role"] == "coated" and any(p.sample == s["sample"] for p in panels)
    ]
    columns = [[p for p in panels if p.sample == s["sample"]] for s in shown]
    elements = sorted({p.element for p in panels if p.kind == "edx" and p.element != OXYGEN})
    colours = {e: MAP_COLOURS[i % len(MAP_COLOURS)] for i, e in enumerate(elements)}
    rows = [_image_row(columns, 0), _image_row(columns, 1)]
    maps = [_maps_of_one_field(c) for c in columns]
    rows += [[[p for p in c if p.element in elements] for c in maps]]
    rows += [[[p for p in c if p.element == OXYGEN] for c in maps]]
    rows = [row for row in rows if any(row)]
    high = max(1, len(rows))
    width = "double" if len(columns) > 2 else "single"
    n, blocks, side = layout.wrapped(
        max(1, len(columns)),
        high,
        config["double_column_inch" if width == "double" else "single_column_inch"],
        layout.PAGE_INCH - MARGIN_INCH,
    )
    if side < SMALL_INCH:
        config = {**config, "font_size_pt": SMALL_PT}
    figure = style.new_figure(config, width, blocks * high * side + MARGIN_INCH)
    if isinstance(engine := figure.get_layout_engine(), ConstrainedLayoutEngine):
        engine.set(rect=(0, 0.012, 1, 0.988))  # room for the note below the images
    grid = figure.subplots(blocks * high, n, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    if not rows:
        style.no_data(grid[0, 0], "no STEM image of a coated sample")
    numbers = []
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            line = j // n * high + i
            axes, letter = grid[line, j % n], _letter(line * n + j % n)
            axes.set_axis_on()
            if not cell:
                style.no_data(axes, "not measured")
            else:
                detail = i == 1 and cell[0].kind == "laadf"
                mapped = any(p.field == cell[0].field for p in maps[j])
                numbers += _cell(axes, cell, letter, detail, mapped, colours)
                stem_common.letter(axes, letter)
            if i == 0:
                axes.set_title(style.label(shown[j]))
    stem_common.explain_open(figure, [p for row in rows for cell in row for p in cell])
    style.save(figure, drawing, numbers)


def _image_row(columns: Sequence[Sequence[Panel]], place: int) -> list[list[Panel]]:
    """Return the widest image of each column (place 0) or the next one (place 1)."""
    row = []
    for column in columns:
        images = sorted((p for p in column if p.kind == "laadf"), key=lambda p: -p.width_nm)
        row.append(images[place : place + 1])
    return row


def _maps_of_one_field(column: Sequence[Panel]) -> list[Panel]:
    """Return the maps of one place: the detail's if it has any, else the one with most; other places cannot be laid over it."""
    maps = [p for p in column if p.kind == "edx"]
    if not maps:
        return []
    detail = [p.field for p in _image_row([column], 1)[0]]
    fields = [p.field for p in maps]
    chosen = max(dict.fromkeys(fields), key=lambda f: (f in detail, fields.count(f)))
    return [p for p in maps if p.field == chosen]


def _cell(
    axes: Axes,
    cell: list[Panel],
    letter: str,
    detail: bool,
    mapped: bool,
    colours: Mapping[str, str],
) -> list[dict[str, Any]]:
    first = cell[0]
    if first.kind == "laadf":
        limits = stem_common.show(axes, first)
        stem_common.mark_open(axes, first)
        if detail:
            stem_common.arrows(axes, first)
            if mapped:
                stem_common.box(axes, first)
        return [stem_common.row_of(first, letter, limits)]
    cell = [p for p in cell if p.curves["intensity"].shape == first.curves["intensity"].shape]
    own = {p.element: colours.get(p.element, OXYGEN_COLOUR) for p in cell}
    stem_common.composite(axes, cell, own)
    stem_common.name_in_corner(axes, [(stem_common.named(p), own[p.element]) for p in cell])
    return [stem_common.row_of(p, letter, stem_common.limits(p.curves["intensity"])) for p in cell]


def _letter(index: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return alphabet[index] if index < 26 else alphabet[index // 26 - 1] + alphabet[index % 26]
