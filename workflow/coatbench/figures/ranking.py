"""Figure `ranking`: who is best and how sure that is, what it rests on, and the optimum temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..order import ordered
from ..tables import read_table
from . import layout, style

Row = dict[str, Any]
OVERALL = "overall"


def draw(
    tables: Mapping[str, str],
    output: Mapping[str, str],
    *,
    ranking: Mapping[str, Any],
    samples: Sequence[Mapping[str, str]],
    reference: str | None,
    simulated: bool,
    config: Mapping[str, Any],
) -> None:
    """Draw scores with the probability of being best, the criteria behind them, and the optimum.

    Parameters
    ----------
    tables : mapping
        Paths of the ranking tables by name.
    output : mapping
        Paths of pdf, png and csv.
    ranking : mapping
        Config section `ranking`: criteria in their order, with labels.
    samples, reference, simulated, config
        As `figure_params` of the workflow gives them.
    """
    rows = read_table(tables["ranking"])
    ranked = [r for r in rows if r["rank"] is not None]
    by_name = {r["sample"]: r for r in rows}
    shown = [s for s in ordered(samples) if s["sample"] in by_name]
    first = [s for s in shown if by_name[s["sample"]]["rank"] is not None]
    shown = first + [s for s in shown if s not in first]  # unranked ones below a gap
    n = max(len(shown), 3)
    figure = style.new_figure(config, "double", min(max(2.3, 1.35 + 0.19 * n), layout.PAGE_INCH))
    if not ranked:
        axes = figure.subplots()
        style.no_data(axes, "no sample has all core criteria, so none can be ranked")
        style.save(figure, output, rows, simulated=simulated)
        return
    left, middle, right = figure.subplots(1, 3, gridspec_kw={"width_ratios": [1.05, 1.25, 1.5]})
    _scores(left, first, shown, by_name, style.colours(samples))
    criteria = [
        (
            name,
            entry.get("label", name),
            entry.get("unit", "1"),
            1 if entry["direction"] == "higher" else -1,
            entry["group"],
        )
        for name, entry in ranking["criteria"].items()
        if entry.get("use", True) and any(r[name] is not None for r in rows)
    ]
    _criteria(figure, middle, first, shown, by_name, criteria)
    curves = read_table(tables["ranking_response"])
    labels = {name: label for name, label, *_ in criteria}
    height = figure.get_figheight()
    _optimum(right, curves, read_table(tables["ranking_optimum"]), labels, height)
    for letter, axes in zip("abc", (left, middle, right), strict=True):
        style.panel_letter(axes, letter)
    style.save(figure, output, _numbers(rows, curves), simulated=simulated)


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
        text = f"{100 * chance:.0f} %" if chance >= 0.005 else "<1 %"
        axes.text(
            1.02,
            y,
            text,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontweight="bold" if row["best_set"] else "normal",
        )
    axes.text(1.02, 1.02, "P(best)", transform=axes.transAxes, va="bottom", color=style.GREY)
    axes.set_yticks(range(len(shown)), [style.label(s) for s in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel("score (0 worst, 1 best in all)\nfilled: on the Pareto front")
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
        rotation=40,
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


def _optimum(
    axes: Axes,
    curves: Sequence[Row],
    optimum: Sequence[Row],
    labels: Mapping[str, str],
    height_inch: float,
) -> None:
    found = next((r for r in optimum if r["response"] == OVERALL), None)
    if found is None:
        style.no_data(axes, "too few temperatures for an optimum")
        return
    names = [n for n in dict.fromkeys(r["response"] for r in curves) if n in labels]
    for i, name in enumerate(names):
        t, value = _curve(curves, name, "value")
        colour = style.CATEGORIES[i % len(style.CATEGORIES)]
        dash = ("-", "--", ":")[i // len(style.CATEGORIES) % 3]
        axes.plot(t, value, dash, color=colour, linewidth=0.6, label=labels[name])
    t, value = _curve(curves, OVERALL, "value")
    low, high = (
        _curve(curves, OVERALL, "value_ci_low")[1],
        _curve(curves, OVERALL, "value_ci_high")[1],
    )
    axes.fill_between(t, low, high, color=style.GREY, alpha=0.25, linewidth=0)
    axes.plot(t, value, color="black", linewidth=1.3, label="all, any weighting")
    top = float(np.nanmax(high))
    bottom = min(0.0, float(np.nanmin(value))) - 0.05
    # Room for the legend's lines: 0.1 each at the height of a figure of eight samples.
    line = 0.1 * min(1.0, 3.06 / height_inch)
    ceiling = top + line * (len(names) + 1)
    axes.set_ylim(bottom, ceiling)
    reach = (top + 0.03 - bottom) / (ceiling - bottom)  # below the legend
    axes.axvspan(
        found["optimum_degC_ci_low"],
        found["optimum_degC_ci_high"],
        ymax=reach,
        color=style.ACCENT,
        alpha=0.12,
        linewidth=0,
    )
    axes.axvline(found["optimum_degC"], ymax=reach, color=style.ACCENT, linewidth=0.9)
    axes.set_title(
        f"{found['optimum_degC']:.0f} °C (95 %: {found['optimum_degC_ci_low']:.0f} to "
        f"{found['optimum_degC_ci_high']:.0f} °C)",
        loc="right",
        color=style.ACCENT,
    )
    axes.set_xlim(t[0], t[-1])
    axes.set_xlabel("annealing temperature / °C")
    axes.set_ylabel("response (0 worst, 1 best)")
    axes.legend(loc="upper left", fontsize=5.2, handlelength=1.4, labelspacing=0.25)


def _curve(curves: Sequence[Row], name: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    mine = [r for r in curves if r["response"] == name]
    return np.array([r["temperature_degC"] for r in mine]), np.array([r[column] for r in mine])


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
            "panel": "c",
            "series": r["response"],
            "x": r["temperature_degC"],
            "quantity": key,
            "value": r[key],
        }
        for r in curves
        for key in ("value", "value_ci_low", "value_ci_high", "probability_optimum")
    ]
