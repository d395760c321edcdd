"""The tables of ToF-SIMS: fragments relative to the reference, groups, weights, neighbours. From the small tables only."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quality import Quality, counted, doubtful, quality_of, worst
from .calibration import MassShift
from .capture import other_widths, windows_beside
from .degradation import degradation_tables, few_regions, of_reference
from .fragments import Fragment
from .ions import Ion, other_ions
from .isotopes import subtracted
from .masses import SIGN, read_label
from .naming import Image, Name, name_images, shift_of
from .neighbours import close_neighbours, told_apart
from .ratio import Mean, mean_of_regions, pooled_scatter, ratio_of_means
from .regions import by_region, damped, judge, judged_shift, of_region, saturated_regions

if TYPE_CHECKING:
    from ..config_types import LimitsConfig, SimsConfig, SimsMassCalibration

log = logging.getLogger(__name__)

Row = dict[str, Any]


def collect(
    tables: Mapping[str, list[Row]],
    samples: Sequence[Mapping[str, str]],
    config: SimsConfig,
    *,
    reference: str | None,
    fragments: Sequence[Fragment],
) -> dict[str, list[Row]]:
    """Make the final tables.

    Parameters
    ----------
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

    def sorted_rows(name: str) -> list[Row]:
        return sorted(tables.get(name, []), key=lambda r: order.get(r["sample"], len(order)))

    acquisition = sorted_rows("sims_acquisition")
    named, shifts = named_rows(sorted_rows("sims_regions"), acquisition, fragments, config)
    named = subtracted(
        named, fragments, other_ions(fragments), shifts, float(config["mass_resolution"])
    )
    found = [
        other_widths(named, acquisition, reference),
        windows_beside(named, acquisition, shifts),
        saturated_regions(acquisition, config["saturated_pixels"], config["dead_time"]),
    ]
    named = [
        r | worst([quality_of(r), *(f.get(of_region(r), Quality()) for f in found)]).columns()
        for r in named
    ]
    rows = judge(named, reference, float(config["region_outlier_sd"]))
    _tell(rows)
    neighbours = close_neighbours(
        fragments, _intervals(rows, shifts), float(config["mass_resolution"]), _raw_means(rows, reference)
    )  # fmt: skip
    if not any(r["sample"] == reference and quality_of(r).usable for r in rows):
        log.warning("no reference among the measured samples: nothing is related to it")
    return {
        "sims_fragments": fragment_table(rows, reference, fragments, told_apart(neighbours)),
        **degradation_tables(rows, reference, fragments, config["main_groups"], config),
        "sims_neighbours": neighbours,
        "sims_regions": [{k: v for k, v in r.items() if k in REGION_COLUMNS} for r in rows],
        "sims_acquisition": _acquisition(acquisition, rows, shifts),
    }  # fmt: skip


HANDED_ON = (
    "mass_source",
    "mass_note",
    "mass_slope_ppm",
    "mass_median_u",
)  # from the reduction to the naming, no columns
REGION_COLUMNS = (
    "sample", "region", "fragment", "group", "normalised_intensity", "isotopologue_share", "poisson_sd", "pixel_sd", "ratio_of_sums",
    "sum_counts", "corrected_counts", "largest_count", "n_pixels", "n_empty_pixels", "total_source", "number",
    "label", "mass_u", "mass_lower_u", "mass_upper_u", "quality", "quality_note",
)  # fmt: skip


def named_rows(
    rows: Sequence[Row],
    acquisition: Sequence[Row],
    fragments: Sequence[Fragment],
    config: SimsConfig,
) -> tuple[list[Row], dict[tuple[str, str], MassShift]]:
    """Give every image of every region its fragment and group, or the name that its export gives it.

    Returns
    -------
    rows : list of dict
        With `fragment`, `group`, `exact_u`, `matched_by` and the judgement of the name and of the mass scale.
    shifts : dict of (sample, region) to MassShift
        Regions whose masses are known.
    """
    measured = {of_region(r): r for r in acquisition}
    others = other_ions(fragments)
    limits = config["plausible"].get("mass_shift_ppm", {})
    shifts: dict[tuple[str, str], MassShift] = {}
    named: list[Row] = []
    for key, own in by_region(rows).items():
        facts = measured.get(key, {})
        images = [
            Image(int(r["number"]), r["label"] or "", r["mass_u"], r.get("listed") or "")
            for r in own
        ]
        shift, scale = region_shift(
            facts, images, fragments, others, config["mass_calibration"], limits
        )
        if shift is not None:
            shifts[key] = shift
        found = name_images(
            images, fragments, others, float(config["match_ppm"]), shift or MassShift()
        )
        whole = _nothing_named(images, found, fragments)
        for row, image, name in zip(own, images, found, strict=True):
            f = name.fragment
            by_mass = image.mass_u is not None and not (image.label or image.listed)
            rests_on_mass = by_mass or facts.get("mass_source") == "events"
            of_scale = scale if rests_on_mass else Quality()
            if (
                f is None and not of_scale.usable
            ):  # no name that could be wrong: the image is what it is
                of_scale = doubtful("; ".join(of_scale.notes))
            named.append(
                row
                | {
                    "fragment": name.name,
                    "group": f.group if f else "",
                    "exact_u": f.mass_u if f else None,
                    "matched_by": name.by,
                }
                | worst([whole, of_scale, name.quality]).columns()
            )
    return named, shifts


