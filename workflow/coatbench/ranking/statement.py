"""The ranking in words: the answer first, then why, what the data do not support, and what to do next.

Facts are gathered here, the words stand in data/statement.txt.j2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from ..factors import Factor
from ..quality import OK
from .advice import CONFIRM, EXTEND, LITTLE
from .criteria import read_criteria
from .optimum import Optimum
from .rank import Ranking, group_utilities
from .score import kendall_w
from .surfaces import OVERALL

MOST_NAMES = 8
TIED = 0.005  # probabilities closer than this are told apart by the draws alone
LARGE = 0.1  # share of variance that is worth a sentence


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
                "value": _chance(inside),
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
        signs = np.array([c.sign for c in ranked.criteria])
        for name, table in (
            ("criteria", ranked.value * signs),
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


@cache
def _template() -> jinja2.Template:
    text = (Path(__file__).parent / "data" / "statement.txt.j2").read_text(encoding="utf-8")
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(text)


def statement(
    ranking: Ranking,
    optimum: Optimum,
    effects: Sequence[Mapping[str, Any]],
    advice: Sequence[Mapping[str, Any]],
    sensitivity: Sequence[Mapping[str, Any]],
    consistency: Sequence[Mapping[str, Any]],
    criteria: Mapping[str, Any],
) -> list[str]:
    """Return the ranking in plain sentences, one paragraph an item.

    Parameters
    ----------
    ranking, optimum : what was found
    effects, advice, sensitivity, consistency : rows of those tables
    criteria : of the section `ranking`
    """
    ranked = ranking.ranked
    facts: dict[str, Any] = {
        "ranked": ranked.samples,
        "coated": bool(ranking.settings),
        "dropped": _dropped(ranking, criteria),
        "unranked": _unranked(ranking),
    }
    if ranked.samples:
        notes = [
            f"It lies {r['note']}."
            for r in optimum.rows(OVERALL)
            if r["note"].startswith("at the ")
        ]
        facts |= {
            "best": _best(ranking),
            "optimum": _optimum(ranking, optimum),
            "optimum_notes": notes,
            "no_optimum": optimum.reason,
            "why": _why(ranking),
            "reference": _reference(ranking),
            "effects": _effects(ranking, effects),
            "limits": _limits(ranking, optimum, effects, sensitivity),
            "next": _next(ranking, optimum, advice),
            "conflicts": _conflicts(ranking, consistency),
            "n_ranked": f"{len(ranked.samples)} coated sample{'s were' if len(ranked.samples) > 1 else ' was'} ranked",
            "groups": [
                f"{g} [{', '.join(c.label for c in ranked.criteria if c.group == g)}]"
                for g in ranked.groups
            ],
            "zero": ranking.label(ranking.reference) if ranking.reference else "the lowest value",
            "front": _front(ranking),
            "agreement": _agreement(ranking),
            "scatter": _scatter(ranking, sensitivity),
        }
    text = _template().render(facts)
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _labels(ranking: Ranking, samples: Sequence[str]) -> list[str]:
    """Return labels, each once: samples that were made alike share one."""
    return list(dict.fromkeys(ranking.label(s) for s in samples))


def _named(names: Sequence[str]) -> str:
    """Return names, or how many, where nobody would read them all."""
    return _listed(names) if len(names) <= MOST_NAMES else f"{len(names)} samples"


def _chance(rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(r["probability_best"] for r in rows))


def percent(probability: float) -> str:
    """Return a probability as a reader writes it."""
    if probability > 0.995:
        return "more than 99 %"
    if probability < 0.005:
        return "less than 1 %"
    return f"{100 * probability:.0f} %"


def _in_order(ranking: Ranking) -> list[dict[str, Any]]:
    rows = [r for r in ranking.rows if r.get("rank") is not None]
    return sorted(rows, key=lambda r: -r["probability_best"])


def _best(ranking: Ranking) -> dict[str, Any]:
    rows = _in_order(ranking)
    label = ranking.label(rows[0]["sample"])
    chance = rows[0]["probability_best"]
    tied = [r["sample"] for r in rows if chance - r["probability_best"] <= TIED]
    # Samples that were made alike and share a label are one answer.
    alike = [r for r in rows if ranking.label(r["sample"]) == label]
    others = [r for r in rows if r.get("best_set") and r not in alike]
    return {
        "label": label,
        "chance": percent(_chance(alike)),
        "tied": names if len(names := _labels(ranking, tied)) > 1 else [],
        "others": _labels(ranking, [r["sample"] for r in others]),
        "others_chance": percent(_chance(others)) if others else "",
    }


def _of(ranking: Ranking, name: str) -> Factor:
    return next(f for f in ranking.factors if f.name == name)


def _optimum(ranking: Ranking, optimum: Optimum) -> list[str]:
    found = []
    for row in optimum.rows(OVERALL):
        factor = _of(ranking, row["factor"])
        if not factor.continuous:
            found.append(f"{factor.label} {row['optimum']} ({percent(row['probability'])})")
            continue
        low, high = row["optimum_ci_low"], row["optimum_ci_high"]
        digits = _digits(high - low)
        found.append(
            f"{factor.label} {_number(row['optimum'], digits)} {factor.unit}".rstrip()
            + f" (95 %: {_number(low, digits)} to {_number(high, digits)})"
        )
    return found


def _digits(width: float) -> int:
    return 0 if width <= 0 else int(np.clip(1 - np.floor(np.log10(width)), 0, 6))


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}"


def _why(ranking: Ranking) -> str:
    """Say in which properties the best one leads, and where another does, by more than matters."""
    ranked = ranking.ranked
    if len(ranked.samples) < 2:
        return ""
    first = ranked.samples.index(_in_order(ranking)[0]["sample"])
    utilities = group_utilities(ranked, ranking.ruler)
    leads, shares, behind = [], [], []
    for g, group in enumerate(ranked.groups):
        names = ", ".join(c.label for c in ranked.criteria if c.group == group)
        gap = utilities[:, g].max() - utilities[first, g]
        ahead = utilities[first, g] - np.delete(utilities[:, g], first).max()
        if ahead > 1:
            leads.append(names)
        elif gap <= 1:
            shares.append(names)
        else:
            other = ranking.label(ranked.samples[int(np.argmax(utilities[:, g]))])
            behind.append(f"{names} ({other} is ahead by {gap:.1f} smallest differences)")
    label = ranking.label(ranked.samples[first])
    if not leads and not behind:
        return f"in no property is another sample ahead of {label} by a difference that matters."
    parts = []
    if leads:
        parts.append(f"leads in {'; '.join(leads)}")
    if shares:
        parts.append(f"shares the first place in {'; '.join(shares)}")
    if behind:
        parts.append(f"is behind in {'; '.join(behind)}")
    return f"{label} {', '.join(parts)}."


def _reference(ranking: Ranking) -> str:
    known = [r for r in ranking.rows if r.get("probability_better_than_reference") is not None]
    aside = [c.label for c in ranking.ranked.criteria if c.coating_only]
    if not known or not ranking.reference:
        if ranking.reference and aside and len(aside) == len(ranking.ranked.criteria):
            return (
                f"Nothing tells whether coating helps: {_listed(aside)} only describes the coating."
            )
        return "" if ranking.reference else "There is no uncoated reference to compare with."
    groups: dict[str, list[str]] = {"better": [], "worse": [], "not decided": []}
    for row in known:
        chance = row["probability_better_than_reference"]
        kind = "better" if chance >= 0.975 else "worse" if chance <= 0.025 else "not decided"
        groups[kind].append(ranking.label(row["sample"]))
    parts = [
        f"{kind}: {_named(list(dict.fromkeys(names)))}" for kind, names in groups.items() if names
    ]
    note = (
        f" ({_listed(aside)} {'describes' if len(aside) == 1 else 'describe'} the coating alone and {'does' if len(aside) == 1 else 'do'} not count here)"
        if aside
        else ""
    )
    return f"Against {ranking.label(ranking.reference)}, with at least 97.5 % probability{note}: {'; '.join(parts)}."


def _effects(ranking: Ranking, effects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what decides the score: main effects and interactions with a share worth a sentence."""
    found = []
    for row in sorted(
        (r for r in effects if r["criterion"] == "overall"), key=lambda r: -r["share_of_variance"]
    ):
        if row["share_of_variance"] < LARGE or len(ranking.factors) < 2:
            continue
        names = [_of(ranking, n).label for n in row["term"].split(" x ")]
        sure = row["effect_ci_low"] > 0 or row["effect_ci_high"] < 0
        share = f"{100 * row['share_of_variance']:.0f} % of the variance of the score"
        if len(names) == 2:
            found.append(f"{names[0]} and {names[1]} act together ({share})")
        elif sure:
            word = "raises" if row["effect"] > 0 else "lowers"
            found.append(f"{names[0]} {row['meaning']} {word} it ({share})")
        else:
            found.append(f"{names[0]} changes it without a clear direction ({share})")
    return found[:4]


