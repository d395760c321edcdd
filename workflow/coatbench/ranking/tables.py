"""All tables of the ranking in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..conditions import Row
from ..factors import read_factors
from .advice import advise
from .consistency import compare, correlations
from .effects import find_effects
from .optimum import Optimum, find_optimum
from .rank import rank
from .sensitivity import sensitivity
from .statement import statement
from .summary import summary
from .surfaces import fit_surfaces

if TYPE_CHECKING:
    from ..config_types import FactorConfig, RankingConfig


def make_tables(
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    config: RankingConfig,
    reference: str | None,
    factors: Mapping[str, FactorConfig | None],
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Rank, vary, estimate optimum and effects, advise, and put it into words.

    Parameters
    ----------
    tables : dict of table name to rows
    samples : rows of samples.csv
    config, factors : sections `ranking` and `factors` of the configuration
    reference : sample that the others are compared with

    Returns
    -------
    tables : dict of table name to rows
    paragraphs : list of str, the statement
    """
    declared = read_factors(factors)
    ranking = rank(tables, samples, config, factors=declared, reference=reference)
    varied = sensitivity(ranking, tables, samples, config, declared)
    surfaces, reason = fit_surfaces(ranking, least=config["min_settings"])
    if surfaces is None:
        optimum, effects, advice = Optimum(reason=reason), [], []
    else:
        optimum = find_optimum(surfaces, config["response_draws"])
        effects = find_effects(surfaces, ranking)
        measured = list(ranking.settings.values())
        advice = advise(surfaces, config["next"], edges=optimum.edges(), measured=measured)
    made = {
        "ranking": ranking.rows,
        "ranking_sensitivity": varied,
        "ranking_optimum": optimum.optimum,
        "ranking_effects": effects,
        "ranking_response": optimum.response,
        "ranking_next": advice,
        "ranking_summary": summary(ranking, optimum),
        "ranking_correlations": correlations(ranking.values.take(list(ranking.settings))),
        "consistency": compare(tables, samples, config["consistency"], reference),
    }
    return made, statement(
        ranking, optimum, effects, advice, varied, made["consistency"], config["criteria"]
    )
