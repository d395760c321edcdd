"""The ranking: which samples can be ranked, in which order, and how sure that is.

Coated samples that have every core criterion are ranked. The uncoated sample and partly measured ones stand
in the table with their values and without a rank; nothing is ever filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..factors import Factor, Setting, varied
from .columns import HEADING_FACTOR
from .criteria import Criterion, Row, Values, collect_values, read_criteria
from .montecarlo import Outcome, probability_better, simulate
from .score import Ruler, group_matrix, pareto_front, ranks
from .score import ruler as ruler_of

if TYPE_CHECKING:
    from ..config_types import RankingConfig


@dataclass(frozen=True)
class Ranking:
    """Everything that one call of `rank` found.

    Attributes
    ----------
    rows : rows of the table `ranking`
    values : all coated samples and the reference, all counted criteria; gaps are NaN
    ranked : the complete coated samples, best first
    weights : stated weight of each group of `ranked.groups`, sum 1
    dropped : criterion name to the reason why it does not count in this study
    ruler : what utilities of `ranked.criteria` are counted in
    factors : those that tell coated samples apart
    settings : of every coated sample, per factor; None where unknown
    labels : of every sample
    draws : number of draws behind the probabilities
    """

    rows: list[dict[str, Any]]
    values: Values
    ranked: Values
    weights: np.ndarray
    outcome: Outcome | None
    dropped: dict[str, str]
    reference: str | None
    ruler: Ruler
    factors: tuple[Factor, ...]
    settings: Mapping[str, tuple[Setting | None, ...]]
    labels: Mapping[str, str]
    draws: int

    def label(self, sample: str) -> str:
        """Return a sample's label, its id where it has none."""
        return self.labels.get(sample) or sample


def rank(
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    config: RankingConfig,
    *,
    factors: Sequence[Factor] = (),
    reference: str | None = None,
    prior_scale: float = 1.0,
) -> Ranking:
    """Rank the coated samples of a study.

    Parameters
    ----------
    tables : dict of table name to rows (as `coatbench.tables.read_table` returns them)
    samples : rows of samples.csv, values text
    config : section `ranking` of the configuration
    factors : what was varied on purpose (`factors.read_factors`)
    reference : sample that the others are compared with
    prior_scale : factor on the prior scatter between replicates

    Raises
    ------
    StudyError
        A criterion of the config fits several rows of one sample.
    """
    criteria = read_criteria(config["criteria"])
    judged = [s for s in samples if s["role"] != "precursor"]
    coated = [s["sample"] for s in judged if s["role"] == "coated"]
    counted_factors = varied(factors, samples)
    settings = {
        s["sample"]: tuple(f.setting(s) for f in counted_factors)
        for s in judged
        if s["role"] == "coated"
    }
    known = {s: v for s, v in settings.items() if v and None not in v}
    everything = collect_values(
        tables,
        judged,
        criteria,
        prior_cells=config["prior_cells"],
        prior_scale=prior_scale,
        reference=reference,
        settings=known,
    )
    counted, dropped = _core(everything.take(coated), config["core_share"])
    values = everything.take(criteria=counted)
    among_coated = values.take(coated)
    complete = ~np.isnan(among_coated.value).any(axis=1)
    ranked = among_coated.take(
        [s for s, ok in zip(among_coated.samples, complete, strict=True) if ok]
    )
    if not ranked.criteria:
        ranked = ranked.take([])
    weights = stated_weights(ranked.criteria, config["weights"])
    against = values.take([reference] if reference else [])
    measure = ruler_of(ranked, against)
    outcome = simulate(ranked, measure, weights, config["draws"]) if ranked.samples else None
    if outcome is not None:
        ranked, outcome = _in_order(ranked, outcome, weights, measure)
    rows = _rows(ranked, outcome, weights, measure, values, judged, reference, config)
    _annotate(rows, tables, judged, everything, factors, config)
    labels = _labels(samples, settings)
    return Ranking(
        rows, values, ranked, weights, outcome, dropped, reference, measure,
        counted_factors, settings, labels, config["draws"],
    )  # fmt: skip


def _labels(
    samples: Sequence[Mapping[str, str]], settings: Mapping[str, tuple[Setting | None, ...]]
) -> dict[str, str]:
    """Return labels that a reader can tell apart; only samples that were made alike may share one."""
    found = {s["sample"]: s.get("label") or s["sample"] for s in samples}
    kinds: dict[str, set] = {}
    for sample, label in found.items():
        kinds.setdefault(label, set()).add(settings.get(sample, sample) or sample)
    return {s: f"{label} ({s})" if len(kinds[label]) > 1 else label for s, label in found.items()}


def _core(coated: Values, least: float) -> tuple[list[str], dict[str, str]]:
    """Return the criteria that count in this study, and why the others do not."""
    have = (~np.isnan(coated.value)).sum(axis=0)
    counted, dropped = [], {}
    for criterion, n in zip(coated.criteria, have, strict=True):
        if n == 0 or n < least * len(coated.samples):
            unusable = _unusable(coated, criterion.name)
            reason = f"measured for {n} of {len(coated.samples)} coated samples"
            if not n:
                reason = "no usable value" if unusable else "not measured"
            dropped[criterion.name] = reason + (
                f"; unusable: {', '.join(unusable)}" if unusable else ""
            )
        else:
            counted.append(criterion.name)
    return counted, dropped


