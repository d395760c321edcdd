"""What micrographs and maps far from the defaults give, every number of it, so that no change of code moves one unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from coatbench.stem import elements, layer, spectra
from coatbench.stem.analyse import analyse
from coatbench.stem.calibration import calibrate
from coatbench.stem.segment import segment
from kept_numbers import hold
from scipy.ndimage import gaussian_filter

from .conftest import level_rim
from .test_elements import BESIDE, LAYER, counts
from .test_elements import benchmark as benchmark
from .test_layer import clean_rim, disc, finish
from .test_situations import PIXEL, X, Y, asked, drawn, field, maps, straight

KEPT = Path(__file__).parent / "kept"
CUBES: dict[str, tuple[dict, str]] = {
    "P": ({("P", "K"): 2.0}, "P"),
    "Zr for P": ({("Zr", "L"): 8.0}, "P"),
    "P and Zr": ({("P", "K"): 2.0, ("Zr", "L"): 8.0}, "P"),
    "S and P": ({("S", "K"): 2.0, ("P", "K"): 1.0}, "S"),
    "Nb": ({("Nb", "L"): 4.0}, "Nb"),
    "nothing": ({}, "S"),
}


def images() -> dict[str, tuple[np.ndarray, float]]:
    """Images with their pixel in nm."""
    two = np.maximum(100 - np.hypot(X - 90, Y - 160), 80 - np.hypot(X - 282, Y - 160))
    crack = (np.abs(Y - 150) < 8) & (X > 180)
    return {
        "slab": (level_rim(24), 0.8),
        "fine and dark": (level_rim(14, 0.5, levels=(120, 200, 640)), 0.5),
        "of one": (level_rim(30, 1.2, levels=(0.02, 0.4, 0.9), noise=0.01), 1.2),
        "bare": (level_rim(0, blur=2.0), 0.8),
        "half covered": (field(20.0, 0.5), PIXEL),
        "film": (field(film_nm=80.0), PIXEL),
        "brightens": (field(18.0, gradient_nm=20.0) / 255, PIXEL),
        "brightens, bare": (field(0.0, gradient_nm=25.0, layer_level=0.0), PIXEL),
        "brighter than the core": (field(15.0, layer_level=255.0), PIXEL),
        "neighbour": (drawn(two, 10.0), PIXEL),
        "crack": (straight(15.0, crack), PIXEL),
        "particles": (finish(disc(disc(clean_rim(), 0.8, (196, 150), 60), 0.8, (176, 500), 110)), 0.8),
    }  # fmt: skip


@pytest.mark.parametrize("name", images())
def test_kept_numbers_of_an_image(config, tmp_path, name):
    image, pixel = images()[name]
    parts = segment(image, pixel, config)
    rim = layer.rim(parts, pixel)
    found: dict[str, Any] = {k: v for k, v in vars(parts).items() if not isinstance(v, np.ndarray)}
    found |= {"smooth": parts.smooth, "labels": parts.labels, "thickness_nm": rim.thickness_nm}
    found |= {"length_nm": rim.length_nm, "coverage": rim.coverage}
    tifffile.imwrite(tmp_path / "a.tif", image.astype(np.float32))
    index = {"sample": "a", "file": "a.tif", "kind": "laadf", "field": "a", "pixel_size_nm": f"{pixel}", "element": ""}  # fmt: skip
    found["tables"] = analyse([index], [tmp_path / "a.tif"], config).tables
    hold(KEPT / f"{name.replace(' ', '_').replace(',', '')}.csv", found)


@pytest.mark.parametrize("name", images())
def test_a_level_under_a_whole_image_does_not_matter(config, name):
    image, pixel = images()[name]
    one, other = (segment(image + level, pixel, config) for level in (0.0, 1000.0))
    assert (one.labels == other.labels).all() and one.note == other.note


def test_kept_numbers_of_elements(config):
    found = {}
    for name, rates in {"clear": (2.0, 0.2), "trace": (0.3, 0.2), "absent": (0.2, 0.2)}.items():
        found[name] = elements.detect(counts(*rates), LAYER, BESIDE, config)
    smeared = gaussian_filter(counts(3.0, 1.0, 4), 1.0)
    found["picture"] = elements.detect(np.round(40 * smeared), LAYER, BESIDE, config)
    ramp = np.random.default_rng(3).poisson(np.linspace(1, 3, 60) * np.ones((60, 1)))
    found["gradient"] = elements.detect(ramp.astype(float), LAYER, BESIDE, config)
    for continuum in (0.1, 2.0):
        made, on, beside, core = maps(0.15, continuum, 500)
        found[f"continuum {continuum}"] = elements.detect(made, on, beside, config, core, 0.3)
        share = 100 * made / (made.max() + 1)
        found[f"at.% {continuum}"] = elements.detect(share, on, beside, config, core, 0.3)
    hold(KEPT / "elements.csv", found)


def test_kept_numbers_of_spectra(benchmark):
    found: dict[str, Any] = {}
    for name, (amounts, element) in CUBES.items():
        found[name] = asked(amounts, element)
    rng = np.random.default_rng(11)
    for composition in ({"O": 60.0, "Ni": 8.0, "Zr": 8.0, "P": 3.0}, {"O": 60.0, "Si": 20.0, "S": 2.0}):  # fmt: skip
        block, on = benchmark.cube(composition, 2e5, rng)
        for element in ("P", "S", "Zr"):
            found[f"{composition} {element}"] = spectra.seek_element(block, element, on, 5)
    energy, expected = benchmark.spectrum({"O": 60.0, "Si": 20.0, "Ni": 9.0}, 1e5, 0.004, 1.0, 3e-4)
    own = calibrate(energy, rng.poisson(expected).astype(float), 1.9, 2.35)
    found["calibration"] = vars(own) | {"trials": np.array([(*a, b) for a, b in own.trials()])}
    hold(KEPT / "spectra.csv", found)
