"""Surveys: peaks are named, quantified, and what a study did not expect is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import Analysis
from coatbench.arrays import Arrays
from coatbench.quality import Quality
from coatbench.readers import read
from coatbench.readers.model import Export
from coatbench.xps.analyse import analyse
from coatbench.xps.inside import describe
from coatbench.xps.library import library, proposed, states
from coatbench.xps.model import build
from coatbench.xps.quantify import computed_rsf
from coatbench.xps.survey import read_survey
from coatbench.xps.survey_lines import lines_of
from coatbench.xps.survey_tables import add_survey
from conftest import SHARED, inputs

from .planted import LINES, scan, survey, write

PHOTON = 1486.69
CLEAN = {"C": 30.0, "O": 45.0, "Ni": 12.0, "S": 8.0, "P": 5.0}


@pytest.mark.parametrize(
    "odd", [{}, {"Si": 4.0}, {"F": 3.0, "Na": 2.0}, {"Ca": 2.0, "Cl": 3.0}, {"Nb": 6.0}]
)
def test_elements_are_named_and_quantified(config: dict, tmp_path: Path, odd: dict) -> None:
    file = write(tmp_path / "a.vms", [survey(CLEAN | odd)])
    found = analyse([{"sample": "s", "file": file.name, "spot": "1"}], [file], config)
    rows = {r["element"]: r for r in found.tables["xps_survey"]}
    planted = CLEAN | odd
    assert set(rows) == set(planted)
    total = sum(planted.values())
    for element, share in planted.items():
        row = rows[element]
        assert row["line"] == LINES[element]
        assert row["binding_energy_eV"] == pytest.approx(
            library()[LINES[element]].binding_energy_eV, abs=2.0 if element != "Ni" else 3.0
        )
        off = abs(row["at_percent"] - 100 * share / total)
        assert off < max(0.12 * 100 * share / total, 3 * row["at_percent_sd"])
        assert row["is_expected"] == (element not in odd)
        assert row["quality"] == ("ok" if element not in odd else "doubtful")
    note = found.tables["xps_fits"][0]["note"]
    assert all(element in note for element in planted)
    assert ("in no model" in note) == bool(odd)
    # `check` names them before anything is run.
    _, lacking = describe(read(file, "xps"), config)
    assert [e for e in odd if e not in lacking] == []
    assert ("the survey shows" in lacking) == bool(odd)


def test_a_peak_that_nothing_explains_is_said(config: dict) -> None:
    s = survey(CLEAN)
    x, y = s.binding_eV[::-1], s.counts[::-1] / s.time_s
    y = y + 9000 * np.exp(-(((x - 591.4) / 1.6) ** 2))
    found = read_survey(x, y, s.time_s, PHOTON, preferred=("C", "O", "Ni", "S", "P"))
    (rest,) = [f for f in found.found if not f.element]
    assert rest.energy_eV == pytest.approx(590, abs=1.0)
    assert set(found.elements) == set(CLEAN)


@pytest.mark.parametrize(
    "line", ["Ni 2p", "Zn 2p", "Sr 3d", "Y 3d", "Zr 3d", "Mo 3d", "Ag 3d", "In 3d", "W 4f", "Au 4f", "Si 2p", "Na 1s"]
)  # fmt: skip
def test_the_highest_line_of_an_element_is_the_one_that_surveys_show(line: str) -> None:
    assert lines_of(line.split()[0], PHOTON)[0].line == line


def test_without_a_time_the_scatter_says_what_counting_would() -> None:
    """Of a small peak on a high background, where all channels hold nearly as many counts."""
    known, unknown = [], []
    x = np.arange(1200.0, -0.4, -0.8)[::-1]
    for seed in range(12):
        wide = survey({"C": 20.0, "O": 20.0}, seed=seed)
        y = (wide.counts / 0.6)[::-1] + np.random.default_rng(seed).poisson(6e4, x.size)
        for sds, time_s in ((known, 1.0), (unknown, float("nan"))):
            sds += [f.area_sd for f in read_survey(x, y, time_s, PHOTON, 1.4).found if f.line == "C 1s"]  # fmt: skip
    assert len(known) == len(unknown) == 12
    assert np.mean(unknown) == pytest.approx(np.mean(known), rel=0.25)


def drawn(peaks: dict[float, float], times: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Energies and counts of peaks (eV: height) on a flat background."""
    x = np.arange(0, 1380, 0.8)
    rate = 4000 + sum(
        60 * h * np.exp(-4 * np.log(2) * ((x - e) / 3.2) ** 2) for e, h in peaks.items()
    )
    return x, np.random.default_rng(11).poisson(times * rate).astype(float)


