"""Exports as laboratories bring them, with planted numbers: several samples in a file, foreign names, other lines, more carbon."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from coatbench.errors import AnalysisError
from coatbench.xps.analyse import analyse
from coatbench.xps.collect import collect
from conftest import SHARED, inputs

from .made_cases import WHAT_IS_RIGHT, write_cases

HANDED_IS_RIGHT = {
    "samples": {"NCM bare": (1.0, 0.05), "NCM 350C": (2.5, 0.42), "NCM 650C": (0.2, 0.68)},
    "region_names_thermo.vms": (0.8, 0.55),
    "region_names_phi.vms": (-1.2, 0.47),
    "potassium": 5.0,
    "carbon": 24.0,
    "charge": 7.2,
    "fractions": {
        "adventitious": 0.66, "C-O": 0.20, "carbonate": 0.14, "sulfide": 0.28, "polysulfide": 0.22,
        "sulfite": 0.14, "sulfate": 0.36,
    },
    "carbon_nm": ("carbon_bare_1.0nm.vms", "carbon_bare_2.0nm.vms", 2.0),
    "layers": {"carbon_2.0nm_layer_1.2nm.vms": 1.2, "carbon_0.5nm_layer_2.5nm.vms": 2.5},
    "niobate": 0.54,
    "widths": {"Mo a": 0.92, "Mo b": 1.40, "W": 1.15},
}  # fmt: skip
NIOBATE = """
rsf_extra: {Nb 3d: 8.21}
joint: {}
coverage: {coating: [Nb 3d], substrate: Ni 2p}
regions:
  Nb 3d:
    window_eV: [201.0, 215.0]
    doublet: {splitting_eV: 2.73, ratio: 0.667}
    components:
      niobate: {binding_energy_eV: 207.3, within_eV: 0.6, fwhm_eV: 1.3, fwhm_limits_eV: [0.9, 2.2]}
