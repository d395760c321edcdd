"""Figure 7: long-term cycling: voltage profiles of the first cycle, discharge capacity over cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..arrays import Arrays
from ..curves import load_set
from ..order import ordered
from ..tables import read_table
from . import style
from .cycling_common import doubtful, potential_label, protocol_of, unusable
from .drawing import Drawing

Row = dict[str, Any]
FIRST_CYCLE = 1
LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")
METRICS = {
    "initial_coulombic_efficiency_percent": "{:.1f} %",
    "retention_percent": "{:.0f} % retained",
}
TITLE = "initial Coulombic efficiency"
# Capacities that differ by less than this share lie within one symbol; as many such samples are named as one line holds.
COVERS, LINE = 5e-3, 150
INSIDE = 4  # samples whose legend finds room in the panels


def draw(
    drawing: Drawing,
    curves: Sequence[str],
    units: Sequence[Sequence[str]],
    cells: str,
    metrics: str,
    *,
    protocols: Mapping[str, Sequence[str]],
    potential_reference: str,
) -> None:
    """Draw both panels; every cell is a line of its own.

    Parameters
    ----------
    units : sequence of (sample, protocol, cell)
        Whose the curves are, in the same order.
    protocols : mapping
        Names of the `long` protocols; the first that was measured is drawn.
    potential_reference : str
        What potentials are measured against.
    """
    every = read_table(cells)
    drawn = protocol_of(every, protocols["long"])
    rows = [r for r in every if r["protocol"] == drawn and not unusable(r)]
    found = [r for r in read_table(metrics) if r["protocol"] == drawn and r["value"] is not None]
    firsts = {(r["sample"], r["cell"]) for r in rows if int(r["cycle"]) == FIRST_CYCLE}
    names = {r["sample"] for r in rows}
    shown = [s for s in ordered(drawing.samples) if s["sample"] in names]
    colours = style.colours(drawing.samples)
    figure = style.new_figure(drawing.config, "double", 2.9)
    panels = figure.subplots(1, 2, width_ratios=(1, 1.35))
    profiles = {
        (sample, cell): profile
        for path, (sample, protocol, cell) in zip(curves, units, strict=True)
        if protocol == drawn
        and (sample, cell) in firsts
        and (profile := load_set(path, "profiles")) is not None  # none: the cell has a problem
        and "half" in profile.sizes
    }
    named = {s["sample"] for s in shown if any(sample == s["sample"] for sample, _ in profiles)}
    many = len(named) > INSIDE  # then one legend for both panels, below them
    efficiency, retained = (_values(found, metric) for metric in METRICS)
    left, right = {}, {}
    for s in shown:
        both = [efficiency.get(s["sample"]), retained.get(s["sample"])]
        left[s["sample"]] = _label(s, both if many else both[:1])
        right[s["sample"]] = None if many and s["sample"] in named else _label(s, both[1:])
    # In both panels a cell has the same number, also where one of them cannot show it.
    cells_of = {s["sample"]: _cells_of(rows, s["sample"]) for s in shown}
    _profiles(panels[0], profiles, shown, colours, left, potential_reference, cells_of)
    _capacities(panels[1], rows, shown, colours, right, cells_of)
    handles = {h.get_label(): h for p in panels for h in p.get_legend_handles_labels()[0]}
    if many:
        style.legend_below(figure, handles, f"{TITLE}, capacity retained")
    elif handles:
        panels[0].legend(loc="lower left", title=TITLE, alignment="left")
        panels[1].legend(loc="lower left")
    for letter, axes in zip("ab", panels, strict=True):
        style.panel_letter(axes, letter)
    most = max(map(len, cells_of.values()), default=1)
    explained = _explained(most, any(doubtful(r) and not r["interrupted"] for r in rows))
    if any(doubtful(r) for r in found if r["metric"] in METRICS and r["sample"] in names):
        explained += "; in brackets: doubtful"
    below: dict[str, list[str]] = {}
    for hidden, by in _covered(rows, shown):
        below.setdefault(style.label(by), []).append(style.label(hidden))
    for top, under in below.items():
        if len(explained) + len(", ".join([*under, top])) > LINE:
            under[1:] = [f"{len(under) - 1} more"]
        listed = " and ".join(([", ".join(under[:-1])] if under[1:] else []) + under[-1:])
        explained += f"; below {top} {'lie' if under[1:] else 'lies'} {listed}"
    style.explain(figure, explained)
    style.save(figure, drawing, _numbers(profiles, rows, found))


def _explained(cells: int, has_doubtful: bool) -> str:
    """Return what the legend does not say: which line and symbol is which cell."""
    ordinal = ("first", "second", "third", "fourth")
    lines = ("solid line", "dashed", "dotted", "dash-dotted")
    marks = ("circles", "squares", "triangles", "diamonds")
    parts = [
        f"{ordinal[i]} cell {lines[i]} (a), {marks[i]} (b)" for i in range(min(cells, len(LINES)))
    ]
    if cells > len(LINES):
        parts.append("then again from the first")
    if has_doubtful:
        parts.append("open symbols are doubtful (see the report)")
    return "of each sample: " + ", ".join(parts)


def _covered(
    rows: Sequence[Row], shown: Sequence[Mapping[str, str]]
) -> list[tuple[Mapping[str, str], Mapping[str, str]]]:
    """Return the samples all of whose capacities lie where those of a sample drawn later lie, and which that is."""

    def curves(sample: Mapping[str, str]) -> list[dict[int, float]]:
        own = [r for r in rows if r["sample"] == sample["sample"]]
        known = [r for r in own if r["discharge_capacity_mAh_g"] is not None]
        return [
            {int(r["cycle"]): r["discharge_capacity_mAh_g"] for r in known if r["cell"] == cell}
            for cell in dict.fromkeys(r["cell"] for r in known)
        ]

    def same(one: dict[int, float], other: dict[int, float]) -> bool:
        return one.keys() == other.keys() and all(
            abs(v - other[k]) < COVERS * v for k, v in one.items()
        )

    every = [(s, curves(s)) for s in shown]
    found = []
    for i, (sample, own) in enumerate(every):
        for later, other in reversed(every[i + 1 :]):  # the topmost, which is seen
            if own and len(own) == len(other) and all(map(same, own, other)):
                found.append((sample, later))
                break
    return found


def _cells_of(rows: Sequence[Row], sample: str) -> list[str]:
    return list(dict.fromkeys(r["cell"] for r in rows if r["sample"] == sample))


def _values(found: Sequence[Row], metric: str) -> dict[str, str]:
    """Return how a metric of each sample is written, in brackets where it is doubtful."""
    own = [(r, METRICS[metric].format(r["value"])) for r in found if r["metric"] == metric]
    return {r["sample"]: f"({text})" if doubtful(r) else text for r, text in own}


def _label(sample: Mapping[str, str], values: Sequence[str | None]) -> str:
    known = ", ".join(v for v in values if v)
    return f"{style.label(sample)}: {known}" if known else style.label(sample)


def _profiles(
    axes: Axes,
    profiles: Mapping[tuple[str, str], Arrays],
    shown: Sequence[Mapping[str, str]],
    colours: Mapping[str, Any],
    labels: Mapping[str, str | None],
    potential_reference: str,
    cells_of: Mapping[str, Sequence[str]],
) -> None:
    if not profiles:
        style.no_data(axes, "no cell of a long protocol could be analysed")
        return
    for sample in shown:
        name = sample["sample"]
        label = labels[name]
        for i, cell in enumerate(cells_of[name]):
            if (data := profiles.get((name, cell))) is None:
                continue
            for half in range(data.sizes["half"]):
                if int(data["cycle"][half]) != FIRST_CYCLE:
                    continue
                axes.plot(
                    data["capacity_mAh_g"][half],
                    data["voltage_V"][half],
                    color=colours[name],
                    ls=LINES[i % len(LINES)],
                    lw=0.8,
                    label=label,
                )
                label = None
    axes.set_xlim(left=0)
    axes.set_xlabel("specific capacity / mAh g$^{-1}$")
    axes.set_ylabel(potential_label(profiles.values(), potential_reference))


def _capacities(
    axes: Axes,
    rows: Sequence[Row],
    shown: Sequence[Mapping[str, str]],
    colours: Mapping[str, Any],
    labels: Mapping[str, str | None],
    cells_of: Mapping[str, Sequence[str]],
) -> None:
    known = [r for r in rows if r["discharge_capacity_mAh_g"] is not None]
    if not known:
        style.no_data(axes, "no complete cycle")
        return
    odd: list[Row] = []
    for sample in shown:
        name = sample["sample"]
        label = labels[name]
        for i, cell in enumerate(cells_of[name]):
            own = [r for r in known if (r["sample"], r["cell"]) == (name, cell)]
            good = [r for r in own if not r["interrupted"]]
            for open_symbol in (False, True):
                part = [r for r in good if doubtful(r) == open_symbol]
                if not part:
                    continue
                axes.plot(
                    [r["cycle"] for r in part],
                    [r["discharge_capacity_mAh_g"] for r in part],
                    MARKERS[i % len(MARKERS)],
                    color=colours[name],
                    mfc="white" if open_symbol else colours[name],
                    ms=2.0,
                    mew=0.5,
                    label=label,
                )
                label = None
            odd += [r for r in own if r["interrupted"]]
    if odd:
        axes.plot(
            [r["cycle"] for r in odd],
            [r["discharge_capacity_mAh_g"] for r in odd],
            "x",
            color=style.ACCENT,
            ms=3.5,
            mew=0.8,
            label="interrupted",
        )
    _label_rates(axes, known)
    axes.set_xlabel("cycle")
    axes.set_ylabel("discharge capacity / mAh g$^{-1}$")
    axes.set_xlim(0, max(r["cycle"] for r in known) + 2)


def _label_rates(axes: Axes, known: Sequence[Row]) -> None:
    """Write the rate above every block of cycles at one rate of the longest cell."""
    counts: dict[tuple[str, str], list[Row]] = {}
    for row in known:
        counts.setdefault((row["sample"], row["cell"]), []).append(row)
    longest = max(counts.values(), key=len)
    top = max(r["discharge_capacity_mAh_g"] for r in known)
    bottom = min(r["discharge_capacity_mAh_g"] for r in known)
    axes.set_ylim(bottom - 0.35 * (top - bottom), top + 0.18 * (top - bottom))
    blocks = [(rate, list(block)) for rate, block in groupby(longest, key=lambda r: r["c_rate"])]
    for rate, block in blocks:
        if rate is None:
            continue  # a titration
        first, last = block[0]["cycle"], block[-1]["cycle"]
        centre = 0.5 * (first + last)
        # A block of few cycles is narrower than its label: that stands upright over all of it.
        narrow = last - first < 0.08 * len(longest)
        near = max(0.5 * (last - first), 1.0) if narrow else 0.04 * len(longest)
        # Cycles that count nowhere leave gaps: the middle of a block may be one.
        inside = [r for r in known if abs(r["cycle"] - centre) <= near] or block
        axes.annotate(
            f"{rate:g}C",
            (centre, max(r["discharge_capacity_mAh_g"] for r in inside)),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=90 if narrow else 0,
            fontsize=5.5,
            color=style.GREY,
        )


def _numbers(
    profiles: Mapping[tuple[str, str], Arrays], rows: Sequence[Row], found: Sequence[Row]
) -> list[Row]:
    numbers: list[Row] = []
    for (sample, cell), data in profiles.items():
        for half in range(data.sizes["half"]):
            if int(data["cycle"][half]) != FIRST_CYCLE:
                continue
            one = data.isel("half", half)
            known = np.isfinite(one["capacity_mAh_g"]) & np.isfinite(one["voltage_V"])
            base = {"cell": cell, "cycle": FIRST_CYCLE, "direction": str(data["direction"][half])}
            for q, v in zip(one["capacity_mAh_g"][known], one["voltage_V"][known], strict=True):
                at = {"capacity_mAh_g": float(q), "potential_V": float(v)}
                numbers.append(_number("a", sample, **base, **at))
    for row in rows:
        if row["discharge_capacity_mAh_g"] is not None:
            own = {k: row[k] for k in ("cell", "c_rate", "quality")} | {"cycle": int(row["cycle"])}
            capacity = row["discharge_capacity_mAh_g"]
            numbers.append(
                _number("b", row["sample"], **own, direction="discharge", capacity_mAh_g=capacity)
            )
    for panel, metric in zip("ab", METRICS, strict=True):
        for row in found:
            if row["metric"] == metric:
                own = {"quantity": metric, "value": row["value"], "quality": row["quality"]}
                numbers.append(_number(panel, row["sample"], **own))
    return numbers


def _number(panel: str, sample: str, **own: Any) -> Row:
    """Return one row of the figure's CSV."""
    columns = (
        "cell", "cycle", "direction", "capacity_mAh_g", "potential_V", "c_rate", "quantity", "value", "quality",
    )  # fmt: skip
    return {"panel": panel, "sample": sample} | dict.fromkeys(columns) | own
