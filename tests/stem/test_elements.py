"""Is an element in the layer: the statistic, its masks, and what it must not be fooled by."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from coatbench.arrays import Arrays
from coatbench.readers.model import Export
from coatbench.stem import elements, lines, spectra
from coatbench.stem.calibration import calibrate
from coatbench.stem.inside import describe
from coatbench.stem.segment import segment
from coatbench.techniques import TECHNIQUES
from scipy.ndimage import gaussian_filter

from .conftest import ROOT, level_rim

rng = np.random.default_rng(4)
LAYER, BESIDE = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
LAYER[20:30], BESIDE[:15] = True, True


def counts(layer_rate, beside_rate, seed=0):
    rate = np.where(LAYER, layer_rate, beside_rate)
    return np.random.default_rng(seed).poisson(rate).astype(float)


def test_clear_cases(config):
    there = elements.detect(counts(2.0, 0.2), LAYER, BESIDE, config)
    absent = elements.detect(counts(0.2, 0.2), LAYER, BESIDE, config)
    assert there["detected"] is True
    assert absent["detected"] is False
    assert there["excess_per_pixel"] == pytest.approx(1.8, abs=3 * there["excess_per_pixel_sd"])
    assert (there["n_pixels"], there["n_background_pixels"]) == (600, 900)


def test_significance_is_that_of_a_standard_normal_where_nothing_is():
    config = {"edx_significance": 5, "edx_min_excess": 0.5}
    found = [
        elements.detect(counts(0.3, 0.3, seed), LAYER, BESIDE, config)["significance"]
        for seed in range(400)
    ]
    assert np.mean(found) == pytest.approx(0, abs=0.15)
    assert np.std(found) == pytest.approx(1, abs=0.1)


def test_a_trace_is_not_the_layers_element(config):
    """Many pixels make a smear of 20 % significant; it is still a smear."""
    layer, beside = np.zeros((900, 900), bool), np.zeros((900, 900), bool)
    layer[300:600], beside[:300] = True, True
    smear = rng.poisson(np.where(layer, 0.24, 0.2)).astype(float)
    found = elements.detect(smear, layer, beside, config)
    assert found["significance"] > 5
    assert found["detected"] is False


def test_maps_that_are_no_counts(config):
    values = rng.normal(np.where(LAYER, 1.0, 0.0), 0.3)
    found = elements.detect(values, LAYER, BESIDE, config)
    assert found["detected"] is True
    assert "Welch" in found["note"] and "as one" not in found["note"]
    smooth = gaussian_filter(values, 1.5)
    found = elements.detect(smooth, LAYER, BESIDE, config)
    pixels = int(re.search(r"(\d+) pixels as one", found["note"])[1])
    assert pixels == pytest.approx(4 * np.pi * 1.5**2, rel=0.35)  # of noise smoothed by a Gaussian


@pytest.mark.parametrize(("line", "detected"), [(0.0, None), (9.0, True)])
def test_a_map_in_atomic_percent_does_not_tell_continuum(config, line, detected):
    """Normalised per pixel, continuum is the same share of layer and core, and less only where nothing is counted."""
    core = np.zeros_like(LAYER)
    core[30:] = True
    mass = np.where(core, 60.0, np.where(LAYER, 20.0, 0.1))
    own = np.random.default_rng(5).poisson(0.1 * mass + line * LAYER)
    percent = 100 * own / np.maximum(own + np.random.default_rng(6).poisson(mass), 1)
    found = elements.detect(percent, LAYER, BESIDE, config, core, 0.38)
    assert found["detected"] is detected
    assert ("at.%" in found["note"]) == (detected is None)


def test_an_excess_scatters_as_its_uncertainty_says(config):
    """In maps that are no counts, over fewer pixels of layer than of background."""
    few = LAYER & (np.arange(60) < 10)
    found = []
    for seed in range(300):
        noise = np.random.default_rng(seed).normal(0, 1, LAYER.shape)
        values = np.where(few, 1.0 + 0.5 * noise, 0.2 * noise)
        found.append(elements.detect(values, few, BESIDE, config))
    scatter = np.std([f["excess_per_pixel"] for f in found])
    assert scatter == pytest.approx(np.mean([f["excess_per_pixel_sd"] for f in found]), rel=0.15)


def test_a_level_map_has_no_significance(config):
    found = elements.detect(np.full(LAYER.shape, 0.5), LAYER, BESIDE, config)
    assert (found["significance"], found["detected"]) == (0, False)
    assert "as one" not in found["note"]


def test_lines_are_those_of_xraylib():
    """Means of Siegbahn's lines, weighted by their rates; the second of a series is its beta line."""
    import xraylib

    first = {"K": ("KA1", "KA2"), "L": ("LA1", "LA2"), "M": ("MA1", "MA2")}
    second = {"K": ("KB1", "KB3"), "L": ("LB1",), "M": ("MB",)}

    def energy(element: str, names: tuple[str, ...]) -> float:
        known = []
        for name in names:
            line = getattr(xraylib, f"{name}_LINE")
            number = xraylib.SymbolToAtomicNumber(element)
            try:
                known.append((xraylib.LineEnergy(number, line), xraylib.RadRate(number, line)))
            except ValueError:
                continue
        return sum(e * r for e, r in known) / sum(r for _, r in known) if known else np.nan

    compared = 0
    for series, table in lines.SERIES.items():
        for element, energies in table.items():
            for keV, names in zip(energies, (first[series], second[series]), strict=False):
                known = energy(element, names)
                if known == known:
                    compared += 1
                    assert keV == pytest.approx(known, rel=0.006, abs=0.012), (element, series)
    assert compared > 60
    for series, table in lines.SERIES.items():  # Moseley's law, for those that xraylib lacks too
        numbers = {e: xraylib.SymbolToAtomicNumber(e) for e in table}
        ordered = [table[e] for e in sorted(table, key=numbers.get)]
        assert all(a[0] < b[0] for a, b in pairwise(ordered)), series
        assert all(energies == tuple(sorted(energies)) for energies in ordered), series


