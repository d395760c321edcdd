"""Recognise a raw export by its content, among the formats of the technique whose index names it.

One row of `FORMATS` per format: its name, its technique, a test on the first bytes, and the module that
reads it (a function `read(path) -> Export`), which is imported only when it is used. Plain tables have no module but a
description (`description.py`): a study's own come first, the shipped ones after the formats that stand here.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ReadError
from ..places import study_at_work
from .line_blocks import head_text, is_workbook, workbook_heads
from .text import read_head

if TYPE_CHECKING:
    from .description import Description
    from .model import Export

HEAD_BYTES = 65536


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, told apart, and read.

    Attributes
    ----------
    name, technique : str
    matches : callable
        Whether the first bytes of a file are of this format.
    module : str
        The module of this package that reads it.
    applies : callable
        Whether a path can be of this format at all: a file, a folder, a file with another one beside it.
    instrument, file_names : str
        As people know them; they decide nothing.
    description : Description or None
        Of a plain table, which the one engine reads.
    """

    name: str
    technique: str
    matches: Callable[[bytes], bool]
    module: str
    applies: Callable[[Path], bool] = Path.is_file
    instrument: str = ""
    file_names: str = ""
    description: Description | None = None

    @property
    def generic(self) -> bool:
        """Whether the format fits many files of other kinds too."""
        broad = self.matches in (_two_numeric_columns, _text_image)
        return broad or bool(self.description and self.description.generic)


