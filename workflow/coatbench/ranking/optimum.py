"""Tables of the optimum: per response and factor its best setting with an interval, and the responses along each factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..factors import Factor
from .determined import along as determined_along
from .score import TIE
from .surfaces import OVERALL, Surfaces, optimum_points

SLICE = 41  # points of a response along one of several factors
MOST_DRAWS = 800  # with several factors
EDGE = 1e-9
WHOLE = 0.9  # of the tested range: possible optima that fill so much of it say nothing
LOWER, UPPER = "at the lower end", "at the upper end"
UNDECIDED = "anywhere in the tested range"


@dataclass(frozen=True)
class Optimum:
    """Rows of `ranking_optimum` and `ranking_response`; the reason, where there are none."""

    optimum: list[dict[str, Any]] = field(default_factory=list)
    response: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    left_out: tuple[str, ...] = ()

    def rows(self, response: str) -> list[dict[str, Any]]:
        """Return the optimum of one response, a row per factor."""
        return [r for r in self.optimum if r["response"] == response]

    def edges(self) -> dict[str, int]:
        """Return the factors whose overall optimum is not bracketed: -1 at the lower end of the tested range, 1 at the upper one."""
        return {
            r["factor"]: -1 if r["note"].startswith(LOWER) else 1
            for r in self.rows(OVERALL)
            if (r.get("probability_at_edge") or 0) > 0.5
        }


def find_optimum(surfaces: Surfaces, response_draws: int) -> Optimum:
    """Estimate the best setting of every factor, for each criterion and for all together.

    The highest point of every draw of the surfaces is one possible optimum. The 95 % interval always reaches the tested
    settings beside the best tested one: what happens between two settings no smooth curve can promise.
    """
    space = surfaces.space
    points = optimum_points(surfaces)
    n = response_draws if len(space.factors) == 1 else min(MOST_DRAWS, response_draws)
    drawn = surfaces.draws(points, n, surfaces.rng("optimum"))
    rows = []
    best_points = {}
    for response, draws in drawn.items():
        best = points[_highest(draws, surfaces.rng(f"ties {response}"))]
        j = next((k for k, c in enumerate(surfaces.criteria) if c.name == response), None)
        measured = surfaces.overall_measured() if j is None else surfaces.utility[:, j]
        tested = int(np.nanargmax(measured)) if np.isfinite(measured).any() else 0
        have = len(np.unique(surfaces.x[np.isfinite(measured)], axis=0))
        best_points[response] = _middle(best, space.categorical)
        for i, factor in enumerate(space.factors):
            row = _of_category if not factor.continuous else _of_number
            rows.append(
                {
                    "response": response,
                    "factor": factor.name,
                    "unit": factor.unit,
                    "n_settings": have,
                }
                | row(surfaces, i, factor, best[:, i], tested)
            )
    curves = _curves(surfaces, points, drawn, best_points[OVERALL], n)
    return Optimum(rows, curves, "", surfaces.left_out)


def _highest(draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the place of the highest point of each draw; where several are highest, any of them."""
    top = draws >= draws.max(axis=1, keepdims=True) - TIE
    if not (top.sum(axis=1) > 1).any():
        return np.argmax(draws, axis=1)
    return np.argmax(np.where(top, rng.random(draws.shape), -1.0), axis=1)


def _middle(best: np.ndarray, categorical: np.ndarray) -> np.ndarray:
    """Return the middle of possible optima: median, or the most frequent level."""
    found = np.median(best, axis=0)
    for i in np.flatnonzero(categorical):
        level, count = np.unique(best[:, i], return_counts=True)
        found[i] = level[np.argmax(count)]
    return found


def _of_category(
    surfaces: Surfaces, i: int, factor: Factor, best: np.ndarray, tested: int
) -> dict[str, Any]:
    share = np.array([(best == k).mean() for k in range(len(surfaces.space.tested[i]))])
    k = int(np.argmax(share))
    names = surfaces.space.tested[i]
    others = [
        f"{names[m]} {100 * share[m]:.0f} %"
        for m in np.argsort(-share)
        if m != k and share[m] >= 0.025
    ]
    return {
        "optimum": names[k],
        "probability": float(share[k]),
        "best_tested": surfaces.settings[tested][i],
        "note": f"not excluded: {', '.join(others)}" if others else "",
    }


def _of_number(
    surfaces: Surfaces, i: int, factor: Factor, best: np.ndarray, tested: int
) -> dict[str, Any]:
    space = surfaces.space
    value = space.natural(i, best)
    low, middle, high = np.quantile(best, [0.025, 0.5, 0.975], method="inverted_cdf")
    levels = [float(v) for v in space.tested[i]]
    at = levels.index(float(surfaces.settings[tested][i]))
    ends = space.natural(i, np.array([low, middle, high]))
    at_low, at_high = float((best <= EDGE).mean()), float((best >= 1 - EDGE).mean())
    note = ""
    if max(at_low, at_high) > 0.5:
        end, limit = (LOWER, levels[0]) if at_low > at_high else (UPPER, levels[-1])
        note = f"{end} of the tested range ({factor.text(limit)}): not bracketed"
    below = min(float(ends[0]), levels[max(at - 1, 0)])
    above = max(float(ends[2]), levels[min(at + 1, len(levels) - 1)])
    if not note and high - low >= WHOLE:
        note = UNDECIDED
    return {
        "optimum": float(ends[1]),
        "optimum_sd": float(value.std()),
        "optimum_ci_low": below,
        "optimum_ci_high": above,
        "probability_at_edge": max(at_low, at_high),
        "best_tested": levels[at],
        "note": note,
    }


def _curves(
    surfaces: Surfaces,
    points: np.ndarray,
    drawn: Mapping[str, np.ndarray],
    centre: np.ndarray,
    n: int,
) -> list[dict[str, Any]]:
    """Return responses along each factor, the others at the overall optimum."""
    space = surfaces.space
    rows = []
    for i, factor in enumerate(space.factors):
        along, found = points, drawn
        if len(space.factors) > 1:
            places = (
                np.linspace(0, 1, SLICE) if factor.continuous else np.arange(len(space.tested[i]))
            )
            along = np.tile(centre, (places.size, 1))
            along[:, i] = places
            found = surfaces.draws(along, min(n, 400), surfaces.rng(f"slice {factor.name}"))
        known = determined_along(surfaces, along)
        natural = (
            [float(v) for v in space.natural(i, along[:, i])]
            if factor.continuous
            else [space.tested[i][int(k)] for k in along[:, i]]
        )
        for response, draws in found.items():
            low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975], axis=0)
            best = np.argmax(draws, axis=1)
            for k, setting in enumerate(natural):
                rows.append(
                    {
                        "response": response,
                        "factor": factor.name,
                        "setting": setting,
                        "value": float(middle[k]),
                        "value_ci_low": float(low[k]),
                        "value_ci_high": float(high[k]),
                        "probability_optimum": float((best == k).mean()),
                        "determined": float(known[response][k]),
                    }
                )
    return rows
