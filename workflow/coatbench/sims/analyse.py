"""One job of ToF-SIMS: reduce the regions of one sample to a small table, once.

Whatever follows (matching, grouping, weighing, comparing) starts from these tables and reads no image.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError, DataError
from ..readers.mask import read_mask
from ..readers.peak_list import Listed, read_peak_list
from ..readers.sims_open import open_region, read_spectrum
from ..readers.sims_region import Region, Spectrum, Window
from .calibration import MassShift, common_shift
from .fragments import Fragment
from .ions import ISOTOPOLOGUE, Ion, other_ions
from .jobs import EVENT_ENDINGS, EVENT_FORMATS
from .masses import SIGN
from .naming import Image, name_images, shift_of
from .reduce import Reduction, reduce_region
from .spectrum import Peak, find_peaks, resolution

if TYPE_CHECKING:
    from ..config_types import SimsConfig, SimsMassCalibration

SMALLEST_MAP_PX = 24
WINDOW_WIDTHS = 2.0  # half width of a window in measured peak widths (FWHM): 4.7 standard deviations of a Gaussian
LEAST_WINDOW_PPM = 40.0
LINE_U, LINE_MOST_U = 0.05, 400.0  # width and end of what is kept of a spectrum for figures
EVENTS = "events"


def analyse(
    rows: Sequence[Mapping[str, str]],
    files: Sequence[Path],
    config: SimsConfig,
    *,
    fragments: Sequence[Mapping[str, Any]],
    maps: bool = True,
) -> Analysis:
    """Reduce the regions of one sample, one after the other.

    Parameters
    ----------
    fragments : sequence of dict
        label, formula, charge, centre_u, lower_u, upper_u of the fragments that are looked for; no groups.
    maps : bool
        Keep the normalised images of the first region for the figures.

    Returns
    -------
    Analysis
        Tables `sims_regions` (a row per region and image) and `sims_acquisition` (a row per region); curves
        `maps` and, of an event list, `spectrum`. A region that cannot be read is a problem; the others are reduced all
        the same.
    """
    result = Analysis()
    problems = []
    for row, file in zip(rows, files, strict=True):
        try:
            scale, spectrum = _mass_scale(
                file, row.get("format", ""), config["mass_calibration"], fragments
            )
            listed = _listed(file, row)
            windows = (
                _listed_windows(listed, config["window_ppm"])
                if listed
                else _windows(fragments, scale)
            )
            region = open_region(file, windows, row.get("format", ""), row.get("measurement", ""))
            if config["window_ppm"] is None and (listed or not fragments):
                _check_planned(region, row["file"])
            _check_polarity(region, fragments)
            mask = None
            if row.get("mask"):
                mask = read_mask(beside(file, row, row["mask"]), region.shape)
            given = listed_names(region, listed)
            how = _reduction(row, region, config, fragments, given)
            reduced = reduce_region(region, how, mask)
        except DataError as error:
            problems.append(str(error))
            continue
        where = {"sample": row["sample"], "region": row["region"]}
        facts = reduced.facts
        source = {"total_source": facts["total_source"], "n_pixels": facts["n_pixels"]}
        source["n_empty_pixels"] = facts["n_empty_pixels"]
        for image in reduced.rows:
            listed_as = given.get(image["number"], "")
            result.add("sims_regions", **where, **image, **source, listed=listed_as)
        result.add("sims_acquisition", **where, **_acquisition(row, region, facts), **_found(scale))
        result.warnings += [*region.warnings, *reduced.warnings]
        if maps and not result.curves:
            result.curves["maps"] = _maps(row, region, config)
            result.curves |= spectrum
    result.problem = "; ".join(problems) or None
    return result


@dataclass(frozen=True)
class _Scale:
    """The mass scale of an event list: its shift, and the width of its peaks."""

    shift: MassShift
    resolution: float | None
    width_ppm: float | None


def _mass_scale(
    file: Path,
    format: str,
    calibration: SimsMassCalibration,
    fragments: Sequence[Mapping[str, Any]],
) -> tuple[_Scale | None, dict[str, Arrays]]:
    """Return what the events of a list say about its mass scale, and curves of their spectrum; nothing for images."""
    spectrum = read_spectrum(file, format)
    if spectrum is None or not fragments:
        return None, {}
    peaks = find_peaks(spectrum)
    table = _table(fragments)
    others = [o.mass_u for o in other_ions(table) if o.kind != ISOTOPOLOGUE]
    exact = [f.mass_u for f in table]
    shift = common_shift([p.mass_u for p in peaks], exact, others, calibration)
    found = resolution(peaks)
    scale = _Scale(shift, found, None if found is None else 1e6 / found)
    return scale, {"spectrum": _drawn(peaks, shift), "spectrum_line": _line(spectrum, shift)}


def _line(spectrum: Spectrum, shift: MassShift) -> Arrays:
    """Return the counts of a spectrum per `LINE_U`, on the corrected mass scale, for a figure."""
    seen = np.flatnonzero(spectrum.counts)
    seen = seen[seen > spectrum.offset]
    mass = ((seen - spectrum.offset) / spectrum.scale_factor) ** 2
    mass, counts = mass[mass < LINE_MOST_U], spectrum.counts[seen][mass < LINE_MOST_U]
    place = np.floor(mass / (1 + 1e-6 * (shift.ppm or 0.0)) / LINE_U).astype(int)
    sums = np.bincount(place, weights=counts) if place.size else np.zeros(1)
    centres = (np.arange(sums.size) + 0.5) * LINE_U
    return Arrays.of(
        {"counts": ("bin", sums, {"units": "counts"})},
        coords={"mass_u": ("bin", centres, {"units": "u"})},
    )


def _drawn(peaks: Sequence[Peak], shift: MassShift) -> Arrays:
    """Return the peaks for a figure, on the corrected mass scale."""
    ordered = sorted(peaks, key=lambda p: p.mass_u)
    return Arrays.of(
        {"counts": ("peak", [p.counts for p in ordered], {"units": "counts"})},
        coords={"mass_u": ("peak", [shift.corrected(p.mass_u) for p in ordered], {"units": "u"})},
    )


def _windows(fragments: Sequence[Mapping[str, Any]], scale: _Scale | None) -> list[Window]:
    """Return the windows of an event list on its own mass scale, no wider than its peaks need."""
    if scale is None:
        return []
    widest = math.inf
    if scale.width_ppm is not None:
        widest = 1e-6 * max(WINDOW_WIDTHS * scale.width_ppm, LEAST_WINDOW_PPM)
    found = []
    for f in fragments:
        centre = f["centre_u"]
        half = f["upper_u"] - centre
        if not f["stated_window"]:
            half = min(half, centre * widest)
        edges = (scale.shift.measured(m) for m in (centre, centre - half, centre + half))
        found.append(Window(f["label"], *edges))
    return found


def _listed(file: str | Path, row: Mapping[str, str]) -> list[Listed]:
    """Return the peaks of the analyst's own list, where the index names one."""
    return read_peak_list(beside(file, row, row["peak_list"])) if row.get("peak_list") else []


