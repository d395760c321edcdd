"""Whether a region can be trusted: its mass scale, copies of another region, and regions unlike the others of their sample.

Judged before anything is averaged, from the small tables. A judgement stands in every row of its region.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quality import Quality, doubtful, plausible, quality_of, unusable, worst
from .calibration import MassShift

if TYPE_CHECKING:
    from ..config_types import LimitsConfig

Row = dict[str, Any]
Region = tuple[str, str]  # sample, region

MAD_TO_SD = 1.4826
LEAST_SCATTER = (
    0.05  # of the logarithm: regions that agree better than this are not unlike each other
)
# Share of saturated pixels; corrected ones lack 1 to 2 % of their ions at this share of them, with 5 to 60 shots.
MOST_SATURATED, MOST_SATURATED_CORRECTED = 0.01, 0.1
MOST_OF_TOTAL = 1.02  # peaks do not overlap by more
LEAST_EXPECTED = 30.0  # counts; an image of zeros that should hold more is doubted
EVENTS, IMAGE_ZERO = "events", "image 0"


def of_region(row: Mapping[str, Any]) -> Region:
    """Return which region a row is about."""
    return str(row["sample"]), str(row["region"])


def by_region(rows: Sequence[Row]) -> dict[Region, list[Row]]:
    """Return the rows of each region, in their order."""
    found: dict[Region, list[Row]] = {}
    for row in rows:
        found.setdefault(of_region(row), []).append(row)
    return found


def judged_shift(shift: MassShift, limits: LimitsConfig) -> Quality:
    """Judge a mass scale: uncertain ones name nothing, unchecked ones are doubtful, far ones as the config says."""
    if shift.ppm is None:
        advice = "calibrate and export again, or name the intervals in a peak_list"
        certain = "not certain" not in shift.note
        return doubtful(shift.note) if certain else unusable(f"{shift.note} ({advice})")
    found = plausible(shift.ppm, "common mass shift in ppm (corrected)", limits)
    if found.level == "unusable":
        return unusable(f"common mass shift of {shift.ppm:.0f} ppm: too far to be corrected")
    return worst([found, doubtful(shift.note)]) if shift.note else found


def judge(rows: Sequence[Row], reference: str | None, outlier_sd: float) -> list[Row]:
    """Return the rows of all regions with `quality`, `quality_note`, `region_weight` and `deviation_sd`.

    Parameters
    ----------
    rows : sequence of dict
        One per region and image, named, with the judgement of the mass scale and of the name.
    reference : str or None
    outlier_sd : float
        Standard deviations between regions beyond which a region is unlike the others.
    """
    regions = by_region(rows)
    found: dict[Region, list[Quality]] = {key: [] for key in regions}
    for judgement in (_copies(regions), _other_totals(regions, reference), _beyond_total(regions)):
        for key, quality in judgement.items():
            found[key].append(quality)
    absent = _without_counts(rows, reference)
    again = _one_image_twice(regions)
    usable = {
        key: [r for r in own if quality_of(r).usable]
        for key, own in regions.items()
        if all(q.usable for q in found[key])
    }
    unlike = _unlike({k: own for k, own in usable.items() if own}, outlier_sd)
    judged = []
    for row in rows:
        key = of_region(row)
        deviation, weight, quality = unlike.get(key, (None, 1.0, Quality()))
        note = absent.get((*key, row["fragment"]))
        own = [doubtful(note)] if note else []
        own += [again[*key, row["number"]]] if (*key, row["number"]) in again else []
        whole = worst([quality_of(row), *found[key], quality, *own])
        judged.append(row | {"region_weight": weight, "deviation_sd": deviation} | whole.columns())
    return judged


def _copies(regions: Mapping[Region, list[Row]]) -> dict[Region, Quality]:
    """Find regions that hold the very counts of another: the file was listed twice, or copied."""
    seen: dict[tuple[Any, ...], list[Region]] = {}
    for key, own in regions.items():
        sums = tuple((r["sum_counts"], r["pixel_sd"], r["normalised_intensity"]) for r in own)
        if any(s[0] for s in sums):
            seen.setdefault(sums, []).append(key)
    found: dict[Region, Quality] = {}
    for first, *others in (keys for keys in seen.values() if len(keys) > 1):
        for key in others:
            if key[0] == first[0]:
                found[key] = unusable(f"the counts of region {first[1]} again")
        samples = dict.fromkeys(k[0] for k in (first, *others))
        if len(samples) > 1:  # which sample it is of, nobody knows
            for key in (first, *others):
                shown = [*samples][:3] + ([f"{len(samples) - 3} more"] if len(samples) > 3 else [])
                note = f"the same counts in samples {' and '.join(shown)}"
                found[key] = worst([found.get(key, Quality()), doubtful(note)])
    return found


def _one_image_twice(regions: Mapping[Region, list[Row]]) -> dict[tuple[Any, ...], Quality]:
    """Find images of a region that hold the very counts of another one: which of the two ions they show, nobody knows."""
    found: dict[tuple[Any, ...], Quality] = {}
    for key, own in regions.items():
        seen: dict[tuple[Any, ...], list[Row]] = {}
        for r in own:
            if r["sum_counts"] >= LEAST_EXPECTED:
                same = (
                    r["sum_counts"],
                    r["largest_count"],
                    r["pixel_sd"],
                    r["normalised_intensity"],
                )
                seen.setdefault(same, []).append(r)
        for several in (rows for rows in seen.values() if len(rows) > 1):
            names = " and ".join(f"{r['number']} ({r['fragment']})" for r in several)
            told = unusable(f"images {names} hold the same counts: one of them was exported twice")
            found |= {(*key, r["number"]): told for r in several}
    return found


def _beyond_total(regions: Mapping[Region, list[Row]]) -> dict[Region, Quality]:
    """Find regions whose fragments hold more ions than the total: it is another image, or each image was scaled by itself."""
    found = {}
    for key, own in regions.items():
        share = math.fsum(r["ratio_of_sums"] for r in own if r["group"])
        if own[0]["total_source"] in (IMAGE_ZERO, EVENTS) and share > MOST_OF_TOTAL:
            found[key] = unusable(
                f"the fragments hold {share:.0%} of the total's ions: image 0 is not the total, or images were scaled before the "
                "export (counts are needed)"
            )
    return found


def saturated_regions(
    acquisition: Sequence[Row], treatment: str, dead_time: str = "none"
) -> dict[Region, Quality]:
    """Doubt regions of which many pixels are saturated and kept; of pixels that are corrected for dead time, far more may be."""
    if treatment != "keep":
        return {}
    most, instead = MOST_SATURATED, "sims.dead_time: harmonic, or saturated_pixels: leave_out"
    if dead_time != "none":
        most, instead = MOST_SATURATED_CORRECTED, "sims.saturated_pixels: leave_out"
    shares = {of_region(r): r.get("saturated_pixel_fraction") or 0.0 for r in acquisition}
    return {
        key: doubtful(
            f"{share:.0%} of the pixels have an image with as many counts as shots: it counts too few ({instead})"
        )
        for key, share in shares.items()
        if share > most
    }


def _without_counts(rows: Sequence[Row], reference: str | None) -> dict[tuple[str, str, str], str]:
    """Find images of zeros where the reference's share of the ions would give many: a measured 0, or an export that failed."""
    base: dict[str, list[float]] = {}
    for row in rows:
        if row["sample"] == reference and quality_of(row).usable:
            base.setdefault(row["fragment"], []).append(row["ratio_of_sums"])
    all_ions = {
        of_region(r): r["sum_counts"] / r["ratio_of_sums"] for r in rows if r["ratio_of_sums"]
    }
    found = {}
    for row in rows:
        key = of_region(row)
        if row["sum_counts"] == 0 and row["group"] and key in all_ions and row["fragment"] in base:
            expected = float(np.mean(base[row["fragment"]])) * all_ions[key]
            if expected > LEAST_EXPECTED:
                found[*key, row["fragment"]] = (
                    f"{row['fragment']}: no counts, where the reference's share gives {expected:.0f}: was it exported?"
                )
    return found


