"""Is an element in the layer: the statistic, its masks, and what it must not be fooled by."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import xarray as xr
from coatbench.stem import elements
from coatbench.stem.segment import segment

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
    assert "Welch" in found["note"]


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
    for series, table in elements.SERIES.items():
        for element, lines in table.items():
            for keV, names in zip(lines, (first[series], second[series]), strict=False):
                known = energy(element, names)
                if known == known:
                    compared += 1
                    assert keV == pytest.approx(known, rel=0.006, abs=0.012), (element, series)
    assert compared > 60


def test_too_little_to_test(config):
    few = np.zeros_like(LAYER)
    few[0, :5] = True
    found = elements.detect(counts(1, 1), few, BESIDE, config)
    assert found["detected"] is None
    assert "fewer than" in found["note"]


def test_empty_maps(config):
    found = elements.detect(np.zeros(LAYER.shape), LAYER, BESIDE, config)
    assert found["detected"] is False
    assert found["significance"] == 0


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


def test_a_map_from_a_spectrum_image():
    energy = 0.01 * np.arange(1000)
    spectra = np.zeros((4, 5, 1000))
    spectra[2, 3] = 100 * np.exp(-0.5 * ((energy - 2.308) / 0.04) ** 2)
    block = xr.Dataset(
        {"counts": (("y", "x", "energy"), spectra)}, coords={"energy_keV": ("energy", energy)}
    )
    found = elements.map_of(block, "S")
    assert found[2, 3] == pytest.approx(spectra.sum(), rel=0.06)
    assert (found > 0).sum() == 1
    with pytest.raises(ValueError, match="no line of 'Xx'"):
        elements.map_of(block, "Xx")
    with pytest.raises(ValueError, match="outside the spectrum"):
        elements.map_of(block.isel(energy=slice(300, None)), "Na")


def test_two_atomic_percent_is_found_and_absent_elements_are_not():
    """Spectrum images of thin oxide layers, S, P, Nb and Zr among each other; `benchmarks/stem_elements.py` with 500."""
    spec = importlib.util.spec_from_file_location("stem_elements", ROOT / "benchmarks/stem_elements.py")  # fmt: skip
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    rates = benchmark.rates(60)
    for element in benchmark.SOUGHT:
        assert rates[f"{element} found"] >= 0.95, rates
    assert rates["false, ok"] <= 0.005 and rates["false, any"] <= 0.01, rates
