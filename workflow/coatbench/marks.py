"""What the study adds to an index row for the row's job, beside the index's own columns: keys that start with `#`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Which of a row's columns name a file that may not be read. Snakemake reads every input for its checksum, so such a
# file is no input; its job says what is wrong, and all other jobs go on.
UNREADABLE = "#unreadable"
# All files of a row, one a line, where Snakemake cannot be told of them: it reads braces in a name as a wildcard, and fails
# a job whose input has a time in the future. None is an input then; the job's record holds them all the same.
FILES = "#files"
UNTOLD = "untold"  # the parameter of a job that lists further such files


def may_be_read(row: Mapping[str, str], column: str) -> bool:
    """Tell whether the file that a column names may be read."""
    return column not in row.get(UNREADABLE, "").split()


def unreadable_files(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the files of index rows that may not be read, as the index names them."""
    return [row[c] for row in rows for c in row.get(UNREADABLE, "").split()]


def untold_files(params: Mapping[str, Any]) -> list[str]:
    """Return the files that a job of these parameters reads and Snakemake is not told of."""
    rows = params.get("rows") or ()
    named = [file for row in rows for file in row.get(FILES, "").splitlines()]
    return list(dict.fromkeys([*named, *params.get(UNTOLD, ())]))


def files_of_job(rows: Sequence[Mapping[str, str]], inputs: Sequence[str]) -> list[str]:
    """Return the raw files of a job: its inputs, or what its rows name."""
    named = [file for row in rows for file in row.get(FILES, "").splitlines()]
    return named or list(inputs)


def without_marks(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows as the index has them."""
    return [{k: v for k, v in row.items() if not k.startswith("#")} for row in rows]
