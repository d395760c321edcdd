"""Comparison with the reference: ratios, weights, groups, intervals that cover the truth."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from coatbench.sims.collect import collect
from coatbench.sims.degradation import degradation_tables
from coatbench.sims.fragments import Fragment, load_fragments
from coatbench.sims.groups import resample
from coatbench.sims.ratio import Mean, mean_of_regions, ratio_of_means
from coatbench.sims.weights import WEIGHTINGS, principal_components, scaled, weights

MAIN = {
    "polysulfide_like": ["polysulfide"],
    "oxygenated": ["sulfite_sulfate", "phosphite_phosphate", "thiophosphate_oxygenated"],
}
CONFIG = {
    "mass_calibration": {"search_ppm": 500, "tolerance_ppm": 25, "min_peaks": 4}, "plausible": {}, "region_outlier_sd": 4.5,
    "main_groups": MAIN, "match_ppm": 100, "mass_resolution": 5500, "headline_weighting": "pca_max",
    "bootstrap_repetitions": 300, "bootstrap_seed": 1, "saturated_pixels": "keep", "dead_time": "none",
}  # fmt: skip
FRAGMENTS = load_fragments()
DEGRADATION = [f for f in FRAGMENTS if f.group != "matrix"]
GROUPS = {f.group: {f.group} for f in DEGRADATION} | {k: set(v) for k, v in MAIN.items()}
SAMPLES = [{"sample": s} for s in ("bare", "a", "b", "c")]
# Planted factors per sample and fragment: not the same within a group, so that weights matter.
FACTORS = np.array([[1.0], [0.45], [0.8], [1.15]]) * np.exp(
    np.random.default_rng(5).normal(0, 0.1, (4, len(DEGRADATION)))
)
FACTORS[0] = 1.0
SHARES = np.geomspace(0.002, 0.04, len(DEGRADATION))
CV = 0.13


def study(rng: np.random.Generator, n: int = 14) -> np.ndarray:
    """Return normalised intensities (sample, region, fragment) with scatter between regions."""
    sigma = np.sqrt(np.log1p(CV**2) / 2)
    z = rng.normal(0, sigma, (4, n, 1)) + rng.normal(0, sigma, (4, n, len(DEGRADATION)))
    return SHARES * FACTORS[:, None, :] * np.exp(z - sigma**2)


def as_rows(values: np.ndarray, names: list[str] | None = None) -> list[dict]:
    return [
        {
            "sample": SAMPLES[s]["sample"], "region": str(r), "fragment": f.name, "group": f.group,
            "normalised_intensity": values[s, r, i], "number": i + 1, "label": f.name + "-", "mass_u": None,
            "mass_lower_u": None, "mass_upper_u": None, "poisson_sd": 1e-5, "pixel_sd": 1e-3,
            "ratio_of_sums": values[s, r, i], "sum_counts": 1.0, "corrected_counts": None, "largest_count": 1.0,
            "n_pixels": 90, "n_empty_pixels": 10, "total_source": "image 0",
            "region_weight": 1.0,
        }
        for s in range(values.shape[0])
        for r in range(values.shape[1])
        for i, f in enumerate(DEGRADATION)
        if names is None or f.name in names
    ]  # fmt: skip


def made(rows: list[dict], config=CONFIG, reference="bare", fragments=FRAGMENTS):  # type: ignore[no-untyped-def]
    return collect(
        {"sims_regions": rows}, SAMPLES, config, reference=reference, fragments=fragments
    )


# --- ratios ------------------------------------------------------------------------------------------


def test_ratio_against_the_formula() -> None:
    found = ratio_of_means(Mean(0.5, 0.1 / 14**0.5, 14, 0.1), Mean(1.0, 0.2 / 3, 9, 0.2))
    a, b = 0.04 / 14, 0.04 / 9
    from scipy import stats

    t = stats.t.ppf(0.975, (a + b) ** 2 / (a**2 / 13 + b**2 / 8))
    assert found.value == 0.5
    assert found.low == pytest.approx(0.5 * np.exp(-t * np.sqrt(a + b)))
    assert found.high == pytest.approx(0.5 * np.exp(t * np.sqrt(a + b)))


@pytest.mark.parametrize(
    ("arguments", "value", "note"),
    [
        ((Mean(0.5, None, 1), Mean(1.0, 0.03, 14)), 0.5, "fewer than two regions"),
        ((Mean(0.0, 0.0, 14), Mean(1.0, 0.03, 14)), 0.0, "no counts"),
        ((Mean(0.5, 0.03, 14), Mean(0.0, 0.0, 14)), None, "not seen in the reference"),
    ],
)
def test_what_cannot_be_known_is_empty(arguments, value, note: str) -> None:  # type: ignore[no-untyped-def]
    found = ratio_of_means(*arguments)
    assert found.value == value
    assert found.low is None and found.high is None
    assert note in found.note


# --- weights -------------------------------------------------------------------------------------------


def test_weights_against_a_decomposition() -> None:
    values = study(np.random.default_rng(1)).reshape(-1, len(DEGRADATION))
    for weighting in WEIGHTINGS[1:]:
        parts = principal_components(values, weighting)
        assert parts is not None
        found = weights(values, weighting)
        np.testing.assert_allclose(
            found, np.abs(parts.loadings[0]) / np.abs(parts.loadings[0]).sum(), rtol=1e-9
        )
        assert parts.loadings.sum(axis=1).min() >= 0
        u, s, _ = np.linalg.svd(scaled(values, weighting), full_matrices=False)
        np.testing.assert_allclose(np.abs(parts.scores[:, 0]), np.abs(u[:, 0] * s[0]), rtol=1e-9)
    np.testing.assert_allclose(weights(values, "equal"), 1 / len(DEGRADATION))


def test_weights_do_not_depend_on_the_order_of_regions() -> None:
    values = study(np.random.default_rng(1)).reshape(-1, len(DEGRADATION))
    mixed = np.random.default_rng(2).permutation(values)
    for weighting in WEIGHTINGS:
        np.testing.assert_allclose(weights(values, weighting), weights(mixed, weighting), rtol=1e-9)


def test_scalings() -> None:
    values = np.array([[1.0, 10.0], [2.0, 40.0], [4.0, 10.0]])
    np.testing.assert_allclose(scaled(values, "pca_none"), values - values.mean(axis=0))
    by_max = values / [4, 40]
    np.testing.assert_allclose(scaled(values, "pca_max"), by_max - by_max.mean(axis=0))
    np.testing.assert_allclose(scaled(values, "pca_autoscale").std(axis=0, ddof=1), 1)
    poisson = values / np.sqrt(values.mean(axis=1, keepdims=True) * values.mean(axis=0))
    np.testing.assert_allclose(scaled(values, "pca_poisson"), poisson - poisson.mean(axis=0))


def test_no_differences_no_components() -> None:
    assert weights(np.ones((5, 3)), "pca_max") is None
    assert principal_components(np.ones((2, 3)), "pca_max") is None


def test_loadings_are_of_unit_length_and_mostly_positive() -> None:
    for seed in range(8):
        values = np.random.default_rng(seed).normal(5, 1, (6, 4))
        parts = principal_components(values, "pca_none")
        assert parts is not None
        np.testing.assert_allclose(np.linalg.norm(parts.loadings, axis=1), 1)
        assert (parts.loadings.sum(axis=1) >= 0).all()


# --- tables ----------------------------------------------------------------------------------------------


def test_tables_of_a_study() -> None:
    tables = made(as_rows(study(np.random.default_rng(3))))
    fragments = {(r["sample"], r["fragment"]): r for r in tables["sims_fragments"]}
    assert fragments["bare", "S2"]["relative"] == 1
    row = fragments["a", "S2"]
    assert row["relative_ci_low"] < row["relative"] < row["relative_ci_high"]
    assert row["n_regions"] == 14
    assert row["empty_pixel_fraction"] == pytest.approx(0.1)
    groups = {(r["sample"], r["group"], r["weighting"]): r for r in tables["sims_degradation"]}
    assert len(groups) == 4 * 6 * 4
    assert {r["weighting"] for r in tables["sims_sensitivity"]} == set(WEIGHTINGS)
    equal = groups["a", "polysulfide", "equal"]["relative_degradation"]
    assert equal == pytest.approx(
        np.mean([fragments["a", f]["relative"] for f in ("S2", "S3", "S4", "S5")])
    )
    assert groups["a", "polysulfide_like", "equal"]["relative_degradation"] == pytest.approx(equal)
    order = {(r["group"], r["weighting"]): r for r in tables["sims_sensitivity"]}
    assert order["oxygenated", "pca_max"]["order"] == "a < b < c"
    assert order["oxygenated", "equal"]["pairs_changed"] == 0
    assert order["oxygenated", "equal"]["n_pairs"] == 3
    assert order["oxygenated", "pca_max"]["least_degraded_fraction"] == 1
    assert sum(
        r["weight"] for r in tables["sims_weights"] if r["weighting"] == "pca_max"
    ) == pytest.approx(1)
    assert len(tables["sims_scores"]) == 4 * 4 * 14


def test_a_headline_of_its_own_stands_in_the_table() -> None:
    rows = as_rows(study(np.random.default_rng(3)))
    found = made(rows, CONFIG | {"headline_weighting": "pca_none"})
    assert {r["weighting"] for r in found["sims_degradation"]} == set(WEIGHTINGS)


def test_an_order_that_depends_on_the_weights_is_told() -> None:
    rng = np.random.default_rng(9)
    factors = np.ones((3, len(DEGRADATION)))
    factors[1, 0] = (
        0.3  # a differs in one fragment of its group, strongly; b in all of them, a little
    )
    factors[2] = 0.8
    values = SHARES * factors[:, None, :] * np.exp(rng.normal(0, 0.01, (3, 14, len(DEGRADATION))))
    group = DEGRADATION[0].group
    rows = {
        r["weighting"]: r for r in made(as_rows(values))["sims_sensitivity"] if r["group"] == group
    }
    assert (rows["pca_max"]["order"], rows["pca_max"]["pairs_changed"]) == ("a < b", 0)
    assert (rows["equal"]["order"], rows["equal"]["pairs_changed"]) == ("b < a", 1)
    assert rows["equal"]["n_pairs"] == 1
    assert rows["equal"]["same_order_fraction"] > 0.9


def test_a_further_sample_leaves_equal_weights_untouched() -> None:
    values = study(np.random.default_rng(3))
    few = {
        (r["sample"], r["group"]): r
        for r in made(as_rows(values[:3]))["sims_degradation"]
        if r["weighting"] == "equal"
    }
    more = {
        (r["sample"], r["group"]): r
        for r in made(as_rows(values))["sims_degradation"]
        if r["weighting"] == "equal"
    }
    assert all(more[key] == row for key, row in few.items())


def test_same_input_same_tables() -> None:
    rows = as_rows(study(np.random.default_rng(3)))
    assert made(rows) == made(rows)


def test_without_a_reference_nothing_is_related(caplog) -> None:  # type: ignore[no-untyped-def]
    rows = as_rows(study(np.random.default_rng(3)))
    for reference in (None, "absent"):
        with caplog.at_level(logging.WARNING):
            tables = made(rows, reference=reference)
        related = tables["sims_degradation"]
        assert {r["sample"] for r in related} == {s["sample"] for s in SAMPLES}
        assert all(r.get("relative_degradation") is None for r in related)
        assert {(r["quality"], r["note"]) for r in related} == {("unusable", "no reference")}
        assert tables["sims_sensitivity"] == []
        assert {r["sample"] for r in tables["sims_scores"]} == {s["sample"] for s in SAMPLES}
        weighted = {r["fragment"] for r in tables["sims_weights"] if r["weight"] is not None}
        assert weighted == {f.name for f in DEGRADATION}
        assert all(
            r.get("relative") is None and "no reference" in r["note"]
            for r in tables["sims_fragments"]
        )
        assert "no reference" in caplog.text


def test_a_reference_of_which_nothing_is_usable_is_said() -> None:
    rows = as_rows(study(np.random.default_rng(3), n=2))
    for row in rows:
        if row["sample"] == "bare":
            row["total_source"] = "sum of images" if row["region"] == "0" else "image 0"
    again = [r | {"region": "1"} for r in rows if (r["sample"], r["region"]) == ("bare", "0")]
    rows = [r for r in rows if r["sample"] != "bare" or r["region"] == "0"] + again
    related = made(rows)["sims_degradation"]
    assert related and {r["sample"] for r in related} == {s["sample"] for s in SAMPLES}
    assert made([])["sims_degradation"] == []


def test_one_region_has_no_interval() -> None:
    tables = made(as_rows(study(np.random.default_rng(3), n=1)))
    assert all(r["normalised_intensity_sd"] is None for r in tables["sims_fragments"])
    rows = [
        r for r in tables["sims_degradation"] if r["sample"] == "a" and r["weighting"] == "equal"
    ]
    assert all(
        r["relative_degradation"] > 0 and r["relative_degradation_ci_low"] is None for r in rows
    )
    assert all("no interval" in r["note"] for r in rows)


def test_one_region_borrows_the_scatter_of_the_others() -> None:
    values = study(np.random.default_rng(3))
    rows = [r for r in as_rows(values) if r["sample"] != "a" or r["region"] == "0"]
    tables = made(rows)
    row = next(r for r in tables["sims_fragments"] if (r["sample"], r["fragment"]) == ("a", "S2"))
    assert row["normalised_intensity_sd"] == pytest.approx(
        CV * row["normalised_intensity"], rel=0.4
    )
    assert (row["quality"], row["quality_note"]) == ("doubtful", "one region")
    assert row["region_sd"] is None
    few = [r for r in tables["sims_degradation"] if r["sample"] == "a"]
    many = [r for r in made(as_rows(values))["sims_degradation"] if r["sample"] == "a"]
    for one, all_ in zip(few, many, strict=True):
        width = [
            np.log(r["relative_degradation_ci_high"] / r["relative_degradation_ci_low"])
            for r in (one, all_)
        ]
        assert width[0] > 1.5 * width[1]
        assert "one region" in one["note"] and one["quality"] == "doubtful"


def test_one_region_of_the_reference_is_a_doubt_about_every_ratio() -> None:
    """As one of the sample is: nobody knows whether it is like the others that were not measured."""
    rows = as_rows(study(np.random.default_rng(3)))
    tables = made([r for r in rows if r["sample"] != "bare" or r["region"] == "0"])
    for name in ("sims_fragments", "sims_degradation"):
        for r in tables[name]:
            note = "one region" if r["sample"] == "bare" else "reference: one region"
            assert (r["quality"], r["quality_note"]) == ("doubtful", note), name


def test_regions_that_agree_by_chance_are_no_surer_than_their_counts() -> None:
    values = np.repeat(study(np.random.default_rng(3), n=1), 2, axis=1) * [[[1], [1 + 1e-9]]]
    rows = [r | {"poisson_sd": 0.05 * r["normalised_intensity"]} for r in as_rows(values)]
    tables = made(rows)
    row = next(r for r in tables["sims_fragments"] if (r["sample"], r["fragment"]) == ("a", "S2"))
    half = np.log(row["relative_ci_high"] / row["relative"])
    assert half > 1.96 * 0.05  # two regions in sample and reference: 0.05 / sqrt(2) * sqrt(2)
    group = next(
        r for r in tables["sims_degradation"] if (r["sample"], r["group"]) == ("a", "polysulfide")
    )
    assert (
        np.log(group["relative_degradation_ci_high"] / group["relative_degradation"])
        > 1.96 * 0.05 / 2
    )
    assert mean_of_regions([2.0, 2.0], [0.1, 0.1]).sd == pytest.approx(0.1 / 2**0.5)


def test_a_fragment_of_zeros_in_the_reference_is_left_out() -> None:
    values = study(np.random.default_rng(3))
    values[0, :, 0] = 0
    tables = made(as_rows(values))
    row = next(
        r
        for r in tables["sims_fragments"]
        if (r["sample"], r["fragment"]) == ("a", DEGRADATION[0].name)
    )
    assert row["relative"] is None and "not seen in the reference" in row["note"]
    weighted = {r["fragment"] for r in tables["sims_weights"]}
    assert DEGRADATION[0].name not in weighted
    assert all(r["relative_degradation"] is not None for r in tables["sims_degradation"])


def test_a_fragment_of_zeros_in_a_sample_is_a_measured_zero() -> None:
    values = study(np.random.default_rng(3))
    values[1, :, 0] = 0
    row = next(
        r
        for r in made(as_rows(values))["sims_fragments"]
        if (r["sample"], r["fragment"]) == ("a", DEGRADATION[0].name)
    )
    assert row["relative"] == 0 and row["relative_ci_low"] is None


def test_a_sample_that_lacks_fragments_is_compared_by_the_others() -> None:
    values = study(np.random.default_rng(3))
    whole = made(as_rows(values))
    rows = [r for r in as_rows(values) if r["sample"] != "c" or r["fragment"] not in ("S5", "POS3")]
    tables = made(rows)
    few = {(r["sample"], r["group"], r["weighting"]): r for r in tables["sims_degradation"]}
    assert "1 fragments were not measured" in few["c", "polysulfide", "equal"]["note"]
    assert few["c", "polysulfide", "equal"]["relative_degradation_ci_low"] is not None
    assert few["c", "sulfite_sulfate", "equal"]["note"] == ""
    assert "c" not in {r["sample"] for r in tables["sims_scores"]}
    same = {
        (r["sample"], r["group"]): r for r in whole["sims_degradation"] if r["weighting"] == "equal"
    }
    assert same["a", "polysulfide"] == few["a", "polysulfide", "equal"]


def test_another_total_is_found_where_the_reference_was_not_measured() -> None:
    """Nothing is related to it then, but the samples are compared with each other."""
    rows = as_rows(study(np.random.default_rng(3), n=4))
    for row in rows:
        if (row["sample"], row["region"]) == ("a", "3"):
            row["total_source"] = "sum of images"
    bad = {
        reference: {
            (r["sample"], r["region"])
            for r in made(rows, reference=reference)["sims_regions"]
            if r["quality"] == "unusable"
        }
        for reference in ("bare", None, "not measured")
    }
    assert bad == {key: {("a", "3")} for key in bad}


def test_regions_normalised_to_something_else_are_left_out(caplog) -> None:  # type: ignore[no-untyped-def]
    rows = as_rows(study(np.random.default_rng(3)))
    for row in rows:
        if (row["sample"], row["region"]) == ("a", "5"):
            row["total_source"] = "sum of images"
        elif row["sample"] == "b":
            row["total_source"] = "events"  # of the same kind as image 0
    with caplog.at_level(logging.WARNING):
        tables = made(rows)
    n = {r["sample"]: r["n_regions"] for r in tables["sims_fragments"]}
    assert n == {"bare": 14, "a": 13, "b": 14, "c": 14}
    assert "a region 5: normalised to sum of images" in caplog.text
    note = next(r for r in tables["sims_degradation"] if r["sample"] == "a")["quality_note"]
    assert note.startswith("left out: region 5: normalised to sum of images")
    bad = [r for r in tables["sims_regions"] if r["quality"] == "unusable"]
    assert {(r["sample"], r["region"]) for r in bad} == {("a", "5")}


def test_other_groups_need_no_other_code() -> None:
    fragments = [Fragment(f.name, f.formula, f.charge, "mine", f.mass_u) for f in FRAGMENTS[:3]]
    tables = made(
        as_rows(study(np.random.default_rng(3))),
        CONFIG | {"main_groups": {"all": ["mine"]}},
        fragments=fragments,
    )
    assert {r["group"] for r in tables["sims_degradation"]} == {"mine", "all"}


# --- intervals ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """On 300 studies, 92 to 98 % of the 95 % intervals hold the truth: fragments, groups, all weightings."""
    rng = np.random.default_rng(11)
    many = study(np.random.default_rng(12), n=20_000).reshape(-1, len(DEGRADATION))
    truth = {}
    for weighting in WEIGHTINGS:
        weight = weights(many, weighting)
        for group, parts in GROUPS.items():
            index = [i for i, f in enumerate(DEGRADATION) if f.group in parts]
            for s in range(1, 4):
                of = weight[index] / weight[index].sum()
                truth[SAMPLES[s]["sample"], group, weighting] = FACTORS[s, index] @ of
    hits: dict[tuple[str, str], list[bool]] = {}
    for k in range(300):
        values = study(rng)
        # Without scaling as the headline, so that the table has all weightings.
        config = CONFIG | {"bootstrap_seed": k, "headline_weighting": "pca_none"}
        for r in degradation_tables(as_rows(values), "bare", DEGRADATION, MAIN, config)[
            "sims_degradation"
        ]:
            if r["sample"] != "bare":
                inside = (
                    r["relative_degradation_ci_low"]
                    <= truth[r["sample"], r["group"], r["weighting"]]
                    <= r["relative_degradation_ci_high"]
                )
                hits.setdefault((r["group"], r["weighting"]), []).append(inside)
        mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)
        for s in range(1, 4):
            for i in range(len(DEGRADATION)):
                found = ratio_of_means(*(Mean(mean[k, i], sd[k, i] / 14**0.5, 14) for k in (s, 0)))
                hits.setdefault(("fragment", ""), []).append(
                    found.low <= FACTORS[s, i] <= found.high
                )
    coverage = {key: float(np.mean(inside)) for key, inside in hits.items()}
    assert len(coverage) == 6 * 5 + 1
    assert min(coverage.values()) >= 0.92, coverage
    assert max(coverage.values()) <= 0.98, coverage


def test_resampled_means_scatter_as_means_of_regions_do() -> None:
    """Without bias, also of few regions: drawing all n of them would lose the n-th part of the variance."""
    regions = np.random.default_rng(3).normal(5, 1, (4, 3))
    draws = resample({"a": regions}, ["a"], 20000, 1)
    expected = regions.var(axis=0, ddof=1) / 4
    np.testing.assert_allclose(draws.means["a"].var(axis=0), expected, rtol=0.04)
    np.testing.assert_allclose(draws.means["a"].mean(axis=0), regions.mean(axis=0), rtol=0.01)
