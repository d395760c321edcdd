"""Spectra that are not the demo's: charged, wrongly dosed, layered, other ions. A wrong reading of each is known."""

from __future__ import annotations

import csv
import math
import re

import numpy as np
import pytest
from coatbench.errors import AnalysisError
from coatbench.leis.analyse import analyse
from coatbench.leis.kinematics import Geometry, UnknownName
from coatbench.leis.peaks import find
from coatbench.readers import read
from coatbench.simulate.leis import PEAKS, simulate
from coatbench.simulate.write_qtac import write_qtac
from conftest import SHARED, inputs

from .conftest import run, spectrum, tables

BARE = {
    f"leis.{name}_{t}": value
    for t in (200, 600)
    for name, value in {
        "near_surface_ratio": 1.0, "gain": 1.0, "area_C": 0.0, "area_O": 240.0, "area_F": 0.0, "area_Na": 120.0,
        "area_SP": 0.0,
    }.items()
}  # fmt: skip
PLENTY = {"leis.dose_nC": 1248.0}


def index_of(truth):
    return [
        {"sample": s, "file": f"{s}.txt", "heating_temperature_degC": "200", "intensity": "counts",
         "dose_nC": f"{truth[s]['leis.dose_nC']:g}"}
        for s in truth
    ]  # fmt: skip


def layer_of(folder, config, own, seed=1, dose="312"):
    """The layer's row and the near-surface window of one simulated sample beside its reference."""
    config = config | {"elements": ["O", "Na"]}  # looking for others takes most of the time
    truth = {"uncoated": BARE | PLENTY, "x": BARE | {"leis.dose_nC": float(dose)} | own}
    found = tables(run(folder, index_of(truth), truth, config, seed), config)
    (row,) = found["leis_layers"]
    near = {r["sample"]: r for r in found["leis_windows"] if r["window"] == "near_surface"}
    return row, near["x"]


def within(row, name, value, sds=2.0):
    return abs(row[name] - value) <= sds * row[f"{name}_sd"]


def test_two_measurements_of_one_surface_differ_by_their_uncertainty(tmp_path, config):
    """No shift and no layer; more counts than the reference, fewer, and very few."""
    within_two = []
    for seed, dose in enumerate(("312", "312", "2000", "30", "30"), 1):
        row, window = layer_of(tmp_path, config, {}, seed=seed, dose=dose)
        assert row["note"].startswith("no layer"), (dose, row)
        assert row["edge_shift_eV_sd"] < 4
        within_two += [within(row, "edge_shift_eV", 0.0), within(row, "edge_scale", 1.0)]
        within_two += [within(window, "relative_to_reference", 1.0)]
        assert row["quality"] == window["quality"] == "ok"
    assert np.mean(within_two) > 0.9


@pytest.mark.parametrize(
    ("own", "note", "level", "shift"),
    [
        ({"leis.dose_error": 0.03}, "no layer", "ok", 0.0),
        ({"leis.charging_eV": -15.0}, "no layer", "doubtful", 0.0),
        (
            {"leis.layer_shift_eV": 40.0, "leis.charging_eV": 20.0},
            "the edge is shifted as by a closed layer", "doubtful", 40.0,
        ),
    ],
)  # fmt: skip
def test_dose_charging_and_layer_are_told_apart(tmp_path, config, own, note, level, shift):
    row, window = layer_of(tmp_path, config, own)
    assert row["note"].startswith(note)
    assert row["quality"] == window["quality"] == level
    assert row["edge_shift_eV"] == pytest.approx(shift, abs=6)
    assert row["edge_scale"] == pytest.approx(1 + own.get("leis.dose_error", 0.0), abs=0.02)
    assert ("charging" in row["quality_note"]) == ("leis.charging_eV" in own)


def test_the_uncertainty_of_the_dose_is_in_ratio_height_and_thickness(tmp_path, config):
    found = [
        layer_of(tmp_path, config | {"dose_ratio_sd": sd}, {"leis.layer_shift_eV": 60.0})
        for sd in (0.0, 0.05)
    ]
    (sharp, near), (wide, near_wide) = found
    counting = near_wide["relative_to_reference_sd_counting"]
    assert near["relative_to_reference_sd"] == counting
    expected = math.hypot(counting, 0.05 * near_wide["relative_to_reference"])
    assert near_wide["relative_to_reference_sd"] == pytest.approx(expected)
    assert wide["edge_scale_sd"] > 0.05 > 0.01 > sharp["edge_scale_sd"]
    assert wide["thickness_nm_sd"] > 5 * sharp["thickness_nm_sd"]
    assert wide["thickness_low_nm"] < sharp["thickness_low_nm"] < sharp["thickness_nm"]
    assert wide["thickness_high_nm"] > sharp["thickness_high_nm"] > sharp["thickness_nm"]


