"""Panels of a thermogram that the quick-look and figure S4 share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

DTG_COLOUR = style.CATEGORIES[0]
DSC_COLOUR = style.CATEGORIES[1]
SPECIES = {  # what a nominal mass may be; the ratios table tells whether it must be
    18: "H$_2$O", 28: "N$_2$, CO", 32: "O$_2$, S", 34: "H$_2$S", 44: "CO$_2$", 48: "SO", 50: "SO isotopologues",
    64: "SO$_2$", 66: "SO$_2$ isotopologues",
}  # fmt: skip
EVENT_COLOURS = {"gain": style.CATEGORIES[2], "loss": style.ACCENT, "evolution": style.GREY}


def mass_panel(axes: Axes, curve: xr.Dataset, colour: Any) -> Axes:
    """Draw mass (left) and DTG (right axis) over temperature; return the right axis."""
    temperature = curve["temperature_degC"].values
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


def dsc_panel(axes: Axes, curve: xr.Dataset) -> None:
    """Draw the DSC signal, with the direction of exothermic heat where the export says it."""
    axes.plot(curve["temperature_degC"], curve["dsc"], color=DSC_COLOUR)
    unit = str(curve["dsc"].attrs.get("units", "")).replace("uV", "µV")
    axes.set_ylabel(f"DSC / {unit}" if "/" not in unit else f"DSC / ({unit})")
    exo = int(curve["dsc"].attrs.get("exo", 0))
    if exo:
        axes.annotate(
            "exo",
            xy=(0.03, 0.93 if exo > 0 else 0.07),
            xytext=(0.03, 0.7 if exo > 0 else 0.3),
            xycoords="axes fraction",
            ha="center",
            va="center",
            fontsize="small",
            arrowprops={"arrowstyle": "->", "linewidth": 0.6},
        )


def ion_panel(axes: Axes, ions: xr.Dataset, chosen: Sequence[int]) -> None:
    """Draw ion currents on a logarithmic axis, each labelled by its m/z."""
    import numpy as np

    temperature = ions["temperature_degC"].values
    low, high = np.inf, 0.0
    for i, mz in enumerate(chosen):
        current = ions["ion_current_smooth_A"].sel(mz=mz).values
        positive = current[current > 0]
        if positive.size == 0:
            continue
        low, high = min(low, float(np.quantile(positive, 0.02))), max(high, float(positive.max()))
        species = SPECIES.get(mz)
        axes.plot(
            temperature,
            np.where(current > 0, current, np.nan),
            color=style.CATEGORIES[i % len(style.CATEGORIES)],
            label=f"m/z {mz}" + (f" ({species})" if species else ""),
        )
    axes.set_yscale("log")
    if high > 0:
        axes.set_ylim(low / 1.6, high * 2.5)
    axes.set_ylabel("ion current / A")
    axes.legend(loc="upper left", ncols=2, handlelength=1.2, columnspacing=1.0, borderaxespad=0.3)


def mark_events(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Shade each event of the mass from first deviation to end, and mark the extrapolated points."""
    for row in rows:
        colour = EVENT_COLOURS.get(str(row["event"]).split()[0], style.GREY)
        onset, end = row["onset_first_deviation_degC"], row["end_degC"]
        if onset is not None and end is not None and end > onset:
            axes.axvspan(onset, end, color=colour, alpha=0.12, linewidth=0)
        for value in (onset, end):
            if value is not None:
                axes.axvline(value, color=colour, linewidth=0.6)
        for value in (row["onset_extrapolated_degC"], row["end_extrapolated_degC"]):
            if value is not None:
                axes.axvline(value, color=colour, linewidth=0.6, linestyle=(0, (1, 1.5)))


def label_positions(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write onset and end of each event of the mass above the panel, where they do not collide."""
    low, high = axes.get_xlim()
    taken: list[float] = []
    for row in rows:
        for position in ("onset_first_deviation_degC", "end_degC"):
            value = row[position]
            if value is None:
                continue
            at = (value - low) / (high - low)
            if any(abs(at - t) < 0.035 for t in taken) or not 0 <= at <= 1:
                continue
            taken.append(at)
            axes.annotate(
                f"{value:.0f}",
                (at, 1.0),
                xytext=(0, 2),
                textcoords="offset points",
                xycoords="axes fraction",
                ha="center",
                va="bottom",
                fontsize="x-small",
                color=EVENT_COLOURS.get(str(row["event"]).split()[0], style.GREY),
                rotation=90 if len(rows) > 3 else 0,
            )
