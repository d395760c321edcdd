"""Recognise a raw export by its content, among the formats of the technique whose index names it.

One row of `FORMATS` per format: its name, its technique, a test on the first bytes, and the module that
reads it (a function `read(path) -> Export`), which is imported only when it is used. Only the standard library: this
runs before anything else.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ReadError

if TYPE_CHECKING:
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
    """

    name: str
    technique: str
    matches: Callable[[bytes], bool]
    module: str
    applies: Callable[[Path], bool] = Path.is_file


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
    hits = [bool(row.match(line)) for line in lines]
    return len(hits) >= 3 and sum(hits) >= max(3, len(hits) - 8) and hits[-1]


def _bruker_bcf(head: bytes) -> bool:
    return head.startswith(b"AAMVHFSS")


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


# Order matters where a later test is broader than an earlier one.
FORMATS: tuple[Format, ...] = (
    # Told by their first bytes: a large binary file is not searched for the words of text formats.
    Format("EC-Lab binary", "cycling", _starts(b"BIO-LOGIC MODULAR FILE"), "eclab_mpr"),
    Format("Neware nda", "cycling", _starts(b"NEWARE"), "neware"),
    Format("VAMAS", "xps", _matches(r"\A\s*VAMAS Surface Chemical Analysis"), "vamas_iso"),
    Format("PHI SPE", "xps", _matches(r"\A\s*SOFH\s"), "phi_spe"),
    Format("CasaXPS ASCII", "xps", _matches(r"\A\s*Cycle \d+:"), "casaxps_ascii"),
    Format("CasaXPS report", "xps", _matches(r"(?m)^Name\tPosition\tFWHM\t"), "casaxps_report"),
    Format("XPS columns", "xps", _matches(r"\ABE/eV[\t,]"), "xps_columns"),
    Format(
        "NETZSCH Proteus ASCII", "tga_ms", _matches(r"(?m)^##?Temp\./|\A#EXPORTTYPE"), "proteus"
    ),
    Format("NETZSCH NGB", "tga_ms", lambda h: h[:2] == b"PK" and b"Streams/" in h, "ngb"),
    Format("Quadstar ASCII", "tga_ms", _matches(r"\A\s*ASCII SAMPLE CYCLES"), "quadstar"),
    Format("EC-Lab ASCII", "cycling", _matches(r"\A\s*(EC|BT)-Lab ASCII FILE"), "eclab_mpt"),
    Format(
        "EC-Lab ASCII without header",
        "cycling",
        _matches(r"\A[^\r\n]*\btime/s\b[^\r\n]*/V\b"),
        "eclab_mpt",
    ),
    Format(
        "MACCOR ASCII",
        "cycling",
        _matches(r"(?m)^Rec#?\t(Cycle P|Cyc#)|\AToday''?s Date|^Rec#?\t"),
        "maccor",
    ),
    Format("Neware ndax", "cycling", lambda h: h[:2] == b"PK" and b".ndc" in h, "neware"),
    Format("BIF6", "sims", _starts(b"\x00\x00BIF6"), "bif6"),
    Format("Bruker BCF", "stem", _bruker_bcf, "micrograph"),
    Format("Gatan DM", "stem", _dm, "micrograph"),
    Format("TIFF", "stem", _starts(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), "micrograph"),
    Format(
        "SurfaceLab ASCII image",
        "sims",
        _matches(r"\A(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t\r]*\d+[ \t]+\d+[ \t]+[\d.,eE+-]+\s"),
        "surfacelab_ascii",
    ),
    Format("SurfaceLab ASCII images", "sims", lambda h: True, "surfacelab_ascii", Path.is_dir),
    Format("GRD", "sims", lambda h: len(h) >= 20, "grd", _event_list),
    Format("Qtac ASCII", "leis", _two_numeric_columns, "qtac"),
)


def formats_of(technique: str | None = None) -> list[Format]:
    """Return the formats of a technique, or all of them."""
    return [f for f in FORMATS if technique in (None, f.technique)]


def format_named(name: str, technique: str | None = None) -> Format | None:
    """Return the format that an index names, upper and lower case alike, if there is one."""
    wanted = name.casefold()
    return next((f for f in formats_of(technique) if f.name.casefold() == wanted), None)


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
    if format:
        named = format_named(format, technique)
        if named is None:
            raise ReadError(path, "column format", _one_of(technique), repr(format))
        return named
    head = _head(path)
    for entry in formats_of(technique):
        if entry.applies(path) and entry.matches(head):
            return entry
    if technique is not None and (other := _elsewhere(path, head, technique)):
        raise ReadError(
            path,
            "content",
            f"an export of {technique}",
            f"{other.name} ({other.technique})",
            f"move its row to {other.technique}/index.csv",
        )
    raise ReadError(
        path,
        "first bytes",
        _one_of(technique),
        repr(head[:24]) if head else "a folder",
        "export it again in one of them",
    )


def _one_of(technique: str | None) -> str:
    names = sorted({f.name for f in formats_of(technique)})
    return f"one of the formats {', '.join(names)}"


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    if path.exists() and not path.is_file():
        raise ReadError(path, "file", "a regular file", "a pipe or a device")
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    if not head:
        raise ReadError(path, "byte 0", "a raw export", "an empty file", "export it again")
    return head


def _elsewhere(path: Path, head: bytes, technique: str) -> Format | None:
    """Return the format of another technique that a file certainly is; two columns of numbers can be anything."""
    others = (
        f for f in FORMATS if f.technique != technique and f.matches is not _two_numeric_columns
    )
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
    module = importlib.import_module(f".{entry.module}", __package__)
    export: Export = module.read(Path(path))
    return export
