"""Figure 3 and the quick-look: drawn from files alone, any number of samples, equal bytes for equal data."""

from __future__ import annotations

import csv

import pytest
import yaml
from coatbench.analysis import Analysis, save_rows
from coatbench.curves import save_curves
from coatbench.figures import fig3, layout, leis_quicklook, style
from coatbench.figures.drawing import Drawing
from coatbench.tables import read_table, write_table

from .conftest import DEMO, ROOT, tables

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/tables/leis.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def samples() -> list[dict[str, str]]:
    with (DEMO / "samples.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def figure(folder, found, config, samples, reference="uncoated"):
    folder.mkdir()
    for sample, analysis in found.items():
        save_curves(analysis.curves, folder / f"{sample}.nc")
    rows = tables(found, config, reference)
    for name in ("leis_windows", "leis_surface_peaks"):
        write_table(rows[name], list(SCHEMA[name]), folder / f"{name}.csv")
    output = {kind: str(folder / f"fig3.{kind}") for kind in ("pdf", "png", "csv")}
    fig3.draw(
        Drawing(output, samples, True, CONFIG, reference),
        [str(folder / f"{s}.nc") for s in found],
        str(folder / "leis_windows.csv"),
        str(folder / "leis_surface_peaks.csv"),
    )
    return output


def test_the_strip_below_the_spectra_holds_their_legend(
    tmp_path, demo, config, samples, monkeypatch
):
    kept = []
    monkeypatch.setattr(style, "save", lambda figure, *_, **__: kept.append(figure))
    named = [s | {"label": f"a rather long name {s['sample']}"} for s in samples]
    figure(tmp_path / "long", demo, config, named)
    drawn = kept[0]
    drawn.canvas.draw()
    assert layout.problems(drawn) == []
    (legend,) = [x for part in drawn.subfigs for x in part.legends]
    axis = drawn.subfigs[0].axes[0].xaxis.get_tightbbox()
    names = drawn.subfigs[1].axes[0].xaxis.get_tightbbox()
    assert names.y0 < axis.y0 - 20  # turned names reach further down than the spectra's axis ...
    assert legend.get_window_extent().y0 < axis.y0  # ... and the legend uses what lies beside them
    assert drawn.subfigs[0].axes[0].get_window_extent().y0 < 0.45 * drawn.bbox.height


def test_figure_3(tmp_path, demo, config, samples):
    first = figure(tmp_path / "a", demo, config, samples)
    second = figure(tmp_path / "b", demo, config, samples)
    for kind, path in first.items():
        content = (tmp_path / "a" / f"fig3.{kind}").read_bytes()
        assert len(content) > 5000
        assert content == (tmp_path / "b" / f"fig3.{kind}").read_bytes(), second[kind]
        assert path
    rows = read_table(first["csv"])
    spectra = [r for r in rows if r["energy_eV"] is not None]
    assert len(spectra) == 8 * 1051
    ratios = [r for r in rows if r["energy_eV"] is None]
    assert len(ratios) == 8
    assert all(r["near_surface_relative"] > 0 for r in ratios)
    assert any(r["near_surface_relative_sd"] > 0 for r in ratios)
    assert {r["sample"] for r in rows} == {"uncoated", "c300", "c400", "c700"}


@pytest.mark.parametrize("names", [["c300"], []])
def test_one_sample_or_none(tmp_path, demo, config, samples, names):
    found = {name: demo[name] for name in names}
    output = figure(tmp_path / "a", found, config, samples, None)
    assert (tmp_path / "a" / "fig3.pdf").stat().st_size > 1000
    assert len(read_table(output["csv"])) == 2 * 1051 * len(names)


def test_quick_looks_of_a_sample_and_of_a_problem(tmp_path, demo, samples):
    sample = next(s for s in samples if s["sample"] == "c300")
    for name, analysis in (("good", demo["c300"]), ("bad", Analysis(problem="a.txt: cut"))):
        save_curves(analysis.curves, tmp_path / f"{name}.nc")
        save_rows(analysis, tmp_path / f"{name}.json")
        png = tmp_path / f"{name}.png"
        drawing = Drawing({"png": str(png)}, [sample], True, CONFIG)
        leis_quicklook.draw(drawing, str(tmp_path / f"{name}.nc"), str(tmp_path / f"{name}.json"))
        assert png.stat().st_size > 2000
