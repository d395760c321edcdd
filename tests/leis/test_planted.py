"""The demo study's LEIS: planted truth comes back, the paper's statements hold, nothing depends on luck."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import yaml
from coatbench.analysis import save_rows
from coatbench.leis.analyse import analyse
from coatbench.leis.edge import edge_shape
from coatbench.leis.kinematics import Geometry, mean_mass_u
from coatbench.leis.layer import _like_another_dose, layers
from coatbench.leis.stopping import energy_of_depth, load
from coatbench.simulate.leis import simulate
from scipy.special import erfc

from .conftest import ROOT, run, tables


def windows(found: dict, name: str = "near_surface") -> dict:
    return {
        (r["sample"], r["heating_temperature_degC"]): r
        for r in found["leis_windows"]
        if r["window"] == name
    }


@pytest.mark.parametrize("seed", [1, 2, 20250311])
def test_near_surface_ratios(tmp_path, index, truth, config, seed):
    found = windows(tables(run(tmp_path, index, truth, config, seed), config))
    for (sample, temperature), row in found.items():
        planted = truth[sample][f"leis.near_surface_ratio_{temperature:g}"]
        assert row["relative_to_reference"] == pytest.approx(planted, rel=0.03)


def test_near_surface_signal_follows_the_coating(demo_tables):
    near = windows(demo_tables)
    at_200 = {s: near[s, 200]["relative_to_reference"] for s in ("c300", "c400", "c700")}
    assert at_200["c300"] < 0.5
    assert at_200["c400"] < 0.5
    assert 0.5 < at_200["c700"] < 1
    for sample in ("c300", "c400"):
        assert near[sample, 600]["relative_to_reference"] > 2 * at_200[sample]


def test_depth_of_the_near_surface_window(demo_tables):
    for row in windows(demo_tables).values():
        assert row["depth_near_nm"] == 0
        assert row["depth_far_nm"] == pytest.approx(3.1, abs=0.05)
        assert 1 <= row["depth_mean_nm"] <= 3


def test_no_metal_in_the_outermost_layer_and_sulfur_of_the_bare_one(demo_tables):
    peaks = {
        (r["sample"], r["heating_temperature_degC"], r["element"]): r
        for r in demo_tables["leis_surface_peaks"]
    }
    assert not any(r["detected"] for key, r in peaks.items() if key[2] == "Mn/Co/Ni")
    assert not peaks["uncoated", 200, "S/P"]["detected"]
    assert peaks["uncoated", 600, "S/P"]["detected"]


def test_intensity_rises_with_heating_and_spectra_become_alike(demo_tables):
    ratios = [r["ratio"] for r in demo_tables["leis_heating"] if r["window"] == "whole"]
    assert len(ratios) == 4
    assert min(ratios) > 1.5
    spread = {r["heating_temperature_degC"]: r for r in demo_tables["leis_spread"]}
    assert spread[600]["spread"] < 0.05 < 0.2 < spread[200]["spread"]


def test_the_reference_is_exactly_one(demo_tables):
    for (sample, _), row in windows(demo_tables).items():
        if sample == "uncoated":
            assert (row["relative_to_reference"], row["relative_to_reference_sd"]) == (1, 0)


def test_no_reference_leaves_ratios_empty(demo, config):
    found = tables(demo, config, reference=None)
    assert all(r["relative_to_reference"] is None for r in found["leis_windows"])
    assert all(r["counts_per_nC"] > 0 for r in found["leis_windows"])
    assert found["leis_layers"] == []


def test_a_dose_twice_as_high_halves_the_normalised_signal(tmp_path, index, truth, config):
    rows = [r for r in index if r["sample"] == "c300"]
    simulate("c300", rows, tmp_path, truth["c300"], {}, 5)
    files = [tmp_path / r["file"] for r in rows]
    plain = analyse(rows, files, config).tables["leis_windows"]
    doubled = analyse([r | {"dose_nC": "624"} for r in rows], files, config).tables["leis_windows"]
    assert [r["counts_per_nC"] / 2 for r in plain] == pytest.approx(
        [r["counts_per_nC"] for r in doubled]
    )


def test_an_export_per_nC_gives_the_same_table(tmp_path, index, truth, config):
    found = []
    for kind in ("counts", "counts_per_nC"):
        rows = [r | {"intensity": kind} for r in index if r["sample"] == "c700"]
        simulate("c700", rows, tmp_path / kind, truth["c700"], {}, 5)
        result = analyse(rows, [tmp_path / kind / r["file"] for r in rows], config)
        found.append([r["counts_per_nC"] for r in result.tables["leis_windows"]])
    assert found[0] == pytest.approx(found[1], rel=1e-5)  # exports have six digits


def test_same_input_same_bytes(tmp_path, index, truth, config):
    texts, files = [], []
    for name in ("a", "b"):
        result = run(tmp_path / name, index[:2], truth, config, 7)["uncoated"]
        save_rows(result, tmp_path / f"{name}.json")
        texts.append((tmp_path / f"{name}.json").read_bytes())
        files.append((tmp_path / name / index[0]["file"]).read_bytes())
    assert texts[0] == texts[1]
    assert files[0] == files[1]


def test_columns_are_those_of_the_schema(demo_tables):
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/leis.yaml").read_text(encoding="utf-8")
    )
    assert set(schema) == set(demo_tables)
    for name, rows in demo_tables.items():
        assert rows, name
        assert not {c for r in rows for c in r} - set(schema[name]), name


def model(config: dict, materials: list[str]) -> dict:
    """What `layers` needs to know besides the measurements."""
    return {
        "window": config["layer_window"],
        "materials": materials,
        "geometry": Geometry(config),
        "edge_element": config["edge_element"],
        "dose_ratio_sd": config["dose_ratio_sd"],
    }


@pytest.mark.parametrize("thickness", [0.5, 1.0, 2.0])
def test_a_closed_layer_of_known_thickness_comes_back(config, thickness):
    """The reference's spectrum, moved down by what ions lose in a layer of one material."""
    geometry = Geometry(config)
    depth, energy = energy_of_depth(load("Li2SO4"), geometry, mean_mass_u("Ni"), "total")
    shift = energy[0] - np.interp(thickness, depth, energy)
    axis = np.arange(500.0, 2601.0, 2.0)
    tail = (10 + (2300 - axis) / 100) * 0.5 * erfc((axis - 2260) / 60)
    moved = np.interp(axis + shift, axis, tail, right=0.0)

    def window(values: np.ndarray) -> float:
        return float(values[(axis >= 1900) & (axis <= 2339.8)].sum())

    row = {
        "sample": "x", "heating_temperature_degC": 200.0, "window": "near_surface",
        "energy_low_eV": 1900.0, "energy_high_eV": 2339.8,
        "relative_to_reference": window(moved) / window(tail), "relative_to_reference_sd": 0.01,
    }  # fmt: skip
    base, coated = (
        xr.Dataset(
            {"intensity": ("energy", v), "intensity_sd": ("energy", 0.01 + 0.01 * v)},
            coords={"energy_eV": ("energy", axis)},
        )
        for v in (tail, moved)
    )
    curves = {"ref": {"T200": base}, "x": {"T200": coated}}
    (found,) = layers([row], curves, "ref", {}, **model(config, ["Li2SO4"]))
    assert found["energy_shift_eV"] == pytest.approx(shift, abs=3)
    assert found["thickness_nm"] == pytest.approx(thickness, rel=0.06)
    assert found["edge_shift_eV"] == pytest.approx(shift, abs=3)
    assert found["note"] == "the edge is shifted as by a closed layer"
    assert found["thickness_low_nm"] <= found["thickness_nm"] < found["thickness_high_nm"]