def _other_totals(
    regions: Mapping[Region, list[Row]], reference: str | None
) -> dict[Region, Quality]:
    """Find regions whose total is of another kind than the reference's (without one: than the others'): they are not comparable."""
    sources = {key: own[0]["total_source"] for key, own in regions.items()}
    kinds = {k: "total" if s in (IMAGE_ZERO, EVENTS) else s for k, s in sources.items()}
    if not kinds:
        return {}
    counted = Counter(kinds[k] for k in regions if k[0] == reference) or Counter(kinds.values())
    # Most regions decide; between equals the true total.
    kind = max(sorted(counted), key=lambda k: (counted[k], k == "total"))
    return {
        key: unusable(f"normalised to {sources[key]}, the others to {kind}")
        for key in regions
        if kinds[key] != kind
    }


def _unlike(
    regions: Mapping[Region, Sequence[Row]], outlier_sd: float
) -> dict[Region, tuple[float, float, Quality]]:
    """Find regions unlike the others of their sample: {region: (deviation in sd, weight, judgement)}.

    The measure is the median over a group's fragments of ln(intensity / median over the sample's regions), in units of its
    scatter between regions (median absolute deviation over all samples), and of the groups the largest.
    """
    samples: dict[str, list[Region]] = {}
    for key in regions:
        samples.setdefault(key[0], []).append(key)
    logs: dict[Region, dict[str, float]] = {}
    floors: dict[Region, dict[str, float]] = {}
    for keys in samples.values():
        if len(keys) > 1:
            for key, groups in _deviations(keys, regions).items():
                logs[key] = {g: d for g, (d, _) in groups.items()}
                floors[key] = {g: f for g, (_, f) in groups.items()}
    scatter: dict[str, float] = {}
    for group in {g for own in logs.values() for g in own}:
        # The region that is itself the median says nothing about the scatter. What counting explains is taken off: a sample of
        # few counts does not hide the dust in another.
        size = [
            math.sqrt(max(own[group] ** 2 - floors[k][group] ** 2, 0.0))
            * math.sqrt(len(samples[k[0]]) / (len(samples[k[0]]) - 1))
            for k, own in logs.items()
            if own.get(group)
        ]
        scatter[group] = MAD_TO_SD * float(np.median(size)) if size else 0.0
    # A scatter from few regions may be small by chance: none counts as smaller than the groups' median.
    usual = float(np.median(list(scatter.values()))) if scatter else 0.0
    found: dict[Region, tuple[float, float, Quality]] = {}
    for key, own in logs.items():
        measured = {
            g: abs(d)
            / math.hypot(max(scatter[g], usual, LEAST_SCATTER), floors[key][g])
            / _tail(len(samples[key[0]]))
            for g, d in own.items()
        }
        most = max(measured.values(), default=0.0)
        found[key] = (most, 1.0, Quality())
        if most > outlier_sd:
            far = sorted(
                (g for g in measured if measured[g] > outlier_sd), key=lambda g: -abs(own[g])
            )
            parts = [f"{g} {math.exp(own[g]):.2g} times" for g in far]
            note = (
                f"unlike the sample's other regions: {', '.join(parts)} their median "
                f"({most:.0f} standard deviations between regions)"
            )
            found[key] = (most, (outlier_sd / most) ** 4, doubtful(note))
    for keys in samples.values():
        odd = [k for k in keys if k in found and found[k][1] < 1]
        if 2 * len(odd) >= len(keys):  # nobody knows which are the odd ones
            for key in odd:
                found[key] = (found[key][0], 1.0, found[key][2])
    return found