def _nothing_named(
    images: Sequence[Image], names: Sequence[Name], fragments: Sequence[Fragment]
) -> Quality:
    """Judge a region none of whose images is a fragment of the table: of another polarity, or named in another way."""
    if any(n.fragment is not None for n in names) or not images or not fragments:
        return Quality()
    signs = {s for i in images if (s := read_label(i.listed or i.label).sign)}
    wanted = {1 if f.charge > 0 else -1 for f in fragments}
    if signs and not signs & wanted:
        found, expected = (SIGN[max(s)] for s in (signs, wanted))
        return doubtful(
            f"polarity: the labels name {found} ions, the fragment table {expected} ones: give the other measurement or a "
            "fragment table of that polarity"
        )
    shown = ", ".join(n.name for n in names[:3]) + (" ..." if len(names) > 3 else "")
    return doubtful(
        f"none of {len(names)} images is a fragment of the table ({shown}): label them by formula or mass, or give a peak_list"
    )


def region_shift(
    facts: Mapping[str, Any],
    images: Sequence[Image],
    fragments: Sequence[Fragment],
    others: Sequence[Ion],
    how: SimsMassCalibration,
    limits: LimitsConfig,
) -> tuple[MassShift | None, Quality]:
    """Return the mass shift of a region and its judgement; None where its images have no masses of their own."""
    if facts.get("mass_source") == "events":
        shift = MassShift(
            facts["mass_shift_ppm"], facts["mass_shift_ppm_sd"], int(facts["peaks_used"]),
            slope_ppm=facts.get("mass_slope_ppm") or 0.0, median_u=facts.get("mass_median_u") or 1.0,
            note=facts.get("mass_note") or "",
        )  # fmt: skip
    elif any(i.mass_u is not None and not i.label for i in images):
        shift = shift_of(images, fragments, others, how)
    else:
        return None, Quality()
    return shift, judged_shift(shift, limits)


def _tell(rows: Sequence[Row]) -> None:
    """Log what is not ok, a line per region and reason."""
    lines = dict.fromkeys(
        f"{r['sample']} region {r['region']}: {note} ({quality_of(r).level})"
        for r in rows
        if quality_of(r).level != "ok"
        for note in quality_of(r).notes
    )
    for line in lines:
        log.warning("%s", line)


def _acquisition(
    acquisition: Sequence[Row],
    rows: Sequence[Row],
    shifts: Mapping[tuple[str, str], MassShift],
) -> list[Row]:
    images = by_region(rows)
    found = []
    for row in acquisition:
        key = of_region(row)
        shift = shifts.get(key)
        own = images.get(key, [])
        known = (
            {}
            if shift is None
            else {
                "mass_shift_ppm": shift.ppm,
                "mass_shift_ppm_sd": shift.sd,
                "peaks_used": shift.peaks,
            }
        )
        first = {k: own[0][k] for k in ("region_weight", "deviation_sd")} if own else {}
        row = {k: v for k, v in row.items() if k not in HANDED_ON}
        found.append(row | known | first | worst(quality_of(r) for r in own).columns())
    return found


def _intervals(
    rows: Sequence[Row], shifts: Mapping[tuple[str, str], MassShift]
) -> dict[str, tuple[float, float]]:
    """Return the widest interval of each fragment, on the exact mass scale."""
    widest: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row["group"] == "" or row["mass_lower_u"] is None or row["mass_upper_u"] is None:
            continue
        shift = shifts.get(of_region(row), MassShift())
        low, high = widest.get(row["fragment"], (math.inf, -math.inf))
        widest[row["fragment"]] = (
            min(low, shift.corrected(row["mass_lower_u"])),
            max(high, shift.corrected(row["mass_upper_u"])),
        )
    return widest


def _raw_means(rows: Sequence[Row], reference: str | None) -> dict[str, float]:
    """Return the fragments' mean intensities in the reference, isotopologues included."""
    found: dict[str, list[float]] = {}
    for r in rows:
        if r["sample"] == reference and quality_of(r).usable and r["raw_intensity"] is not None:
            found.setdefault(r["fragment"], []).append(r["raw_intensity"])
    return {name: math.fsum(values) / len(values) for name, values in found.items()}