def test_a_shift_without_a_common_peak_may_be_charging(tmp_path, config):
    bare = {f"leis.area_{e}_200": 0.0 for e in ("O", "Na")}
    row, _ = layer_of(tmp_path, config, bare | {"leis.layer_shift_eV": 50.0})
    assert row["quality"] == "doubtful"
    assert "may be charging" in row["quality_note"]
    assert row.get("charging_shift_eV") is None


@pytest.mark.parametrize(
    ("own", "word"),
    [
        ({"leis.charging_eV": 20.0, "leis.area_Na_200": 0.0, "leis.area_Na_600": 0.0}, "charging"),
        ({"leis.charging_eV": 20.0} | {f"leis.area_{e}_{t}": 0.0 for e in ("O", "Na") for t in (200, 600)}, "charging"),
        ({"leis.charging_eV": 150.0}, "charging"),
        ({"leis.dose_error": -0.5}, "dose"),
        ({"leis.dose_error": 0.3}, "dose"),
        ({"leis.near_surface_ratio_200": 0.5, "leis.near_surface_ratio_600": 0.5}, ""),
    ],
)  # fmt: skip
def test_what_may_be_no_coating_is_doubted_in_the_ratio_too(tmp_path, config, own, word):
    row, window = layer_of(tmp_path, config, own)
    assert row["quality"] == window["quality"] == ("doubtful" if word else "ok")
    assert word in window["quality_note"] and word in row["quality_note"]


def test_a_ratio_that_no_coating_gives_is_flagged_and_a_small_one_is_not_used(tmp_path, config):
    for error, level in ((1.5, "doubtful"), (30.0, "unusable")):
        row, window = layer_of(tmp_path, config, {"leis.dose_error": error})
        assert (row["quality"], window["quality"]) == (level, level)
        assert "relative_to_reference" in window["quality_note"]


def test_a_spectrum_on_another_axis_is_compared(tmp_path, config):
    """Channels twice as wide hold twice the counts."""
    found = {}
    for name, step in (("a", 2.0), ("b", 4.0)):
        energy = np.arange(500.0, 2601.0, step)
        tail = 3000 * step * (2700 - energy) / 2200 / (1 + np.exp((energy - 2245) / 25))
        counts = np.random.default_rng(3).poisson(tail)
        write_qtac(tmp_path / f"{name}.txt", energy, counts.astype(float))
        row = {"sample": name, "heating_temperature_degC": "200", "dose_nC": "300"}
        found[name] = analyse([row], [tmp_path / f"{name}.txt"], config)
    (row,) = tables(found, config, reference="a")["leis_layers"]
    assert within(row, "edge_shift_eV", 0.0, 3)
    assert row["edge_scale"] == pytest.approx(1, abs=0.01)


ION = {
    "neon": {"ion_mass_u": 19.99244, "ion_energy_eV": 5000},
    "argon": {"ion_mass_u": 39.962, "ion_energy_eV": 3000},
    "helium 3": {"ion_mass_u": 3.01603, "ion_energy_eV": 3000},
    "helium at 20 keV": {"ion_energy_eV": 20000},
}


@pytest.mark.parametrize("ion", list(ION))
def test_no_depth_from_the_stopping_of_another_ion(tmp_path, config, ion):
    own = config | ION[ion]
    top = ION[ion]["ion_energy_eV"]
    energy = np.arange(60.0, top, 4.0)
    write_qtac(tmp_path / "a.txt", energy, np.random.default_rng(1).poisson(500, len(energy)).astype(float))  # fmt: skip
    index = {"sample": "a", "heating_temperature_degC": "25", "dose_nC": "300"}
    found = analyse([index], [tmp_path / "a.txt"], own)
    rows = {r["window"]: r for r in found.tables["leis_windows"]}
    assert rows["whole"]["counts_per_nC"] > 0
    for row in rows.values():
        if ion == "neon":
            continue
        assert row.get("depth_far_nm") is None
        assert row.get("depth_mean_nm") is None
        assert row["quality_note"]
    if ion == "neon":
        # Neon comes out of 3 nm with less energy than the table begins with; of half of that it tells.
        assert re.search(
            r"reaches 1\.\d nm deep, the window 3 nm", rows["depth_1_3nm"]["quality_note"]
        )
        shallow = own["windows"] | {"depth_1_3nm": {"near_nm": 1, "far_nm": 1.5}}
        again = analyse([index], [tmp_path / "a.txt"], own | {"windows": shallow})
        row = next(r for r in again.tables["leis_windows"] if r["window"] == "depth_1_3nm")
        assert row["depth_near_nm"] == pytest.approx(1, abs=0.01)
        assert row["depth_far_nm"] == pytest.approx(1.5, abs=0.01)
        assert row["counts_per_nC"] > 0
    else:
        assert rows["depth_1_3nm"]["quality"] == "unusable"
        assert any("no stopping power" in w for w in found.warnings)
    peaks = {r["element"]: r for r in found.tables["leis_surface_peaks"]}
    assert list(peaks) == config["elements"]
    if ion == "argon":
        assert "does not scatter" in peaks["C"]["note"]
        assert rows["near_surface"]["quality"] == "unusable"
        assert "no window" in rows["near_surface"]["quality_note"]
    collected = tables({"a": found}, own, reference="a")
    energies = {r["element"]: r["elastic_energy_eV"] for r in collected["leis_elastic_energies"] if not r["isotope"]}  # fmt: skip
    assert (energies["C"] is None) == (ion in ("neon", "argon"))


