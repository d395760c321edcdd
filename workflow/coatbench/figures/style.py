"""The one style of all figures: sizes, fonts, colours by annealing temperature, labels, saving.

Figures are made without pyplot (`new_figure`), which saves its import and its global state.
"""

from __future__ import annotations

import csv
import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend_handler import HandlerTuple

from ..order import LABEL, PLACE, STEPS, TICK, colour_places
from ..pictures import write_drawing
from ..tables import cell
from . import layout, lettering
from .drawing import Drawing
from .lettering import formula as formula
from .lettering import in_words as in_words
from .lettering import plain as plain

if TYPE_CHECKING:
    from ..config_types import FiguresConfig

log = logging.getLogger(__name__)

GREY = "#6b6b6b"
REFERENCE_COLOUR = "#222222"
PRECURSOR_COLOUR = "#8a8a8a"
ACCENT = "#c44e00"
# Okabe & Ito (2008), colour-blind safe, for categories that have no order.
CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Ends of the map: told from black below, from white above (contrast of 3 and more).
DARKEST, LIGHTEST = 0.03, 0.62
DASHES = ((0, (5, 1.2)), "-", (0, (1.2, 1)), (0, (5, 1, 1.2, 1)))
MARKERS = ("s", "o", "^", "D")
LONG_LABEL = 16  # letters; a longer one gives way to the id where it would not fit
SIMULATED_NOTE = "simulated data"
NOTE_PT = 5.5
NOTE_INCH = 0.11  # the height that its line takes


def apply(config: FiguresConfig) -> None:
    """Set matplotlib's parameters from the config section `figures`."""
    size = config["font_size_pt"]
    mpl.rcdefaults()  # not what a person's matplotlibrc says: equal inputs make equal figures
    mpl.rcParams.update(
        {
            "font.family": lettering.font_families(tuple(config["fonts"])),
            "font.size": size,
            "axes.labelsize": size,
            "axes.titlesize": size,
            "xtick.labelsize": size - 0.5,
            "ytick.labelsize": size - 0.5,
            "legend.fontsize": size - 0.5,
            "axes.linewidth": 0.6,
            "lines.linewidth": 0.9,
            "lines.markersize": 3.5,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.top": True,
            "ytick.right": True,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "legend.frameon": False,
            "pdf.fonttype": 42,  # embedded TrueType, editable by the journal
            "svg.hashsalt": "coatbench",
            "svg.fonttype": "none",  # text stays text, editable
            "figure.dpi": config["dpi"],
            "mathtext.default": "regular",
        }
    )


def new_figure(config: FiguresConfig, width: str = "single", height_inch: float = 2.6) -> Figure:
    """Return an empty figure of a column's width (`single` or `double`), laid out by constraints."""
    apply(config)
    inch = config["double_column_inch" if width == "double" else "single_column_inch"]
    figure = Figure(figsize=(inch, height_inch), layout=layout.SteadyLayout())
    FigureCanvasAgg(figure)
    return figure


def label(sample: Mapping[str, str]) -> str:
    """Return how a sample is called in figures: its label, formulas set as such, else its id."""
    text = sample.get("label")
    return lettering.in_words(text) if text else lettering.plain(sample["sample"])


def short_label(sample: Mapping[str, str]) -> str:
    """Return what stands for a sample where many stand side by side: the id where it is much shorter than the label."""
    text = label(sample)
    own = lettering.plain(sample["sample"])
    return own if lettering.letters(text) > LONG_LABEL >= 2 * lettering.letters(own) else text


def full_label(sample: Mapping[str, str]) -> str:
    """Return the label, and before it the id where other panels and figures have only that."""
    text, short = label(sample), short_label(sample)
    return text if text == short else f"{short}: {text}"


@dataclass(frozen=True)
class Coding:
    """How a sample is drawn: by colour, and by a dash or marker for those who cannot tell colours apart."""

    colour: Any
    dash: Any
    marker: str