@pytest.mark.parametrize("element", ["S", "Zr", "C"])
def test_a_line_lies_a_detectors_width_within_the_spectrum(element):
    """The first line: the second of a series may be cut."""
    (series, known), *_ = [(s, t[element]) for s, t in lines.SERIES.items() if element in t and s != "M"][-1:]  # fmt: skip
    width = lines.fwhm_keV(known[0])
    for low, high, seen in (
        (known[0] - width - 1e-4, 14.0, True),
        (known[0] - width + 1e-4, 14.0, False),
        (0.0, known[0] + width + 1e-4, True),
        (0.0, known[0] + width - 1e-4, False),
    ):
        if seen:
            assert lines.line_of(element, low, high) == (series, known)
        else:
            with pytest.raises(ValueError, match="outside the spectrum"):
                lines.line_of(element, low, high)


def test_too_little_to_test(config):
    few = np.zeros_like(LAYER)
    few[0, :5] = True
    found = elements.detect(counts(1, 1), few, BESIDE, config)
    assert found["detected"] is None
    assert "fewer than" in found["note"]


@pytest.mark.parametrize("core_px", [0, 5])
def test_a_core_too_thin_to_have_pixels_is_not_asked(config, core_px):
    """All of a needle lies within the margin of its edge; without a count beside it the core's scatter was wanted."""
    found_counts = np.where(LAYER, np.random.default_rng(1).poisson(1.0, LAYER.shape), 0)
    core = np.zeros_like(LAYER)
    core[-1, :core_px] = True
    found = elements.detect(found_counts, LAYER, BESIDE & ~core, config, core, 0.3)
    assert found["detected"] is True and found["note"] == ""


@pytest.mark.parametrize("total", [0, 20])
def test_a_map_of_next_to_nothing_tells_nothing(config, total):
    empty = np.zeros(LAYER.shape)
    empty[40, :total] = 1
    found = elements.detect(empty, LAYER, BESIDE, config)
    assert found["detected"] is None
    assert f"{total} counts in the whole map are too few" in found["note"]


def as_shown(counts, sigma=0.0, zoom=1):
    """A map as a program shows it: smoothed, enlarged, stretched to 255 grey levels."""
    grey = gaussian_filter(counts, sigma) if sigma else counts
    return np.kron(np.round(255 * grey / grey.max()), np.ones((zoom, zoom)))


