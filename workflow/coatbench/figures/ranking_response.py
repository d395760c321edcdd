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
DETERMINED = 0.5  # share from which on the samples tell more of a response than the surface assumes (ranking/determined.py)
OPEN = "dotted, open: not determined by these settings"
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
        t, value = _known(curves, name)
        axes.plot(t, value, dash, color=colour, linewidth=0.6, label=labels[name])
    t, value = _curve(curves, OVERALL, "value")
    low, high = (_curve(curves, OVERALL, f"value_ci_{end}")[1] for end in ("low", "high"))
    axes.fill_between(t, low, high, color=style.GREY, alpha=0.25, linewidth=0)
    known = _known(curves, OVERALL)[1]
    axes.plot(t, known, color="black", linewidth=1.3, label=TOGETHER)
    if np.isnan(known).any():
        axes.plot(t, value, ":", color="black", linewidth=0.9, label=OPEN)
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
        mine = {
            str(r["setting"]): r
            for r in curves
            if r["response"] == name and (name == OVERALL or r["determined"] >= DETERMINED)
        }
        shift = 0.6 * (i / max(len(lines) - 1, 1) - 0.5)
        at = [k for k, n in enumerate(names) if n in mine]
        shown = [mine[names[k]] for k in at]
        values = [r["value"] for r in shown]
        below = [max(r["value"] - r["value_ci_low"], 0) for r in shown]
        above = [max(r["value_ci_high"] - r["value"], 0) for r in shown]
        axes.errorbar(
            [k + shift for k in at], values, [below, above], fmt="o", color=colour,
            markersize=4 if name == OVERALL else 2.5, linewidth=0.8, capsize=1.5,
            label=TOGETHER if name == OVERALL else labels[name],
        )  # fmt: skip
        unknown = [k for k, r in zip(at, shown, strict=True) if r["determined"] < DETERMINED]
        if unknown:
            axes.plot(
                [k + shift for k in unknown], [mine[names[k]]["value"] for k in unknown], "o", color=colour,
                markersize=4, markerfacecolor="white", label=OPEN, zorder=4,
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
    return f"{best}{unit} (95 %: {low} to {high})"


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text.replace("$", r"\$"), loc="right", color=style.ACCENT)


def _ticks(t: np.ndarray) -> list[float]:
    decades = range(math.floor(math.log10(t[0])), math.ceil(math.log10(t[-1])) + 1)
    return [
        v for d in decades for m in (1, 2, 5) if t[0] * 0.999 <= (v := m * 10.0**d) <= t[-1] * 1.001
    ]


def left_open(curves: Sequence[Row]) -> bool:
    """Tell whether a response is not drawn somewhere."""
    return any(r["determined"] < DETERMINED for r in curves)


def legend(panels: Sequence[Axes]) -> None:
    """Name the curves of all panels below the last one: inside they would cross what they name."""
    named: dict[str, Any] = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            named.setdefault(name, handle)
    axes = panels[-1]
    figure = axes.figure
    below = ScaledTranslation(0, -LEGEND_BELOW_INCH, figure.dpi_scale_trans)
    axes.legend(
        list(named.values()), list(named), loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=axes.transAxes + below, fontsize=5.2,
        handlelength=1.4, labelspacing=0.25, borderaxespad=0,
    )  # fmt: skip


def _known(curves: Sequence[Row], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a response, NaN where the samples do not determine it: there it would repeat an assumption."""
    t, value = _curve(curves, name, "value")
    return t, np.where(_curve(curves, name, "determined")[1] >= DETERMINED, value, np.nan)


def _curve(curves: Sequence[Row], name: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    mine = [r for r in curves if r["response"] == name]
    return np.array([r["setting"] for r in mine]), np.array([r[column] for r in mine])
