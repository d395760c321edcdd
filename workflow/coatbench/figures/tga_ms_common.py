"""Panels of a thermogram that the quick-look and figure S4 share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Arrays
from ..quality import DOUBTFUL, quality_of
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DTG_COLOUR = style.CATEGORIES[0]
DSC_COLOUR = style.CATEGORIES[1]
# What the gas is where the nominal mass leaves no doubt; for others the ratios table has the answer.
SPECIES = {
    18: "H$_2$O", 44: "CO$_2$", 48: "SO", 50: "$^{34}$SO*", 64: "SO$_2$", 66: "$^{34}$SO$_2$*",
}  # fmt: skip
LABEL_WIDTH = 0.075  # of the panel, for three digits
EVENT_COLOURS = {"gain": style.CATEGORIES[2], "loss": style.ACCENT, "evolution": style.GREY}


def mass_panel(axes: Axes, curve: Arrays, colour: Any) -> Axes:
    """Draw mass (left) and DTG (right axis) over temperature; return the right axis."""
    temperature = curve["temperature_degC"]
    axes.plot(temperature, curve["mass_smooth_percent"], color=colour)
    axes.set_ylabel("mass / %")
    right = axes.twinx()
    right.plot(temperature, curve["dtg_percent_min"], color=DTG_COLOUR, linewidth=0.6)
    right.set_ylabel("DTG / % min$^{-1}$", color=DTG_COLOUR)
    right.tick_params(axis="y", colors=DTG_COLOUR)
    axes.tick_params(right=False)
    axes.set_zorder(right.get_zorder() + 1)  # the mass is the subject
    axes.patch.set_visible(False)
    return right


def dsc_panel(axes: Axes, curve: Arrays) -> None:
    """Draw the DSC signal, with the direction of exothermic heat where the export says it."""
    axes.plot(curve["temperature_degC"], curve["dsc"], color=DSC_COLOUR)
    unit = str(curve.attrs_of("dsc").get("units", "")).replace("uV", "µV")
    axes.set_ylabel(f"DSC / {unit}" if "/" not in unit else f"DSC / ({unit})")
    exo = int(curve.attrs_of("dsc").get("exo", 0))
    if exo:
        # On the side where the curve leaves more room for the arrow.
        known = np.asarray(curve["dsc"])[np.isfinite(curve["dsc"])]
        ends = known[: known.size // 8], known[-known.size // 8 :]
        room = [(-exo * part).min() for part in ends if part.size]
        at = 0.945 if len(room) == 2 and room[1] > room[0] else 0.055
        axes.annotate(
            "exo",
            xy=(at, 0.93 if exo > 0 else 0.07),
            xytext=(at, 0.7 if exo > 0 else 0.3),
            xycoords="axes fraction",
            ha="center",
            va="center",
            fontsize="small",
            arrowprops={"arrowstyle": "->", "linewidth": 0.6},
        )


def ion_panel(axes: Axes, ions: Arrays, chosen: Sequence[int], *, narrow: bool = False) -> None:
    """Draw ion currents on a logarithmic axis, each labelled by its m/z, tersely in a narrow panel."""
    temperature = ions["temperature_degC"]
    channel = {int(mz): k for k, mz in enumerate(ions["mz"])}
    low, high = np.inf, 0.0
    for i, mz in enumerate(chosen):
        current = ions["ion_current_A"][channel[mz]]  # smoothing rings at steep flanks
        positive = current[current > 0]
        if positive.size == 0:
            continue
        low, high = min(low, float(np.quantile(positive, 0.02))), max(high, float(positive.max()))
        species = SPECIES.get(mz)
        axes.plot(
            temperature,
            np.where(current > 0, current, np.nan),
            color=style.CATEGORIES[i % len(style.CATEGORIES)],
            linestyle="-" if i < len(style.CATEGORIES) else "--",
            label=f"{mz} {species}" if species else f"{mz}",
        )
    axes.set_yscale("log")
    if high > 0:
        axes.set_ylim(low / 1.6, high * 2)
    axes.set_ylabel("ion current / A")
    # Above the panel: inside, it would hide lines of events or curves.
    axes.plot([], [], " ", label="m/z")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[-1:] + handles[:-1],
        labels[-1:] + labels[:-1],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.1 if narrow else 1.0),  # over the letter of a narrow panel
        ncols=2 if narrow else 5,
        handlelength=0.6 if narrow else 0.9,
        columnspacing=0.5,
        handletextpad=0.3,
        fontsize=5.2 if narrow else 6,
        borderaxespad=0.2,
        frameon=False,
    )


def mark_events(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Shade each event of the mass from first deviation to end, and mark the extrapolated points."""
    for row in rows:
        colour = EVENT_COLOURS.get(str(row["event"]).split()[0], style.GREY)
        onset, end = row["onset_first_deviation_degC"], row["end_degC"]
        # What is doubted stays open.
        filled = quality_of(row).level != DOUBTFUL
        if filled and onset is not None and end is not None and end > onset:
            axes.axvspan(onset, end, color=colour, alpha=0.12, linewidth=0)
        for value in (onset, end):
            if value is not None:
                axes.axvline(value, color=colour, linewidth=0.6)
        for value in (row["onset_extrapolated_degC"], row["end_extrapolated_degC"]):
            if value is not None:
                axes.axvline(value, color=colour, linewidth=0.6, linestyle=(0, (1, 1.5)))


def label_positions(
    axes: Axes, rows: Sequence[Mapping[str, Any]], width: float = LABEL_WIDTH
) -> None:
    """Write onset and end of each event of the mass above the panel, where they do not collide."""
    low, high = axes.get_xlim()
    labels = sorted(
        (
            ((row[position] - low) / (high - low), row[position], row)
            for row in rows
            for position in ("onset_first_deviation_degC", "end_degC")
            if row[position] is not None and low <= row[position] <= high
        ),
        key=lambda label: label[:2],
    )
    # Two levels: a label that would touch its neighbour stands above it.
    last = [-1.0, -1.0]
    for at, value, row in labels:
        level = next((k for k in (0, 1) if at - last[k] >= width), None)
        if level is None:
            continue
        last[level] = at
        axes.annotate(
            f"({value:.0f})" if quality_of(row).level == DOUBTFUL else f"{value:.0f}",
            (at, 1.0),
            xytext=(0, 2 + 6 * level),
            textcoords="offset points",
            xycoords="axes fraction",
            ha="center",
            va="bottom",
            fontsize=5.5,
            color=EVENT_COLOURS.get(str(row["event"]).split()[0], style.GREY),
        )
