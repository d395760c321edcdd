"""Figures as PDF: matplotlib's writer, with fonts that are read only as far as a PDF has use for them."""

from __future__ import annotations

from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

# What a PDF needs of an embedded TrueType font whose letters are placed by number (ISO 32000-1, 9.9). Reading the rest
# takes most of the time that a small PDF is made in.
TABLES = ("cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep")

_load = subset.load_font


def _load_outlines(*arguments: Any, **options: Any) -> TTFont:
    font = _load(*arguments, **options)
    for table in font.reader.keys() - set(TABLES):
        del font[table]
    return font


subset.load_font = _load_outlines


def write_pdf(figure: Figure, path: str) -> None:
    """Lay a figure out and write it.

    Not with `savefig`, which draws every file twice: once to lay it out.
    """
    FigureCanvasPdf(figure).print_pdf(path, metadata={"Creator": "coatbench"})
