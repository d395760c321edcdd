"""Regions that cannot be trusted: copies, dust, and what a robust estimator makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.quality import quality_of
from coatbench.sims.regions import _copies, damped

from .test_compare import CV, DEGRADATION, FACTORS, FRAGMENTS, as_rows, made, study

POLYSULFIDES = [i for i, f in enumerate(DEGRADATION) if f.group == "polysulfide"]


def quality(tables: dict, sample: str) -> dict[str, tuple[str, str]]:
    """Return level and note of each region of a sample."""
    return {
        r["region"]: (r["quality"], r["quality_note"])
        for r in tables["sims_regions"]
        if r["sample"] == sample
    }


@pytest.mark.parametrize("n", [3, 5, 14])
@pytest.mark.parametrize("members", [POLYSULFIDES, list(range(len(DEGRADATION)))])
def test_a_dusty_region_is_named_and_damped(n: int, members: list[int]) -> None:
    values = study(np.random.default_rng(3), n=n)
    clean = made(as_rows(values))
    values[1, 2, members] *= 8
    tables = made(as_rows(values))
    levels = quality(tables, "a")
    assert {r for r, (level, _) in levels.items() if level != "ok"} == {"2"}
    assert "polysulfide" in levels["2"][1] and "standard deviations" in levels["2"][1]
    row = {(r["sample"], r["fragment"]): r for r in tables["sims_fragments"]}["a", "S2"]
    base = {(r["sample"], r["fragment"]): r for r in clean["sims_fragments"]}["a", "S2"]
    assert row["normalised_intensity"] == pytest.approx(base["normalised_intensity"], rel=0.25)
    assert row["quality"] == "doubtful" and row["n_regions"] == n
    for r in tables["sims_degradation"]:
        if r["sample"] == "a" and r["group"] == "polysulfide":
            assert r["quality"] == "doubtful"
            assert (
                r["relative_degradation_ci_low"]
                < FACTORS[1, POLYSULFIDES].mean()
                < r["relative_degradation_ci_high"]
            )
        if r["sample"] == "b":
            assert r["quality"] == "ok"


def test_ordinary_regions_are_left_alone() -> None:
    flagged = 0
    for seed in range(20):
        tables = made(as_rows(study(np.random.default_rng(seed))))
        flagged += sum(
            quality_of(r).level != "ok" for r in tables["sims_regions"] if r["fragment"] == "S2"
        )
    assert flagged <= 2  # of 20 x 56


def test_two_regions_that_differ_are_both_doubtful_and_neither_is_damped() -> None:
    values = study(np.random.default_rng(3), n=2)
    values[1, 0] *= 9  # twelve times would be more than the total
    tables = made(as_rows(values))
    assert {level for level, _ in quality(tables, "a").values()} == {"doubtful"}
    row = next(r for r in tables["sims_fragments"] if (r["sample"], r["fragment"]) == ("a", "S2"))
    assert row["normalised_intensity"] == pytest.approx(values[1, :, 0].mean())


def test_a_file_listed_twice_counts_once() -> None:
    values = study(np.random.default_rng(3), n=4)
    values[1, 3] = values[1, 1]
    tables = made(as_rows(values))
    assert {r for r, (level, _) in quality(tables, "a").items() if level == "unusable"} == {"3"}
    assert "the counts of region 1 again" in quality(tables, "a")["3"][1]
    row = next(r for r in tables["sims_fragments"] if (r["sample"], r["fragment"]) == ("a", "S2"))
    assert row["n_regions"] == 3
    assert row["normalised_intensity"] == pytest.approx(values[1, :3, 0].mean())


def test_the_same_counts_in_two_samples_are_doubtful_in_both() -> None:
    values = study(np.random.default_rng(3), n=4)
    values[2, 0] = values[1, 1]
    tables = made(as_rows(values))
    assert quality(tables, "a")["1"][0] == quality(tables, "b")["0"][0] == "doubtful"
    assert "samples a and b" in quality(tables, "b")["0"][1]


def test_damping() -> None:
    values = np.array([[1.0, 0.0], [2.0, 0.0], [16.0, 4.0]])
    half = damped(values, np.array([1.0, 1.0, 0.5]))
    assert half[2, 0] == pytest.approx(2 * 8**0.5)
    assert half[2, 1] == 4.0  # no median to draw it to
    assert (half[:2] == values[:2]).all()


def test_few_counts_in_one_sample_do_not_hide_the_dust_in_another() -> None:
    rng = np.random.default_rng(8)
    values = study(rng, n=5)
    values[1, 2] *= 2.5
    rows = as_rows(values)
    for row in rows:
        if row["sample"] in ("b", "c"):  # ten counts a fragment
            row["poisson_sd"] = 0.5 * row["normalised_intensity"]
            row["normalised_intensity"] *= float(rng.lognormal(0, 0.5))
    tables = made(rows)
    assert {k for k, (level, _) in quality(tables, "a").items() if level != "ok"} == {"2"}
    assert {level for level, _ in quality(tables, "b").values()} == {"ok"}


@pytest.mark.slow
def test_intervals_cover_the_truth_with_shifts_and_a_dusty_region() -> None:
    """Of the 95 % intervals of a sample with one dusty region of fourteen, 92 to 98 % hold the truth.

    Every sample has a mass shift of its own, up to 150 ppm, and images are named by their masses.
    """
    rng = np.random.default_rng(21)
    hits: dict[str, list[bool]] = {}
    exact = {f.name: f.mass_u for f in DEGRADATION}
    for _ in range(150):
        values = study(rng)
        values[1, int(rng.integers(14)), :] *= 8
        rows = as_rows(values)
        shift = {s: rng.uniform(-150, 150) for s in dict.fromkeys(r["sample"] for r in rows)}
        for row in rows:
            ppm = shift[row["sample"]] + 6 * rng.standard_normal()
            row |= {"label": "", "mass_u": exact[row["fragment"]] * (1 + 1e-6 * ppm)}
        tables = made(rows)
        for r in tables["sims_fragments"]:
            if r["sample"] == "a" and r["group"]:
                i = next(i for i, f in enumerate(DEGRADATION) if f.name == r["fragment"])
                hits.setdefault("fragment", []).append(
                    r["relative_ci_low"] < FACTORS[1, i] < r["relative_ci_high"]
                )
        for r in tables["sims_degradation"]:
            if (r["sample"], r["weighting"]) == ("a", "equal"):
                i = [i for i, f in enumerate(DEGRADATION) if f.group == r["group"]]
                if i:
                    truth = FACTORS[1, i].mean()
                    hits.setdefault("group", []).append(
                        r["relative_degradation_ci_low"] < truth < r["relative_degradation_ci_high"]
                    )
    assert len(FRAGMENTS) > len(DEGRADATION) and CV > 0
    assert len(hits["fragment"]) == 150 * len(DEGRADATION)
    for name, inside in hits.items():
        print(name, np.mean(inside))
        assert 0.92 <= np.mean(inside) <= 0.98, (name, np.mean(inside))


@pytest.mark.parametrize(("ions", "copies"), [(7.0, 1), (0.0, 0)])
def test_copies_are_known_by_their_ions_also_where_these_do_not_scatter(ions, copies):
    """Regions without any ion are all alike, and no copies."""
    own = [{"sum_counts": ions, "pixel_sd": 0.0, "normalised_intensity": 0.1 * ions}]
    assert len(_copies({("a", "1"): own, ("a", "2"): own})) == copies
