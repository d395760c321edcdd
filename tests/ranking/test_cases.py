"""Studies of small LEIS spectra with planted yields, from the exports to the advice."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from coatbench.leis.analyse import analyse
from coatbench.leis.collect import collect
from coatbench.ranking.tables import make_tables
from coatbench.settings import follow, load_study_settings
from conftest import ROOT, SHARED, inputs
from snakemake.utils import update_config

from ranking import made_cases

pytestmark = pytest.mark.slow

T, TIME = "annealing_temperature_degC", "annealing_time_h"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# Ends of the tested range and optimum; end of the tested and of the allowed range; optima; optimum of three factors.
HANDED = {
    "narrow": (385, 398, 392), "edge": (500, 700), "abrupt": {"q00": 430, "q01": 365, "q02": 380},
    "factors": (425, 2, "air"),
}  # fmt: skip


class Case:
    """Studies, each made and ranked once, and what is right."""

    def __init__(self, folder: Path, right: dict[str, Any]) -> None:
        self.folder, self.right, self.made = folder, right, {}

    def __call__(self, name: str):
        if name not in self.made:
            self.made[name] = _made(self.folder / name)
        return self.made[name]


@pytest.fixture(scope="module", params=inputs("cases/ranking"))
def case(request, tmp_path_factory):
    if request.param == "handed":
        return Case(SHARED / "cases" / "ranking", HANDED)
    folder = tmp_path_factory.mktemp("studies")
    made_cases.write_cases(folder)
    return Case(folder, made_cases.RIGHT)


def _made(folder: Path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, load_study_settings(folder).overrides)
    samples = read(folder / "samples.csv")
    rows: dict[str, list] = {}
    for entry in read(folder / "leis" / "index.csv"):
        entry |= {c: "" for c in ("dose_nC", "intensity", "format", "exclude") if c not in entry}
        found = analyse([entry], [folder / "leis" / entry["file"]], config["leis"])
        for table, more in found.tables.items():
            rows.setdefault(table, []).extend(more)
    tables = collect(rows, samples, config["leis"], reference="bare")
    ranking, text = make_tables(
        tables, samples, follow(config["ranking"], config), "bare", config["factors"]
    )
    return ranking, text, config


def optimum(made, response: str, factor: str = T):
    rows = made["ranking_optimum"]
    return next(r for r in rows if (r["response"], r["factor"]) == (response, factor))


def holds(row, value: float) -> bool:
    return row["optimum_ci_low"] <= value <= row["optimum_ci_high"]


def order(made) -> list[str]:
    return [r["sample"] for r in made["ranking"] if r.get("rank") is not None]


def test_a_range_of_a_few_degrees(case):
    made, _, _ = case("narrow")
    assert len(order(made)) == 4
    low, high, best = case.right["narrow"]
    assert holds(optimum(made, "q00"), best)
    assert made["ranking_next"] and all(low <= r[T] <= high for r in made["ranking_next"])


def test_an_optimum_at_the_edge_is_looked_for_beyond_it(case):
    made, text, _ = case("edge")
    tested, allowed = case.right["edge"]
    assert any(tested < r[T] <= allowed for r in made["ranking_next"])
    assert all(25 <= r[T] <= allowed for r in made["ranking_next"])
    assert optimum(made, "overall")["probability_at_edge"] > 0.5
    assert "at the upper end of the tested range" in text[0]


def test_a_difference_that_does_not_matter_keeps_nobody_on_the_front(case):
    made, _, _ = case("indifferent")
    assert {r["sample"] for r in made["ranking"] if r.get("pareto")} == {"a", "c"}


def test_a_sixth_sample_reverses_no_two_others(case):
    five, six = order(case("order_five")[0]), order(case("order_six")[0])
    assert len(five) == 5 and len(six) == 6
    assert [s for s in six if s != "f"] == five


def test_properties_that_break_off_between_two_settings(case):
    made, _, _ = case("abrupt")
    for response, truth in case.right["abrupt"].items():
        assert holds(optimum(made, response), truth), response
    smooth = optimum(made, "q02")
    assert smooth["optimum_ci_high"] - smooth["optimum_ci_low"] <= 180


def test_three_factors(case):
    made, _, config = case("factors")
    assert len(order(made)) == 18
    effects = {r["term"]: r for r in made["ranking_effects"] if r["criterion"] == "q00"}
    assert effects[TIME]["effect_ci_high"] < 0 < effects[T]["effect_ci_low"]
    assert max(effects.values(), key=lambda r: r["share_of_variance"])["term"] == TIME
    assert max(effects.values(), key=lambda r: abs(r["effect"]))["term"] == TIME
    assert all(r["share_of_variance"] <= 0.05 for t, r in effects.items() if " x " in t)
    best, hours, atmosphere = case.right["factors"]
    assert holds(optimum(made, "q01"), best) and holds(optimum(made, "q01", TIME), hours)
    assert optimum(made, "q01", "atmosphere")["optimum"] == atmosphere
    tested = {
        (float(r[T]), float(r[TIME]), r["atmosphere"]) for r in made["ranking"] if r.get("rank")
    }
    settings = [(r[T], r[TIME], r["atmosphere"]) for r in made["ranking_next"]]
    assert len(set(settings)) == len(settings) > 0
    assert [r["order"] for r in made["ranking_next"]] == list(range(1, len(settings) + 1))
    for setting, row in zip(settings, made["ranking_next"], strict=True):
        assert 250 <= setting[0] <= 550 and (setting[0] - 250) % 25 == 0
        assert setting[1] in config["factors"][TIME]["levels"]
        assert setting[2] in config["factors"]["atmosphere"]["levels"]
        assert setting not in tested or row["purpose"] == "confirm"


@pytest.mark.parametrize(
    "name", ["narrow", "edge", "indifferent", "order_six", "abrupt", "factors"]
)
def test_the_one_called_best_is_the_most_probable(case, name):
    made, text, _ = case(name)
    rows = [r for r in made["ranking"] if r.get("rank") is not None]
    best = max(rows, key=lambda r: r["probability_best"])
    assert text[0].startswith((f"Best: {best['sample']} (", "No sample is best: "))
