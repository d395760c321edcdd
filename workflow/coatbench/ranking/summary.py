"""The table `ranking_summary`: the figures that the statement is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from .optimum import Optimum
from .rank import Ranking, group_utilities
from .score import kendall_w
from .surfaces import OVERALL
from .words import chance_of


def summary(ranking: Ranking, optimum: Optimum) -> list[dict[str, Any]]:
    """Return the rows of the table `ranking_summary`: the figures that the statement is made of."""
    ranked = ranking.ranked
    rows: list[dict[str, Any]] = [
        {"quantity": "samples ranked", "value": len(ranked.samples), "unit": "1", "samples": ""}
    ]
    for name, column in (("Pareto front", "pareto"), ("best set", "best_set")):
        inside = [r for r in ranking.rows if r.get(column)]
        if not inside:
            continue
        members = [r["sample"] for r in inside]
        rows.append(
            {
                "quantity": f"probability that the best sample is in the {name}",
                "value": chance_of(inside),
                "unit": "1",
                "samples": ";".join(members),
            }
        )
        for i, factor in enumerate(ranking.factors):
            known = [v for s in members if (v := ranking.settings[s][i]) is not None]
            if factor.continuous and len(known) == len(members):
                numbers = [float(v) for v in known]
                rows.append(
                    {
                        "quantity": f"{factor.label} of the {name}",
                        "value": float(np.mean(numbers)),
                        "value_ci_low": min(numbers),
                        "value_ci_high": max(numbers),
                        "unit": factor.unit or "1",
                        "samples": ";".join(members),
                    }
                )
    by_name = {f.name: f for f in ranking.factors}
    for found in optimum.rows(OVERALL):
        factor = by_name[found["factor"]]
        rows.append(
            {
                "quantity": f"optimum {factor.label}",
                "value": found["optimum"],
                "value_ci_low": found.get("optimum_ci_low"),
                "value_ci_high": found.get("optimum_ci_high"),
                "unit": factor.unit or "1",
                "samples": "",
            }
        )
    if ranked.samples:
        for name, table in (
            ("criteria", ranking.ruler.utility(ranked.value)),  # a tie is one on this ruler
            ("groups", group_utilities(ranked, ranking.ruler)),
        ):
            rows.append(
                {
                    "quantity": f"Kendall's W between {name}",
                    "value": kendall_w(table),
                    "unit": "1",
                    "samples": "",
                }
            )
    return rows
