"""The study contract: samples, indexes, their validation, and what is missing.

Only the standard library and PyYAML: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .cell_checks import TEMPERATURE, a_number, an_id, any_text, one_of
from .errors import StudyError, quote
from .index import BROKEN, Table, read_rows
from .marks import FILES, UNREADABLE, may_be_read
from .spelling import kelvin_for_celsius, meant, plain
from .study_doubts import (
    Names,
    contradictions,
    labels_that_differ,
    levels_alike,
    made_by_spreadsheets,
    named_after_others,
    unknown_choices,
    without_reference,
)
from .study_files import copies, file_problems, mark_untold, readable, unnamed
from .study_folder import entries, find_table, near_misses, own_exports
from .techniques import TECHNIQUES

ROLES = ("uncoated", "coated", "precursor")

OTHER_WORDS = dict.fromkeys(
    ("bare", "blank", "pristine", "raw", "ref", "reference", "referenz", "unbeschichtet", "uncoated ncm"), "uncoated"
) | {"beschichtet": "coated", "coating": "coated", "sample": "coated", "probe": "coated", "vorstufe": "precursor"}  # fmt: skip

SAMPLES = Table(
    required={"sample": an_id, "role": one_of(*ROLES, also=OTHER_WORDS)},
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
    indexes : dict of technique to path
        The table that each technique's rows stand in.
    excluded : list of dict
        Rows that are not analysed: technique, unit, reason.
    notes : list of str
        What was assumed and what looks like a slip, one line each, without keeping the study from being analysed.
    exports : Path
        Folder that holds the techniques' folders with raw files: the study's, or that of simulated exports.
    table : Path
        Where the samples stand.
    beside : list of str
        Files that no index names, one line a technique: only said by `check`, since no result depends on them.
    """

    folder: Path
    title: str
    simulated: bool
    samples: list[dict[str, str]]
    measurements: dict[str, list[dict[str, str]]]
    reference: str | None
    indexes: dict[str, Path] = field(default_factory=dict)
    excluded: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exports: Path = Path()
    table: Path = Path("samples.csv")
    beside: list[str] = field(default_factory=list)

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
            self.export(technique, row[c])
            for row in self.rows(technique, **where)
            for c in columns
            if row[c] and may_be_read(row, c) and FILES not in row
        ]

    def export(self, technique: str, file: str) -> str:
        """Return the path of a file that an index names."""
        return (self.exports / technique / file).as_posix()

    def gaps(self) -> list[str]:
        """Say which samples lack which techniques, one line a technique."""
        lines = []
        names = [s["sample"] for s in self.samples if s["role"] != "precursor"]
        for technique in TECHNIQUES:
            have = {row["sample"] for row in self.measurements.get(technique, [])}
            if not have and any(row["technique"] == technique for row in self.excluded):
                lines.append(f"{technique}: all its measurements are excluded")
            elif not have:
                lines.append(f"{technique}: not measured in this study")
            elif lacking := [n for n in names if n not in have]:
                lines.append(f"{technique}: not measured for {', '.join(lacking)}")
        known = {row["sample"] for rows in self.measurements.values() for row in rows}
        known |= {row["unit"].split("/")[0] for row in self.excluded}
        if known and (never := [n for n in names if n not in known]):
            lines.append(f"no index names {', '.join(never)}; a slip in {self.table.name}?")
        return lines


