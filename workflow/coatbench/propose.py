"""A start for a study: what a folder of exports holds, as proposed samples.csv and index.csv files.

What the files say of themselves is taken over; what only a person can know stays empty; every guess is marked.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CoatbenchError
from .readers.recognise import Format, read, recognise
from .spelling import plain
from .techniques import TECHNIQUES

PRESETS = Path(__file__).parent / "presets"
# What a study holds besides exports.
TABLES = ("samples.csv", "samples.xlsx", "index.csv", "index.xlsx", "study.yaml", "claims.csv", "truth.csv", "fragments.csv")  # fmt: skip
BARE = re.compile(r"(?i)^(bare|uncoated|pristine|blank|raw|ref|reference)")
ELEMENTS = ("C", "N", "O", "F", "Na", "Al", "Si", "P", "S", "Cl", "Mn", "Fe", "Co", "Ni", "Cu", "Zr", "Nb", "La", "Ta", "W")  # fmt: skip
SUFFIXES_BESIDE = (".properties.txt",)


@dataclass
class Found:
    """One export: where it stands, what it is, and what it says of itself."""

    path: Path
    technique: str
    format: str
    sample: str
    date: str = ""
    says: str = ""
    inside: list[str] = field(default_factory=list)


@dataclass
class Proposal:
    """The tables of a study, ready to be written: file name -> text, and what was not recognised."""

    tables: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)


def propose(folder: str | Path) -> Proposal:
    """Look at all files below a folder and propose the tables of a study.

    Parameters
    ----------
    folder : path-like
        Exports at any depth; hidden files, links and tables of a study are passed over.

    Returns
    -------
    Proposal
    """
    folder = Path(folder)
    proposal = Proposal()
    exports = list(_exports(folder))
    shared = _shared(exports)
    for path in exports:
        technique = _hinted(path.relative_to(folder))
        entry = _recognised(path, technique)
        if entry is None:
            proposal.unknown.append(path.relative_to(folder).as_posix())
            continue
        proposal.found.append(_found(path, folder, entry, shared.get(path.parent, set())))
    if proposal.found:
        rows = {t: _rows(t, folder, proposal.found) for t in TECHNIQUES}
        proposal.tables["samples.csv"] = _samples(proposal.found)
        proposal.tables |= {
            f"{t}/index.csv": _table(_index_head(t), *r) for t, r in rows.items() if r[1]
        }
    return proposal


def write(proposal: Proposal, folder: str | Path, study_yaml: Mapping[str, str] | None = None) -> list[str]:  # fmt: skip
    """Write the proposed tables, and files of a preset; never over a file that is there.

    Returns
    -------
    list of str
        What was written; what was there already is left out.
    """
    written = []
    for name, text in {**proposal.tables, **(study_yaml or {})}.items():
        path = Path(folder) / name
        stem = path.with_suffix(".xlsx") if path.suffix == ".csv" else path
        if path.exists() or path.is_symlink() or stem.exists():
            continue
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        written.append(name)
    return written


def presets() -> list[str]:
    """Return the names of the presets."""
    return sorted(p.stem for p in PRESETS.glob("*.yaml"))


def preset(name: str) -> dict[str, str]:
    """Return the files that a preset puts into a study: its study.yaml, and its fragment table."""
    files = {"study.yaml": (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")}
    fragments = PRESETS / f"{name}_fragments.csv"
    if fragments.is_file():
        files["fragments.csv"] = fragments.read_text(encoding="utf-8")
    return files


def _exports(folder: Path) -> Iterator[Path]:
    """Yield regular files in order; a folder of images is one export."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink() or path.name == "formats":
            continue
        if path.is_dir():
            images = [p for p in path.glob("*.txt") if re.search(r"\(\d+\) - ", p.name)]
            if images:
                yield path
            else:
                yield from _exports(path)
        elif path.is_file() and path.name not in TABLES and not path.name.endswith(SUFFIXES_BESIDE):
            yield path


def _hinted(path: Path) -> str | None:
    """Return the technique that a path's folders or words name."""
    words = {plain(word) for part in path.parts for word in re.split(r"[_\- .]+", part)}
    words |= {plain(part) for part in path.parts[:-1]}
    for technique, about in TECHNIQUES.items():
        if words & {plain(technique), plain(about.title), *map(plain, about.also)}:
            return technique
    return None


