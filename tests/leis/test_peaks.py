"""Surface peaks: found where there are some, absent where there is only an edge, with honest uncertainties."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.leis import peakfit
from coatbench.leis.analyse import analyse
from coatbench.leis.kinematics import Geometry
from coatbench.leis.peakfit import Fits, correlation
from coatbench.leis.peaks import find
from coatbench.leis.spectrum import _smoothed
from coatbench.simulate.write_qtac import write_qtac
from conftest import SHARED, inputs
from scipy.special import erfc

from .conftest import spectrum

ENERGY = 500.0 + 2 * np.arange(1051)


def edge(centre, sigma, height, slope=0.0):
    return height * 0.5 * erfc((ENERGY - centre) / (2**0.5 * sigma)) * (1 + slope * (centre - ENERGY) / 1000)  # fmt: skip


def peak(centre, area, fwhm=58.0):
    sigma = fwhm / 2.3548
    return area * 2 / (sigma * (2 * np.pi) ** 0.5) * np.exp(-0.5 * ((ENERGY - centre) / sigma) ** 2)


def search(config, expected, seed, dose=312.0, elements=None):
    counts = np.random.default_rng(seed).poisson(expected * dose)
    own = config | ({"elements": elements} if elements else {})
    return {p.element: p for p in find(spectrum(counts / dose, dose), own, Geometry(config))}


@pytest.mark.parametrize("sigma", [20, 30, 45, 60])
@pytest.mark.parametrize("slope", [0.0, 0.25, 0.6])
def test_an_edge_is_no_surface_peak(config, sigma, slope):
    for seed in range(5):
        found = search(config, edge(2245, sigma, 8, slope) + 0.004, seed, elements=["Mn/Co/Ni"])
        assert not found["Mn/Co/Ni"].detected, (seed, found["Mn/Co/Ni"].significance)


def test_a_metal_in_the_outermost_layer_is_found(config):
    expected = edge(2245, 40, 8, 0.25) + peak(2295, 150) + 0.004
    found = search(config, expected, 1, elements=["Mn/Co/Ni"])["Mn/Co/Ni"]
    assert found.detected
    assert found.energy_eV == pytest.approx(2295, abs=6)
    assert found.area_counts_per_nC == pytest.approx(150, rel=0.25)


def test_false_detections_are_rare(config):
    flat = edge(2245, 40, 8, 0.25) + 0.01
    found = [
        search(config, flat, seed, elements=["C", "O", "F", "Na", "S/P"]) for seed in range(20)
    ]
    assert sum(p.detected for peaks in found for p in peaks.values()) == 0


def test_energies_and_areas_are_recovered_within_their_uncertainties(config):
    expected = edge(2245, 40, 8, 0.25) + peak(1105, 260) + peak(1838, 90) + peak(770, 120) + 0.004
    pulls = {"energy": [], "area": []}
    for seed in range(12):
        found = search(config, expected, seed, elements=["C", "O", "S/P"])
        for element, centre, area in (("C", 770, 120), ("O", 1105, 260), ("S/P", 1838, 90)):
            p = found[element]
            assert p.detected, (element, seed)
            assert p.energy_eV == pytest.approx(centre, abs=8)
            pulls["energy"].append((p.energy_eV - centre) / p.energy_eV_sd)
            pulls["area"].append((p.area_counts_per_nC - area) / p.area_counts_per_nC_sd)
    for name, values in pulls.items():
        # Neither optimistic (many beyond 2) nor meaninglessly wide.
        assert np.mean(np.abs(values) < 2) > 0.8, name
        assert np.std(values) > 0.2, name


def test_where_every_fit_is_a_dip_there_is_no_area_but_an_uncertainty(config):
    """A valley as wide as the window, which may be a single channel: no peak, as surely as counts say."""
    valley = 8 - peak(1182, 25, 50)  # where oxygen is looked for
    for reach in (4, 0):
        window = {"peak_window_below_eV": reach, "peak_window_above_eV": reach}
        for dose in (50.0, 200.0):
            found = search(config | window, valley, 1, dose, elements=["O"])["O"]
            assert (found.detected, found.area_counts_per_nC, found.energy_eV) == (False, 0.0, None)
            assert 2 < found.area_counts_per_nC_sd < 50


def fits_with(chi_square, inflation=1.0) -> Fits:
    """Fits at centres 2 eV apart of which only chi-square matters."""
    n = len(chi_square)
    nothing = np.zeros((n, 4))
    return Fits(50.0, 1000.0 + 2 * np.arange(n), np.array(chi_square, float), np.full(n, inflation), nothing, nothing, nothing, False, 1.0)  # fmt: skip


@pytest.mark.parametrize("inflation", [0.5, 1.0, 4.0])
def test_the_centre_of_a_parabola_is_its_minimum_and_one_more_chi_square_its_uncertainty(inflation):
    centres = 1000.0 + 2 * np.arange(20)
    centre, sd = fits_with(7 + ((centres - 1012.7) / 3.1) ** 2, inflation).centre()
    assert centre == pytest.approx(1012.7)
    assert sd == pytest.approx(
        3.1 * max(inflation, 1.0) ** 0.5
    )  # a misfit makes it worse, luck no better


@pytest.mark.parametrize(
    ("chi_square", "centre"), [([1, 2, 3, 4], 1000), ([4, 3, 2, 1], 1006), ([9, np.inf, 1, 2, 5], 1004), ([9, 3, 1, np.inf, 5], 1004)]
)  # fmt: skip
def test_a_centre_at_the_end_or_beside_a_dip_is_as_uncertain_as_the_peak_is_wide(chi_square, centre):  # fmt: skip
    assert fits_with(chi_square).centre() == (centre, pytest.approx(50 / 2.3548, rel=1e-4))


def test_an_element_outside_the_spectrum_says_so(config):
    own = spectrum(np.ones(300))
    found = {p.element: p for p in find(own, config, Geometry(config))}
    assert found["O"].area_counts_per_nC is None
    assert not found["O"].detected
    assert found["O"].note == "window outside the spectrum (500 to 1098 eV)"


def test_every_element_of_the_config_has_a_row(demo, config):
    for analysis in demo.values():
        rows = analysis.tables["leis_surface_peaks"]
        assert [r["element"] for r in rows] == config["elements"] * 2
        assert all(isinstance(r["detected"], bool) for r in rows)


@pytest.mark.parametrize("source", inputs("realdata/leis"))
def test_maxima_lie_below_what_a_binary_collision_gives(source, config, tmp_path):
    """Copper in front of its own edge, oxygen, carbon; the file says nothing of the dose."""
    file = SHARED / "realdata/leis/BP_CuSi_230929_BP_CuSi_0V18nm_spot4.txt"
    right = {"Cu": (2342, 6), "O": (1104, 6), "C": (768, 8)}
    if source == "made":
        right = {"Cu": (2337, 6), "O": (1108, 6), "C": (765, 8)}
        counts = (
            edge(2290, 40, 4, 0.25) + peak(2337, 900, 75) + peak(1108, 260) + peak(765, 150) + 0.02
        )
        file = tmp_path / "a.txt"
        write_qtac(file, ENERGY, np.random.default_rng(5).poisson(312 * counts))
    index = {"sample": "cusi", "heating_temperature_degC": "25", "dose_nC": ""}
    result = analyse([index], [file], config | {"elements": ["Cu", "O", "C", "S/P"]})
    peaks = {p["element"]: p for p in result.tables["leis_surface_peaks"]}
    assert peaks["Cu"]["elastic_energy_eV"] == pytest.approx(2384.8, abs=0.1)
    for element, (energy, within) in right.items():
        assert peaks[element]["energy_eV"] == pytest.approx(energy, abs=within), element


@pytest.mark.parametrize("n", [1, 3, 5])
def test_channels_that_were_smoothed_together_count_as_one(n):
    """Of a moving mean over n channels, n carry one value."""
    white = np.random.default_rng(3).normal(size=20000)
    found = correlation(np.convolve(white, np.ones(n) / n, "valid"))
    assert found == pytest.approx(n, rel=0.1)


@pytest.mark.parametrize(
    ("step_eV", "apart_eV"), [(2.0, 24.0), (5.0, 25.0), (12.0, 24.0), (20.0, 40.0)]
)
def test_scatter_is_compared_over_about_24_eV_and_two_channels_at_least(step_eV, apart_eV):
    noise = np.random.default_rng(7).poisson(400, 1000).astype(float)
    found = _smoothed(np.convolve(noise, [0.5, 0.5], "valid"), step_eV)
    assert found is not None and f"of those {apart_eV:g} eV apart" in found[2]


@pytest.mark.parametrize("step_eV", [0.8, 2.0, 3.0, 7.0])
def test_peaks_are_sought_up_to_the_end_of_their_window(config, monkeypatch, step_eV):
    seen = []
    scan = peakfit.scan
    monkeypatch.setattr(peakfit, "scan", lambda *given: seen.append(given[3]) or scan(*given))
    counts = np.random.default_rng(5).poisson(300.0, round(2100 / step_eV))
    own = spectrum(counts / 9.0, 9.0, step_eV)
    (found,) = find(own, config | {"elements": ["O"]}, Geometry(config))
    assert seen[0][0] == found.window_low_eV
    assert abs(seen[0][-1] - found.window_high_eV) <= 0.5 * step_eV
