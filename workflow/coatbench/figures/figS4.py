"""Figure S4: thermogravimetry of the precursor with evolved gases; one column per run, events marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..curves import load_curves
from ..order import ordered
from ..quality import quality_of
from ..tables import read_table
from . import style
from . import tga_ms_common as common
from .drawing import Drawing

PREFERRED_MZ = (64, 48, 66, 50)  # the paper's channels; other runs show what they have
MAX_COLUMNS = 4
EXPLAINED = "lines: deviation, end; dotted: extrapolated; hatched: window"
TITLE_PAD = 16  # points; two lines of temperatures stand between title and panel


def draw(
    drawing: Drawing,
    curves: Sequence[str],
    runs: Sequence[tuple[str, str]],
    events: str,
    window: str,
) -> None:
    """Draw mass and DTG, DSC, and ion currents over temperature.

    Parameters
    ----------
    runs : sequence of (run, sample)
        Whose the curves are, in the same order.
    """
    order = {s["sample"]: i for i, s in enumerate(ordered(drawing.samples))}
    loaded = [
        (run, sample, sets)
        for (run, sample), path in zip(runs, curves, strict=True)
        if "mass" in (sets := load_curves(path))
    ]
    loaded.sort(key=lambda item: order[item[1]])
    if not loaded:
        figure = style.new_figure(drawing.config, "single", 2.3)
        style.no_data(figure.subplots(), "no thermogram could be analysed")
        style.save(figure, drawing, [])
        return
    shown = loaded[:MAX_COLUMNS]
    event_rows, window_rows = read_table(events), read_table(window)
    has_dsc = any("dsc" in sets["mass"] for _, _, sets in shown)
    has_ions = any("ions" in sets for _, _, sets in shown)
    n_rows = 1 + has_dsc + has_ions
    heights = [1.5, *([0.9] if has_dsc else []), *([1.3] if has_ions else [])]
    width = "single" if len(shown) == 1 else "double"
    figure = style.new_figure(drawing.config, width, 0.5 + 1.35 * sum(heights))
    axes = figure.subplots(
        n_rows, len(shown), sharex="col", squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    by_name = {s["sample"]: s for s in drawing.samples}
    colours = style.colours(drawing.samples)
    numbers: list[dict[str, Any]] = []
    for letter, panel in zip("abc", axes[:, 0], strict=False):
        style.panel_letter(panel, letter)
    for column, (run, sample, sets) in enumerate(shown):
        own = [r for r in event_rows if r["run"] == run and r["signal"] == "mass"]
        suggested = next((r for r in window_rows if r["run"] == run), None)
        _column(
            list(axes[:, column]),
            sets,
            own,
            suggested,
            colours[sample],
            has_dsc,
            has_ions,
            len(shown),
        )
        title = style.label(by_name[sample])
        if len([s for _, s, _ in loaded if s == sample]) > 1:
            title += f", {run}"
        axes[0, column].set_title(title, loc="right", pad=TITLE_PAD)
        numbers += _numbers(run, sample, sets)
    if len(loaded) > len(shown):
        figure.supxlabel(f"{len(loaded) - len(shown)} more runs: see the quick-looks", fontsize=5.5)
    # On the face, since the caption does not go where the figure goes.
    style.explain(figure, EXPLAINED)
    style.save(figure, drawing, numbers)


def _column(
    panels: Sequence[Any],
    sets: Mapping[str, Any],
    own: Sequence[Mapping[str, Any]],
    suggested: Mapping[str, Any] | None,
    colour: Any,
    has_dsc: bool,
    has_ions: bool,
    columns: int,
) -> None:
    mass = sets["mass"]
    rest = list(panels)
    top = rest.pop(0)
    common.mass_panel(top, mass, colour)
    if has_dsc:
        panel = rest.pop(0)
        if "dsc" in mass:
            common.dsc_panel(panel, mass)
        else:
            _without(panel, "no DSC")
    if has_ions:
        panel = rest.pop(0)
        if "ions" in sets:
            common.ion_panel(panel, sets["ions"], _channels(sets["ions"]), narrow=columns > 2)
        else:
            _without(panel, "no ion currents")
    temperature = mass["temperature_degC"]
    top.set_xlim(float(np.nanmin(temperature)), float(np.nanmax(temperature)))
    own = [row for row in own if quality_of(row).usable]
    for panel in panels:
        common.mark_events(panel, own)
    if suggested is not None and suggested["width_K"] is not None and suggested["width_K"] > 0:
        top.axvspan(
            suggested["window_start_degC"],
            suggested["window_end_degC"],
            facecolor="none",
            edgecolor=style.GREY,
            hatch="////",
            linewidth=0,
            alpha=0.5,
        )
    common.label_positions(top, own, common.LABEL_WIDTH * max(1.0, 0.6 * columns))
    panels[-1].set_xlabel("temperature / °C")


def _channels(ions: Any) -> list[int]:
    """Return which channels are drawn."""
    have = [int(m) for m in ions["mz"]]
    return [m for m in PREFERRED_MZ if m in have] or have[: len(style.CATEGORIES)]


def _without(panel: Any, what: str) -> None:
    panel.text(
        0.5, 0.5, what, ha="center", va="center", color=style.GREY, transform=panel.transAxes
    )


def _numbers(run: str, sample: str, sets: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the plotted curves, tidy."""
    signals = [
        (name, sets["mass"]["temperature_degC"], sets["mass"][variable])
        for name, variable in (
            ("mass_percent", "mass_smooth_percent"),
            ("dtg_percent_min", "dtg_percent_min"),
            ("dsc", "dsc"),
        )
        if variable in sets["mass"]
    ]
    if "ions" in sets:
        ions = sets["ions"]
        at = {int(mz): i for i, mz in enumerate(ions["mz"])}
        signals += [
            (f"mz{mz}_A", ions["temperature_degC"], ions["ion_current_A"][at[mz]])
            for mz in _channels(ions)
        ]
    return [
        {"run": run, "sample": sample, "signal": name, "temperature_degC": t, "value": v}
        for name, temperature, values in signals
        for t, v in zip(temperature, values, strict=True)
    ]
