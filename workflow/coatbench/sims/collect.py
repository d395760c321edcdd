"""The tables of ToF-SIMS: fragments relative to the reference, groups, weights, neighbours. From the small tables only."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .degradation import degradation_tables
from .fragments import Fragment, match_channels
from .neighbours import close_neighbours
from .ratio import ratio_of_means

log = logging.getLogger(__name__)

Row = dict[str, Any]


def collect(
    tables: Mapping[str, list[Row]],
    samples: Sequence[Mapping[str, str]],
    config: Mapping[str, Any],
    *,
    reference: str | None,
    fragments: Sequence[Fragment],
) -> dict[str, list[Row]]:
    """Make the final tables.

    Parameters
    ----------
    tables : dict
        `sims_regions` and `sims_acquisition` of all samples.
    samples : sequence of dict
        Rows of samples.csv; their order is that of the tables.
    config : dict
        Section `sims`.
    reference : str or None
        Sample that ratios refer to.
    fragments : sequence of Fragment
        With their groups.

    Returns
    -------
    dict of table name to rows
        sims_fragments, sims_degradation, sims_sensitivity, sims_weights, sims_scores, sims_neighbours, sims_regions,
        sims_acquisition.
    """
    order = {s["sample"]: i for i, s in enumerate(samples)}
    rows = sorted(tables.get("sims_regions", []), key=lambda r: order.get(r["sample"], len(order)))
    rows = name_images(rows, fragments, float(config["match_ppm"]))
    usable = same_total(rows, reference)
    fragment_rows = fragment_table(usable, reference, fragments)
    for row in fragment_rows:
        row.pop("_order", None)
    if not any(r["sample"] == reference for r in usable):
        log.warning("no reference among the measured samples: nothing is related to it")
    main_groups = config["main_groups"]
    return {
        "sims_fragments": fragment_rows,
        **degradation_tables(usable, reference, fragments, main_groups, config),
        "sims_neighbours": close_neighbours(
            fragments, _intervals(rows), float(config["mass_resolution"])
        ),
        "sims_regions": [{k: v for k, v in r.items() if k in REGION_COLUMNS} for r in rows],
        "sims_acquisition": sorted(
            tables.get("sims_acquisition", []), key=lambda r: order.get(r["sample"], len(order))
        ),
    }


REGION_COLUMNS = (
    "sample", "region", "fragment", "group", "normalised_intensity", "poisson_sd", "pixel_sd", "ratio_of_sums",
    "sum_counts", "corrected_counts", "largest_count", "n_pixels", "n_empty_pixels", "total_source", "number",
    "label", "mass_u", "mass_lower_u", "mass_upper_u",
)  # fmt: skip


def name_images(rows: Sequence[Row], fragments: Sequence[Fragment], match_ppm: float) -> list[Row]:
    """Give every image of every region its fragment and group, or the name that its export gives it."""
    regions: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        regions.setdefault((row["sample"], row["region"]), []).append(row)
    named: list[Row] = []
    for images in regions.values():
        channels = [(int(r["number"]), r["label"] or "", r["mass_u"]) for r in images]
        found = {m.number: m for m in match_channels(channels, fragments, match_ppm)}
        for row in images:
            match = found.get(int(row["number"]))
            if match is None:
                named.append(
                    row
                    | {"fragment": _own_name(row), "group": "", "exact_u": None, "matched_by": ""}
                )
                continue
            f = match.fragment
            named.append(
                row
                | {
                    "fragment": f.name,
                    "group": f.group,
                    "exact_u": f.mass_u,
                    "matched_by": match.by,
                }
            )
    return named


def _own_name(row: Row) -> str:
    """Return what an image is called that no fragment of the table matches."""
    if row["label"]:
        return str(row["label"])
    return f"m/z {row['mass_u']:.4f}" if row["mass_u"] else f"image {int(row['number'])}"


def same_total(rows: Sequence[Row], reference: str | None) -> list[Row]:
    """Leave out regions whose total is of another kind than the reference's: they are not comparable with it."""
    sources = Counter(
        source
        for sample, _, source in {(r["sample"], r["region"], r["total_source"]) for r in rows}
        if reference is None or sample == reference
    )
    kinds = {s: "total" if s in ("image 0", "events") else s for s in sources}
    counted = Counter(
        {k: sum(n for s, n in sources.items() if kinds[s] == k) for k in kinds.values()}
    )
    if not counted:
        return list(rows)
    # Most regions decide; between equals the true total.
    kind = max(sorted(counted), key=lambda k: (counted[k], k == "total"))
    kept, dropped = [], set()
    for row in rows:
        source = row["total_source"]
        if ("total" if source in ("image 0", "events") else source) == kind:
            kept.append(row)
        else:
            dropped.add((row["sample"], row["region"], source))
    for sample, region, source in sorted(dropped):
        log.warning(
            "%s region %s left out: normalised to %s, the others to %s",
            sample,
            region,
            source,
            kind,
        )
    return kept