def codings(samples: Sequence[Mapping[str, str]]) -> dict[str, Coding]:
    """Return how each sample is drawn.

    Coated samples lie along a colour-blind safe map (`order.colour_places`), as far as it has a contrast of 3 on
    white; dash and marker come from the same place, so that one more sample changes those of no other. The reference
    is near black and precursors are grey. Rows that carry their place, because the figure shows only a part of the study,
    keep it.
    """
    cmap = mpl.colormaps["plasma"]
    places = colour_places(samples)
    places |= {s["sample"]: float(s[PLACE]) for s in samples if s.get(PLACE)}
    plain = {
        "uncoated": Coding(REFERENCE_COLOUR, "-", "o"),
        "precursor": Coding(PRECURSOR_COLOUR, "-", "P"),
    }

    def coated(place: float) -> Coding:
        step = round(STEPS * place)
        return Coding(
            cmap(DARKEST + (LIGHTEST - DARKEST) * place),
            DASHES[step % len(DASHES)],
            MARKERS[step % len(MARKERS)],
        )

    return {s["sample"]: plain.get(s["role"]) or coated(places[s["sample"]]) for s in samples}


def colours(samples: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the colour of each sample, as `codings` has it."""
    return {name: coding.colour for name, coding in codings(samples).items()}


def panel_letter(axes: Axes, letter: str) -> None:
    """Write the panel's letter outside its upper left corner."""
    axes.set_title(f"({letter})", loc="left", fontweight="bold")


def sample_axis(
    axes: Axes, shown: Sequence[Mapping[str, str]], width_inch: float, *, top: bool = False
) -> None:
    """Name samples along the x axis of a panel about this wide: level where there is room, else tilted, else upright.

    Where even upright names would touch, they shrink; beyond that only every second (third, ...) is written.
    At the `top` there are names only, without ticks.
    """
    n = len(shown)
    if not n:
        return
    labels = [label(s) for s in shown]
    size = float(mpl.rcParams["xtick.labelsize"])
    slot = width_inch * 72 / (n + 0.2)  # points
    line = 1.2  # height of a line in font sizes
    longest = 0.62 * size * max(map(lettering.letters, labels))
    in_short = longest > slot and (short := [short_label(s) for s in shown]) != labels
    if in_short:
        labels = short
        longest = 0.62 * size * max(map(lettering.letters, labels))
    rotation = 0 if longest <= slot else 45 if slot * 0.7 >= line * size else 90
    every = 1
    if rotation == 90:
        size = max(layout.SMALLEST_PT, min(size, slot / line))
        every = math.ceil(line * size / slot - 1e-9)
    axes.set_xticks(
        range(0, n, every),
        labels[::every],
        rotation=rotation,
        ha="center" if not rotation else "left" if top else "right",
        va="center" if rotation == 90 else "bottom" if top else "top",
        rotation_mode="anchor",
        fontsize=size,
    )
    axes.set_xlim(-0.6, n - 0.4)
    if top:
        axes.tick_params("x", bottom=False, top=False, labelbottom=False, labeltop=True, pad=1.5)
    elif in_short:  # the ids do not say what was varied
        _settings_axis(axes, shown, slot, line * size if not rotation else longest)


def settings(shown: Sequence[Mapping[str, str]]) -> list[tuple[str, list[int]]]:
    """Return each setting of the factor that figures draw along, with the places of its samples, which stand together.

    Empty where every sample has one of its own, or there is no factor.
    """
    found: list[tuple[str, list[int]]] = []
    for i, sample in enumerate(shown):
        text = sample.get(TICK, "")
        if not found or found[-1][0] != text:
            found.append((text, []))
        found[-1][1].append(i)
    named = [text for text, _ in found if text]
    return (
        found
        if named and len(set(named)) == len(named) < sum(bool(s.get(TICK)) for s in shown)
        else []
    )


def _settings_axis(
    axes: Axes, shown: Sequence[Mapping[str, str]], slot: float, below: float
) -> None:
    """Write the settings of the factor below the samples that share them, this many points down, and ticks between."""
    groups = settings(shown)
    size = float(mpl.rcParams["xtick.labelsize"])
    if not groups or any(0.62 * size * lettering.letters(t) > slot * len(p) for t, p in groups):
        return
    second = axes.secondary_xaxis("bottom")
    second.set_xticks(
        [(places[0] + places[-1]) / 2 for text, places in groups if text],
        [lettering.plain(text) for text, _ in groups if text],
    )
    second.tick_params("x", length=0, pad=below + 5, top=False)
    second.set_xlabel(next(s[LABEL] for s in shown if s.get(LABEL)))
    second.set_xticks([places[-1] + 0.5 for _, places in groups[:-1]], minor=True)
    second.tick_params("x", which="minor", length=below + 5, direction="out", width=0.4, color=GREY)


def legend_below(
    part: Figure | SubFigure, handles: Mapping[str, Any], title: str | None = None
) -> None:
    """Write a legend below all panels (of a part of a figure) and make the figure higher by the lines that it needs beyond the first."""
    if not handles:
        return
    size = float(mpl.rcParams["legend.fontsize"])
    entry = (0.58 * max(map(lettering.letters, handles)) + 4) * size / 72
    figure = part.get_figure(root=True)
    assert isinstance(figure, Figure)
    width = figure.get_figwidth() * part.bbox.width / figure.bbox.width
    several = any(isinstance(h, tuple) for h in handles.values())
    columns = max(1, int(width / (entry + several * 3 * size / 72)))
    rows = math.ceil(len(handles) / columns)
    columns = math.ceil(len(handles) / rows)  # all about equally long
    lines = rows + (title is not None)
    height = figure.get_figheight() + (lines - 1) * 1.45 * size / 72
    figure.set_figheight(min(height, layout.PAGE_INCH))
    part.legend(
        list(handles.values()), list(handles), title=title, loc="outside lower left", ncols=columns,
        handlelength=4 if several else 1.2, alignment="left",
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.3)},
        borderaxespad=NOTE_INCH * 72 / size,  # notes stand below it, on a line of their own
    )  # fmt: skip


