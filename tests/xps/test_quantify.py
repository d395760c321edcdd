"""From areas to atoms, coverage and thickness: against numbers worked out by hand."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.errors import AnalysisError
from coatbench.xps.analyse import analyse
from coatbench.xps.asymmetry import anisotropy, beta
from coatbench.xps.attenuation import (
    attenuation_nm,
    lattice_length_nm,
    length_of,
    seah_s3_nm,
    tpp_2m_nm,
)
from coatbench.xps.collect import collect, order_rows
from coatbench.xps.coverage import (
    Amount,
    Setting,
    average,
    coverage,
    spot_amounts,
)
from coatbench.xps.layers import thickness
from coatbench.xps.quantify import phi_transmission, rsf, rsf_tables, transmission
from coatbench.xps.region import integrate

from .made_exports import Exports


# T relative to S 2p at a pass energy of 29.35 eV, as tabulated for three instruments' coefficients.
@pytest.mark.parametrize(
    ("a", "b", "line_eV", "expected"),
    [
        (180.254, 0.348, 285, 1.004),
        (180.254, 0.348, 855, 1.016),
        (31.886, 0.228, 285, 1.029),
        (31.886, 0.228, 531, 1.092),
        (40, 0.2, 855, 1.120),
        (40, 0.2, 133, 0.995),
    ],
)
def test_phi_transmission(a: float, b: float, line_eV: float, expected: float) -> None:
    ratio = phi_transmission(1486.6 - line_eV, 29.35, a, b) / phi_transmission(
        1486.6 - 164, 29.35, a, b
    )
    assert ratio == pytest.approx(expected, abs=0.0035)


def test_sensitivity_factors_are_of_whole_doublets() -> None:
    assert rsf("scofield", "Ni 2p") == pytest.approx(14.61 + 7.57, abs=0.01)
    assert rsf("scofield", "S 2p") == pytest.approx(1.11 + 0.567, abs=0.001)
    assert rsf("kratos_f1s", "F 1s") == rsf("wagner", "F 1s") == 1
    assert rsf("wagner", "Mo 3d") is None
    assert rsf("scofield", "Mo 3d", {"Mo 3d": 9.5}) == 9.5
    assert set(rsf_tables()) == {"scofield", "kratos_f1s", "wagner"}


def test_a_pass_energy_that_is_not_known_leaves_the_transmission_to_the_file() -> None:
    attrs = {"transmission_coefficients": (180.254, 0.348), "pass_energy_eV": 0.0}
    kinetic = {"kinetic_energy_eV": ("energy", [1000.0, 900.0])}  # falls, as binding energies rise
    block = Arrays.of(kinetic | {"transmission": ("energy", [1.0, 2.0])}, attrs=attrs)
    assert transmission(block, 925.0) == (pytest.approx(1.75), "file")
    assert transmission(Arrays.of(kinetic, attrs=attrs), 925.0) == (1.0, "none")


def rows(**areas: float) -> list[dict]:
    names = {"s": "S 2p", "p": "P 2p", "ni": "Ni 2p", "lattice": "O 1s", "c": "C 1s"}
    parts = {"ni": "nickel", "lattice": "lattice"}
    found = []
    for key, area in areas.items():
        for component in ("total", parts.get(key, key)):
            found.append(
                {
                    "region": names[key], "component": component, "area_cps_eV": area,
                    "area_cps_eV_sd": 0.01 * area, "transmission": 1.0,
                }
            )  # fmt: skip
    return found


def test_eq_1_by_hand(config: dict) -> None:
    # 3 atoms of S, 1 of P and 2 of Ni: coverage 4/6.
    found = spot_amounts(rows(s=3 * 1.677, p=1.192, ni=2 * 22.18), "scofield", Setting.of(config))[
        "eq1"
    ]
    assert found.value == pytest.approx(4 / 6)
    assert found.sd == pytest.approx(
        4 / 6 * 2 / 6 * math.hypot(0.01, 0.01 * math.sqrt(10) / 4), rel=1e-6
    )


def test_why_a_coverage_is_doubtful_stands_in_the_order_of_the_settings(config: dict) -> None:
    areas = rows(s=3 * 1.677, p=1.192, ni=2 * 22.18)
    for row in areas:
        row |= {"quality": "doubtful", "quality_note": row["region"]}
    for coating in (["S 2p", "P 2p"], ["P 2p", "S 2p"]):
        setting = Setting.of(config | {"coverage": config["coverage"] | {"coating": coating}})
        found = spot_amounts(areas, "scofield", setting)["eq1"]
        assert found.quality.notes == (*coating, "Ni 2p")


def test_what_the_analyser_passes_more_of_counts_less(config: dict) -> None:
    """Atoms are areas over transmission: one that lets through twice as much hides nothing and adds nothing."""
    plain, seen = (rows(s=3 * 1.677, p=1.192, ni=2 * 22.18) for _ in range(2))
    for row in seen:
        if row["region"] == "Ni 2p":
            row |= {k: 2.0 * row[k] for k in ("area_cps_eV", "area_cps_eV_sd", "transmission")}
    one, other = (spot_amounts(r, "scofield", Setting.of(config))["eq1"] for r in (plain, seen))
    assert (other.value, other.sd) == pytest.approx((one.value, one.sd))


def test_an_integral_scatters_as_its_uncertainty_says(config: dict) -> None:
    """Counts drawn many times, on steps that are not equal and with a time that is not 1 s."""
    rng = np.random.default_rng(7)
    x = np.cumsum(np.r_[100.0, np.tile([0.1, 0.15], 60)])
    rate = 400.0 + 300.0 * np.exp(-0.5 * ((x - 107.0) / 0.8) ** 2)
    time_s = 0.3
    drawn = [rng.poisson(rate * time_s) / time_s for _ in range(600)]
    found = [integrate(x, y, time_s, config) for y in drawn]
    assert found[0].area == pytest.approx(np.trapezoid(drawn[0] - found[0].background, x))
    areas = np.array([f.area for f in found])
    planted = 300.0 * 0.8 * math.sqrt(2 * math.pi)
    assert areas.mean() == pytest.approx(planted, abs=4 * areas.std() / math.sqrt(len(areas)))
    assert np.mean([f.sd for f in found]) == pytest.approx(areas.std(ddof=1), rel=0.1)


def test_absolute_coverage_depends_on_the_library_as_known(config: dict) -> None:
    areas = rows(s=100.0, p=0.0, ni=100.0)
    odds = {}
    for library in ("scofield", "kratos_f1s", "wagner"):
        g = spot_amounts(areas, library, Setting.of(config))["eq1"].value
        odds[library] = g / (1 - g)
    assert odds["scofield"] == pytest.approx(13.2, abs=0.1)
    assert odds["kratos_f1s"] == pytest.approx(6.05, abs=0.01)
    assert odds["wagner"] == pytest.approx(8.3, abs=0.05)


def test_eq_1_needs_all_of_its_regions(config: dict) -> None:
    assert "eq1" not in spot_amounts(rows(s=1.0, ni=1.0), "scofield", Setting.of(config))
    assert set(spot_amounts(rows(ni=1.0), "scofield", Setting.of(config))) == {"nickel_fraction"}


def test_spots_are_averaged_with_the_larger_uncertainty() -> None:
    quiet = average({s: Amount(0.5, 0.03) for s in "123"})
    assert (quiet.value, quiet.n) == (0.5, 3)
    assert quiet.sd == pytest.approx(0.03 / math.sqrt(3))
    scattered = average({"1": Amount(0.4, 0.01), "2": Amount(0.5, 0.01), "3": Amount(0.6, 0.01)})
    assert scattered.sd == pytest.approx(0.1 / math.sqrt(3))


def test_relative_coverage() -> None:
    bare = Amount(0.2, 0.002)
    assert coverage("nickel_fraction", bare, bare) == Amount(0.0, 0.0, 1)
    half = coverage("nickel_fraction", Amount(0.1, 0.002), bare)
    assert half is not None and half.value == pytest.approx(0.5)
    assert coverage("nickel_fraction", Amount(0.1, 0.002), None) is None
    more = coverage("lattice_oxygen", Amount(0.3, 0.002), bare)
    assert more is not None and more.value == pytest.approx(-0.5)


def test_thickness_is_the_attenuation_law(config: dict) -> None:
    length = config["coverage"]["attenuation_length_nm"]
    bare = Amount(0.5, 0.001)
    setting = config["coverage"]
    found = thickness(Amount(0.5 * math.exp(-2), 0.0005), bare, setting)
    assert found is not None and found.value == pytest.approx(2 * length) and not found.is_limit
    # One per cent of the amount is one per cent of the attenuation length, which has an uncertainty of its own.
    counting = length * math.hypot(0.0005 / (0.5 * math.exp(-2)), 0.002)
    own = 2 * length * setting["attenuation_length_sd"]
    assert found.sd == pytest.approx(math.hypot(counting, own))
    gone = thickness(Amount(0.0, 0.005), bare, setting)
    assert gone is not None and gone.is_limit and gone.sd is None
    assert gone.value == pytest.approx(-length * math.log(1.96 * 0.005 / 0.498), rel=0.01)
    assert gone.value > 10  # three attenuation lengths and more: the paper's statement
    assert thickness(Amount(0.6, 0.001), bare, setting) is None


@pytest.mark.parametrize("angle_deg", [0, 60])
@pytest.mark.parametrize("planted_nm", [0.05, 1.3])
def test_carbon_is_as_thick_as_planted(config: dict, planted_nm: float, angle_deg: float) -> None:
    """Of areas of any size: here a few counts, as of an instrument that writes them on a scale of its own."""
    config = config | {"coverage": config["coverage"] | {"emission_angle_deg": angle_deg}}
    setting = Setting.of(config)
    of = {line: attenuation_nm(line, 1486.6, setting.coverage) for line in ("C 1s", "Ni 2p")}
    density = config["coverage"]["contamination_density"]
    carbon = density * of["C 1s"] * (1 - math.exp(-planted_nm / of["C 1s"]))
    below = of["Ni 2p"] * math.exp(-planted_nm / of["Ni 2p"])
    areas = rows(
        c=1e-3 * carbon * rsf("scofield", "C 1s"), ni=1e-3 * below * rsf("scofield", "Ni 2p")
    )
    for row in areas:
        row["component"] = {"c": "adventitious"}.get(row["component"], row["component"])
    assert spot_amounts(areas, "scofield", setting)["carbon_nm"].value == pytest.approx(planted_nm)


def sensitivity(**values: list[float]) -> list[dict]:
    return [
        {
            "sample": s, "definition": "eq1", "rsf_library": library, "background": "shirley",
            "coverage": c, "coverage_sd": 0.01,
        }
        for s, column in values.items()
        for library, c in zip(("scofield", "wagner"), column, strict=True)
    ]  # fmt: skip


def test_statement_on_the_order() -> None:
    same = order_rows(sensitivity(a=[0.9, 0.8], b=[0.5, 0.4]), ["a", "b"])[0]
    assert same["same_order"] and same["same_highest"] and same["order"] == "a > b"
    within = order_rows(sensitivity(a=[0.51, 0.5], b=[0.5, 0.51]), ["a", "b"])[0]
    assert not within["same_order"] and within["n_significant_swaps"] == 0
    swapped = order_rows(sensitivity(a=[0.9, 0.4], b=[0.5, 0.8]), ["a", "b"])[0]
    assert swapped["n_significant_swaps"] == 1 and "a/b" in swapped["statement"]
    assert not swapped["same_highest"]


def test_without_a_reference_only_eq_1_is_defined(simulate, config: dict) -> None:
    file = simulate("c200")
    found = analyse([{"sample": "c200", "file": file.name, "spot": "1"}], [file], config)
    tables = collect(found.tables, [{"sample": "c200", "role": "coated"}], config, reference=None)
    assert {r["definition"] for r in tables["xps_coverage"]} == {"eq1"}
    assert tables["xps_layer"] == []
    assert len(tables["xps_coverage"]) == 3


def test_an_uncoated_sample_that_looks_coated_is_doubted(simulate, config: dict) -> None:
    file = simulate("c200")
    found = analyse([{"sample": "x", "file": file.name, "spot": "1"}], [file], config)

    def level(role: str) -> set[str]:
        samples = [{"sample": "x", "role": role}]
        rows = collect(found.tables, samples, config, reference=None)["xps_coverage"]
        return {r["quality"] for r in rows if "uncoated" in r["quality_note"]}

    assert level("uncoated") == {"doubtful"}
    assert level("coated") == set()


# File, number of spectra, and which of them have a model.
MADE = [
    ("multipak.npl", 4, {"C 1s", "O 1s", "S 2p", "P 2p"}),
    ("kratos.vms", 5, {"C 1s", "O 1s", "Ni 2p"}),
    ("survey.spe", 1, set()),
    ("iron.vms", 1, set()),
    ("angles.vms", 2, {"O 1s", "C 1s"}),  # of the first angle; the others stand in xps_profile
    ("unnamed.vms", 2, {"C 1s", "O 1s"}),
    ("two_samples.txt", 2, {"Ni 2p"}),
    ("niw_Ni2p.txt", 1, {"Ni 2p"}),
]
PUBLIC = [
    ("Mutlipak_vms.npl", 5, {"C 1s", "O 1s", "S 2p"}),
    ("0-150W.vms", 5, {"C 1s", "O 1s", "Ni 2p"}),
    ("SnO2_10nm.spe", 1, set()),
    ("multiplex.vms", 3, {"O 1s"}),
    ("FeO_analyzed.vms", 1, set()),
    ("single_sample.vms", 9, {"O 1s", "C 1s", "S 2p"}),
    ("ARXPS.vms", 3, {"O 1s", "C 1s"}),
    ("xps_eis.vms", 4, set()),
    ("vms_txt_export.txt", 2, {"Ni 2p"}),
    ("0-150W_NiWNi2p_Ni2p.txt", 1, {"Ni 2p"}),
]


def test_exports_are_analysed_without_a_model_of_their_own(
    exports: Exports, config: dict, subtests
) -> None:
    for name, spectra, modelled in PUBLIC if exports.public else MADE:
        with subtests.test(name):
            file = exports.folder / name
            row = {"sample": "x", "file": name, "spot": ""}
            if file == exports.path("two samples"):
                with pytest.raises(AnalysisError, match="sample_in_file"):
                    analyse([row], [file], config)
                row["sample_in_file"] = "NiO"
            found = analyse([row], [file], config)
            fits = found.tables["xps_fits"]
            assert len(fits) == len(found.curves) == spectra
            for row in fits:
                base = row["region"].split(" (")[0]
                if base not in modelled:
                    assert row["converged"] is None
                    assert "survey" in row["note"] or "no model in the config" in row["note"]
                else:
                    assert row["converged"] is not None or "outside" in row["note"]
            for row in found.tables.get("xps_components", []):
                assert np.isfinite(row["area_cps_eV"])


def test_the_attenuation_length_of_a_material(config: dict) -> None:
    # Lithium phosphate, nm: longer for faster electrons, about as E^0.75, and near what the config has for it.
    material = {
        "density_g_cm3": 2.5,
        "molar_mass_g_mol": 115.8,
        "valence_electrons": 32,
        "band_gap_eV": 6.0,
    }
    slow, fast = (tpp_2m_nm(e, **material) for e in (500.0, 1400.0))
    assert np.log(fast / slow) / np.log(1400 / 500) == pytest.approx(0.75, abs=0.06)
    changed = copy.deepcopy(config)
    changed["coverage"]["attenuation_length_nm"] = {"tpp_2m": material}
    length = lattice_length_nm(changed["coverage"])
    assert length == pytest.approx(tpp_2m_nm(955, **material), rel=0.03)
    assert length == pytest.approx(config["coverage"]["attenuation_length_nm"], rel=0.15)
    # A gap makes paths longer, a density shorter.
    assert tpp_2m_nm(955, 2.5, 115.8, 32, 0.0) < tpp_2m_nm(955, **material)
    assert tpp_2m_nm(955, 5.0, 115.8, 32, 6.0) < tpp_2m_nm(955, **material)


def test_every_coverage_under_every_escape_depth(config: dict) -> None:
    """Carbon on top takes more from slow electrons, and an escape depth weighs lines: how much is the material's."""
    chosen = copy.deepcopy(config)
    chosen["sensitivity"]["rsf_libraries"] = ["scofield", "scofield_escape"]
    material = {"density_g_cm3": 2.2, "molar_mass_g_mol": 109.9, "valence_electrons": 32}
    chosen["sensitivity"]["escape_depths"] = {"Li2SO4": {"tpp_2m": material}}
    areas = [
        row | {"sample": sample, "spot": "1", "is_default": True, "background": "shirley"}
        for sample, c in (("bare", 300.0), ("coated", 900.0))
        for row in rows(s=60.0, p=20.0, ni=2000.0, lattice=2500.0, c=c)
    ]
    for row in areas:
        row["component"] = {"c": "adventitious"}.get(row["component"], row["component"])
    samples = [
        {"sample": "bare", "role": "uncoated"}, {"sample": "coated", "role": "coated"},
    ]  # fmt: skip
    found = collect({"xps_areas": areas}, samples, chosen, reference="bare")
    of = {
        (r["definition"], r["rsf_library"], r["escape_depth"]): r["coverage"]
        for r in found["xps_sensitivity"]
        if r["sample"] == "coated"
    }
    assert len(of) == 3 * 2 * 2
    assert of["eq1", "scofield", "Li2SO4"] == of["eq1", "scofield", "as configured"]
    # By hand: atoms of sulfur, phosphorus and nickel over the mean free paths of their electrons.
    atoms = {
        line: area / rsf("scofield", line) / length_of(line, 1486.6, {"tpp_2m": material})
        for line, area in (("S 2p", 60.0), ("P 2p", 20.0), ("Ni 2p", 2000.0))
    }
    share = (atoms["S 2p"] + atoms["P 2p"]) / sum(atoms.values())
    assert of["eq1", "scofield_escape", "Li2SO4"] == pytest.approx(share)
    power, own = (of["eq1", "scofield_escape", m] for m in ("as configured", "Li2SO4"))
    assert power != own and power == pytest.approx(own, rel=0.03)
    lattice = [of["lattice_oxygen", "scofield", m] for m in ("as configured", "Li2SO4")]
    assert lattice[0] != lattice[1] and lattice[0] == pytest.approx(lattice[1], abs=0.02)
    assert {r["n_choices"] for r in found["xps_order"]} == {4}