def counted(intensity: np.ndarray, axis: np.ndarray, seed: int, dose: float = 312.0) -> xr.Dataset:
    counts = np.random.default_rng(seed).poisson(intensity * dose) / dose
    sd = np.sqrt(np.maximum(counts, 1 / dose) / dose)
    return xr.Dataset(
        {"intensity": ("energy", counts), "intensity_sd": ("energy", sd)},
        coords={"energy_eV": ("energy", axis)},
    )


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.3, 0.0), (1.0, 120.0), (0.6, 60.0)])
def test_patches_and_a_closed_layer_are_told_by_the_edge(scale, shift):
    axis = np.arange(1500.0, 2601.0, 4.0)
    tail = 16 * 0.5 * erfc((axis - 2245) / 65) * (1 + (2245 - axis) / 4000)
    moved = scale * np.interp(axis + shift, axis, tail)
    pulls = []
    for seed in range(100):
        base, own = counted(tail, axis, seed), counted(moved, axis, 1000 + seed)
        found = edge_shape(base, own, 1900.0, 2339.8)
        assert found["edge_shift_eV"] == pytest.approx(shift, abs=3)
        assert found["edge_scale"] == pytest.approx(scale, rel=0.02)
        off = (found["edge_shift_eV"] - shift, found["edge_scale"] - scale)
        pulls.append((off[0] / found["edge_shift_eV_sd"], off[1] / found["edge_scale_sd"]))
    # Both uncertainties are right: over 300 pairs the pulls scatter by 0.94 to 0.99, over 20 by 0.66 to 1.5.
    of_shift, of_scale = np.std(pulls, axis=0)
    assert 0.85 < of_shift < 1.15
    assert 0.85 < of_scale < 1.15


