"""The optimum temperature: planted ones recovered, intervals honest, the next experiment where it helps."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.ranking.make import make
from coatbench.ranking.response import expected_spread, fit_response, fit_responses, optima
from coatbench.statistics import seed_of

from ranking import synthetic


def overall(made):
    return next(r for r in made["ranking_optimum"] if r["response"] == "overall")


def run(temperatures=synthetic.TEMPERATURES, samples=None, **kwargs):
    samples = samples or synthetic.samples(temperatures)
    return make(synthetic.tables(temperatures, **kwargs), samples, synthetic.config(), "uncoated")


@pytest.mark.parametrize("planted", [250.0, 350.0, 480.0])
def test_planted_optimum_lies_in_the_interval(planted):
    row = overall(run(optimum=planted)[0])
    assert row["optimum_degC_ci_low"] <= planted <= row["optimum_degC_ci_high"]
    assert row["optimum_degC"] == pytest.approx(planted, abs=25)
    assert row["optimum_degC_sd"] < 40


def test_interval_covers_a_planted_optimum_as_often_as_it_says():
    # 60 noisy repetitions of one criterion; the 95 % interval must hold the truth in nearly all.
    grid = np.linspace(0, 700, 141)
    t = np.array([25.0, 100, 200, 300, 400, 500, 600, 700])
    hits = 0
    for k in range(60):
        rng = np.random.default_rng(k)
        planted = rng.uniform(200, 500)
        width = rng.uniform(100, 200)
        y = np.exp(-0.5 * ((t - planted) / width) ** 2) + rng.normal(0, 0.08, t.size)
        best = optima(fit_response(t, y, np.full(t.size, 0.08), grid, 400, rng).draws, grid)
        low, high = np.quantile(best, [0.025, 0.975])
        hits += low - 2.5 <= planted <= high + 2.5
    assert hits >= 52  # binomial(60, 0.95): fewer than 53 has a probability of 1 %


def test_response_passes_through_precise_points_and_is_unsure_between_distant_ones():
    grid = np.linspace(0, 700, 141)
    t, y = np.array([0.0, 100, 600, 700]), np.array([0.0, 1.0, 1.0, 0.0])
    draws = fit_response(t, y, np.full(4, 0.01), grid, 500, np.random.default_rng(0)).draws
    sd = draws.std(axis=0)
    assert np.allclose(draws.mean(axis=0)[[0, 20, 120, 140]], y, atol=0.03)
    assert sd[70] > 5 * sd[20]


def test_optimum_at_the_edge_is_called_not_bracketed():
    made, text = run(optimum=900.0)
    row = overall(made)
    assert row["probability_at_edge"] > 0.5
    assert row["note"] == "at the edge of the tested range: not bracketed"
    assert any("not bracketed" in line for line in text)


def test_the_next_temperature_is_near_the_optimum_and_not_at_the_far_end():
    temperatures = (25, 125, 225, 325, 600, 700)  # the falling side is not measured
    made, _ = run(temperatures, optimum=400.0)
    row = overall(made)
    assert 350 <= row["next_temperature_degC"] <= 575
    now = made["ranking_next"][0]["spread_now_degC"]
    after = {r["temperature_degC"]: r["spread_after_degC"] for r in made["ranking_next"]}
    assert row["spread_after_next_degC"] < 0.85 * now
    assert after[25.0] > 0.97 * now


def test_one_more_sample_never_makes_the_optimum_less_known():
    made, _ = run()
    for r in made["ranking_next"]:
        assert r["spread_after_degC"] < 1.05 * r["spread_now_degC"]


def test_expected_spread_agrees_with_really_measuring_there():
    """Preposterior expectation against brute force: draw a truth, measure, fit again."""
    t = np.array([0.0, 150, 550, 700])
    sd = np.full(4, 0.05)
    y = np.array([0.1, 0.6, 0.6, 0.1])
    criterion = run_values(t, y, sd)
    responses = fit_responses(criterion, np.zeros(1), np.ones(1), np.ones(1), step_degC=5, n=1500)
    _, after = expected_spread(responses, np.array([350.0]), draws=500, outcomes=60)
    grid, at = responses.grid_degC, int(np.argmin(abs(responses.grid_degC - 350)))
    rng = np.random.default_rng(5)
    variances = []
    for truth in responses.fits[0].draws[:60]:
        seen = truth[at] + rng.normal(0, 0.05)
        again = fit_response(
            np.append(t, 350.0), np.append(y, seen), np.append(sd, 0.05), grid, 300, rng
        )
        variances.append(optima(again.draws, grid).var())
    assert after[0] == pytest.approx(np.sqrt(np.mean(variances)), rel=0.2)


def run_values(t, y, sd):
    from coatbench.ranking.criteria import Values, read_criteria

    entry = synthetic.config()["criteria"]["coverage"]
    criteria = read_criteria({"coverage": entry})
    names = tuple(f"s{i}" for i in range(t.size))
    return Values(names, criteria, y[:, None], sd[:, None], t)


def test_too_few_temperatures_are_not_fitted():
    made, text = run((100, 300, 500))
    assert made["ranking_optimum"] == made["ranking_response"] == made["ranking_next"] == []
    assert any("needs at least 4 temperatures" in line for line in text)


def test_samples_annealed_in_another_way_are_left_out_and_named():
    samples = synthetic.samples()
    for s in samples:
        if s["sample"] == "c500":
            s["annealing_time_h"] = "10"
    made, text = run(samples=samples)
    assert overall(made)["n_temperatures"] == 7
    assert any("left out here: c500" in line for line in text)


def test_an_unannealed_coated_sample_stands_at_its_own_place():
    samples = synthetic.samples()
    for s in samples:
        if s["sample"] == "c025":
            s["annealing_temperature_degC"] = s["annealing_time_h"] = s["atmosphere"] = ""
    made, _ = run(samples=samples)
    assert overall(made)["n_temperatures"] == 8
    assert made["ranking_response"][0]["temperature_degC"] == 25.0


def test_draws_do_not_depend_on_anything_but_the_numbers():
    a, b = seed_of("x", np.array([1.0])), seed_of("x", np.array([1.0]))
    assert a.random() == b.random()
    assert run()[0]["ranking_optimum"] == run()[0]["ranking_optimum"]
