"""The ranking in words: the answer first, then why, what is not certain, and what to do next.

Facts are gathered here, the words stand in data/statement.txt.j2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np

from .advice import CONFIRM, EXTEND, LITTLE
from .criteria import Criterion, read_criteria
from .limits import agreement, front, limits, scatter
from .optimum import UNDECIDED, Optimum
from .rank import Ranking, group_utilities
from .surfaces import OVERALL, TOO_FEW
from .words import (
    MOST_NAMES,
    chances,
    factor_of,
    in_order,
    labels_of,
    listed,
    named,
    percent,
    setting_text,
    short,
    tied_first,
    with_sd,
)

if TYPE_CHECKING:
    from ..config_types import CriterionConfig

REST = 0.05  # probability of all samples that are not named, from which on it is said
SURELY_WORSE = 0.025  # probability of being better than the reference
LARGE = 0.1  # share of variance that is worth a sentence


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
    criteria: Mapping[str, CriterionConfig],
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
        notes = _optimum_notes(ranking, optimum)
        facts |= {
            "best": _best(ranking),
            "all_worse": _all_worse(ranking),
            "optimum": _optimum(ranking, optimum),
            "optimum_notes": notes,
            "no_optimum": optimum.reason,
            "why": _why(ranking),
            "reference": _reference(ranking),
            "effects": _effects(ranking, effects),
            "limits": limits(ranking, optimum, effects, sensitivity),
            "next": _next(ranking, optimum, advice),
            "conflicts": _conflicts(ranking, consistency),
            "n_ranked": f"{len(ranked.samples)} coated sample{'s were' if len(ranked.samples) > 1 else ' was'} ranked",
            "groups": [
                f"{g} [{listed([c.label for c in ranked.criteria if c.group == g])}]"
                for g in ranked.groups
            ],
            "zero": _zero(ranking),
            "front": front(ranking),
            "agreement": agreement(ranking),
            "scatter": scatter(ranking, sensitivity),
        }
    text = _template().render(facts)
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def _best(ranking: Ranking) -> dict[str, Any]:
    rows = in_order(ranking)
    every = chances(ranking)
    label = next(iter(every))
    tied = tied_first(ranking)
    remain = labels_of(ranking, [r["sample"] for r in rows if r.get("best_set")])
    others = [name for name in remain if name not in tied]
    shown = {name: percent(p) for name, p in tied.items()}
    all_alike = len(set(shown.values())) == 1
    rest = sum(p for name, p in every.items() if name not in tied and name not in others)
    return {
        "label": label,
        "chance": percent(every[label]),
        "tied": [n if all_alike else f"{n} ({p})" for n, p in shown.items()]
        if len(tied) > 1
        else [],
        "all_alike": all_alike,
        "others": others,
        "others_chance": percent(sum(every[name] for name in others)) if others else "",
        "rest_chance": percent(rest) if rest >= REST else "",
        "only_one": sum(s in ranking.values.samples for s in ranking.settings) == 1,
    }


def _all_worse(ranking: Ranking) -> str:
    """Return the label of the reference where every ranked sample is worse: the best of them is no success."""
    known = [r.get("probability_better_than_reference") for r in in_order(ranking)]
    if not ranking.reference or any(chance is None or chance > SURELY_WORSE for chance in known):
        return ""
    return ranking.label(ranking.reference)


def _optimum(ranking: Ranking, optimum: Optimum) -> list[str]:
    found = []
    for row in optimum.rows(OVERALL):
        factor = factor_of(ranking, row["factor"])
        if not factor.continuous:
            found.append(f"{factor.label} {row['optimum']} ({percent(row['probability'])})")
            continue
        low, best, high = factor.numbers(
            row["optimum_ci_low"], row["optimum"], row["optimum_ci_high"]
        )
        found.append(f"{factor.label} {best} {factor.unit}".rstrip() + f" (95 %: {low} to {high})")
    return found


def _optimum_notes(ranking: Ranking, optimum: Optimum) -> list[str]:
    """Say of which factor an optimum lies at an end, and of which nothing is known but the range that was tested."""
    rows = [r for r in optimum.rows(OVERALL) if "optimum_ci_low" in r]
    ends = [(r, r["note"]) for r in rows if r["note"].startswith("at the ")]
    alone = len(optimum.rows(OVERALL)) == 1
    found = []
    for row, note in ends:
        which = "It" if alone else f"That of {factor_of(ranking, row['factor']).label}"
        found.append(f"{which} lies {note}.")
    open_ones = [factor_of(ranking, r["factor"]).label for r in rows if r["note"] == UNDECIDED]
    if open_ones:
        found.append(f"The data do not narrow the range of {listed(open_ones)}.")
    return found


def _why(ranking: Ranking) -> str:
    """Say in which properties the best one leads, and where another does, by more than matters."""
    ranked = ranking.ranked
    if len(ranked.samples) < 2:
        return ""
    first = ranked.samples.index(in_order(ranking)[0]["sample"])
    utilities = group_utilities(ranked, ranking.ruler)
    leads, shares, behind = [], [], []
    for g, group in enumerate(ranked.groups):
        names = listed([c.label for c in ranked.criteria if c.group == group])
        gap = utilities[:, g].max() - utilities[first, g]
        ahead = utilities[first, g] - np.delete(utilities[:, g], first).max()
        if ahead > 1:
            leads.append(names)
        elif gap <= 1:
            shares.append(names)
        else:
            other = ranking.label(ranked.samples[int(np.argmax(utilities[:, g]))])
            behind.append(f"{names} ({other} is ahead by {short(gap)} smallest differences)")
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
    *others, last = parts
    return f"{label} {', '.join(others) + ', and ' if others else ''}{last}."


def _reference(ranking: Ranking) -> str:
    known = [r for r in ranking.rows if r.get("probability_better_than_reference") is not None]
    lacking = [c for c in _lacking(ranking, ranking.reference) if not c.coating_only]
    if ranking.reference and lacking and not known:
        names = listed([_with_reason(ranking, ranking.reference, c) for c in lacking])
        return f"Nothing tells whether coating helps: {ranking.label(ranking.reference)} lacks {names}."
    aside = [c.label for c in ranking.ranked.criteria if c.coating_only]
    if not known or not ranking.reference:
        if ranking.reference and aside and len(aside) == len(ranking.ranked.criteria):
            return (
                f"Nothing tells whether coating helps: {listed(aside)} only describes the coating."
            )
        return "" if ranking.reference else "There is no uncoated reference to compare with."
    groups: dict[str, list[str]] = {"better": [], "worse": [], "not decided": []}
    for row in known:
        chance = row["probability_better_than_reference"]
        kind = (
            "better"
            if chance >= 1 - SURELY_WORSE
            else "worse"
            if chance <= SURELY_WORSE
            else "not decided"
        )
        groups[kind].append(row["sample"])
    parts = [f"{kind}: {named(ranking, samples)}" for kind, samples in groups.items() if samples]
    note = (
        f" ({listed(aside)} {'describes' if len(aside) == 1 else 'describe'} the coating alone and {'does' if len(aside) == 1 else 'do'} not count here)"
        if aside
        else ""
    )
    return f"Against {ranking.label(ranking.reference)}, with at least 97.5 % probability{note}: {'; '.join(parts)}."


def _lacking(ranking: Ranking, sample: str | None) -> list[Criterion]:
    """Return the criteria of which a sample has no usable value."""
    if sample not in ranking.values.samples:
        return []
    gaps = np.isnan(ranking.values.value[ranking.values.samples.index(sample)])
    return [c for c, gap in zip(ranking.values.criteria, gaps, strict=True) if gap]


def _with_reason(ranking: Ranking, sample: str, criterion: Criterion) -> str:
    judged = ranking.values.judged.get((sample, criterion.name))
    return criterion.label + (f" (unusable: {judged.note})" if judged is not None else "")


def _zero(ranking: Ranking) -> str:
    """Return what the scores are counted from."""
    if not ranking.reference:
        return "the lowest value"
    label = ranking.label(ranking.reference)
    lacking = _lacking(ranking, ranking.reference)
    if len(lacking) == len(ranking.values.criteria):
        return f"the lowest value, since {label} has none"
    return label + (", where it has no value from the lowest," if lacking else "")


def _to_complete(ranking: Ranking) -> str:
    """Say which samples would be ranked after one or two further measurements."""
    words = []
    for row in ranking.rows:
        lacking = _lacking(ranking, row["sample"])
        if row["sample"] in ranking.settings and 0 < 2 * len(lacking) <= len(
            ranking.values.criteria
        ):
            words.append(f"{ranking.label(row['sample'])} ({listed([c.label for c in lacking])})")
    if not words:
        return ""
    if len(words) > MOST_NAMES:
        return f" {len(words)} samples lack few properties: measured, they could be ranked."
    return f" Measure what {'; '.join(words)} lack{'s' if len(words) == 1 else ''}, so that {'it' if len(words) == 1 else 'they'} can be ranked."


def _effects(ranking: Ranking, effects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what decides the score: main effects and interactions with a share worth a sentence."""
    found = []
    for row in sorted(
        (r for r in effects if r["criterion"] == "overall" and r["share_of_variance"] is not None),
        key=lambda r: -r["share_of_variance"],
    ):
        if row["share_of_variance"] < LARGE or len(ranking.factors) < 2:
            continue
        names = [factor_of(ranking, n).label for n in row["term"].split(" x ")]
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