def test_a_word_that_no_table_knows_is_a_line(config):
    own = config | {"elements": ["Unobtainium"]}
    with pytest.raises(UnknownName, match="config: leis: no isotopes of 'Unobtainium'"):
        find(spectrum(np.ones(1051)), own, Geometry(own))


ENERGY = 500.0 + 2 * np.arange(1051)
SHAPES = {
    "flat": np.full(1051, 5.0),
    "kinked": 3 + 4 * np.abs(ENERGY - 1500) / 1000,
    "wavy": 6 + 1.5 * np.sin(ENERGY / 180),
    "buried metal": 1 + 6 * np.exp(-0.5 * ((ENERGY - 2050) / 190) ** 2),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_no_peak_is_detected_where_there_is_none(config, shape):
    found = [
        p
        for seed in range(4)
        for dose in (100.0, 600.0)
        for p in find(
            spectrum(np.random.default_rng(seed).poisson(SHAPES[shape] * dose) / dose, dose),
            config,
            Geometry(config),
        )
    ]
    assert [(p.element, p.significance) for p in found if p.detected] == []


GIVEN = {
    "uncoated": PLENTY, "copy": {}, "dose_2_percent_low": {"leis.dose_error": -0.02},
    "charged_20eV": {"leis.charging_eV": 20.0}, "closed_60eV": {"leis.layer_shift_eV": 60.0},
}  # fmt: skip


@pytest.fixture(scope="module", params=inputs("cases/leis"))
def cases(request, config, tmp_path_factory):
    config = config | {"elements": ["O", "Na", "S/P"]}
    if request.param == "made":
        truth = {s: BARE | {"leis.dose_nC": 312.0} | own for s, own in GIVEN.items()}
        folder = tmp_path_factory.mktemp("cases")
        return tables(run(folder, index_of(truth), truth, config, 1), config)
    folder = SHARED / "cases" / "leis"
    with (folder / "index.csv").open(encoding="utf-8", newline="") as stream:
        index = list(csv.DictReader(stream))
    return tables({r["sample"]: analyse([r], [folder / r["file"]], config) for r in index}, config)


@pytest.mark.parametrize(
    ("sample", "ratio", "shift", "shift_sd", "word"),
    [
        ("copy", 1.0, 0.0, None, "no layer"),
        ("dose_2_percent_low", 0.98, 0.0, None, "no layer"),
        ("charged_20eV", None, 0.0, 6.0, "no layer"),
        ("closed_60eV", None, 60.0, 4.0, "closed layer"),
    ],
)
def test_given_situations(cases, sample, ratio, shift, shift_sd, word):
    row = next(r for r in cases["leis_layers"] if r["sample"] == sample)
    assert word in row["note"]
    assert abs(row["edge_shift_eV"] - shift) <= (shift_sd or 2 * row["edge_shift_eV_sd"])
    if ratio:
        counting = next(
            r["relative_to_reference_sd_counting"]
            for r in cases["leis_windows"]
            if r["sample"] == sample and r["window"] == "near_surface"
        )
        assert row["ratio"] == pytest.approx(ratio, abs=2 * counting)
    charged = sample == "charged_20eV"
    assert row["quality"] == ("doubtful" if charged else "ok")
    if not charged:
        assert row["edge_scale"] == pytest.approx(ratio or 1.0, abs=0.01)


def test_given_surface_peaks(cases, request):
    peaks = {r["element"]: r for r in cases["leis_surface_peaks"] if r["sample"] == "uncoated"}
    made = request.node.callspec.params["cases"] == "made"
    for element, handed_eV in {"O": 1137, "Na": 1531}.items():
        planted = PEAKS[element][0] if made else handed_eV
        assert peaks[element]["energy_eV"] == pytest.approx(planted, abs=3)
    assert not peaks["S/P"]["detected"]


@pytest.mark.parametrize("source", inputs("cases/leis"))
def test_given_neon(tmp_path, config, source):
    path = tmp_path / "neon.txt"
    if source == "made":
        write_qtac(
            path,
            np.arange(60.0, 5000.0, 4.0),
            np.random.default_rng(1).poisson(500, 1235).astype(float),
        )
    else:
        path = SHARED / "cases" / "leis" / "neon_5keV.txt"
    own = config | ION["neon"] | {
        "elements": ["Mn/Co/Ni"], "windows": {"near_surface": {"low": 1100, "high": "Ni"}},
    }  # fmt: skip
    index = {"sample": "neon", "heating_temperature_degC": "25", "dose_nC": "300"}
    (row,) = analyse([index], [path], own).tables["leis_windows"]
    assert row["energy_high_eV"] == pytest.approx(1370, abs=1)
    assert 0 < row["depth_far_nm"] < 1
    assert row["counts_per_nC"] > 0


# --- what a newcomer does ----------------------------------------------------------------------------


def given_wrong(folder, config, change=None, both=True, index=None):
    """Tables of a sample beside its reference, whose exports or index rows are not what they should be."""
    config = config | {"elements": ["O"]}
    truth = {s: BARE | {"leis.dose_nC": 312.0} for s in ("uncoated", "x")}
    found = {}
    for s in truth:
        row = {"sample": s, "file": f"{s}.txt", "heating_temperature_degC": "200", "intensity": "counts", "dose_nC": "312"}  # fmt: skip
        simulate(s, [row], folder, truth[s], {}, 1)
        if both or s == "x":
            energy, counts = read(folder / row["file"], "leis").sets[0].to_xarray().pipe(lambda d: (d.energy_eV.values, d.intensity.values))  # fmt: skip
            write_qtac(folder / row["file"], *(change or (lambda e, c: (e, c)))(energy, counts))
            row |= index or {}
        found[s] = analyse([row], [folder / row["file"]], config)
    return tables(found, config)


@pytest.mark.parametrize(
    ("change", "index", "said"),
    [
        (lambda e, c: (e / 1000, c), {}, "keV"),
        (lambda e, c: (e, c / 312), {}, "expected counts_per_nC"),
        (lambda e, c: (e, c), {"intensity": "counts_per_nC"}, "expected counts: they are whole numbers"),
        (lambda e, c: (e * 5 / 3, c), {}, "above their own 3000 eV"),
    ],
)  # fmt: skip
def test_another_unit_is_refused(tmp_path, config, change, index, said):
    with pytest.raises(AnalysisError, match=said):
        given_wrong(tmp_path, config, change, index=index)


@pytest.mark.parametrize(
    ("change", "both", "index", "said"),
    [
        (lambda e, c: (e, c / 120), False, {}, "one event is 0.00833"),
        (lambda e, c: (e, (c + 300) / 97.3), False, {}, "as the reference's"),
        (lambda e, c: (e, c / 312), True, {"intensity": "counts_per_nC", "dose_nC": "3120"}, "another dose"),
        (lambda e, c: (e, np.convolve(np.pad(c, 5, "edge"), np.ones(11) / 11, "valid")), False, {}, "go together"),
    ],
)  # fmt: skip
def test_another_scale_is_doubted(tmp_path, config, change, both, index, said):
    """Counts per second beside counts were a coverage of 99.7 %; counts that were smoothed were refused as counts per nC."""
    found = given_wrong(tmp_path, config, change, both, index)
    rows = [
        r for r in found["leis_windows"] if r["sample"] == "x" and r["window"] == "near_surface"
    ]
    if said == "go together":  # smoothing keeps sums, and what they are uncertain by
        assert rows[0]["counts_per_nC_sd"] == pytest.approx((rows[0]["counts_per_nC"] / 312) ** 0.5, rel=0.1)  # fmt: skip
    rows += found["leis_layers"]
    assert all(r["quality"] in ("doubtful", "unusable") and said in r["quality_note"] for r in rows)


@pytest.mark.parametrize(
    ("changed", "change"),
    [({"scattering_angle_deg": 95}, None), ({"edge_element": "Zr"}, None), ({}, lambda e, c: (e / 2 + 1, c))],
)  # fmt: skip
def test_energies_that_do_not_fit_the_config_are_named(tmp_path, config, changed, change):
    """Another angle, another matrix, channel numbers instead of energies: then no element is known to be absent."""
    found = given_wrong(tmp_path, config | changed, change)
    near = [r for r in found["leis_windows"] if r["window"] == "near_surface"]
    assert all(r["quality"] != "ok" for r in near)
    assert all(
        r["detected"] is None and "ends at" in r["note"] for r in found["leis_surface_peaks"]
    )
