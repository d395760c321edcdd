"""Studies that went wrong, made and handed, through the library."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from coatbench.sims import jobs
from coatbench.sims.analyse import analyse
from coatbench.sims.collect import collect
from coatbench.sims.fragments import load_fragments
from conftest import SHARED, inputs

from . import made_cases

ROOT = Path(__file__).parents[2]


class Case:
    """A study, reduced and compared."""

    def __init__(self, folder: Path) -> None:
        config = yaml.safe_load((ROOT / "config.yaml").read_text())["sims"]
        config |= yaml.safe_load((folder / "study.yaml").read_text()).get("sims", {})
        fragments = load_fragments()
        with (folder / "samples.csv").open() as stream:
            samples = list(csv.DictReader(stream))
        with (folder / "sims" / "index.csv").open() as stream:
            index = list(csv.DictReader(stream))
        self.headline = config["headline_weighting"]
        self.problems: dict[str, str] = {}
        tables: dict[str, list[dict]] = {}
        for sample in dict.fromkeys(r["sample"] for r in index):
            rows = [r for r in index if r["sample"] == sample]
            found = analyse(
                rows, [folder / "sims" / r["file"] for r in rows], jobs.reduce_config(rows, config),
                fragments=jobs.reduce_fragments(rows, fragments, config),
            )  # fmt: skip
            if found.problem:
                self.problems[sample] = found.problem
            for name, part in found.tables.items():
                tables.setdefault(name, []).extend(part)
        self.tables = collect(
            tables, samples, jobs.compare_config(config), reference="bare", fragments=fragments
        )

    def factors(self, sample: str) -> dict[str, float]:
        return {
            r["group"]: r.get("relative_degradation")
            for r in self.tables["sims_degradation"]
            if (r["sample"], r["weighting"]) == (sample, self.headline)
        }

    def qualities(self, sample: str, table: str = "sims_regions") -> dict[str, str]:
        key = "region" if table == "sims_regions" else "group"
        return {r[key]: r["quality"] for r in self.tables[table] if r["sample"] == sample}

    def relative(self, sample: str) -> dict[str, float | None]:
        return {
            r["fragment"]: r.get("relative")
            for r in self.tables["sims_fragments"]
            if r["sample"] == sample
        }

    def acquisition(self, sample: str) -> list[dict]:
        return [r for r in self.tables["sims_acquisition"] if r["sample"] == sample]


@pytest.fixture(scope="module", params=inputs("cases/sims"))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "handed":
        return SHARED / "cases" / "sims"
    path = tmp_path_factory.mktemp("studies")
    made_cases.write_cases(path)
    return path


@pytest.fixture(scope="module")
def study(folder: Path) -> Case:
    return Case(folder / "study")


@pytest.fixture(scope="module")
def planted(folder: Path) -> dict[str, float]:
    if not (folder / "planted.json").is_file():
        return made_cases.FACTORS
    text = json.loads((folder / "planted.json").read_text())
    return next(v for k, v in text.items() if k.startswith("all coated"))


@pytest.fixture(scope="module")
def shifts(folder: Path) -> dict[str, float]:
    if not (folder / "planted.json").is_file():
        return made_cases.SHIFTS_PPM
    return {"shift110": 110, "shift278": 278, "events_scale": 140, "plain": 0}


def test_planted_factors_come_back(study: Case, planted: dict[str, float], subtests) -> None:
    for sample, within, level, regions in [
        ("plain", 0.05, "ok", 2),
        ("shift110", 0.05, "ok", 2),
        ("shift278", 0.05, "doubtful", 2),
        ("dust", 0.2, "doubtful", 5),
        ("partner", 0.05, "ok", 2),
        ("copies", 0.07, "doubtful", 1),
        ("events", 0.12, "doubtful", 1),
        ("events_scale", 0.12, "doubtful", 1),
        ("labels", 0.12, "doubtful", 1),
        ("onefolder", 0.12, "ok", 2),
    ]:
        with subtests.test(sample):
            found = study.factors(sample)
            for group, factor in planted.items():
                assert found[group] == pytest.approx(factor, rel=within), group
            assert set(study.qualities(sample, "sims_degradation").values()) == {level}
            counts = {
                r["n_regions"] for r in study.tables["sims_degradation"] if r["sample"] == sample
            }
            assert counts == {regions}


def test_the_clean_samples_are_ok_everywhere(study: Case) -> None:
    for sample in ("bare", "plain"):
        assert set(study.qualities(sample).values()) == {"ok"}
        assert {r["quality"] for r in study.tables["sims_fragments"] if r["sample"] == sample} == {
            "ok"
        }


def test_the_shift_is_said(study: Case, shifts: dict[str, float], subtests) -> None:
    for sample, ppm in shifts.items():
        with subtests.test(sample):
            for row in study.acquisition(sample):
                assert row["mass_shift_ppm"] == pytest.approx(ppm, abs=4)
                assert 0 < row["mass_shift_ppm_sd"] < 3
                assert row["peaks_used"] >= 20


def test_no_fragment_takes_the_place_of_another(study: Case) -> None:
    fragments = set(study.relative("plain"))
    assert set(study.relative("shift110")) == set(study.relative("shift278")) == fragments
    partner = study.relative("partner")
    assert fragments - set(partner) == {"S3", "SO4"}
    assert set(partner) - fragments == {"HPS2", "HPO4"}


def test_ions_beside_a_fragment_are_named(study: Case) -> None:
    rows = {(r["fragment"], r["neighbour"]): r for r in study.tables["sims_neighbours"]}
    for pair in (("S3", "HPS2"), ("S3", "33S of PS2"), ("SO4", "HPO4"), ("S4", "33S of PS3")):
        assert pair in rows
    assert 0 < rows["S3", "33S of PS2"]["contribution"] < 0.2
    told = {(r["sample"], r["fragment"]): r for r in study.tables["sims_fragments"]}
    for pair in (("S3", "HPS2"), ("SO4", "HPO4"), ("POS2", "PO3S")):
        row = told["plain", pair[0]]
        assert pair[1] in row["note"] and row["quality"] == "ok"
    assert "33S" not in told["plain", "S3"]["note"]


def test_labels_by_mass_and_with_alternatives(study: Case) -> None:
    named = {
        r["label"]: r["fragment"] for r in study.tables["sims_regions"] if r["sample"] == "labels"
    }
    assert named["62.96u"] == "PO2"
    assert named["S_2- _ ( SO_2- )"] == "S2"
    assert named["SO_2-"] == "SO2"


def test_the_dusty_region_is_named(study: Case) -> None:
    levels = study.qualities("dust")
    assert {k: v for k, v in levels.items() if v != "ok"} == {"r2": "doubtful"}


def test_copies_are_said(study: Case) -> None:
    assert study.qualities("copies") == {"r1": "ok", "r2": "unusable"}
    note = next(r for r in study.acquisition("copies") if r["region"] == "r2")["quality_note"]
    assert note == "the counts of region r1 again"


def test_what_cannot_be_used_is_refused_by_name(study: Case, subtests) -> None:
    for sample, words in [
        ("events_positive", ["events_positive_1.grd", "polarity", "positive"]),
        ("profile", ["depth profile"]),
        ("container_itm", ["measurement.itm"]),
        ("container_raw", ["measurement.raw"]),
    ]:
        with subtests.test(sample):
            for word in words:
                assert word in study.problems[sample]
            assert "\n" not in study.problems[sample]
            assert sample not in {r["sample"] for r in study.tables["sims_fragments"]}


def test_few_counts_give_no_bias(folder: Path) -> None:
    found = Case(folder / "few_counts").factors("coated")
    assert len(known := [v for v in found.values() if v is not None]) >= 5
    assert known == pytest.approx([1.0] * len(known), abs=0.06)
