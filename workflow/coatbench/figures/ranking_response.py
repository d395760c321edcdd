"""The panels of figure `ranking` that show responses along each factor, with the optimum's interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from ..factors import Factor
from . import style

Row = dict[str, Any]
OVERALL = "overall"
TOGETHER = "all, any weighting"
LEGEND_BELOW_INCH = 0.4  # the height that ticks and name of an axis take


def draw_panel(
    axes: Axes,
    curves: Sequence[Row],
    found: Row,
    labels: Mapping[str, str],
    factor: Factor,
) -> None:
    """Draw the responses along one factor.

    Parameters
    ----------
    curves : rows of `ranking_response` of this factor
    found : row of `ranking_optimum` of this factor, all criteria together
    labels : of the criteria
    """
    (_along if factor.continuous else _levels)(axes, curves, found, labels, factor)
    axes.set_ylabel("response / smallest\ndifferences that matter")


def _along(
    axes: Axes,
    curves: Sequence[Row],
    found: Row,
    labels: Mapping[str, str],
    factor: Factor,
) -> None:
    """Draw the responses along a continuous factor, and the interval of its optimum."""
    for name, colour, dash in _lines(curves, labels):
        t, value = _curve(curves, name, "value")
        axes.plot(t, value, dash, color=colour, linewidth=0.6, label=labels[name])
    t, value = _curve(curves, OVERALL, "value")
    low, high = (_curve(curves, OVERALL, f"value_ci_{end}")[1] for end in ("low", "high"))
    axes.fill_between(t, low, high, color=style.GREY, alpha=0.25, linewidth=0)
    axes.plot(t, value, color="black", linewidth=1.3, label=TOGETHER)
    axes.axvspan(
        found["optimum_ci_low"],
        found["optimum_ci_high"],
        color=style.ACCENT,
        alpha=0.12,
        linewidth=0,
    )
    axes.axvline(found["optimum"], color=style.ACCENT, linewidth=0.9)
    if factor.scale == "log":
        axes.set_xscale("log")
        ticks = _ticks(t)
        axes.set_xticks(ticks, [f"{v:g}" for v in ticks])
        axes.set_xticks([], minor=True)
    axes.set_xlim(t[0], t[-1])
    _title(axes, _interval(found, factor))
    axes.set_xlabel(f"{factor.label} / {factor.unit}" if factor.unit else factor.label)


def _levels(
    axes: Axes,
    curves: Sequence[Row],
    found: Row,
    labels: Mapping[str, str],
    factor: Factor,
) -> None:
    """Draw the responses at the levels of a category, side by side."""
    names = list(dict.fromkeys(str(r["setting"]) for r in curves))
    lines = [*_lines(curves, labels), (OVERALL, "black", "-")]
    for i, (name, colour, _) in enumerate(lines):
        mine = {str(r["setting"]): r for r in curves if r["response"] == name}
        shift = 0.6 * (i / max(len(lines) - 1, 1) - 0.5)
        values = [mine[n]["value"] for n in names]
        below = [max(mine[n]["value"] - mine[n]["value_ci_low"], 0) for n in names]
        above = [max(mine[n]["value_ci_high"] - mine[n]["value"], 0) for n in names]
        axes.errorbar(
            [k + shift for k in range(len(names))], values, [below, above], fmt="o", color=colour,
            markersize=4 if name == OVERALL else 2.5, linewidth=0.8, capsize=1.5,
            label=TOGETHER if name == OVERALL else labels[name],
        )  # fmt: skip
    axes.set_xticks(range(len(names)), [n.replace("$", r"\$") for n in names])
    axes.set_xlim(-0.5, len(names) - 0.5)
    _title(axes, f"{found['optimum']} ({100 * found['probability']:.0f} %)")
    axes.set_xlabel(factor.label)


def _lines(curves: Sequence[Row], labels: Mapping[str, str]) -> list[tuple[str, Any, str]]:
    names = [n for n in dict.fromkeys(r["response"] for r in curves) if n in labels]
    n = len(style.CATEGORIES)
    return [
        (name, style.CATEGORIES[i % n], ("-", "--", ":")[i // n % 3])
        for i, name in enumerate(names)
    ]


def _interval(found: Row, factor: Factor) -> str:
    ends = (found["optimum_ci_low"], found["optimum"], found["optimum_ci_high"])
    low, best, high = factor.numbers(*ends)
    unit = f" {found['unit']}" if found["unit"] else ""
    return f"{best}{unit} (95 %: {low} to {high}{unit})"


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text.replace("$", r"\$"), loc="right", color=style.ACCENT)


def _ticks(t: np.ndarray) -> list[float]:
    decades = range(math.floor(math.log10(t[0])), math.ceil(math.log10(t[-1])) + 1)
    return [
        v for d in decades for m in (1, 2, 5) if t[0] * 0.999 <= (v := m * 10.0**d) <= t[-1] * 1.001
    ]


def legend(axes: Axes) -> None:
    """Name the curves below a panel, where they leave room: inside they would cross what it names."""
    figure = axes.figure
    below = ScaledTranslation(0, -LEGEND_BELOW_INCH, figure.dpi_scale_trans)
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=axes.transAxes + below, fontsize=5.2,
        handlelength=1.4, labelspacing=0.25, borderaxespad=0,
    )  # fmt: skip


def _curve(curves: Sequence[Row], name: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    mine = [r for r in curves if r["response"] == name]
    return np.array([r["setting"] for r in mine]), np.array([r[column] for r in mine])