def test_noise_has_no_elements() -> None:
    x = np.arange(0.0, 1200.0, 0.8)
    y = np.random.default_rng(0).poisson(3000 + 2 * x).astype(float)
    assert read_survey(x, y, 1.0, PHOTON).found == []
    assert read_survey(x[:20], y[:20], 1.0, PHOTON).found == []


@pytest.mark.parametrize("line", library())
def test_entries_of_the_library_are_models(config: dict, line: str) -> None:
    for entry in states()[line]:
        (same,) = [e for e in states()[line] if e.component == entry.component]
        assert 0 < same.within_eV < 2
        # Compounds and number of entries that an energy is the median of, or the line that all are referred to.
        assert re.fullmatch(r"SRD20: \S.* \([1-9]\d*\)|the reference of all others", same.source)
    section = yaml.safe_load(proposed(line))[line]
    model = build(line, section, config)
    (component,) = model.components
    low, high = model.window_eV
    assert low < section["components"][component.name]["binding_energy_eV"] < high
    assert computed_rsf(line, 1486.6)
    if "doublet" in section:
        assert section["doublet"]["ratio"] == pytest.approx(
            {"p": 0.5, "d": 0.667, "f": 0.75}[line[-1]]
        )


def test_a_region_without_a_model_comes_with_the_start_of_one(config: dict, tmp_path: Path) -> None:
    s = scan("S 2p")
    s.region = "Nb 3d"
    export: Export = read(write(tmp_path / "a.vms", [s]), "xps")
    _, lacking = describe(export, config)
    assert "no model: Nb 3d" in lacking
    start = yaml.safe_load(lacking.split("regions: ", 1)[1].split("; the survey")[0].strip())
    assert (
        start["Nb 3d"]["components"]["oxide"]["binding_energy_eV"]
        == library()["Nb 3d"].binding_energy_eV
    )


NICKEL = {
    854: 100,
    871: 40,
    67: 45,
    111: 15,
    641: 40,
    624: 9,
    713: 20,
    705: 10,
    771: 9,
}  # with its Auger lines
COBALT = {781: 60, 797: 30, 61: 30, 713: 26}


@pytest.mark.parametrize(
    ("peaks", "elements"),
    [
        (NICKEL, {"Ni"}),
        (NICKEL | {531: 90, 22: 10} | COBALT, {"Ni", "O", "Co"}),  # Co 2p lies on an Auger line of Ni
        ({932: 90, 952: 45, 568: 60, 648: 25, 548: 12, 720: 12, 76: 25, 122: 8, 530: 60, 22: 10}, {"Cu", "O"}),  # O 2s, not Ta
        # No carbon says that all lies 2.3 eV too high.
        ({533: 90, 858: 60, 875: 25, 714: 50, 727: 20, 70: 25, 58: 20}, {"O", "Ni", "Fe"}),
        ({531: 80, 285: 20, 1303: 60, 89: 20, 50: 12, 381: 20, 302: 30, 346: 12, 242: 10}, {"O", "C", "Mg", "Ar"}),
    ],
)  # fmt: skip
def test_auger_lines_explain_no_more_than_they_can(peaks: dict, elements: set[str]) -> None:
    """Peaks as real surveys of oxides and metals show them."""
    found = read_survey(*drawn(peaks), 1.0, 1486.6)
    assert set(found.elements) == elements
    assert not [f for f in found.found if not f.element]