def _listed_windows(listed: Sequence[Listed], window_ppm: float | None) -> list[Window]:
    """Return the windows of a peak list, on the mass scale that it was made on; its limits, or the config's width."""
    found = []
    for peak in listed:
        half = peak.centre_u * 1e-6 * (window_ppm or 0.0)
        low = peak.lower_u if peak.lower_u == peak.lower_u else peak.centre_u - half
        high = peak.upper_u if peak.upper_u == peak.upper_u else peak.centre_u + half
        found.append(Window(peak.name, peak.centre_u, low, high))
    return found


def listed_names(region: Region, listed: Sequence[Listed]) -> dict[int, str]:
    """Return {number of an image: the name that a peak list gives it}: of the peak in its interval that is nearest to the centre."""
    found: dict[int, str] = {}
    for channel in region.channels:
        inside = [p for p in listed if channel.lower_u <= p.centre_u <= channel.upper_u]
        if inside:
            found[channel.number] = min(inside, key=lambda p: abs(p.centre_u - channel.mass_u)).name
    return found


def _found(scale: _Scale | None) -> dict[str, Any]:
    """Return what an event list's acquisition row says of its mass scale."""
    if scale is None:
        return {}
    shift = scale.shift
    return {
        "mass_source": EVENTS, "mass_shift_ppm": shift.ppm, "mass_shift_ppm_sd": shift.sd,
        "peaks_used": shift.peaks, "mass_note": shift.note, "mass_resolution": scale.resolution,
        "mass_slope_ppm": shift.slope_ppm, "mass_median_u": shift.median_u,
    }  # fmt: skip


def beside(file: str | Path, row: Mapping[str, str], name: str) -> Path:
    """Return a further file of an index row, which is relative to the folder of the index as `file` is."""
    parts = Path(file).parts
    return Path(*parts[: len(parts) - len(Path(row["file"]).parts)]) / name


def _check_planned(region: Region, name: str) -> None:
    """Refuse every ion where the plan took the export for images: it handed on no window, and all would be empty."""
    if region.format.casefold() in EVENT_FORMATS:
        raise AnalysisError(
            region.path, "file name", f"the ending of an export of every ion ({', '.join(EVENT_ENDINGS)})", repr(name),
            f"write {region.format} into its column format, or rename it",
        )  # fmt: skip


