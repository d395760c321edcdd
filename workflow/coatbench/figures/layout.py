"""What a reader could not read in a figure: text outside of it, on other text or too small, a legend over data, a page too high."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

PAGE_INCH = 9.5  # ACS: the height of a page without its caption
SMALLEST_PT = 5.0
CLEARLY = 0.85  # of the largest images is large enough
# Of a text's height: line boxes hold room for ascenders and descenders that most text has not.
SLACK = 0.2
# Of a figure's side, each below a thousandth of a point; no short decimal fraction lies half way between two.
STEPS = 2.0**20


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout whose places are rounded.

    Its solver (kiwi) goes through the edges in the order of their addresses in memory, so the last bits of a
    place change from run to run, which moves images by a pixel where they end on half of one.
    """

    def execute(self, fig: Any) -> None:
        """Place everything in a figure."""
        super().execute(fig)
        for part in fig.subfigs:
            box = part.bbox_relative
            box.set_points(np.round(box.get_points() * STEPS) / STEPS)
        for axes in fig.axes:
            place = np.array(axes.get_position(original=True).bounds)
            # Not `set_position`, which would take the axes out of the layout.
            axes._set_position(np.round(place * STEPS) / STEPS, which="original")


def wrapped(
    n: int, rows: int, width_inch: float, height_inch: float, above_inch: float = 0.0
) -> tuple[int, int, float]:
    """Return columns, blocks one below the other, and edge, for `n` columns of `rows` square images each.

    Columns go on in a further block only where that makes the images clearly larger. Each row of images may
    need some height besides, `above_inch`.
    """
    choices = []
    for blocks in range(1, n + 1):
        columns = math.ceil(n / blocks)
        height = height_inch / (blocks * rows) - above_inch
        choices.append((columns, blocks, min(width_inch / columns, height)))
    largest = max(edge for _, _, edge in choices)
    return next(choice for choice in choices if choice[2] >= CLEARLY * largest)


def tight(figure: Figure) -> None:
    """Let rows of images stand close."""
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(h_pad=0.01, w_pad=0.04, hspace=0.0, wspace=0.0)


def problems(figure: Figure) -> list[str]:
    """Return what cannot be read in a figure that has been drawn, a line each."""
    found = []
    if figure.get_figheight() > PAGE_INCH + 0.005:
        found.append(f"{figure.get_figheight():.1f} in high, a page is {PAGE_INCH} in")
    shown = [(t, t.get_window_extent()) for t in _texts(figure)]
    page = figure.bbox
    for text, box in shown:
        if (size := text.get_fontproperties().get_size_in_points()) < SMALLEST_PT:
            found.append(f"{_name(text)}: {size:.1f} pt")
        # A pixel: what anti-aliasing adds.
        if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            found.append(f"{_name(text)}: outside of the figure")
    for one, other in _touching(np.array([box.extents for _, box in shown]).reshape(-1, 4)):
        a, b = shown[one][0], shown[other][0]
        if not _apart(_outline(a), _outline(b)):
            found.append(f"{_name(a)} lies on {_name(b)}")
    return found + [
        f"legend {_name(legend.get_texts()[0])} lies over data" for legend in _covering(figure)
    ]


def _covering(figure: Figure) -> Iterator[Legend]:
    """Yield the legends that lie over something that is drawn at its values; guides across a whole panel are not."""
    panels = [axes for axes in figure.findobj(Axes) if axes.get_visible()]
    for legend in figure.findobj(Legend):
        if not (legend.get_visible() and legend.get_texts()):
            continue
        size = legend.get_texts()[0].get_fontproperties().get_size_in_points() * figure.dpi / 72
        box = legend.get_window_extent().padded(-legend.borderpad * size)
        for axes in panels:
            # What lies beyond the limits is not drawn.
            part = Bbox.intersection(box, axes.bbox)
            own = [*axes.lines, *axes.patches, *axes.collections]
            if part is not None and any(_reaches(artist, axes, part) for artist in own):
                yield legend
                break


def _reaches(artist: Artist, axes: Axes, box: Bbox) -> bool:
    """Say whether data that an artist draws reach into a box."""
    if not artist.get_visible():
        return False
    if isinstance(artist, Line2D) and artist.get_transform() == axes.transData:
        path = artist.get_transform().transform_path(artist.get_path())
        if artist.get_linestyle() == "None":
            return bool(box.count_contains(path.vertices))
        return bool(path.intersects_bbox(box, filled=False))
    if isinstance(artist, Patch) and artist.get_data_transform() == axes.transData:
        return bool(artist.get_transform().transform_path(artist.get_path()).intersects_bbox(box))
    if isinstance(artist, PathCollection):
        return bool(
            box.count_contains(artist.get_offset_transform().transform(artist.get_offsets()))
        )
    if (
        isinstance(artist, (LineCollection, PolyCollection))
        and artist.get_transform() == axes.transData
    ):
        filled = isinstance(artist, PolyCollection)
        paths = map(axes.transData.transform_path, artist.get_paths())
        return any(path.intersects_bbox(box, filled=filled) for path in paths)
    return False


def _touching(boxes: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of boxes (n, 4: left, bottom, right, top) that have a part in common."""
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    reaches = (low <= high).all(axis=2)
    one, other = np.nonzero(np.triu(reaches & reaches.T, 1))
    return list(zip(one.tolist(), other.tolist(), strict=True))


def _name(text: Text) -> str:
    return repr(text.get_text().replace("\n", " "))


def _texts(figure: Figure) -> Iterator[Text]:
    """Yield all text that is drawn; axes hold tick labels beyond their limits, which are not."""
    ticks: set[int] = set()
    drawn: list[Text] = []
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            ticks |= {id(t) for t in axis.findobj(Text)}
            if not (axes.axison and axes.get_visible() and axis.get_visible()):
                continue
            drawn += [axis.label, axis.offsetText]
            low, high = sorted(axis.get_view_interval())
            reach = 1e-9 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if low - reach <= tick.get_loc() <= high + reach:
                    drawn += [tick.label1, tick.label2]
    for text in [t for t in figure.findobj(Text) if id(t) not in ticks] + drawn:
        if text.get_visible() and text.get_text().strip():
            yield text


def _outline(text: Text) -> np.ndarray:
    """Return the corners of a text's box, turned as the text is, less the slack."""
    box = text.get_window_extent()
    angle = text.get_rotation()
    text.set_rotation(0)
    flat = text.get_window_extent()
    text.set_rotation(angle)
    # Turning leaves the centre of what surrounds a rectangle in the rectangle's own centre.
    centre = np.array([0.5 * (box.x0 + box.x1), 0.5 * (box.y0 + box.y1)])
    lines = 1 + text.get_text().count("\n")
    slack = SLACK * flat.height / lines
    half = 0.5 * np.array([flat.width - slack, flat.height - slack])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(centre + corners @ rotation.T)


def _apart(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether a side of one of two rectangles parts them."""
    for corners in (one, other):
        for side in (corners[1] - corners[0], corners[3] - corners[0]):
            a, b = one @ side, other @ side
            if a.max() <= b.min() or b.max() <= a.min():
                return True
    return False
