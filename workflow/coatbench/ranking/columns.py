"""Columns of the ranking's tables. Standard library only: read each time the Snakefile is parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import StudyError
from ..quality import COLUMNS as QUALITY

HEADING_FACTOR = "annealing_temperature_degC"  # stands in front, whether it was varied or not
HEAD = (
    "rank",
    "sample",
    HEADING_FACTOR,
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
    "factor",
    "optimum",
    "optimum_sd",
    "optimum_ci_low",
    "optimum_ci_high",
    "probability_at_edge",
    "note",
    "unit",
    "probability",
    "best_tested",
    "n_settings",
)
EFFECTS = (
    "criterion",
    "term",
    "effect",
    "effect_sd",
    "effect_ci_low",
    "effect_ci_high",
    "share_of_variance",
    "unit",
    "meaning",
    "confounded_with",
    "note",
)
RESPONSE = (
    "response",
    "factor",
    "setting",
    "value",
    "value_ci_low",
    "value_ci_high",
    "probability_optimum",
)
NEXT_HEAD, NEXT_TAIL = ("order",), ("purpose", "expected_gain", "note", "expected_gain_sd", "cost")
SUMMARY = ("quantity", "value", "value_ci_low", "value_ci_high", "unit", "samples")
CORRELATIONS = (
    "first",
    "second",
    "n_samples",
    "correlation",
    "correlation_ci_low",
    "correlation_ci_high",
)
CONSISTENCY = ("sample", "quantity", "technique", "value", "value_sd", "agrees", "note")


def table_columns(
    config: Mapping[str, Any], factors: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """Return the columns of every table of the ranking; they follow criteria and factors of the configuration.

    Raises
    ------
    StudyError
        As `ranking_columns`.
    """
    names = [n for n, f in (factors or {}).items() if f is not None and f.get("use", True)]
    return {
        "ranking": ranking_columns(config, names),
        "ranking_sensitivity": list(SENSITIVITY),
        "ranking_optimum": list(OPTIMUM),
        "ranking_effects": list(EFFECTS),
        "ranking_response": list(RESPONSE),
        "ranking_next": [*NEXT_HEAD, *names, *NEXT_TAIL],
        "ranking_summary": list(SUMMARY),
        "ranking_correlations": list(CORRELATIONS),
        "consistency": list(CONSISTENCY),
    }


def ranking_columns(config: Mapping[str, Any], factors: Sequence[str] = ()) -> list[str]:
    """Return the columns of the table `ranking` under a configuration, in order.

    Raises
    ------
    StudyError
        Two columns would have the same name, or a weight belongs to no group, or no group weighs anything.
    """
    criteria = {n: c for n, c in config["criteria"].items() if c.get("use", True)}
    names = list(criteria)
    aside = [n for n, c in config["annotations"].items() if c.get("use", True)]
    more = [name for name in factors if name != HEADING_FACTOR]
    found = [*HEAD, *names, *(f"{n}_sd" for n in names), *TAIL, *aside, *more, *QUALITY]
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
