"""From the rows of all samples to the XPS tables: coverage, its sensitivity, layer thickness, joint fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from ..arrays import Arrays
from .coverage import DEFINITIONS, Amount, average, coverage, spot_amounts, thickness

Row = dict[str, Any]
Tables = dict[str, list[Row]]


def collect(
    tables: Tables,
    samples: Sequence[Mapping[str, str]],
    config: Mapping[str, Any],
    *,
    reference: str | None,
    curves: Mapping[str, Mapping[str, Arrays]] | None = None,
) -> Tables:
    """Return the final XPS tables.

    Parameters
    ----------
    tables : dict
        Joined rows of all jobs: xps_components, xps_fits, xps_areas.
    samples : list of dict
        Rows of samples.csv.
    config : mapping
        The section `xps`.
    reference : str or None
        The uncoated sample; without it only eq 1 is defined.
    curves : dict of sample to curve groups
        For the joint fits; none: no joint fits.
    """
    areas = tables.get("xps_areas", [])
    libraries = list(
        dict.fromkeys([config["rsf_library"], *config["sensitivity"]["rsf_libraries"]])
    )
    default = [row for row in areas if row["is_default"]]
    result = dict(tables)
    # A powder of the coating alone has no substrate to be covered; eq 1 needs none to compare with.
    powders = {s["sample"] for s in samples if s["role"] == "precursor"}
    result["xps_coverage"], result["xps_layer"] = [], []
    for library in libraries:
        amounts = sample_amounts(default, library, config)
        result["xps_coverage"] += _coverage_rows(amounts, library, reference, powders)
        if library == config["rsf_library"] and reference is not None:
            result["xps_layer"] = _layer_rows(amounts, reference, config, powders)
    result["xps_sensitivity"] = _sensitivity(areas, libraries, config, reference, powders)
    coated = [s["sample"] for s in samples if s["role"] == "coated"]
    result["xps_order"] = order_rows(result["xps_sensitivity"], coated)
    if curves and config["joint"]:
        from .joint import joint_rows

        result["xps_joint"] = joint_rows(curves, config)
    return result


Amounts = dict[str, dict[str, Amount]]


def sample_amounts(areas: Sequence[Row], library: str, config: Mapping[str, Any]) -> Amounts:
    """Return sample -> definition -> amount, averaged over spots."""
    result: Amounts = {}
    for sample, rows in groupby(areas, key=lambda r: r["sample"]):
        spots = [
            spot_amounts(list(spot), library, config)
            for _, spot in groupby(list(rows), key=lambda r: r["spot"])
        ]
        for name in DEFINITIONS:
            values = [s[name] for s in spots if name in s]
            if values:
                result.setdefault(sample, {})[name] = average(values)
    return result


def _coverage_rows(
    amounts: Amounts, library: str, reference: str | None, powders: set[str]
) -> list[Row]:
    rows = []
    for definition in DEFINITIONS:
        bare = amounts.get(reference or "", {}).get(definition)
        for sample, values in amounts.items():
            amount = values.get(definition)
            found = coverage(definition, amount, bare) if amount else None
            if amount is None or found is None or (definition != "eq1" and sample in powders):
                continue
            share = definition != "eq1"
            rows.append(
                {
                    "sample": sample,
                    "definition": definition,
                    "rsf_library": library,
                    "coverage": found.value,
                    "coverage_sd": found.sd,
                    "n_spots": found.n,
                    "share": amount.value if share else None,
                    "share_sd": amount.sd if share else None,
                    "relative_signal": 1 - found.value if share else None,
                    "relative_signal_sd": found.sd if share else None,
                }
            )
    return rows


def _layer_rows(
    amounts: Amounts, reference: str, config: Mapping[str, Any], powders: set[str]
) -> list[Row]:
    rows = []
    bare = amounts.get(reference, {}).get("lattice_oxygen")
    for sample, values in amounts.items():
        amount = values.get("lattice_oxygen")
        if bare is None or amount is None or sample in {reference, *powders}:
            continue
        found = thickness(amount, bare, config)
        rows.append(
            {
                "sample": sample,
                "lattice_ratio": amount.value / bare.value if bare.value > 0 else None,
                "thickness_nm": found[0] if found else None,
                "thickness_nm_sd": found[1] if found else None,
                "is_lower_limit": found[2] if found else None,
                "n_spots": amount.n,
                "note": "" if found else "as much lattice oxygen as the reference or more",
            }
        )
    return rows


def _sensitivity(
    areas: Sequence[Row],
    libraries: Sequence[str],
    config: Mapping[str, Any],
    reference: str | None,
    powders: set[str],
) -> list[Row]:
    """Coverage under every library and background, with the rank of each sample."""
    rows: list[Row] = []
    for background in dict.fromkeys(row["background"] for row in areas):
        chosen = [row for row in areas if row["background"] == background]
        replaced = {row["sample"] for row in chosen if row["background_used"] != row["background"]}
        for library in libraries:
            amounts = sample_amounts(chosen, library, config)
            found = _coverage_rows(amounts, library, reference, powders)
            for definition in DEFINITIONS:
                own = [row for row in found if row["definition"] == definition]
                ranked = sorted(own, key=lambda r: -r["coverage"])
                rank = {row["sample"]: i + 1 for i, row in enumerate(ranked)}
                rows += [
                    {
                        "sample": row["sample"],
                        "definition": definition,
                        "rsf_library": library,
                        "background": background,
                        "coverage": row["coverage"],
                        "coverage_sd": row["coverage_sd"],
                        "rank": rank[row["sample"]],
                        "note": "another background was used in a region: see xps_areas"
                        if row["sample"] in replaced
                        else "",
                    }
                    for row in own
                ]
    return rows


def order_rows(sensitivity: Sequence[Row], coated: Sequence[str]) -> list[Row]:
    """Say for each definition whether the order of the coated samples depends on library and background.

    Two samples count as swapped between two choices only where their difference exceeds two standard
    uncertainties in both; the order within the uncertainty is no statement.
    """
    rows = []
    for definition in DEFINITIONS:
        variants: dict[tuple[str, str], dict[str, Row]] = {}
        for row in sensitivity:
            if row["definition"] == definition and row["sample"] in coated:
                variants.setdefault((row["rsf_library"], row["background"]), {})[row["sample"]] = (
                    row
                )
        if not variants:
            continue
        first = next(iter(variants.values()))
        swapped, plain = [], True
        for table in variants.values():
            plain = plain and _order(table) == _order(first)
            for a in first:
                for b in first:
                    if a < b and _opposite(first, table, a, b):
                        swapped.append(f"{a}/{b}")
        best = {_order(table)[0] for table in variants.values()}
        pairs = sorted(set(swapped))
        rows.append(
            {
                "definition": definition,
                "n_choices": len(variants),
                "order": " > ".join(_order(first)),
                "same_order": plain,
                "same_highest": len(best) == 1,
                "n_significant_swaps": len(pairs),
                "statement": _statement(definition, len(variants), plain, pairs, sorted(best)),
            }
        )
    return rows


def _order(table: Mapping[str, Row]) -> list[str]:
    return [r["sample"] for r in sorted(table.values(), key=lambda r: -r["coverage"])]


def _opposite(one: Mapping[str, Row], two: Mapping[str, Row], a: str, b: str) -> bool:
    if a not in two or b not in two:
        return False
    signs = []
    for table in (one, two):
        difference = table[a]["coverage"] - table[b]["coverage"]
        sd = (table[a]["coverage_sd"] ** 2 + table[b]["coverage_sd"] ** 2) ** 0.5
        if abs(difference) <= 2 * sd:
            return False
        signs.append(difference > 0)
    return signs[0] != signs[1]


def _statement(definition: str, n: int, same: bool, pairs: list[str], best: list[str]) -> str:
    highest = f"the highest coverage is {' or '.join(best)}"
    if same:
        return f"{definition}: the order is the same for all {n} choices; {highest}"
    if not pairs:
        return f"{definition}: the order changes only within the uncertainty over {n} choices; {highest}"
    return f"{definition}: the order depends on the choice for {', '.join(pairs)}; {highest}"