def _intervals(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    widest: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row["group"] == "" or row["mass_lower_u"] is None or row["mass_upper_u"] is None:
            continue
        low, high = widest.get(row["fragment"], (math.inf, -math.inf))
        widest[row["fragment"]] = (min(low, row["mass_lower_u"]), max(high, row["mass_upper_u"]))
    return widest


def mean_sd(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the standard deviation (None for a single value), summed exactly."""
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return mean, None
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))


def fragment_table(
    rows: Sequence[Row], reference: str | None, fragments: Sequence[Fragment]
) -> list[Row]:
    """Return a row per sample and fragment, in the order of the fragment table."""
    place = {f.name: i for i, f in enumerate(fragments)}
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["sample"], row["fragment"]), []).append(row)
    base = {
        name: (*mean_sd([r["normalised_intensity"] for r in images]), len(images))
        for (sample, name), images in cells.items()
        if sample == reference
    }
    made = []
    for (sample, name), images in cells.items():
        n = len(images)
        mean, sd = mean_sd([r["normalised_intensity"] for r in images])
        sums, sums_sd = mean_sd([r["ratio_of_sums"] for r in images])
        pixels = sum(r["n_pixels"] for r in images)
        empty = sum(r["n_empty_pixels"] for r in images)
        first = images[0]
        row = {
            "sample": sample, "fragment": name, "group": first["group"], "normalised_intensity": mean,
            "normalised_intensity_sd": None if sd is None else sd / math.sqrt(n),
            "n_regions": n, "empty_pixel_fraction": empty / (empty + pixels),
            "region_sd": sd,
            "poisson_sd": math.sqrt(math.fsum(r["poisson_sd"] ** 2 for r in images)) / n,
            "ratio_of_sums": sums,
            "ratio_of_sums_sd": None if sums_sd is None else sums_sd / math.sqrt(n),
            "mass_u": first["mass_u"], "exact_mass_u": first["exact_u"], "matched_by": first["matched_by"],
            "mass_deviation_ppm": (first["mass_u"] / first["exact_u"] - 1) * 1e6
            if first["mass_u"] and first["exact_u"] else None,
        }  # fmt: skip
        notes = [] if first["group"] or first["matched_by"] else ["not in the fragment table"]
        if reference is None or not any(s == reference for s, _ in cells):
            notes.append("no reference")
        elif sample == reference:
            row["relative"] = 1.0
            notes.append("reference")
        elif name not in base:
            notes.append("not measured in the reference")
        else:
            ratio = ratio_of_means(mean, sd, n, *base[name])
            row |= {
                "relative": ratio.value,
                "relative_ci_low": ratio.low,
                "relative_ci_high": ratio.high,
            }
            notes += [ratio.note] if ratio.note else []
        made.append(row | {"note": "; ".join(notes), "_order": place.get(name, len(place))})
    order = {s: i for i, s in enumerate(dict.fromkeys(r["sample"] for r in rows))}
    return sorted(made, key=lambda r: (order[r["sample"]], r["_order"]))