@pytest.mark.parametrize("dose", [1.0, 312.0])
def test_a_factor_everywhere_may_be_the_dose_and_another_shape_is_not(dose):
    axis = np.arange(1500.0, 2601.0, 4.0)
    tail = (5000 / dose) * 0.5 * erfc((axis - 2245) / 65) + 100 / dose
    patches = tail * np.where(axis < 2000, 1.0, 0.8)
    base = counted(tail, axis, 1, dose)
    for seed in range(5):
        same, other = (counted(y, axis, 2 + seed, dose) for y in (0.7 * tail, patches))
        assert "times 0.70" in _like_another_dose(base, same).columns()["quality_note"]
        assert _like_another_dose(base, other).columns()["quality"] == "ok"


@pytest.mark.parametrize(("n", "off"), [(3, 1.4), (3, 1.2), (9, 1.4), (9, 1.2)])
def test_few_channels_have_one_degree_of_freedom_less(n, off):
    """Channels that are off by so many standard deviations of the difference: chi-square over n - 1, since the factor is fitted."""
    axis = 1000.0 + 20 * np.arange(n + 1)  # the last one is the end
    m, sd = np.full(n + 1, 100.0), np.full(n + 1, 1.0)
    sign = np.append(np.resize([1.0, -1.0, 0.0], n), 0.0)  # adds up to nothing: the factor is 0.5
    y = 0.5 * m + off * np.sqrt(1 + 0.25) * sign
    base, own = (
        xr.Dataset({"intensity": ("energy", v), "intensity_sd": ("energy", sd)}, coords={"energy_eV": ("energy", axis)})
        for v in (m, y)
    )  # fmt: skip
    reduced = off**2 * (2 / 3 * n) / (n - 1)
    assert (_like_another_dose(base, own).columns()["quality"] == "ok") == (reduced > 1.6)


def test_an_edge_that_moved_out_of_sight_has_no_shift():
    axis = np.arange(500.0, 2601.0, 2.0)
    tail = 8 * 0.5 * erfc((axis - 2245) / 65) * (1 + (2245 - axis) / 4000)
    for seed in range(5):
        own = counted(np.interp(axis + 620, axis, tail), axis, seed)
        assert edge_shape(counted(tail, axis, 9 + seed), own, 1500.0, 2339.8) == {}


