"""Rates, retention, fade, and statistics over few cells, against analytic truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from coatbench.cycling import metrics, rates, statistics
from coatbench.cycling.record import CHARGE, DISCHARGE

# --- rates and retention -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "found"),
    [
        (0.0502, 0.05),
        (0.197, 0.2),
        (1.04, 1.0),
        (0.33, 0.333),
        (1 / 3 * 1.02, 0.333),
        (0.0157, 0.016),
    ],
)
def test_rates_are_recognised(measured, found):
    assert rates.recognise_rate(measured, [0.05, 0.1, 0.2, 0.5, 1.0], 0.08) == found


def test_no_current_is_no_rate():
    assert math.isnan(rates.recognise_rate(0.0, [0.1], 0.08))
    assert math.isnan(rates.recognise_rate(math.nan, [0.1], 0.08))


def series(rate, discharge, charge=None, interrupted=()) -> rates.Series:
    n = len(rate)
    discharge = np.asarray(discharge, float)
    flags = np.zeros(n, bool)
    flags[list(interrupted)] = True
    charge = discharge / 0.999 if charge is None else np.asarray(charge, float)
    return rates.Series(np.arange(1, n + 1), charge, discharge, np.asarray(rate, float), flags)


RATE_TEST = [0.1, 0.1, 0.2, 0.2, 1.0, 1.0]


def test_plan_finds_the_first_long_term_cycle_after_the_rate_test():
    s = series(RATE_TEST + [0.2] * 30, np.linspace(200, 150, 36))
    parts = rates.plan(s, 0.2)
    assert parts.reference == 6
    assert s.cycle[parts.long_term][[0, -1]].tolist() == [7, 36]
    assert parts.rate_test.tolist() == [0, 1, 2, 3, 4, 5]


def test_plan_survives_a_check_up_cycle_and_no_rate_test():
    check = series(RATE_TEST + [0.2] * 10 + [0.1] + [0.2] * 20, np.linspace(200, 150, 37))
    assert rates.plan(check, 0.2).reference == 6
    assert rates.plan(series([0.2] * 10, np.ones(10)), 0.2).reference == 0
    assert rates.plan(series([0.1] * 10, np.ones(10)), 0.2).reference is None


def test_rate_test_that_climbs_to_the_long_term_rate_is_one():
    s = series(
        [0.05] * 2 + [0.1] * 2 + [0.2] * 20, [210, 208, 204, 202, *np.linspace(195, 180, 20)]
    )
    parts = rates.plan(s, 0.2)
    assert parts.reference == 4
    found = rates.capacities_at_rates(s, parts)
    assert {rate: mean for rate, (mean, _, _) in found.items()} == {0.05: 209, 0.1: 203}


SETTINGS = {"retention_cycle": 30, "long_term_rate_C": 0.2}


def test_retention_and_its_alternatives():
    capacity = [204, 203, 198, 197, 166, 165, *np.linspace(196, 170, 30)]
    s = series(RATE_TEST + [0.2] * 30, capacity)
    found, note = rates.retentions(s, rates.plan(s, 0.2), SETTINGS)
    value = capacity[29]
    assert note == ""
    assert found["retention_percent"] == (pytest.approx(100 * value / 196), 6)
    assert found["retention_vs_rate_test_percent"] == (pytest.approx(100 * value / 197), 3)
    assert found["retention_vs_first_cycle_percent"] == (pytest.approx(100 * value / 204), 0)


@pytest.mark.parametrize(
    ("n", "interrupted", "says"), [(10, (), "no complete cycle 30"), (30, (29,), "interrupted")]
)
def test_retention_is_not_invented(n, interrupted, says):
    s = series(RATE_TEST + [0.2] * n, np.ones(6 + n), interrupted=interrupted)
    found, note = rates.retentions(s, rates.plan(s, 0.2), SETTINGS)
    assert found == {}
    assert says in note


def test_capacity_at_a_rate_counts_the_rate_test_only():
    s = series(
        RATE_TEST + [0.2] * 30, [204, 203, 198, 197, 166, 165] + [150] * 30, interrupted=(1,)
    )
    found = rates.capacities_at_rates(s, rates.plan(s, 0.2))
    assert found[0.2][0] == 197.5
    assert found[0.1][0] == 204  # the interrupted cycle is left out
    assert found[0.1][2] == 1


@pytest.mark.parametrize("model", ["linear", "square_root", "exponential"])
def test_fade_fit_recovers_and_prefers_the_true_model(model):
    n = np.arange(60)
    shape = {
        "linear": 1 - 3e-3 * n,
        "square_root": 1 - 2e-2 * np.sqrt(n),
        "exponential": np.exp(-1e-2 * n),
    }[model]
    noise = np.random.default_rng(3).normal(0, 0.02, 60)
    s = series([0.2] * 60, 190 * shape + noise)
    rows = rates.fade_fits(s, rates.plan(s, 0.2))
    (best,) = (r for r in rows if r["best"])
    assert best["model"] == model
    constant = {"linear": 3e-3, "square_root": 2e-2, "exponential": 1e-2}[model]
    assert abs(best["fade_constant"] - constant) < 4 * best["fade_constant_sd"]
    assert best["residual_mAh_g"] == pytest.approx(0.02, rel=0.3)
    assert abs(best["start_capacity_mAh_g"] - 190) < 4 * best["start_capacity_mAh_g_sd"]
    # Two parameters and the variance: Hurvich and Tsai's criterion, with the constant of three.
    squares = best["residual_mAh_g"] ** 2 * 58
    assert best["aicc"] == pytest.approx(60 * math.log(squares / 60) + 6 + 24 / 56)


def test_mean_efficiency_is_geometric_and_leaves_out_what_does_not_count():
    n = 12
    discharge = np.full(n, 100.0)
    charge = discharge / np.array([0.8, 0.99, 0.5, 0.98] + [0.99] * 8)
    rate = [0.1, 0.1, 0.2, 0.2] + [0.2] * 8
    s = series(rate, discharge, charge, interrupted=(5,))
    mean, counted = rates.mean_efficiency(s)
    # Left out: the first, the one of the rate change, the interrupted one and the one after it.
    assert counted == [1, 3, 4, *range(7, n)]
    assert mean == pytest.approx(100 * (0.98 * 0.99**7) ** (1 / 8))


def test_cycle_noise_is_the_scatter_around_the_trend():
    noise = np.random.default_rng(5).normal(0, 0.3, 300)
    s = series([0.2] * 300, np.linspace(190, 150, 300) + noise)
    assert rates.cycle_noise(s, rates.plan(s, 0.2), 5) == pytest.approx(0.3, rel=0.25)


# --- statistics over cells ---------------------------------------------------------------------------


def metric_rows(values, sd=0.1) -> list[dict]:
    return [
        {"sample": s, "cell": c, "protocol": "short", "metric": "m", "value": v, "value_sd": sd}
        for s, cells_ in values.items()
        for c, v in zip("ab", cells_, strict=False)
    ]


def test_two_cells_give_both_values_and_a_pooled_uncertainty():
    values = {"x": (10.0, 11.0), "y": (20.0, 20.5), "z": (5.0, 5.2)}
    found = statistics.summarise(metric_rows(values), 2)["x", "short", "m"]
    pooled = math.sqrt((0.5 * 1.0**2 + 0.5 * 0.5**2 + 0.5 * 0.2**2) / 3)
    assert found.mean == 10.5
    assert (found.low, found.high) == (10.0, 11.0)
    assert found.cell_sd == pytest.approx(pooled)
    assert found.sd == pytest.approx(pooled / math.sqrt(2))
    assert (found.basis, found.degrees_of_freedom) == ("cells", 3)
    row = statistics.metric_row(("x", "short", "m"), found)
    assert row["cell_values"] == "a=10;b=11"
    assert row["n_cells"] == 2


def test_one_sample_with_two_cells_claims_no_scatter():
    found = statistics.summarise(metric_rows({"x": (10.0, 11.0)}), 2)["x", "short", "m"]
    assert found.basis == "measurement"
    assert found.sd == pytest.approx(0.1 / math.sqrt(2))
    assert (found.low, found.high) == (10.0, 11.0)


def test_measurement_errors_are_a_lower_bound():
    values = {"x": (10.0, 10.0), "y": (20.0, 20.0), "z": (5.0, 5.0)}
    found = statistics.summarise(metric_rows(values), 2)["y", "short", "m"]
    assert found.basis == "measurement"
    assert found.sd == pytest.approx(0.1 / math.sqrt(2))


def test_nothing_known_is_nothing_claimed():
    found = statistics.summarise(metric_rows({"x": (10.0,)}, sd=None), 2)["x", "short", "m"]
    assert found.sd is None
    assert found.basis == ""


def test_difference_to_the_reference():
    values = {"ref": (10.0, 10.4), "x": (12.0, 12.6), "y": (11.0, 11.1)}
    found = statistics.summarise(metric_rows(values), 2)
    rows = {r["sample"]: r for r in statistics.differences(found, "ref", 2)}
    assert set(rows) == {"x", "y"}
    row = rows["x"]
    assert row["difference"] == pytest.approx(2.1)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((1.6, 2.6))
    sd = math.sqrt((0.5 * 0.4**2 + 0.5 * 0.6**2 + 0.5 * 0.1**2) / 3)
    half = scipy.stats.t.ppf(0.975, 3) * sd
    assert row["difference_ci_high"] - row["difference"] == pytest.approx(half)
    assert statistics.differences(found, None, 2) == []
    (few,) = (r for r in statistics.differences(found, "ref", 4) if r["sample"] == "x")
    assert "difference_ci_low" not in few


@pytest.mark.parametrize(
    ("first", "charge", "discharge"), [(CHARGE, 200.0, 199.0), (DISCHARGE, 199.0, 200.0)]
)
def test_losses_are_what_second_half_cycles_do_not_give_back(first, charge, discharge):
    """They add up with the linearity of the cycler."""
    rows = [
        {"cycle": i, "charge_capacity_mAh_g": charge, "discharge_capacity_mAh_g": discharge,
         "c_rate": 0.2, "interrupted": False, "running": ""}
        for i in range(1, 21)
    ]  # fmt: skip
    found = {r["metric"]: r for r in metrics.irreversible(rows, 0.004, 0.1, 10, first)}
    lost = found["cumulative_irreversible_capacity_mAh_g"]
    assert lost["value"] == pytest.approx(10.0)  # up to cycle 10
    assert lost["value_sd"] == pytest.approx(math.hypot(0.04, 2.0))
    assert found["mean_coulombic_efficiency_percent"]["value"] == pytest.approx(99.5)


def test_losses_inherit_the_doubts_of_the_cycles_that_they_count():
    rows = [
        {"cycle": i, "charge_capacity_mAh_g": 200.0, "discharge_capacity_mAh_g": 199.0,
         "c_rate": 0.2, "interrupted": False, "running": "",
         "quality": "doubtful" if i in doubted else "ok", "quality_note": "odd" * (i in doubted)}
        for doubted in [(1, 12)] for i in range(1, 13)
    ]  # fmt: skip
    found = {r["metric"]: r["quality"] for r in metrics.irreversible(rows, 0.004, 0.1, 10)}
    assert found["cumulative_irreversible_capacity_mAh_g"].columns() == {
        "quality": "doubtful", "quality_note": "cycle 1: odd"}  # fmt: skip
    # The first cycle is not in the mean, and the twelfth is in none of both.
    assert found["mean_coulombic_efficiency_percent"].level == "ok"
    second = [
        r | {"quality": "doubtful", "quality_note": "odd"} if r["cycle"] == 2 else r for r in rows
    ]
    found = {r["metric"]: r["quality"] for r in metrics.irreversible(second, 0.004, 0.1, 10)}
    assert found["mean_coulombic_efficiency_percent"].note == "cycle 2: odd"


def test_every_retention_has_the_doubts_and_the_uncertainty_of_its_own_reference(config):
    capacity = [
        220,
        219,
        100,
        100,
        166,
        165,
        *(np.linspace(196, 170, 30) + 0.1 * (-1) ** np.arange(30)),
    ]
    rows = [
        {"cycle": i, "charge_capacity_mAh_g": q, "discharge_capacity_mAh_g": q, "c_rate": rate,
         "interrupted": False, "running": "", "quality": "doubtful", "quality_note": f"odd {i}"}
        for i, (rate, q) in enumerate(zip(RATE_TEST + [0.2] * 30, capacity, strict=True), 1)
    ]  # fmt: skip
    rows_found, _, _ = metrics.long_test(rows, 0.004, config | {"retention_cycle": 30})
    found = {r["metric"]: r for r in rows_found}
    noise = found["cycle_noise_mAh_g"]["value"]
    for name, reference in (
        ("retention_percent", 7),
        ("retention_vs_rate_test_percent", 4),
        ("retention_vs_first_cycle_percent", 1),
    ):
        row, whole = found[name], capacity[reference - 1]
        assert row["quality"].note == f"cycle {reference}: odd {reference} (and 1 more cycles)"
        assert row["value_sd"] == pytest.approx(noise / whole * math.hypot(100, row["value"]))
