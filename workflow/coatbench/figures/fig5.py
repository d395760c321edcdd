"""Figure 5: short cycling: capacities with initial efficiency, relaxed potentials, dQ/dV over the samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..curves import load_set
from ..order import one_series, ordered
from ..tables import read_table
from . import fig5_dqdv, style
from .cycling_common import doubtful, potential_label, protocol_of, unusable
from .drawing import Drawing

Row = dict[str, Any]
EXPLAINED = "(a, b) symbols: means with one standard uncertainty; dots: single cells{}. (c) means over cells"
LINE = "; line: coated samples"
EFFICIENCY = "initial_coulombic_efficiency_percent"
CAPACITIES = (
    ("first_charge_capacity_mAh_g", "charge 1", "^", style.CATEGORIES[1]),
    ("first_discharge_capacity_mAh_g", "discharge 1", "v", style.CATEGORIES[0]),
    ("second_charge_capacity_mAh_g", "charge 2", "s", style.CATEGORIES[4]),
)
POTENTIALS = (
    ("relaxed_potential_charge_V", "after charge", "^", style.CATEGORIES[1]),
    ("relaxed_potential_discharge_V", "after discharge", "v", style.CATEGORIES[0]),
)


def draw(
    drawing: Drawing,
    curves: Sequence[str],
    units: Sequence[Sequence[str]],
    cells: str,
    metrics: str,
    features: str,
    *,
    protocols: Mapping[str, Sequence[str]],
    potential_reference: str,
) -> None:
    """Draw the three panels.

    Parameters
    ----------
    units : sequence of (sample, protocol, cell)
        Whose the curves are, in the same order.
    protocols : mapping
        Names of the `short` protocols; the first that was measured is drawn.
    potential_reference : str
        What potentials are measured against.
    """
    every = read_table(metrics)
    protocol = protocol_of(every, protocols["short"])
    rows = [r for r in every if r["protocol"] == protocol and r["value"] is not None]
    bad = fig5_dqdv.without_curve([r for r in read_table(cells) if r["protocol"] == protocol])
    found = [
        r
        for r in read_table(features)
        if r["protocol"] == protocol
        and not unusable(r)
        and (r["sample"], r["cell"], int(r["cycle"])) not in bad
    ]
    names = {r["sample"] for r in rows}
    shown = [s for s in ordered(drawing.samples) if s["sample"] in names]
    figure = style.new_figure(drawing.config, "double", 5.2)
    if not shown:
        style.no_data(figure.subplots(), "no cell of a short protocol could be analysed")
        style.save(figure, drawing, [])
        return
    grid = figure.add_gridspec(2, 2, height_ratios=(1.0, 1.15))
    panels = [
        figure.add_subplot(grid[0, 0]),
        figure.add_subplot(grid[0, 1]),
        figure.add_subplot(grid[1, :]),
    ]
    own = [
        load_set(path, "dqdv")
        for path, unit in zip(curves, units, strict=True)
        if unit[1] == protocol
    ]
    joined = _capacities(panels[0], rows, shown)
    times = [
        d.attrs["relaxation_time_s"]
        for d in own
        if d is not None and "relaxation_time_s" in d.attrs
    ]
    hours = times[0] / 3600 if times else 1.0
    _potentials(panels[1], rows, shown, f"{hours:g} h")
    lines = fig5_dqdv.mean_curves(curves, units, protocol or "", bad)
    label = potential_label(own, potential_reference)
    fig5_dqdv.draw_panel(
        figure, panels[2], lines, found, shown, style.codings(drawing.samples), label
    )
    for letter, axes in zip("abc", panels, strict=True):
        style.panel_letter(axes, letter)
    explained = EXPLAINED.format(LINE if joined else "") + (
        ", circles: the feature in single cells" if fig5_dqdv.named(found) else ""
    )
    style.explain(figure, explained + (". Open: doubtful" if any(map(doubtful, rows)) else ""))
    style.save(figure, drawing, _numbers(rows, lines, found, shown))


def _by_sample(rows: Sequence[Row], metric: str) -> dict[str, Row]:
    return {r["sample"]: r for r in rows if r["metric"] == metric}


def _points(
    axes: Axes,
    rows: Mapping[str, Row],
    shown: Sequence[Mapping[str, str]],
    label: str,
    marker: str,
    colour: str,
    offset: float = 0.0,
) -> list[Any]:
    """Draw means with standard uncertainty, and the cells beside them as small points."""
    places = [i for i, s in enumerate(shown) if s["sample"] in rows]
    own = [rows[shown[i]["sample"]] for i in places]
    drawn: list[Any] = []
    for open_symbol in (False, True):
        part = [(i, r) for i, r in zip(places, own, strict=True) if doubtful(r) == open_symbol]
        if part:
            drawn.append(
                axes.errorbar(
                    [i + offset for i, _ in part],
                    [r["value"] for _, r in part],
                    [math.nan if r["value_sd"] is None else r["value_sd"] for _, r in part],
                    fmt=marker,
                    color=colour,
                    mfc="white" if open_symbol else colour,
                    capsize=1.5,
                    elinewidth=0.7,
                    label=None if drawn else label,
                    zorder=3,
                )
            )
    for i, row in zip(places, own, strict=True):
        values = [float(v.rsplit("=", 1)[1]) for v in str(row["cell_values"]).split(";")]
        axes.plot([i + offset + 0.12] * len(values), values, ".", color=colour, ms=1.8, alpha=0.7)
    return drawn[:1]


def _capacities(axes: Axes, rows: Sequence[Row], shown: Sequence[Mapping[str, str]]) -> bool:
    """Draw capacities and efficiencies; return whether a line joins the latter."""
    handles = []
    for k, (metric, label, marker, colour) in enumerate(CAPACITIES):
        offset = 0.25 * (k - 1)
        handles += _points(axes, _by_sample(rows, metric), shown, label, marker, colour, offset)
    right = axes.twinx()
    efficiency = _by_sample(rows, EFFICIENCY)
    # The line leads the eye over the annealing; the uncoated sample is no part of that series.
    line = [i for i, s in enumerate(shown) if s["sample"] in efficiency and s["role"] == "coated"]
    values = [efficiency[shown[i]["sample"]]["value"] for i in line]
    joined = len(line) > 1 and one_series([shown[i] for i in line])
    if joined:
        right.plot(line, values, "-", color=style.GREY, linewidth=0.6, zorder=1)
    _points(right, efficiency, shown, "", "D", style.GREY)  # its axis says what it is
    style.sample_axis(axes, shown, 2.3)
    # Capacities above, the legend between, efficiencies below; each scale only where its data are.
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.95 * (high - low), high)
    axes.set_yticks([t for t in axes.get_yticks() if low <= t <= high])
    low, high = right.get_ylim()
    right.set_ylim(low, high + 1.7 * (high - low))
    right.yaxis.set_major_locator(MaxNLocator(11))
    right.set_yticks([t for t in right.get_yticks() if low <= t <= high])
    right.tick_params(axis="y", colors=style.GREY)
    axes.tick_params(axis="y", which="both", right=False)
    axes.set_ylabel("specific capacity / mAh g$^{-1}$", loc="top")
    right.set_ylabel("initial Coulombic efficiency / %", color=style.GREY, loc="bottom")
    axes.legend(
        handles=handles,
        ncols=3,
        loc="center",
        bbox_to_anchor=(0.5, 0.43),
        columnspacing=0.8,
        handlelength=1.0,
        handletextpad=0.3,
    )
    return joined


def _potentials(
    axes: Axes, rows: Sequence[Row], shown: Sequence[Mapping[str, str]], after: str
) -> None:
    """Draw both potentials on their own scale: two axes one above the other in one panel."""
    axes.set_axis_off()
    parts = [axes.inset_axes((0, 0.53, 1, 0.47)), axes.inset_axes((0, 0, 1, 0.47))]
    for part, (metric, label, marker, colour) in zip(parts, POTENTIALS, strict=True):
        own = _by_sample(rows, metric)
        if not own:
            style.no_data(part, f"no rest of {after} {label}")
            continue
        _points(part, own, shown, label, marker, colour)
        if part is parts[1]:
            style.sample_axis(part, shown, 2.3)
        else:  # the names stand below the lower one
            part.set_xticks(range(len(shown)), [])
            part.set_xlim(-0.6, len(shown) - 0.4)
        part.margins(y=0.2)
        part.set_ylabel(f"potential\n{after} after\n{label.removeprefix('after ')} / V")


def _numbers(
    rows: Sequence[Row],
    lines: fig5_dqdv.Lines,
    found: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
) -> list[Row]:
    """Return what stands in the panels: means and cells (x empty), then the curves and their named features."""
    metrics = {
        EFFICIENCY: "a",
        **{m[0]: "a" for m in CAPACITIES},
        **{m[0]: "b" for m in POTENTIALS},
    }
    order = {s["sample"]: i for i, s in enumerate(shown)}
    numbers: list[Row] = []
    for r in sorted(rows, key=lambda r: order[r["sample"]]):
        if r["metric"] not in metrics:
            continue
        base = {"panel": metrics[r["metric"]], "sample": r["sample"], "quantity": r["metric"]}
        numbers.append(
            _number(
                base, r["value"], value_sd=r["value_sd"], n_cells=r["n_cells"], quality=r["quality"]
            )
        )
        for part in str(r["cell_values"]).split(";"):
            cell, _, value = part.rpartition("=")
            numbers.append(_number(base, float(value), cell=cell))
    for (sample, cycle, direction), (potential, values) in lines.items():
        for v, value in zip(potential.tolist(), values.tolist(), strict=True):
            base = {"panel": "c", "sample": sample, "quantity": f"dqdv_mAh_g_V {direction} {cycle}"}
            numbers.append(_number(base, value, potential_V=v))
    for r in fig5_dqdv.named(found):
        base = {"panel": "c inset", "sample": r["sample"], "quantity": r["feature"]}
        numbers.append(
            _number(base, r["height_mAh_g_V"], cell=r["cell"], potential_V=r["potential_V"])
        )
    return numbers


def _number(base: Row, value: float, **more: Any) -> Row:
    """Return one row of the figure's CSV."""
    empty = dict.fromkeys(("cell", "potential_V", "value", "value_sd", "n_cells", "quality"))
    return base | empty | {"value": value} | more
