"""The study contract: samples, indexes, their validation, and what is missing.

Only the standard library and PyYAML: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .checksums import checksums
from .errors import StudyError, quote
from .index import TEMPERATURE, Table, a_number, an_id, any_text, one_of, read_rows
from .marks import CONTENT, FILES, UNREADABLE
from .spelling import kelvin_for_celsius, likeness, meant, nearest, plain
from .techniques import TECHNIQUES

ROLES = ("uncoated", "coated", "precursor")
# Beside its index a technique's folder may hold these without holding exports.
NOT_EXPORTS = ("index.csv", "index.xlsx", "readme.md", "readme.txt")

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
    indexes : dict of technique to path
        The table that each technique's rows stand in.
    excluded : list of dict
        Rows that are not analysed: technique, unit, reason.
    notes : list of str
        What was assumed and what looks like a slip, one line each, without keeping the study from being analysed.
    exports : Path
        Folder that holds the techniques' folders with raw files: the study's, or that of simulated exports.
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
            if row[c] and c not in row.get(UNREADABLE, "").split() and FILES not in row
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

    Raises
    ------
    StudyError
        With every problem of every table, one line each: file, row, column, found, expected.
    """
    folder = Path(folder)
    problems: list[str] = []
    notes: list[str] = []
    if not folder.is_dir():
        raise StudyError([f"{folder}: expected a study folder, found none; set study in config"])
    if made_in is not None and (own := own_exports(folder)):
        notes.append(
            f"{folder / 'study.yaml'}: simulator: has no effect, since this study has exports of its own "
            f"({own[0]}{' ...' if len(own) > 1 else ''}); remove the key, and simulated: true"
        )
        made_in = None
    exports = folder if made_in is None else Path(made_in)
    allowed = [p.resolve() for p in (folder, *map(Path, more_folders))]
    path = _table(folder, "samples", problems, notes)
    samples = read_rows(path, SAMPLES, problems, notes, declared) if path else []
    names = [row["sample"] for row in samples]
    notes.extend(_alike(path, names) if path else [])
    notes.extend(f"{path}: {line}" for line in kelvin_for_celsius(samples))
    measurements: dict[str, list[dict[str, str]]] = {}
    indexes: dict[str, Path] = {}
    excluded: list[dict[str, str]] = []
    folders = _entries(folder)
    for technique, about in TECHNIQUES.items():
        if technique not in folders or not (folder / technique).is_dir():
            continue
        index = _table(folder / technique, "index", problems, notes, required=False)
        if index is None:
            continue
        before = len(problems)
        rows = read_rows(index, about.index, problems, notes)
        if not rows and len(problems) == before:
            problems.append(
                f"{index}: expected a row per measurement, found a header only; fill it in or remove the folder"
            )
        problems.extend(_unknown_samples(index, rows, names))
        notes.extend(f"{index}: {line}" for line in kelvin_for_celsius(rows))
        for row in rows:
            if row.get("exclude"):
                excluded.append(
                    {"technique": technique, "unit": about.unit(row), "reason": row["exclude"]}
                )
                continue
            problems.extend(
                _file_problems(index, row, about.index.files, allowed, made=made_in is not None)
            )
            if made_in is None:
                locked = [
                    c for c in about.index.files if row[c] and not _readable(index.parent / row[c])
                ]
                if locked:
                    row[UNREADABLE] = " ".join(locked)
        measurements[technique] = [row for row in rows if not row.get("exclude")]
        _mark_braces(index.parent, measurements[technique], about.index.files)
        indexes[technique] = index
    notes.extend(_folders_alike(folder, folders))
    chosen = _reference(folder / "samples.csv", samples, reference, problems, notes)
    if problems:
        raise StudyError([*problems, *notes])
    for row in [*samples, *(r for rows in measurements.values() for r in rows)]:
        del row["#"]
    return Study(
        folder, title or folder.name, simulated, samples, measurements, chosen, indexes, excluded,
        notes, exports,
    )  # fmt: skip


def read_samples(folder: str | Path) -> list[dict[str, str]]:
    """Return the rows of a study's table of samples, text as it stands there.

    Raises
    ------
    StudyError
        There is none, or it has problems.
    """
    problems: list[str] = []
    path = _table(Path(folder), "samples", problems, [])
    rows = read_rows(path, SAMPLES, problems) if path else []
    if problems or not path:
        raise StudyError(problems or [f"{folder}: expected samples.csv, found none"])
    return [{k: v for k, v in row.items() if k != "#"} for row in rows]


def own_exports(folder: str | Path) -> list[str]:
    """Return what a study's technique folders hold besides their indexes, relative to the study.

    A study that holds anything of its own is never simulated, whatever its study.yaml says: a mistyped file name is
    reported there, not invented.
    """
    folder = Path(folder)
    return [
        f"{technique}/{name}"
        for technique in TECHNIQUES
        if (folder / technique).is_dir()
        for name in _entries(folder / technique)
        if not name.startswith(".") and name.casefold() not in NOT_EXPORTS
    ]


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names as they are spelled, on every file system)
    except OSError:
        return []


