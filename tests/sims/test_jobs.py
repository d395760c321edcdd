"""How the regions of a sample are divided among jobs, and what the jobs ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from coatbench.readers.imzml import binary_beside
from coatbench.readers.recognise import grd_properties
from coatbench.sims import jobs
from coatbench.sims.fragments import DEFAULT_TABLE, load_fragments

CONFIG = {
    "dead_time": "none", "shots_per_pixel": None, "saturated_pixels": "keep", "normalise_to": "total", "map_px": 64, "map_ions": 100, "match_ppm": 100,
    "mass_calibration": {"search_ppm": 500}, "mass_resolution": 5500, "window_ppm": 150, "fragments": "", "headline_weighting": "equal",
}  # fmt: skip


@pytest.mark.parametrize(("regions", "per_job"), [(14, 0), (14, 14), (14, 5), (14, 1), (1, 3)])
def test_blocks_hold_every_region_once(regions: int, per_job: int) -> None:
    rows = [{"region": str(i)} for i in range(regions)]
    names = jobs.blocks(regions, per_job)
    assert [r for name in names for r in jobs.block_rows(rows, name, per_job)] == rows
    assert (names == ["all"]) == (per_job == 0 or regions <= per_job)


def test_only_what_a_reduction_depends_on_is_handed_to_it() -> None:
    images, events = [{"file": "a.bif6"}], [{"file": "a.grd"}]

    def changes(rows: list[dict[str, str]], base: dict, **other: object) -> bool:
        return jobs.reduce_config(rows, base) != jobs.reduce_config(rows, base | other)

    assert not changes(images, CONFIG, headline_weighting="x", match_ppm=50, mass_resolution=1)
    assert not changes(images, CONFIG, mass_calibration={}, window_ppm=100)
    assert changes(images, CONFIG, dead_time="harmonic")
    assert changes(events, CONFIG, mass_calibration={})
    assert changes(events, CONFIG, window_ppm=100)
    named = CONFIG | {"normalise_to": ["Cl"]}
    assert changes(images, named, match_ppm=50)
    assert changes(images, named, mass_calibration={})


def test_the_fragment_table_matters_where_it_is_needed() -> None:
    fragments = load_fragments()
    assert jobs.reduce_fragments([{"file": "a.bif6"}], fragments, CONFIG) == []
    assert len(jobs.reduce_fragments([{"file": "a.itm.grd"}], fragments, CONFIG)) == len(fragments)
    assert jobs.reduce_fragments([{"file": "a"}], fragments, CONFIG | {"normalise_to": ["Cl"]})


def test_files_behind_an_entry(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("folder/b.txt", "folder/a.txt", "x.itm.grd", "x.properties.txt", "y.bif6"):
        (tmp_path / name).touch()
    assert [Path(p).name for p in jobs.parts(tmp_path / "folder")] == ["a.txt", "b.txt"]
    assert [Path(p).name for p in jobs.parts(tmp_path / "x.itm.grd")] == ["x.properties.txt"]
    assert jobs.parts(tmp_path / "y.bif6") == []
    assert jobs.parts(tmp_path / "not yet made") == []


@pytest.mark.parametrize(
    ("export", "beside"),
    [
        ("A.GRD", "A.GRD.properties.txt"),
        ("ions.raw", "ions.raw.properties.txt"),
        ("ions.raw", "ions.raw.itm.properties.txt"),
        ("region.itm", "region.properties.txt"),
        ("region.xml", "region.ibd"),
        ("region", "region.IBD"),
    ],
)
def test_what_stands_beside_an_export_of_any_ending_is_noticed(
    tmp_path: Path, export: str, beside: str
) -> None:
    """Its reader is told by the content or by the index, and looks for the mass scale, or the numbers, under these names."""
    for name in (export, beside):
        (tmp_path / name).write_bytes(bytes(20))
    found = {binary_beside(tmp_path / export), grd_properties(tmp_path / export)} - {None}
    assert found == {tmp_path / beside}
    assert jobs.parts(tmp_path / export) == [(tmp_path / beside).as_posix()]
    assert jobs.parts(tmp_path / beside) == []


def test_requests_grow_with_files_and_attempts() -> None:
    images, events = [{"file": "x.bif6"}] * 14, [{"file": "x.itm.grd"}] * 14
    assert jobs.memory_mb(14 * 13.4, images, 1) == 680
    assert jobs.memory_mb(14 * 13.4, images, 3) == 3 * 680
    assert jobs.memory_mb(14 * 348, events, 1) == jobs.memory_mb(14 * 10_000, events, 1) < 1000
    assert jobs.runtime_min(10_000, 1) > jobs.runtime_min(10, 1)
    assert jobs.runtime_min(10, 2) == 2 * jobs.runtime_min(10, 1)


def test_the_profile_groups_what_is_submitted_beside_the_reductions() -> None:
    workflow = Path(__file__).parents[2] / "workflow"
    profile = yaml.safe_load((workflow / "profiles" / "slurm" / "config.yaml").read_text())
    groups = dict(entry.split("=") for entry in profile["groups"])
    rules = "".join(p.read_text() for p in (workflow / "rules").glob("*.smk"))
    local = re.findall(
        r"\w+", "".join(re.findall(r"^localrules:\n((?: .*\n)+)", rules, flags=re.M))
    )
    submitted = set(re.findall(r"^rule (\w+):", rules, flags=re.M)) - set(local)
    assert submitted == {"sims_reduce", *groups}
    assert set(groups.values()) == {"small"}
    for rule in submitted:  # a retry gets more memory
        own = rules.split(f"rule {rule}:")[1].split("script:")[0]
        assert re.search(r"mem_mb=lambda .*attempt:", own), rule
    minutes = [
        int(re.search(r"runtime=(\d+)", rules.split(f"rule {r}:")[1])[1])  # type: ignore[index]
        for r in groups
    ]
    (together,) = (int(n.split("=")[1]) for n in profile["group-components"])
    assert together / profile["cores"] * max(minutes) <= 60  # short queues end after an hour


def test_a_study_may_have_its_own_table() -> None:
    assert jobs.table_path("study", CONFIG["fragments"]) == DEFAULT_TABLE
    assert jobs.table_path("study", "mine.csv") == Path("study/mine.csv")