def load_study(
    folder: str | Path,
    reference: str | None = None,
    *,
    title: str = "",
    simulated: bool = False,
    made_in: str | Path | None = None,
    declared: Collection[str] = (),
    more_folders: Sequence[str | Path] = (),
    choices: Mapping[tuple[str, str], Names] | None = None,
) -> Study:
    """Read and check samples.csv and every index.csv of a study folder.

    Parameters
    ----------
    folder : path-like
        The study folder. Nothing is written there.
    reference : str, optional
        Sample that ratios refer to; default the one sample with role `uncoated`.
    title : str
        Title of the study; default the folder's name.
    simulated : bool
        Whether the data are simulated; it is said on every figure.
    made_in : path-like, optional
        Folder in which the exports are simulated on first use, so that they need not exist. It counts only where the
        study has no exports of its own (`own_exports`).
    declared : collection of str
        Columns of samples.csv that the config names as factors.
    more_folders : sequence of path-like
        Folders besides the study's own that an index may name files in.
    choices : mapping of (technique, column) to names, optional
        Names that the config and the formats give, of which a cell must be one; or functions that return them.

    Raises
    ------
    StudyError
        With every problem of every table, one line each: file, row, column, found, expected.
    """
    folder = Path(folder)
    problems: list[str] = []
    notes: list[str] = []
    if not folder.is_dir():
        found = "a file" if folder.exists() else "none"
        windows = re.match(r"([A-Za-z]):[\\/]", folder.name)
        near = (
            f"; a path of Windows: under WSL {windows[1]}: is /mnt/{windows[1].lower()}"
            if windows
            else ""
        )
        near = near or meant(
            folder.name, [n for n in entries(folder.parent) if (folder.parent / n).is_dir()]
        )
        raise StudyError(
            [f"{folder}: expected a study folder, found {found}; set study in config{near}"]
        )
    if made_in is not None and (own := own_exports(folder)):
        notes.append(
            f"{folder / 'study.yaml'}: simulator: has no effect, since this study has exports of its own "
            f"({own[0]}{' ...' if len(own) > 1 else ''}); remove the key, and simulated: true"
        )
        made_in = None
    exports = folder if made_in is None else Path(made_in)
    allowed = [p.resolve() for p in (folder, *map(Path, more_folders))]
    path = find_table(folder, "samples", problems, notes)
    samples = read_rows(path, SAMPLES, problems, notes, declared) if path else []
    table = path or folder / "samples.csv"
    notes.extend(_alike(table, [row["sample"] for row in samples]))
    notes.extend(f"{table}: {line}" for line in kelvin_for_celsius(samples))
    notes.extend(f"{table}: {line}" for line in levels_alike(samples, declared))
    notes.extend(f"{table}: {line}" for line in labels_that_differ(samples))
    measurements: dict[str, list[dict[str, str]]] = {}
    indexes: dict[str, Path] = {}
    indexed: dict[str, list[dict[str, str]]] = {}  # rows that are left out too
    excluded: list[dict[str, str]] = []
    for technique, about in TECHNIQUES.items():
        if technique not in entries(folder) or not (folder / technique).is_dir():
            continue
        index = find_table(folder / technique, "index", problems, notes, required=False)
        if index is None:
            continue
        before = len(problems)
        rows = read_rows(index, about.index, problems, notes)
        if not rows and len(problems) == before:
            problems.append(
                f"{index}: expected a row per measurement, found a header only; fill it in or remove the folder"
            )
        rows = [row for row in rows if row.get(BROKEN) != "cells"]
        problems.extend(_unknown_samples(index, rows, samples, table))
        problems.extend(unknown_choices(index, rows, technique, choices))
        notes.extend(f"{index}: {line}" for line in kelvin_for_celsius(rows))
        notes.extend(f"{index}: {line}" for line in made_by_spreadsheets(rows, about.index))
        notes.extend(f"{index}: {line}" for line in named_after_others(rows, about, samples))
        kept = [row for row in rows if not row.get("exclude")]
        excluded += [
            {"technique": technique, "unit": about.unit(row), "reason": row["exclude"]}
            for row in rows
            if row.get("exclude")
        ]
        problems.extend(file_problems(index, kept, about, allowed, notes, made=made_in is not None))
        problems.extend(f"{index}: {line}" for line in contradictions(kept, about))
        for row in kept if made_in is None else ():
            locked = [
                c for c in about.index.named_files if row[c] and not readable(index.parent / row[c])
            ]
            if locked:
                row[UNREADABLE] = " ".join(locked)
        measurements[technique] = kept
        indexed[technique] = rows
        mark_untold(index.parent, kept, about.index.files)
        indexes[technique] = index
    named = {
        Path(file.replace("\\", "/")).parts[1]
        for t, rows in indexed.items()
        for row in rows
        for file in TECHNIQUES[t].files_of(row)
        if re.match(r"\.\.[\\/][^\\/]+[\\/]", file)
    }
    notes.extend(near_misses(folder, named))
    chosen = _reference(table, samples, reference, problems, notes)
    if problems:
        raise StudyError(problems, notes)
    for technique, rows in measurements.items():
        lines = without_reference(rows, TECHNIQUES[technique], chosen)
        notes.extend(f"{indexes[technique]}: {line}" for line in lines)
    beside: list[str] = []
    if made_in is None:
        notes.extend(copies(folder, measurements))
        used = {
            folder / t / f
            for t, rows in indexed.items()
            for row in rows
            for f in TECHNIQUES[t].files_of(row)
        }
        for technique, rows in indexed.items():
            beside.extend(unnamed(folder, technique, rows, used))
    for row in [*samples, *(r for rows in measurements.values() for r in rows)]:
        del row["#"]
    return Study(
        folder, title or folder.name, simulated, samples, measurements, chosen, indexes, excluded,
        notes, exports, table, beside,
    )  # fmt: skip


