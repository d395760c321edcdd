"""Coverage, shares and orders: what carbon takes is given back, uncertainties are as large as the scatter, reasons are handed on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coatbench.quality import unusable
from coatbench.xps.attenuation import attenuation_nm
from coatbench.xps.collect import collect, order_rows
from coatbench.xps.coverage import (
    Amount,
    Setting,
    average,
    coverage,
    spot_amounts,
)
from coatbench.xps.quantify import kinetic_of, rsf

from .test_quantify import rows, sensitivity


def test_reasons_stand_in_the_order_of_the_configuration(config: dict) -> None:
    """They came in the order of a set, which is another one in every process: no two runs gave the same table."""
    areas = rows(s=100.0, p=50.0, ni=100.0)
    for row in areas:
        row |= {"quality": "doubtful", "quality_note": f"about {row['region']}"}
    for order in (["S 2p", "P 2p"], ["P 2p", "S 2p"]):
        chosen = config | {"coverage": config["coverage"] | {"coating": order}}
        found = spot_amounts(areas, "scofield", Setting.of(chosen))["eq1"]
        assert found.quality.notes == tuple(f"about {r}" for r in (*order, "Ni 2p"))


@pytest.mark.parametrize("angle_deg", [0, 50])
@pytest.mark.parametrize("carbon_nm", [0.0, 0.4, 2.0])
def test_what_lies_below_the_contamination_is_given_back(
    config: dict, carbon_nm: float, angle_deg: float
) -> None:
    """Slow nickel electrons lose more of themselves in the carbon than fast ones of sulfur: shares below it are the planted ones."""
    config = config | {"coverage": config["coverage"] | {"emission_angle_deg": angle_deg}}
    setting = Setting.of(config)
    planted = {"s": 0.15, "p": 0.05, "ni": 0.3, "lattice": 0.5}
    lines = {"s": "S 2p", "p": "P 2p", "ni": "Ni 2p", "lattice": "O 1s", "c": "C 1s"}
    length = {k: attenuation_nm(line, 1486.6, setting.coverage) for k, line in lines.items()}
    through = {k: math.exp(-carbon_nm / length[k]) for k in lines}
    # Signals of what is detected per atom, without escape depths: the configuration counts atoms so.
    areas = {k: 1e4 * n * rsf("scofield", lines[k]) * through[k] for k, n in planted.items()}
    below = sum(n / length[k] for k, n in planted.items())
    density = config["coverage"]["contamination_density"]
    areas["c"] = 1e4 * rsf("scofield", "C 1s") * density * below * length["c"] * (1 - through["c"])
    made = rows(**areas)
    for row in made:
        row["component"] = {"c": "adventitious"}.get(row["component"], row["component"])
    found = spot_amounts(made, "scofield", setting)
    assert found["carbon_nm"].value == pytest.approx(carbon_nm, abs=1e-6)
    assert found["nickel_fraction"].value == pytest.approx(planted["ni"])
    assert found["lattice_oxygen"].value == pytest.approx(planted["lattice"])


def test_lengths_grow_with_kinetic_energy(config: dict) -> None:
    """To the power 0.75, from the lattice line at Al K-alpha on; along the normal, seen under an angle."""
    chosen = config["coverage"] | {"attenuation_length_nm": 2.5, "emission_angle_deg": 60}
    setting = Setting.of(config | {"coverage": chosen})
    assert attenuation_nm("O 1s", 1486.6, setting.coverage) == pytest.approx(1.25)
    for line, photon in (("Ni 2p", 1486.6), ("C 1s", 1253.6), ("S 2p", 2984.3)):
        ratio = kinetic_of(line, photon) / kinetic_of("O 1s", 1486.6)
        assert attenuation_nm(line, photon, setting.coverage) == pytest.approx(1.25 * ratio**0.75)


def test_shares_scatter_as_their_uncertainty_says(config: dict) -> None:
    """Areas drawn many times: a part of a line, the rest of it, and the other lines are independent."""
    rng = np.random.default_rng(4)
    setting = Setting.of(config)
    areas = {"S 2p": [300.0, 25.0], "P 2p": [200.0, 15.0], "O 1s": [2500.0, 90.0], "Ni 2p": [9000.0, 400.0]}  # fmt: skip
    rest = 800.0, 120.0  # of nickel, beside the component that counts

    def share(drawn: dict[str, float], more: float) -> tuple[float, float, float, float]:
        made = []
        for region, area in drawn.items():
            own = {"O 1s": "lattice", "Ni 2p": "nickel"}.get(region, "a")
            sd = areas[region][1]
            parts = [(own, area, sd), ("total", area, sd)]
            if region == "Ni 2p":
                parts = [(own, area, sd), ("b", more, rest[1]), ("total", area + more, math.hypot(sd, rest[1]))]  # fmt: skip
            made += [
                {"region": region, "component": c, "area_cps_eV": a, "area_cps_eV_sd": s, "transmission": 1.0}
                for c, a, s in parts
            ]  # fmt: skip
        got = spot_amounts(made, "scofield", setting)
        nickel, eq1 = got["nickel_fraction"], got["eq1"]
        return nickel.value, nickel.sd, eq1.value, eq1.sd

    found = np.array([
        share({k: rng.normal(*v) for k, v in areas.items()}, rng.normal(*rest)) for _ in range(800)
    ])  # fmt: skip
    for value, sd in ((0, 1), (2, 3)):
        assert found[:, sd].mean() == pytest.approx(found[:, value].std(ddof=1), rel=0.08)


def test_what_is_not_usable_has_no_spots_behind_it(config: dict) -> None:
    bad = Amount(math.nan, math.nan, quality=unusable("cut"))
    good = Amount(0.3, 0.01, 2)
    assert average({"1": bad, "2": bad}).n == 0
    found = coverage("nickel_fraction", good, bad)
    assert found is not None and found.n == 0 and not found.quality.usable
    assert found.quality.notes == ("reference: cut",)
    assert coverage("eq1", good, bad) is good


@pytest.mark.parametrize(("sd_a", "sd_b"), [(0.1, 0.001), (0.001, 0.1), (0.03, 0.03)])
def test_a_swap_is_one_where_both_differences_exceed_two_uncertainties(
    sd_a: float, sd_b: float
) -> None:
    """Whichever of the two samples the uncertainty is of."""
    both = math.hypot(sd_a, sd_b)
    for times, swaps in ((1.9, 0), (2.1, 1)):
        table = sensitivity(a=[0.5 + times * both, 0.5], b=[0.5, 0.5 + times * both])
        for row in table:
            row["coverage_sd"] = {"a": sd_a, "b": sd_b}[row["sample"]]
        assert order_rows(table, ["a", "b"])[0]["n_significant_swaps"] == swaps


def test_two_choices_contradict_each_other_whatever_the_first_one_says() -> None:
    """The first choice cannot tell the samples apart: the swap is one between the other two."""
    made = sensitivity(a=[0.9, 0.4], b=[0.5, 0.8])
    first = [
        row | {"rsf_library": "kratos_f1s", "coverage": 0.5}
        for row in sensitivity(a=[0, 0], b=[0, 0])
    ]
    (row,) = order_rows([*first, *made], ["a", "b"])
    assert row["n_choices"] == 3 and row["n_significant_swaps"] == 1
    assert "depends on the choice for a/b" in row["statement"]


def test_a_background_of_one_region_is_no_choice_of_the_whole_spot(config: dict) -> None:
    """All atoms of a spot were nickel under the one background that Ni 2p alone has."""
    areas = []
    for sample, bare in (("bare", 1.0), ("coated", 0.4)):
        for row in rows(s=100 * (1 - bare) + 1, p=50.0, ni=2000 * bare, lattice=300 * bare, c=99.0):
            own = "linear" if row["region"] == "Ni 2p" else "shirley"
            areas += [
                row | {"sample": sample, "spot": "1", "background": kind, "is_default": kind == own,
                       "line": row["region"]}
                for kind in dict.fromkeys([own, "shirley", "tougaard"])
            ]  # fmt: skip
    samples = [{"sample": "bare", "role": "uncoated"}, {"sample": "coated", "role": "coated"}]
    found = collect({"xps_areas": areas}, samples, config, reference="bare")
    nickel = [r for r in found["xps_sensitivity"] if r["definition"] == "nickel_fraction"]
    assert [r["background"] for r in nickel if r["sample"] == "coated"] == [
        b for b in ("as configured", "shirley", "tougaard") for _ in config["sensitivity"]["rsf_libraries"]
    ]  # fmt: skip
    assert all(r["coverage"] > 0.3 for r in nickel if r["sample"] == "coated")


@pytest.mark.parametrize(("photon_eV", "longer"), [(1253.6, 0.811), (2984.3, 2.0), (1486.69, 1.0)])
def test_fast_electrons_tell_of_a_thicker_layer(
    config: dict, photon_eV: float, longer: float
) -> None:
    """A layer's attenuation length was that of Al K-alpha under every source; O 1s electrons have 711, 2441 and 944 eV."""

    def study(energy: float) -> dict:
        areas = [
            row | {"sample": sample, "spot": "1", "background": "shirley", "is_default": True, "photon_energy_eV": energy}
            for sample, left in (("bare", 1.0), ("coated", 0.5))
            for row in rows(lattice=900 * left, ni=2000.0, s=90.0)
        ]  # fmt: skip
        samples = [{"sample": "bare", "role": "uncoated"}, {"sample": "coated", "role": "coated"}]
        (layer,) = collect({"xps_areas": areas}, samples, config, reference="bare")["xps_layer"]
        return layer

    found = study(photon_eV)
    length = -found["thickness_nm"] / math.log(found["lattice_ratio"])
    known = config["coverage"]["attenuation_length_nm"]
    assert length == pytest.approx(known * longer, rel=0.03)


