"""What the order of the samples hangs on: weights, single criteria, the method, the assumed scatter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..factors import Factor
from .criteria import Row, Values
from .montecarlo import probability_best
from .rank import Ranking, group_utilities, rank, stated_weights
from .score import average_ranks, group_matrix, ranks, spread, topsis

if TYPE_CHECKING:
    from ..config_types import RankingConfig

SCATTER_FACTORS = (0.0, 0.5, 2.0)


def sensitivity(
    ranking: Ranking,
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    config: RankingConfig,
    factors: Sequence[Factor] = (),
) -> list[dict[str, Any]]:
    """Rank the same samples again under other choices.

    Returns
    -------
    rows of the table `ranking_sensitivity`: one per choice and sample. `kind` is `weights`,
    `leave one out`, `method`, `prior scatter` or `gaps`.
    """
    if not ranking.ranked.samples:
        return []
    rows: list[dict[str, Any]] = []
    for kind, name, values, weights in _weightings(ranking, config["weights"]):
        names = [c.name for c in ranking.ranked.criteria]
        ruler = ranking.ruler.take([names.index(c.name) for c in values.criteria])
        best = probability_best(values, ruler, weights, config["draws"] // 4)
        score = group_utilities(values, ruler) @ weights
        rows += _block(name, kind, values.samples, score, best)
    rows += _methods(ranking)
    for factor in SCATTER_FACTORS:
        other = rank(
            tables,
            samples,
            config,
            factors=factors,
            reference=ranking.reference,
            prior_scale=factor,
        )
        assert other.outcome is not None
        score = group_utilities(other.ranked, other.ruler) @ other.weights
        name = f"scatter between replicates x {factor:g}"
        rows += _block(name, "prior scatter", other.ranked.samples, score, other.outcome.best)
    rows += _with_gaps(ranking, config["weights"])
    return rows


def _block(
    name: str, kind: str, samples: Sequence[str], score: np.ndarray, best: np.ndarray | None = None
) -> list[dict[str, Any]]:
    place = ranks(score)
    return [
        {
            "weighting": name,
            "sample": sample,
            "rank": int(place[i]),
            "kind": kind,
            "score": float(score[i]),
            "probability_best": None if best is None else float(best[i]),
        }
        for i, sample in enumerate(samples)
    ]


def _weightings(
    ranking: Ranking, given: Mapping[str, float]
) -> Iterator[tuple[str, str, Values, np.ndarray]]:
    values, stated = ranking.ranked, ranking.weights
    groups = values.groups
    yield "weights", "stated", values, stated
    if len(values.criteria) > 1:
        members = np.array(
            [sum(c.group == g for c in values.criteria) for g in groups], dtype=float
        )
        yield "weights", "every criterion alike", values, members / members.sum()
    if len(groups) > 1:
        for i, group in enumerate(groups):
            double = stated * np.where(np.arange(len(groups)) == i, 2.0, 1.0)
            yield "weights", f"double {group}", values, double / double.sum()
        for i, group in enumerate(groups):
            yield "weights", f"only {group}", values, np.eye(len(groups))[i]
    for criterion in values.criteria if len(values.criteria) > 1 else ():
        left = values.take(criteria=[c.name for c in values.criteria if c is not criterion])
        weights = stated_weights(left.criteria, given)
        yield "leave one out", f"without {criterion.name}", left, weights
    for group in groups if len(groups) > 1 else ():
        names = [c.name for c in values.criteria if c.group != group]
        if len(names) < len(values.criteria) - 1:  # else it is a criterion left out above
            left = values.take(criteria=names)
            weights = stated_weights(left.criteria, given)
            yield "leave one out", f"without group {group}", left, weights


def _methods(ranking: Ranking) -> list[dict[str, Any]]:
    """Rank by the mean of ranks, from worst to best, and by TOPSIS: they need no ruler, or another one."""
    values, weights = ranking.ranked, ranking.weights
    matrix = group_matrix(values.criteria)
    utilities = spread(ranking.ruler.utility(values.value))
    mean_rank = average_ranks(utilities.T).T @ matrix @ weights
    return [
        *_block("mean of ranks", "method", values.samples, -mean_rank),
        *_block("from worst to best", "method", values.samples, utilities @ matrix @ weights),
        *_block("topsis", "method", values.samples, topsis(utilities, matrix @ weights)),
    ]


def _with_gaps(ranking: Ranking, given: Mapping[str, float]) -> list[dict[str, Any]]:
    """Rank partly measured samples too, each by the groups it has: nothing filled in, less comparable."""
    complete = set(ranking.ranked.samples)
    values = ranking.values.take(list(ranking.settings))
    have = ~np.isnan(values.value)
    some = have.any(axis=1)
    if set(np.array(values.samples)[some]) <= complete:
        return []
    values = values.take([s for s, ok in zip(values.samples, some, strict=True) if ok])
    utilities = ranking.ruler.utility(values.value)
    matrix = group_matrix(values.criteria) > 0
    weights = stated_weights(values.criteria, given)
    present = (~np.isnan(utilities)).astype(float) @ matrix
    grouped = (np.nan_to_num(utilities) @ matrix) / np.maximum(present, 1)
    shares = weights * (present > 0)
    total = shares.sum(axis=1)
    score = (grouped * shares).sum(axis=1) / np.where(total > 0, total, 1)
    measured = total > 0
    names = [s for s, ok in zip(values.samples, measured, strict=True) if ok]
    return _block("criteria that each sample has", "gaps", names, score[measured])
