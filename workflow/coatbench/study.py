"""The study contract: samples, indexes, their validation, and what is missing.

Only the standard library and PyYAML: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import StudyError, quote
from .index import ID, TEMPERATURE, UNREADABLE, Table, a_number, an_id, any_text, one_of, read_rows
from .techniques import TECHNIQUES

ROLES = ("uncoated", "coated", "precursor")

SAMPLES = Table(
    required={"sample": an_id, "role": one_of(*ROLES)},
    optional={
        "label": any_text,
        "annealing_temperature_degC": TEMPERATURE,
        "annealing_time_h": a_number(0),
        "atmosphere": any_text,
    },
    files=(),
    key=("sample",),
)


@dataclass(frozen=True)
class Study:
    """A validated study folder.

    Attributes
    ----------
    folder : Path
    samples : list of dict
        Rows of samples.csv in their order, all values text.
    measurements : dict of technique to list of dict
        Rows of each index in their order, all values text; absent techniques are missing keys.
    reference : str or None
        Sample that every ratio is taken to.
    """

    folder: Path
    title: str
    simulated: bool
    samples: list[dict[str, str]]
    measurements: dict[str, list[dict[str, str]]]
    reference: str | None

    def units(self, technique: str, *keys: str) -> list[tuple[str, ...]]:
        """Return the distinct values of `keys` in the index of a technique, in its order."""
        rows = self.measurements.get(technique, [])
        return list(dict.fromkeys(tuple(row[k] for k in keys) for row in rows))

    def rows(self, technique: str, **where: str) -> list[dict[str, str]]:
        """Return the index rows whose columns equal the given values."""
        if "sample" in where:  # each job asks for its own: not a walk through all rows
            rows = self._by_sample.get((technique, where["sample"]), [])
        else:
            rows = self.measurements.get(technique, [])
        return [row for row in rows if all(row[k] == v for k, v in where.items())]

    @cached_property
    def _by_sample(self) -> dict[tuple[str, str], list[dict[str, str]]]:
        found: dict[tuple[str, str], list[dict[str, str]]] = {}
        for technique, rows in self.measurements.items():
            for row in rows:
                found.setdefault((technique, row["sample"]), []).append(row)
        return found

    def files(self, technique: str, **where: str) -> list[str]:
        """Return the raw files of those rows, without empty ones, in their order."""
        columns = TECHNIQUES[technique].index.files
        return [
            (self.folder / technique / row[c]).as_posix()
            for row in self.rows(technique, **where)
            for c in columns
            if row[c] and c not in row.get(UNREADABLE, "").split()
        ]

    def gaps(self) -> list[str]:
        """Say which samples lack which techniques, one line a technique."""
        lines = []
        names = [s["sample"] for s in self.samples if s["role"] != "precursor"]
        for technique in TECHNIQUES:
            have = {row["sample"] for row in self.measurements.get(technique, [])}
            if not have:
                lines.append(f"{technique}: not measured in this study")
            elif lacking := [n for n in names if n not in have]:
                lines.append(f"{technique}: not measured for {', '.join(lacking)}")
        return lines


def load_study(
    folder: str | Path,
    reference: str | None = None,
    *,
    title: str = "",
    simulated: bool = False,
    made_on_demand: bool = False,
) -> Study:
    """Read and check samples.csv and every index.csv of a study folder.

    Parameters
    ----------
    folder : path-like
        The study folder.
    title : str
        Title of the study; default the folder's name.
    simulated : bool
        Whether the data are simulated; it is said on every figure.
    reference : str, optional
        Sample that ratios refer to; default the one sample with role `uncoated`.
    made_on_demand : bool
        The exports are simulated on first use, so they need not exist yet.

    Raises
    ------
    StudyError
        With every problem of every table, one line each: file, row, column, found, expected.
    """
    folder = Path(folder)
    problems: list[str] = []
    if not folder.is_dir():
        raise StudyError([f"{folder}: expected a study folder, found none; set study in config"])
    samples = read_rows(folder / "samples.csv", SAMPLES, problems)
    names = {row["sample"] for row in samples}
    measurements: dict[str, list[dict[str, str]]] = {}
    for technique, known in TECHNIQUES.items():
        table = known.index
        path = folder / technique / "index.csv"
        if not path.is_file():
            continue
        rows = read_rows(path, table, problems)
        for row in rows:
            if row["sample"] not in names and ID.match(row["sample"]):
                problems.append(
                    f"{path}: row {row['#']}: column sample: found {quote(row['sample'])}, "
                    "expected a sample of samples.csv"
                )
            if not made_on_demand:
                problems.extend(_missing_files(path, row, table.files))
                locked = [c for c in table.files if row[c] and not _readable(path.parent / row[c])]
                if locked:
                    row[UNREADABLE] = " ".join(locked)
        measurements[technique] = rows
    chosen = _reference(folder / "samples.csv", samples, reference, problems)
    if problems:
        raise StudyError(problems)
    for row in [*samples, *(r for rows in measurements.values() for r in rows)]:
        del row["#"]
    return Study(folder, title or folder.name, simulated, samples, measurements, chosen)


def _missing_files(path: Path, row: Mapping[str, str], columns: Iterable[str]) -> Iterable[str]:
    for column in columns:
        if row[column] and not (path.parent / row[column]).exists():
            yield (
                f"{path}: row {row['#']}: column {column}: found {quote(row[column])}, "
                f"expected a file below {path.parent}"
            )


def _readable(file: Path) -> bool:
    return not file.exists() or os.access(file, os.R_OK)


def _reference(
    path: Path, samples: list[dict[str, str]], named: str | None, problems: list[str]
) -> str | None:
    if named:
        if named not in {row["sample"] for row in samples}:
            problems.append(
                f"{path}: reference: found {quote(named)} in the config, expected a sample of this table"
            )
        return named
    uncoated = [row["sample"] for row in samples if row["role"] == "uncoated"]
    if len(uncoated) > 1:
        problems.append(
            f"{path}: column role: found {len(uncoated)} samples with role uncoated "
            f"({', '.join(uncoated)}), expected exactly one, or reference: in the config"
        )
    # No uncoated sample: nothing can be related to it, the rest is still analysed.
    return uncoated[0] if len(uncoated) == 1 else None


def number(row: Mapping[str, Any], column: str) -> float | None:
    """Return a cell of a checked table as a number, or None where it is empty."""
    text = row.get(column, "")
    return float(text) if text not in ("", None) else None
