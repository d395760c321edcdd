"""What one job of one technique hands on: rows of tables, curves, warnings.

Each technique has ``analyse(rows, files, config) -> Analysis``: the rows of its index that are one job's, text as in the
file, their exports in the same order, and what the job's rule names of its section of the config; and ``collect(tables,
samples, config, ...)``, which returns its final tables of the rows of all jobs, in the order of samples.csv.

On disk this is a pair: `<unit>.json` (rows, warnings and, where the measurement could not be analysed,
the one-line problem) and `<unit>.nc` (one netCDF group per curve set). Collecting steps and figures read
these and nothing else. (`curves.py` writes and reads the curves.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .arrays import Arrays


@dataclass
class Analysis:
    """Result of one job.

    Attributes
    ----------
    tables : dict of table name to list of rows (dicts); None or NaN is an empty cell.
    curves : dict of group name to Arrays.
    warnings : list of str, one line each.
    problem : str or None
        Why the measurement could not be analysed; then there are no rows and no curves.
    inputs : dict of path to checksum
        What was analysed (`checksums.py`).
    made_with : dict of name to version
        Digest of the code, versions of the libraries (`software.py`).
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    curves: dict[str, Arrays] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problem: str | None = None
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    made_with: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """Append one row to a table."""
        self.tables.setdefault(table, []).append(row)


def _plain(value: Any) -> Any:
    """Turn numpy scalars into Python's and non-finite numbers into None (an empty cell)."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def save_rows(analysis: Analysis, path: str | Path) -> None:
    """Write the rows of a job as JSON, the same bytes for the same rows."""
    document = {
        "problem": analysis.problem,
        "warnings": analysis.warnings,
        "inputs": analysis.inputs,
        "made_with": analysis.made_with,
        "tables": {
            name: [{k: _plain(v) for k, v in row.items()} for row in rows]
            for name, rows in analysis.tables.items()
        },
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, text + "\n")


def load_rows(path: str | Path) -> Analysis:
    """Read what `save_rows` wrote."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    return Analysis(
        tables=document["tables"],
        warnings=document["warnings"],
        problem=document["problem"],
        inputs=document["inputs"],
        made_with=document["made_with"],
    )


def gather(paths: Iterable[str | Path]) -> dict[str, list[dict[str, Any]]]:
    """Join the rows of many jobs, table by table, in the order of `paths`."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        for name, rows in load_rows(path).tables.items():
            tables.setdefault(name, []).extend(rows)
    return tables


def write_atomically(path: str | Path, text: str) -> None:
    """Write text so that the path either holds all of it or what was there before."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
