"""The ranking on planted numbers: order, ties, gaps, one sample, no reference, and against pymcdm."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.errors import StudyError
from coatbench.ranking.criteria import read_criteria, standard_uncertainty
from coatbench.ranking.montecarlo import draw_weights, share_best
from coatbench.ranking.sensitivity import sensitivity
from coatbench.tables import write_table

from ranking import synthetic
from ranking.ranked import run


def row_of(ranking, sample):
    return next(r for r in ranking.rows if r["sample"] == sample)


def test_planted_optimum_is_found_and_tied_samples_share_the_first_place():
    ranking = run()
    first = [r["sample"] for r in ranking.rows if r.get("rank") == 1]
    assert first == ["c300", "c400"]  # 350 degC planted: both are equally far from it
    assert [r["rank"] for r in ranking.rows[:4]] == [1, 1, 3, 3]
    inside = [r["sample"] for r in ranking.rows if r.get("best_set")]
    assert sorted(inside) == ["c300", "c400"]
    assert sum(r["probability_best"] for r in ranking.rows if r.get("best_set")) > 0.98


def test_probabilities_sum_to_one_and_intervals_hold_the_score():
    ranking = run()
    ranked = [r for r in ranking.rows if r.get("rank") is not None]
    for column in ("probability_best", "probability_best_stated_weights", "weight_share_best"):
        assert sum(r[column] for r in ranked) == pytest.approx(1)
    for r in ranked:
        assert r["score_ci_low"] < r["score"] < r["score_ci_high"]
        assert 1 <= r["rank_ci_low"] <= r["rank_ci_high"] <= len(ranked)


def test_directions_of_the_default_config_follow_the_physics():
    signs = {c.name: c.sign for c in read_criteria(synthetic.config()["criteria"])}
    assert signs == {
        "coverage": 1,
        "initial_coulombic_efficiency": 1,
        "relaxed_potential_charge": 1,
        "relaxed_potential_discharge": -1,
        "degradation_polysulfide_like": -1,
        "degradation_oxygenated": -1,
    }


@pytest.mark.parametrize("name", list(synthetic.config()["criteria"]))
def test_turning_a_direction_turns_its_utilities(name):
    config = synthetic.config()
    before = run(config=config)
    entry = config["criteria"][name]
    entry["direction"] = "lower" if entry["direction"] == "higher" else "higher"
    after = run(config=config)
    j = [c.name for c in before.ranked.criteria].index(name)
    for i, sample in enumerate(before.ranked.samples):
        k = after.ranked.samples.index(sample)
        a = before.ruler.utility(before.ranked.value)[i, j]
        b = after.ruler.utility(after.ranked.value)[k, j]
        assert a == pytest.approx(-b)


def test_a_group_counts_once_however_many_criteria_it_has():
    tables = synthetic.tables(optima={"ocv": 600.0})
    config = synthetic.config()
    two = run(tables, config=config)
    extra = dict(config["criteria"]["relaxed_potential_charge"])
    for i in range(5):
        config["criteria"][f"copy_{i}"] = extra
    seven = run(tables, config=config)
    for r in two.rows[:8]:
        assert r["score"] == pytest.approx(row_of(seven, r["sample"])["score"], abs=0.6)
    config["criteria"] = {
        k: v | {"group": k} for k, v in config["criteria"].items()
    }  # each on its own: now they do outvote the others
    assert run(tables, config=config).ranked.samples[0] != two.ranked.samples[0]


def test_a_sample_without_one_criterion_stands_unranked_and_nothing_is_filled_in():
    tables = synthetic.tables()
    tables["xps_coverage"] = [r for r in tables["xps_coverage"] if r["sample"] != "c300"]
    ranking = run(tables)
    row = row_of(ranking, "c300")
    assert row.get("rank") is None and row.get("score") is None
    assert row["note"] == "not ranked: lacks coverage"
    assert row["n_criteria"] == 5
    assert np.isnan(row["coverage"])
    assert row["initial_coulombic_efficiency"] > 87
    assert [r["sample"] for r in ranking.rows[-2:]] == ["uncoated", "c300"]
    rows = sensitivity(ranking, tables, synthetic.samples(), synthetic.config())
    gaps = {r["sample"]: r["rank"] for r in rows if r["kind"] == "gaps"}
    assert set(gaps) == {f"c{t:03d}" for t in synthetic.TEMPERATURES}


def judge(tables, sample, quality, note):
    for row in tables["xps_coverage"]:
        row |= {"quality": "ok", "quality_note": None}
        if row["sample"] == sample:
            row |= {"quality": quality, "quality_note": note}
    return tables


def test_an_unusable_value_is_no_value_and_its_note_says_why():
    ranking = run(judge(synthetic.tables(), "c300", "unusable", "wrong element under Ni 2p"))
    row = row_of(ranking, "c300")
    assert row.get("rank") is None and row.get("score") is None
    assert row["note"] == "not ranked: lacks coverage (unusable: wrong element under Ni 2p)"
    assert row["quality_note"] == "left out: coverage (eq. 1): wrong element under Ni 2p"
    lacking = synthetic.tables()
    lacking["xps_coverage"] = [r for r in lacking["xps_coverage"] if r["sample"] != "c300"]
    for a, b in zip(ranking.rows, run(lacking).rows, strict=True):
        assert a["sample"] == b["sample"] and a.get("score") == b.get("score")


def test_an_unusable_value_whose_cell_is_empty_says_why_all_the_same():
    """`cycling_metrics` leaves the cell of an unusable value empty."""
    tables = judge(synthetic.tables(), "c300", "unusable", "wrong element under Ni 2p")
    (column,) = (
        c["column"] for c in synthetic.config()["criteria"].values() if c["table"] == "xps_coverage"
    )
    for row in tables["xps_coverage"]:
        row |= {column: None} if row["sample"] == "c300" else {}
    row = row_of(run(tables), "c300")
    assert row["note"] == "not ranked: lacks coverage (unusable: wrong element under Ni 2p)"


def test_a_doubtful_value_counts_and_travels_to_the_ranking():
    ranking = run(judge(synthetic.tables(), "c300", "doubtful", "chi-square of 8"))
    plain = {r["sample"]: r for r in run().rows}
    for row in ranking.rows:
        assert row.get("score") == plain[row["sample"]].get("score")
        expected = (
            ("doubtful", "coverage (eq. 1): chi-square of 8")
            if row["sample"] == "c300"
            else ("ok", "")
        )
        assert (row["quality"], row["quality_note"]) == expected


def test_an_absent_technique_drops_its_criteria_and_says_so():
    tables = synthetic.tables()
    del tables["sims_degradation"]
    ranking = run(tables)
    assert len(ranking.ranked.samples) == 8
    assert set(ranking.dropped) == {"degradation_polysulfide_like", "degradation_oxygenated"}
    assert ranking.ranked.groups == ("coverage", "efficiency", "resistance")


def test_a_criterion_of_few_samples_does_not_throw_out_all_others():
    tables = synthetic.tables()
    keep = {"c300", "uncoated"}
    tables["xps_coverage"] = [r for r in tables["xps_coverage"] if r["sample"] in keep]
    ranking = run(tables)
    assert len(ranking.ranked.samples) == 8
    assert ranking.dropped == {"coverage": "measured for 1 of 8 coated samples"}


def test_one_sample_is_ranked_first_of_one():
    made, text = synthetic.make(
        synthetic.tables((300,)), synthetic.samples((300,)), synthetic.config(), "uncoated"
    )
    assert [(r["sample"], r.get("rank")) for r in made["ranking"]] == [
        ("c300", 1),
        ("uncoated", None),
    ]
    assert made["ranking"][0]["probability_best"] == 1
    assert made["ranking_optimum"] == []
    assert any("nothing to compare it with" in line for line in text)


def test_no_reference_and_no_uncoated_sample():
    samples = [s for s in synthetic.samples() if s["role"] != "uncoated"]
    made, text = synthetic.make(synthetic.tables(), samples, synthetic.config(), None)
    assert len(made["ranking"]) == 8
    assert all(r["probability_better_than_reference"] is None for r in made["ranking"])
    assert any("no uncoated reference" in line for line in text)


def test_nothing_measured_gives_empty_tables_and_a_reason():
    made, text = synthetic.make({}, synthetic.samples(), synthetic.config(), "uncoated")
    assert all(r.get("rank") is None for r in made["ranking"])
    assert made["ranking_sensitivity"] == []
    assert text[0].startswith("No sample can be ranked")


def test_no_coated_sample_at_all():
    samples = [s for s in synthetic.samples() if s["role"] != "coated"]
    made, text = synthetic.make(synthetic.tables(), samples, synthetic.config(), "uncoated")
    assert [r["sample"] for r in made["ranking"]] == ["uncoated"]
    assert text[0].startswith("No sample can be ranked")


def test_reference_is_held_against_every_ranked_sample():
    better = {r["sample"]: r.get("probability_better_than_reference") for r in run().rows}
    assert better["c300"] > 0.99
    assert better["c025"] < 0.95
    tables = synthetic.tables()
    tables["cycling_metrics"] = [r for r in tables["cycling_metrics"] if r["sample"] != "uncoated"]
    assert row_of(run(tables), "c300")["probability_better_than_reference"] is None


def test_what_measures_the_coating_alone_makes_no_sample_better_than_uncoated():
    tables = synthetic.tables()
    before = row_of(run(tables), "c025")["probability_better_than_reference"]
    for row in tables["xps_coverage"]:
        row["coverage"] = 0.0 if row["sample"] == "uncoated" else 0.99
    assert row_of(run(tables), "c025")["probability_better_than_reference"] == pytest.approx(
        before, abs=0.02
    )
    alone = {"xps_coverage": tables["xps_coverage"]}
    made, text = synthetic.make(alone, synthetic.samples(), synthetic.config(), "uncoated")
    assert all(r.get("probability_better_than_reference") is None for r in made["ranking"])
    assert any("only describes the coating" in line for line in text)


def test_one_more_sample_reverses_no_two_others():
    rng = np.random.default_rng(7)
    for k in range(8):
        temperatures = sorted(int(t) for t in rng.choice(np.arange(50, 700, 10), 6, replace=False))
        optima = dict(
            zip(("coverage", "ice", "ocv", "sims"), rng.uniform(100, 600, 4), strict=True)
        )
        tables = synthetic.tables(temperatures, optima=optima)
        everyone = run(tables, synthetic.samples(temperatures), draws=1000)
        left = f"c{temperatures[k % 6]:03d}"
        fewer = [s for s in synthetic.samples(temperatures) if s["sample"] != left]
        order = [s for s in everyone.ranked.samples if s != left]
        assert list(run(tables, fewer, draws=1000).ranked.samples) == order


def test_samples_made_alike_measure_their_scatter():
    samples = synthetic.samples((100, 200, 300, 400))
    twice = [s | {"sample": s["sample"] + "b"} for s in samples if s["role"] == "coated"]
    tables = synthetic.tables((100, 200, 300, 400))
    for row in list(tables["xps_coverage"]):
        if row["sample"] != "uncoated":
            more = row | {"sample": row["sample"] + "b", "coverage": row["coverage"] - 0.2}
            tables["xps_coverage"].append(more)
    alike = run(tables, samples + twice, draws=1000)
    assert row_of(alike, "c300")["coverage_sd"] > 0.08  # assumed: 0.02
    apart = [s | {"annealing_temperature_degC": str(110 + 50 * i)} for i, s in enumerate(twice)]
    assert row_of(run(tables, samples + apart, draws=1000), "c300")["coverage_sd"] < 0.03


def test_what_ratios_share_through_the_reference_moves_all_samples_together():
    tables = synthetic.tables(optima={"sims": 300.0})
    config = synthetic.config()
    config["criteria"] = {k: v for k, v in config["criteria"].items() if "degradation" in k}
    for entry in config["criteria"].values():
        entry["replicate_sd"] = 0.0
    for row in tables["sims_degradation"]:
        for end, sign in (("low", -1), ("high", 1)):
            row[f"relative_degradation_ci_{end}"] = row["relative_degradation"] * (1 + sign * 0.4)
    shared = row_of(run(tables, config=config), "c300")["probability_best"]
    for entry in config["criteria"].values():
        entry["relative"] = False
    assert row_of(run(tables, config=config), "c300")["probability_best"] < 0.8 < shared


def test_equal_samples_share_everything():
    config = synthetic.config()
    for entry in config["criteria"].values():
        entry["where"] = dict(entry["where"])
    tables = synthetic.tables()
    for name, column in (
        ("xps_coverage", "coverage"),
        ("cycling_metrics", "value"),
        ("sims_degradation", "relative_degradation"),
    ):
        for r in tables[name]:
            r[column] = 0.5
    ranking = run(tables, config=config)
    ranked = [r for r in ranking.rows if r.get("rank") is not None]
    assert {r["rank"] for r in ranked} == {1}
    assert all(r["pareto"] for r in ranked)
    assert [r["sample"] for r in ranked] == sorted(r["sample"] for r in ranked)
    assert max(r["weight_share_best"] for r in ranked) == pytest.approx(1 / 8)


def test_two_rows_for_one_criterion_are_an_error_of_one_line():
    tables = synthetic.tables()
    tables["xps_coverage"].append(tables["xps_coverage"][3] | {"coverage": 0.1})
    with pytest.raises(StudyError) as caught:
        run(tables)
    assert "ranking: coverage: expected one row of xps_coverage per sample" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"weights": {"resistence": 2}},
            "ranking.weights: resistence: found no criterion of this group",
        ),
        (
            {"weights": dict.fromkeys(("coverage", "efficiency", "resistance", "degradation"), 0)},
            "only zeros",
        ),
        ({"annotations": {"score": {"table": "t", "column": "c"}}}, "ranking: score: found twice"),
    ],
)
def test_mistakes_of_the_config_are_one_line(change, problem):
    with pytest.raises(StudyError, match=problem) as caught:
        synthetic.columns(synthetic.config() | change)
    assert len(caught.value.problems) == 1


def test_same_data_same_numbers():
    assert repr(run().rows) == repr(run().rows)


def test_a_criterion_switched_off_is_gone():
    config = synthetic.config()
    config["criteria"]["coverage"]["use"] = False
    assert "coverage" not in synthetic.columns(config)["ranking"]
    assert run(config=config).ranked.groups == ("efficiency", "resistance", "degradation")


def test_group_of_weight_zero_decides_nothing():
    tables = synthetic.tables(optima={"coverage": 25.0})
    ranking = run(tables, weights={"coverage": 0})
    assert ranking.ranked.samples[:2] == ("c300", "c400")
    assert row_of(ranking, "c025")["probability_best"] == 0


def test_contract_columns_come_first_and_every_row_fits(tmp_path):
    config = synthetic.config()
    names = synthetic.columns(config)["ranking"]
    assert names[:10] == [
        "rank", "sample", "annealing_temperature_degC", "score", "score_ci_low", "score_ci_high",
        "probability_best", "rank_ci_low", "rank_ci_high", "pareto",
    ]  # fmt: skip
    assert names[10:16] == list(config["criteria"])
    made, _ = synthetic.make(synthetic.tables(), synthetic.samples(), config, "uncoated")
    for name, rows in made.items():
        write_table(rows, synthetic.columns(config)[name], tmp_path / f"{name}.csv")
    header = (tmp_path / "ranking_sensitivity.csv").read_text().splitlines()[0]
    assert header.startswith("weighting,sample,rank")


def test_annotations_are_shown_and_never_counted():
    ranking = run()
    assert row_of(ranking, "c300")["leis_near_surface"] == 0.2
    assert row_of(ranking, "c400")["layer_thickness_nm"] == 35.0  # mean of two fields
    tables = synthetic.tables()
    tables["leis_windows"][0]["relative_to_reference"] = 99.0
    assert [r.get("score") for r in run(tables).rows] == [r.get("score") for r in ranking.rows]


# --- uncertainty ---------------------------------------------------------------------------------


def test_one_cell_carries_the_stated_prior_and_many_cells_their_own_scatter():
    criterion = read_criteria(synthetic.config()["criteria"])[1]
    one = {"value_sd": None, "n_cells": 1.0}
    assert standard_uncertainty(one, criterion, 4) == pytest.approx(1.0)
    rng = np.random.default_rng(1)
    many = rng.normal(85, 0.3, 400)
    row = {"value_sd": many.std(ddof=1) / 20, "n_cells": 400.0, "degrees_of_freedom": 399.0}
    assert standard_uncertainty(row, criterion, 4) == pytest.approx(0.3 / 20, rel=0.1)
    pooled = {
        "value_sd": 0.4,
        "n_cells": 1.0,
        "degrees_of_freedom": 1e6,
    }  # scatter of other samples
    assert standard_uncertainty(pooled, criterion, 4) == pytest.approx(0.4, rel=1e-3)
    rough = {"value_sd": 3.0, "n_cells": 1.0}  # weighing alone is worse than the assumed scatter
    assert standard_uncertainty(rough, criterion, 4) == pytest.approx(3.0)
    lucky = {
        "value_sd": 0.0,
        "n_cells": 2.0,
        "degrees_of_freedom": 1.0,
    }  # two cells that happen to agree are not exact
    assert standard_uncertainty(lucky, criterion, 4) == pytest.approx(np.sqrt(4 / 5 / 2))
    untold = {"value_sd": None, "n_cells": 3.0, "degrees_of_freedom": 2.0}  # as if there were none
    assert standard_uncertainty(untold, criterion, 4) == pytest.approx(1 / np.sqrt(3))


def test_prior_adds_in_quadrature_where_one_preparation_was_measured():
    criterion = read_criteria(synthetic.config()["criteria"])[4]
    row = {"relative_degradation_ci_low": 0.4, "relative_degradation_ci_high": 0.596}
    assert standard_uncertainty(row, criterion, 4) == pytest.approx(np.hypot(0.05, 0.05), rel=1e-3)
    assert standard_uncertainty({}, criterion, 4) == pytest.approx(0.05)
    assert standard_uncertainty({}, criterion, 4, prior_scale=2.0) == pytest.approx(0.1)


def test_no_scatter_is_made_up_where_none_is_stated():
    entry = {"table": "t", "column": "v", "uncertainty": "v_sd"}
    (criterion,) = read_criteria({"x": entry})
    assert standard_uncertainty({"v_sd": 0.3}, criterion, 4) == pytest.approx(0.3)


def test_more_noise_spreads_the_probability():
    sure = run()
    config = synthetic.config()
    for entry in config["criteria"].values():
        entry["replicate_sd"] *= 10
    vague = run(config=config)
    top = {r["sample"] for r in sure.rows if r.get("best_set")}
    assert sum(row_of(vague, s)["probability_best"] for s in top) < 0.9
    rows = sensitivity(sure, synthetic.tables(), synthetic.samples(), synthetic.config())
    by_factor = {
        r["weighting"]: r for r in rows if r["kind"] == "prior scatter" and r["sample"] == "c200"
    }
    assert (
        by_factor["scatter between replicates x 0"]["probability_best"]
        <= by_factor["scatter between replicates x 2"]["probability_best"]
    )


def test_monte_carlo_agrees_with_the_analytic_probability_of_two_samples():
    # Two samples, one criterion: P(a best) = Phi(difference / joint sd).
    config = synthetic.config()
    config["criteria"] = {"coverage": config["criteria"]["coverage"] | {"replicate_sd": 0.0}}
    config["draws"] = 40000
    tables = {
        "xps_coverage": [
            {
                "sample": s,
                "definition": "eq1",
                "rsf_library": "scofield",
                "coverage": v,
                "coverage_sd": sd,
            }
            for s, v, sd in (("c300", 0.80, 0.03), ("c400", 0.75, 0.04))
        ]
    }
    ranking = run(tables, synthetic.samples((300, 400)), config)
    assert ranking.rows[0]["probability_best"] == pytest.approx(0.8413, abs=0.008)  # Phi(1)


def test_weight_share_of_two_opposed_groups_is_the_analytic_one():
    # a = (1, 0.25), b = (0, 1): a is first where w > 0.75 (1 - w), i.e. w > 3/7.
    scores = np.array([[1.0, 0.25], [0.0, 1.0]])
    weights = draw_weights(np.array([0.5, 0.5]), 100_000, np.random.default_rng(0))
    assert share_best(weights @ scores.T)[0] == pytest.approx(4 / 7, abs=0.005)


def test_leaving_out_what_decides_changes_the_order_and_is_reported():
    tables = synthetic.tables(optima={"coverage": 25.0, "ice": 25.0, "ocv": 700.0, "sims": 25.0})
    made, text = synthetic.make(tables, synthetic.samples(), synthetic.config(), "uncoated")
    assert made["ranking"][0]["sample"] == "c025"
    only = {
        r["sample"]: r["rank"]
        for r in made["ranking_sensitivity"]
        if r["weighting"] == "only resistance"
    }
    assert only["c700"] == 1
    assert any("only resistance: 700 °C" in line for line in text)
    kinds = {r["kind"] for r in made["ranking_sensitivity"]}
    assert kinds == {"weights", "leave one out", "method", "prior scatter"}
