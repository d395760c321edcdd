"""Figures 2 and S3: a coverage measure over annealing temperature, with its dependence on the choices made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from ..order import AXIS, FACTOR, LABEL, SCALE, SERIES, TEMPERATURE, TICK, ordered, place_on_axis
from ..quality import COLUMNS as QUALITY_COLUMNS
from ..quality import DOUBTFUL as DOUBTED
from ..quality import quality_of
from ..tables import read_table
from . import style
from .drawing import Drawing

if TYPE_CHECKING:
    from ..config_types import XpsCoverage

Row = dict[str, Any]
MARKERS = "os^Dvp"
MOST_SERIES = 6  # of a design over many factors hardly two samples make a line
PANEL_INCH = 2.6  # width of the panel
SCATTERED = "no two differ in one factor alone"
DOUBTFUL = "open: doubtful"


def axis_label(definition: str, coating: Sequence[str], substrate: str, lattice: str) -> str:
    r"""Return the label of a definition's axis in the study's own elements.

    Examples
    --------
    >>> axis_label("eq1", ["Nb 3d"], "Ni 2p", "O 1s")
    'coverage $\\\\gamma$ = Nb / (Nb + Ni)'
    """
    own = list(dict.fromkeys(region.split()[0] for region in coating))
    metal = substrate.split()[0]
    if definition == "eq1":
        top = " + ".join(own)
        return rf"coverage $\gamma$ = {f'({top})' if len(own) > 1 else top} / ({top} + {metal})"
    if definition == "nickel_fraction":
        return f"{metal} fraction relative to reference"
    return f"lattice {lattice.split()[0]} fraction relative to reference"


def draw(
    drawing: Drawing,
    coverage: str,
    sensitivity: str,
    *,
    definition: str,
    column: str,
    library: str,
    setting: XpsCoverage,
) -> None:
    """Draw one definition over temperature.

    Parameters
    ----------
    definition : str
        Of xps_coverage.
    column : str
        ``coverage`` or ``relative_signal``.
    library : str
        Sensitivity factors of the points; all others are drawn as thin lines.
    setting : mapping
        `coating`, `substrate` and `lattice_region` of the section `xps.coverage`.
    """
    rows = [r for r in read_table(coverage) if r["definition"] == definition]
    others = [r for r in read_table(sensitivity) if r["definition"] == definition]
    figure = style.new_figure(drawing.config, "single", 2.7)
    axes = figure.subplots()
    every = [s for s in ordered(drawing.samples) if s["role"] == "coated"]
    coated = [s for s in every if s.get(AXIS) != ""]  # of a factor that they have no setting of
    named = {r["sample"]: r for r in rows if r["rsf_library"] == library}
    by_sample = {name: r for name, r in named.items() if quality_of(r).usable}
    unplaced = [s for s in every if s not in coated and s["sample"] in by_sample]
    for s in unplaced:
        del by_sample[s["sample"]]
    if not by_sample:
        style.no_data(axes, "no sample has all the regions that this needs")
        style.save(figure, drawing, [])
        return
    series = _series(coated, by_sample)
    at = {s["sample"]: s.get(TICK) or _x(s) for s in coated}
    if list(series) == [SCATTERED]:  # at one setting of the axis many differ in other factors
        coated = [{**s, AXIS: f"{i}", SERIES: SCATTERED} for i, s in enumerate(series[SCATTERED])]
        series = _series(coated, by_sample)
        style.sample_axis(axes, coated, PANEL_INCH)
    else:
        _axis(axes, coated)
    _choices(axes, coated, others, column)
    joined = "-" if _joined(list(series), coated) else ""
    for i, (name, members) in enumerate(series.items()):
        axes.errorbar(
            [_x(s) for s in members],
            [by_sample[s["sample"]][column] for s in members],
            [by_sample[s["sample"]][f"{column}_sd"] for s in members],
            fmt=f"{MARKERS[i % len(MARKERS)]}{joined}",
            color=style.CATEGORIES[i % len(style.CATEGORIES)],
            capsize=2,
            label=name if len(series) > 1 else f"{_worded(library)}, {_spots(by_sample)}",
            zorder=3,
        )
        doubtful = [s for s in members if quality_of(by_sample[s["sample"]]).level == DOUBTED]
        axes.plot(
            [_x(s) for s in doubtful],
            [by_sample[s["sample"]][column] for s in doubtful],
            MARKERS[i % len(MARKERS)],
            color=style.CATEGORIES[i % len(style.CATEGORIES)],
            markerfacecolor="white",
            label=DOUBTFUL if doubtful else None,
            zorder=4,
        )
    _limits(axes, [r for r in [*rows, *others] if quality_of(r).usable], column, coated)
    low, high = axes.get_ylim()
    bare = by_sample.get(drawing.reference or "")
    if bare is not None and low <= bare[column] <= high:
        name = next(style.label(s) for s in drawing.samples if s["sample"] == drawing.reference)
        axes.axhline(
            bare[column], color=style.REFERENCE_COLOUR, linewidth=0.6, linestyle=":", label=name
        )
    axes.set_ylabel(
        axis_label(definition, setting["coating"], setting["substrate"], setting["lattice_region"])
    )
    handles, names = axes.get_legend_handles_labels()
    style.legend_below(
        figure, dict(zip(names, handles, strict=True))
    )  # no corner of it is free in every study
    if unplaced:
        style.explain(figure, f"without a setting: {', '.join(map(style.label, unplaced))}")
    factor = next((s[FACTOR] for s in coated if s.get(FACTOR)), TEMPERATURE.name)
    numbers = [
        {
            "choice": "points", "sample": r["sample"], factor: at.get(r["sample"]),
            "rsf_library": r["rsf_library"], column: r[column], f"{column}_sd": r[f"{column}_sd"],
            **quality_of(r).columns(),
        }
        for r in by_sample.values()
    ] + [
        {
            "choice": f"line, {r['background']} background", "sample": r["sample"],
            factor: at[r["sample"]], "rsf_library": r["rsf_library"],
            column: _height(r, column), f"{column}_sd": None, **dict.fromkeys(QUALITY_COLUMNS),
        }
        for r in others
        if r["sample"] in at
    ]  # fmt: skip
    style.save(figure, drawing, numbers)


def _height(row: Row, column: str) -> float:
    """Return where a thin line stands: of a sensitivity row, which holds the coverage alone."""
    return row["coverage"] if column == "coverage" else 1 - row["coverage"]


def _limits(
    axes: Axes, rows: Sequence[Row], column: str, coated: Sequence[Mapping[str, str]]
) -> None:
    """Show the whole scale from 0, unless all coated samples lie so high that their differences vanish."""
    names = {s["sample"] for s in coated}
    values = [r["coverage"] for r in rows if r["sample"] in names]
    if column == "coverage" and min(values) > 0.6:
        span = max(max(values) - min(values), 0.02)
        axes.set_ylim(min(values) - 0.6 * span, max(values) + 0.15 * span)
        return
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), max(high, 1.08))


def _x(sample: Mapping[str, str]) -> float:
    """Return where a sample stands on the axis; one without a place stands at 0."""
    known = place_on_axis(sample)
    return 0.0 if known is None else known


def _axis(axes: Axes, coated: Sequence[Mapping[str, str]]) -> None:
    """Set up the axis of the factor that was varied most."""
    first = next((s for s in coated if s.get(LABEL)), {})
    axes.set_xlabel(first.get(LABEL, "annealing temperature / °C"))
    if first.get(SCALE) == "linear" or not first:
        return
    ticks = {_x(s): s[TICK] for s in coated if s.get(TICK)}
    if first[SCALE] == "log":
        axes.set_xscale("log")
    axes.set_xticks(list(ticks), [t.replace("$", r"\$") for t in ticks.values()])
    axes.set_xticks([], minor=True)


def _worded(library: str) -> str:
    return library[:1].upper() + library[1:].replace("_", " ")


def _spots(by_sample: Mapping[str, Row]) -> str:
    counts = {int(r["n_spots"]) for r in by_sample.values()}
    if counts == {1}:
        return "one spot"
    return f"mean of {counts.pop()} spots" if len(counts) == 1 else "means of spots"


def _series(
    coated: Sequence[Mapping[str, str]], rows: Mapping[str, Row]
) -> dict[str, list[Mapping[str, str]]]:
    """Group samples that differ in the factor of the axis alone; a study of other factors gives several lines."""
    series: dict[str, list[Mapping[str, str]]] = {}
    for s in coated:
        if s["sample"] in rows:
            series.setdefault(s.get(SERIES) or "coated", []).append(s)
    if len(series) <= MOST_SERIES:
        return series
    return {SCATTERED: [s for members in series.values() for s in members]}


def _joined(series: Sequence[str], coated: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether a line between neighbours means something: not where several factors differ, or between categories."""
    return list(series) != [SCATTERED] and all(s.get(SCALE) != "categorical" for s in coated)


def _choices(
    axes: Axes, coated: Sequence[Mapping[str, str]], rows: Sequence[Row], column: str
) -> None:
    """Thin lines: the same under every other library and background."""
    choices = dict.fromkeys((r["rsf_library"], r["background"]) for r in rows)
    names = {s["sample"]: s for s in coated}
    first = True
    for library, background in choices:
        own = [
            r
            for r in rows
            if (r["rsf_library"], r["background"]) == (library, background) and r["sample"] in names
        ]
        groups = _series([names[r["sample"]] for r in own], {r["sample"]: r for r in own})
        values = {r["sample"]: r for r in own}
        for name, members in groups.items():
            ordered = sorted(members, key=_x)
            axes.plot(
                [_x(s) for s in ordered],
                [_height(values[s["sample"]], column) for s in ordered],
                "-" if _joined([name], coated) else "_",
                color="#c9c9c9",
                linewidth=0.5,
                zorder=1,
                label="other sensitivity factors, backgrounds" if first else None,
            )
            first = False
