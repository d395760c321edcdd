"""The simulator's truth comes back: planted factors, empty pixels, the paper's claims on the demo study."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.readers.sims_open import open_region
from coatbench.sims import jobs
from coatbench.sims.analyse import analyse
from coatbench.sims.collect import collect
from coatbench.sims.fragments import load_fragments
from coatbench.simulate.sims import FRAGMENTS, region_scatter, simulate
from coatbench.simulate.truth import load_truth

from .small_study import make_study

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"


def index() -> list[dict[str, str]]:
    with (DEMO / "sims" / "index.csv").open() as stream:
        return list(csv.DictReader(line for line in stream if line[0] != "#"))


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    truth = load_truth(DEMO / "truth.csv")["c400"]
    settings = {"sims": {"raster_px": {"bif6": 16, "ascii": 16, "grd": 16}}}
    rows = [{"region": str(i), "file": f} for i, f in enumerate(("a.bif6", "b", "c.itm.grd"))]
    for name in ("one", "two"):
        simulate("c400", rows, tmp_path / name, truth, settings, seed=3)
    files = sorted(
        p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()
    )
    assert len(files) == 1 + 25 + 2
    assert all(
        (tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files
    )
    other = tmp_path / "three"
    simulate("c400", rows, other, truth, settings, seed=4)
    assert (other / "a.bif6").read_bytes() != (tmp_path / "one" / "a.bif6").read_bytes()


def test_scatter_between_regions() -> None:
    generators = [np.random.default_rng(k) for k in range(4000)]
    free = region_scatter(generators, 0.13, {"common_scatter": 0.7, "balanced": False})
    assert free.std(axis=0) / free.mean(axis=0) == pytest.approx(0.13, rel=0.06)
    assert free.mean() == pytest.approx(1, abs=0.01)
    few = region_scatter(generators[:14], 0.13, {"common_scatter": 0.7, "balanced": True})
    assert few.mean(axis=0) == pytest.approx(1)


def test_another_raster_is_a_setting(tmp_path: Path) -> None:
    truth = load_truth(DEMO / "truth.csv")["uncoated"]
    simulate(
        "x",
        [{"region": "1", "file": "x.bif6"}],
        tmp_path,
        truth,
        {"sims": {"raster_px": {"bif6": 256}}},
        1,
    )
    region = open_region(tmp_path / "x.bif6")
    assert region.shape == (256, 256)
    assert region.total is not None
    assert (region.total == 0).mean() == pytest.approx(0.07, abs=0.003)


@pytest.mark.parametrize("kind", ["bif6", "grd"])
def test_rows_fit_the_tables_that_are_described(tmp_path: Path, kind: str) -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/tables/sims.yaml").read_text())
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["sims"] | {
        "bootstrap_repetitions": 100
    }
    rows = make_study(tmp_path, regions=2, kind=kind)
    fragments = load_fragments()
    result = analyse(
        rows, [tmp_path / "sims" / r["file"] for r in rows], jobs.reduce_config(rows, config),
        fragments=jobs.reduce_fragments(rows, fragments, config),
    )  # fmt: skip
    samples = [{"sample": "bare"}, {"sample": "coated"}]
    tables = collect(
        result.tables, samples, jobs.compare_config(config), reference="bare", fragments=fragments
    )
    assert set(tables) == set(schema)
    for name, made in tables.items():
        assert made and {c for row in made for c in row} <= set(schema[name]), name


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> dict[str, list[dict]]:
    """The tables of the whole demo study, simulated and reduced."""
    folder = tmp_path_factory.mktemp("demo")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["sims"]
    truth = load_truth(DEMO / "truth.csv")
    simulator = yaml.safe_load((DEMO / "study.yaml").read_text())["simulator"]
    seed = simulator["seed"]
    fragments = load_fragments()
    tables: dict[str, list[dict]] = {}
    for sample in dict.fromkeys(r["sample"] for r in index()):
        rows = [r for r in index() if r["sample"] == sample]
        simulate(sample, rows, folder, truth[sample], simulator, seed)
        result = analyse(
            rows, [folder / r["file"] for r in rows], jobs.reduce_config(rows, config),
            fragments=jobs.reduce_fragments(rows, fragments, config),
        )  # fmt: skip
        assert result.problem is None
        for name, made in result.tables.items():
            tables.setdefault(name, []).extend(made)
    with (DEMO / "samples.csv").open() as stream:
        samples = list(csv.DictReader(stream))
    return collect(tables, samples, config, reference="uncoated", fragments=fragments)


@pytest.mark.slow
def test_planted_group_factors_come_back_within_3_percent(demo) -> None:  # type: ignore[no-untyped-def]
    truth = load_truth(DEMO / "truth.csv")
    checked = 0
    for row in demo["sims_degradation"]:
        planted = truth[row["sample"]].get(f"sims.relative.{row['group']}")
        if planted is not None:
            assert row["relative_degradation"] == pytest.approx(planted, rel=0.03), row
            checked += 1
    assert checked == 9 * 4 * 4


@pytest.mark.slow
def test_claims_of_the_paper_hold_on_the_demo_study(demo) -> None:  # type: ignore[no-untyped-def]
    for group in ("polysulfide_like", "oxygenated"):
        for weighting in ("equal", "pca_max", "pca_autoscale", "pca_poisson"):
            value = {
                int(r["sample"][1:]): r["relative_degradation"]
                for r in demo["sims_degradation"]
                if (r["group"], r["weighting"]) == (group, weighting) and r["sample"] != "uncoated"
            }
            assert all(v < 1 for t, v in value.items() if t != 100)  # S01
            assert 300 <= min(value, key=lambda t: value[t]) <= 500  # S02
            highest = max(value[t] for t in (300, 400, 500))
            assert value[600] > highest and value[700] > highest  # S03
            assert value[100] > value[25]  # S04


@pytest.mark.slow
def test_acquisition_of_the_demo_study(demo) -> None:  # type: ignore[no-untyped-def]
    rows = demo["sims_acquisition"]
    assert {r["format"] for r in rows} == {"BIF6", "SurfaceLab ASCII images", "GRD"}
    assert {(r["raster_x_px"], r["raster_y_px"]) for r in rows} == {(256, 256)}  # M02
    assert {r["field_of_view_um"] for r in rows} == {150.0}  # M01
    assert {r["primary_ion_dose_cm2"] for r in rows} == {1e12}  # M04
    assert {sum(r["sample"] == s for r in rows) for s in {r["sample"] for r in rows}} == {14}  # M03
    assert all(0.06 < r["empty_pixel_fraction"] < 0.2 for r in rows)
    assert all(r["matched_by"] in ("label", "mass") for r in demo["sims_fragments"])
    assert {r["fragment"] for r in demo["sims_fragments"] if r["sample"] == "c200"} == set(
        FRAGMENTS
    )


@pytest.mark.slow
def test_troubles_of_the_demo_study_are_seen(demo) -> None:  # type: ignore[no-untyped-def]
    shifts = {"c025": -40, "c100": 110, "c300": 60, "c600": 140}
    for row in demo["sims_acquisition"]:
        if row["format"] != "SurfaceLab ASCII images":
            # Centres stand 15 ppm to either side by turns, so that the median is one of them.
            assert row["mass_shift_ppm"] == pytest.approx(shifts.get(row["sample"], 0), abs=16)
    odd = {
        (r["sample"], r["region"]): r["quality"]
        for r in demo["sims_acquisition"]
        if r["quality"] != "ok"
    }
    assert odd == {("c700", "07"): "doubtful"}
    assert {r["sample"] for r in demo["sims_degradation"] if r["quality"] != "ok"} == {"c700"}


def small(tmp_path: Path, name: str, kind: str, **troubles: object) -> dict[str, float]:
    """Simulate one region with troubles and return its normalised intensities by fragment."""
    truth = {"sims.empty_pixel_fraction": 0.05, "sims.region_cv": 0.0}
    ions = {"bif6": 200.0, "grd": 200.0}
    options = {"raster_px": {"bif6": 32, "grd": 32}, "ions_per_pixel": ions, **troubles}
    rows = [{"sample": "s", "region": "1", "file": f"{name}.{kind}"}]
    simulate("s", rows, tmp_path, truth, {"sims": options}, 1)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["sims"]
    fragments = load_fragments()
    result = analyse(
        rows, [tmp_path / rows[0]["file"]], jobs.reduce_config(rows, config),
        fragments=jobs.reduce_fragments(rows, fragments, config),
    )  # fmt: skip
    assert result.problem is None or troubles.get("polarity"), result.problem
    tables = collect(
        result.tables,
        [{"sample": "s"}],
        jobs.compare_config(config),
        reference="s",
        fragments=fragments,
    )
    small.tables = tables  # type: ignore[attr-defined]
    return {r["fragment"]: r["normalised_intensity"] for r in tables["sims_regions"] if r["group"]}


@pytest.mark.parametrize("kind", ["bif6", "grd"])
def test_a_shifted_scale_gives_the_same_numbers(tmp_path: Path, kind: str) -> None:
    straight = small(tmp_path, "straight", kind)
    for ppm in (-120.0, 200.0):
        shifted = small(tmp_path, f"shifted{ppm:.0f}", kind, mass_shift_ppm=ppm)
        assert shifted == pytest.approx(straight, rel=0.02 if kind == "grd" else 1e-9)


def test_partners_in_the_list_take_no_fragments_place(tmp_path: Path) -> None:
    straight = small(tmp_path, "straight", "bif6")
    partners = small(tmp_path, "partners", "bif6", listed_partners=["SO4", "S3"])
    assert set(straight) - set(partners) == {"SO4", "S3"}


def test_isotopologues_contribute_what_the_table_says(tmp_path: Path) -> None:
    def raw() -> dict[str, float]:
        rows = small.tables["sims_regions"]  # type: ignore[attr-defined]
        return {
            r["fragment"]: r["normalised_intensity"] / (1 - (r["isotopologue_share"] or 0))
            for r in rows
        }

    small(tmp_path, "straight", "bif6")
    without = raw()
    left = small(tmp_path, "more", "bif6", isotopologues=True)
    rows = {(r["fragment"], r["neighbour"]): r for r in small.tables["sims_neighbours"]}  # type: ignore[attr-defined]
    for fragment, neighbour in (
        ("S3", "33S of PS2"),
        ("S4", "33S of PS3"),
        ("LiPO3", "6Li of LiSO3"),
    ):
        stated = rows[fragment, neighbour]["contribution"]
        assert stated == pytest.approx(1 - without[fragment] / raw()[fragment], rel=0.25)
        assert left[fragment] == pytest.approx(without[fragment], rel=0.02)  # subtracted


def test_positive_ions_are_refused(tmp_path: Path) -> None:
    assert small(tmp_path, "positive", "grd", polarity="Positive") == {}


@pytest.mark.slow
def test_neighbours_that_the_resolution_does_not_separate(demo) -> None:  # type: ignore[no-untyped-def]
    rows = {(r["fragment"], r["neighbour"]): r for r in demo["sims_neighbours"]}
    close = {pair for pair, r in rows.items() if not r["separated"]}
    assert {("POS2", "PO3S"), ("PS3", "PO2S2"), ("SO2", "HPO2")} <= close
    assert ("PO2", "PS") in rows and ("PO2", "PS") not in close  # 3545 of 5500
    measured = {r["fragment"] for r in demo["sims_fragments"] if r["group"]}
    assert {r["fragment"] for r in rows.values() if r["in_interval"] is not None} <= measured
    assert rows["POS2", "PO3S"]["in_interval"] is not None
