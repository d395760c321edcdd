"""Hold the claims of a study against its result tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..conditions import Row, parse
from ..factors import Factor
from ..statistics import seed_of
from ..tables import ID_COLUMNS
from .lookup import Item, Lookup, NotTestableError
from .read import Claim, is_conditions
from .relations import HALF, TABLE, Expectation, Relation, expand

DRAWS = 4000
ON_AXIS = tuple(r for name, r in TABLE.items() if r.derive is not None and name != "constant")
STEEPEST = (TABLE["steepest_rise"], TABLE["steepest_fall"])


def verdicts(
    claims: Iterable[Claim],
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    reference: str | None = None,
    factors: Sequence[Factor] = (),
) -> list[dict[str, Any]]:
    """Return one row of the table `claims` per claim, in their order.

    Parameters
    ----------
    claims : from `read.read_claims`
    tables : dict of table name to rows; may also hold `config` and `study.<index>` (see `extra_tables`)
    samples : rows of samples.csv
    reference : sample that the word `reference` stands for
    factors : those of the config
    """
    rows = []
    for claim in claims:
        try:
            found = _decide(claim, tables, samples, reference, factors)
        except NotTestableError as reason:
            found = {"verdict": "not testable", "reason": str(reason)}
        rows.append(_stated(claim) | found)
    return rows


def _stated(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "figure": claim.figure,
        "quantity": claim.quantity,
        "sample": claim.sample,
        "expected": claim.expected or " ".join(filter(None, (claim.relation, claim.against))),
        "tolerance": claim.tolerance,
        "unit": claim.unit,
        "source_table": claim.table,
        "relation": claim.relation,
        "note": claim.note,
    }


def _decide(
    claim: Claim,
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    reference: str | None,
    factors: Sequence[Factor],
) -> dict[str, Any]:
    if not claim.selected:
        raise NotTestableError(
            "the claim names no result table and column" + (f": {claim.note}" if claim.note else "")
        )
    remarks: list[str] = []
    look = Lookup(claim, tables, samples, reference, remarks, factors)
    items = look.items(claim.sample)
    relation = TABLE[claim.relation]
    against = _against(claim, look, items)
    values, sds = _arrays(items)
    rng = seed_of("claim", claim.id, values, [i.sd for i in items])
    drawn = values + rng.standard_normal((DRAWS, len(items))) * sds
    known = any(i.sd is not None for i in items)
    least = most = drawn_least = drawn_most = None
    if against is not None:
        (least, most, drawn_least, drawn_most), other_known = _bounds(against, rng)
        known = known or other_known
    names = [item.name for item in items]
    if relation.derive is not None:
        values, drawn, names = _derive(relation, relation.derive, items, values, drawn, look)
    try:
        low, high = expand(_expected(claim, look), values.shape[-1])
    except ValueError as error:
        raise NotTestableError(str(error)) from None
    share = claim.values[0][0] if claim.values and "_lower" in claim.relation else HALF
    expected = Expectation(low, high, claim.tolerance or 0.0, least, most, share)
    holds = bool(relation.holds(values, expected))
    margins = relation.margin(values, expected)
    worst = int(np.argmin(margins))
    probability = None
    if known:
        likely = relation.holds(drawn, replace(expected, least=drawn_least, most=drawn_most))
        probability = float(likely.mean())
    if relation.derive is not None:
        sd = float(drawn[:, worst].std()) if known else None
    else:
        sd = items[worst].sd
    of_category = relation in ON_AXIS and bool(look.levels)
    shown = [look.levels[int(v)] if of_category else f"{v:.4g}" for v in values]
    return {
        "found": None if of_category else float(values[worst]),
        "found_sd": None if of_category else sd,
        "found_sample": names[worst],
        "found_all": "; ".join(f"{n} {v}".strip() for n, v in zip(names, shown, strict=True)),
        "probability_holds": probability,
        "verdict": "holds" if holds else "fails",
        "reason": "; ".join(remarks),
    }


def _arrays(items: Sequence[Item]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([i.value for i in items]), np.array([i.sd or 0.0 for i in items])


def _against(claim: Claim, look: Lookup, items: Sequence[Item]) -> list[list[Item]] | None:
    """Return for each item those it is compared with; they agree in `each` where the claim has it."""
    if not claim.against:
        return None
    if is_conditions(claim.against):
        others = look.items(claim.sample, parse(claim.against))
        matched = [[o for o in others if o.sample == i.sample and o.kind == i.kind] for i in items]
    else:
        others = look.items(claim.against)
        matched = [[o for o in others if o.kind == i.kind] for i in items]
    for item, found in zip(items, matched, strict=True):
        if not found:
            raise NotTestableError(f"nothing to compare {item.name} with ({claim.against})")
    return matched


def _bounds(
    against: Sequence[Sequence[Item]], rng: np.random.Generator
) -> tuple[list[np.ndarray], bool]:
    """Return the smallest and largest value that each item is compared with, measured and drawn."""
    others = list(dict.fromkeys(o for found in against for o in found))
    values, sds = _arrays(others)
    drawn = values + rng.standard_normal((DRAWS, len(others))) * sds
    places = [[others.index(o) for o in found] for found in against]
    bounds = [
        np.array([values[p].min() for p in places]),
        np.array([values[p].max() for p in places]),
        np.stack([drawn[:, p].min(axis=1) for p in places], axis=1),
        np.stack([drawn[:, p].max(axis=1) for p in places], axis=1),
    ]
    return bounds, any(o.sd is not None for o in others)


def _derive(
    relation: Relation,
    derive: Callable[[np.ndarray, np.ndarray], np.ndarray],
    items: Sequence[Item],
    values: np.ndarray,
    drawn: np.ndarray,
    look: Lookup,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Turn the items of each kind into one number: a spread, or the setting of an extremum."""
    x = np.array([i.x for i in items])
    on_axis, steepest = relation in ON_AXIS, relation in STEEPEST
    if steepest and look.levels:
        raise NotTestableError(f"{look.factor.label} has no numbers, so nothing rises along it")
    log = steepest and look.factor.scale == "log"  # per unit of the factor's own scale
    x = np.log(x) if log else x
    measured, draws, names = [], [], []
    for kind in dict.fromkeys(i.kind for i in items):
        mine = np.array([i.kind == kind and not (on_axis and math.isnan(i.x)) for i in items])
        if mine.sum() < relation.least_items:
            raise NotTestableError(
                f"needs at least {relation.least_items} samples"
                f"{f' with {look.factor.label}' if on_axis else ''}, found {int(mine.sum())}"
            )
        measured.append(derive(values[mine], x[mine]))
        draws.append(derive(drawn[:, mine], x[mine]))
        names.append(kind)
    values, drawn = np.array(measured, dtype=float), np.stack(draws, axis=1)
    return (np.exp(values), np.exp(drawn), names) if log else (values, drawn, names)