def _next(ranking: Ranking, optimum: Optimum, advice: Sequence[Mapping[str, Any]]) -> str:
    if not advice:
        if optimum.reason.startswith(TOO_FEW):
            names = listed([f.label for f in ranking.factors])
            text = f"make samples at further settings of {names}, so that an optimum can be estimated and settings be advised."
            return text + _to_complete(ranking)
        if not optimum.optimum:
            return _to_complete(ranking).strip()
        return (
            "the config leaves no setting to measure: look at low, high, step and levels of "
            f"{listed([f.label for f in ranking.factors])}."
        )
    words = []
    for row in advice:
        setting = setting_text(ranking.factors, [row[f.name] for f in ranking.factors])
        kind = {CONFIRM: " (once more)", EXTEND: " (beyond what was tested)"}.get(
            row["purpose"], ""
        )
        words.append(f"{setting}{kind}")
    gain = sum(r["expected_gain"] for r in advice)
    text = f"measure all properties at {'; '.join(words)}. "
    if gain < LITTLE:
        text += "Little is to be gained: no further sample is expected to raise the best score by a tenth of a smallest difference that matters."
    else:
        text += f"Together they are expected to raise the best score by {short(gain)} smallest differences that matter."
    stuck = [n for n, side in optimum.edges().items() if not _goes_beyond(ranking, n, side)]
    if stuck:
        names = listed([factor_of(ranking, n).label for n in sorted(stuck)])
        text += f" The optimum lies at an end of the tested range, and the config allows nothing beyond it: widen low or high of {names} if it can be made."
    return text + _to_complete(ranking)


