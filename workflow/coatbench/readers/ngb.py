"""NETZSCH NGB binaries (`.ngb-ss3`, `.ngb-bs3`, `.ngb-ds3`), through the optional package pyngb.

pyngb decodes the streams; this module puts them into the data model. Since pyngb 0.5 a `.ngb-ds3` gives
its sample run, not the correction run that it also holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..errors import MissingExtraError, ReadError
from .model import Export

FORMAT = "NETZSCH NGB"
NAMES = {
    "sample_temperature": ("temperature_degC", "degC"),
    "furnace_temperature": ("furnace_temperature_degC", "degC"),
    "dsc_signal": ("dsc", "uV"),
    "mass": ("mass_change_mg", "mg"),
}
# No stream of a real file exceeds a few MB; these bounds stop archives that declare gigabytes.
MAX_STREAM_MB, MAX_ARRAY_MB = 256, 64


def read(path: Path) -> Export:
    """Read one NGB binary.

    Parameters
    ----------
    path : Path
        The export.

    Returns
    -------
    Export
        One block with dimension ``time``, as of a Proteus text: ``time_s``, ``temperature_degC``,
        ``mass_change_mg`` (the stored signal, from its tare), ``mass_mg`` and ``mass_percent`` (where
        the sample mass is given), ``dsc`` in uV, and the further channels under their own names.

    Raises
    ------
    MissingExtraError
        pyngb is not installed.
    ReadError
        The archive or one of its streams is damaged, or time and temperature are missing.
    """
    try:
        import pyngb
    except ImportError as error:
        raise MissingExtraError("pyngb", "netzsch", "Reading NETZSCH NGB binaries") from error
    limits = pyngb.ParsingConfig(max_stream_size_mb=MAX_STREAM_MB, max_array_size_mb=MAX_ARRAY_MB)
    try:
        meta, table = pyngb.read_ngb(path, return_metadata=True, limits=limits)
        meta = json.loads(json.dumps(dict(meta), default=str))
        columns = {n: np.asarray(table[n].to_numpy(), dtype=float) for n in table.column_names}
    except Exception as error:  # a third-party parser on damaged bytes may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise ReadError(path, "NGB archive", "readable streams", reason, "copy it again") from error
    for needed in ("time", "sample_temperature"):
        if needed not in columns or columns[needed].size == 0:
            raise ReadError(
                path, "NGB streams", f"a channel {needed}", ", ".join(columns) or "none"
            )
    _check(path, columns)
    sample_mass = meta.get("sample_mass")
    if not isinstance(sample_mass, (int, float)) or not 0 < sample_mass < 1e6:
        sample_mass = float("nan")  # a blank run stores -1000
    variables: dict[str, Any] = {}
    for name, values in columns.items():
        if name == "time":
            continue
        ours, unit = NAMES.get(name, (f"channel_{name}" if name[0].isdigit() else name, ""))
        variables[ours] = ("time", values, {"units": unit, "label": name})
    if "mass_change_mg" in variables and sample_mass == sample_mass:
        mass = variables["mass_change_mg"][1] + sample_mass
        variables["mass_mg"] = ("time", mass, {"units": "mg", "label": "sample_mass + mass"})
        percent = mass * (100 / sample_mass)
        variables["mass_percent"] = ("time", percent, {"units": "%", "label": "of sample_mass"})
    time = {"time_s": ("time", columns["time"], {"units": "s"})}
    attrs = {
        "instrument": f"NETZSCH {meta.get('instrument', '')}".strip(),
        "date": str(meta.get("date_performed", "")),
        "sample_mass_mg": float(sample_mass),
        "corrected": 0,  # pyngb returns the raw run; the correction stands in another file
        "exo": 0,
        "vendor": {k: v if isinstance(v, str) else json.dumps(v) for k, v in sorted(meta.items())},
    }
    return Export(path, FORMAT, "tga_ms", [Arrays.of(variables, time, attrs)])


def _check(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Refuse channels of different length, and times or temperatures that no furnace has."""
    time, temperature = columns["time"], columns["sample_temperature"]
    if len({column.size for column in columns.values()}) != 1:
        raise ReadError(path, "NGB streams", "channels of one length", "several lengths")
    if not np.isfinite(time).all() or (np.diff(time) < 0).any():
        raise ReadError(path, "channel time", "finite times that run forwards", "others")
    if not np.isfinite(temperature).all() or (np.abs(temperature) > 5000).any():
        raise ReadError(
            path, "channel sample_temperature", "temperatures below 5000 degC", "others"
        )
