"""Figures 4 and S5 and the quick-look: drawn from files alone, with gaps, equal bytes for equal data."""

from __future__ import annotations

import csv

import pytest
import yaml
from coatbench.analysis import Analysis, save_rows
from coatbench.curves import save_curves
from coatbench.figures import fig4, figS5, stem_common, stem_quicklook
from coatbench.figures.drawing import Drawing
from coatbench.tables import read_table

from .conftest import DEMO, ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]


@pytest.fixture(scope="module")
def samples() -> list[dict[str, str]]:
    with (DEMO / "samples.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def curves(tmp_path_factory, demo) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("curves")
    for sample, analysis in demo.items():
        save_curves(analysis.curves, folder / f"{sample}.nc")
    return {sample: str(folder / f"{sample}.nc") for sample in demo}


def draw(module, folder, paths, samples):
    folder.mkdir()
    output = {kind: str(folder / f"fig.{kind}") for kind in ("pdf", "png", "csv")}
    module.draw(Drawing(output, samples, True, CONFIG, "uncoated"), paths)
    return output


def test_figure_4(tmp_path, curves, samples):
    first = draw(fig4, tmp_path / "a", list(curves.values()), samples)
    draw(fig4, tmp_path / "b", list(curves.values()), samples)
    for kind in first:
        content = (tmp_path / "a" / f"fig.{kind}").read_bytes()
        assert content == (tmp_path / "b" / f"fig.{kind}").read_bytes()
    rows = read_table(first["csv"])
    assert [r["panel"] for r in rows] == [*"abcdef", *"gghhii", *"jkl"]
    assert {r["scale_bar_nm"] for r in rows} == {100, 200}
    assert "uncoated" not in {r["sample"] for r in rows}


def test_figure_4_with_gaps_and_without_anything(tmp_path, curves, samples, demo):
    part = dict(demo["c100"].curves)
    part.pop(next(g for g, c in part.items() if c.attrs["element"] == "O"))
    save_curves(part, tmp_path / "c100.nc")
    output = draw(fig4, tmp_path / "a", [str(tmp_path / "c100.nc"), curves["c400"]], samples)
    assert len(read_table(output["csv"])) == 9
    assert read_table(draw(fig4, tmp_path / "b", [], samples)["csv"]) == []


def test_doubtful_layers_and_elements_are_marked_open(tmp_path, curves, samples, demo):
    """The same images once more, judged otherwise: figures change, and say what an open mark means."""
    judged = {}
    for level in ("ok", "doubtful"):
        paths = []
        for sample in ("uncoated", "c400"):
            part = dict(demo[sample].curves)
            for panel in part.values():
                panel.attrs["quality"] = level
            paths.append(str(tmp_path / f"{sample}.nc"))
            save_curves(part, paths[-1])
        for module in (fig4, figS5):
            output = draw(module, tmp_path / f"{module.__name__}{level}", paths, samples)
            assert {r["quality"] for r in read_table(output["csv"])} == {level}
            judged[module, level] = (tmp_path / f"{module.__name__}{level}" / "fig.png").read_bytes()  # fmt: skip
    for module in (fig4, figS5):
        assert judged[module, "ok"] != judged[module, "doubtful"]


def test_figure_s5(tmp_path, curves, samples):
    output = draw(figS5, tmp_path / "a", list(curves.values()), samples)
    (row,) = read_table(output["csv"])
    assert (row["sample"], row["layer_median_nm"]) == ("uncoated", 0)
    assert read_table(draw(figS5, tmp_path / "b", [curves["c100"]], samples)["csv"]) == []


def test_quick_looks_of_a_sample_and_of_a_problem(tmp_path, demo, samples):
    sample = next(s for s in samples if s["sample"] == "c700")
    for name, analysis in (("good", demo["c700"]), ("bad", Analysis(problem="a.tif: cut"))):
        save_curves(analysis.curves, tmp_path / f"{name}.nc")
        save_rows(analysis, tmp_path / f"{name}.json")
        png = tmp_path / f"{name}.png"
        drawing = Drawing({"png": str(png)}, [sample], True, CONFIG)
        stem_quicklook.draw(drawing, str(tmp_path / f"{name}.nc"), str(tmp_path / f"{name}.json"))
        assert png.stat().st_size > 2000


@pytest.mark.parametrize(
    ("width", "bar"), [(1800, 200), (600, 100), (100, 20), (9, 2), (8.0, 2), (4000, 1000), (7.9, 1)]
)
def test_scale_bars_are_round(width, bar):
    assert stem_common.bar_length_nm(width) == bar