def mark_simulated(figure: Figure, simulated: bool) -> None:
    """Say on the face of a figure that its data are simulated, on a line of its own below everything."""
    if not simulated:
        return
    share = _room_below(figure)
    figure.text(
        0.995, 0.15 * share, SIMULATED_NOTE, ha="right", va="bottom", color=ACCENT,
        fontsize=NOTE_PT,
    )  # fmt: skip


def _room_below(figure: Figure) -> float:
    """Keep a line below everything free; return its share of the height."""
    share = NOTE_INCH / figure.get_figheight()
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, share, 1, 1 - share))
    return share


def explain(figure: Figure, text: str) -> None:
    """Say in one line below everything what marks mean that no legend names."""
    share = _room_below(figure)
    figure.text(0.005, 0.15 * share, text, ha="left", va="bottom", color=GREY, fontsize=NOTE_PT)


def no_data(axes: Axes, why: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, why, ha="center", va="center", color=GREY, wrap=True, transform=axes.transAxes
    )


def save(figure: Figure, drawing: Drawing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a figure as PDF, SVG and PNG, and the plotted numbers as CSV: tidy `rows`, all with the same keys."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf  # quick-looks do without

    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    output = drawing.output
    mark_simulated(figure, drawing.simulated)
    # Not with `savefig`, which draws every file twice: once to lay it out.
    FigureCanvasPdf(figure).print_pdf(output["pdf"], metadata={"Creator": "coatbench"})
    figure.set_layout_engine("none")  # it stands; the other files need not compute it again
    if "svg" in output:
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        FigureCanvasSVG(figure).print_svg(
            output["svg"], metadata={"Creator": "coatbench", "Date": None}
        )
    _write_pixels(figure, output, mpl.rcParams["figure.dpi"])
    for problem in layout.problems(figure):
        log.warning("hard to read: %s: %s", Path(output["png"]).stem, problem)
    with Path(output["csv"]).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        columns = list(rows[0]) if rows else ["no_data"]
        writer.writerow(columns)
        writer.writerows([cell(row.get(c)) for c in columns] for row in rows)


def save_quicklook(figure: Figure, drawing: Drawing) -> None:
    """Write a quick-look figure as PNG and, if the report is to show it, as WebP."""
    mark_simulated(figure, drawing.simulated)
    _write_pixels(figure, drawing.output, 150)


def _write_pixels(figure: Figure, output: Mapping[str, str], dpi: float) -> None:
    from PIL import Image

    figure.set_dpi(dpi)  # a PDF that was written before leaves its own, 72
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawing = Image.frombuffer(
        "RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1
    )
    write_drawing(drawing.convert("RGB"), output["png"], output.get("webp"), dpi)