@pytest.mark.parametrize("step", [2.0, 5.0, 8.0])
def test_a_brighter_edge_is_the_references_whatever_its_channels(step):
    """With wide channels it was none of the reference's from 1.3 times its height on."""
    axis = np.arange(1500.0, 2601.0, step)
    tail = 2 * step * 0.5 * erfc((axis - 2245) / 42) * (1 + (2245 - axis) / 4000)
    base = counted(tail, axis, 1, 60.0)
    for seed in range(5):
        found = edge_shape(base, counted(1.4 * tail, axis, 2 + seed, 60.0), 1900.0, 2339.8)
        assert abs(found["edge_shift_eV"]) < 4 * found["edge_shift_eV_sd"] < 12
        assert abs(found["edge_scale"] - 1.4) < 4 * found["edge_scale_sd"] < 0.08
        assert edge_shape(base, counted(1.7 * tail, axis, 20 + seed, 60.0), 1900.0, 2339.8) == {}


def test_where_no_edge_is_left_there_is_none_and_one_percent_is_seen():
    """What dark counts make of an edge was of no height and, as it had not moved, patches."""
    axis = np.arange(1500.0, 2601.0, 5.0)
    tail = 16 * 0.5 * erfc((axis - 2245) / 65) * (1 + (2245 - axis) / 4000)
    for seed in range(20):
        base = counted(tail + 0.01, axis, 100 + seed)
        nothing, little = (counted(n * tail + 0.01, axis, seed) for n in (0.0, 0.01))
        assert edge_shape(base, nothing, 1900.0, 2339.8) == {}
        found = edge_shape(base, little, 1900.0, 2339.8)
        assert found["edge_scale"] == pytest.approx(0.01, abs=4 * found["edge_scale_sd"])


def test_the_demo_coating_is_patches(demo_tables):
    for row in demo_tables["leis_layers"]:
        if row["heating_temperature_degC"] == 200:
            assert "not shifted" in row["note"]
            assert abs(row["edge_shift_eV"]) < 5
            assert row["edge_scale"] == pytest.approx(row["ratio"], rel=0.03)


@pytest.mark.parametrize(
    ("ratio", "note"),
    [(1.2, "more signal than the reference"), (0.0, "no signal left")],
)
def test_no_thickness_where_the_model_has_none(demo, config, ratio, note):
    row = {
        "sample": "x", "heating_temperature_degC": 200.0, "window": "near_surface",
        "energy_low_eV": 1900.0, "energy_high_eV": 2339.8,
        "relative_to_reference": ratio, "relative_to_reference_sd": 0.01,
    }  # fmt: skip
    curves = {"uncoated": demo["uncoated"].curves}
    (found,) = layers([row], curves, "uncoated", {}, **model(config, config["layer_materials"]))
    assert note in found["note"]
    assert "thickness_nm" not in found


def test_two_spectra_of_one_temperature_are_refused(tmp_path, index, truth, config):
    from coatbench.errors import AnalysisError

    rows = [r for r in index if r["sample"] == "c300"]
    simulate("c300", rows, tmp_path, truth["c300"], {}, 5)
    twice = [rows[0], rows[1] | {"heating_temperature_degC": "200"}]
    with pytest.raises(AnalysisError, match="one spectrum per sample and heating temperature"):
        analyse(twice, [tmp_path / r["file"] for r in twice], config)


def test_a_sample_of_another_temperature_is_simulated(tmp_path, truth, config):
    """Samples that the truth does not name are interpolated: the numbers have to allow it."""
    from coatbench.simulate.truth import truth_of

    samples = [
        {"sample": "uncoated", "role": "uncoated", "annealing_temperature_degC": ""},
        *(
            {"sample": f"c{t:03d}", "role": "coated", "annealing_temperature_degC": str(t)}
            for t in (25, 100, 200, 300, 350, 400, 500, 600, 700)
        ),
    ]
    own = truth_of("c350", samples, truth)
    row = {
        "sample": "c350",
        "file": "a.txt",
        "heating_temperature_degC": "400",
        "intensity": "counts",
    }
    simulate("c350", [row], tmp_path, own, {}, 3)
    found = analyse([row], [tmp_path / "a.txt"], config)
    assert found.tables["leis_windows"][0]["counts_per_nC"] > 0
