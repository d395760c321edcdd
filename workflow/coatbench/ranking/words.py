"""How the ranking names samples, settings and probabilities in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..factors import Factor, Setting
from .rank import Ranking

MOST_NAMES = 8
TIED = 0.005  # probabilities closer than this are told apart by the draws alone


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them; those that hold commas are set apart by semicolons."""
    if len(names) == 1:
        return names[0]
    mark = "; " if any(", " in n for n in names) else ", "
    return f"{mark.join(names[:-1])} and {names[-1]}"


def labels_of(ranking: Ranking, samples: Sequence[str]) -> list[str]:
    """Return labels, each once: samples that were made alike share one."""
    return list(dict.fromkeys(ranking.label(s) for s in samples))


def named(names: Sequence[str]) -> str:
    """Return names, or how many, where nobody would read them all."""
    return listed(names) if len(names) <= MOST_NAMES else f"{len(names)} samples"


def chance_of(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the probability that the best sample is one of these rows."""
    return float(sum(r["probability_best"] for r in rows))


def percent(probability: float) -> str:
    """Return a probability as a reader writes it."""
    if probability > 0.995:
        return "more than 99 %"
    if probability < 0.005:
        return "less than 1 %"
    return f"{100 * probability:.0f} %"


def in_order(ranking: Ranking) -> list[dict[str, Any]]:
    """Return the rows of the ranked samples, the most probable best one first."""
    rows = [r for r in ranking.rows if r.get("rank") is not None]
    return sorted(rows, key=lambda r: -r["probability_best"])


def tied_first(ranking: Ranking) -> list[str]:
    """Return the samples that are as probably best as the first: the draws alone tell them apart."""
    rows = in_order(ranking)
    return [
        r["sample"] for r in rows if rows[0]["probability_best"] - r["probability_best"] <= TIED
    ]


def factor_of(ranking: Ranking, name: str) -> Factor:
    """Return a factor by its column."""
    return next(f for f in ranking.factors if f.name == name)


def setting_text(factors: Sequence[Factor], values: Sequence[Setting]) -> str:
    """Return one setting of all factors; a number whose unit does not tell which factor it is of has its name beside it."""
    units = [f.unit for f in factors if f.continuous]
    words = []
    for factor, value in zip(factors, values, strict=True):
        clear = not factor.continuous or (
            units.count(factor.unit) == 1 and factor.unit not in ("", "1", "%")
        )
        text = factor.text(value)
        words.append(text if clear or len(factors) == 1 else f"{factor.label} {text}")
    return ", ".join(words)