def _unusable(values: Values, criterion: str) -> list[str]:
    """Return why values of a criterion are unusable, each reason once."""
    judged = (values.judged.get((s, criterion)) for s in values.samples)
    return list(dict.fromkeys(q.note for q in judged if q is not None and not q.usable))


def stated_weights(criteria: Sequence[Criterion], given: Mapping[str, float]) -> np.ndarray:
    """Return the weight of each group, sum 1; groups that the config does not name weigh 1."""
    groups = list(dict.fromkeys(c.group for c in criteria))
    weights = np.array([float(given.get(g, 1.0)) for g in groups])
    return weights / weights.sum() if weights.sum() > 0 else np.ones(len(groups)) / len(groups)


def group_utilities(ranked: Values, ruler: Ruler) -> np.ndarray:
    """Return the utility of each group of the measured values, shape (samples, groups)."""
    return ruler.utility(ranked.value) @ group_matrix(ranked.criteria)


def _in_order(
    ranked: Values, outcome: Outcome, weights: np.ndarray, ruler: Ruler
) -> tuple[Values, Outcome]:
    """Sort best first; equal ones stay in the order of samples.csv."""
    score = np.round(group_utilities(ranked, ruler) @ weights, 9)
    order = np.argsort(-score, kind="stable")
    arrays = {name: getattr(outcome, name)[order] for name in outcome.__dataclass_fields__}
    return ranked.in_order(order), Outcome(**arrays)


def best_set(best: np.ndarray, confidence: float) -> np.ndarray:
    """Return the smallest set of samples that holds the best one with at least this probability."""
    order = np.lexsort((np.arange(best.size), -best))
    inside = np.zeros(best.size, dtype=bool)
    total = 0.0
    for i in order:
        inside[i] = True
        total += best[i]
        if total >= confidence - 1e-12:
            break
    return inside


def _rows(
    ranked: Values,
    outcome: Outcome | None,
    weights: np.ndarray,
    ruler: Ruler,
    values: Values,
    judged: Sequence[Mapping[str, str]],
    reference: str | None,
    config: RankingConfig,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if outcome is not None:
        utilities = group_utilities(ranked, ruler)
        score = utilities @ weights
        place = ranks(score)
        front = pareto_front(utilities[:, weights > 0])
        inside = best_set(outcome.best, config["confidence"])
        against = values.take([reference] if reference else [])
        better = probability_better(ranked, against, ruler, weights, config["draws"])
        for i, sample in enumerate(ranked.samples):
            rows.append(
                {
                    "rank": int(place[i]),
                    "sample": sample,
                    "score": float(score[i]),
                    "score_ci_low": float(outcome.score_low[i]),
                    "score_ci_high": float(outcome.score_high[i]),
                    "probability_best": float(outcome.best[i]),
                    "rank_ci_low": float(outcome.rank_low[i]),
                    "rank_ci_high": float(outcome.rank_high[i]),
                    "pareto": bool(front[i]),
                    "probability_best_stated_weights": float(outcome.best_stated[i]),
                    "weight_share_best": float(outcome.weight_share[i]),
                    "probability_pareto": float(outcome.front[i]),
                    "probability_better_than_reference": (
                        None if better is None or sample == reference else float(better[i])
                    ),
                    "best_set": bool(inside[i]),
                    "note": "",
                }
            )
    done = set(ranked.samples)
    rest = [s for s in judged if s["sample"] not in done]
    for left in sorted(rest, key=lambda s: s["role"] != "uncoated"):
        rows.append({"sample": left["sample"], "note": _why_not(left, values, reference)})
    by_name = {s: i for i, s in enumerate(values.samples)}
    for row in rows:
        i = by_name[row["sample"]]
        row["n_criteria"] = int((~np.isnan(values.value[i])).sum())
        row |= values.quality(row["sample"]).columns()
    return rows


def _why_not(sample: Mapping[str, str], values: Values, reference: str | None) -> str:
    if sample["role"] == "uncoated":
        is_reference = sample["sample"] == reference
        return "not ranked: uncoated" + (", the reference" if is_reference else "")
    i = values.samples.index(sample["sample"])
    gaps = np.isnan(values.value[i])
    lacking = [
        c.name
        + (f" (unusable: {q.note})" if (q := values.judged.get((sample["sample"], c.name))) else "")
        for c, gap in zip(values.criteria, gaps, strict=True)
        if gap
    ]
    return (
        "not ranked: lacks " + ", ".join(lacking)
        if lacking
        else "not ranked: no criterion has a usable value"
    )


def _annotate(
    rows: list[dict[str, Any]],
    tables: Mapping[str, Sequence[Row]],
    judged: Sequence[Mapping[str, str]],
    shown: Values,
    factors: Sequence[Factor],
    config: RankingConfig,
) -> None:
    """Add settings, one column per criterion with its standard uncertainty, and annotations that decide nothing."""
    notes = read_criteria(config["annotations"])
    aside = collect_values(tables, judged, notes, prior_cells=config["prior_cells"], average=True)
    by_name = {s["sample"]: s for s in judged}
    for row in rows:
        i = shown.samples.index(row["sample"])
        row[HEADING_FACTOR] = by_name[row["sample"]].get(HEADING_FACTOR) or None
        for factor in factors:
            row[factor.name] = by_name[row["sample"]].get(factor.name) or None
        for j, criterion in enumerate(shown.criteria):
            row[criterion.name] = float(shown.value[i, j])
            row[f"{criterion.name}_sd"] = float(shown.sd[i, j])
        for j, criterion in enumerate(aside.criteria):
            row[criterion.name] = float(aside.value[i, j])
