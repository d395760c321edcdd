"""Do the techniques agree? One quantity of one sample by several techniques side by side, and criteria against each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality
from ..conditions import Row, from_mapping, pick
from ..statistics import seed_of
from .criteria import Values

if TYPE_CHECKING:
    from ..config_types import SourceConfig

DIFFERENT = 3.0  # standard uncertainties beyond which two techniques contradict each other
DRAWS = 2000
LEAST = 4  # samples for a correlation


def compare(
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    config: Mapping[str, Mapping[str, SourceConfig]],
    reference: str | None = None,
) -> list[dict[str, Any]]:
    """Return rows of the table `consistency`.

    Parameters
    ----------
    tables : dict of table name to rows
    samples : rows of samples.csv
    config : per quantity and technique `table`, `column`, `where`, `uncertainty`, `relative_sd` (what the method's own
        assumptions leave open, as a share of the value), `limit` (column that says the value is a lower limit), `caveat`, `parts`
        (rows of one spot that are added up: column and its values), or `until` and `along` in place of a value of the sample
        itself: how far an event of the precursor, from `column` to `until`, has gone at the sample's setting of `along`;
        or `at`, columns in which a prediction for the precursor has the settings of the sample (a lower limit as well)
    reference : sample without coating; it has nothing to compare

    Notes
    -----
    Two values agree when they differ by less than three combined standard uncertainties; a lower limit agrees with
    everything above it. Values that are unusable do not stand here; with one technique alone `agrees` is empty.
    """
    rows = []
    precursors = {s["sample"] for s in samples if s["role"] == "precursor"}
    for sample in samples:
        if sample["role"] != "coated" or sample["sample"] == reference:
            continue
        for quantity, techniques in config.items():
            found = [
                v
                for name, entry in techniques.items()
                if (
                    v := _progress(tables, sample, precursors, name, entry)
                    if "until" in entry
                    else _value(tables, sample, precursors, name, entry)
                )
                is not None
            ]
            rows += [
                {"sample": sample["sample"], "quantity": quantity} | row for row in _judged(found)
            ]
    return rows


def _progress(
    tables: Mapping[str, Sequence[Row]],
    sample: Mapping[str, str],
    precursors: Collection[str],
    technique: str,
    entry: SourceConfig,
) -> dict[str, Any] | None:
    """Return how far an event of the precursor has gone at the setting of a sample; what is held longer goes further."""
    start, end = str(entry["column"]), str(entry["until"])
    text = (sample.get(entry["along"]) or "").strip()
    rows = [
        r
        for r in pick(tables.get(entry["table"], ()), from_mapping(entry.get("where") or {}))
        if r.get("sample") in precursors and r.get(start) is not None and r.get(end) is not None
    ]
    rows, judged = quality.counted(rows)
    if not rows or not text:
        return None
    shares, variances = [], []
    for row in rows:
        low, width = float(row[start]), float(row[end]) - float(row[start])
        if width <= 0:
            continue
        share = min(max((float(text) - low) / width, 0.0), 1.0)
        ends = (
            (1 - share) * float(row.get(f"{start}_sd") or 0),
            share * float(row.get(f"{end}_sd") or 0),
        )
        shares.append(share)
        variances.append((math.hypot(*ends) / width) ** 2)
    if not shares:
        return None
    n, value = len(shares), float(np.mean(shares))
    scatter = float(np.std(shares, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    own = math.sqrt(sum(variances)) / n
    return {
        "technique": technique,
        "value": value,
        "value_sd": math.hypot(own, scatter, float(entry.get("relative_sd", 0.0))),
        "limit": True,
        "caveat": str(entry.get("caveat", "")),
        "doubt": judged.note if judged.level != quality.OK else "",
    }


def _value(
    tables: Mapping[str, Sequence[Row]],
    sample: Mapping[str, str],
    precursors: Collection[str],
    technique: str,
    entry: SourceConfig,
) -> dict[str, Any] | None:
    at = entry.get("at") or ()
    rows = [
        r
        for r in pick(tables.get(entry["table"], ()), from_mapping(entry.get("where") or {}))
        if (r.get("sample") in precursors if at else r.get("sample") == sample["sample"])
        and all(_same(r.get(column), sample.get(column)) for column in at)
        and r.get(entry["column"]) is not None
    ]
    rows, judged = quality.counted(rows)
    if entry.get("parts"):
        rows = _added_up(rows, entry)
    if not rows:
        return None
    values = np.array([float(r[entry["column"]]) for r in rows])
    own = [r.get(entry.get("uncertainty", "")) for r in rows]
    known = [float(v) for v in own if v is not None]
    value, n = float(values.mean()), len(values)
    parts = [
        math.sqrt(sum(s**2 for s in known)) / n if known else 0.0,
        float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0,
        abs(value) * float(entry.get("relative_sd", 0.0)),
    ]
    limit = bool(at) or (
        bool(entry.get("limit")) and any(r.get(entry["limit"]) is True for r in rows)
    )
    return {
        "technique": technique,
        "value": value,
        "value_sd": math.hypot(*parts) or None,
        "limit": limit,
        "caveat": str(entry.get("caveat", "")),
        "doubt": judged.note if judged.level != quality.OK else "",
    }


def _same(a: Any, b: Any) -> bool:
    """Tell whether a setting of a prediction is that of a sample."""
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9)
    except (TypeError, ValueError):
        return False


def _added_up(rows: Sequence[Row], entry: SourceConfig) -> list[Row]:
    """Return one row per spot, the sum of its parts; a spot that lacks one is left out."""
    ((name, wanted),) = entry["parts"].items()
    column, sd = str(entry["column"]), str(entry.get("uncertainty", ""))
    limit = str(entry.get("limit", ""))
    spots: dict[Any, dict[str, Row]] = {}
    for row in rows:
        if row.get(name) in wanted:
            spots.setdefault(row.get("spot"), {})[str(row[name])] = row
    return [
        {
            column: sum(float(p[column]) for p in parts.values()),
            sd: math.sqrt(sum(float(p.get(sd) or 0) ** 2 for p in parts.values())) or None,
        }
        | ({limit: any(p.get(limit) is True for p in parts.values())} if limit else {})
        for parts in spots.values()
        if len(parts) == len(wanted)
    ]


def _judged(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    conflicts: dict[str, list[str]] = {f["technique"]: [] for f in found}
    for a, b in combinations(found, 2):
        if text := _conflict(a, b):
            conflicts[a["technique"]].append(f"{b['technique']} ({text})")
            conflicts[b["technique"]].append(f"{a['technique']} ({text})")
    rows = []
    for f in found:
        against = conflicts[f["technique"]]
        notes = ["a lower limit"] if f["limit"] else []
        if against:
            notes.append(f"contradicts {' and '.join(against)}")
            notes += [f["caveat"]] if f["caveat"] else []
        notes += [f["doubt"]] if f["doubt"] else []
        rows.append(
            {
                "technique": f["technique"],
                "value": f["value"],
                "value_sd": f["value_sd"],
                "agrees": None if len(found) < 2 else not against,
                "note": "; ".join(notes),
            }
        )
    return rows


def _conflict(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    difference = a["value"] - b["value"]
    if (
        (a["limit"] and b["limit"])
        or (a["limit"] and difference < 0)
        or (b["limit"] and difference > 0)
    ):
        return ""
    sd = math.hypot(a["value_sd"] or 0.0, b["value_sd"] or 0.0)
    if abs(difference) <= DIFFERENT * sd:
        return ""
    apart = f"{abs(difference):.3g} apart"
    return apart + (f", {abs(difference) / sd:.1f} standard uncertainties" if sd else "")


def correlations(values: Values) -> list[dict[str, Any]]:
    """Return rows of the table `ranking_correlations`: rank correlation of each two criteria over the coated samples.

    Positive: what is good in one is good in the other; empty where one has the same value in all samples. The interval holds the uncertainty of the values (draws) and that of
    so few samples (Fisher's z with the variance of Bonett and Wright 2000, doi:10.1007/BF02294183).
    """
    rows = []
    for i, j in combinations(range(len(values.criteria)), 2):
        a, b = values.criteria[i], values.criteria[j]
        have = ~np.isnan(values.value[:, [i, j]]).any(axis=1)
        n = int(have.sum())
        row: dict[str, Any] = {"first": a.name, "second": b.name, "n_samples": n}
        pair = values.value[have][:, [i, j]] * np.array([a.sign, b.sign])
        if n >= LEAST and (pair != pair[0]).any(axis=0).all():
            sd = np.nan_to_num(values.sd[have][:, [i, j]])
            rng = seed_of("correlation", a.name, b.name, pair, sd)
            drawn = _spearman(pair + rng.standard_normal((DRAWS, *pair.shape)) * sd)
            found = float(_spearman(pair[None])[0])
            z = np.arctanh(np.clip(drawn, -0.999, 0.999))
            few = math.sqrt((1 + found**2 / 2) / (n - 3))
            low, high = np.quantile(z + few * rng.standard_normal(DRAWS), [0.025, 0.975])
            row |= {
                "correlation": found,
                "correlation_ci_low": float(np.tanh(low)),
                "correlation_ci_high": float(np.tanh(high)),
            }
        rows.append(row)
    return rows


def _spearman(pairs: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    ranks = rankdata(pairs, axis=1)  # equal values share the mean of their places
    ranks -= ranks.mean(axis=1, keepdims=True)
    found: np.ndarray = (ranks[..., 0] * ranks[..., 1]).sum(axis=1) / np.sqrt(
        (ranks**2).sum(axis=1).prod(axis=-1)
    )
    return found
