"""Panel c of figure 5: mean dQ/dV of discharge 1 and charge 2, and the surroundings of named features enlarged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..curves import load_set
from ..order import LABEL
from . import style
from .cycling_common import unusable

Row = dict[str, Any]
# The half cycles of panel c, and their sign in it.
HALVES = ((1, "discharge", -1.0), (2, "charge", 1.0))
FLAT, WIDTH_V = 0.1, 1.15  # a foot below this share of the highest peak, further down than this
Lines = dict[tuple[str, int, str], tuple[np.ndarray, np.ndarray]]


def without_curve(rows: Sequence[Row]) -> set[tuple[str, str, int]]:
    """Return the (sample, cell, cycle) whose curves enter no mean: unusable, or what an unusable cycle led to."""
    own = {(r["sample"], r["cell"], int(r["cycle"])) for r in rows if unusable(r)}
    return own | {(sample, cell, cycle + 1) for sample, cell, cycle in own}


def mean_curves(
    curves: Sequence[str],
    units: Sequence[Sequence[str]],
    drawn: str,
    bad: Collection[tuple[str, str, int]],
) -> Lines:
    """Return the mean dQ/dV over the usable cells of a sample: {(sample, cycle, direction): (V, dQ/dV)}."""
    collected: dict[tuple[str, int, str], list[dict[int, float]]] = {}
    bin_V = 0.0
    for path, (sample, protocol, cell) in zip(curves, units, strict=True):
        data = load_set(path, "dqdv") if protocol == drawn else None
        if data is None or "curve" not in data.sizes:
            continue
        for cycle, direction, _ in HALVES:
            pick = (data["cycle"] == cycle) & (data["direction"] == direction)
            if pick.any() and (sample, cell, cycle) not in bad:
                # Bins are multiples of their width in every cell: number them to align.
                bin_V = float(data.attrs["bin_V"])
                number = np.round(data["potential_V"] / bin_V - 0.5).astype(int)
                values = data["dqdv"][int(np.argmax(pick))]
                known = np.isfinite(values)
                line = dict(zip(number[known].tolist(), values[known].tolist(), strict=True))
                collected.setdefault((sample, cycle, direction), []).append(line)
    lines: Lines = {}
    for key, cells in collected.items():
        bins = sorted(set().union(*cells))
        mean = [float(np.mean([c[b] for c in cells if b in c])) for b in bins]
        lines[key] = ((np.array(bins) + 0.5) * bin_V, np.array(mean))
    return lines


def draw_panel(
    figure: Figure,
    axes: Axes,
    lines: Lines,
    features: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    codings: Mapping[str, style.Coding],
    label: str,
) -> None:
    """Draw the mean curves; one legend for all panels where labels are too long to stand beside."""
    if not lines:
        style.no_data(axes, "no half cycle spans enough of the window for dQ/dV")
        return
    marked = named(features)
    _lines(axes, lines, shown, codings)
    axes.axhline(0, color=style.GREY, linewidth=0.5)
    axes.set_xlabel(label)
    axes.set_ylabel("dQ/dV / mAh g$^{-1}$ V$^{-1}$")
    axes.set_xlim(*_shown(lines, marked))
    if any(style.full_label(s) != style.label(s) for s in shown):  # too long to stand beside
        handles, names = axes.get_legend_handles_labels()
        drawn = dict(zip(names, handles, strict=True))
        if grouped := _by_setting(drawn, shown):
            factor = next(s[LABEL] for s in shown if s.get(LABEL))
            style.legend_below(figure, grouped, f"by {factor}")
        else:
            style.legend_below(figure, drawn)
    else:
        columns = 1 + len(shown) // 14
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.2, ncols=columns)
    axes.text(
        0.995, 0.97, "charge 2", transform=axes.transAxes, ha="right", va="top", color=style.GREY
    )
    axes.text(0.995, 0.03, "discharge 1", transform=axes.transAxes, ha="right", color=style.GREY)
    if marked:
        _zoom(axes, lines, marked, shown, codings)


def _by_setting(drawn: Mapping[str, Any], shown: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the lines of each setting together, named by it and by the ids; empty where no two samples share one."""
    found: dict[str, Any] = {}
    for text, places in style.settings(shown):
        own = [s for s in (shown[i] for i in places) if style.full_label(s) in drawn]
        lines = tuple(drawn[style.full_label(s)] for s in own)
        if text and lines:
            found[f"{style.plain(text)}: {', '.join(map(style.short_label, own))}"] = lines
        else:
            found |= {style.full_label(s): line for s, line in zip(own, lines, strict=True)}
    return found


def _shown(lines: Lines, marked: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of the potential axis: a flat foot is cut off, a peak or a named feature never."""
    low = min(v[0] for v, _ in lines.values())
    high = max(v[-1] for v, _ in lines.values())
    least = FLAT * max(float(np.abs(values).max()) for _, values in lines.values())
    seen = [float(v[np.abs(values) > least].min(initial=high)) for v, values in lines.values()]
    seen += [r["potential_V"] for r in marked]
    return (max(low, high - WIDTH_V) if min(seen) >= high - WIDTH_V else low), high


def named(features: Sequence[Row]) -> list[Row]:
    """Return the features with a name of their own on the curves of the panel."""
    drawn = {half[:2] for half in HALVES}
    return [
        r
        for r in features
        if not r["feature"].startswith("peak") and (int(r["cycle"]), r["direction"]) in drawn
    ]


def _lines(
    axes: Axes,
    lines: Lines,
    shown: Sequence[Mapping[str, str]],
    codings: Mapping[str, style.Coding],
) -> None:
    for sample in shown:
        label: str | None = style.full_label(sample)
        for cycle, direction, sign in HALVES:
            if (sample["sample"], cycle, direction) in lines:
                potential, values = lines[sample["sample"], cycle, direction]
                axes.plot(
                    potential,
                    sign * values,
                    color=codings[sample["sample"]].colour,
                    label=label,
                    lw=0.8,
                    ls=codings[sample["sample"]].dash,
                )
                label = None


def _sign(row: Row) -> float:
    return -1.0 if row["direction"] == "discharge" else 1.0


def _zoom(
    axes: Axes,
    lines: Lines,
    marked: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    codings: Mapping[str, style.Coding],
) -> None:
    """Enlarge the surroundings of the named features, which the main peaks dwarf."""
    at = [r["potential_V"] for r in marked]
    centre = float(np.mean(at))
    inset = axes.inset_axes((0.055, 0.07, 0.22, 0.33))
    _lines(inset, lines, shown, codings)
    inset.set_xlim(min(centre - 0.09, min(at) - 0.03), max(centre + 0.075, max(at) + 0.03))
    heights = [_sign(r) * r["height_mAh_g_V"] for r in marked]
    inset.set_ylim(1.5 * min(*heights, 0.0), 1.5 * max(*heights, 0.0))
    inset.tick_params(labelsize=5, pad=1.5)
    for row in marked:
        inset.plot(
            row["potential_V"],
            _sign(row) * row["height_mAh_g_V"],
            "o",
            ms=2.5,
            mfc="none",
            mew=0.6,
            color=codings[row["sample"]].colour,
        )
    names = sorted({r["feature"].replace("_", " ") for r in marked})
    inset.set_title(", ".join(names), fontsize=5.5, pad=2)
