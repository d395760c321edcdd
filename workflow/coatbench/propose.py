"""A start for a study: what a folder of exports holds, as proposed samples.csv and index.csv files.

What the files say of themselves is taken over; what only a person can know stays empty; every guess is marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CoatbenchError
from .propose_names import is_noise, natural, same_run, sample_ids, techniques_named
from .propose_rows import CURRENTS, Found, index_table, samples_table
from .readers.recognise import Format, read, recognise
from .techniques import TECHNIQUES

PRESETS = Path(__file__).parent / "presets"
# What a study holds besides exports.
TABLES = ("samples.csv", "samples.xlsx", "index.csv", "index.xlsx", "study.yaml", "claims.csv", "truth.csv", "fragments.csv")  # fmt: skip
SUFFIXES_BESIDE = (".properties.txt", ".ibd", ".IBD")


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
    known: dict[Path, Format] = {}
    for path in _exports(folder):
        entry = _recognised(path, techniques_named(path.relative_to(folder)))
        if entry is None:
            proposal.unknown.append(path.relative_to(folder).as_posix())
        else:
            known[path] = entry
    chosen = {
        path: also
        for t in TECHNIQUES
        for currents in (False, True)  # a mass spectrum's name is that of its thermogram
        for path, also in same_run(
            [p for p, f in known.items() if f.technique == t and (f.name in CURRENTS) == currents],
            t,
        ).items()
    }
    ids = sample_ids({p: known[p].technique for p in chosen}, folder)
    for path in [p for p in known if p in chosen]:
        entry = known[path]
        found = Found(path, entry.technique, entry.name, ids[path], also=chosen[path])
        if _look_into(found):
            proposal.found.append(found)
        else:
            proposal.unknown.append(path.relative_to(folder).as_posix())
    if proposal.found:
        proposal.tables["samples.csv"] = samples_table(proposal.found)
        texts = {t: index_table(t, folder, proposal.found) for t in TECHNIQUES}
        proposal.tables |= {f"{t}/index.csv": text for t, text in texts.items() if text}
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
    for path in sorted(folder.iterdir(), key=natural):
        if is_noise(path.name) or path.is_symlink() or path.name == "formats":
            continue
        if path.is_dir():
            if any(
                t.folder_of and any(re.search(t.folder_of, p.name) for p in path.iterdir())
                for t in TECHNIQUES.values()
            ):
                yield path
            else:
                yield from _exports(path)
        elif path.is_file() and path.name not in TABLES and not path.name.endswith(SUFFIXES_BESIDE):
            yield path


def _recognised(path: Path, named: list[str]) -> Format | None:
    """Return the format of a file: of a technique that its path names, else of any whose format says what it is."""
    generic = []
    for wanted in dict.fromkeys((*named, *TECHNIQUES)):
        try:
            entry = recognise(path, wanted)
        except CoatbenchError:
            continue
        if not entry.generic:
            return entry
        if wanted in named:
            generic.append(entry)
    if generic:
        return generic[0]
    # Generic formats fit any technique, so the folder or the name must say which. Two columns of numbers over the energies of scattered helium are LEIS.
    if not named and path.is_file():
        try:
            entry = recognise(path, "leis")
            energy = read(path, "leis").sets[0]["energy_eV"]
            return entry if 300 < float(energy[0]) < float(energy[-1]) < 8000 else None
        except (CoatbenchError, LookupError, ValueError):
            return None
    return None


def _look_into(found: Found) -> bool:
    """Add what an export says of itself; return whether it is a measurement at all, and no report of one."""
    if TECHNIQUES[found.technique].images:
        return True  # large, and they say nothing of the sample
    try:
        export = read(found.path, found.technique)
    except CoatbenchError as error:
        found.says = f"cannot be read: {error}"[:200]
        return True
    found.date = str(export.attrs.get("date") or "")
    inside = [_name_inside(s.attrs.get("sample")) for s in export.sets]
    found.inside = [s for s in dict.fromkeys(inside) if s]
    found.says = "; ".join(found.inside)
    return found.technique != "xps" or any("region" in s.attrs for s in export.sets)


def _name_inside(sample: Any) -> str:
    """Return the sample that a region says it belongs to; some formats number them."""
    if isinstance(sample, tuple):
        sample = sample[-1] if sample else ""
    text = str(sample or "").strip()
    numbered = re.fullmatch(r"\(\d+, (.*)\)", text)
    return numbered[1].strip("'\"") if numbered else text


def summary(proposal: Proposal) -> list[str]:
    """Say in lines what was found, and what was not recognised."""
    lines = []
    for technique, about in TECHNIQUES.items():
        found = [f for f in proposal.found if f.technique == technique]
        if found:
            formats = ", ".join(sorted({f.format for f in found}))
            samples = len({s for f in found for s in f.samples})
            lines.append(f"{about.title}: {len(found)} exports of {samples} samples ({formats})")
        if twice := [p for f in found for p in f.also]:
            lines.append(
                f"{about.title}: {len(twice)} further files of the same runs, not proposed ({twice[0].name}{' ...' if len(twice) > 1 else ''})"
            )
    if proposal.unknown:
        shown = ", ".join(proposal.unknown[:5]) + (" ..." if len(proposal.unknown) > 5 else "")
        lines.append(
            f"not recognised: {len(proposal.unknown)} files ({shown}); "
            "`snakemake formats` lists what is read"
        )
    return lines
