"""One job of ToF-SIMS: reduce the regions of one sample to a small table, once.

Whatever follows (matching, grouping, weighing, comparing) starts from these tables and reads no image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError, DataError
from ..readers.sims_region import Region, Window, open_region
from .fragments import Fragment, match_channels
from .reduce import Reduction, reduce_region

SMALLEST_MAP_PX = 24


def analyse(
    rows: Sequence[Mapping[str, str]],
    files: Sequence[Path],
    config: Mapping[str, Any],
    *,
    fragments: Sequence[Mapping[str, Any]],
    maps: bool = True,
) -> Analysis:
    """Reduce the regions of one sample, one after the other.

    Parameters
    ----------
    rows : sequence of dict
        Index rows: sample, region, file; optionally field_of_view_um, pixel_binning, shots_per_pixel and
        primary_ion_dose_cm2.
    files : sequence of Path
        A BIF6 or GRD file, or a folder of ASCII images, per row.
    config : dict
        `dead_time`, `shots_per_pixel`, `normalise_to`, `match_ppm`, `map_px`, `map_ions`.
    fragments : sequence of dict
        label, formula, charge, centre_u, lower_u, upper_u of the fragments that are looked for; no groups.
    maps : bool
        Keep the normalised images of the first region for the figures.

    Returns
    -------
    Analysis
        Tables `sims_regions` (a row per region and image) and `sims_acquisition` (a row per region); curves
        `maps`. A region that cannot be read is a problem; the others are reduced all the same.
    """
    windows = [Window(f["label"], f["centre_u"], f["lower_u"], f["upper_u"]) for f in fragments]
    result = Analysis()
    problems = []
    for row, file in zip(rows, files, strict=True):
        try:
            region = open_region(file, windows, row.get("format", ""))
            reduced = reduce_region(region, _reduction(row, region, config, fragments))
        except DataError as error:
            problems.append(str(error))
            continue
        where = {"sample": row["sample"], "region": row["region"]}
        facts = reduced.facts
        source = {"total_source": facts["total_source"], "n_pixels": facts["n_pixels"]}
        source["n_empty_pixels"] = facts["n_empty_pixels"]
        for image in reduced.rows:
            result.add("sims_regions", **where, **image, **source)
        result.add("sims_acquisition", **where, **_acquisition(row, file, region, facts))
        result.warnings += [*region.warnings, *reduced.warnings]
        if maps and not result.curves:
            result.curves["maps"] = _maps(row, region, config)
    result.problem = "; ".join(problems) or None
    return result


def _reduction(
    row: Mapping[str, str], region: Region, config: Mapping[str, Any],
    fragments: Sequence[Mapping[str, Any]],
) -> Reduction:  # fmt: skip
    """Turn settings and index cells into what one region needs."""
    shots = row.get("shots_per_pixel") or config["shots_per_pixel"]
    wanted = config["normalise_to"]
    numbers: tuple[int, ...] = ()
    if wanted != "total":
        table = [
            Fragment(f["label"], f["formula"], f["charge"], "", f["centre_u"]) for f in fragments
        ]
        found = {
            m.fragment.name: m.number
            for m in match_channels(channel_keys(region), table, config["match_ppm"])
        }
        if missing := [name for name in wanted if name not in found]:
            raise AnalysisError(
                region.path, "images", f"{', '.join(missing)} to normalise to", "no such image",
                "change sims.normalise_to",
            )  # fmt: skip
        numbers = tuple(found[name] for name in wanted)
    return Reduction(config["dead_time"], _whole(shots, region.path), numbers)


def channel_keys(region: Region) -> list[tuple[int, str, float | None]]:
    """Return (number, label, centre mass) of a region's images, for matching."""
    return [
        (c.number, c.label, c.mass_u if c.mass_u == c.mass_u else None) for c in region.channels
    ]


def _whole(text: Any, path: Path) -> int | None:
    if text in (None, ""):
        return None
    if not re.fullmatch(r"[1-9]\d{0,8}", str(text)):
        raise AnalysisError(path, "shots_per_pixel", "a whole number from 1", repr(text))
    return int(text)


def _number(row: Mapping[str, str], column: str, path: Path) -> float | None:
    text = row.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e30:
        raise AnalysisError(path, f"index column {column}", "a positive number", repr(text))
    return value


def _acquisition(
    row: Mapping[str, str], file: Path, region: Region, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how a region was measured, as far as its export and the index say."""
    binning = _number(row, "pixel_binning", file) or 1.0
    shots = facts["shots_per_pixel"]
    return {
        "file": row["file"],
        "format": region.format,
        "n_images": len(region.channels),
        "n_pixels_x": facts["n_pixels_x"],
        "n_pixels_y": facts["n_pixels_y"],
        "pixel_binning": binning,
        "raster_x_px": round(facts["n_pixels_x"] * binning),
        "raster_y_px": round(facts["n_pixels_y"] * binning),
        "field_of_view_um": facts["field_of_view_um"] or _number(row, "field_of_view_um", file),
        "shots_per_pixel": shots,
        "primary_ion_dose_cm2": _number(row, "primary_ion_dose_cm2", file),
        "total_source": facts["total_source"],
        "total_counts": facts["total_counts"],
        "n_empty_pixels": facts["n_empty_pixels"],
        "empty_pixel_fraction": facts["n_empty_pixels"]
        / (facts["n_pixels_x"] * facts["n_pixels_y"]),
    }


def _map_step(region: Region, map_px: int, map_ions: float) -> int:
    """Return how many pixels of a region make one of its maps, per direction: enough for size and for counts."""
    step = max(1, -(-max(region.shape) // map_px))
    if region.total is not None:
        mean = float(region.total.mean())
        while mean * step**2 < map_ions and 2 * step * SMALLEST_MAP_PX <= min(region.shape):
            step *= 2
    return step


def _maps(row: Mapping[str, str], region: Region, config: Mapping[str, Any]) -> Arrays:
    """Return the normalised images of a region, binned for printing."""
    import numpy as np

    step = _map_step(region, int(config["map_px"]), float(config["map_ions"]))
    ny, nx = (s // step for s in region.shape)

    def binned(image: np.ndarray) -> np.ndarray:
        cut = image[: ny * step, : nx * step].astype(float)
        return cut.reshape(ny, step, nx, step).sum(axis=(1, 3))

    images = [binned(image) for _, image in region.images()]
    total = binned(region.total) if region.total is not None else sum(images)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.array([np.where(total > 0, image / total, np.nan) for image in images])
    return Arrays.of(
        {
            "normalised_intensity": (
                ("image", "y", "x"), ratio.reshape(-1, ny, nx).astype(np.float32), {"units": "1"},
            ),
            "total_counts": (("y", "x"), np.asarray(total, np.float32), {"units": "counts"}),
        },
        coords={
            "number": ("image", [c.number for c in region.channels]),
            "label": ("image", np.array([c.label for c in region.channels], dtype=object)),
            "mass_u": ("image", [c.mass_u for c in region.channels], {"units": "u"}),
        },
        attrs={
            "sample": row["sample"], "region": row["region"], "pixels_per_map_pixel": step,
            "n_pixels_x": region.shape[1], "n_pixels_y": region.shape[0],
            "field_of_view_um": region.attrs.get("field_of_view_um") or float(row.get("field_of_view_um") or "nan"),
        },
    )  # fmt: skip
