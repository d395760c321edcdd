"""What figures 5 and 7 draw of made cells: nothing is hidden, no cell changes its symbol, no doubt is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import cycling_quicklook, fig5_dqdv, fig7, style
from coatbench.figures.drawing import Drawing
from coatbench.tables import write_table
from matplotlib.figure import Figure

from .conftest import ROOT

SAMPLES = [
    {"sample": "bare", "role": "uncoated", "label": "bare"},
    {"sample": "c400", "role": "coated", "label": "400 °C", "annealing_temperature_degC": "400"},
]


def peak(at_V: float, low_V: float, high_V: float) -> tuple[np.ndarray, np.ndarray]:
    potential = np.arange(low_V, high_V, 0.005)
    return potential, 5.0 + 300.0 * np.exp(-(((potential - at_V) / 0.05) ** 2))


@pytest.mark.parametrize(
    "features",
    [
        [("discharge", 1, 2.9, 40.0)],
        [("charge", 2, 3.1, 40.0)],
        [("discharge", 1, 2.6, 40.0), ("charge", 2, 3.1, 30.0)],
    ],
)
def test_named_features_stand_in_the_enlarged_part(features: list[tuple]) -> None:
    """On charge, too, and some tenths of a volt apart: of those not one was seen."""
    lines = {("c400", 1, "discharge"): peak(3.1, 2.5, 3.7), ("c400", 2, "charge"): peak(3.2, 2.5, 3.7)}  # fmt: skip
    rows = [
        {"sample": "c400", "cell": "A", "feature": "hindrance", "direction": d, "cycle": float(c),
         "potential_V": v, "height_mAh_g_V": h}
        for d, c, v, h in features
    ]  # fmt: skip
    figure = Figure()
    axes = figure.subplots()
    fig5_dqdv.draw_panel(figure, axes, lines, rows, SAMPLES, style.codings(SAMPLES), "E / V")
    (inset,) = axes.child_axes
    circles = [line for line in inset.lines if line.get_marker() == "o"]
    assert len(circles) == len(rows)
    for circle in circles:
        ((x, y),) = circle.get_xydata()
        (left, right), (low, high) = inset.get_xlim(), inset.get_ylim()
        assert left < x < right and low < y < high


@pytest.mark.parametrize(("at_V", "cut"), [(3.6, True), (2.2, False)])
def test_a_peak_at_low_potential_is_not_cut_off(at_V: float, cut: bool) -> None:
    """Of a window of two volts only the upper 1.15 V were drawn."""
    lines = {("c400", 1, "discharge"): peak(at_V, 2.0, 4.0)}
    figure = Figure()
    axes = figure.subplots()
    fig5_dqdv.draw_panel(figure, axes, lines, [], SAMPLES, style.codings(SAMPLES), "E / V")
    assert (axes.get_xlim()[0] > 2.5) == cut
    assert axes.get_xlim()[0] < at_V


@pytest.fixture
def long_study(tmp_path: Path, columns: dict) -> tuple[list[str], list[tuple], dict[str, str]]:
    """Two cells of a sample, the first of which has no usable first cycle; its efficiency is doubtful."""
    units = [("c400", "long", "A"), ("c400", "long", "B")]
    paths = []
    for _, _, cell in units:
        shape = ("half", "row")
        data = Arrays.of(
            {
                "cycle": (("half",), np.array([1])), "direction": (("half",), np.array(["charge"])),
                "capacity_mAh_g": (shape, np.array([[0.0, 100.0, 200.0]])),
                "voltage_V": (shape, np.array([[3.0, 3.2, 3.6]])),
            },
            {}, {},
        )  # fmt: skip
        paths.append(str(tmp_path / f"{cell}.nc"))
        save_curves({"profiles": data}, paths[-1])
    cells = [
        {"sample": "c400", "cell": cell, "protocol": "long", "cycle": float(cycle), "discharge_capacity_mAh_g": 180.0 - cycle - 9 * (cell == "B"),
         "c_rate": 0.5, "interrupted": False, "quality": "unusable" if (cell, cycle) == ("A", 1) else "ok"}
        for _, _, cell in units
        for cycle in (1, 2, 3)
    ]  # fmt: skip
    metrics = [
        {"sample": "c400", "protocol": "long", "metric": "initial_coulombic_efficiency_percent", "value": 91.2, "quality": "doubtful"},
        {"sample": "c400", "protocol": "long", "metric": "retention_percent", "value": 88.0, "quality": "ok"},
    ]  # fmt: skip
    tables = {"cells": ("cycling_cells", cells), "metrics": ("cycling_metrics", metrics)}
    for name, rows in tables.values():
        write_table(rows, list(columns[name]), tmp_path / f"{name}.csv")
    return paths, units, {k: str(tmp_path / f"{name}.csv") for k, (name, _) in tables.items()}


def test_a_cell_keeps_its_number_and_a_metric_its_doubt(
    long_study: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, units, tables = long_study
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
    kept: list[Figure] = []
    monkeypatch.setattr(fig7.style, "save", lambda figure, *_: kept.append(figure))
    fig7.draw(
        Drawing({}, SAMPLES, True, config), paths, units, **tables,
        protocols={"long": ["long"]}, potential_reference="In/InLi",
    )  # fmt: skip
    profiles, capacities = kept[0].axes
    (second,) = [line for line in profiles.lines if len(line.get_xdata()) == 3]
    assert second.get_linestyle() == "--"  # as the note says of the second cell, squares in (b)
    lowest = min(capacities.lines, key=lambda line: min(line.get_ydata()))
    assert lowest.get_marker() == "s"
    assert second.get_label() == "400 °C: (91.2 %)"
    assert any("in brackets: doubtful" in t.get_text() for t in kept[0].texts)


@pytest.mark.parametrize(("rest_h", "right_h"), [(1.0, 2.0), (5.0, 6.0), (1.5, 3.0)])
def test_the_time_of_a_long_rest_is_seen(rest_h: float, right_h: float) -> None:
    """Where potentials are taken after five hours, the line of that time lay outside of the panel."""
    time_s = np.linspace(0.0, 6 * 3600.0, 13)
    data = Arrays.of(
        {"voltage_V": (("half", "row"), np.full((1, 13), 3.6)), "time_s": (("half", "row"), time_s[None]),
         "cycle": ("half", np.array([1])), "direction": ("half", np.array(["charge"]))},
        {}, {"relaxation_time_s": 3600.0 * rest_h},
    )  # fmt: skip
    axes = Figure().subplots()
    cycling_quicklook._relaxation(axes, data, [], "", "E / V")
    assert axes.get_xlim() == (0.0, right_h)
