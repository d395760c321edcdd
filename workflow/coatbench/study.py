"""The study contract: samples, indexes, their validation, and what is missing.

Only the standard library and PyYAML: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import StudyError, quote

ID = re.compile(r"[A-Za-z0-9_.-]+\Z")
ROLES = ("uncoated", "coated", "precursor")
TECHNIQUES = ("xps", "tga_ms", "leis", "cycling", "sims", "stem")

Check = Callable[[str], str | None]  # returns what was expected, or None when the cell is good


def _id(text: str) -> str | None:
    return None if ID.match(text) else "letters, digits, _ . - only"


def _number(low: float = -math.inf, high: float = math.inf, *, above: bool = False) -> Check:
    def check(text: str) -> str | None:
        try:
            value = float(text)
        except ValueError:
            return "a number with decimal point"
        if not math.isfinite(value):
            return "a finite number"
        if value < low or value > high or (above and value == low):
            return f"a number {'above' if above else 'from'} {low:g} to {high:g}"
        return None

    return check


def one_of(*names: str) -> Check:
    """Return the check that a cell is one of these names."""
    return lambda text: None if text in names else "one of " + ", ".join(names)


def any_text(text: str) -> str | None:
    """Accept every cell."""
    return None


_TEMPERATURE = _number(-273.15, 3000)
_POSITIVE = _number(0, math.inf, above=True)


# Beside an index row's own columns: which of its files may not be read. Snakemake reads every input for its
# checksum, so such a file is no input; its job says what is wrong, and all other jobs go on.
UNREADABLE = "#unreadable"


@dataclass(frozen=True)
class Table:
    """What an index must and may hold."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    files: tuple[str, ...] = ("file",)
    key: tuple[str, ...] = ("sample", "file")  # no two rows share it


SAMPLES = Table(
    required={"sample": _id, "role": one_of(*ROLES)},
    optional={
        "label": any_text,
        "annealing_temperature_degC": _TEMPERATURE,
        "annealing_time_h": _number(0),
        "atmosphere": any_text,
    },
    files=(),
    key=("sample",),
)

INDEXES: dict[str, Table] = {
    "xps": Table(
        {"sample": _id, "file": any_text},
        {"spot": _id, "sample_in_file": any_text, "level": _number()},
        key=("sample", "file", "sample_in_file", "level"),
    ),
    "tga_ms": Table(
        {"run": _id, "sample": _id, "tga_file": any_text},
        {"ms_file": any_text, "blank_file": any_text, "ms_lag_s": _number()},
        files=("tga_file", "ms_file", "blank_file"),
        key=("run",),
    ),
    "leis": Table(
        {"sample": _id, "file": any_text, "heating_temperature_degC": _TEMPERATURE},
        {"dose_nC": _POSITIVE, "intensity": one_of("counts", "counts_per_nC")},
    ),
    "cycling": Table(
        {
            "sample": _id,
            "cell": _id,
            "file": any_text,
            "protocol": one_of("short", "long"),
            "composite_mass_mg": _POSITIVE,
            "cam_mass_fraction": _number(0, 1, above=True),
        },
        {
            "part": _number(),
            "nominal_capacity_mAh_g": _POSITIVE,
            "area_cm2": _POSITIVE,
            "potential": one_of("working", "counter", "cell"),
            "leave_out_cycles": any_text,
        },
        key=("sample", "cell", "protocol", "file"),
    ),
    "sims": Table(
        {"sample": _id, "region": _id, "file": any_text},
        {
            "field_of_view_um": _POSITIVE,
            "pixel_binning": _POSITIVE,
            "shots_per_pixel": _POSITIVE,
            "primary_ion_dose_cm2": _POSITIVE,
            "measurement": any_text,
            "mask": any_text,
            "peak_list": any_text,
        },
        key=("sample", "region"),
    ),
    "stem": Table(
        {"sample": _id, "file": any_text, "kind": one_of("laadf", "edx")},
        {"field": _id, "element": any_text, "pixel_size_nm": _POSITIVE},
    ),
}


# What every index may have besides: a format that wins over recognition, and why a row is not analysed.
for _table in INDEXES.values():
    _table.optional.update(format=any_text, exclude=any_text)  # type: ignore[attr-defined]


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
        columns = INDEXES[technique].files
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
    for technique, table in INDEXES.items():
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


def read_rows(path: Path, table: Table, problems: list[str]) -> list[dict[str, str]]:
    """Return the rows of one table, and add its problems to `problems`, one line each.

    The row's number in the file stands in the key `#`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.append(f"{path}: expected a table, found {error.strerror}")
        return []
    except UnicodeDecodeError as error:
        problems.append(
            f"{path}: byte {error.start}: expected UTF-8 text, found {quote(error.object[error.start : error.end])}"
        )
        return []
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        problems.append(f"{path}: expected a header line, found an empty table")
        return []
    header = [cell.strip() for cell in next(csv.reader([lines[0][1]]))]
    found = len(problems)
    for column in table.required:
        if column not in header:
            problems.append(
                f"{path}: row {lines[0][0]}: expected a column {column}, found {', '.join(header)[:200]}"
            )
    for column in sorted({c for c in header if c and header.count(c) > 1}):
        problems.append(f"{path}: row {lines[0][0]}: column {column}: found twice, expected once")
    if len(problems) > found:
        return []
    rows = []
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) > len(header) and any(cells[len(header) :]):
            problems.append(
                f"{path}: row {number}: found {len(cells)} cells, expected {len(header)}"
            )
            continue
        row = dict(zip(header, cells + [""] * len(header), strict=False))
        row |= {c: "" for c in table.optional if c not in row}
        row["#"] = str(number)
        problems.extend(_cell_problems(path, row, table))
        rows.append(row)
    problems.extend(_repeated(path, rows, table))
    return rows


def _cell_problems(path: Path, row: Mapping[str, str], table: Table) -> Iterable[str]:
    for column, check in (table.required | table.optional).items():  # type: ignore[operator]
        text = row[column]
        if not text:
            if column in table.required:
                yield f"{path}: row {row['#']}: column {column}: found an empty cell, expected a value"
        elif expected := check(text):
            yield f"{path}: row {row['#']}: column {column}: found {quote(text)}, expected {expected}"


def _repeated(path: Path, rows: list[dict[str, str]], table: Table) -> Iterable[str]:
    key = table.key
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        value = tuple(row[k] for k in key)
        if value in seen and all(row[k] for k in key if k in table.required):
            yield (
                f"{path}: row {row['#']}: column {'+'.join(key)}: found {quote(' '.join(value))} "
                f"again (first in row {seen[value]}), expected each once"
            )
        seen.setdefault(value, row["#"])


def _missing_files(path: Path, row: Mapping[str, str], columns: Iterable[str]) -> Iterable[str]:
    for column in columns:
        if row[column] and not (path.parent / row[column]).exists():
            yield (
                f"{path}: row {row['#']}: column {column}: found {quote(row[column])}, "
                f"expected a file below {path.parent}"
            )


def _readable(file: Path) -> bool:
    return not file.exists() or os.access(file, os.R_OK)


def unreadable_files(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the files of index rows that may not be read, as the index names them."""
    return [row[c] for row in rows for c in row.get(UNREADABLE, "").split()]


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