def test_attenuation_lengths_are_shorter_than_mean_free_paths(config: dict) -> None:
    """Elastic scattering takes 10 to 25 %; SiO2 was measured as 3.45 nm at 1384 eV (M. P. Seah et al., Surf. Interface Anal. 36 (2004) 1269)."""
    silica = {"density_g_cm3": 2.19, "molar_mass_g_mol": 60.08, "band_gap_eV": 9.1}
    length = seah_s3_nm(1384, **silica, atoms=3, mean_atomic_number=10)
    assert length == pytest.approx(3.45, rel=0.1)
    assert 0.75 < length / tpp_2m_nm(1384, **silica, valence_electrons=16) < 0.9
    chosen = copy.deepcopy(config)
    known = {**silica, "atoms": 3, "mean_atomic_number": 10}
    chosen["coverage"]["attenuation_length_nm"] = {"seah_s3": known}
    found = attenuation_nm("S 2p", 1486.6, chosen["coverage"])
    assert found == length_of("S 2p", 1486.6, {"seah_s3": known})


# Dirac-Fock values at 1500 eV: M. B. Trzhaskovskaya, V. G. Yarzhemsky, At. Data Nucl. Data Tables 119 (2018) 99.
@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("S 2s", [1.997]), ("S 2p", [1.135, 1.141]), ("Ni 2p", [1.446, 1.467]), ("Ni 3s", [1.999]),
        ("Ni 3p", [1.507, 1.526]), ("Nb 3d", [1.201, 1.185]), ("Nb 3p", [1.617, 1.643]),
    ],
)  # fmt: skip
def test_asymmetry_parameters(line: str, parts: list[float]) -> None:
    assert beta(line, 1500.0) == pytest.approx(np.mean(parts), abs=0.03)
    assert beta(line, 1253.6) is None  # below what the equation was made for
    assert anisotropy(line, 1486.6, 54.7356) == pytest.approx(1, abs=1e-5)


