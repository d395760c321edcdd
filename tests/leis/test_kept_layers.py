"""What the room makes of samples beside their reference, far from the shipped configuration, held number by number (`kept_numbers`)."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.leis.charging import charging
from coatbench.leis.compare import heating_ratios, spread
from coatbench.leis.edge import edge_shape
from coatbench.leis.kinematics import Geometry
from coatbench.leis.layer import _like_another_dose, _verdict, layers
from coatbench.leis.scale import off_energies, top_energy_eV, unlike_scatter
from kept_numbers import hold

from .conftest import tables
from .drawn import KEPT, expected, geometry, known, measured


def curve(intensity: np.ndarray, energy: np.ndarray, dose: float, seed: int | None) -> Arrays:
    """A measured curve; without a seed the expected one."""
    counts = intensity if seed is None else np.random.default_rng(seed).poisson(intensity * dose) / dose  # fmt: skip
    variables = {
        "intensity": ("energy", counts), "intensity_sd": ("energy", np.sqrt(np.maximum(counts, 1 / dose) / dose)),
    }  # fmt: skip
    return Arrays.of(variables, {"energy_eV": ("energy", energy)}, {"dose_nC": dose})


FINE, COARSE = np.arange(800.0, 2120.0, 5.0), np.arange(802.0, 2120.0, 8.0)
SHORT = np.arange(800.0, 1980.0, 5.0)
# Axis, dose, and what is done to the reference's shape.
COATED = {
    "alike": (FINE, 60.0, {}), "closed": (FINE, 60.0, {"shift_eV": 70.0}), "patches": (FINE, 60.0, {"uncovered": 0.55}),
    "in part": (FINE, 60.0, {"shift_eV": 15.0, "uncovered": 0.7}), "charged": (FINE, 60.0, {"charging_eV": 18.0}),
    "higher": (FINE, 60.0, {"shift_eV": -22.0}), "a little": (FINE, 60.0, {"shift_eV": 4.0}), "brighter": (FINE, 60.0, {"uncovered": 1.3}),
    "wider channels": (COARSE, 60.0, {"shift_eV": 70.0, "height": 1.6 * 6, "dark": 0.016}), "short": (SHORT, 60.0, {"uncovered": 0.55}),
    "few": (FINE, 0.5, {"shift_eV": 30.0}), "nearly gone": (FINE, 60.0, {"uncovered": 0.02}), "gone": (FINE, 60.0, {"uncovered": 0.0}),
    "out of sight": (FINE, 60.0, {"shift_eV": 560.0}), "much brighter": (FINE, 60.0, {"uncovered": 1.8}),
}  # fmt: skip


def coated(what: str, seed: int | None) -> Arrays:
    energy, dose, changes = COATED[what]
    return curve(expected(energy, geometry("helium"), edge="Co", **changes), energy, dose, seed)


def test_kept_edges():
    base = coated("alike", 1)
    edge = geometry("helium").energy_eV("Co")
    found = {
        what: edge_shape(base, coated(what, 2), low, edge) for low in (1750.0,) for what in COATED
    }
    found["a narrow window"] = edge_shape(base, coated("closed", 2), 1950.0, edge)
    found["too few channels"] = edge_shape(base, coated("closed", 2), edge + 45, edge)
    found["exact"] = edge_shape(coated("alike", None), coated("patches", None), 1750.0, edge)
    found["nothing of the reference"] = edge_shape(coated("gone", 1), coated("patches", 2), 1750.0, edge)  # fmt: skip
    hold(KEPT / "edges.csv", found)


def surface(*shifted: tuple[str, float, float]) -> list[dict]:
    """Rows of surface peaks that stand lower than 1000 eV by so much."""
    return [{"element": e, "detected": True, "energy_eV": 1000.0 - s, "energy_eV_sd": sd} for e, s, sd in shifted]  # fmt: skip


def charge(*own: tuple[str, float, float], base: tuple[str, ...] = ("O", "Na", "F", "Ni")):
    return charging(surface(*((e, 0.0, 0.8) for e in base)), surface(*own), 2.0, ["Ni"])


def test_kept_charging():
    cases = {
        "none": charge(), "other": charge(("S", 9, 1)), "the edge itself": charge(("Ni", 9, 1)), "one": charge(("O", 12, 1)),
        "up": charge(("O", -12, 1)), "alike": charge(("O", 9, 1), ("Na", 11, 2)), "small": charge(("O", 5, 1), ("F", 6, 2), ("Ni", 90, 1)),
        "contradicting": charge(("O", 0, 1), ("Na", 30, 2), ("F", 28, 1)), "just seen": charge(("O", 8.5, 1)), "lighter": charge(("O", 9, 0.1), ("Na", 30, 5.0)),
    }  # fmt: skip
    unseen = [r | {"detected": False} for r in surface(("O", 9, 1))]
    cases["not detected"] = charging(surface(("O", 0, 1)), unseen, 2.0, [])
    cases["not detected in the reference"] = charging(unseen, surface(("O", 0, 1)), 2.0, [])
    found = {k: c and {"shift": c.shift_eV, "sd": c.shift_eV_sd, "of": c.elements, "note": c.note} for k, c in cases.items()}  # fmt: skip
    hold(KEPT / "charging.csv", found)


def layer_rows(charges: dict, name: str = "helium", materials: tuple[str, ...] = ("Al2O3", "Li3PO4")) -> list[dict]:  # fmt: skip
    """Layers of all that is coated, their ratios as they were drawn."""
    edge = geometry("helium").energy_eV("Co")
    curves = {what: {"T50": coated(what, i)} for i, what in enumerate(COATED)}
    curves["bare"] = {"T50": coated("alike", 99)}

    def inside(own: Arrays) -> float:
        energy = own["energy_eV"]
        return float(own["intensity"][(energy >= 1750) & (energy <= edge)].sum())

    rows = [
        {
            "sample": what, "heating_temperature_degC": 50.0, "window": "w", "energy_low_eV": 1750.0, "energy_high_eV": edge,
            "relative_to_reference": inside(sets["T50"]) / inside(curves["bare"]["T50"]), "relative_to_reference_sd": 0.03,
        }
        for what, sets in curves.items()
    ]  # fmt: skip
    rows += [rows[0] | {"sample": "negative", "relative_to_reference": -0.01}]
    rows += [rows[0] | changed for changed in ({"window": "other"}, {"relative_to_reference": None}, {"heating_temperature_degC": 90.0})]  # fmt: skip
    charged = {(what, 50.0): c for what, c in charges.items()}
    return layers(
        rows, curves, "bare", charged, window="w", materials=materials, geometry=geometry(name), edge_element="Co", dose_ratio_sd=0.015,
    )  # fmt: skip


def test_kept_verdicts():
    """On both sides of each limit: standard uncertainties of shift and height, share of the shift that is needed."""
    found = {
        f"{shift} {height} {needed} {small}": _verdict(
            {"edge_shift_eV": 10 * shift, "edge_shift_eV_sd": 10.0, "edge_scale": 1 + 0.1 * height, "edge_scale_sd": 0.1, "energy_shift_eV": needed},
            charge(("O", 5, 1)) if small else None,
        )
        for shift in (-3.5, 2.5, 3.5) for height in (-2.5, -1.5, 2.5) for needed in (None, 42.0, 65.0) for small in (False, True)
    }  # fmt: skip
    base = coated("alike", 1)
    shapes = {n: curve(0.8 * expected(FINE, geometry("helium"), edge="Co", height=6 + n * (FINE > 1500)), FINE, 60.0, 3) for n in (0, 0.25, 0.35, 0.5, 1)}  # fmt: skip
    found["doses"] = {n: _like_another_dose(base, own).note for n, own in shapes.items()}
    hold(KEPT / "verdicts.csv", found)


def test_kept_layers():
    hold(KEPT / "layers.csv", {r.pop("sample"): r for r in known(layer_rows({}))})


def test_kept_layers_of_charged_samples():
    seen, small = charge(("O", 20, 1), ("Na", 16, 1.5)), charge(("O", 4, 1.5))
    charges = dict.fromkeys(("closed", "charged", "patches", "higher"), seen) | dict.fromkeys(("a little", "in part", "alike"), small)  # fmt: skip
    rows = [r for r in known(layer_rows(charges, "neon", ("ZrO2",))) if r["sample"] in charges]
    hold(KEPT / "layers_charged.csv", {r.pop("sample"): r for r in rows})
    rows = layer_rows({}, "argon")
    hold(KEPT / "layers_without_stopping.csv", {"rows": known(rows[:3])})


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_channels_are_held_against_those_of_the_reference_and_not_against_counts(factor):
    """Both may be scaled alike: intensities that are ten times the counts, or a tenth of them."""
    bare = coated("alike", 1)
    alike, other = scaled(bare, factor), scaled(bare, 10 * factor)
    assert unlike_scatter(alike, alike) == unlike_scatter(alike, scaled(bare, 1.1 * factor)) == ""
    assert "scatter 10 times as much" in unlike_scatter(alike, other)


def test_kept_scales():
    bare = {"T50": coated("alike", 1), "T90": coated("patches", 2)}
    found = {
        "tops": {what: top_energy_eV(coated(what, 3)) for what in COATED},
        "off": [off_energies(bare, geometry(name), e) for name in ("helium", "neon") for e in ("Co", "Zr", "W")],
        "unlike": [unlike_scatter(bare["T50"], own) for own in (bare["T90"], *(scaled(bare["T50"], f) for f in (0.2, 0.4, 2.5, 5)))],
    }  # fmt: skip
    hold(KEPT / "scales.csv", found)


def scaled(spectrum: Arrays, factor: float) -> Arrays:
    return spectrum.assign({n: ("energy", factor * spectrum[n]) for n in ("intensity", "intensity_sd")})  # fmt: skip


def test_kept_heating_and_spread():
    rows = [
        {
            "sample": s, "window": "w", "heating_temperature_degC": t, "energy_low_eV": 900.0, "energy_high_eV": 1900.0, "counts_per_nC": n, "counts_per_nC_sd": n and 0.02 * n,
            "relative_to_reference": r, "relative_to_reference_sd": r and 0.03, "quality": q,
        }
        for s, t, n, r, q in (
            ("a", 350.0, 90.0, 1.0, "ok"), ("a", 50.0, 60.0, 1.0, "ok"), ("a", 600.0, 200.0, 1.0, "unusable"),
            ("b", 50.0, 30.0, 0.5, "ok"), ("b", 350.0, 70.0, 0.8, "doubtful"), ("b", 600.0, 75.0, None, "ok"),
            ("c", 50.0, None, None, "ok"), ("c", 350.0, 75.0, None, "ok"), ("d", 50.0, 0.0, 0.0, "ok"), ("d", 350.0, 5.0, 0.1, "ok"),
        )
    ]  # fmt: skip
    names = ("alike", "patches", "closed", "wider channels", "short")
    curves = {what: {"T50": coated(what, i), "T350": coated(what, 9 - i)} for i, what in enumerate(names)}  # fmt: skip
    del curves["alike"]["T350"], curves["patches"]["T350"]
    found = {"heating": known(heating_ratios(rows, 0.015)), "spread": known(spread(curves, names, 900.0, 2050.0, 40.0))}  # fmt: skip
    curves["nothing"] = {"T50": curve(0 * FINE, FINE, 60.0, None)}
    found["nothing"] = spread(curves, ("alike", "nothing", "closed"), 900.0, 2050.0, 40.0)
    found["of exact shapes"] = spread({n: {"T50": coated(n, None)} for n in names[:2]}, names[:2], 805.0, 1510.0, 35.0)  # fmt: skip
    hold(KEPT / "heating_and_spread.csv", found)


# --- a whole study ---------------------------------------------------------------------------------------

STUDY = {
    "ion_energy_eV": 2500, "scattering_angle_deg": 130, "incidence_angle_deg": 20, "beam_current_nA": 0.5, "beam_current_nA_sd": 0.02,
    "acquisition_time_s": 150, "analysis_area_mm2": 2.5, "matrix_material": "LiCoO2", "edge_element": "Co", "layer_window": "near",
    "windows": {"near": {"low": 1750, "high": "Co"}, "all": {"low": None, "high": None}, "off": {"low": "C", "high": 900}, "up": {"low": 1750, "high": None}, "down": {"low": None, "high": 1750}},
    "layer_materials": ["Al2O3", "LiNbO3"], "elements": ["O", "Na", "Co"], "dose_ratio_sd": 0.03, "peak_position_sd_eV": 1.5,
    "spread_range_eV": [850, 2100], "spread_bin_eV": 50, "plausible": {"relative_to_reference": {"doubtful": [0.1, 1.5], "unusable": [0.02, 5]}},
}  # fmt: skip
PEAKS = {"O": (40.0, 48.0), "Na": (25.0, 52.0)}
AXIS, WIDE = np.arange(802.0, 2122.0, 4.0), np.arange(805.0, 2122.0, 6.0)
# Heating temperature: axis, what is done to the reference's shape, factor on the intensities, cells of the index.
SAMPLES = {
    "bare": {"50": (AXIS, {}, 1), "350": (AXIS, {"height": 9.0}, 1), "600": (AXIS, {"height": 3.0}, 1)},
    "closed": {"50": (AXIS, {"shift_eV": 60.0}, 1), "350": (WIDE, {"height": 13.0, "shift_eV": 30.0}, 1)},
    "patches": {"50": (AXIS, {"uncovered": 0.5, "peaks": {"O": (70.0, 48.0), "Na": (5.0, 52.0)}}, 1)},
    "charged": {"50": (AXIS, {"charging_eV": 25.0}, 1), "350": (AXIS, {"height": 9.0, "charging_eV": -14.0}, 1)},
    "scaled": {"50": (AXIS, {"uncovered": 0.8}, 1 / 9.7)}, "gone": {"50": (AXIS, {"uncovered": 0.0}, 1)},
    "bright": {"50": (AXIS, {"height": 11.0}, 1), "350": (AXIS, {"height": 60.0}, 1)},
}  # fmt: skip


@pytest.fixture(scope="module")
def study(config, tmp_path_factory) -> dict:
    own = config | STUDY
    found = {}
    for i, (sample, spectra) in enumerate(SAMPLES.items()):
        rng = np.random.default_rng(i)
        drawn = {
            t: (axis, factor * rng.poisson(75 * expected(axis, Geometry(own), edge="Co", **{"peaks": PEAKS} | changes)))
            for t, (axis, changes, factor) in spectra.items()
        }  # fmt: skip
        cells = {"dose_nC": "75"} if sample in ("closed", "scaled") else {}
        found[sample] = measured(tmp_path_factory.mktemp("kept"), sample, drawn, own, **cells)
    reference = tables(found, own, "bare")
    unknown = tables({s: found[s] for s in ("patches", "charged")}, own, "closed")
    return {"jobs": found, "tables": reference, "of another reference": unknown}


# What other tests hold.
HELD = ("window_low_eV", "window_high_eV", "elastic_energy_eV", "energy_low_eV", "energy_high_eV", "depth_near_nm", "depth_near_electronic_nm", "depth_far_electronic_nm", "n_channels")  # fmt: skip


@pytest.mark.parametrize("table", ["spectra", "windows", "surface_peaks", "layers", "heating", "spread"])  # fmt: skip
def test_kept_study(study, table):
    rows = known(study["tables"][f"leis_{table}"])
    if table in ("windows", "surface_peaks"):
        rows = [r for r in rows if r["heating_temperature_degC"] == 50 or r["sample"] != "bare"]
    if table == "windows":
        rows = [r for r in rows if r["window"] in ("near", "all") or r["sample"] == "charged"]
    made = [f"{r['sample']} {r['heating_temperature_degC']:g}" if "sample" in r and "heating_temperature_degC" in r else "" for r in rows]  # fmt: skip
    kept = {f"{i} {name}": {k: v for k, v in r.items() if k not in (*HELD, "sample", "heating_temperature_degC", "file")} for i, (name, r) in enumerate(zip(made, rows, strict=True))}  # fmt: skip
    hold(KEPT / f"study_{table}.csv", kept)


def test_kept_curves(study):
    names = ("intensity", "intensity_sd", "peak_background", "peak_model", "energy_eV", "depth_total_nm", "depth_electronic_nm")  # fmt: skip
    sets = {s: study["jobs"][s].curves for s in ("closed", "scaled")}
    found = {s: {t: {n: c[n] for n in names} | c.attrs for t, c in own.items()} for s, own in sets.items()}  # fmt: skip
    hold(KEPT / "study_curves.csv", {"curves": found, "warnings": study["jobs"]["scaled"].warnings})


def test_kept_study_without_a_reference_of_every_temperature(study):
    rows = study["of another reference"]
    names = ("sample", "heating_temperature_degC", "window", "relative_to_reference", "relative_to_reference_sd", "quality", "quality_note")  # fmt: skip
    found = {t: [{k: r[k] for k in names if k in r} for r in known(rows[f"leis_{t}"])] for t in ("windows", "layers")}  # fmt: skip
    hold(KEPT / "study_of_another_reference.csv", found)
