"""Quick-look and figure S4: drawn from files on disk, for complete, partial and failed runs; equal bytes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis, save_rows
from coatbench.curves import save_curves
from coatbench.figures import figS4, tga_ms_quicklook
from coatbench.figures.drawing import Drawing
from coatbench.figures.style import new_figure, panel_letter
from coatbench.figures.tga_ms_common import ion_panel
from coatbench.tables import write_table

from .conftest import ROOT

SAMPLES = [
    {"sample": "lps", "role": "precursor", "label": "Li3PS4"},
    {"sample": "other", "role": "coated", "label": "", "annealing_temperature_degC": "300"},
]


@pytest.fixture(scope="module")
def style():
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]


@pytest.fixture(scope="module")
def results(tmp_path_factory, demo, analysed, truth, index_row):
    """Results on disk: the demo run, one without ion currents, and one that could not be read."""
    folder = tmp_path_factory.mktemp("results")
    plain, _ = analysed(truth, index_row | {"run": "plain", "ms_file": "", "blank_file": ""})
    for name, analysis in {
        "lps_air": demo[0],
        "plain": plain,
        "failed": Analysis(problem="cut"),
    }.items():
        save_rows(analysis, folder / f"{name}.json")
        save_curves(analysis.curves, folder / f"{name}.nc")
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/tga_ms.yaml").read_text(encoding="utf-8")
    )
    for table in ("tga_ms_events", "tga_ms_window"):
        rows = [r for a in (demo[0], plain) for r in a.tables[table]]
        write_table(rows, list(schema[table]), folder / f"{table}.csv")
    return folder


def draw(results, style, runs, stem):
    output = {kind: str(results / f"{stem}.{kind}") for kind in ("pdf", "svg", "png", "csv")}
    figS4.draw(
        Drawing(output, SAMPLES, True, style),
        [str(results / f"{run}.nc") for run, _ in runs],
        runs,
        str(results / "tga_ms_events.csv"),
        str(results / "tga_ms_window.csv"),
    )
    return output


@pytest.mark.parametrize(
    "runs",
    [
        [("lps_air", "lps")],
        [("lps_air", "lps"), ("plain", "lps")],
        [("plain", "other"), ("failed", "lps"), ("lps_air", "lps")],
        [("failed", "lps")],
        [("lps_air", "lps"), *[("plain", "lps")] * 5],
    ],
)
def test_figS4(results, style, runs, caplog):
    output = draw(results, style, runs, "figS4")
    assert "hard to read" not in caplog.text
    for kind in ("pdf", "png"):
        assert (results / f"figS4.{kind}").stat().st_size > 3000
    with Path(output["csv"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    drawn = {run for run, _ in runs if run != "failed"}
    assert {r["run"] for r in rows} == drawn
    # No mark without an explanation on the face; text of an SVG stays text.
    assert (figS4.EXPLAINED in Path(output["svg"]).read_text(encoding="utf-8")) == bool(drawn)
    if "lps_air" in drawn:
        signals = {r["signal"] for r in rows if r["run"] == "lps_air"}
        assert {"mass_percent", "dtg_percent_min", "dsc", "mz64_A", "mz66_A"} <= signals
        mass = [
            float(r["value"])
            for r in rows
            if r["signal"] == "mass_percent" and r["run"] == "lps_air"
        ]
        assert 108 < max(mass) < 110


@pytest.mark.parametrize("columns", [1, 4])
def test_names_of_channels_hide_no_line_and_no_curve(demo, style, columns):
    figure = new_figure(style, "single" if columns == 1 else "double", 2.3)
    for panel in np.atleast_1d(figure.subplots(1, columns)):
        panel_letter(panel, "c")
        ion_panel(panel, demo[0].curves["ions"], [64, 48, 66, 50], narrow=columns > 2)
    figure.canvas.draw()
    for panel in figure.axes:
        legend = panel.get_legend().get_window_extent()
        assert not legend.overlaps(panel.get_window_extent())
        assert not legend.overlaps(panel._left_title.get_window_extent())
        assert figure.bbox.x0 <= legend.x0 and legend.x1 <= figure.bbox.x1
        assert legend.y1 <= figure.bbox.y1


def test_equal_results_give_equal_figures(results, style):
    raw = []
    for stem in ("a", "b"):
        output = draw(results, style, [("lps_air", "lps")], stem)
        raw.append([(results / f"{stem}.{kind}").read_bytes() for kind in output])
    assert raw[0] == raw[1]


@pytest.mark.parametrize("run", ["lps_air", "plain", "failed"])
def test_quicklook(results, style, run):
    png = results / f"{run}.png"
    drawing = Drawing({"png": str(png)}, SAMPLES[:1], True, style)
    tga_ms_quicklook.draw(drawing, str(results / f"{run}.nc"), str(results / f"{run}.json"))
    assert png.stat().st_size > 2000