def test_why_there_is_no_thickness(config: dict) -> None:
    """Less lattice oxygen than the reference, within an uncertainty as large as both, is not as much or more."""
    found = {}
    for sd in (0.01, 0.6):
        areas = []
        for sample, left in (("bare", 1.0), ("less", 0.9), ("more", 1.1)):
            made = rows(lattice=90 * left, ni=2000.0, s=90.0)
            for row in made:
                if row["region"] == "O 1s":
                    row["area_cps_eV_sd"] = sd * row["area_cps_eV"]
            areas += [row | {"sample": sample, "spot": "1", "background": "shirley", "is_default": True} for row in made]  # fmt: skip
        samples = [{"sample": s, "role": "coated"} for s in ("less", "more")]
        layers = collect({"xps_areas": areas}, samples, config, reference="bare")["xps_layer"]
        found[sd] = {r["sample"]: r["note"] for r in layers}
    assert found[0.01] == {"less": "", "more": "as much lattice oxygen as the reference or more"}
    assert found[0.6]["less"].startswith("lattice oxygen is not significant")


def test_a_line_in_two_regions_counts_with_both(config: dict) -> None:
    """Of two regions whose components are of one line, the last one stood for all of it."""
    setting = Setting.of(config)
    whole = rows(s=100.0, p=50.0, ni=3000.0)
    halves = rows(s=100.0, p=50.0, ni=2000.0)
    second = [
        row | {"region": "Ni 2p1/2", "line": "Ni 2p", "quality": "doubtful", "quality_note": "cut"}
        for row in rows(ni=1000.0)
    ]
    wanted = spot_amounts(whole, "scofield", setting)["eq1"]
    for made in (halves + second, second + halves):
        found = spot_amounts(made, "scofield", setting)["eq1"]
        assert found.value == pytest.approx(wanted.value)
        assert found.quality.notes == ("cut",)