def _limits(
    ranking: Ranking,
    optimum: Optimum,
    effects: Sequence[Mapping[str, Any]],
    sensitivity: Sequence[Mapping[str, Any]],
) -> list[str]:
    parts = []
    rows = _in_order(ranking)
    first = ranking.label(rows[0]["sample"])
    inside = [r["sample"] for r in rows if r.get("best_set")]
    remain = _labels(ranking, inside)
    if len(remain) > 1:
        parts.append(f"that {first} alone is best: {_named(remain)} remain.")
    stated = [r["sample"] for r in ranking.rows if r.get("rank") == 1]
    if len(rows) > 1 and first not in _labels(ranking, stated):
        parts.append(
            f"At the stated weights {_listed(_labels(ranking, stated))} has the highest score."
        )
    for kind, lead in (
        ("leave one out", "Leaving out one criterion"),
        ("weights", "Another weighting"),
        ("method", "Another way to combine the criteria"),
    ):
        changed = _changes(ranking, sensitivity, kind, set(stated))
        if changed and len(rows) > 1:
            parts.append(f"{lead} changes the highest score: {'; '.join(changed)}.")
    doubtful = [
        f"{ranking.label(r['sample'])} ({r['quality_note']})"
        for r in ranking.rows
        if r.get("rank") is not None and r["quality"] != OK
    ]
    if doubtful:
        parts.append(f"Doubtful values count: {'; '.join(doubtful)}.")
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
        names = [" x ".join(_of(ranking, n).label for n in t.split(" x ")) for t in terms]
        parts.append(f"{_listed(names)} changed together, so their effects cannot be told apart.")
    if optimum.left_out:
        parts.append(
            f"Not all settings are known of {_listed(_labels(ranking, optimum.left_out))}: left out of the optimum."
        )
    return parts


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
                    return (
                        f"One {factor.label} that is best in all: {labels[a['response']]} asks for at most "
                        f"{factor.text(a['optimum_ci_high'])}, {labels[b['response']]} for at least "
                        f"{factor.text(b['optimum_ci_low'])}."
                    )
    return ""