def read_samples(folder: str | Path) -> list[dict[str, str]]:
    """Return the rows of a study's table of samples, text as it stands there.

    Raises
    ------
    StudyError
        There is none, or it has problems.
    """
    problems: list[str] = []
    path = find_table(Path(folder), "samples", problems, [])
    rows = read_rows(path, SAMPLES, problems) if path else []
    if problems or not path:
        raise StudyError(problems or [f"{folder}: expected samples.csv, found none"])
    return [{k: v for k, v in row.items() if k != "#"} for row in rows]


def _alike(path: Path, names: list[str]) -> Iterable[str]:
    """Name ids that differ by case only: one of two is probably a slip, and some file systems confuse them."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield f"{path}: samples {other} and {name} differ by case only"


def _unknown_samples(
    path: Path, rows: list[dict[str, str]], samples: list[dict[str, str]], table: Path
) -> Iterable[str]:
    """Name the samples of an index that the table of samples does not have, each once; none where that could not be read."""
    unknown: dict[str, list[str]] = {}
    known = {row["sample"] for row in samples}
    # An id that is wrong there is wrong here too, and said there.
    wrong = {plain(re.split(r"[;,\t|]", row["sample"])[0]) for row in samples if row.get(BROKEN)}
    for row in rows if known else ():
        if row["sample"] and row["sample"] not in known and plain(row["sample"]) not in wrong:
            unknown.setdefault(row["sample"], []).append(row["#"])
    names = sorted(name for name in known if an_id(name) is None)
    # Rather one that no row names: two rows of different samples are more often right than one of them twice.
    idle = [name for name in names if all(row["sample"] != name for row in rows)]
    for sample, numbers in unknown.items():
        more = f" (and in {len(numbers) - 1} more)" if len(numbers) > 1 else ""
        yield (
            f"{path}: row {numbers[0]}{more}: column sample: found {quote(sample)}, "
            f"expected a sample of {table.name}{meant(sample, idle) or meant(sample, names, 0.8)}"
        )


def _reference(
    path: Path,
    samples: list[dict[str, str]],
    named: str | None,
    problems: list[str],
    notes: list[str],
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
    if not uncoated and any(row["role"] == "coated" for row in samples):
        notes.append(f"{path}: column role: no sample is uncoated: every ratio to it stays empty")
    return uncoated[0] if len(uncoated) == 1 else None


def number(row: Mapping[str, Any], column: str) -> float | None:
    """Return a cell of a checked table as a number, or None where it is empty."""
    text = row.get(column, "")
    return float(text) if text not in ("", None) else None
