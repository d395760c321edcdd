"""Rows of the tables that are proposed for a study, from what its exports are and say of themselves."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .propose_names import (
    baseline_of,
    cell_name,
    heating,
    identifier,
    is_bare,
    is_baseline,
    is_precursor,
    tokens,
)
from .symbols import ELEMENTS
from .techniques import TECHNIQUES

# Single letters may name a spot or a cell: only those of elements that coatings have.
MAPPED = {e for e in ELEMENTS if len(e) > 1} | set("BCNOFPSW")
CURRENTS = (
    "Quadstar ASCII",
    "Pfeiffer Quadera ASCII",
    "Hiden MASsoft CSV",
)  # formats of files that hold ion currents alone


@dataclass
class Found:
    """One export: where it stands, what it is, and what it says of itself.

    `also` are other files of the same run, `remark` what was guessed of it that a person should look at.
    """

    path: Path
    technique: str
    format: str
    sample: str
    date: str = ""
    says: str = ""
    inside: list[str] = field(default_factory=list)
    also: list[Path] = field(default_factory=list)
    remark: str = ""

    @property
    def baseline(self) -> bool:
        """Whether it is a thermogram of the empty crucible."""
        return self.technique == "tga_ms" and is_baseline(self.path)

    @property
    def samples(self) -> list[str]:
        """The samples that it holds; of a baseline none."""
        if self.baseline:
            return []
        if self.technique == "xps" and len(self.inside) > 1:
            return [identifier(s) for s in self.inside]
        return [self.sample]


Rows = list[tuple[dict[str, str], Found]]


def samples_table(found: Sequence[Found]) -> str:
    """Return the text of the proposed samples.csv."""
    names = list(dict.fromkeys(s for f in found for s in f.samples))
    bare = [n for n in names if is_bare(n)]
    columns = ["sample", "role", "label", "annealing_temperature_degC", "annealing_time_h", "atmosphere"]  # fmt: skip
    rows = [
        dict.fromkeys(columns, "")
        | {
            "sample": n,
            "role": "uncoated" if n in bare else "precursor" if is_precursor(n) else "coated",
        }
        for n in names
    ]
    told = (
        f"{', '.join(bare)} {'is' if len(bare) == 1 else 'are'} uncoated by name"
        if bare
        else "no name says which is uncoated"
    )
    head = [
        "Proposed from file names and what the files say of themselves. To do: look at every line, and fill in how each",
        "sample was annealed (an empty cell: not annealed). Roles: uncoated (exactly one: the reference), coated, precursor.",
        f"Guessed: the samples' ids, and their roles ({told}).",
    ]
    return _table(head, columns, rows)


def index_table(technique: str, folder: Path, found: Sequence[Found]) -> str:
    """Return the text of the proposed index of a technique; empty where it has no exports."""
    about = TECHNIQUES[technique]
    own = [f for f in found if f.technique == technique]
    rows = globals().get(f"_{technique}", _plain)(own)
    if not rows:
        return ""
    optional = [c for c in about.index.optional if c not in ("format", "exclude")]
    columns = [*about.index.required, *optional, "format", "exclude", "date", "file_says"]
    base = folder / technique
    written = []
    for row, source in rows:
        row = row | {"date": source.date, "file_says": source.says}
        for column in about.index.files:
            if row.get(column):
                row[column] = _relative(Path(row[column]), base)
        written.append({c: row.get(c, "") for c in columns})
    head = [
        f"Proposed for {about.title}. Guessed: {about.guessed}. Empty cells of required columns are to be filled in.",
        "The columns date and file_says are what the export tells of itself; they are not read.",
    ]
    for f in own:
        here = _relative(f.path, base)
        if f.also:
            others = ", ".join(_relative(p, base) for p in f.also)
            head.append(f"The same run as {here} by name, and not proposed: {others}")
        if f.remark:
            head.append(f"{here}: {f.remark}")
    return _table(head, columns, written)


def _relative(path: Path, base: Path) -> str:
    if path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    return "../" + path.relative_to(base.parent).as_posix()


def _plain(found: list[Found]) -> Rows:
    return [({"sample": f.sample, "file": str(f.path)}, f) for f in found]


def _xps(found: list[Found]) -> Rows:
    rows: Rows = []
    spots: dict[str, int] = {}
    for f in found:
        for name, inside in zip(f.samples, f.inside if len(f.samples) > 1 else [""], strict=True):
            spots[name] = spots.get(name, 0) + 1
            row = {"sample": name, "file": str(f.path), "spot": str(spots[name]), "sample_in_file": inside}  # fmt: skip
            rows.append((row, f))
    return rows


def _tga_ms(found: list[Found]) -> Rows:
    """Each run with its ion currents and its baseline: those that begin most alike, or the only one there is."""
    currents = [f for f in found if f.format in CURRENTS]
    baselines = [f for f in found if f.baseline and f not in currents]
    rows: Rows = []
    for f in found:
        if f in currents or f in baselines:
            continue
        ms = _currents_of(f, currents)
        blank = baseline_of(f.path, [b.path for b in baselines])
        row = {
            "run": identifier(re.sub(r"\.ngb-\w+\Z", "", f.path.name) if ".ngb-" in f.path.name else f.path.stem),
            "sample": f.sample,
            "tga_file": str(f.path),
            "ms_file": str(ms.path) if ms else "",
            "blank_file": str(blank or ""),
        }  # fmt: skip
        rows.append((row, f))
    for c in currents:
        if all(row["ms_file"] != str(c.path) for row, _ in rows):
            c.remark = "ion currents of no run here by name; ms_file of a row is where they belong"
    for b in baselines:
        if all(row["blank_file"] != str(b.path) for row, _ in rows):
            b.remark = "a baseline by name, of no run here; blank_file of a row is where it belongs"
    return rows


def _currents_of(run: Found, currents: Sequence[Found]) -> Found | None:
    """Return the ion currents of a run: of the same sample, with the most words of its name; none where two have as many."""

    def shared(other: Found) -> int:
        words = [w.casefold() for w in tokens(other.path)]
        return sum((Counter(words) & Counter(w.casefold() for w in tokens(run.path))).values())

    own = sorted((c for c in currents if c.sample == run.sample), key=shared, reverse=True)
    if len(own) > 1 and shared(own[0]) == shared(own[1]):
        names = ", ".join(c.path.name for c in own)
        run.remark = f"its ion currents are to be chosen (ms_file): {names}"
        return None
    return own[0] if own else None


def _leis(found: list[Found]) -> Rows:
    rows = _plain(found)
    for row, f in rows:
        row["heating_temperature_degC"], kelvin = heating(f.path, f.sample)
        f.remark = f"{kelvin} in its name is taken as {row['heating_temperature_degC']} degC" if kelvin else ""  # fmt: skip
    return rows


def _cycling(found: list[Found]) -> Rows:
    rows = _plain(found)
    used: set[tuple[str, str]] = set()
    for row, f in rows:
        named = identifier(cell_name(f.path, f.sample)) if cell_name(f.path, f.sample) else "A"
        cell, number = named, 1
        while (f.sample, cell) in used:
            number += 1
            cell = f"{named}-{number}"
        used.add((f.sample, cell))
        row["cell"] = cell
    return rows


def _sims(found: list[Found]) -> Rows:
    rows = _plain(found)
    count: dict[str, int] = {}
    for row, f in rows:
        count[f.sample] = count.get(f.sample, 0) + 1
        row["region"] = f"{count[f.sample]:02d}"
    return rows


def _stem(found: list[Found]) -> Rows:
    rows = _plain(found)
    for row, f in rows:
        words = tokens(f.path)
        element = next((t for t in words[1:] if t in MAPPED), "")
        edx = bool(element) or any(t.casefold() in ("edx", "eds") for t in words)
        row |= {"kind": "edx" if edx else "laadf", "element": element}
    return rows


def _table(head: list[str], columns: list[str], rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    stream.writelines(f"# {line}\n" for line in head)
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