def _tail(n: int) -> float:
    """Return by how much distances from the median of n spread more widely than the regions themselves.

    Two regions share one difference; of a few, the extremes lie far out (without this, 1 % of ordinary regions of
    samples with three to five regions would be beyond 5).
    """
    return 0.5**0.5 if n == 2 else 1 + 2 / n


def _deviations(
    keys: Sequence[Region], regions: Mapping[Region, Sequence[Row]]
) -> dict[Region, dict[str, tuple[float, float]]]:
    """Return per region and group: median log ratio to the sample's median, and its counting uncertainty."""
    values: dict[tuple[str, str], dict[Region, tuple[float, float]]] = {}
    for key in keys:
        for row in regions[key]:
            value = row["normalised_intensity"]
            if row["group"] and value > 0:
                counting = (row["poisson_sd"] or 0.0) / value
                values.setdefault((row["group"], row["fragment"]), {})[key] = (value, counting)
    found: dict[Region, dict[str, list[tuple[float, float]]]] = {}
    for (group, _), own in values.items():
        if len(own) < len(keys):
            continue
        middle = math.exp(float(np.median([math.log(v) for v, _ in own.values()])))
        for key, (value, counting) in own.items():
            found.setdefault(key, {}).setdefault(group, []).append(
                (math.log(value / middle), counting)
            )
    return {
        key: {
            group: (float(np.median([d for d, _ in own])), float(np.median([c for _, c in own])))
            for group, own in groups.items()
        }
        for key, groups in found.items()
    }


def damped(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Draw regions of less weight towards the median of all: median * (value / median) ^ weight.

    A robust estimator on the scale on which regions scatter (logarithmic): a region beyond k standard deviations, of
    weight (k / deviation)^4, moves the mean the less the farther it is off.

    Parameters
    ----------
    values : numpy.ndarray
        (region,) or (region, fragment), not negative.
    weights : numpy.ndarray
        (region,)

    Examples
    --------
    >>> damped(np.array([1.0, 1.0, 8.0]), np.array([1.0, 1.0, 0.0])).tolist()
    [1.0, 1.0, 1.0]
    """
    middle = np.median(values, axis=0)
    power = weights.reshape(-1, *[1] * (values.ndim - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = middle * (values / middle) ** power
    return np.where(np.isfinite(drawn), drawn, values)
