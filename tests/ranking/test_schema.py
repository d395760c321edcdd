"""The config and the claims fit their schema."""

from __future__ import annotations

import copy
import csv
from pathlib import Path

import pytest
import yaml
from coatbench.claims.read import read_claims
from coatbench.errors import StudyError
from coatbench.settings import follow
from coatbench.settings_schema import settings_problems
from conftest import SHARED

from ranking import synthetic

SCHEMAS = synthetic.ROOT / "workflow" / "schemas"
PAPER = SHARED / "paper" / "claims.csv"


def test_mistakes_in_the_config_are_found():
    config = yaml.safe_load((synthetic.ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert settings_problems(config, SCHEMAS) == []
    for change in (
        lambda r: r["criteria"]["coverage"].update(direction="up"),
        lambda r: r["criteria"]["coverage"].pop("group"),
        lambda r: r.update(draws=10),
        lambda r: r.update(confidence=1.0),
        lambda r: r["criteria"].update({"has space": r["criteria"]["coverage"]}),
    ):
        broken = copy.deepcopy(config)
        change(broken["ranking"])
        (problem,) = settings_problems(broken, SCHEMAS)
        assert problem.startswith("config: ranking")


def test_the_demo_study_holds_every_claim_of_the_paper():
    claims = {c.id: c for c in read_claims(synthetic.ROOT / "data" / "demo" / "claims.csv")}
    assert all(c.selected for c in claims.values())
    if not PAPER.is_file():
        return
    with PAPER.open(encoding="utf-8", newline="") as stream:
        paper = {row["id"]: row for row in csv.DictReader(stream)}
    assert list(claims) == list(paper)
    for name, row in paper.items():
        assert claims[name].quantity == row["quantity"]
        # A number that the paper gives is the number that is tested.
        if row["value"].replace(".", "", 1).isdigit():
            assert claims[name].values == ((float(row["value"]),) * 2,), name
        if row["tolerance"]:
            assert claims[name].tolerance in (float(row["tolerance"]), None)


def test_a_value_of_the_ranking_follows_another_section():
    config = yaml.safe_load((synthetic.ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["sims"]["headline_weighting"] = "equal"
    criteria = follow(config["ranking"], config)["criteria"]
    assert criteria["degradation_oxygenated"]["where"]["weighting"] == "equal"
    config["ranking"]["criteria"]["coverage"]["where"]["rsf_library"] = "config:xps.nothing"
    with pytest.raises(StudyError, match="expected a key that the config has"):
        follow(config["ranking"], config, "ranking")


def test_documentation_names_every_relation_and_selector():
    from coatbench.claims.read import ALIASES, RELATIONS

    text = Path(synthetic.ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    for relation in {*RELATIONS, *ALIASES} - {"maximum_at", "minimum_at"}:
        assert f"`{relation}`" in text, relation