def _recognised(path: Path, technique: str | None) -> Format | None:
    for wanted in [technique] if technique else [*TECHNIQUES]:
        try:
            entry = recognise(path, wanted)
        except CoatbenchError:
            continue
        if technique or not entry.generic:
            return entry
    # Generic formats fit any technique, so the folder or the name must say which. Two columns of numbers over the energies of scattered helium are LEIS.
    if technique is None and path.is_file():
        try:
            entry = recognise(path, "leis")
            energy = read(path, "leis").sets[0]["energy_eV"]
            return entry if 300 < float(energy[0]) < float(energy[-1]) < 8000 else None
        except (CoatbenchError, LookupError, ValueError):
            return None
    return None


def _tokens(path: Path) -> list[str]:
    return [t for t in re.split(r"[_\s\-]+", path.stem if path.is_file() else path.name) if t]


def _shared(exports: Iterable[Path]) -> dict[Path, set[str]]:
    """Return the words that the names of all exports of a folder begin with: they tell no sample from another."""
    folders: dict[Path, list[list[str]]] = {}
    for path in exports:
        folders.setdefault(path.parent, []).append(_tokens(path))
    shared: dict[Path, set[str]] = {}
    for folder, names in folders.items():
        first = {n[0] for n in names if n}
        second = {n[1] for n in names if len(n) > 1}
        # Several spots of one sample begin alike too; then the words behind are spots or cells, not ids.
        if len(names) > 1 and len(first) == 1 and any(BARE.match(w) for w in second):
            shared[folder] = first
    return shared


def _found(path: Path, folder: Path, entry: Format, shared: set[str]) -> Found:
    sample = _sample_of(path.relative_to(folder), [t for t in _tokens(path) if t not in shared])
    found = Found(path, entry.technique, entry.name, sample)
    if TECHNIQUES[entry.technique].images:
        return found  # large, and they say nothing of the sample
    try:
        export = read(path, entry.technique)
    except CoatbenchError as error:
        found.says = f"cannot be read: {error}"[:200]
        return found
    found.date = str(export.attrs.get("date", ""))
    inside = [_name_inside(s.attrs.get("sample")) for s in export.sets]
    found.inside = [s for s in dict.fromkeys(inside) if s]
    found.says = "; ".join(found.inside)
    return found


def _name_inside(sample: Any) -> str:
    """Return the sample that a region says it belongs to; some formats number them."""
    if isinstance(sample, tuple):
        sample = sample[-1] if sample else ""
    return str(sample or "").strip()


def _sample_of(path: Path, tokens: list[str]) -> str:
    """Return the sample's id as a file name begins with it, else as the folder is called."""
    known = {plain(w) for t, about in TECHNIQUES.items() for w in (t, about.title, *about.also)}
    candidates = [t for t in tokens if plain(t) not in known and not re.fullmatch(r"\d{6,8}", t)]
    folders = [p for p in reversed(path.parts[:-1]) if plain(p) not in known]
    chosen = next(iter(candidates), "") or next(iter(folders), "sample")
    clean = re.sub(r"[^A-Za-z0-9_.-]+", "_", chosen).strip("_.-")[:64]
    return clean or "sample"


def _samples(found: Iterable[Found]) -> str:
    names = list(dict.fromkeys(s for f in found for s in _samples_in(f)))
    bare = [n for n in names if BARE.match(n)]
    rows = [
        {
            "sample": name,
            "role": "uncoated" if name in bare[:1] else "coated",
            "label": "",
            "annealing_temperature_degC": "",
            "annealing_time_h": "",
            "atmosphere": "",
        }
        for name in names
    ]
    head = [
        "Proposed from file names and what the files say of themselves. To do: look at every line, and fill in how each",
        "sample was annealed (an empty cell: not annealed). Roles: uncoated (exactly one: the reference), coated, precursor.",
        f"Guessed: the samples' ids, and their roles ({'the name of ' + bare[0] if bare else 'no name says which is uncoated'}).",
    ]
    return _table(head, list(rows[0]), rows)


def _samples_in(found: Found) -> list[str]:
    if found.technique == "xps" and len(found.inside) > 1:
        return [
            re.sub(r"[^A-Za-z0-9_.-]+", "_", s).strip("_.-")[:64] or "sample" for s in found.inside
        ]
    return [found.sample]


