"""The ranking in words: what the data support, and what they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..statistics import NORMAL_95
from .criteria import read_criteria
from .optimum import OVERALL, Optimum
from .rank import Ranking, group_utilities
from .score import kendall_w


def summary(ranking: Ranking, optimum: Optimum, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table `ranking_summary`: the figures that the statement is made of."""
    ranked = ranking.ranked
    rows: list[dict[str, Any]] = [
        {"quantity": "samples ranked", "value": len(ranked.samples), "unit": "1", "samples": ""}
    ]
    for name, column in (("Pareto front", "pareto"), ("best set", "best_set")):
        inside = [r for r in ranking.rows if r.get(column)]
        if not inside:
            continue
        heat = [r["annealing_temperature_degC"] for r in inside]
        known = not np.isnan(heat).any()
        members = ";".join(r["sample"] for r in inside)
        rows.append(
            {
                "quantity": f"probability that the best sample is in the {name}",
                "value": _chance(inside),
                "unit": "1",
                "samples": members,
            }
        )
        rows.append(
            {
                "quantity": f"annealing temperatures of the {name}",
                "value": float(np.mean(heat)) if known else None,
                "value_ci_low": min(heat) if known else None,
                "value_ci_high": max(heat) if known else None,
                "unit": "degC",
                "samples": members,
            }
        )
    if found := optimum.row(OVERALL):
        rows.append(
            {
                "quantity": "optimum temperature",
                "value": found["optimum_degC"],
                "value_ci_low": found["optimum_degC_ci_low"],
                "value_ci_high": found["optimum_degC_ci_high"],
                "unit": "degC",
                "samples": "",
            }
        )
    if ranked.samples:
        signs = np.array([c.sign for c in ranked.criteria])
        for name, table in (
            ("criteria", ranked.value * signs),
            ("groups", group_utilities(ranked)),
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


def statement(
    ranking: Ranking,
    optimum: Optimum,
    sensitivity: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any],
) -> list[str]:
    """Return the ranking in plain sentences, one paragraph an item."""
    if not ranking.ranked.samples:
        if all(r["note"].startswith("not ranked: uncoated") for r in ranking.rows):
            return ["No sample can be ranked: the study has no coated sample."]
        reasons = [_dropped(ranking, config), _unranked(ranking) if ranking.values.criteria else ""]
        return ["No sample can be ranked. " + " ".join(filter(None, reasons))]
    return [
        text
        for text in (
            _verdict(ranking, config),
            _optimum(ranking, optimum),
            _reference(ranking),
            _limits(ranking, sensitivity),
            _next(optimum),
            _basis(ranking, config),
            _scatter(ranking, sensitivity),
            _unranked(ranking),
        )
        if text
    ]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _label(ranking: Ranking, sample: str) -> str:
    i = ranking.values.samples.index(sample)
    heat = ranking.values.temperature_degC[i]
    return sample if np.isnan(heat) else f"{sample} ({heat:g} °C)"


def _basis(ranking: Ranking, config: Mapping[str, Any]) -> str:
    ranked = ranking.ranked
    groups = [
        f"{g} [{', '.join(c.label for c in ranked.criteria if c.group == g)}]"
        for g in ranked.groups
    ]
    text = (
        f"{_count(len(ranked.samples), 'coated sample')} could be ranked, by "
        f"{len(groups)} {'property' if len(groups) == 1 else 'properties, each counting once'}: "
        f"{'; '.join(groups)}."
    )
    return " ".join(filter(None, (text, _dropped(ranking, config))))


def _dropped(ranking: Ranking, config: Mapping[str, Any]) -> str:
    """Return which criteria do not count in this study, and why."""
    if not ranking.dropped:
        return ""
    labels = {c.name: c.label for c in read_criteria(config["criteria"])}
    gone = "; ".join(f"{labels[name]} ({why})" for name, why in ranking.dropped.items())
    return f"Not counted: {gone}."


