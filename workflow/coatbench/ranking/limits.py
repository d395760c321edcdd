"""What is not certain, in sentences, and what the order hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..quality import OK
from .determined import LEAST
from .optimum import Optimum
from .rank import Ranking, group_utilities
from .score import kendall_w
from .words import MOST_NAMES, chance_of, factor_of, in_order, labels_of, listed, named, tied_first

FEW = 3  # doubtful samples whose reasons are repeated


def limits(
    ranking: Ranking,
    optimum: Optimum,
    effects: Sequence[Mapping[str, Any]],
    sensitivity: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return what stands in the way of a plain answer: samples that remain, other choices, doubt, confounding."""
    parts = []
    rows = in_order(ranking)
    first = ranking.label(rows[0]["sample"])
    inside = [r["sample"] for r in rows if r.get("best_set")]
    remain = labels_of(ranking, inside)
    tied = len(tied_first(ranking)) > 1
    if len(remain) > 1 and not tied:  # else the first sentence says that none is best
        parts.append(f"that {first} alone is best: {named(ranking, inside)} remain.")
    stated = [r["sample"] for r in ranking.rows if r.get("rank") == 1]
    if len(rows) > 1 and first not in labels_of(ranking, stated):
        parts.append(
            f"At the stated weights {listed(labels_of(ranking, stated))} has the highest score."
        )
    for kind, lead in (
        ("leave one out", "Leaving out one criterion"),
        ("weights", "Another weighting"),
        ("method", "Another way to combine the criteria"),
    ):
        changed = _changes(ranking, sensitivity, kind, set(stated))
        if changed and len(rows) > 1:
            parts.append(f"{lead} changes the highest score: {'; '.join(changed)}.")
    doubtful = [r for r in ranking.rows if r.get("rank") is not None and r["quality"] != OK]
    if doubtful:
        parts.append(f"Doubtful values count: {_doubts(ranking, doubtful)}.")
    labels = {c.name: c.label for c in ranking.ranked.criteria}
    apart = _apart(ranking, optimum, labels)
    if apart:
        parts.append(apart)
    confused = {
        tuple(sorted([r["term"], *r["confounded_with"].split("; ")]))
        for r in effects
        if r["criterion"] == "overall" and r["confounded_with"] and " x " not in r["term"]
    }
    for terms in sorted(confused):
        names = [" x ".join(factor_of(ranking, n).label for n in t.split(" x ")) for t in terms]
        parts.append(f"{listed(names)} changed together, so their effects cannot be told apart.")
    unknown = _unknown_together(ranking, effects)
    if unknown:
        parts.append(unknown)
    if optimum.left_out:
        log = any(f.scale == "log" for f in ranking.factors)
        zero = ", or one is 0, which has no place on a log scale" if log else ""
        parts.append(
            f"Not all settings are known of {listed(labels_of(ranking, optimum.left_out))}{zero}: left out of the optimum."
        )
    return parts


def _unknown_together(ranking: Ranking, effects: Sequence[Mapping[str, Any]]) -> str:
    """Say of which pairs of factors the design does not determine what they do together."""
    pairs = [r for r in effects if r["criterion"] == "overall" and " x " in r["term"]]
    unknown = [r["term"].split(" x ") for r in pairs if r["determined"] < LEAST]
    if not unknown:
        return ""
    names = "; ".join(" and ".join(factor_of(ranking, n).label for n in pair) for pair in unknown)
    if len(unknown) > MOST_NAMES:
        names = f"{len(unknown)} of {len(pairs)} pairs"
    return f"What two factors do together stays open where too few samples vary both: {names}."


def _doubts(ranking: Ranking, rows: Sequence[Mapping[str, Any]]) -> str:
    """Name doubtful samples, with the reasons while they are few."""
    if len(rows) <= FEW:
        return "; ".join(f"{ranking.label(r['sample'])} ({r['quality_note']})" for r in rows)
    names = named(ranking, [r["sample"] for r in rows])
    return f"those of {names}, for reasons that stand in the table `ranking`"


def _apart(ranking: Ranking, optimum: Optimum, labels: Mapping[str, str]) -> str:
    """Say where criteria put the optimum of a factor at places that exclude each other."""
    for factor in ranking.factors:
        rows = [
            r
            for r in optimum.optimum
            if r["factor"] == factor.name and r["response"] in labels and factor.continuous
        ]
        for a in rows:
            for b in rows:
                if a["optimum_ci_high"] < b["optimum_ci_low"]:
                    most, least = factor.numbers(a["optimum_ci_high"], b["optimum_ci_low"])
                    return (
                        f"One {factor.label} that is best in all: {labels[a['response']]} asks for at most "
                        f"{most} {factor.unit}, {labels[b['response']]} for at least {least} {factor.unit}."
                    )
    return ""


def _changes(
    ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]], kind: str, leader: set[str]
) -> list[str]:
    changed = []
    called = {f"without {c.name}": f"without {c.label}" for c in ranking.ranked.criteria}
    called["topsis"] = "TOPSIS"
    for name in dict.fromkeys(r["weighting"] for r in sensitivity if r["kind"] == kind):
        first = [r["sample"] for r in sensitivity if r["weighting"] == name and r["rank"] == 1]
        if set(labels_of(ranking, first)) != set(labels_of(ranking, sorted(leader))):
            changed.append(f"{called.get(name, name)}: {listed(labels_of(ranking, first))}")
    return changed


def front(ranking: Ranking) -> str:
    """Say who stands on the Pareto front."""
    inside = [r for r in ranking.rows if r.get("pareto")]
    if len(ranking.ranked.samples) < 2:
        return ""
    samples = [r["sample"] for r in inside]
    if len(samples) == len(ranking.ranked.samples):
        return (
            "Before any weighting all of them stand on the Pareto front: none is behind another in a property by more "
            "than matters without being ahead of it in one."
        )
    names = named(ranking, samples)
    verb = "stands" if len(labels_of(ranking, samples)) == 1 else "stand"
    return (
        f"Before any weighting {names} {verb} on the Pareto front: every other sample is behind one that is ahead "
        "in a property by more than matters and behind in none by more than matters."
    )


def agreement(ranking: Ranking) -> str:
    """Say how well the properties agree on the order."""
    found = kendall_w(group_utilities(ranking.ranked, ranking.ruler))
    if found is None:
        return ""
    word = "agree well" if found >= 0.7 else "partly agree" if found >= 0.4 else "hardly agree"
    return f"The properties {word} on the order (Kendall's W {found:.2f})."


def scatter(ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]]) -> str:
    """Say what is assumed of the scatter between replicates, and what hangs on it."""
    assumed = [c for c in ranking.ranked.criteria if c.replicate_sd > 0]
    if not assumed or len(ranking.ranked.samples) < 2:
        return ""
    values = "; ".join(
        f"{c.label} {c.replicate_sd:g}{'' if c.unit == '1' else ' ' + c.unit}" for c in assumed
    )
    first = ranking.label(in_order(ranking)[0]["sample"])
    mine = [
        r
        for r in sensitivity
        if r["kind"] == "prior scatter" and ranking.label(r["sample"]) == first
    ]
    other = [
        f"{chance_of([r for r in mine if r['weighting'] == name]):.2f} ({name.rpartition(' ')[2]} x)"
        for name in dict.fromkeys(r["weighting"] for r in mine)
    ]
    return (
        f"The scatter between replicates is assumed where too few measure it ({values}); with other factors on it "
        f"the probability of {first} being best is {', '.join(other)}."
    )
