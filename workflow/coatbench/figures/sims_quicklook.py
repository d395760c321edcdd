"""Quick-look of one ToF-SIMS sample: total and strongest images of its first region, its spectrum, all regions of its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..analysis import load_rows
from ..arrays import Arrays
from ..curves import load_set
from . import sims_spectrum, style
from .drawing import Drawing

N_IMAGES = 5


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
    curves, rows : sequence of str
        netCDF and JSON files of the sample's jobs.
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
    sims_spectrum.draw_spectrum(
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