def _verdict(ranking: Ranking, config: Mapping[str, Any]) -> str:
    if len(ranking.ranked.samples) == 1:
        return f"Only {ranking.ranked.samples[0]} has all criteria, so there is nothing to compare it with."
    front = [r for r in ranking.rows if r.get("pareto")]
    inside = [r for r in ranking.rows if r.get("best_set")]
    chance, total = _chance(front), _chance(inside)
    first = max(ranking.rows, key=lambda r: r.get("probability_best") or 0.0)
    names = [_label(ranking, r["sample"]) for r in front]
    parts = [
        f"Before any weighting, {_listed(names)} {'remains' if len(front) == 1 else 'remain'} (Pareto front): "
        "for every other ranked sample there is one at least as good in each property and better in one. The "
        f"best sample is {'this one' if len(front) == 1 else 'among these' + _span(front)} with a probability of "
        f"{_p(chance)}, over the uncertainty of all values and over all weights of the properties."
    ]
    if len(inside) == 1:
        parts.append(
            f"The best single sample is {_label(ranking, first['sample'])}, with {_p(total)}."
        )
    else:
        best = [_label(ranking, r["sample"]) for r in inside]
        parts.append(
            f"A single best one cannot be named: the most probable, {_label(ranking, first['sample'])}, has "
            f"{_p(first['probability_best'])}, less than the {_p(config['confidence'])} asked for; "
            f"{_listed(best)} together have {_p(total)}."
        )
    return " ".join(parts)


def _chance(rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(r["probability_best"] for r in rows))