def _expected(claim: Claim, look: Lookup) -> Sequence[tuple[float, float]]:
    """Return the values that a claim expects; levels of a category by their numbers."""
    if not claim.levels:
        if look.levels and claim.values and TABLE[claim.relation] in ON_AXIS:
            raise NotTestableError(f"{look.factor.label} has no numbers: {', '.join(look.levels)}")
        return claim.values
    for level in claim.levels:
        if level not in look.levels:
            raise NotTestableError(f"no sample has {look.factor.label} {level}")
    return [(float(look.levels.index(v)), float(look.levels.index(v))) for v in claim.levels]


def extra_tables(
    config: Mapping[str, Any], study: Mapping[str, Sequence[Mapping[str, str]]]
) -> dict[str, list[Row]]:
    """Make tables of the configuration (`key`, `value`) and of the study's own (`study.xps`, ...)."""
    tables: dict[str, list[Row]] = {"config": [{"key": k, "value": v} for k, v in _flat(config)]}
    for name, rows in study.items():
        tables[f"study.{name}"] = [{k: _cell(k, v) for k, v in row.items()} for row in rows]
    return tables


def _flat(section: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        elif isinstance(value, list):
            yield from ((f"{path}{key}.{i}", v) for i, v in enumerate(value))
        else:
            yield f"{path}{key}", value


def _cell(column: str, text: str) -> Any:
    if text == "" or column in ID_COLUMNS:
        return text or None
    try:
        return float(text)
    except ValueError:
        return text
