"""What the jobs of ToF-SIMS are, worked out while the workflow is parsed. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .fragments import DEFAULT_TABLE, Fragment, windows

if TYPE_CHECKING:
    from ..config_types import SimsConfig

ALL = "all"
EVENT_FORMATS = ("grd", "simsh5", "sims-h5", "imzml")
EVENT_ENDINGS = (".grd", ".h5", ".hdf5", ".imzml")
STREAMED_IMAGES_MB = 64  # 60 images of 512 x 512 pixels
REDUCE_KEYS = (
    "dead_time",
    "shots_per_pixel",
    "saturated_pixels",
    "normalise_to",
    "map_px",
    "map_ions",
)
COMPARE_KEYS = (
    "match_ppm", "mass_calibration", "plausible", "mass_resolution", "region_outlier_sd", "main_groups", "headline_weighting", "bootstrap_repetitions",
    "bootstrap_seed", "saturated_pixels", "dead_time",
)  # fmt: skip


def table_path(study: str | Path, own: str) -> Path:
    """Return the fragment table that counts: the study's own, else the default one."""
    return Path(study) / own if own else DEFAULT_TABLE


def blocks(n_regions: int, regions_per_job: int) -> list[str]:
    """Return the names of a sample's jobs: `all`, or `part1`, `part2`, ... of so many regions."""
    if regions_per_job == 0 or n_regions <= regions_per_job:
        return [ALL]
    return [f"part{i + 1}" for i in range(-(-n_regions // regions_per_job))]


def block_rows(
    rows: Sequence[Mapping[str, str]], block: str, regions_per_job: int
) -> list[Mapping[str, str]]:
    """Return the index rows of one job."""
    if block == ALL:
        return list(rows)
    first = (int(block.removeprefix("part")) - 1) * regions_per_job
    return list(rows[first : first + regions_per_job])


def parts(path: str | Path) -> list[str]:
    """Return the files behind an index entry: those of a folder, and what stands beside an export of events."""
    path = Path(path)
    if path.is_dir():
        return sorted(p.as_posix() for p in path.iterdir() if p.is_file())
    # By what each reader looks for, whatever the export is called: its content, or the index, says which reader that is.
    stem = path.name.removesuffix(".grd").removesuffix(".itm")
    beside = [path.with_suffix(end) for end in (".ibd", ".IBD", ".Ibd")]
    beside += [path.parent / f"{stem}{infix}.properties.txt" for infix in ("", ".itm")]
    return [p.as_posix() for p in beside if p.is_file() and p != path]


def has_events(row: Mapping[str, str]) -> bool:
    """Whether an index row names an export of every ion, which is binned into windows."""
    stated = row.get("format", "").casefold()
    return stated in EVENT_FORMATS or (not stated and row["file"].lower().endswith(EVENT_ENDINGS))


def reduce_config(rows: Sequence[Mapping[str, str]], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a reduction depends on; all others may change without one."""
    kept = {k: config[k] for k in REDUCE_KEYS}
    events = any(map(has_events, rows))
    named = config["normalise_to"] != "total"
    return kept | {
        "match_ppm": config["match_ppm"] if named else None,
        "mass_calibration": config["mass_calibration"] if named or events else None,
        "window_ppm": config["window_ppm"] if events else None,
    }


def compare_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that naming, grouping and comparing depend on."""
    return {k: config[k] for k in COMPARE_KEYS}


def reduce_fragments(
    rows: Sequence[Mapping[str, str]], fragments: Sequence[Fragment], config: SimsConfig
) -> list[dict[str, Any]]:
    """Return the fragments that a reduction depends on, without their groups.

    Images have their own intervals: only event lists, a normalisation to named fragments, and a peak list need the
    table.
    """
    needed = config["normalise_to"] != "total" or any(map(has_events, rows))
    return windows(fragments, config["window_ppm"]) if needed else []


def memory_mb(size_mb: float, rows: Sequence[Mapping[str, str]], attempt: int) -> int:
    """Return the memory that a job asks for: the libraries, and a few copies of one region's images.

    Event lists stream, so that their images need what the raster needs, whatever the size of the file.
    """
    streamed = bool(rows) and all(map(has_events, rows))
    image_mb = STREAMED_IMAGES_MB if streamed else size_mb / max(1, len(rows))
    return attempt * int(600 + 6 * image_mb)


def runtime_min(size_mb: float, attempt: int) -> int:
    """Return the time in minutes that a job asks for, at 10 MB/s of a busy file system."""
    return attempt * int(5 + size_mb / 600)
