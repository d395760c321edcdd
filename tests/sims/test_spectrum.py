"""Peaks of event spectra and maps of few ions, against what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coatbench.readers.sims_region import Channel, Region, Spectrum
from coatbench.sims.analyse import SMALLEST_MAP_PX, _map_step
from coatbench.sims.capture import held_share
from coatbench.sims.masses import ion_mass_u
from coatbench.sims.spectrum import _shape, find_peaks, resolution

FACTOR, OFFSET = 33000.0, -400.0


@pytest.mark.parametrize("fwhm_ppm", [130.0, 180.0, 240.0])
def test_peaks_stand_where_they_were_planted_as_wide_and_as_large(fwhm_ppm: float) -> None:
    rng = np.random.default_rng(3)
    exact = {ion_mass_u(f): n for f, n in (("C2", 4000), ("Cl", 9000), ("PO2", 6000), ("PS2", 15000), ("S4", 3000))}  # fmt: skip
    counts = rng.poisson(0.01, int(FACTOR * 14 + OFFSET))
    for mass, n in exact.items():
        off_ppm = rng.normal(0, fwhm_ppm / 2.3548, n)
        np.add.at(counts, np.rint(FACTOR * np.sqrt(mass * (1 + 1e-6 * off_ppm)) + OFFSET).astype(int), 1)  # fmt: skip
    found = sorted(find_peaks(Spectrum(counts, FACTOR, OFFSET))[: len(exact)], key=lambda p: p.mass_u)  # fmt: skip
    for peak, (mass, n) in zip(found, sorted(exact.items()), strict=True):
        error_ppm = fwhm_ppm / 2.3548 / n**0.5
        assert 1e6 * (peak.mass_u / mass - 1) == pytest.approx(0, abs=4 * error_ppm + 1)
        assert peak.fwhm_ppm == pytest.approx(fwhm_ppm, rel=0.07)
        assert peak.counts == pytest.approx(n, rel=0.04)
    assert resolution(found) == pytest.approx(1e6 / fwhm_ppm, rel=0.05)


def test_a_window_of_the_width_at_half_height_holds_what_a_gaussian_has_there() -> None:
    assert held_share(0.5e6 / 5000, 5000) == pytest.approx(0.7610, abs=1e-4)
    assert held_share(-80.0, 5000) == -held_share(80.0, 5000)


@pytest.mark.parametrize("shape", [(96, 200), (200, 96), (64, 64), (500, 30), (800, 900)])
@pytest.mark.parametrize("mean", [0.02, 0.7, 1.0, 5.0, 1000.0])
def test_a_map_is_small_enough_and_holds_ions_enough(shape: tuple[int, int], mean: float) -> None:
    """No step is larger than size and counts ask for, and none makes a map smaller than can be looked at."""
    total = np.full(shape, mean)
    region = Region(Path("made"), "BIF6", shape, [Channel(1)], lambda i: total, total, "image 0")
    step = _map_step(region, 100, 80.0)
    least = max(1, -(-max(shape) // 100))
    assert max(shape) / step <= 100
    assert mean * step**2 >= 80 or min(shape) < 2 * step * SMALLEST_MAP_PX
    if step > least:
        assert mean * (step / 2) ** 2 < 80 and min(shape) >= step * SMALLEST_MAP_PX
    region.total = None
    assert _map_step(region, 100, 80.0) == least


def test_a_peak_of_two_channels_at_the_end_of_the_record() -> None:
    """Half of its ions lie within one channel."""
    centre, fwhm_ppm, ions = _shape(np.ones(2), 1, 2, -1000.0)
    assert (centre, ions) == (0.5, 2.0)
    assert fwhm_ppm == pytest.approx(2e6 * 1.0 / 0.573 / 1000.5)
