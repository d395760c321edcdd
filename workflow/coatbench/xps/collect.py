"""From the rows of all samples to the XPS tables: coverage, its sensitivity, layer thickness, joint fits."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays
from ..errors import AnalysisError
from ..quality import Quality, plausible, quality_of, worst
from ..readers.xps_block import region_name
from .coverage import (
    CARBON,
    CONFIGURED,
    DEFINITIONS,
    Amount,
    Setting,
    average,
    coverage,
    missing_factors,
    spot_amounts,
)
from .layers import DENSITY_FACTORS, layer_rows

if TYPE_CHECKING:
    from ..config_types import XpsConfig, XpsCoverage, XpsPlausible

log = logging.getLogger("coatbench")
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def collect(
    tables: Tables,
    samples: Sequence[Mapping[str, str]],
    config: XpsConfig,
    *,
    reference: str | None,
    curves: Mapping[str, Mapping[str, Arrays]] | None = None,
) -> Tables:
    """Return the final XPS tables.

    Parameters
    ----------
    reference : str or None
        The uncoated sample; without it only eq 1 is defined.
    curves : dict of sample to curve groups
        For the joint fits; none: no joint fits.
    """
    setting = Setting.of(config)
    areas = tables.get("xps_areas", [])
    # A powder of the coating alone has no substrate to be covered; eq 1 needs none to compare with.
    powders = {s["sample"] for s in samples if s["role"] == "precursor"}
    for note in (*unknown_names(config), *_without_eq1(tables, config["coverage"], powders)):
        log.warning("%s", note)
    default = [row for row in areas if row["is_default"]]
    asked: list[str] = list(
        dict.fromkeys([config["rsf_library"], *config["sensitivity"]["rsf_libraries"]])
    )
    lacking = {library: missing_factors(default, library, setting) for library in asked}
    libraries = [library for library in asked if not all_missing(default, library, setting)]
    for library, lines in lacking.items():
        if lines:
            log.warning(
                "xps.sensitivity: expected a factor of %s for every quantified line, found none for %s; no "
                "coverage with that library where it was measured",
                library,
                ", ".join(lines),
            )
    result = dict(tables)
    result["xps_coverage"], result["xps_layer"] = [], []
    for library in libraries:
        amounts = sample_amounts(default, library, setting)
        result["xps_coverage"] += _coverage_rows(amounts, library, reference, powders)
    bare = {s["sample"] for s in samples if s["role"] == "uncoated"}
    for row in result["xps_coverage"]:
        if row["sample"] in bare and row["definition"] == "eq1":
            row |= _of_uncoated(row, config["plausible"]).columns()
    if reference is not None and config["rsf_library"] in libraries:
        amounts, *others = (
            sample_amounts(default, setting.headline, setting, f) for f in (1.0, *DENSITY_FACTORS)
        )
        result["xps_layer"] = layer_rows(
            amounts, others, default, reference, setting.coverage, powders
        )
    materials = config["sensitivity"].get("escape_depths") or {}
    escape = {CONFIGURED: setting, **setting.with_materials(materials)}
    result["xps_sensitivity"] = _sensitivity(areas, libraries, escape, reference, powders)
    coated = [s["sample"] for s in samples if s["role"] == "coated"]
    result["xps_order"] = order_rows(result["xps_sensitivity"], coated, lacking)
    if curves and config["joint"]:
        from .joint import joint_rows

        result["xps_joint"] = joint_rows(curves, config)
    return result


def unknown_names(config: XpsConfig) -> list[str]:
    """Say which components of the section `xps.coverage` no model has: what they are for is not done.

    Raises
    ------
    AnalysisError
        A region of it is a model's in another spelling.
    """
    chosen, models = config["coverage"], config["regions"]
    asked = [("coating", line, "") for line in chosen["coating"]]
    asked += [("substrate", chosen["substrate"], chosen["substrate_component"])]
    asked += [("lattice_region", chosen["lattice_region"], chosen["lattice_component"])]
    asked += [("contamination", r, c) for r, own in chosen["contamination"].items() for c in own]
    notes = []
    for key, region, name in asked:
        where = f"xps.coverage.{key}"
        if region not in models and (same := region_name(region)) in models:
            raise AnalysisError("config.yaml", where, same, region)
        known = models[region]["components"] if region in models else {}
        if known and name and name not in known:
            notes.append(
                f"{where}: expected one of {', '.join(known)} of {region}, found {name}; it counts for nothing"
            )
    return notes


def _without_eq1(tables: Tables, chosen: XpsCoverage, powders: set[str]) -> list[str]:
    """Say which spots have no eq1 since a line of it was not measured; `powders` need none."""
    lines: dict[tuple[str, str], set[str]] = {
        (r["sample"], r["spot"]): set() for r in tables.get("xps_fits", [])
    }
    for row in tables.get("xps_areas", []):
        own = lines.setdefault((row["sample"], row["spot"]), set())
        own.add(str(row.get("line") or row["region"]))
    return [
        f"{sample}, spot {spot}: no {', '.join(lacking)}: no eq1 of it"
        for (sample, spot), known in lines.items()
        if sample not in powders
        and (lacking := [x for x in (*chosen["coating"], chosen["substrate"]) if x not in known])
    ]


def _of_uncoated(row: Row, limits: XpsPlausible) -> Quality:
    """Judge the coverage of a sample without a coating: two samples may have been mixed up."""
    known = limits.get("coverage_of_uncoated", {})
    return worst(
        [quality_of(row), plausible(row["coverage"], "coverage of an uncoated sample", known)]
    )


Amounts = dict[str, dict[str, Amount]]


def all_missing(areas: Sequence[Row], library: str, setting: Setting) -> bool:
    """Tell whether a library can say nothing of any sample."""
    return bool(areas) and not sample_amounts(areas, library, setting)


def sample_amounts(
    areas: Sequence[Row], library: str, setting: Setting, density_factor: float = 1.0
) -> Amounts:
    """Return sample -> definition -> amount, averaged over spots."""
    result: Amounts = {}
    for sample, rows in groupby(areas, key=lambda r: r["sample"]):
        spots = {
            spot: spot_amounts(list(own), library, setting, density_factor)
            for spot, own in groupby(list(rows), key=lambda r: r["spot"])
        }
        for name in (*DEFINITIONS, CARBON):
            values = {spot: s[name] for spot, s in spots.items() if name in s}
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
                    **found.quality.columns(),
                }
            )
    return rows


def _sensitivity(
    areas: Sequence[Row],
    libraries: Sequence[str],
    settings: Mapping[str, Setting],
    reference: str | None,
    powders: set[str],
) -> list[Row]:
    """Coverage under every background, library and escape depth, with the rank of each sample; what is unusable has none."""
    rows: list[Row] = []
    for background, chosen in _by_background(areas).items():
        replaced = {
            row["sample"]
            for row in chosen
            if row.get("background_used") not in (row["background"], None)
        }
        for library, (material, setting) in itertools.product(libraries, settings.items()):
            amounts = sample_amounts(chosen, library, setting)
            found = _coverage_rows(amounts, library, reference, powders)
            for definition in DEFINITIONS:
                own = [
                    row
                    for row in found
                    if row["definition"] == definition and quality_of(row).usable
                ]
                ranked = sorted(own, key=lambda r: -r["coverage"])
                rank = {row["sample"]: i + 1 for i, row in enumerate(ranked)}
                rows += [
                    {
                        "sample": row["sample"],
                        "definition": definition,
                        "rsf_library": library,
                        "escape_depth": material,
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


def _by_background(areas: Sequence[Row]) -> dict[str, list[Row]]:
    """Return background -> rows of the spots that have all of their regions under it; `as configured` where regions have backgrounds of their own.

    A background that only some regions have would make a coverage of these alone.
    """

    def regions(rows: Sequence[Row]) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            found.setdefault((row["sample"], row["spot"]), set()).add(row["region"])
        return found

    whole = regions(areas)
    configured = [row for row in areas if row["is_default"]]
    found: dict[str, list[Row]] = {}
    if len({row["background"] for row in configured}) > 1:
        found[CONFIGURED] = configured
    for background in dict.fromkeys(row["background"] for row in areas):
        rows = [row for row in areas if row["background"] == background]
        own = regions(rows)
        kept = [r for r in rows if own[r["sample"], r["spot"]] == whole[r["sample"], r["spot"]]]
        if kept:
            found[background] = kept
    return found


def order_rows(
    sensitivity: Sequence[Row],
    coated: Sequence[str],
    lacking: Mapping[str, Sequence[str]] | None = None,
) -> list[Row]:
    """Say for each definition whether the order of the coated samples depends on library, background and escape depth.

    Two samples count as swapped between two choices only where their difference exceeds two standard
    uncertainties in both; the order within the uncertainty is no statement. `lacking`: library to the lines that it
    has no factor for, which the statement names.
    """
    unsaid = "".join(
        f"; {library} has no factor for {', '.join(lines)}"
        for library, lines in (lacking or {}).items()
        if lines
    )
    rows = []
    for definition in DEFINITIONS:
        variants: dict[tuple[str, str, str], dict[str, Row]] = {}
        for row in sensitivity:
            if row["definition"] == definition and row["sample"] in coated:
                key = row["rsf_library"], row["background"], row.get("escape_depth", "")
                variants.setdefault(key, {})[row["sample"]] = row
        if not variants:
            continue
        first = next(iter(variants.values()))
        plain = all(_order(table) == _order(first) for table in variants.values())
        signs: dict[str, set[bool]] = {}
        for table in variants.values():
            for a, b in itertools.combinations(sorted(table), 2):
                higher = _significantly_higher(table[a], table[b])
                if higher is not None:
                    signs.setdefault(f"{a}/{b}", set()).add(higher)
        best = {_order(table)[0] for table in variants.values()}
        pairs = sorted(pair for pair, found in signs.items() if len(found) == 2)
        rows.append(
            {
                "definition": definition,
                "n_choices": len(variants),
                "order": " > ".join(_order(first)),
                "same_order": plain,
                "same_highest": len(best) == 1,
                "n_significant_swaps": len(pairs),
                "statement": _statement(definition, len(variants), plain, pairs, sorted(best))
                + unsaid,
            }
        )
    return rows


def _order(table: Mapping[str, Row]) -> list[str]:
    return [r["sample"] for r in sorted(table.values(), key=lambda r: -r["coverage"])]


def _significantly_higher(a: Row, b: Row) -> bool | None:
    """Tell whether the coverage of `a` is above that of `b`; None where the uncertainties leave it open."""
    difference = a["coverage"] - b["coverage"]
    sd = (a["coverage_sd"] ** 2 + b["coverage_sd"] ** 2) ** 0.5
    return None if abs(difference) <= 2 * sd else bool(difference > 0)


def _statement(definition: str, n: int, same: bool, pairs: list[str], best: list[str]) -> str:
    highest = f"the highest coverage is {' or '.join(best)}"
    if same:
        return f"{definition}: the order is the same for all {n} choices; {highest}"
    if not pairs:
        return f"{definition}: the order changes only within the uncertainty over {n} choices; {highest}"
    return f"{definition}: the order depends on the choice for {', '.join(pairs)}; {highest}"
