"""Principal components of all regions: scores by sample, and the loadings that become the fragments' weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from ..order import ordered
from ..quality import DOUBTFUL, OK, quality_of
from ..tables import read_table
from . import style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import SimsConfig

Row = dict[str, Any]


def draw(drawing: Drawing, scores: str, weights: str, regions: str, *, sims: SimsConfig) -> None:
    """Draw (a) the scores of the headline scaling and (b) loadings on the first component under every scaling.

    A score is as doubtful as the images that it is made of.

    Parameters
    ----------
    sims : mapping
        `headline_weighting` of the config.
    """
    loadings = [r for r in read_table(weights) if r["loading_pc1"] is not None]
    scalings = list(dict.fromkeys(r["weighting"] for r in loadings))
    headline = sims["headline_weighting"]
    scaling = headline if headline in scalings else (scalings or [headline])[0]
    counted = {r["fragment"] for r in loadings}
    doubted = {
        (r["sample"], r["region"])
        for r in read_table(regions)
        if r["fragment"] in counted and quality_of(r).level == DOUBTFUL
    }
    points = [
        r | {"quality": DOUBTFUL if (r["sample"], r["region"]) in doubted else OK}
        for r in read_table(scores)
        if r["weighting"] == scaling
    ]
    figure = style.new_figure(drawing.config, "double", 2.85)
    panels = figure.subplots(1, 2, width_ratios=[1, 1.15])
    if points:
        _scores(
            panels[0],
            points,
            drawing.samples,
            next(r for r in loadings if r["weighting"] == scaling),
        )
        panels[0].set_title(
            f"scaling: {_worded(scaling)}", loc="right", color=style.GREY, fontsize="small"
        )
        _loadings(panels[1], loadings, scalings)
        handles, labels = panels[0].get_legend_handles_labels()
        style.legend_below(figure, dict(zip(labels, handles, strict=True)))
        if any(r["quality"] == DOUBTFUL for r in points):
            style.explain(figure, "Open: doubtful (see the report)")
    for axes, letter in zip(panels, "ab", strict=True):
        if not points:
            style.no_data(axes, "no fragments of degradation groups in a reference")
        style.panel_letter(axes, letter)
    numbers = [
        {"kind": "score", "weighting": r["weighting"], "sample": r["sample"], "region": r["region"],
         "fragment": None, "pc1": r["pc1"], "pc2": r["pc2"], "quality": r["quality"]}
        for r in points
    ] + [
        {"kind": "loading", "weighting": r["weighting"], "sample": None, "region": None,
         "fragment": r["fragment"], "pc1": r["loading_pc1"], "pc2": r["loading_pc2"], "quality": None}
        for r in loadings
    ]  # fmt: skip
    style.save(figure, drawing, numbers)


def _scores(
    axes: Axes, points: Sequence[Row], samples: Sequence[Mapping[str, str]], explained: Row
) -> None:
    codings = style.codings(samples)
    for s in ordered(samples):
        own = [r for r in points if r["sample"] == s["sample"]]
        colour, label = codings[s["sample"]].colour, style.full_label(s)
        for level, filled in ((OK, True), (DOUBTFUL, False)):
            part = [r for r in own if r["quality"] == level]
            if part:
                axes.scatter(
                    [r["pc1"] for r in part], [r["pc2"] for r in part], s=9, facecolors=colour if filled else "white", edgecolors=colour,
                    marker=codings[s["sample"]].marker, label=label, linewidths=0 if filled else 0.7, alpha=0.8,
                )  # fmt: skip
                label = "_"  # once in the legend
    axes.set_xlabel(f"PC 1 ({100 * explained['explained_pc1']:.0f} % of variance)")
    axes.set_ylabel(f"PC 2 ({100 * explained['explained_pc2']:.1f} %)")


def _loadings(axes: Axes, loadings: Sequence[Row], scalings: Sequence[str]) -> None:
    fragments = list(dict.fromkeys(r["fragment"] for r in loadings))
    for k, scaling in enumerate(scalings):
        own = {r["fragment"]: r["loading_pc1"] for r in loadings if r["weighting"] == scaling}
        offset = 0.22 * (k - (len(scalings) - 1) / 2)
        axes.bar(
            [i + offset for i, f in enumerate(fragments) if f in own],
            [own[f] for f in fragments if f in own],
            0.2, color=style.CATEGORIES[k % len(style.CATEGORIES)], label=_worded(scaling), linewidth=0,
        )  # fmt: skip
    axes.axhline(0, color=style.GREY, linewidth=0.5)
    axes.set_xticks(
        range(len(fragments)), [style.formula(f) for f in fragments], rotation=60, ha="right"
    )
    axes.tick_params(axis="x", which="both", length=0)
    axes.set_xlim(-0.6, len(fragments) - 0.4)
    axes.set_ylabel("loading on PC 1")
    highest = max(r["loading_pc1"] for r in loadings)
    axes.set_ylim(top=1.3 * max(highest, 0.0) or None)
    axes.legend(title="scaling", ncols=4, loc="upper center", handlelength=1, columnspacing=1)


def _worded(scaling: str) -> str:
    return scaling.removeprefix("pca_").replace("poisson", "Poisson")
