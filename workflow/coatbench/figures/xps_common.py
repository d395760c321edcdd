"""What the XPS figures share: spectra from disk, colours of components, one fitted spectrum in a panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..arrays import Arrays
from ..curves import load_set
from ..order import ordered
from ..quality import DOUBTFUL, UNUSABLE
from . import lettering, style

# Starting material cold, products warm; the substrate grey. Other names take the next category colour.
COLOURS = {
    "lattice": "#8c8c8c",
    "surface": "#e3b505",
    "sulfide": "#3b75af",
    "polysulfide": "#8fb8de",
    "sulfite": "#f2a65a",
    "sulfate": "#c8553d",
    "thiophosphate": "#3b75af",
    "phosphate": "#c8553d",
    "adventitious": "#8c8c8c",
    "C-O": "#bdbdbd",
    "carbonate": "#e3b505",
    "nickel": "#5b8e7d",
    "satellite": "#a9c9bd",
}

ROOM = 1.25  # of a spectrum in a stack, in units of its maximum
SHARE_OF_A_NUMBER = 0.17  # of a panel, that the text of a binding energy takes at most


def colour(name: str, index: int) -> str:
    """Return the colour of a component."""
    return COLOURS.get(name, style.CATEGORIES[index % len(style.CATEGORIES)])


def component_names(spectra: Iterable[Arrays]) -> list[str]:
    """Return the components of all spectra, each once."""
    return list(dict.fromkeys(str(n) for d in spectra for n in d["component"]))


def load_first_spots(paths: Sequence[str], base: str) -> dict[str, Arrays]:
    """Return sample -> the fitted region `base` of its first spot that has a usable one."""
    found: dict[str, Arrays] = {}
    for path in paths:
        data = load_set(path, lambda attrs: _shown(attrs, base))
        if data is not None:
            found[Path(path).stem] = data
    return found


def _shown(attrs: Mapping[str, Any], base: str) -> bool:
    return bool(attrs["region"] == base and attrs["fitted"] and attrs["quality"] != UNUSABLE)


def in_window(data: Arrays) -> Arrays:
    """Return the part of a region that was fitted."""
    return data.isel("energy", np.flatnonzero(np.isfinite(data["envelope_cps"])))


def draw_fit(
    axes: Axes,
    data: Arrays,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    subtract: bool = False,
    names: Sequence[str] | None = None,
) -> None:
    """Draw data, background, components and envelope of one region.

    Parameters
    ----------
    axes : Axes
    data : xarray.Dataset
        One curve group.
    scale, offset : float
        Intensities are divided by `scale` and raised by `offset`.
    subtract : bool
        Draw everything above the background.
    names : sequence of str or None
        Components of all spectra that share a legend: their places give the colours.
    """
    order = component_names([data]) if names is None else list(names)
    window = in_window(data)
    x = window["binding_energy_eV"]
    base = window["background_cps"]
    zero = base if subtract else 0.0
    floor = (base - zero) / scale + offset
    for i, name in enumerate(window["component"]):
        part = window["component_cps"][i] / scale
        axes.fill_between(
            x, floor, floor + part, color=colour(str(name), order.index(str(name))), alpha=0.75, linewidth=0,
        )  # fmt: skip
    axes.plot(
        x,
        (window["intensity_cps"] - zero) / scale + offset,
        ".",
        color="#404040",
        markersize=1.1,
        rasterized=False,
    )
    axes.plot(x, floor, color=style.GREY, linewidth=0.5)
    axes.plot(x, (window["envelope_cps"] - zero) / scale + offset, color="black", linewidth=0.7)


def descending(axes: Axes, data: Sequence[Arrays]) -> None:
    """Let binding energies fall from left to right, as the field draws them."""
    low = min(float(in_window(d)["binding_energy_eV"].min()) for d in data)
    high = max(float(in_window(d)["binding_energy_eV"].max()) for d in data)
    axes.set_xlim(high, low)
    axes.set_xlabel("binding energy / eV")


def height(data: Arrays) -> float:
    """Return the largest fitted signal above the background in counts/s."""
    window = in_window(data)
    return float((window["envelope_cps"] - window["background_cps"]).max())


def stack(
    axes: Axes, spectra: Mapping[str, Arrays], samples: Sequence[Mapping[str, str]], region: str
) -> list[dict[str, Any]]:
    """Stack the normalised spectra of a region, the first sample at the bottom; return the plotted numbers.

    Each spectrum is divided by its own maximum above the background. One that holds less than a tenth of the
    series' largest signal is divided by that tenth, so that the absence of a signal looks like it; one whose noise would
    leave its room by so much that it does not.
    """
    shown = [s for s in ordered(samples) if s["sample"] in spectra]
    if not shown:
        style.no_data(axes, f"no {region} spectrum was fitted")
        return []
    least = 0.1 * max(height(spectra[s["sample"]]) for s in shown)
    names = component_names(spectra.values())
    lowest = 0.0
    numbers: list[dict[str, Any]] = []
    for i, sample in enumerate(shown):
        data = spectra[sample["sample"]]
        window, offset = in_window(data), ROOM * i
        above = window["intensity_cps"] - window["background_cps"]
        scale = max(height(data), least, float(above.max()) / ROOM)
        draw_fit(axes, data, scale=scale, offset=offset, subtract=True, names=names)
        lowest = min(lowest, offset + float(above.min()) / scale)
        if data.attrs["quality"] == DOUBTFUL:
            axes.text(
                0.985, offset + 0.22, "doubtful", color=style.ACCENT, fontsize=5.5, ha="right",
                va="bottom", transform=axes.get_yaxis_transform(),
            )  # fmt: skip
        numbers += _numbers(sample["sample"], region, data, scale, offset)
    own = [spectra[s["sample"]] for s in shown]
    descending(axes, own)
    _guides(axes, own)
    axes.set_ylim(min(-0.12, lowest - 0.05), ROOM * len(shown) + 0.25)
    places = [ROOM * i + 0.3 for i in range(len(shown))]
    labels = [style.full_label(s) for s in shown]
    long = any(lettering.letters(n) > style.LONG_LABEL for n in labels)
    axes.set_yticks(places, labels, fontsize=5.3 if long else None)
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel("normalised intensity")
    return numbers


def _guides(axes: Axes, spectra: Sequence[Arrays]) -> None:
    """Mark the two components that are strongest in the series at their median position."""
    largest = max(max(float(np.nansum(d["area_cps_eV"])) for d in spectra), 1e-300)
    weight: dict[str, float] = {}
    position: dict[str, list[float]] = {}
    for data in spectra:
        wholes = data["component"] == data["part_of"]
        for name, area, at in zip(
            data["component"][wholes],
            data["area_cps_eV"][wholes] / largest,
            data["position_eV"][wholes],
            strict=True,
        ):
            weight[str(name)] = weight.get(str(name), 0.0) + float(area)
            if area > 0.05:
                position.setdefault(str(name), []).append(float(at))
    strongest = [n for n in sorted(weight, key=lambda n: -weight[n])[:2] if n in position]
    marked = sorted((float(np.median(position[n])) for n in strongest), reverse=True)
    left, right = axes.get_xlim()
    # Where both would touch, each is written on its own side.
    close = len(marked) == 2 and marked[0] - marked[1] < SHARE_OF_A_NUMBER * (left - right)
    sides = ("right", "left") if close else ("center", "center")
    for at, side in zip(marked, sides, strict=False):
        axes.axvline(at, color=style.GREY, linewidth=0.5, linestyle=(0, (3, 2)), zorder=0)
        axes.text(
            at, 1.0, f"{at:.1f}", transform=axes.get_xaxis_transform(), ha=side, va="bottom",
            color=style.GREY, fontsize=6,
        )  # fmt: skip


def legend(axes: Axes, spectra: Mapping[str, Arrays], height_inch: float) -> None:
    """Name the components by colour, a line below the axis of a panel that is about this high."""
    from matplotlib.patches import Patch

    if names := component_names(spectra.values()):
        handles = [
            Patch(color=colour(n, i), alpha=0.75, label=n, linewidth=0) for i, n in enumerate(names)
        ]
        axes.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.36 / height_inch), ncols=min(len(names), 4),
            handlelength=1.0, columnspacing=1.0,
        )  # fmt: skip


def _numbers(
    sample: str, region: str, data: Arrays, scale: float, offset: float
) -> list[dict[str, Any]]:
    window = in_window(data)
    names = [str(n) for n in window["component"]]
    rows = []
    for k in range(window.sizes["energy"]):
        row: dict[str, Any] = {
            "sample": sample,
            "region": region,
            "binding_energy_eV": float(window["binding_energy_eV"][k]),
        }
        for column in ("intensity_cps", "background_cps", "envelope_cps"):
            row[column] = float(window[column][k])
        row["divided_by_cps"], row["offset"] = scale, offset
        row["components_cps"] = "; ".join(
            f"{n} {v:.6g}" for n, v in zip(names, window["component_cps"][:, k], strict=True)
        )
        rows.append(row)
    return rows
