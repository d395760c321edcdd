"""BioLogic binary files (.mpr), through galvani (datalab-org-galvani, GPL-3.0, optional)."""

from __future__ import annotations

import warnings as python_warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError, ReadError, quote
from . import bdf, eclab
from .model import Export

# Offset in the settings module and kind of nothing are used: masses stand in the study's index.
FLAG_MODE = 3


def read(path: Path) -> Export:
    """Read one .mpr file.

    Raises
    ------
    ReadError
        Cut, damaged, or of a version that the parser does not know.
    MissingExtraError
        galvani is not installed.
    """
    try:
        from galvani import BioLogic
    except ImportError as error:
        raise MissingExtraError("datalab-org-galvani", "biologic", f"{path.name} (.mpr)") from error
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always")
        try:
            with path.open("rb") as stream:
                file = BioLogic.MPRfile(stream)
        except OSError as error:
            found = error.strerror or "an error"
            raise ReadError(path, "file", "a readable file", found) from error
        except Exception as error:
            # The parser asserts the layout; whatever breaks in it means that the bytes are not as they should be.
            found = quote(f"{type(error).__name__} {error}".strip())
            raise ReadError(
                path, "binary records", "an intact .mpr file", found, "export it again"
            ) from error
    data = file.data
    names = list(data.dtype.names or ())
    columns: dict[str, Any] = {}
    for name in names:
        if name in eclab.FLOATS:
            columns[name] = np.asarray(data[name], dtype=float)
        elif name in eclab.WHOLES:
            columns[name] = np.asarray(data[name])
    if "flags" in names:
        columns["mode"] = np.asarray(data["flags"]) & FLAG_MODE
    for name in eclab.FLOATS:
        if name in columns and not np.isfinite(columns[name]).all():
            at = int(np.flatnonzero(~np.isfinite(columns[name]))[0])
            raise ReadError(
                path, f"record {at + 1}, column {name!r}", "a finite number", "nan or inf"
            )
    normal = eclab.normalise(path, columns)
    warnings = normal.warnings
    if unknown := [n for n in names if n.startswith("unknown")]:
        warnings.append(f"columns of unknown kind, order of their bytes is a guess: {unknown}")
    warnings += sorted({f"{w.message}" for w in caught})
    moment = getattr(file, "timestamp", None)
    date = moment or getattr(file, "startdate", None)
    return bdf.build(
        path,
        "EC-Lab binary",
        normal.table,
        instrument="BioLogic",
        date=date.isoformat() if date else "",
        vendor={"data module version": str(getattr(file, "version", ""))},
        warnings=warnings,
        more=normal.more | bdf.clock(moment),
    )
