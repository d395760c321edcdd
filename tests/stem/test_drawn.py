"""What figure 4 lays over each other, frames and brackets, of made images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import fig4
from coatbench.figures.drawing import Drawing
from coatbench.tables import read_table
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .conftest import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
SAMPLES = [{"sample": "c400", "role": "coated", "label": "400 °C"}]


def picture(kind: str, field: str, element: str = "", *, pixels: int = 16, step_nm: float = 1.0, quality: str = "ok") -> Arrays:  # fmt: skip
    at = step_nm * (np.arange(pixels) + 0.5)
    counts = np.random.default_rng(len(field) + ord((element or "x")[0])).random((pixels, pixels))
    attrs = {
        "file": f"{field}{element}.tif", "kind": kind, "field": field, "element": element,
        "pixel_size_nm": step_nm, "quality": quality,
    }  # fmt: skip
    return Arrays.of(
        {"intensity": (("y", "x"), counts)}, {"y_nm": ("y", at), "x_nm": ("x", at)}, attrs
    )


def draw(
    folder: Path, panels: list[Arrays], monkeypatch: pytest.MonkeyPatch
) -> tuple[Figure, list]:
    save_curves({f"p{i}": panel for i, panel in enumerate(panels)}, folder / "c400.nc")
    kept: list[Figure] = []
    save = fig4.style.save
    monkeypatch.setattr(fig4.style, "save", lambda f, *a: (kept.append(f), save(f, *a)))
    output = {kind: str(folder / f"fig.{kind}") for kind in ("pdf", "png", "csv")}
    fig4.draw(Drawing(output, SAMPLES, True, CONFIG), [str(folder / "c400.nc")])
    return kept[0], read_table(output["csv"])


@pytest.mark.parametrize("mapped", ["detail", "elsewhere"])
def test_maps_of_two_places_are_not_laid_over_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: str
) -> None:
    """They have one raster as often as not; and only what was mapped is framed."""
    images = [picture("laadf", "overview", step_nm=4.0), picture("laadf", "detail")]
    maps = [
        picture("edx", field, element)
        for field in ("rim", mapped)
        for element in (("S",) if field == "rim" else ("S", "P", "O"))
    ]
    figure, rows = draw(tmp_path, images + maps, monkeypatch)
    assert {(r["field"], r["element"]) for r in rows if r["kind"] == "edx"} == {
        (mapped, element) for element in "SPO"
    }
    frames = [
        p for axes in figure.axes for p in axes.patches
        if isinstance(p, Rectangle) and p.get_edgecolor()[1] > 0.7 > p.get_edgecolor()[0] and not p.get_fill()
    ]  # fmt: skip
    assert bool(frames) == (mapped == "detail")


def test_what_is_drawn_of_unequal_rasters_is_what_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = [picture("edx", "a", "S"), picture("edx", "a", "P", pixels=20)]
    figure, rows = draw(tmp_path, maps, monkeypatch)
    assert [r["element"] for r in rows] == ["S"]
    assert not [t for axes in figure.axes for t in axes.texts if t.get_text() == "P"]


def test_what_could_not_be_judged_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doubtful elements had brackets, unusable ones none: they looked like good ones."""
    maps = [picture("edx", "a", "S"), picture("edx", "a", "P", quality="unusable")]
    figure, _ = draw(tmp_path, maps, monkeypatch)
    written = {t.get_text() for axes in figure.axes for t in axes.texts}
    assert {"S", "(P)"} <= written
    assert any("doubtful or unusable" in t.get_text() for t in figure.texts)
