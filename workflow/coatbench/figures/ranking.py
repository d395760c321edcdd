"""Figure `ranking`: who is best and how sure that is, what it rests on, and the response along each factor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..factors import read_factors
from ..order import ordered
from ..quality import DOUBTFUL
from ..tables import read_table
from . import layout, lettering, ranking_response, style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import CriterionConfig, FactorConfig

Row = dict[str, Any]
LONG_LABEL = 16  # characters of a sample's label that leave the criteria little room


def draw(
    drawing: Drawing,
    *,
    criteria: Mapping[str, CriterionConfig],
    factors: Mapping[str, FactorConfig | None],
    **tables: str,
) -> None:
    """Draw scores with the probability of being best, the criteria behind them, and the response along each factor.

    Parameters
    ----------
    criteria : mapping
        Of the config, in their order, with labels.
    factors : mapping
        Config section `factors`.
    """
    rows = read_table(tables["ranking"])
    ranked = [r for r in rows if r["rank"] is not None]
    by_name = {r["sample"]: r for r in rows}
    shown = [s for s in ordered(drawing.samples) if s["sample"] in by_name]
    first = [s for s in shown if by_name[s["sample"]]["rank"] is not None]
    shown = first + [s for s in shown if s not in first]  # unranked ones below a gap
    n = max(len(shown), 3)
    curves = read_table(tables["ranking_response"])
    varied = list(dict.fromkeys(r["factor"] for r in curves))
    if len(varied) == 1:  # between settings of one factor the interval of all together says it
        curves = [r | {"determined": 1.0} for r in curves]
    panels = max(len(varied), 1)
    tall = max(3.0, 1.35 + 0.19 * n, 1.6 * panels + 1.1)  # the legend stands below the last panel
    figure = style.new_figure(drawing.config, "double", min(tall, layout.PAGE_INCH))
    if not ranked:
        axes = figure.subplots()
        style.no_data(axes, "no sample has all core criteria, so none can be ranked")
        style.save(figure, drawing, rows)
        return
    grid = figure.add_gridspec(
        panels, 3 if varied else 2, width_ratios=[0.95, 1.4, 1.5][: 3 if varied else 2]
    )
    left, middle = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 1])
    right = [figure.add_subplot(grid[i, 2]) for i in range(len(varied))]
    _scores(left, first, shown, by_name, style.colours(drawing.samples))
    shown_criteria = [
        (
            name,
            entry.get("label", name),
            entry.get("unit", "1"),
            1 if entry["direction"] == "higher" else -1,
            entry["group"],
        )
        for name, entry in criteria.items()
        if entry.get("use", True) and any(r[name] is not None for r in rows)
    ]
    _criteria(figure, middle, first, shown, by_name, shown_criteria)
    labels = {name: label for name, label, *_ in shown_criteria}
    optimum = read_table(tables["ranking_optimum"])
    if not varied:
        style.explain(figure, "Too few settings for an optimum.")
    known = {f.name: f for f in read_factors(factors)}
    for name, axes in zip(varied, right, strict=True):
        mine = [r for r in curves if r["factor"] == name]
        found = next(
            r for r in optimum if r["response"] == ranking_response.OVERALL and r["factor"] == name
        )
        ranking_response.draw_panel(axes, mine, found, labels, known[name])
    if right:
        ranking_response.legend(right)
    if ranking_response.left_open(curves):
        style.explain(
            figure, "Lines are left out where the tested settings do not determine a response."
        )
    for letter, axes in zip("abcdefgh", (left, middle, *right), strict=False):
        style.panel_letter(axes, letter)
    style.save(figure, drawing, _numbers(rows, curves))


def _scores(
    axes: Axes,
    first: Sequence[Mapping[str, str]],
    shown: Sequence[Mapping[str, str]],
    by_name: Mapping[str, Row],
    colours: Mapping[str, Any],
) -> None:
    for y, sample in enumerate(first):
        row = by_name[sample["sample"]]
        low, high = row["score"] - row["score_ci_low"], row["score_ci_high"] - row["score"]
        axes.errorbar(
            row["score"],
            y,
            xerr=[[max(low, 0)], [max(high, 0)]],
            fmt="o",
            color=colours[sample["sample"]],
            markerfacecolor=colours[sample["sample"]] if row["pareto"] else "white",
            capsize=2,
        )
        chance = row["probability_best"]
        text = "<1 %" if chance < 0.005 else ">99 %" if chance > 0.995 else f"{100 * chance:.0f} %"
        axes.text(
            1.02,
            y,
            text,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontweight="bold" if row["best_set"] else "normal",
        )
    axes.text(1.02, 1.02, "P(best)", transform=axes.transAxes, va="bottom", color=style.GREY)
    doubtful = {s["sample"] for s in shown if by_name[s["sample"]].get("quality") == DOUBTFUL}
    long = any(lettering.letters(style.full_label(s)) > LONG_LABEL for s in shown)
    axes.set_yticks(
        range(len(shown)),
        [style.full_label(s) + (" †" if s["sample"] in doubtful else "") for s in shown],
        fontsize=5.3 if long else None,
    )
    axes.set_ylim(len(shown) - 0.5, -0.5)
    note = "\n†: rests on a doubtful value" if doubtful else ""
    axes.set_xlabel(f"score / smallest differences that matter\nfilled: on the Pareto front{note}")
    if len(shown) > len(first):
        axes.axhline(len(first) - 0.5, color=style.GREY, linewidth=0.6)
        axes.text(
            0.5,
            len(first) - 0.5 + (len(shown) - len(first)) / 2,
            "not ranked",
            transform=axes.get_yaxis_transform(),
            ha="center",
            va="center",
            color=style.GREY,
        )


def _criteria(
    figure: Figure,
    axes: Axes,
    first: Sequence[Mapping[str, str]],
    shown: Sequence[Mapping[str, str]],
    by_name: Mapping[str, Row],
    criteria: Sequence[tuple[str, str, str, int, str]],
) -> None:
    """Show where each value stands between the worst and the best ranked sample, and the value."""
    values = np.array(
        [
            [np.nan if (v := by_name[s["sample"]][name]) is None else v for name, *_ in criteria]
            for s in shown
        ]
    )
    signs = np.array([sign for *_, sign, _ in criteria])
    of_ranked = values[: len(first)] * signs
    worst, best = of_ranked.min(axis=0), of_ranked.max(axis=0)
    span = np.where(best > worst, best - worst, np.nan)  # all alike: no place, no colour
    place = np.clip((values * signs - worst) / span, 0, 1)
    image = axes.imshow(
        np.ma.masked_invalid(place), cmap="cividis", vmin=0, vmax=1, aspect="auto", alpha=0.85
    )
    size = 5.5 if len(criteria) <= 6 else 5.0
    for y in range(len(shown)):
        for x in range(len(criteria)):
            if math.isnan(values[y, x]):
                axes.text(x, y, "–", ha="center", va="center", color=style.GREY, fontsize=size)
            else:
                ink = "white" if place[y, x] < 0.45 else "black"
                text = _short(values[:, x], values[y, x])
                axes.text(x, y, text, ha="center", va="center", color=ink, fontsize=size)
    axes.set_xticks(
        range(len(criteria)),
        [
            _wrapped(label if unit == "1" else f"{label} / {unit}")
            for _, label, unit, *_ in criteria
        ],
        rotation=60 if max(lettering.letters(style.label(s)) for s in shown) <= LONG_LABEL else 75,
    )
    for tick in axes.get_xticklabels():
        tick.set(ha="right", rotation_mode="anchor", fontsize=5.5)
    axes.set_yticks([])
    axes.tick_params(length=0)
    for x in range(1, len(criteria)):
        if criteria[x][-1] != criteria[x - 1][-1]:  # groups count once: set them apart
            axes.axvline(x - 0.5, color="white", linewidth=2.5)
    if len(shown) > len(first):
        axes.axhline(len(first) - 0.5, color="white", linewidth=2.5)
    bar = figure.colorbar(image, ax=axes, location="top", fraction=0.05, aspect=30, pad=0.02)
    bar.set_ticks([0, 1], labels=["worst", "best of the ranked"])
    bar.ax.tick_params(length=0, labelsize=5.5)
    left, right = bar.ax.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")


def _wrapped(label: str) -> str:
    words, lines = label.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 18 and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines).replace("$", r"\$")


def _short(column: np.ndarray, value: float) -> str:
    """Write a value with the digits that tell the samples apart."""
    spread = np.nanmax(column) - np.nanmin(column)
    digits = 2 if spread <= 0 else int(np.clip(2 - math.floor(math.log10(spread)) - 1, 0, 3))
    return f"{value:.{digits}f}"


def _numbers(rows: Sequence[Row], curves: Sequence[Row]) -> list[Row]:
    """Return what the panels show, tidy: one number a row."""
    plotted = [
        {"panel": "a-b", "series": r["sample"], "x": "", "quantity": key, "value": value}
        for r in rows
        for key, value in r.items()
        if key != "sample" and isinstance(value, float)
    ]
    return plotted + [
        {
            "panel": r["factor"],
            "series": r["response"],
            "x": r["setting"],
            "quantity": key,
            "value": r[key],
        }
        for r in curves
        for key in ("value", "value_ci_low", "value_ci_high", "probability_optimum", "determined")
    ]