def _changes(
    ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]], kind: str, leader: set[str]
) -> list[str]:
    changed = []
    for name in dict.fromkeys(r["weighting"] for r in sensitivity if r["kind"] == kind):
        first = [r["sample"] for r in sensitivity if r["weighting"] == name and r["rank"] == 1]
        if set(_labels(ranking, first)) != set(_labels(ranking, sorted(leader))):
            changed.append(f"{name}: {_listed(_labels(ranking, first))}")
    return changed


def _next(ranking: Ranking, optimum: Optimum, advice: Sequence[Mapping[str, Any]]) -> str:
    if not advice:
        return ""
    words = []
    for row in advice:
        setting = ", ".join(f.text(row[f.name]) for f in ranking.factors)
        kind = {CONFIRM: " (once more)", EXTEND: " (beyond what was tested)"}.get(
            row["purpose"], ""
        )
        words.append(f"{setting}{kind}")
    gain = sum(r["expected_gain"] for r in advice)
    text = f"measure all properties at {'; '.join(words)}. "
    if gain < LITTLE:
        text += "Little is to be gained: no further sample is expected to raise the best score by a tenth of a smallest difference that matters."
    else:
        text += f"Together they are expected to raise the best score by {gain:.2g} smallest differences that matter."
    stuck = set(optimum.edges()) - {
        f.name for f in ranking.factors if any(r["purpose"] == EXTEND for r in advice)
    }
    if stuck:
        names = _listed([_of(ranking, n).label for n in sorted(stuck)])
        text += f" The optimum lies at an end of the tested range, and the config allows nothing beyond it: widen low or high of {names} if it can be made."
    return text