def _text(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _starts(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _matches(pattern: str, flags: int = 0) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, flags)
    return lambda head: bool(compiled.search(_text(head)))


def _two_numeric_columns(head: bytes) -> bool:
    """Two columns of numbers, TAB or blanks between, after at most eight other lines."""
    number = r"[+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?"
    row = re.compile(rf"^\s*{number}[\t ;]+{number}\s*$")
    lines = [line for line in _text(head).splitlines() if line.strip()][:-1][:40]
    if any("kev" in line.casefold() for line in lines[:9]):
        return False  # nothing here asks for a unit
    hits = [bool(row.match(line)) for line in lines]
    return len(hits) >= 3 and sum(hits) >= max(3, len(hits) - 8) and hits[-1]


def _bruker_bcf(head: bytes) -> bool:
    return head.startswith(b"AAMVHFSS")


# What Velox calls its groups and the keys of its metadata, and what other EMD files call theirs.
_EMD = (b"Velox", b"SharedProperties", b"FrameLookupTable", b"InstrumentClass", b"emd_group_type")


def _velox(head: bytes) -> bool:
    return head.startswith(b"\x89HDF") and any(word in head for word in _EMD)


def _dm(head: bytes) -> bool:
    # Version, length of the rest (32 or, in .dm4, 64 bits), 1 where the data are little-endian.
    byte_order = {b"\x00\x00\x00\x03": head[8:12], b"\x00\x00\x00\x04": head[12:16]}.get(head[:4])
    return byte_order in (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00")


def grd_properties(path: Path) -> Path | None:
    """Return the `.properties.txt` that stands beside a GRD event list, if there is one."""
    stem = path.name.removesuffix(".grd").removesuffix(".itm")
    for name in (f"{stem}.properties.txt", f"{stem}.itm.properties.txt"):
        if (path.parent / name).is_file():
            return path.parent / name
    return None


def _event_list(path: Path) -> bool:
    # It has no magic: whole 20-byte records, and its properties beside it.
    return path.is_file() and grd_properties(path) is not None


# `x y I` after a header of marks or words. A depth profile or a spectrum is read by nobody, but this reader says what it is.
_text_image = _matches(
    r"\A(?:[ \t\r]*(?:[#A-Za-z\"][^\n]*)?\n)*[ \t\r]*\d+[ \t]*[ \t;,][ \t]*\d+[ \t]*[ \t;,][ \t]*[\d.,eE+-]+\s"
    r"|\A# Profile Smoothing|Sputter Time|\A#? ?(?:Depth Profile|Mass Spectrum)|\AChannel[\t,; ]m/z",
    re.I,
)


# Order matters where a later test is broader than an earlier one.
FORMATS: tuple[Format, ...] = (
    # Told by their first bytes: a large binary file is not searched for the words of text formats.
    Format("EC-Lab binary", "cycling", _starts(b"BIO-LOGIC MODULAR FILE"), "eclab_mpr", instrument="BioLogic (EC-Lab)", file_names="*.mpr"),
    Format("Neware nda", "cycling", _starts(b"NEWARE"), "neware", instrument="Neware", file_names="*.nda"),
    Format("Battery Data Format Parquet", "cycling", _starts(b"PAR1"), "bdf_parquet", instrument="any (Battery Data Alliance)", file_names="*.bdf.parquet, *.parquet"),
    Format("Arbin RES", "cycling", _starts(b"\x00\x01\x00\x00Standard"), "arbin_res", instrument="Arbin (MITS Pro), through mdbtools", file_names="*.res"),
    Format("VAMAS", "xps", _matches(r"\A\s*VAMAS Surface Chemical Analysis"), "vamas_iso", instrument="any (ISO 14976)", file_names="*.vms, *.npl"),
    Format("PHI SPE", "xps", _matches(r"\A\s*SOFH\s"), "phi_spe", instrument="PHI (MultiPak)", file_names="*.spe, *.pro"),
    Format("CasaXPS ASCII", "xps", _matches(r"\A\s*Cycle \d+:"), "casaxps_ascii", instrument="any (CasaXPS)", file_names="*.txt"),
    Format("CasaXPS report", "xps", _matches(r"(?m)^Name\tPosition\tFWHM\t"), "casaxps_report", instrument="any (CasaXPS)", file_names="*.txt"),
    Format("SPECS XY", "xps", _matches(r"\A# Created by:\s+SpecsLab|\A(?:#.*\r?\n)+# Region:"), "specs_xy", instrument="SPECS (Prodigy)", file_names="*.xy"),
    Format("Scienta SES text", "xps", _matches(r"\A\s*\[Info\]\s*Number of Regions="), "scienta_txt", instrument="Scienta Omicron (SES)", file_names="*.txt"),
    Format("Scienta SES wave", "xps", lambda h: h[:2] == b"\x05\x00" and b"[SES]" in h, "scienta_ibw", instrument="Scienta Omicron (SES)", file_names="*.ibw"),
    Format("XPS columns", "xps", _matches(r"\ABE/eV[\t,]"), "xps_columns", instrument="PHI (MultiPak), any", file_names="*.csv, *.txt"),
    Format("NETZSCH Proteus ASCII", "tga_ms", _matches(r"(?m)^##?\s*Temp\.?/|^##\S[^\r\n]{1,40}/|\A#EXPORTTYPE"), "proteus", instrument="NETZSCH (Proteus)", file_names="*.txt, *.csv, ExpDat_*"),
    Format("NETZSCH NGB", "tga_ms", lambda h: h[:2] == b"PK" and b"Streams/" in h, "ngb", instrument="NETZSCH (Proteus)", file_names="*.ngb-ss3, *.ngb-bs3, *.ngb-ds3"),
    Format("Quadstar ASCII", "tga_ms", _matches(r"\A\s*ASCII SAMPLE CYCLES"), "quadstar", instrument="NETZSCH Aeolos, Pfeiffer (Quadstar 422)", file_names="*.asc"),
    Format("EC-Lab ASCII", "cycling", _matches(r"\A\s*(EC|BT)-Lab ASCII FILE"), "eclab_mpt", instrument="BioLogic (EC-Lab, BT-Lab)", file_names="*.mpt"),
    Format("EC-Lab ASCII without header", "cycling", _matches(r"\A[^\r\n]*\btime/s\b[^\r\n]*/V\b"), "eclab_mpt", instrument="BioLogic (EC-Lab)", file_names="*.mpt, *.txt"),
    Format("MACCOR ASCII", "cycling", _matches(r"(?m)^Rec#?\t(?![^\r\n]*\tTest\()|\AToday''?s Date(?!\s*,)"), "maccor", instrument="MACCOR", file_names="*.txt, *.001, *.041"),
    Format("Neware ndax", "cycling", lambda h: h[:2] == b"PK" and b".ndc" in h, "neware", instrument="Neware", file_names="*.ndax"),
    Format("BIF6", "sims", _starts(b"\x00\x00BIF6"), "bif6", instrument="IONTOF (SurfaceLab)", file_names="*.bif6"),
    Format("SIMS-H5", "sims", lambda h: h.startswith(b"\x89HDF") and b"tof-sims-sparse-hdf5" in h, "simsh5", instrument="PHI nanoTOF (simsh5)", file_names="*.h5"),
    Format("imzML", "sims", lambda h: b"<mzML" in h and b"IMS:1000" in h, "imzml", instrument="any", file_names="*.imzML beside *.ibd"),
    Format("Bruker BCF", "stem", _bruker_bcf, "micrograph", instrument="Bruker (Esprit)", file_names="*.bcf"),
    Format("Gatan DM", "stem", _dm, "micrograph", instrument="Gatan (DigitalMicrograph)", file_names="*.dm3, *.dm4"),
    Format("Velox EMD", "stem", _velox, "micrograph", instrument="Thermo Fisher (Velox)", file_names="*.emd"),
    Format("TIA series", "stem", _starts(b"II\x97\x01"), "micrograph", instrument="FEI (TIA)", file_names="*.ser"),
    Format("MRC", "stem", lambda head: head[208:212] == b"MAP ", "micrograph", instrument="any", file_names="*.mrc"),
    Format("JEOL PTS", "stem", _starts(b"\x30\x01\x00\x00PTTDFIL"), "micrograph", instrument="JEOL (Analysis Station)", file_names="*.pts"),
    Format("TIFF", "stem", _starts(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), "micrograph", instrument="any", file_names="*.tif, *.tiff"),
    Format("SurfaceLab ASCII image", "sims", _text_image, "surfacelab_ascii", instrument="IONTOF (SurfaceLab)", file_names="* (1) - *.txt"),
    Format("SurfaceLab ASCII images", "sims", lambda h: True, "surfacelab_ascii", Path.is_dir, "IONTOF (SurfaceLab)", "a folder of * (n) - *.txt"),
    Format("GRD", "sims", lambda h: len(h) >= 20, "grd", _event_list, "IONTOF (SurfaceLab)", "*.grd beside *.properties.txt"),
    Format("Qtac ASCII", "leis", _two_numeric_columns, "qtac", instrument="IONTOF Qtac, any", file_names="*.txt"),
)  # fmt: skip


def formats_of(technique: str | None = None) -> list[Format]:
    """Return the formats of a technique that stand here, or all of them."""
    return [f for f in FORMATS if technique in (None, f.technique)]


def all_formats(technique: str | None = None, folder: Path | None = None) -> Iterator[Format]:
    """Yield all formats in the order in which they are tried.

    Parameters
    ----------
    technique : str, optional
        Those of one technique.
    folder : Path, optional
        With descriptions of a study's own (`STUDY/formats`).

    Raises
    ------
    StudyError
        A description that is none.
    """
    from .description import load_folder, shipped

    if folder is not None:
        yield from map(_described, load_folder(folder, technique))
    broad = _two_numeric_columns
    yield from (f for f in formats_of(technique) if f.matches is not broad)
    # Loaded only where no format above fits.
    plain = [_described(d) for d in shipped(technique)]
    yield from (f for f in plain if not f.generic)
    yield from (f for f in formats_of(technique) if f.matches is broad)
    yield from (f for f in plain if f.generic)


def format_names(technique: str, folder: Path | None = None) -> list[str]:
    """Return the names that the index column `format` may hold."""
    return [f.name for f in all_formats(technique, folder)]


def study_formats(path: Path) -> Path | None:
    """Return the folder `formats` of the study at work, else of the one that a file stands in, if there is one.

    An export may lie outside of the study, even in another one: a job reads it as its own study says, whose formats its
    rule knows.
    """
    if (study := study_at_work()) is not None:
        return study / "formats"
    for folder in path.parents:
        if (folder / "formats").is_dir() and any(folder.glob("samples.*")):
            return folder / "formats"
    return None


def _described(description: Description) -> Format:
    fits = _workbook_fits if description.workbook else _text_fits
    return Format(
        description.name,
        description.technique,
        (lambda head: head[:2] == b"PK") if description.workbook else partial(fits, description),
        "assemble",
        partial(_workbook_fits, description) if description.workbook else Path.is_file,
        description.instrument,
        description.file_names,
        description,
    )


def _text_fits(description: Description, head: bytes) -> bool:
    text = head_text(head)
    return all(pattern.search(text) for pattern in description.recognise)


def _workbook_fits(description: Description, path: Path) -> bool:
    if not is_workbook(path):
        return False
    sheets = [
        text
        for name, text in workbook_heads(path).items()
        if description.table.sheet is None or description.table.sheet.search(name)
    ]
    return any(all(p.search(text) for p in description.recognise) for text in sheets)


def format_named(
    name: str, technique: str | None = None, folder: Path | None = None
) -> Format | None:
    """Return the format that an index names, upper and lower case alike, if there is one."""
    wanted = name.casefold()
    known = all_formats(technique, folder)
    return next((f for f in known if f.name.casefold() == wanted), None)


def recognise(path: str | Path, technique: str | None = None, format: str = "") -> Format:
    """Return the format of `path`, told by its content and by what stands beside it.

    Parameters
    ----------
    path : path-like
        A file, or a folder of SurfaceLab ASCII images.
    technique : str, optional
        The technique whose index names the file: only its formats come into question.
    format : str, optional
        Name of the format as the index gives it; it wins over the content.

    Raises
    ------
    ReadError
        The file is absent, empty or of no known format.
    """
    path = Path(path)
    folder = study_formats(path)
    if format:
        named = format_named(format, technique, folder)
        if named is None:
            names = sorted({f.name for f in all_formats(technique, folder)})
            raise ReadError(
                path, "column format", f"one of the formats {', '.join(names)}", repr(format)
            )
        return named
    head = _head(path)
    for entry in all_formats(technique, folder):
        if entry.applies(path) and entry.matches(head):
            return entry
    from .foreign import is_certain, what_it_is

    wanted = f"an export of {technique}" if technique else "a raw export"
    found, advice = what_it_is(path, head, technique) if head else ("a folder", "name a file")
    if head and is_certain(path, head):
        pass
    elif technique is not None and (other := _elsewhere(path, head, technique)):
        found, advice = f"{other.name} ({other.technique})", f"move its row to {other.technique}/index.csv"  # fmt: skip
    advice = f"{advice} (`snakemake formats` lists what is read)"
    raise ReadError(path, "content", wanted, found, advice)


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    if path.exists() and not path.is_file():
        raise ReadError(path, "file", "a regular file", "a pipe or a device")
    return read_head(path, HEAD_BYTES)


def _elsewhere(path: Path, head: bytes, technique: str) -> Format | None:
    """Return the format of another technique that a file certainly is; two columns of numbers can be anything."""
    if path.is_dir() and not any(
        re.search(r"(?i) \(\d+\) - .*\.txt\Z", p.name) for p in path.iterdir()
    ):
        return None  # a folder is an export only of images that are named so
    others = (f for f in all_formats() if f.technique != technique and not f.generic)
    return next((f for f in others if f.applies(path) and f.matches(head)), None)


def read(path: str | Path, technique: str | None = None, format: str = "") -> Export:
    """Read any raw export.

    Parameters
    ----------
    path : path-like
        A file, or a folder of SurfaceLab ASCII images.
    technique : str, optional
        The technique whose index names the file.
    format : str, optional
        Name of the format as the index gives it; it wins over the content.

    Raises
    ------
    ReadError
        Unreadable, cut, or of another kind; the message names file, place, expected and found.
    MissingExtraError
        The format needs an optional library that is not installed.
    """
    entry = recognise(path, technique, format)
    if entry.description is not None:
        from .assemble import read as read_described

        return read_described(Path(path), entry.description)
    module = importlib.import_module(f".{entry.module}", __package__)
    export: Export = module.read(Path(path))
    return export