"""


class Cases:
    """A folder of exports, and what was planted in them."""

    def __init__(self, folder: Path, right: dict[str, Any]) -> None:
        self.folder, self.right = folder, right

    def run(
        self,
        files: dict[str, str],
        config: dict[str, Any],
        reference: str | None = None,
        **row: str,
    ) -> dict[str, Any]:
        """Analyse one export per sample and collect; warnings stand under `warnings`."""
        joined: dict[str, Any] = {"warnings": []}
        for sample, name in files.items():
            given = {"sample": sample, "file": name, "spot": "1", **row}
            found = analyse([given], [self.folder / name], config)
            joined["warnings"] += found.warnings
            for table, rows in found.tables.items():
                joined.setdefault(table, []).extend(rows)
        samples = [{"sample": s, "role": "uncoated" if s == reference else "coated"} for s in files]
        return joined | collect(joined, samples, config, reference=reference)


@pytest.fixture(scope="module", params=inputs("cases/xps"))
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    if request.param == "handed":
        return Cases(SHARED / "cases" / "xps", HANDED_IS_RIGHT)
    folder = tmp_path_factory.mktemp("cases")
    write_cases(folder)
    return Cases(folder, WHAT_IS_RIGHT)


def one(rows: list[dict[str, Any]], **where: str) -> dict[str, Any]:
    (row,) = [r for r in rows if all(r[k] == v for k, v in where.items())]
    return row


def eq1(tables: dict[str, Any], sample: str = "s", library: str = "scofield") -> dict[str, Any]:
    return one(tables["xps_coverage"], definition="eq1", sample=sample, rsf_library=library)


def with_components(config: dict[str, Any], region: str, **components: dict) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    changed["regions"][region]["components"] |= components
    return changed


@pytest.mark.parametrize("by", ["identifier", "number"])
def test_several_samples_in_one_file(cases: Cases, config: dict, by: str) -> None:
    for number, (name, (charge, coverage)) in enumerate(cases.right["samples"].items(), 1):
        chosen = name if by == "identifier" else str(number)
        tables = cases.run({"s": "three_samples_one_file.vms"}, config, sample_in_file=chosen)
        assert tables["xps_fits"][0]["charge_shift_eV"] == pytest.approx(charge, abs=0.08)
        assert eq1(tables)["coverage"] == pytest.approx(coverage, abs=0.03)


@pytest.mark.parametrize("named", ["", "NCM 500C", "4"])
def test_a_file_of_several_samples_is_refused_with_their_names(
    cases: Cases, config: dict, named: str
) -> None:
    names = ", ".join(f"{i} = {n!r}" for i, n in enumerate(cases.right["samples"], 1))
    with pytest.raises(AnalysisError, match=names):
        cases.run({"s": "three_samples_one_file.vms"}, config, sample_in_file=named)


def test_several_spots_of_one_sample_in_one_file(cases: Cases, config: dict) -> None:
    name = "three_samples_one_file.vms"
    rows = [{"sample": "s", "file": name, "spot": s, "sample_in_file": n} for s, n in ("12", "23")]
    found = analyse(rows, [cases.folder / name] * 2, config)
    tables = collect(found.tables, [{"sample": "s", "role": "coated"}], config, reference=None)
    assert eq1(tables)["n_spots"] == 2
    (_, second), (_, third) = list(cases.right["samples"].values())[1:]
    assert eq1(tables)["coverage"] == pytest.approx((second + third) / 2, abs=0.03)


@pytest.mark.parametrize("name", ["region_names_thermo.vms", "region_names_phi.vms"])
def test_names_of_regions(cases: Cases, config: dict, name: str) -> None:
    charge, coverage = cases.right[name]
    tables = cases.run({"s": name}, config)
    assert tables["xps_fits"][0]["charge_shift_eV"] == pytest.approx(charge, abs=0.08)
    assert eq1(tables)["coverage"] == pytest.approx(coverage, abs=0.03)


POTASSIUM = {
    "binding_energy_eV": 292.9, "within_eV": 0.5, "fwhm_eV": 1.4, "fwhm_limits_eV": [0.9, 2.4],
    "doublet": {"splitting_eV": 2.77, "ratio": 0.5},
}  # fmt: skip


@pytest.mark.parametrize("factor", [{"rsf": 3.97}, {"line": "K 2p"}])
def test_a_line_of_another_element_in_a_region(cases: Cases, config: dict, factor: dict) -> None:
    changed = with_components(config, "C 1s", potassium=POTASSIUM | factor)
    changed["regions"]["C 1s"]["window_eV"] = [281.0, 299.0]
    tables = cases.run({"s": "overlap_K2p.vms"}, changed)
    percent = {r["component"]: r["at_percent"] for r in tables["xps_components"]}
    assert percent["potassium"] == pytest.approx(cases.right["potassium"], abs=0.4)
    carbon = sum(percent[c] for c in ("adventitious", "C-O", "carbonate"))
    assert carbon == pytest.approx(cases.right["carbon"], abs=1.0)
    # A factor of its own is on one library's scale; a line has one in each that knows it.
    libraries = {r["rsf_library"] for r in tables["xps_coverage"]}
    assert libraries == {"scofield"}


def test_a_component_that_is_not_quantified(cases: Cases, config: dict) -> None:
    changed = with_components(config, "C 1s", potassium=POTASSIUM | {"quantify": False})
    changed["regions"]["C 1s"]["window_eV"] = [281.0, 299.0]
    tables = cases.run({"s": "overlap_K2p.vms"}, changed)
    row = one(tables["xps_components"], component="potassium")
    assert row["area_cps_eV"] > 100 and row["fraction"] > 0.1
    assert row["at_percent"] is None
    total = sum(r["at_percent"] or 0.0 for r in tables["xps_components"])
    assert total == pytest.approx(100)
    assert not [r for r in tables["xps_areas"] if r["component"] == "potassium"]


def test_a_charge_beyond_the_search_is_found_and_said(cases: Cases, config: dict) -> None:
    tables = cases.run({"s": "charge_7.2.vms"}, config)
    assert tables["xps_fits"][0]["charge_shift_eV"] == pytest.approx(cases.right["charge"], abs=0.1)
    row = one(tables["xps_components"], component="polysulfide")
    assert row["fraction"] == pytest.approx(cases.right["fractions"]["polysulfide"], abs=0.05)
    assert row["quality"] == "doubtful" and "outside of search_eV" in row["quality_note"]
    assert eq1(tables)["quality"] == "doubtful"


def test_a_carbon_line_that_is_not_found_is_said(cases: Cases, config: dict) -> None:
    changed = copy.deepcopy(config)
    changed["charge_reference"]["search_eV"] = 0.5  # and within 1.25 eV around it: not 7.2
    tables = cases.run({"s": "charge_7.2.vms"}, changed)
    assert all(r["quality"] != "ok" for r in tables["xps_fits"] if r["converged"] is not None)
    notes = " ".join(r["quality_note"] for r in tables["xps_fits"])
    assert "C 1s was measured" in notes or "reduced chi square" in notes
    assert "no C 1s" not in notes


def test_an_aborted_scan_is_no_measured_zero(cases: Cases, config: dict) -> None:
    tables = cases.run({"s": "zeros_P2p.vms"}, config)
    own = [r for r in tables["xps_components"] if r["region"] == "P 2p"]
    assert len(own) == 2
    assert all(r["quality"] == "unusable" and "zero" in r["quality_note"] for r in own)
    assert all(r.get("fraction") is None for r in own)
    row = eq1(tables)
    assert row["quality"] == "unusable" and "aborted" in row["quality_note"]
    assert row["coverage"] != row["coverage"]  # empty
    sulfate = one(tables["xps_components"], component="sulfate")
    assert sulfate["fraction"] == pytest.approx(cases.right["fractions"]["sulfate"], abs=0.04)
    assert sulfate["quality"] == "ok"


def test_sensitivity_factors_follow_the_photon_energy(cases: Cases, config: dict) -> None:
    from coatbench.xps.quantify import rsf

    tables = cases.run({"s": "photon_5414.8.vms"}, config)
    assert {r["rsf_library"] for r in tables["xps_coverage"]} == {"scofield"}
    areas = {
        r["region"]: r for r in tables["xps_areas"] if r["component"] == "total" and r["is_default"]
    }
    atoms = {
        line: areas[line]["area_cps_eV"]
        / rsf("scofield", line, photon_eV=5414.8)
        / areas[line]["transmission"]
        for line in ("S 2p", "P 2p", "Ni 2p")
    }
    coating = atoms["S 2p"] + atoms["P 2p"]
    assert eq1(tables)["coverage"] == pytest.approx(coating / (coating + atoms["Ni 2p"]))
    assert "kratos_f1s has no factor for" in tables["xps_order"][0]["statement"]


def test_a_line_that_the_model_does_not_know(cases: Cases, config: dict) -> None:
    tables = cases.run({"s": "unmodelled_line.vms"}, config)
    rows = [r for r in tables["xps_components"] if r["region"] == "S 2p"]
    assert all(r["quality"] == "unusable" for r in rows)
    assert "159." in rows[0]["quality_note"] or "158." in rows[0]["quality_note"]
    assert eq1(tables)["quality"] == "unusable"
    assert one(tables["xps_components"], component="phosphate")["quality"] == "ok"


def test_carbon_on_top_is_no_coating(cases: Cases, config: dict) -> None:
    bare, name, planted = cases.right["carbon_nm"]
    tables = cases.run({"bare": bare, "s": name}, config, reference="bare")
    layer = one(tables["xps_layer"], sample="s")
    assert layer["thickness_nm"] is None or layer["thickness_nm"] <= 0.3
    row = one(
        tables["xps_coverage"], sample="s", definition="lattice_oxygen", rsf_library="scofield"
    )
    assert row["coverage"] == pytest.approx(0, abs=0.12)
    assert layer["carbon_nm"] == pytest.approx(planted, abs=0.4)


@pytest.mark.parametrize("number", [0, 1])
def test_a_layer_under_carbon(cases: Cases, config: dict, number: int) -> None:
    name, planted = list(cases.right["layers"].items())[number]
    tables = cases.run({"bare": cases.right["carbon_nm"][0], "s": name}, config, reference="bare")
    layer = one(tables["xps_layer"], sample="s")
    assert layer["thickness_nm"] == pytest.approx(planted, abs=0.3)
    assert abs(layer["thickness_nm"] - planted) < 2 * layer["thickness_nm_sd"]


def test_another_coating(cases: Cases, config: dict, tmp_path: Path) -> None:
    from snakemake.utils import update_config

    changed = copy.deepcopy(config)
    update_config(changed, yaml.safe_load(NIOBATE))
    tables = cases.run(
        {"bare": "niobate_bare.vms", "s": "niobate_450.vms"}, changed, reference="bare"
    )
    assert eq1(tables)["coverage"] == pytest.approx(cases.right["niobate"], abs=0.03)
    # The empirical libraries do not know niobium: no row, never one without it.
    assert {r["rsf_library"] for r in tables["xps_coverage"]} == {"scofield"}
    statement = one(tables["xps_order"], definition="eq1")["statement"]
    assert "wagner has no factor for Nb 3d" in statement


def test_widths_of_stored_la_lines_are_of_the_whole_line(cases: Cases, config: dict) -> None:
    tables = cases.run({"s": "stored_LA.vms"}, config)
    for name, width in cases.right["widths"].items():
        row = one(tables["xps_stored"], component=name)
        assert row["refit_fwhm_eV"] == pytest.approx(width, rel=0.03)
        assert row["area_ratio"] == pytest.approx(1, abs=0.05)
    assert any("taken as one sample" in w for w in tables["warnings"])


@pytest.mark.parametrize("name", ["tougaard", "asymmetric", "C-O_1.6"])
def test_intervals_of_spectra_that_the_model_does_not_quite_describe(
    cases: Cases, config: dict, name: str
) -> None:
    # One spectrum of a study of 20 each; tests/xps/test_intervals.py counts over such studies.
    planted = cases.right["fractions"]
    tables = cases.run({"s": f"interval_{name}.vms"}, config)
    chi = {row["region"]: row["reduced_chi_square"] for row in tables["xps_fits"]}
    for row in tables["xps_components"]:
        assert abs(row["fraction"] - planted[row["component"]]) < 3.2 * row["fraction_sd"]
        # That of counting is widened by the misfit of the configured model, which one with a tail does not have.
        counting = row["fraction_sd_counting"] / max(chi[row["region"]], 1.0) ** 0.5
        assert row["fraction_sd"] >= 0.95 * counting
