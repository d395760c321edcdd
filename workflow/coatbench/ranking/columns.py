"""Columns of the ranking's tables under a configuration. Standard library only: read each time the Snakefile is parsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..errors import StudyError

if TYPE_CHECKING:
    from ..config_types import FactorConfig, RankingConfig

HEADING_FACTOR = "annealing_temperature_degC"  # stands in front, whether it was varied or not


def table_columns(
    documented: Mapping[str, Iterable[str]],
    config: RankingConfig,
    factors: Mapping[str, FactorConfig | None] | None = None,
) -> dict[str, list[str]]:
    """Return the columns of every table of the ranking; they follow criteria and factors of the configuration.

    Parameters
    ----------
    documented : mapping of table to columns
        Of `workflow/schemas/tables/ranking.yaml`, where `<criterion>`, `<annotation>` and the like stand for several.

    Raises
    ------
    StudyError
        Two columns would have the same name, or a weight belongs to no group, or no group weighs anything.
    """
    criteria = {n: c for n, c in config["criteria"].items() if c.get("use", True)}
    varied = [n for n, f in (factors or {}).items() if f is not None and f.get("use", True)]
    named = {
        "<criterion>": list(criteria),
        "<criterion>_sd": [f"{n}_sd" for n in criteria],
        "<annotation>": [n for n, c in config["annotations"].items() if c.get("use", True)],
        "<factor>": varied,
        "<other factor>": [n for n in varied if n != HEADING_FACTOR],
    }
    found = {
        table: [name for column in columns for name in named.get(column, [column])]
        for table, columns in documented.items()
    }
    ranking = found["ranking"]
    problems = [
        f"config: ranking: {name}: found twice as a column of the ranking, expected a name of its own"
        for name in sorted({n for n in ranking if ranking.count(n) > 1})
    ]
    groups = dict.fromkeys(c.get("group", n) for n, c in criteria.items())
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