def _conflicts(ranking: Ranking, consistency: Sequence[Mapping[str, Any]]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in consistency:
        if row["agrees"] is False:
            sd = f" ± {row['value_sd']:.2g}" if row["value_sd"] is not None else ""
            found.setdefault((row["quantity"], row["sample"]), []).append(
                f"{row['technique']} {row['value']:.3g}{sd}"
            )
    return [
        f"{_quantity(quantity)} of {ranking.label(sample)}: {', '.join(values)}"
        for (quantity, sample), values in found.items()
    ]


def _quantity(name: str) -> str:
    words = name.split("_")
    unit = words.pop() if words[-1] in ("nm", "um", "percent", "eV", "V") else ""
    return " ".join(words) + (f" in {unit}" if unit else "")


def _front(ranking: Ranking) -> str:
    front = [r for r in ranking.rows if r.get("pareto")]
    if len(ranking.ranked.samples) < 2:
        return ""
    labels = _labels(ranking, [r["sample"] for r in front])
    names = _named(labels)
    verb = "stands" if len(labels) == 1 else "stand"
    return (
        f"Before any weighting {names} {verb} on the Pareto front: every other sample is behind one that is ahead "
        "in a property by more than matters and behind in none by more than matters."
    )


def _agreement(ranking: Ranking) -> str:
    agreement = kendall_w(group_utilities(ranking.ranked, ranking.ruler))
    if agreement is None:
        return ""
    word = "well" if agreement >= 0.7 else "partly" if agreement >= 0.4 else "hardly"
    return f"The properties agree {word} on the order (Kendall's W {agreement:.2f})."


def _scatter(ranking: Ranking, sensitivity: Sequence[Mapping[str, Any]]) -> str:
    assumed = [c for c in ranking.ranked.criteria if c.replicate_sd > 0]
    if not assumed or len(ranking.ranked.samples) < 2:
        return ""
    values = "; ".join(
        f"{c.label} {c.replicate_sd:g}{'' if c.unit == '1' else ' ' + c.unit}" for c in assumed
    )
    first = _in_order(ranking)[0]["sample"]
    other = [
        f"{r['probability_best']:.2f} ({r['weighting'].rpartition(' ')[2]} x)"
        for r in sensitivity
        if r["kind"] == "prior scatter" and r["sample"] == first
    ]
    return (
        f"The scatter between replicates is assumed where too few measure it ({values}); with other factors on it "
        f"the probability of {ranking.label(first)} being best is {', '.join(other)}."
    )


def _dropped(ranking: Ranking, criteria: Mapping[str, Any]) -> list[str]:
    """Return which criteria do not count in this study, and why, those with the same reason together."""
    labels = {c.name: c.label for c in read_criteria(criteria)}
    reasons: dict[str, list[str]] = {}
    for name, why in ranking.dropped.items():
        reasons.setdefault(why, []).append(labels[name])
    return [f"{_listed(names)} ({why})" for why, names in reasons.items()]


def _unranked(ranking: Ranking) -> list[str]:
    rows = [r for r in ranking.rows if r.get("rank") is None]
    return [f"{ranking.label(r['sample'])}: {r['note']}" for r in rows]
