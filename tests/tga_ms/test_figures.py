"""Quick-look and figure S4: drawn from files on disk, for complete, partial and failed runs; equal bytes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis, save_rows
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import figS4, tga_ms_quicklook
from coatbench.figures.drawing import Drawing
from coatbench.figures.style import new_figure, panel_letter
from coatbench.figures.tga_ms_common import ion_panel
from coatbench.tables import read_table, write_table
from matplotlib.figure import Figure

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


@pytest.fixture
def made_curves(tmp_path: Path) -> Path:
    """A thermogram with five channels, whose smoothed currents are not the measured ones."""
    temperature, mz = np.linspace(30.0, 500.0, 48), np.array([18, 28, 44, 48, 64])
    current = 1e-12 * (1 + np.arange(mz.size))[:, None] * np.linspace(1.0, 2.0, temperature.size)
    mass = 100 - 0.01 * temperature
    sets = {
        "mass": Arrays.of(
            {"mass_smooth_percent": ("time", mass), "dtg_percent_min": ("time", 0 * mass)},
            {"temperature_degC": ("time", temperature)},
        ),
        "ions": Arrays.of(
            {"ion_current_A": (("mz", "time"), current), "ion_current_smooth_A": (("mz", "time"), 0.5 * current)},
            {"temperature_degC": ("time", temperature), "mz": ("mz", mz)},
        ),
    }  # fmt: skip
    save_curves(sets, tmp_path / "made.nc")
    return tmp_path


def test_the_plotted_numbers_are_the_currents_that_are_drawn(
    made_curves: Path, style: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were smoothed, and those of all channels."""
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/tga_ms.yaml").read_text(encoding="utf-8")
    )
    for table in ("tga_ms_events", "tga_ms_window"):
        write_table([], list(schema[table]), made_curves / f"{table}.csv")
    kept: list[Figure] = []
    save = figS4.style.save
    monkeypatch.setattr(figS4.style, "save", lambda f, *a: (kept.append(f), save(f, *a)))
    output = draw(made_curves, style, [("made", "lps")], "figS4")
    rows = [r for r in read_table(output["csv"]) if str(r["signal"]).startswith("mz")]
    lines = {
        line.get_label().split()[0]: line.get_ydata()
        for axes in kept[0].axes
        if axes.get_ylabel().startswith("ion current")
        for line in axes.lines
        if line.get_label()[0].isdigit()
    }
    assert {r["signal"] for r in rows} == {f"mz{mz}_A" for mz in lines} == {"mz48_A", "mz64_A"}
    for mz, y in lines.items():
        assert [r["value"] for r in rows if r["signal"] == f"mz{mz}_A"] == pytest.approx(y)


def test_an_unusable_event_is_not_marked_in_the_quick_look(
    made_curves: Path, style: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was shaded as one that nobody doubts."""
    ends = {"onset_first_deviation_degC": 200.0, "end_degC": 300.0, "onset_extrapolated_degC": None, "end_extrapolated_degC": None}  # fmt: skip
    kept: list[Figure] = []
    monkeypatch.setattr(tga_ms_quicklook.style, "save_quicklook", lambda f, _: kept.append(f))
    for level in ("ok", "unusable"):
        found = Analysis()
        found.add("tga_ms_runs", run="made", sample="lps")
        found.add("tga_ms_events", signal="mass", event="loss 1", quality=level, **ends)
        save_rows(found, made_curves / "made.json")
        drawing = Drawing({}, SAMPLES[:1], True, style)
        tga_ms_quicklook.draw(drawing, str(made_curves / "made.nc"), str(made_curves / "made.json"))
    marked = [bool(figure.axes[0].patches) for figure in kept]
    assert marked == [True, False]