def _span(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the range of annealing temperatures in brackets, where all are known."""
    heat = [r["annealing_temperature_degC"] for r in rows]
    return "" if np.isnan(heat).any() else f" ({min(heat):g} to {max(heat):g} °C)"


def _p(probability: float) -> str:
    if probability > 0.995:
        return "more than 99 %"
    if probability < 0.005:
        return "less than 1 %"
    return f"{100 * probability:.0f} %"


def _reference(ranking: Ranking) -> str:
    known = [r for r in ranking.rows if r.get("probability_better_than_reference") is not None]
    if not known:
        return "" if ranking.reference else "There is no uncoated reference to compare with."
    better = [r["sample"] for r in known if r["probability_better_than_reference"] >= 0.975]
    worse = [r["sample"] for r in known if r["probability_better_than_reference"] <= 0.025]
    open_ = [r["sample"] for r in known if r["sample"] not in {*better, *worse}]
    parts = []
    if better:
        parts.append(
            f"better than {ranking.reference} with at least 97.5 % probability: {_listed(better)}"
        )
    if worse:
        parts.append(f"worse: {_listed(worse)}")
    if open_:
        parts.append(f"not decided: {_listed(open_)}")
    return "All properties together, " + "; ".join(parts) + "."


def _optimum(ranking: Ranking, optimum: Optimum) -> str:
    found = optimum.row(OVERALL)
    if found is None:
        return f"The optimum annealing temperature is not estimated: {optimum.reason}."
    text = (
        f"As a continuous quantity the optimum annealing temperature is {found['optimum_degC']:.0f} °C "
        f"(95 % interval {found['optimum_degC_ci_low']:.0f} to {found['optimum_degC_ci_high']:.0f} °C)."
    )
    if found["note"]:
        text += f" It lies {found['note']}."
    labels = {c.name: c.label for c in ranking.ranked.criteria}
    single = [
        f"{labels[r['response']]} {r['optimum_degC_ci_low']:.0f} to {r['optimum_degC_ci_high']:.0f}"
        for r in optimum.optimum
        if r["kind"] == "criterion"
    ]
    text += f" The single criteria put it at (95 %, °C): {'; '.join(single)}."
    if optimum.left_out:
        text += f" Annealed in another way and left out here: {_listed(list(optimum.left_out))}."
    return text


def _next(optimum: Optimum) -> str:
    found = optimum.row(OVERALL)
    if found is None:
        return ""
    now = next(r["spread_now_degC"] for r in optimum.next)
    heat, after = found["next_temperature_degC"], found["spread_after_next_degC"]
    at = next(r for r in optimum.next if r["temperature_degC"] == heat)
    kind = "Another sample at the same temperature" if at["measured"] else "A new sample"
    if after > 0.9 * now:
        return (
            f"No single further sample narrows this interval by much: the best place for one, {heat:.0f} °C, "
            f"is expected to bring its standard uncertainty from {now:.0f} to {after:.0f} °C. What is left "
            "comes from the scatter between cells and from how the properties are weighed."
        )
    return (
        f"{kind}, {heat:.0f} °C, with all criteria measured, is expected to narrow it most: its standard "
        f"uncertainty would fall from {now:.0f} to about {after:.0f} °C."
    )


def _limits(ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]]) -> str:
    ranked = ranking.ranked
    if len(ranked.samples) < 2:
        return ""
    parts = []
    leader = {r["sample"] for r in ranking.rows if r.get("rank") == 1}
    for kind, lead in (
        ("leave one out", "Leaving out one criterion"),
        ("weights", "Another weighting"),
        ("method", "Another way to combine the criteria"),
    ):
        changed = _changes(sensitivity, kind, leader)
        known = {r["weighting"] for r in sensitivity if r["kind"] == kind}
        if changed:
            parts.append(f"{lead} changes the first place: {'; '.join(changed)}.")
        elif known:
            parts.append(f"{lead} does not change the first place.")
    agreement = kendall_w(group_utilities(ranked))
    if agreement is not None:
        word = "well" if agreement >= 0.7 else "partly" if agreement >= 0.4 else "hardly"
        parts.append(f"The properties agree {word} on the order (Kendall's W {agreement:.2f}).")
    if alike := _like_the_first(ranking):
        first = ranking.ranked.samples[0]
        parts.append(f"Not told apart from {first} at the stated weights (95 %): {_listed(alike)}.")
    return " ".join(parts)


def _changes(sensitivity: Sequence[Mapping[str, Any]], kind: str, leader: set[str]) -> list[str]:
    changed = []
    for name in dict.fromkeys(r["weighting"] for r in sensitivity if r["kind"] == kind):
        first = [r["sample"] for r in sensitivity if r["weighting"] == name and r["rank"] == 1]
        if set(first) != leader:
            changed.append(f"{name}: {_listed(first)}")
    return changed


def _like_the_first(ranking: Ranking) -> list[str]:
    """Return the samples whose score differs from the first one's by less than the joint uncertainty."""
    rows = [r for r in ranking.rows if r.get("rank") is not None]
    first = rows[0]
    found = []
    for row in rows[1:]:
        sd = [(r["score_ci_high"] - r["score_ci_low"]) / (2 * NORMAL_95) for r in (first, row)]
        if first["score"] - row["score"] <= NORMAL_95 * float(np.hypot(*sd)):
            found.append(row["sample"])
    return found


def _scatter(ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]]) -> str:
    assumed = [c for c in ranking.ranked.criteria if c.replicate_sd > 0]
    if not assumed or len(ranking.ranked.samples) < 2:
        return ""
    values = "; ".join(
        f"{c.label} {c.replicate_sd:g}{'' if c.unit == '1' else ' ' + c.unit}" for c in assumed
    )
    first = max(ranking.rows, key=lambda r: r.get("probability_best") or 0.0)["sample"]
    other = [
        f"{r['probability_best']:.2f} ({r['weighting'].rpartition(' ')[2]} x)"
        for r in sensitivity
        if r["kind"] == "prior scatter" and r["sample"] == first
    ]
    return (
        "The scatter between replicates is an assumption where there are too few to measure it "
        f"({values}); with other factors on it the probability of {first} being best is "
        f"{', '.join(other)}."
    )


def _unranked(ranking: Ranking) -> str:
    rows = [r for r in ranking.rows if r.get("rank") is None]
    return "; ".join(f"{r['sample']}: {r['note']}" for r in rows) + "." if rows else ""
