"""Dose, noise and windows of single spectra."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from coatbench.arrays import Arrays
from coatbench.errors import AnalysisError
from coatbench.leis import stopping, windows
from coatbench.leis.analyse import _describe
from coatbench.leis.collect import ratio
from coatbench.leis.compare import heating_ratios, spread
from coatbench.leis.kinematics import Geometry
from coatbench.leis.spectrum import prepare

from .conftest import spectrum


def block(intensity) -> xr.Dataset:
    energy = 500.0 + 2 * np.arange(len(intensity))
    return xr.Dataset(
        {"intensity": ("energy", np.asarray(intensity, float))},
        coords={"energy_eV": ("energy", energy)},
    )


def row(**cells) -> dict[str, str]:
    return {"heating_temperature_degC": "200", "dose_nC": "", "intensity": ""} | cells


COUNTS = np.random.default_rng(1).poisson(400, 600).astype(float)


def test_dose_from_the_index(config):
    own = prepare(row(dose_nC="100"), Path("a"), block(COUNTS), config)
    assert (own.dose_nC, own.dose_source) == (100, "index")
    assert own.counts_per_nC == pytest.approx(COUNTS / 100)
    assert own.variance() == pytest.approx(COUNTS / 100**2)


def test_dose_from_beam_current_and_time(config):
    own = prepare(row(), Path("a"), block(COUNTS), config)
    assert (own.dose_nC, own.dose_source) == (pytest.approx(2.6 * 120), "config")
    # 2.6 nA for 120 s on 4 mm2 are 4.87e13 ions/cm2, published rounded to one digit.
    fluence = own.fluence_ions_cm2(config["analysis_area_mm2"])
    assert fluence == pytest.approx(2.6e-9 * 120 / 1.602177e-19 / 0.04, rel=1e-6)
    assert f"{fluence:.0e}" == "5e+13"


@pytest.mark.parametrize("source", ["index", "config"])
def test_what_a_spectrum_is_told_with(config, source):
    """The dose of the beam current is as uncertain as that, and so is the fluence; one that was measured is not judged."""
    found = _describe(replace(spectrum(np.ones(1051)), dose_source=source), config)
    assert (found["energy_first_eV"], found["energy_last_eV"]) == (500, 2600)
    relative = config["beam_current_nA_sd"] / config["beam_current_nA"]
    for name in ("dose_nC", "fluence_ions_cm2"):
        own = relative * found[name] if source == "config" else None
        assert found[f"{name}_sd"] == (own and pytest.approx(own))


@pytest.mark.parametrize("cells", [{}, {"dose_nC": "1"}, {"dose_nC": "250", "intensity": "counts_per_nC"}])  # fmt: skip
def test_one_value_in_every_channel_is_no_spectrum(config, cells):
    with pytest.raises(AnalysisError, match="in every channel"):
        prepare(row(**cells), Path("a"), block(np.full(600, 40.0)), config)


def test_whole_numbers_that_do_not_scatter_are_doubted(config):
    for counts, doubted in ((np.repeat([40.0, 90.0], 300), True), (COUNTS, False)):
        own = prepare(row(), Path("a"), block(counts), config)
        assert ("smoothed, or not measured" in own.doubt) == doubted


def test_normalised_export_gives_the_same_as_counts(config):
    counted = prepare(row(dose_nC="250"), Path("a"), block(COUNTS), config)
    scaled = prepare(
        row(dose_nC="250", intensity="counts_per_nC"), Path("a"), block(COUNTS / 250), config
    )
    assert scaled.counts_per_nC == pytest.approx(counted.counts_per_nC)
    assert scaled.variance() == pytest.approx(counted.variance())


def test_scaled_counts_take_their_noise_from_the_scatter(config):
    smooth = 3000 * (1 + np.sin(np.arange(2000) / 150) / 2)
    rng = np.random.default_rng(2)
    found = [
        prepare(
            row(dose_nC="1"),
            Path("a"),
            block(rng.poisson(smooth) * 0.0317),
            config | {"ion_energy_eV": 5000},
        )
        for _ in range(40)
    ]
    assert np.mean([own.noise_per_intensity for own in found]) == pytest.approx(0.0317, rel=0.03)
    assert "not whole numbers" in found[0].warnings[0]


@pytest.mark.parametrize(
    ("intensity", "cells", "message"),
    [
        ([5, -1, 5] * 5, {}, "expected counts, found -1"),
        ([0] * 20, {}, "none in any channel"),
        ([5, 6] * 10, {"dose_nC": "-3"}, "a dose above 0 nC"),
        ([5, 6] * 10, {"dose_nC": "much"}, "expected a number"),
        ([5, 6] * 10, {"heating_temperature_degC": ""}, "heating_temperature_degC"),
        ([5, 6] * 10, {"intensity": "volts"}, "counts or counts_per_nC"),
    ],
)
def test_what_cannot_be_normalised(config, intensity, cells, message):
    with pytest.raises(AnalysisError, match=message):
        prepare(row(**cells), Path("a"), block(intensity), config)


def one_window(config, own, name="near_surface"):
    geometry = Geometry(config)
    depths = stopping.depth_scale(config["matrix_material"], geometry, config["edge_element"])
    ranges = windows.from_config(config["windows"], geometry, depths)
    return windows.integrate(own, next(w for w in ranges if w.name == name), depths)


def test_a_window_sums_its_channels(config):
    counts = np.arange(1051.0)
    found = one_window(config, spectrum(counts / 312))
    energy = 500 + 2 * np.arange(1051)
    inside = counts[(energy >= 1900) & (energy <= 2339.8)]
    assert found["counts_per_nC"] == pytest.approx(inside.sum() / 312)
    assert found["counts_per_nC_sd"] == pytest.approx(np.sqrt(inside.sum()) / 312)
    assert (found["depth_near_nm"], found["depth_far_nm"]) == (0, pytest.approx(3.10, abs=0.01))
    assert found["depth_far_electronic_nm"] == pytest.approx(5.49, abs=0.01)
    assert 1 <= found["depth_mean_nm"] <= 3


def test_a_window_in_nm(config):
    found = one_window(config, spectrum(np.ones(1051)), "depth_1_3nm")
    assert (found["depth_near_nm"], found["depth_far_nm"]) == pytest.approx((1, 3), abs=0.01)


@pytest.mark.parametrize(
    ("near", "far", "why"),
    [
        (3, 1, "from 3 to 1 nm is no window"),
        (2, 2, "from 2 to 2 nm is no window"),
        (1, 80, "reaches 15.0 nm deep, the window 80 nm"),
        (70, 80, "reaches 15.0 nm deep, the window 80 nm"),
    ],
)
def test_depths_that_are_no_window_or_in_no_table_are_none(config, near, far, why):
    """Bounds the wrong way round held nothing; below the table a window ended where the table does, and said nothing."""
    energy = 380.0 + 2 * np.arange(1111)  # the table ends at 400 eV
    own = replace(spectrum(np.full(1111, 5.0)), energy_eV=energy)
    config = config | {"windows": {"d": {"near_nm": near, "far_nm": far}}}
    found = one_window(config, own, "d")
    assert found["quality"] == "unusable" and why in found["quality_note"]
    assert found.get("counts_per_nC") is None


def test_a_window_beyond_the_spectrum_is_empty_and_says_why(config):
    found = one_window(config, spectrum(np.ones(800)))
    assert "counts_per_nC" not in found
    assert found["quality"] == "unusable"
    assert found["quality_note"] == "the spectrum ends at 500 and 2098 eV"


def test_counts_from_deeper_than_the_table_tells_leave_no_mean_depth(config):
    """Their mean was that of the others; what stands above the edge has no depth and is left out."""
    energy = 380.0 + 2 * np.arange(1111)  # the table begins at 400 eV
    own = replace(spectrum(np.ones(1111)), energy_eV=energy)
    config = config | {"windows": {"deep": {"low": 390, "high": 800}, "known": {"low": 600, "high": 800}, "top": {"low": 2200, "high": None}}}  # fmt: skip
    deep, known, top = (one_window(config, own, name) for name in config["windows"])
    assert deep["counts_per_nC"] > 0 and "depth_mean_nm" not in deep
    assert known["depth_near_nm"] < known["depth_mean_nm"] < known["depth_far_nm"]
    assert 0 < top["depth_mean_nm"] < top["depth_far_nm"]


def test_no_counts_still_have_an_uncertainty(config):
    counts = np.ones(1051)
    counts[690:930] = 0
    found = one_window(config, spectrum(counts))
    assert found["counts_per_nC"] == 0
    assert found["counts_per_nC_sd"] == pytest.approx(1 / 312)
    assert found["quality"] == "doubtful"


def test_poisson_uncertainty_of_a_ratio_covers():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        a, b = rng.poisson(2000), rng.poisson(9000)
        rows = [
            {"counts_per_nC": n / 3, "counts_per_nC_sd": np.sqrt(n) / 3, "energy_low_eV": 1, "energy_high_eV": 2, "sample": s}
            for n, s in ((a, "a"), (b, "b"))
        ]  # fmt: skip
        value, sd = ratio(*rows)
        inside += abs(value - 2000 / 9000) < 1.96 * sd
    assert 0.92 <= inside / 400 <= 0.98


def test_windows_over_different_energies_have_no_ratio():
    rows = [
        {
            "counts_per_nC": 5.0,
            "counts_per_nC_sd": 1.0,
            "energy_low_eV": low,
            "energy_high_eV": 2000,
        }
        for low in (500, 600)
    ]
    assert ratio(*rows) == (None, None)


@pytest.mark.parametrize(("low", "there"), [(500.0, True), (1500.0, False)])
def test_heating_does_not_compare_a_spectrum_with_a_part_of_one(low, there):
    """The whole of a spectrum that begins at 1500 eV is not what was there at 500 eV less what heating took."""
    rows = [
        {
            "sample": "a", "window": "whole", "heating_temperature_degC": t, "energy_low_eV": start, "energy_high_eV": 2900.0,
            "counts_per_nC": c, "counts_per_nC_sd": 1.0, "relative_to_reference": c / 2500, "relative_to_reference_sd": 0.01,
        }
        for t, start, c in ((200.0, 500.0, 2000.0), (400.0, low, 1000.0))
    ]  # fmt: skip
    (found,) = heating_ratios(rows, 0.02)
    assert (found["ratio"], found["relative_change"]) == ((0.5, 0.5) if there else (None, None))
    assert (found["ratio_sd"] is not None) == (found["relative_change_sd"] is not None) == there


def drawn_shapes(
    rng: np.random.Generator, n: int, scatter: float, tilt: float = 0.0
) -> dict[str, dict[str, Arrays]]:
    """Spectra whose slopes over 1000 to 2000 eV scatter by so much between samples, with counting noise."""
    energy = np.arange(990.0, 2012.0, 2.0)
    position = (energy - 1500) / 500
    found = {}
    for k in range(n):
        counts = rng.poisson(
            60 * (1 + tilt * position) * (1 + rng.normal(0, scatter) * position)
        ).astype(float)
        variables = {
            "intensity": ("energy", counts),
            "intensity_sd": ("energy", np.sqrt(np.maximum(counts, 1))),
        }
        found[f"s{k}"] = {"T200": Arrays.of(variables, {"energy_eV": ("energy", energy)})}
    return found  # fmt: skip


@pytest.mark.parametrize("tilt", [0.0, 0.8])
def test_the_spread_of_shapes_is_what_was_planted_without_the_noise(tilt):
    rng = np.random.default_rng(11)
    rows = []
    for _ in range(80):
        curves = drawn_shapes(rng, 8, 0.12, tilt)
        rows += spread(curves, list(curves), 1000.0, 2000.0, 20.0)
    values = np.array([r["spread"] for r in rows])
    # Slopes about the place that scaling to equal areas leaves as it is.
    position = np.linspace(-1, 1, 1001)
    centre = np.mean((1 + tilt * position) * position)
    assert np.mean(values**2) == pytest.approx(
        0.12**2 * np.mean((position - centre) ** 2), rel=0.15
    )
    counts = 600 * (1 + tilt * position)  # of a bin
    assert np.mean([r["noise"] for r in rows]) == pytest.approx(
        np.mean(1 / counts) ** 0.5, rel=0.04
    )
    assert np.mean([r["spread_sd"] for r in rows]) == pytest.approx(values.std(ddof=1), rel=0.3)


def test_the_spread_of_two_has_no_uncertainty_and_one_has_no_spread():
    curves = drawn_shapes(np.random.default_rng(2), 2, 0.12)
    (row,) = spread(curves, list(curves), 1000.0, 2000.0, 20.0)
    assert row["n_samples"] == 2 and row["spread_sd"] is None
    assert spread(curves, ["s0"], 1000.0, 2000.0, 20.0) == []
    assert spread(curves, list(curves), 500.0, 2000.0, 20.0) == []  # no spectrum covers it


@pytest.mark.parametrize("kind", ["counts", "counts_per_nC"])
def test_channels_without_any_scatter_are_doubted_or_refused(config, kind):
    """Most third differences are 0: every uncertainty was, and windows ended in a division by it."""
    repeated = np.repeat(np.random.default_rng(1).poisson(500, 132) * 0.37, 8)
    found = prepare(row(intensity=kind), Path("a"), block(repeated), config)
    assert "smoothed before the export" in found.doubt
    window = one_window(config, found)
    assert window["quality"] == "doubtful" and window["counts_per_nC_sd"] > 0
    rounded = 3 + np.round(np.exp(-np.arange(1051) / 450), 1)
    with pytest.raises(AnalysisError, match="channels that scatter"):
        prepare(row(intensity=kind), Path("a"), block(rounded), config)
