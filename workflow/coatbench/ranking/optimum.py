"""Tables of the optimum annealing temperature: its interval, the responses behind it, what to measure next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .criteria import Values
from .rank import Ranking
from .response import Responses, expected_spread, fit_responses, optima
from .score import scale

OVERALL, STATED = "overall", "overall at stated weights"


@dataclass(frozen=True)
class Optimum:
    """Rows of the tables `ranking_optimum`, `ranking_response` and `ranking_next`; why not, if none."""

    optimum: list[dict[str, Any]] = field(default_factory=list)
    response: list[dict[str, Any]] = field(default_factory=list)
    next: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    left_out: tuple[str, ...] = ()

    def row(self, response: str) -> dict[str, Any] | None:
        """Return the optimum of one response."""
        return next((r for r in self.optimum if r["response"] == response), None)


def find_optimum(
    ranking: Ranking, samples: Sequence[Mapping[str, str]], config: Mapping[str, Any]
) -> Optimum:
    """Estimate the optimum annealing temperature of a ranked study.

    Samples whose other treatment (time, atmosphere) differs from the most common one are left out, since one
    curve over temperature cannot describe both. Partly measured samples help the criteria that they have.
    """
    values, left_out = _same_treatment(ranking, samples, config["unannealed_temperature_degC"])
    heat = np.unique(values.temperature_degC)
    least = config["min_temperatures"]
    if not ranking.ranked.samples:
        return Optimum(reason="no sample could be ranked", left_out=left_out)
    enough = [
        np.unique(values.temperature_degC[~np.isnan(column)]).size >= least
        for column in values.value.T
    ]
    if heat.size < least or not all(enough):
        reason = f"needs at least {least} temperatures per criterion, found {heat.size}"
        return Optimum(reason=reason, left_out=left_out)
    worst, span = scale(ranking.ranked)
    responses = fit_responses(
        values,
        worst,
        span,
        ranking.weights,
        step_degC=config["grid_step_degC"],
        n=config["response_draws"],
    )
    step = config["candidate_step_degC"]
    candidates = np.arange(math.ceil(heat[0] / step) * step, heat[-1] + 1e-9, step)
    now, spread = expected_spread(responses, candidates)
    best = int(np.argmin(spread))
    rows, curves = _describe(values, responses)
    for row in rows:
        if row["response"] == OVERALL:
            row["next_temperature_degC"] = float(candidates[best])
            row["spread_after_next_degC"] = float(spread[best])
    following = [
        {
            "temperature_degC": float(t),
            "measured": bool(np.isclose(heat, t).any()),
            "spread_now_degC": now,
            "spread_after_degC": float(s),
        }
        for t, s in zip(candidates, spread, strict=True)
    ]
    return Optimum(rows, curves, following, "", left_out)


def _same_treatment(
    ranking: Ranking, samples: Sequence[Mapping[str, str]], unannealed: float
) -> tuple[Values, tuple[str, ...]]:
    coated = {s["sample"]: s for s in samples if s["role"] == "coated"}
    values = ranking.values.take([s for s in ranking.values.samples if s in coated])
    treatment = {
        s: (coated[s].get("annealing_time_h") or "", coated[s].get("atmosphere") or "")
        for s in values.samples
        if coated[s].get("annealing_temperature_degC")
    }
    common = Counter(treatment.values()).most_common(1)
    # A sample that was not annealed had no treatment to differ in.
    kept = [s for s in values.samples if s not in treatment or treatment[s] == common[0][0]]
    left_out = tuple(s for s in values.samples if s not in kept)
    values = values.take(kept)
    heat = np.where(np.isnan(values.temperature_degC), unannealed, values.temperature_degC)
    return Values(values.samples, values.criteria, values.value, values.sd, heat), left_out


def _describe(
    values: Values, responses: Responses
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    grid = responses.grid_degC
    kinds = [(OVERALL, "overall", responses.overall)]
    kinds.append((STATED, "overall", responses.at_stated_weights()))
    kinds += [(c.name, "criterion", responses.draws[:, j]) for j, c in enumerate(values.criteria)]
    rows, curves = [], []
    for name, kind, draws in kinds:
        best = optima(draws, grid)
        low, middle, high = np.quantile(best, [0.025, 0.5, 0.975], method="inverted_cdf")
        edge = float(np.isin(best, [grid[0], grid[-1]]).mean())
        j = next((k for k, c in enumerate(values.criteria) if c.name == name), None)
        rows.append(
            {
                "response": name,
                "kind": kind,
                "optimum_degC": float(middle),
                "optimum_degC_sd": float(best.std()),
                "optimum_degC_ci_low": float(low),
                "optimum_degC_ci_high": float(high),
                "best_tested_degC": _best_tested(values, j),
                "probability_at_edge": edge,
                "n_temperatures": int(np.unique(values.temperature_degC).size),
                "note": "at the edge of the tested range: not bracketed" if edge > 0.5 else "",
            }
        )
        bounds = np.quantile(draws, [0.025, 0.5, 0.975], axis=0)
        share = np.array([(best == t).mean() for t in grid])
        curves += [
            {
                "response": name,
                "temperature_degC": float(grid[i]),
                "value": float(bounds[1, i]),
                "value_ci_low": float(bounds[0, i]),
                "value_ci_high": float(bounds[2, i]),
                "probability_optimum": float(share[i]),
            }
            for i in range(grid.size)
        ]
    return rows, curves


def _best_tested(values: Values, j: int | None) -> float | None:
    if j is None:
        return None
    return float(
        values.temperature_degC[np.nanargmax(values.value[:, j] * values.criteria[j].sign)]
    )
