"""Quick-look of one ToF-SIMS sample: total and strongest images of its first region, its spectrum, all regions of its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..analysis import load_rows
from ..arrays import Arrays
from ..curves import load_set
from . import style
from .drawing import Drawing

N_IMAGES = 5
# Of the spectrum: a line of events or intervals as bars, with named and unassigned peaks.
COLOURS = {"fragment": "#0072B2", "ion": style.GREY, "unassigned": style.ACCENT}
WORDS = {"fragment": "fragment", "ion": "other known ion", "unassigned": "unassigned"}
NAMES = 26  # that fit; the strongest
APART_U = 1.6  # names of peaks nearer than this would overlap


def draw(
    drawing: Drawing,
    curves: Sequence[str],
    rows: Sequence[str],
    *,
    spectrum: Callable[[Sequence[Mapping[str, Any]], Arrays | None], list[dict[str, Any]]],
) -> None:
    """Draw a row of images, the spectrum with its named and unassigned peaks, and the normalised intensity of every image in every region.

    Parameters
    ----------
    spectrum : callable
        Rows of the regions and peaks of the events (or None) -> named peaks.
    """
    sample = drawing.samples[0]
    analyses = [load_rows(path) for path in rows]
    regions = [r for a in analyses for r in a.tables.get("sims_regions", [])]
    maps = next((m for path in curves if (m := load_set(path, "maps")) is not None), None)
    sets = [load_set(path, name) for path in curves[:1] for name in ("spectrum", "spectrum_line")]
    peaks, line = sets if sets else (None, None)
    figure = style.new_figure(drawing.config, "double", 5.4)
    upper, middle, lower = np.asarray(
        figure.subfigures(3, 1, height_ratios=[1, 1.1, 1.35])
    ).tolist()
    panels = upper.subplots(1, N_IMAGES + 1, squeeze=False)[0]
    if maps is None:
        style.no_data(panels[0], next((a.problem for a in analyses if a.problem), "no region"))
        for axes in panels[1:]:
            axes.set_axis_off()
    else:
        _images(panels, maps)
    draw_spectrum(
        middle.subplots(), spectrum(regions, peaks), line, 0.7 * drawing.config["font_size_pt"]
    )
    _intensities(lower.subplots(), regions, sample)
    figure.suptitle(
        f"{style.label(sample)}, regions: {len({r['region'] for r in regions})}", x=0.01, ha="left",
        fontsize=drawing.config["font_size_pt"],
    )  # fmt: skip
    style.save_quicklook(figure, drawing)


def _name(label: str, mass_u: float | None, number: float) -> str:
    if label:
        return label.replace("$", r"\$")
    return (
        f"m/z {mass_u:.3f}" if mass_u is not None and np.isfinite(mass_u) else f"image {number:g}"
    )


def _images(panels: Sequence[Axes], maps: Arrays) -> None:
    ratio = maps["normalised_intensity"]
    strongest = np.argsort([-np.nansum(image) for image in ratio])[: len(panels) - 1]
    shown = [("total", maps["total_counts"])] + [
        (
            _name(
                str(maps["label"][i]),
                float(maps["mass_u"][i]),
                int(maps["number"][i]),
            ),
            ratio[i],
        )
        for i in strongest
    ]
    for axes, (name, image) in zip(panels, shown, strict=False):
        finite = image[np.isfinite(image)]
        top = float(np.percentile(finite, 99)) if finite.size else 0.0
        axes.imshow(image, vmin=0, vmax=top or 1, cmap="inferno", interpolation="nearest")
        axes.set_title(f"{name}\n0–{top:.3g}", fontsize="small")
    for axes in panels:
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in panels[len(shown) :]:
        axes.set_axis_off()


def _intensities(
    axes: Axes, regions: Sequence[Mapping[str, Any]], sample: Mapping[str, str]
) -> None:
    if not regions:
        style.no_data(axes, "no image besides the total")
        return
    names = list(dict.fromkeys(_name(r["label"], r["mass_u"], r["number"]) for r in regions))
    colour = style.colours([sample])[sample["sample"]]
    for i, name in enumerate(names):
        values = [
            r["normalised_intensity"]
            for r in regions
            if _name(r["label"], r["mass_u"], r["number"]) == name
        ]
        spread = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else [0.0]
        axes.scatter([i + d for d in spread], values, s=4, color=colour, alpha=0.6, linewidths=0)
        axes.plot([i - 0.35, i + 0.35], [np.mean(values)] * 2, color=style.ACCENT, linewidth=1)
    if any(r["normalised_intensity"] > 0 for r in regions):
        axes.set_yscale("log", nonpositive="mask")
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.set_ylabel("fragment / total")


def draw_spectrum(
    axes: Axes, peaks: Sequence[Mapping[str, Any]], line: Arrays | None, small_pt: float
) -> None:
    """Draw a spectrum with logarithmic counts.

    Parameters
    ----------
    axes : Axes
    peaks : sequence of mapping
        mass_u, counts, name, kind; lower_u and upper_u of intervals.
    line : Arrays or None
        `counts` over `mass_u` of the events.
    small_pt : float
        Size of the names.
    """
    seen = [p for p in peaks if p["counts"] > 0]
    if not seen:
        style.no_data(axes, "no mass of any image is known")
        return
    if line is not None:
        counts = np.where(line["counts"] > 0, line["counts"], np.nan)
        axes.vlines(line["mass_u"], 0.5, counts, color=style.GREY, linewidth=0.3)
    least = 0.5 * min(p["counts"] for p in seen)
    for kind, colour in COLOURS.items():
        own = [p for p in seen if p["kind"] == kind]
        if not own:
            continue
        mass, height = [p["mass_u"] for p in own], [p["counts"] for p in own]
        axes.vlines(mass, least, height, color=colour, linewidth=1.1, label=WORDS[kind])
    for names, at, top, kind in _labels(seen):
        axes.annotate(
            names, (at, top), (0, 2), textcoords="offset points", rotation=90, ha="center", va="bottom",
            fontsize=small_pt, color=COLOURS[kind],
        )  # fmt: skip
    most = max(p["counts"] for p in seen)
    axes.set_yscale("log")
    axes.set_ylim(least, most * (most / least) ** 0.45)  # room for names
    axes.set_xlim(0, max(p["mass_u"] for p in seen) * 1.03)
    axes.set_xlabel("m/z (u), corrected for the common shift")
    axes.set_ylabel("counts")
    axes.legend(fontsize=small_pt, loc="upper right", frameon=False, ncols=3)


def _labels(seen: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float, str]]:
    """Return names, place, height and kind of the strongest peaks; those that would overlap have one label, strongest first."""
    shown = sorted(seen, key=lambda p: (-p["counts"], p["mass_u"]))[:NAMES]
    shown += [p for p in seen if p["kind"] == "unassigned" and p not in shown][:4]
    heaps: list[list[Mapping[str, Any]]] = []
    for p in sorted(shown, key=lambda p: p["mass_u"]):
        if heaps and p["mass_u"] - heaps[-1][-1]["mass_u"] < APART_U:
            heaps[-1].append(p)
        else:
            heaps.append([p])
    found = []
    for heap in heaps:
        first, *others = sorted(heap, key=lambda p: -p["counts"])
        names = ", ".join(p["name"] for p in (first, *others))
        found.append((names, first["mass_u"], first["counts"], first["kind"]))
    return found
