"""What the study adds to an index row for the row's job, beside the index's own columns: keys that start with `#`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

# Which of a row's columns name a file that may not be read. Snakemake reads every input for its checksum, so such a
# file is no input; its job says what is wrong, and all other jobs go on.
UNREADABLE = "#unreadable"
# All files of a row, one a line, where Snakemake would read braces in one of their names as a wildcard: none is an
# input then, and their content stands in the row (CONTENT), so that a replaced file reruns its job.
FILES, CONTENT = "#files", "#content"


def unreadable_files(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the files of index rows that may not be read, as the index names them."""
    return [row[c] for row in rows for c in row.get(UNREADABLE, "").split()]


def files_of_job(rows: Sequence[Mapping[str, str]], inputs: Sequence[str]) -> list[str]:
    """Return the raw files of a job: its inputs, or what its rows name."""
    named = [file for row in rows for file in row.get(FILES, "").splitlines()]
    return named or list(inputs)


def without_marks(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows as the index has them."""
    return [{k: v for k, v in row.items() if not k.startswith("#")} for row in rows]