def _goes_beyond(ranking: Ranking, name: str, side: int) -> bool:
    """Tell whether the config allows settings of a factor beyond that end of the tested range."""
    factor = factor_of(ranking, name)
    place = ranking.factors.index(factor)
    tested = [float(v) for row in ranking.settings.values() if (v := row[place]) is not None]
    end = max(v * side for v in tested)
    return any(float(v) * side > end + 1e-9 for v in factor.allowed(tested))


def _conflicts(ranking: Ranking, consistency: Sequence[Mapping[str, Any]]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in consistency:
        if row["agrees"] is False:
            found.setdefault((row["quantity"], row["sample"]), []).append(
                f"{row['technique']} {with_sd(row['value'], row['value_sd'])}"
            )
    return [
        f"{_quantity(quantity)} of {ranking.label(sample)}: {', '.join(values)}"
        for (quantity, sample), values in found.items()
    ]


def _quantity(name: str) -> str:
    words = name.split("_")
    unit = words.pop() if words[-1] in ("nm", "um", "percent", "eV", "V") else ""
    return " ".join(words) + (f" in {unit}" if unit else "")


def _dropped(ranking: Ranking, criteria: Mapping[str, CriterionConfig]) -> list[str]:
    """Return which criteria do not count in this study, and why, those with the same reason together."""
    labels = {c.name: c.label for c in read_criteria(criteria)}
    reasons: dict[str, list[str]] = {}
    for name, why in ranking.dropped.items():
        reasons.setdefault(why, []).append(labels[name])
    return [f"{listed(names)} ({why})" for why, names in reasons.items()]


def _unranked(ranking: Ranking) -> list[str]:
    found = []
    for row in (r for r in ranking.rows if r.get("rank") is None):
        sample, note = row["sample"], row["note"]
        lacking = _lacking(ranking, sample)
        if sample in ranking.settings and 0 < len(lacking) < len(ranking.values.criteria):
            note = (
                f"not ranked: lacks {listed([_with_reason(ranking, sample, c) for c in lacking])}"
            )
        found.append(f"{ranking.label(sample)}: {note}")
    return found