def _check_polarity(region: Region, fragments: Sequence[Mapping[str, Any]]) -> None:
    """Refuse ions of a sign that no fragment of the table has: PO2+ is not PO2-."""
    sign = region.attrs.get("polarity", 0)
    signs = {1 if f["charge"] > 0 else -1 for f in fragments}
    if sign and signs and sign not in signs:
        raise AnalysisError(
            region.path, "polarity", f"{SIGN[signs.pop()]} ions as in the fragment table",
            f"{SIGN[sign]} ions", "give a fragment table of that polarity, or the other measurement",
        )  # fmt: skip


def _table(fragments: Sequence[Mapping[str, Any]]) -> list[Fragment]:
    return [Fragment(f["label"], f["formula"], f["charge"], "", f["centre_u"]) for f in fragments]


def _reduction(
    row: Mapping[str, str], region: Region, config: SimsConfig,
    fragments: Sequence[Mapping[str, Any]], listed: Mapping[int, str],
) -> Reduction:  # fmt: skip
    """Turn settings and index cells into what one region needs."""
    shots = row.get("shots_per_pixel") or config["shots_per_pixel"]
    wanted = config["normalise_to"]
    numbers: tuple[int, ...] = ()
    if wanted != "total":
        table = _table(fragments)
        others: list[Ion] = other_ions(table)
        images = [
            Image(c.number, c.label, _known(c.mass_u), listed.get(c.number, ""))
            for c in region.channels
        ]
        shift = shift_of(images, table, others, config["mass_calibration"])
        names = name_images(images, table, others, config["match_ppm"], shift)
        found = {n.fragment.name: n.number for n in names if n.fragment is not None}
        if missing := [name for name in wanted if name not in found]:
            raise AnalysisError(
                region.path, "images", f"{', '.join(missing)} to normalise to", "no such image",
                "change sims.normalise_to",
            )  # fmt: skip
        numbers = tuple(found[name] for name in wanted)
    left_out = config["saturated_pixels"] == "leave_out"
    return Reduction(config["dead_time"], _whole(shots, region.path), numbers, left_out)


def _known(mass_u: float) -> float | None:
    return mass_u if mass_u == mass_u else None


def _whole(text: Any, path: Path) -> int | None:
    if text in (None, ""):
        return None
    if not re.fullmatch(r"[1-9]\d{0,8}", str(text)):
        raise AnalysisError(path, "shots_per_pixel", "a whole number from 1", repr(text))
    return int(text)


def _number(row: Mapping[str, str], column: str) -> float | None:
    return float(row[column]) if row.get(column) else None


def _acquisition(
    row: Mapping[str, str], region: Region, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how a region was measured, as far as its export and the index say."""
    binning = _number(row, "pixel_binning") or 1.0
    shots = facts["shots_per_pixel"]
    return {
        # As the index has it, but for the way to a folder of this machine.
        "file": region.path.name if Path(row["file"]).is_absolute() else row["file"],
        "format": region.format,
        "n_images": len(region.channels),
        "n_pixels_x": facts["n_pixels_x"],
        "n_pixels_y": facts["n_pixels_y"],
        "pixel_binning": binning,
        "raster_x_px": round(facts["n_pixels_x"] * binning),
        "raster_y_px": round(facts["n_pixels_y"] * binning),
        "field_of_view_um": facts["field_of_view_um"] or _number(row, "field_of_view_um"),
        "shots_per_pixel": shots,
        "polarity": SIGN.get(region.attrs.get("polarity", 0)),
        "primary_ion_dose_cm2": _number(row, "primary_ion_dose_cm2"),
        "total_source": facts["total_source"],
        "total_counts": facts["total_counts"],
        "n_empty_pixels": facts["n_empty_pixels"],
        "empty_pixel_fraction": facts["n_empty_pixels"]
        / (facts["n_pixels"] + facts["n_empty_pixels"]),
        "masked_pixel_fraction": facts["masked_pixel_fraction"],
        "saturated_pixel_fraction": facts["saturated_pixel_fraction"],
    }


def _map_step(region: Region, map_px: int, map_ions: float) -> int:
    """Return how many pixels of a region make one of its maps, per direction: enough for size and for counts."""
    # A map of a narrow strip keeps a pixel across it.
    step = min(max(1, -(-max(region.shape) // map_px)), *region.shape)
    if region.total is not None:
        mean = float(region.total.mean())
        while mean * step**2 < map_ions and 2 * step * SMALLEST_MAP_PX <= min(region.shape):
            step *= 2
    return step


def _maps(row: Mapping[str, str], region: Region, config: SimsConfig) -> Arrays:
    """Return the normalised images of a region, binned for printing."""
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
            "field_of_view_um": region.attrs.get("field_of_view_um") or _number(row, "field_of_view_um") or math.nan,
        },
    )  # fmt: skip