def test_the_angle_between_source_and_analyser_is_a_choice_of_its_own(config: dict) -> None:
    chosen = copy.deepcopy(config)
    chosen["sensitivity"]["rsf_libraries"] = ["scofield", "scofield_angle"]
    areas = [
        row | {"sample": "a", "spot": "1", "is_default": True, "background": "shirley"}
        for row in rows(s=60.0, p=20.0, ni=2000.0, lattice=2500.0, c=300.0)
    ]
    samples = [{"sample": "a", "role": "coated"}]

    def eq1(angle_deg: float | None, of: dict) -> dict[str, float]:
        known = [row | {"source_analyser_angle_deg": angle_deg} for row in areas]
        found = collect({"xps_areas": known}, samples, of, reference=None)
        if angle_deg is None:
            assert "source_analyser_angle_deg" in found["xps_order"][0]["statement"]
        return {r["rsf_library"]: r["coverage"] for r in found["xps_sensitivity"]}

    at_45 = eq1(45.0, chosen)
    atoms = {
        line: area / rsf("scofield", line) / anisotropy(line, 1486.6, 45.0)
        for line, area in (("S 2p", 60.0), ("P 2p", 20.0), ("Ni 2p", 2000.0))
    }
    share = (atoms["S 2p"] + atoms["P 2p"]) / sum(atoms.values())
    assert at_45["scofield_angle"] == pytest.approx(share)
    assert abs(at_45["scofield_angle"] / at_45["scofield"] - 1) > 0.02
    at_magic = eq1(54.7356, chosen)
    assert at_magic["scofield_angle"] == pytest.approx(at_magic["scofield"], rel=1e-4)
    assert set(eq1(None, chosen)) == {"scofield"}
    chosen["sensitivity"]["source_analyser_angle_deg"] = 45.0  # what the user knows comes first
    assert eq1(90.0, chosen) == at_45
