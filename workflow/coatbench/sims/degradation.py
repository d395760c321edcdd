"""Relative degradation per group under every weighting, and how much the weighting decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quality import Quality, counted, doubtful, quality_of, unusable, worst
from .fragments import Fragment
from .groups import Draws, GroupValues, drawn_weights, group_values, resample
from .ratio import Ratio
from .regions import damped
from .weights import STANDARD, WEIGHTINGS, principal_components, weights

if TYPE_CHECKING:
    from ..config_types import SimsConfig

Row = dict[str, Any]
WIDEST = 25.0  # upper over lower end of an interval; wider ones say next to nothing


def degradation_tables(
    rows: Sequence[Row],
    reference: str | None,
    fragments: Sequence[Fragment],
    main_groups: Mapping[str, Sequence[str]],
    config: SimsConfig,
) -> dict[str, list[Row]]:
    """Return sims_degradation, sims_sensitivity, sims_weights and sims_scores.

    Fragments count that belong to a group of a main group and were seen in the reference. A sample that lacks some of
    them is compared by the others, with a note, and takes no part in the principal components. Regions that are not usable
    count nowhere; unlike ones are drawn towards the others of their sample. Without a usable reference there are weights and
    scores, and rows that say so.
    """
    empty: dict[str, list[Row]] = {
        "sims_degradation": [], "sims_sensitivity": [], "sims_weights": [], "sims_scores": [],
    }  # fmt: skip
    groups = _groups(fragments, main_groups)
    names = [f.name for f in fragments if f.group in groups]
    measured = list(dict.fromkeys(r["sample"] for r in rows))
    rows, judged = [r for r in rows if quality_of(r).usable], _judged(rows, groups)
    regions, ids = _matrices(rows, names)
    related = reference in regions
    lacking = "no reference" if reference not in measured else "no usable region of the reference"
    # Weights need no reference: without one they are of the fragments that all samples have.
    seen = [regions[str(reference)]] if related else list(regions.values())
    base = np.concatenate(seen).mean(axis=0) if seen else np.zeros(len(names))
    used = [i for i, v in enumerate(base) if np.isfinite(v) and v > 0]
    names = [names[i] for i in used]
    regions = {s: m[:, used] for s, m in regions.items()}
    counting = _counting(rows, names, regions)
    complete = [s for s, m in regions.items() if used and np.isfinite(m).all()]
    together = np.concatenate([regions[s] for s in complete] or [np.empty((0, len(used)))])
    drawn = _draws(regions, complete, str(reference), config)
    group_of = {f.name: f.group for f in fragments}
    for weighting in WEIGHTINGS:
        weight = weights(together, weighting) if complete else None
        drawn_weight = drawn_weights(drawn, weighting) if drawn is not None else None
        parts = (
            principal_components(together, weighting) if complete and weighting != "equal" else None
        )
        empty["sims_weights"] += _weight_rows(weighting, names, group_of, weight, parts)
        if parts is not None:
            empty["sims_scores"] += _score_rows(weighting, complete, ids, parts.scores)
        for group, members in groups.items():
            index = np.array([i for i, n in enumerate(names) if group_of[n] in members], dtype=int)
            row = {"group": group, "weighting": weighting}
            if not related or weight is None or not index.size:
                note = "no components" if index.size else "no such fragment in the reference"
                note = note if related else lacking
                empty["sims_degradation"] += [
                    {"sample": s, **row, "n_regions": len(regions.get(s, [])), "note": note}
                    | worst([judged[s, group], unusable(note)]).columns()
                    for s in measured
                ]
                continue
            found = group_values(
                regions, str(reference), index, weight, drawn, drawn_weight, counting
            )
            base_quality = of_reference(
                worst([judged[str(reference), group], *few_regions(len(regions[str(reference)]))])
            )
            empty["sims_degradation"] += [
                {"sample": s, **row, "n_regions": 0, "note": "no usable region"}
                | worst([judged[s, group], unusable("no usable region")]).columns()
                for s in measured
                if s not in regions
            ]
            empty["sims_degradation"] += [
                {
                    "sample": sample, **row, "relative_degradation": ratio.value,
                    "relative_degradation_ci_low": ratio.low, "relative_degradation_ci_high": ratio.high,
                    "n_regions": len(regions[sample]), "n_fragments": int(index.size), "note": ratio.note,
                    **_quality(judged[sample, group], base_quality, sample == reference, len(regions[sample]), ratio),
                }
                for sample, ratio in found.ratios.items()
            ]  # fmt: skip
            empty["sims_sensitivity"].append(row | _ranking(found, str(reference)))
    _compare_orders(empty["sims_sensitivity"], config["headline_weighting"])
    place = {s: i for i, s in enumerate(measured)}
    shown = {*STANDARD, config["headline_weighting"]}
    empty["sims_degradation"] = [r for r in empty["sims_degradation"] if r["weighting"] in shown]
    empty["sims_degradation"].sort(key=lambda r: place[r["sample"]])
    return empty


def _judged(rows: Sequence[Row], groups: Mapping[str, set[str]]) -> dict[tuple[str, str], Quality]:
    """Return the judgement of each sample and group: the worst of its regions' images that count.

    Where no image is of the group, that of the images without a fragment.
    """
    found = {}
    for sample in dict.fromkeys(r["sample"] for r in rows):
        own = [r for r in rows if r["sample"] == sample]
        for group, members in groups.items():
            images = [r for r in own if r["group"] in members]
            images = images or [r for r in own if not r["group"] and quality_of(r).notes]
            found[sample, group] = counted(images, "region")[1]
    return found


def _quality(
    own: Quality, base: Quality, is_reference: bool, n_regions: int, ratio: Ratio
) -> dict[str, str]:
    if ratio.value is None:
        return worst([own, unusable(ratio.note)]).columns()
    few = few_regions(n_regions)
    if ratio.low and ratio.high and ratio.high > WIDEST * ratio.low:
        span = f"{ratio.high / ratio.low:.0f}"
        few.append(doubtful(f"the interval spans a factor of {span}: too few counts or regions"))
    return worst([own, *([] if is_reference else [base]), *few]).columns()


def few_regions(n_regions: int) -> list[Quality]:
    """Return what there is to doubt about a mean over so many regions."""
    return [doubtful("one region")] if n_regions == 1 else []


def of_reference(quality: Quality) -> Quality:
    """Return a judgement of the reference as a reason about a ratio to it."""
    return Quality(quality.level, tuple(f"reference: {note}" for note in quality.notes))


def _counting(
    rows: Sequence[Row], names: Sequence[str], regions: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return {sample: (fragment,)} relative standard uncertainties of the means from counting alone."""
    column = {name: i for i, name in enumerate(names)}
    square = {s: np.zeros(len(names)) for s in regions}
    for row in rows:
        if row["fragment"] in column:
            square[row["sample"]][column[row["fragment"]]] += row["poisson_sd"] ** 2
    sums = {s: np.nansum(regions[s], axis=0) for s in square}
    return {
        s: np.divide(np.sqrt(q), sums[s], out=np.zeros_like(q), where=sums[s] > 0)
        for s, q in square.items()
    }


