"""Plain cycler tables that come as typed columns (Parquet, a database) and not as text.

The columns are those of the description of the same table as CSV, so that labels and units are told in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ReadError
from . import bdf, plain_cycling
from .assemble import DescribedFile
from .description import shipped
from .model import Export
from .table_columns import match_columns
from .table_rows import Part, Place
from .table_walk import Tables
from .units import converted


class _Records(Place):
    """A typed table has records, not lines."""

    def where(self, line: int) -> str:
        return f"record {line}"


def build(
    path: Path,
    name: str,
    columns: Mapping[str, npt.NDArray[Any]],
    started: datetime | None = None,
) -> Export:
    """Make the common table of columns by label.

    Parameters
    ----------
    path : Path
    name : str
        Format of the same table as text, whose description tells labels and units.
    columns : mapping of label to (n,) array
    started : datetime, optional
        When the test time was zero.

    Raises
    ------
    ReadError
        No records, or no time, voltage or current.
    """
    description = next(d for d in shipped("cycling") if d.name == name)
    labels = list(columns)
    found, unread = match_columns(description, labels, [])
    values = []
    for one in found:
        column = np.asarray(columns[one.label], float)
        values.append(column if one.change is None else converted(column, one.change))
    size = len(next(iter(columns.values()))) if columns else 0
    part = Part(found, values, np.arange(1, size + 1))
    tables = Tables(path, [part], place=_Records(path))
    tables.warnings += [
        f"{path.name}: column {label!r} is not read: its unit {unit!r} is not known"
        for label, unit in unread
    ]
    if size == 0:
        raise ReadError(path, "content", "records", "a table without any", "export it again")
    lacking = [q for q in ("time_s", "voltage_V", "current_A") if part.of(q) is None]
    if lacking:
        raise ReadError(
            path, "columns", f"columns for {', '.join(lacking)}", ", ".join(labels)[:120],
            "give them labels of Battery Data Format (Test Time / s, Voltage / V, Current / A), or save it as CSV",
        )  # fmt: skip
    export = plain_cycling.build(DescribedFile(path, description, tables))
    if started is not None:
        export.sets[0].attrs.update(bdf.clock(started), date=started.isoformat(timespec="seconds"))
    return export