def fragment_table(
    rows: Sequence[Row],
    reference: str | None,
    fragments: Sequence[Fragment],
    beside: Mapping[str, str],
) -> list[Row]:
    """Return a row per sample and fragment, in the order of the fragment table, with a note of what may be `beside` it."""
    place = {f.name: i for i, f in enumerate(fragments)}
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["sample"], row["fragment"]), []).append(row)
    kept = {cell: counted(own, "region") for cell, own in cells.items()}
    values = {cell: _robust(own) for cell, (own, _) in kept.items() if own}
    means: dict[tuple[str, str], Mean] = {}
    for cell, intensities in values.items():
        means[cell] = mean_of_regions(intensities, [r["poisson_sd"] for r in kept[cell][0]])
    for cell, mean in list(means.items()):
        if mean.sd is None:  # the scatter of the other samples stands in
            alike = [m for (_, name), m in means.items() if name == cell[1]]
            counting = [r["poisson_sd"] for r in kept[cell][0]]
            means[cell] = mean_of_regions(values[cell], counting, pooled_scatter(alike))
    order = {s: i for i, s in enumerate(dict.fromkeys(r["sample"] for r in rows))}
    made = []
    for cell in sorted(cells, key=lambda c: (order[c[0]], place.get(c[1], len(place)))):
        own, quality = kept[cell]
        row = _fragment_row(cell, cells[cell][0], own, means.get(cell))
        row |= _related(cell, means, kept, reference, quality)
        if row["group"] and cell[1] in beside:
            row["note"] = "; ".join(filter(None, [row["note"], beside[cell[1]]]))
        made.append(row)
    return made


def _robust(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the regions' intensities, unlike regions drawn towards the others."""
    values = np.array([r["normalised_intensity"] for r in rows], dtype=float)
    return damped(values, np.array([r["region_weight"] for r in rows])).tolist()


def _fragment_row(
    cell: tuple[str, str], first: Row, rows: Sequence[Mapping[str, Any]], mean: Mean | None
) -> Row:
    """Return a sample's intensity of a fragment and how it was measured."""
    row: Row = {
        "sample": cell[0],
        "fragment": cell[1],
        "group": first["group"],
        "n_regions": len(rows),
    }
    row |= {
        "mass_u": first["mass_u"],
        "exact_mass_u": first["exact_u"],
        "matched_by": first["matched_by"],
    }
    if first["mass_u"] and first["exact_u"]:
        row["mass_deviation_ppm"] = (first["mass_u"] / first["exact_u"] - 1) * 1e6
    if mean is None:
        return row | {"normalised_intensity": None}
    n = len(rows)
    sums = mean_of_regions([r["ratio_of_sums"] for r in rows], [0.0] * n)
    pixels = sum(r["n_pixels"] for r in rows)
    empty = sum(r["n_empty_pixels"] for r in rows)
    return row | {
        "normalised_intensity": mean.value,
        "normalised_intensity_sd": mean.sd,
        "empty_pixel_fraction": empty / (empty + pixels),
        "region_sd": mean.scatter,
        "poisson_sd": math.sqrt(math.fsum(r["poisson_sd"] ** 2 for r in rows)) / n,
        "ratio_of_sums": sums.value,
        "ratio_of_sums_sd": sums.sd,
    }


def _related(
    cell: tuple[str, str],
    means: Mapping[tuple[str, str], Mean],
    kept: Mapping[tuple[str, str], tuple[list[Any], Quality]],
    reference: str | None,
    quality: Quality,
) -> Row:
    """Return a fragment's ratio to the reference, with the judgement of both."""
    sample, name = cell
    notes = (
        [] if kept[cell][0] == [] or _matched(kept[cell][0][0]) else ["not in the fragment table"]
    )
    row: Row = {}
    base = (str(reference), name)
    if reference is None or not any(s == reference for s, _ in means):
        notes.append("no reference")
    elif cell not in means:
        notes.append("no usable region")
    elif sample == reference:
        row["relative"] = 1.0
        notes.append("reference")
    elif base not in means:
        notes.append("not measured in the reference")
    else:
        ratio = ratio_of_means(means[cell], means[base])
        row = {
            "relative": ratio.value,
            "relative_ci_low": ratio.low,
            "relative_ci_high": ratio.high,
        }
        notes += [ratio.note] if ratio.note else []
        own = worst([kept[base][1], *few_regions(len(kept[base][0]))])
        quality = worst([quality, of_reference(own)])
    quality = worst([quality, *few_regions(len(kept[cell][0]))])
    return row | {"note": "; ".join(notes)} | quality.columns()


def _matched(row: Mapping[str, Any]) -> bool:
    return bool(row["group"] or row["matched_by"])
