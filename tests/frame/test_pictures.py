"""A drawing as PNG, WebP and PDF: the same pixels, the size for print, letters that a viewer can draw and copy."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.figures import style
from coatbench.figures.drawing import Drawing
from coatbench.pictures import write_drawing
from conftest import ROOT
from fontTools.ttLib import TTFont
from PIL import Image

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]


def micrograph(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(0).normal(128, 30, (height, width, 1)).clip(0, 255)
    return Image.fromarray(np.repeat(noise.astype("uint8"), 3, axis=2))


def drawing(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    for x in range(0, width, 50):
        image.paste((x % 256, 90, 200), (x, 0, x + 7, height))
    return image


@pytest.mark.parametrize("size", [(300, 200), (2400, 1600)])  # below and above what is large
def test_the_pictures_of_a_drawing_hold_its_pixels(tmp_path: Path, size: tuple[int, int]) -> None:
    made = drawing(*size)
    write_drawing(made, tmp_path / "a.png", tmp_path / "a.webp", 300)
    for name in ("a.png", "a.webp"):
        with Image.open(tmp_path / name) as image:
            assert image.mode == "RGB"
            assert np.array_equal(np.asarray(image), np.asarray(made))
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)


def test_a_micrograph_is_small_in_the_report_and_whole_for_print(tmp_path: Path) -> None:
    made = micrograph(400, 300)
    write_drawing(made, tmp_path / "a.png", tmp_path / "a.webp", 300)
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), np.asarray(made))
    with Image.open(tmp_path / "a.webp") as image:
        difference = np.asarray(image, float) - np.asarray(made, float)
    assert 0 < np.abs(difference).mean() < 4  # of 255 levels
    assert (tmp_path / "a.webp").stat().st_size < 0.7 * (tmp_path / "a.png").stat().st_size


def test_without_a_report_there_is_no_webp(tmp_path: Path) -> None:
    write_drawing(drawing(50, 50), tmp_path / "a.png", None, 300)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_pdf_holds_the_outlines_of_its_letters_and_which_they_are(tmp_path: Path) -> None:
    figure = style.new_figure(CONFIG, "single", 2)
    figure.subplots().set_xlabel("Zeit / µm")
    output = {kind: str(tmp_path / f"a.{kind}") for kind in ("pdf", "png", "csv")}
    style.save(figure, Drawing(output, [], False, CONFIG), [])
    content = (tmp_path / "a.pdf").read_bytes()
    streams = [content[m.end() :] for m in re.finditer(rb"stream\r?\n", content)]
    parts = [zlib.decompressobj().decompress(s) for s in streams if s[:1] == b"x"]
    fonts = [TTFont(io.BytesIO(p)) for p in parts if p[:4] == b"\0\1\0\0"]
    # Digits of the axes and the label, each with an outline; metrics and instructions to draw them.
    letters = set("012468.Zeit/µm")
    outlines = sum(f["glyf"][g].numberOfContours != 0 for f in fonts for g in f.getGlyphOrder())
    assert outlines >= len(letters)
    assert all({"head", "hhea", "hmtx", "loca", "maxp", "glyf"} <= set(f.keys()) for f in fonts)
    named = b"".join(p for p in parts if b"beginbfrange" in p)
    assert all(f"{ord(letter):04x}".encode() in named for letter in "Zeitµm")
