"""How the ranking names samples, settings and probabilities in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..factors import Factor, Setting
from .rank import Ranking

MOST_NAMES = 8
SURE = 2.0  # standard errors of the draws within which two probabilities are not told apart


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them; those that hold commas are set apart by semicolons."""
    if len(names) == 1:
        return names[0]
    mark = "; " if any(", " in n for n in names) else ", "
    return f"{mark.join(names[:-1])} and {names[-1]}"


def labels_of(ranking: Ranking, samples: Sequence[str]) -> list[str]:
    """Return labels, each once: samples that were made alike share one."""
    return list(dict.fromkeys(ranking.label(s) for s in samples))


def named(ranking: Ranking, samples: Sequence[str]) -> str:
    """Return the labels of samples, or how many they are, where nobody would read them all."""
    labels = labels_of(ranking, samples)
    return listed(labels) if len(labels) <= MOST_NAMES else f"{len(samples)} samples"


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


def short(number: float) -> str:
    """Return a number with two significant digits, and all of those before the point."""
    return f"{number:.0f}" if abs(number) >= 99.5 else f"{float(f'{number:.2g}'):g}"


def with_sd(value: float, sd: float | None) -> str:
    """Return a value with the digits that its uncertainty supports."""
    if not sd:
        return f"{value:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(sd)))
    return f"{value:.{decimals}f} ± {sd:.{decimals}f}"


def in_order(ranking: Ranking) -> list[dict[str, Any]]:
    """Return the rows of the ranked samples, the most probable best one first."""
    rows = [r for r in ranking.rows if r.get("rank") is not None]
    return sorted(rows, key=lambda r: -r["probability_best"])


def chances(ranking: Ranking) -> dict[str, float]:
    """Return the probability of holding the best sample per label, that of the most probable sample first.

    Samples that were made alike and share a label are one answer.
    """
    found: dict[str, float] = {}
    for row in in_order(ranking):
        label = ranking.label(row["sample"])
        found[label] = found.get(label, 0.0) + float(row["probability_best"])
    return found


def tied_first(ranking: Ranking) -> dict[str, float]:
    """Return the labels, with their probabilities, that may as well stand first; one alone is no tie.

    Two are not told apart where the draws alone separate them (the standard error of the difference of two shares of the
    same draws), or where a reader would see the same number.
    """
    found = chances(ranking)
    first = next(iter(found.values()))

    def tied(other: float) -> bool:
        error = math.sqrt((first + other - (first - other) ** 2) / ranking.draws)
        return first - other <= SURE * error or percent(first) == percent(other)

    return {label: chance for label, chance in found.items() if tied(chance)}


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
