"""All tables of the ranking in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..conditions import Row
from .optimum import find_optimum
from .rank import rank
from .sensitivity import sensitivity
from .statement import statement, summary


def make(
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    config: Mapping[str, Any],
    reference: str | None,
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Rank, vary, estimate the optimum and put it into words.

    Returns
    -------
    tables : dict of table name to rows
    paragraphs : list of str, the statement
    """
    ranking = rank(tables, samples, config, reference=reference)
    varied = sensitivity(ranking, tables, samples, config)
    optimum = find_optimum(ranking, samples, config)
    made = {
        "ranking": ranking.rows,
        "ranking_sensitivity": varied,
        "ranking_optimum": optimum.optimum,
        "ranking_response": optimum.response,
        "ranking_next": optimum.next,
        "ranking_summary": summary(ranking, optimum, config),
    }
    return made, statement(ranking, optimum, varied, config)
