"""Columns of the ranking's tables. Standard library only: read each time the Snakefile is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import StudyError
from ..quality import COLUMNS as QUALITY

HEAD = (
    "rank",
    "sample",
    "annealing_temperature_degC",
    "score",
    "score_ci_low",
    "score_ci_high",
    "probability_best",
    "rank_ci_low",
    "rank_ci_high",
    "pareto",
)
TAIL = (
    "probability_best_stated_weights",
    "weight_share_best",
    "probability_pareto",
    "probability_better_than_reference",
    "best_set",
    "n_criteria",
    "note",
)
SENSITIVITY = ("weighting", "sample", "rank", "kind", "score", "probability_best")
OPTIMUM = (
    "response",
    "kind",
    "optimum_degC",
    "optimum_degC_sd",
    "optimum_degC_ci_low",
    "optimum_degC_ci_high",
    "best_tested_degC",
    "probability_at_edge",
    "n_temperatures",
    "next_temperature_degC",
    "spread_after_next_degC",
    "note",
)
RESPONSE = (
    "response",
    "temperature_degC",
    "value",
    "value_ci_low",
    "value_ci_high",
    "probability_optimum",
)
NEXT = ("temperature_degC", "measured", "spread_now_degC", "spread_after_degC")
SUMMARY = ("quantity", "value", "value_ci_low", "value_ci_high", "unit", "samples")


def table_columns(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the columns of every table of the ranking; those of `ranking` follow the configuration.

    Raises
    ------
    StudyError
        As `ranking_columns`.
    """
    return {
        "ranking": ranking_columns(config),
        "ranking_sensitivity": list(SENSITIVITY),
        "ranking_optimum": list(OPTIMUM),
        "ranking_response": list(RESPONSE),
        "ranking_next": list(NEXT),
        "ranking_summary": list(SUMMARY),
    }


def ranking_columns(config: Mapping[str, Any]) -> list[str]:
    """Return the columns of the table `ranking` under a configuration, in order.

    Raises
    ------
    StudyError
        Two columns would have the same name, or a weight belongs to no group, or no group weighs anything.
    """
    criteria = {n: c for n, c in config["criteria"].items() if c.get("use", True)}
    names = list(criteria)
    aside = [n for n, c in config["annotations"].items() if c.get("use", True)]
    found = [*HEAD, *names, *(f"{n}_sd" for n in names), *TAIL, *aside, *QUALITY]
    groups = dict.fromkeys(c.get("group", n) for n, c in criteria.items())
    problems = [
        f"config: ranking: {name}: found twice as a column of the ranking, expected a name of its own"
        for name in sorted({n for n in found if found.count(n) > 1})
    ]
    problems += [
        f"config: ranking.weights: {group}: found no criterion of this group, expected one of "
        f"{', '.join(groups)}"
        for group in config["weights"]
        if group not in groups
    ]
    if groups and not any(config["weights"].get(g, 1.0) > 0 for g in groups):
        problems.append("config: ranking.weights: found only zeros, expected a group that counts")
    if problems:
        raise StudyError(problems)
    return found