@pytest.mark.parametrize(("sigma", "zoom"), [(0, 1), (1.5, 1), (0, 2), (1.0, 2)])
@pytest.mark.parametrize("line", [0.0, 0.3])
def test_grey_levels_of_a_picture_are_no_counts(config, sigma, zoom, line):
    """Stretched, smoothed or enlarged, a map tells no more than before: significance stays, and nothing appears."""
    config = config | {"edx_min_excess": 0.0}
    layer, beside = (np.kron(m, np.ones((zoom, zoom))) > 0 for m in (LAYER, BESIDE))
    true, shown = [], []
    for seed in range(25):
        raw = counts(0.3 + line, 0.3, seed)
        true.append(elements.detect(raw, LAYER, BESIDE, config)["significance"])
        shown.append(elements.detect(as_shown(raw, sigma, zoom), layer, beside, config))
    assert all("does not hold counts" in s["note"] for s in shown)
    found = np.array([s["significance"] for s in shown])
    assert np.std(found - np.array(true)) < max(0.8, 0.15 * np.mean(true))
    assert np.mean(found) == pytest.approx(np.mean(true), rel=0.2, abs=0.4)


@pytest.mark.parametrize("pixels", [30, 900])
def test_counts_may_scatter_as_much_as_so_few_pixels_leave_open(pixels):
    """The variance of so many counts is uncertain by sqrt((1 / mean + 2) / pixels) of itself."""
    even = np.tile([0.0, 1.0, 2.0], pixels // 3)
    limit = elements.SCATTER + elements.DEVIATIONS * np.sqrt((1 / even.mean() + 2) / pixels)
    for share, known in ((0.97, True), (1.03, False)):
        assert elements._are_counts(even, even, even.mean() * (1 + share * limit), 1.0) == known
    assert not elements._are_counts(even, even, even.mean(), elements.ALONE)


def test_a_gradient_in_counts_leaves_them_counts(config):
    slope = np.linspace(0.8, 1.2, 60)[None, :]
    rate = 20 * slope * np.where(LAYER, 1.1, 1.0)
    found = elements.detect(np.random.default_rng(3).poisson(rate).astype(float), LAYER, BESIDE, config)  # fmt: skip
    assert found["note"] == ""


def test_regions_keep_off_the_core(config):
    parts = segment(level_rim(30), 0.8, config)
    layer, beside = elements.regions(parts, 0.8, (250, 312), 1.6, 5.0)
    y = (np.arange(250) + 0.5) * 1.6
    rows = np.flatnonzero(layer.any(axis=1))
    # The core's edge is at 220 nm, the layer's at 190.
    assert y[rows.min()] == pytest.approx(190, abs=2.5)
    assert y[rows.max()] == pytest.approx(215, abs=2.5)
    assert y[np.flatnonzero(beside.any(axis=1)).max()] == pytest.approx(175, abs=3)
    assert not (layer & beside).any()


@pytest.mark.parametrize("pixel_nm", [0.25, 2.0])
def test_regions_keep_off_in_nanometres(config, pixel_nm):
    parts = segment(level_rim(30), 0.8, config)
    shape, margin_nm = parts.labels.shape, 8 * pixel_nm
    layer, beside = elements.regions(parts, pixel_nm, shape, pixel_nm, margin_nm)
    inner = elements.core_region(parts, pixel_nm, shape, pixel_nm, margin_nm)
    middle = shape[1] // 2
    core = np.flatnonzero(parts.labels[:, middle] > elements.LAYER)
    assert core[0] - np.flatnonzero(layer[:, middle]).max() == 8
    assert np.flatnonzero(inner[:, middle]).min() - core[0] == 7
    vacuum = np.flatnonzero(parts.labels[: core[0], middle] == elements.VACUUM)
    assert vacuum.max() - np.flatnonzero(beside[: core[0], middle]).max() in (23, 24)


def test_a_map_from_a_spectrum_image():
    energy = 0.01 * np.arange(1000)
    values = np.zeros((4, 5, 1000))
    values[2, 3] = 100 * np.exp(-0.5 * ((energy - 2.308) / 0.04) ** 2)
    block = xr.Dataset(
        {"counts": (("y", "x", "energy"), values)}, coords={"energy_keV": ("energy", energy)}
    )
    found = spectra.map_of(block, "S")
    assert found[2, 3] == pytest.approx(values.sum(), rel=0.06)
    assert (found > 0).sum() == 1
    with pytest.raises(ValueError, match="no line of 'Xx'"):
        spectra.map_of(block, "Xx")
    with pytest.raises(ValueError, match="outside the spectrum"):
        spectra.map_of(block.isel(energy=slice(300, None)), "Na")


def test_what_is_asked_for_has_x_rays_and_what_a_cube_holds_is_said():
    check = TECHNIQUES["stem"].index.optional["element"]
    assert check("S") is None and check("Hf") is None
    assert "no" in check("Li") or "none" in check("Li")
    for name in ("Xx", "sulfur", "S K", "s"):
        assert "symbol of an element" in check(name)
    block = Arrays.of({"counts": (("y", "x", "energy"), np.zeros((4, 5, 6)))}, {}, {})
    assert "4 x 5" in describe(Export(Path("a.bcf"), "Bruker BCF", "stem", [block]), {})[0]


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("stem_elements", ROOT / "benchmarks/stem_elements.py")  # fmt: skip
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lines_elsewhere_in_the_spectrum_calibrate_a_window(benchmark):
    """Zero and gain of the scale are off; what is said of shift and width holds, and is better than saying nothing."""
    rng = np.random.default_rng(5)
    pulls, sds = [], []
    for _ in range(40):
        zero, gain = rng.normal(0, 0.003), rng.normal(0, 5e-4)
        energy, expected = benchmark.spectrum(benchmark.matrix(rng), 1e5, zero, 1.0, gain)
        own = calibrate(energy, rng.poisson(expected).astype(float), 1.78, 2.35)
        pulls.append((own.shift_keV - zero - 2.065 * gain) / own.shift_keV_sd)
        pulls.append((own.wider - 1.02) / own.wider_sd)
        sds.append(own.shift_keV_sd)
    assert np.mean(np.abs(pulls) < 2) > 0.9 and np.median(sds) < 0.001
    nothing = calibrate(energy, np.zeros_like(energy), 1.78, 2.35)
    assert (nothing.shift_keV, nothing.wider) == (0, 1)
    assert nothing.shift_keV_sd > 0.003 and nothing.wider_sd > 0.03


@pytest.mark.parametrize("step_keV", [0.06, 0.08, 0.1, 0.2])
def test_channels_as_wide_as_a_line_do_not_calibrate(benchmark, monkeypatch, step_keV):
    monkeypatch.setattr(benchmark, "STEP_KEV", step_keV)
    energy, expected = benchmark.spectrum({"O": 60.0, "Si": 20.0, "Ni": 9.0}, 1e6, 0.004)
    own = calibrate(energy, np.random.default_rng(1).poisson(expected).astype(float), 1.9, 2.35)
    assert (own.shift_keV, own.wider) == (0, 1) and own.shift_keV_sd > 0.003


def test_phosphorus_beside_zirconium_is_found_where_lines_calibrate_and_not_where_there_is_none(
    benchmark,
):
    rng = np.random.default_rng(8)
    found = {0.0: 0, 2.0: 0}
    for percent in [*found] * 15:
        composition = {"O": 60.0, "Ni": 8.0, "Zr": 8.0, "P": percent}
        block, layer = benchmark.cube(composition, 3e5, rng)
        found[percent] += bool(spectra.seek_element(block, "P", layer, 5)["detected"])
    assert found[0.0] == 0 and found[2.0] >= 10, found


def test_two_atomic_percent_is_found_and_absent_elements_are_not(benchmark):
    """Spectrum images of thin oxide layers, S, P, Nb and Zr among each other; `benchmarks/stem_elements.py` with 500."""
    rates = benchmark.rates(60)
    for element in benchmark.SOUGHT:
        assert rates[f"{element} found"] >= 0.95, rates
    assert rates["false, ok"] <= 0.005 and rates["false, any"] <= 0.01, rates
