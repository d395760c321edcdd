"""The demo of four factors: its tables are the planted design, and an analysis of what was planted finds it again."""

from __future__ import annotations

import csv
from itertools import product

import numpy as np
import pytest
import yaml
from coatbench.simulate import design
from conftest import ROOT

from ranking.planted import study

FOLDER = ROOT / "data" / "demo_factors"
NAMES = (design.TEMPERATURE, design.TIME, design.OXYGEN, design.AMOUNT)


@pytest.mark.parametrize("name", list(design.tables()))
def test_the_tables_in_the_repository_are_the_planted_ones(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert found == [{k: str(v) for k, v in row.items()} for row in design.tables()[name]]


def best() -> dict[str, float]:
    """The best allowed setting of the planted score, in smallest differences as the config counts them."""

    def score(t, h, o, a):
        p = design.planted(t, h, o, a)
        return (
            p["coverage"] / 0.05
            + p["efficiency_percent"] / 1.0
            + (p["relaxed_potential_charge_V"] / 0.01 - p["relaxed_potential_discharge_V"] / 0.02)
            / 2
            - (p["polysulfide"] + p["oxygenated"]) / 0.05 / 2
        )

    axes = (
        range(250, 501, 10),
        np.geomspace(0.5, 16, 21),
        np.linspace(21, 100, 11),
        np.linspace(0.5, 2, 16),
    )
    return dict(zip(NAMES, max(product(*axes), key=lambda s: score(*s)), strict=True))


def test_planted_optimum_and_directions_are_found_again():
    factors = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["factors"]
    for name, entry in yaml.safe_load((FOLDER / "study.yaml").read_text(encoding="utf-8"))[
        "factors"
    ].items():
        factors[name] = factors.get(name, {}) | entry
    settings = [dict(zip(NAMES, map(float, s), strict=True)) for s in design.DESIGN]
    difference = {
        "coverage": 0.05,
        "efficiency_percent": 1.0,
        "polysulfide": -0.05,
        "oxygenated": -0.05,
    }
    responses = {
        name: lambda s, name=name, d=d: design.planted(*(s[n] for n in NAMES))[name] / d * 0.05
        for name, d in difference.items()
    }
    made, _ = study(settings, responses, sd=0.02, factors=factors)
    truth = best()
    for row in made["ranking_optimum"]:
        if row["response"] == "overall":
            assert row["optimum_ci_low"] <= truth[row["factor"]] <= row["optimum_ci_high"], row
    conversion = [design.conversion(t, 4, 60) for t in (250, 350, 450)]
    assert conversion == sorted(conversion)
    tested = {tuple(s.values()) for s in settings}
    for row in made["ranking_next"]:
        assert (tuple(row[n] for n in NAMES) in tested) == (row["purpose"] == "confirm")
