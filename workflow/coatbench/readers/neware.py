"""Neware binary files (.nda, .ndax), through fastnda (BSD-3, optional).

fastnda gives a signed charge integral that restarts with every step. A charge that is one step of constant
current and constant voltage is split where the current leaves its plateau.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError, ReadError, quote
from . import bdf
from .model import Export

# A zip archive that declares more than this is no measurement.
MAX_UNPACKED_BYTES = 4 << 30
MAX_RATIO = 300


def read(path: Path) -> Export:
    """Read one .nda or .ndax file.

    Raises
    ------
    ReadError
        Cut, damaged, or of a version that the parser does not know.
    MissingExtraError
        fastnda is not installed.
    """
    try:
        import fastnda
    except ImportError as error:
        raise MissingExtraError("fastnda", "neware", f"{path.name} (Neware)") from error
    is_zip = _check_size(path)
    try:
        frame = fastnda.read(str(path))
        columns = {name: frame[name].to_numpy() for name in frame.columns if name != "step_type"}
        kinds = frame["step_type"].cast(str).to_list()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # polars panics are no Exceptions. Whatever breaks in the parser means damaged bytes.
        raise ReadError(
            path,
            "binary records",
            "an intact Neware file",
            quote(f"{type(error).__name__} {error}".strip()),
            "export it again",
        ) from error
    needed = (
        "total_time_s",
        "voltage_V",
        "current_mA",
        "capacity_mAh",
        "step_count",
        "cycle_count",
    )
    for name in needed:
        if name not in columns or not np.isfinite(columns[name].astype(float)).all():
            raise ReadError(
                path, f"column {name!r}", "finite numbers", "missing or not finite ones"
            )
    vendor = _vendor(fastnda, path)
    return bdf.build(
        path,
        "Neware ndax" if is_zip else "Neware nda",
        _normalise(columns, kinds),
        instrument="Neware",
        date=vendor.get("start_time", "").replace(" ", "T"),
        vendor=vendor,
        warnings=[],
        more=_more(columns),
    )


def _check_size(path: Path) -> bool:
    """Refuse archives that would unpack to far more than they hold; return whether it is an archive."""
    try:
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":
                return False
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ReadError(
            path, "archive", "an intact .ndax file", quote(str(error)), "export it again"
        ) from error
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * path.stat().st_size + (1 << 20):
        raise ReadError(path, "archive", "a measurement", f"{unpacked} bytes when unpacked")
    return True


def _normalise(columns: dict[str, Any], kinds: list[str]) -> dict[str, Any]:
    current = columns["current_mA"].astype(float) * 1e-3
    signed = columns["capacity_mAh"].astype(float) * 1e-3
    step = columns["step_count"].astype(np.int32)
    rest = np.array(
        [kind is None or "rest" in kind.lower() or "pause" in kind.lower() for kind in kinds]
    )
    by_name = np.array(
        [1 if "_Chg" in (k or "") else -1 if "_DChg" in (k or "") else 0 for k in kinds]
    )
    # Names such as CP or SIM do not tell; then the flow does. Reverse current inside a step keeps its sign.
    direction = np.where(rest, 0, np.where(by_name != 0, by_name, np.sign(current))).astype(np.int8)
    held = np.array([(k or "").startswith("CV") for k in kinds])
    mixed = np.array([(k or "").startswith("CCCV") for k in kinds])
    held = np.where(
        mixed, bdf.constant_voltage(columns["voltage_V"].astype(float), current, step), held
    )
    totals = bdf.accumulate(np.abs(signed), step, np.sign(signed).astype(np.int8))
    return {
        bdf.TIME: columns["total_time_s"].astype(float),
        bdf.VOLTAGE: columns["voltage_V"].astype(float),
        bdf.CURRENT: np.where(direction == 0, 0.0, current),
        bdf.RECORD: np.arange(1, step.size + 1, dtype=np.int32),
        bdf.CYCLE: columns["cycle_count"].astype(np.int32),
        bdf.STEP_COUNT: bdf.step_count(step, direction, held.astype(np.int8)),
        bdf.STEP_ID: columns.get("step_index", step).astype(np.int32),
        bdf.STEP_TYPE: bdf.step_types(direction, held.astype(bool)),
        bdf.NET: totals[0] - totals[1],
        bdf.CHARGING: totals[0],
        bdf.DISCHARGING: totals[1],
    }


def _more(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the clock, and the signed integral at both ends, as far as the file tells."""
    more: dict[str, Any] = {}
    signed = columns["capacity_mAh"].astype(float) * 1e-3
    if signed.size:
        more["counter_Ah"] = (float(signed[0]), float(signed[-1]))
        stamp = columns.get("unix_time_s")
        if stamp is not None and np.isfinite(stamp[0]):
            more["clock_zero_s"] = float(stamp[0]) - float(columns["total_time_s"][0])
    return more


def _vendor(fastnda: Any, path: Path) -> dict[str, str]:
    """Return the metadata as flat text; a file without is fine."""
    try:
        metadata = fastnda.read_metadata(str(path))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return {}
    return {str(k): str(v) for k, v in metadata.items() if isinstance(v, str | int | float)}