# Peaks as surveys of public files show them, charge included.
SHOWN = {
    "0-150W.vms": ({34: 57, 529: 100, 245: 37, 258: 26, 425: 18, 283: 13, 973: 15, 4: 3}, {"O", "C", "W"}),
    "SnO2_10nm.spe": ({486: 100, 494: 67, 25: 24, 530: 24, 714: 16, 757: 8, 285: 3, 1060: 7, 1051: 2, 974: 4, 138: 2}, {"O", "C", "Sn"}),
    "regular.vms": ({306: 100, 531: 64, 351: 23, 90: 10, 1304: 14, 286: 9, 711: 8, 50: 5, 57: 3, 337: 5, 978: 9}, {"O", "C", "Fe", "Mg"}),
    "multiplex.vms": ({27: 100, 531: 99, 229: 35, 241: 29, 976: 31, 404: 23, 466: 7, 565: 4.5, 44: 4, 995: 7}, {"O", "Ta"}),
    "survey.vms": ({532: 100, 74: 10, 119: 15, 286: 13, 979: 16, 25: 2.3, 1000: 4.5, 555: 5, 307: 2}, {"O", "C", "Al"}),
    "single_sample.vms": ({620: 100, 631: 81, 50: 29, 138: 27, 143: 20, 21: 3, 414: 10, 875: 13, 931: 7, 436: 6}, {"I", "Pb"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("source", inputs("realdata/xps"))
def test_surveys_of_any_material_show_what_was_measured(source: str, name: str) -> None:
    peaks, elements = SHOWN[name]
    if source == "made":
        found = read_survey(*drawn(peaks, 100.0), 1.0, PHOTON)
    else:
        blocks = read(SHARED / "realdata/xps" / name, "xps").sets
        block = next(b for b in blocks if np.ptp(b["binding_energy_eV"]) > 200)
        found = read_survey(
            block["binding_energy_eV"], block["intensity_cps"], block.attrs["counting_time_s"], block.attrs["photon_energy_eV"],
        )  # fmt: skip
    assert set(found.elements) == elements


def test_amounts_of_a_survey_are_all_of_one_library(config: dict) -> None:
    """Magnesium, which the empirical libraries lack, had Scofield's factor among theirs: a quarter of what there was."""
    x = np.arange(0.0, 1380.0, 0.8)
    peaks = {e: h for e, h in ((284.8, 30.0), (531.5, 100.0), (1304.0, 60.0), (89.5, 9.0))}
    y = 4000 + sum(60 * h * np.exp(-4 * np.log(2) * ((x - e) / 3.2) ** 2) for e, h in peaks.items())
    y = np.random.default_rng(3).poisson(y).astype(float)
    attrs = {"counting_time_s": 1.0, "photon_energy_eV": 1486.69}
    block = Arrays.of({"intensity_cps": ("energy", y), "kinetic_energy_eV": ("energy", 1486.69 - x)}, {"binding_energy_eV": ("energy", x)}, attrs)  # fmt: skip
    found = {}
    for own in ("scofield", "wagner"):
        result = Analysis()
        add_survey(result, {}, "wide", block, 0.0, Quality(), config | {"rsf_library": own})
        found[own] = {r["element"]: r for r in result.tables["xps_survey"]}
    assert "Mg" in found["wagner"]
    for element, row in found["wagner"].items():
        assert row["at_percent"] == pytest.approx(found["scofield"][element]["at_percent"])
        assert "wagner has no factor for Mg 1s" in row["quality_note"]
    assert "no factor" not in found["scofield"]["Mg"]["quality_note"]