def _groups(
    fragments: Sequence[Fragment], main_groups: Mapping[str, Sequence[str]]
) -> dict[str, set[str]]:
    """Return {group or main group: groups of the table that it is made of}."""
    counted = {g for parts in main_groups.values() for g in parts}
    own = {f.group: {f.group} for f in fragments if f.group in counted}
    return own | {name: set(parts) for name, parts in main_groups.items()}


def _matrices(
    rows: Sequence[Row], names: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Return {sample: (region, fragment)}, NaN where a fragment was not measured, and the regions' ids."""
    column = {name: i for i, name in enumerate(names)}
    values: dict[str, dict[str, np.ndarray]] = {}
    for row in rows:
        region = values.setdefault(row["sample"], {}).setdefault(
            row["region"], np.full(len(names), np.nan)
        )
        if row["fragment"] in column:
            region[column[row["fragment"]]] = row["normalised_intensity"]
    weights_of = {(r["sample"], r["region"]): r["region_weight"] for r in rows}
    return (
        {
            s: damped(np.array(list(own.values())), np.array([weights_of[s, r] for r in own]))
            for s, own in values.items()
        },
        {s: list(regions) for s, regions in values.items()},
    )


def _draws(
    regions: Mapping[str, np.ndarray],
    complete: Sequence[str],
    reference: str,
    config: SimsConfig,
) -> Draws | None:
    several = {s: m for s, m in regions.items() if len(m) > 1}
    whole = [s for s in complete if s in several]
    if reference not in several or not whole:
        return None
    return resample(
        several, whole, int(config["bootstrap_repetitions"]), int(config["bootstrap_seed"])
    )


def _weight_rows(
    weighting: str,
    names: Sequence[str],
    group_of: Mapping[str, str],
    weight: np.ndarray | None,
    parts: Any,
) -> list[Row]:
    return [
        {
            "weighting": weighting, "fragment": name, "group": group_of[name],
            "weight": None if weight is None else float(weight[i]),
            "loading_pc1": None if parts is None else float(parts.loadings[0, i]),
            "loading_pc2": None if parts is None else float(parts.loadings[1, i]),
            "explained_pc1": None if parts is None else float(parts.explained[0]),
            "explained_pc2": None if parts is None else float(parts.explained[1]),
        }
        for i, name in enumerate(names)
    ]  # fmt: skip


def _score_rows(
    weighting: str, complete: Sequence[str], ids: Mapping[str, Sequence[str]], scores: np.ndarray
) -> list[Row]:
    regions = [(sample, region) for sample in complete for region in ids[sample]]
    return [
        {"weighting": weighting, "sample": s, "region": r, "pc1": float(v[0]), "pc2": float(v[1])}
        for (s, r), v in zip(regions, scores, strict=True)
    ]


def _ranking(found: GroupValues, reference: str) -> Row:
    """Return the order of the samples by degradation, and how sure it is."""
    values = {s: r.value for s, r in found.ratios.items() if r.value is not None and s != reference}
    order = sorted(values, key=lambda s: (values[s], s))
    row: Row = {"order": " < ".join(order), "n_samples": len(order), "_order": order}
    names = [s for s in values if s in found.repetitions]
    if len(names) > 1 and len(names) == len(values):
        stack = np.array([found.repetitions[s] for s in names])
        ranked = np.array(sorted(range(len(names)), key=lambda i: (values[names[i]], names[i])))
        row["same_order_fraction"] = float(
            np.all(np.diff(stack[ranked], axis=0) > 0, axis=0).mean()
        )
        row["least_degraded"] = order[0]
        row["least_degraded_fraction"] = float((stack.argmin(axis=0) == ranked[0]).mean())
    return row


def _compare_orders(rows: list[Row], headline: str) -> None:
    """Count the pairs of samples whose order is not that of the headline weighting."""
    heads = {r["group"]: r["_order"] for r in rows if r["weighting"] == headline}
    for row in rows:
        order, head = row.pop("_order"), heads.get(row["group"])
        row["compared_to"] = headline
        if head is None:
            continue
        place = {s: i for i, s in enumerate(order)}
        common = [s for s in head if s in place]
        pairs = [(a, b) for i, a in enumerate(common) for b in common[i + 1 :]]
        row["n_pairs"] = len(pairs)
        row["pairs_changed"] = sum(place[a] > place[b] for a, b in pairs)