def _index_head(technique: str) -> list[str]:
    return [
        f"Proposed for {TECHNIQUES[technique].title}. Guessed: {TECHNIQUES[technique].guessed}. Empty cells of required columns are to be filled in.",
        "The columns date and file_says are what the export tells of itself; they are not read.",
    ]  # fmt: skip


def _rows(
    technique: str, folder: Path, all_found: Iterable[Found]
) -> tuple[list[str], list[dict[str, str]]]:
    about = TECHNIQUES[technique]
    found = [f for f in all_found if f.technique == technique]
    optional = [c for c in about.index.optional if c not in ("format", "exclude")]
    columns = [*about.index.required, *optional, "format", "exclude", "date", "file_says"]
    makers = {name: globals().get(f"_{name}", _plain) for name in TECHNIQUES}
    rows = makers[technique](found)
    for row, source in rows:
        row |= {"date": source.date, "file_says": source.says}
    base = folder / technique
    written = []
    for row, _ in rows:
        for column in about.index.files:
            if row.get(column):
                row[column] = _relative(Path(row[column]), base)
        written.append({c: row.get(c, "") for c in columns})
    return columns, written


def _relative(path: Path, base: Path) -> str:
    if path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    return "../" + path.relative_to(base.parent).as_posix()


Rows = list[tuple[dict[str, str], Found]]


def _plain(found: list[Found]) -> Rows:
    return [({"sample": f.sample, "file": str(f.path)}, f) for f in found]


def _xps(found: list[Found]) -> Rows:
    rows: Rows = []
    spots: dict[str, int] = {}
    for f in found:
        names = _samples_in(f)
        for name, inside in zip(names, f.inside if len(names) > 1 else [""], strict=True):
            spots[name] = spots.get(name, 0) + 1
            row = {"sample": name, "file": str(f.path), "spot": str(spots[name]), "sample_in_file": inside}  # fmt: skip
            rows.append((row, f))
    return rows


def _tga_ms(found: list[Found]) -> Rows:
    currents = [f for f in found if f.format == "Quadstar ASCII"]
    runs = [f for f in found if f.format != "Quadstar ASCII"]
    rows: Rows = []
    for f in runs:
        ms = next((c for c in currents if c.sample == f.sample), None)
        run = re.sub(r"[^A-Za-z0-9_.-]+", "_", f.path.stem).strip("_.-")[:64]
        rows.append(({"run": run, "sample": f.sample, "tga_file": str(f.path), "ms_file": str(ms.path) if ms else ""}, f))  # fmt: skip
    return rows


def _leis(found: list[Found]) -> Rows:
    rows = _plain(found)
    for row, f in rows:
        said = re.search(r"(\d{2,4})\s?(?:°|deg)?C(?![a-zA-Z])", f.path.stem)
        row["heating_temperature_degC"] = said[1] if said else ""
    return rows


def _cycling(found: list[Found]) -> Rows:
    rows = _plain(found)
    used: set[tuple[str, str]] = set()
    for row, f in rows:
        tokens = [t for t in re.split(r"[_\s\-]+", f.path.stem) if t and t != f.sample]
        cell = re.sub(r"[^A-Za-z0-9.]+", "", tokens[0]) if tokens else "A"
        while (f.sample, cell) in used:
            cell += "x"
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
        tokens = re.split(r"[_\s\-.]+", f.path.stem)
        element = next((t for t in tokens[1:] if t in ELEMENTS), "")
        edx = bool(element) or any(t.casefold() in ("edx", "eds") for t in tokens)
        row |= {"kind": "edx" if edx else "laadf", "element": element}
    return rows


def _table(head: list[str], columns: list[str], rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    stream.writelines(f"# {line}\n" for line in head)
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def summary(proposal: Proposal) -> list[str]:
    """Say in lines what was found, and what was not recognised."""
    lines = []
    for technique, about in TECHNIQUES.items():
        found = [f for f in proposal.found if f.technique == technique]
        if found:
            formats = ", ".join(sorted({f.format for f in found}))
            samples = len({s for f in found for s in _samples_in(f)})
            lines.append(f"{about.title}: {len(found)} exports of {samples} samples ({formats})")
    if proposal.unknown:
        shown = ", ".join(proposal.unknown[:5]) + (" ..." if len(proposal.unknown) > 5 else "")
        lines.append(
            f"not recognised: {len(proposal.unknown)} files ({shown}); "
            "`snakemake formats` lists what is read"
        )
    return lines