def _table(
    folder: Path, name: str, problems: list[str], notes: list[str], *, required: bool = True
) -> Path | None:
    """Return a table's file, as CSV or workbook; say what stands there instead."""
    there = _entries(folder)
    found = [f"{name}{suffix}" for suffix in (".csv", ".xlsx") if f"{name}{suffix}" in there]
    if len(found) > 1:
        problems.append(f"{folder}: expected {found[0]} or {found[1]}, found both; remove one")
        return None
    if found:
        return folder / found[0]
    near = nearest(name, [Path(n).stem for n in there if Path(n).suffix], 0.7)
    alike = next((n for n in there if near and Path(n).stem == near and Path(n).suffix), None)
    hint = f"found {alike}; did you mean {name}.csv?" if alike else ""
    if required:
        problems.append(f"{folder / name}.csv: expected a table, {hint or 'found none'}")
    elif hint or there:
        others = f"found {len(there)} other file{'s' if len(there) > 1 else ''} and no index"
        notes.append(
            f"{folder.name}: expected {folder / name}.csv, {hint or others}; not analysed as it stands"
        )
    return None


def _alike(path: Path, names: list[str]) -> Iterable[str]:
    """Name ids that differ by case only: one of two is probably a slip, and some file systems confuse them."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield f"{path}: samples {other} and {name} differ by case only"


def _folders_alike(folder: Path, names: list[str]) -> Iterable[str]:
    """Name folders that are nearly a technique's, and tables in the wrong place."""
    for name in names:
        if name in TECHNIQUES or name.startswith(".") or not (folder / name).is_dir():
            continue
        words = {
            plain(part) for part in (*name.replace("-", "_").replace(" ", "_").split("_"), name)
        }
        for technique, about in TECHNIQUES.items():
            spellings = {plain(technique), plain(about.title), *map(plain, about.also)}
            if words & spellings or max(likeness(name, s) for s in spellings) >= 0.8:
                yield f"{folder / name}: is not read; did you mean {folder / technique}?"
                break


def _unknown_samples(path: Path, rows: list[dict[str, str]], names: list[str]) -> Iterable[str]:
    """Name the samples of an index that samples.csv does not have, each once; none where that could not be read."""
    unknown: dict[str, list[str]] = {}
    known = set(names)
    for row in rows if known else ():
        if row["sample"] and row["sample"] not in known:
            unknown.setdefault(row["sample"], []).append(row["#"])
    for sample, numbers in unknown.items():
        more = f" (and in {len(numbers) - 1} more)" if len(numbers) > 1 else ""
        yield (
            f"{path}: row {numbers[0]}{more}: column sample: found {quote(sample)}, "
            f"expected a sample of samples.csv{meant(sample, [n for n in names if an_id(n) is None])}"
        )


def _file_problems(
    path: Path, row: Mapping[str, str], columns: Iterable[str], allowed: list[Path], *, made: bool
) -> Iterable[str]:
    """Say of each file of a row why it cannot be an input: absent, outside the study, no regular file or folder."""
    for column in columns:
        if not (name := row[column]):
            continue
        file = path.parent / name
        where = f"{path}: row {row['#']}: column {column}: found {quote(name)}, expected"
        try:
            file.resolve().exists()
        except (OSError, RuntimeError):  # a name that is too long, a link to itself
            yield f"{where} a file below {path.parent}"
            continue
        if made:
            if Path(name).is_absolute() or ".." in Path(name).parts or "{" in name:
                yield f"{where} a file below {path.parent} without braces in its name"
        elif name.startswith("~"):
            yield f"{where} a file below {path.parent}; ~ is not read as a home folder"
        elif not any(file.resolve().is_relative_to(root) for root in allowed):
            yield f"{where} a file below the study folder; more_folders in config.yaml allows others"
        elif not file.exists():
            beside = file.parent if file.parent.is_dir() else path.parent
            written = re.split(r"[\\/]", name)[-1]  # also of a path as Windows writes it
            near = meant(written, [n for n in _entries(beside) if n not in NOT_EXPORTS])
            yield f"{where} a file below {path.parent}{near}"
        elif odd := _odd(file, allowed):
            yield f"{where} {odd}"


def _mark_braces(folder: Path, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    """Mark all rows of a technique where a file has braces in its name: Snakemake would take them for wildcards."""
    if not any("{" in row[c] for row in rows for c in columns):
        return
    for row in rows:
        files = [folder / row[c] for c in columns if row[c]]
        row[FILES] = "\n".join(f.as_posix() for f in files)
        found = checksums([f for f in files if f.exists() and os.access(f, os.R_OK)])
        row[CONTENT] = " ".join(sorted(str(about["sha256"]) for about in found.values()))


def _odd(file: Path, allowed: list[Path]) -> str:
    """Say why an existing path is no export: a pipe, a device, a folder that leads elsewhere; empty if it may be."""
    if not file.is_dir():
        return "" if file.is_file() else "a regular file or folder, not a pipe or a device"
    with os.scandir(file) as entries:
        for entry in entries:
            inside = Path(entry.path)
            if entry.is_symlink() and not any(
                inside.resolve().is_relative_to(root) for root in allowed
            ):
                return (
                    f"a folder of files below the study folder; {quote(entry.name)} leads elsewhere"
                )
            if not entry.is_file() and not entry.is_dir() and not entry.is_symlink():
                return f"regular files in it; {quote(entry.name)} is a pipe or a device"
    return ""


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # a name that is too long
        return False


def _readable(file: Path) -> bool:
    return not _exists(file) or os.access(file, os.R_OK)


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
