"""Battery Data Format as Parquet, in and out, through pyarrow (Apache-2.0, optional)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, ReadError, quote
from .model import Export
from .typed_table import build


def read(path: Path) -> Export:
    """Read a table in Battery Data Format from a Parquet file.

    Raises
    ------
    ReadError
        Not an intact file, or not such a table.
    MissingExtraError
        pyarrow is not installed.
    """
    pyarrow, parquet = _library(path)
    try:
        table = parquet.read_table(path)
        columns = {
            field.name: table[field.name].to_numpy()
            for field in table.schema
            if pyarrow.types.is_integer(field.type) or pyarrow.types.is_floating(field.type)
        }
    except (pyarrow.ArrowException, OSError) as error:
        found = quote(str(error).split("\n")[0])
        raise ReadError(
            path, "content", "an intact Parquet file", found, "export it again"
        ) from error
    export = build(path, "Battery Data Format CSV", columns)
    return replace(export, format="Battery Data Format Parquet")


def write(export: Export, path: Path) -> None:
    """Write a cycler's record as Battery Data Format in a Parquet file.

    Parameters
    ----------
    export : Export
        Of the technique cycling.
    path : Path

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    pyarrow, parquet = _library(Path(path))
    frame = export.sets[0].to_pandas()
    frame.attrs.clear()
    table = pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    parquet.write_table(table, path)


def _library(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet", f"{path.name} (Parquet)") from error
    return pyarrow, parquet
