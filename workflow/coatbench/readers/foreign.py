"""What a file is that no format of its technique fits, by its first bytes, and which export to make instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..techniques import TECHNIQUES
from .text import is_utf16

DESCRIBE = "describe its table in formats/*.yaml of the study (docs/formats.md)"


@dataclass(frozen=True)
class Kind:
    """A kind of file: what it is called, its first bytes, and what to do where the usual advice does not fit.

    Attributes
    ----------
    name : str
    starts : tuple of bytes
        One of them stands at the very beginning.
    holds : tuple of bytes
        One of them stands within the head, if there are any; also as UTF-16.
    advice : str
        Empty: the technique's usual export.
    suffixes : tuple of str
        Only of files that are called so, where the bytes alone do not tell.
    certain : bool
        Whatever format of another technique seems to fit as well.
    """

    name: str
    starts: tuple[bytes, ...] = ()
    holds: tuple[bytes, ...] = ()
    advice: str = ""
    suffixes: tuple[str, ...] = ()
    certain: bool = False


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_UNPACK = "unpack it and name the files in it"
_SURFACELAB = (
    "in SurfaceLab: open the measurement, Image, Export, BIF6 or ASCII (docs/sims.md has the steps)"
)
_CSV = "save the sheet as CSV with its line of labels"

# The first that fits counts: special ones stand before the container that they are made of.
KINDS: tuple[Kind, ...] = (
    Kind("a pointer of Git LFS, not the file itself", (b"version https://git-lfs",), advice="fetch the file (git lfs pull)"),
    Kind("a pointer of git-annex, not the file itself", (b"/annex/objects",), advice="fetch the file (git annex get)"),
    Kind("IONTOF SurfaceLab raw data (.itm, .ita, .itax)", (b"ITStrF",), advice=_SURFACELAB),
    Kind("an IONTOF BIF3D stack of images over depth", (b"\x00\x00BIF3", b"BIF3"), advice=_SURFACELAB),
    Kind("an IONTOF BIF3D stack of images over depth", suffixes=(".bif3d",), advice=_SURFACELAB),
    Kind("a GRD event list without its properties", suffixes=(".grd",), advice="put <name>.properties.txt, which ExportITMtoGRD writes with it, beside the file"),
    Kind("an imzML file", (b"<?xml", b"<mzML", b"<indexedmzML"), (b"imzML", b"IMS:1000"), "name the .imzML file, with its .ibd file beside it"),
    Kind("an mzML file", (b"<?xml", b"<mzML", b"<indexedmzML"), (b"<mzML",)),
    Kind("PHI ToF-SIMS raw data (.raw)", (b"SOFH", b"\x00SOFH"), (b"TOF", b"SIMS"), "save the images of the peaks as text in the software of the instrument, or convert the file to SIMS-H5 (docs/sims.md has the steps)", certain=True),
    Kind("a PHI MultiPak depth profile or map (.pro, .map)", (b"SOFH",), (b"DEPTHPRO", b"FileType: MAP"), "export the spectra as .spe or VAMAS with MultiPak"),
    Kind("a Thermo Avantage binary (.vgd)", (_OLE,), (b"VGData", b"VGSpace", b"VGX"), "export VAMAS or text with Avantage"),
    Kind("a Thermo Avantage binary (.vgd)", (_OLE,), suffixes=(".vgd",), advice="export VAMAS or text with Avantage"),
    Kind("Thermo Avantage properties (.vgp)", suffixes=(".vgp",), advice="export VAMAS or text with Avantage"),
    Kind("an Excel workbook of the old kind (.xls)", (_OLE, b"\x09\x08"), (b"Workbook", b"Book"), _CSV),
    Kind("a Word document", (_OLE,), (b"WordDocument",)),
    Kind("an Origin project in a compound file", (_OLE,), (b"Origin",)),
    Kind("a compound file of Microsoft (OLE2), which many vendors use for raw data", (_OLE,)),
    Kind("an Excel workbook (.xlsx)", (_ZIP,), (b"xl/", b"[Content_Types].xml"), f"{_CSV}, or {DESCRIBE} (workbook: true)"),
    Kind("an OpenDocument spreadsheet", (_ZIP,), (b"opendocument.spreadsheet",), _CSV),
    Kind("a NETZSCH NGB file", (_ZIP,), (b"Streams/",)),
    Kind("a Neware .ndax file", (_ZIP,), (b".ndc",)),
    Kind("a zip archive", (_ZIP, b"PK\x05\x06"), advice=_UNPACK),
    Kind("a gzip archive", (b"\x1f\x8b",), advice=_UNPACK),
    Kind("a bzip2 archive", (b"BZh",), advice=_UNPACK),
    Kind("an xz archive", (b"\xfd7zXZ",), advice=_UNPACK),
    Kind("a zstd archive", (b"\x28\xb5\x2f\xfd",), advice=_UNPACK),
    Kind("a 7z archive", (b"7z\xbc\xaf\x27\x1c",), advice=_UNPACK),
    Kind("a rar archive", (b"Rar!",), advice=_UNPACK),
    Kind("a Velox file of a microscope (EMD, HDF5)", (b"\x89HDF",), (b"Velox", b"emd"), "export TIFF with its scale"),
    Kind("a Tofwerk file (TofDAQ, HDF5)", (b"\x89HDF",), (b"TofDAQ", b"FIBParams", b"NbrWrites"), "export imzML or images as text"),
    Kind("an HDF5 file", (b"\x89HDF",)),
    Kind("a netCDF file", (b"CDF\x01", b"CDF\x02", b"CDF\x05")),
    Kind("an SQLite database (as SPECS .sle and others)", (b"SQLite format 3",)),
    Kind("an Access database (as Arbin .res)", (b"\x00\x01\x00\x00Standard",)),
    Kind("a TA Instruments TRIOS file (.tri)", holds=(b"TRIOS",), suffixes=(".tri",), advice="export text or CSV with TRIOS"),
    Kind("a TA Instruments TRIOS file (.tri)", suffixes=(".tri",), advice="export text or CSV with TRIOS"),
    Kind("a TA Instruments data file", holds=(b"TA Instruments",), advice="export text with Universal Analysis or TRIOS"),
    Kind("a Mettler Toledo STARe binary", holds=(b"STARe", b"METTLER"), advice="export text (\"Export/Import Other Format\") with STARe"),
    Kind("a PerkinElmer Pyris binary", (b"PEP2", b"PESP"), advice="export ASCII with Pyris"),
    Kind("a Gamry data file (.DTA)", (b"EXPLAIN",)),
    Kind("EC-Lab settings (.mps), which hold no records", (b"EC-LAB SETTING", b"BT-LAB SETTING"), advice="name the .mpr file, or export .mpt with EC-Lab"),
    Kind("BioLogic EC-Lab raw data (.mpr)", (b"BIO-LOGIC MODULAR FILE",)),
    Kind("a Neware .nda file", (b"NEWARE",)),
    Kind("a PDF", (b"%PDF",), advice="the numbers of a printed figure are no measurement: export them"),
    Kind("a PNG image", (b"\x89PNG",)),
    Kind("a JPEG image", (b"\xff\xd8\xff",)),
    Kind("a GIF image", (b"GIF8",)),
    Kind("a bitmap", (b"BM",), suffixes=(".bmp",)),
    Kind("a TIFF image", (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
    Kind("an FEI TIA series (.ser)", (b"II\x97\x01",), advice="export TIFF with its scale"),
    Kind("a Parquet table", (b"PAR1",), advice="save it as CSV with its line of labels"),
    Kind("a MATLAB file", (b"MATLAB 5.0", b"MATLAB 7.3")),
    Kind("a numpy file", (b"\x93NUMPY",), advice="save it as CSV with its line of labels"),
    Kind("an Igor wave", (b"\x05\x00", b"\x00\x05"), suffixes=(".ibw",)),
    Kind("an Igor text wave", (b"IGOR",)),
    Kind("a VAMAS file", (b"VAMAS Surface",)),
    Kind("rich text", (b"{\\rtf",), advice="save it as plain text"),
    Kind("a web page", (b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML"), advice="download the file itself"),
    Kind("an XML file", (b"<?xml",)),
    Kind("a Windows shortcut", (b"L\x00\x00\x00\x01\x14\x02",), advice="name the file that it points to"),
    Kind("macOS metadata (._), not the file itself", (b"\x00\x05\x16\x07",), advice="name the file without ._ before it"),
    Kind("a program", (b"MZ\x90", b"\x7fELF")),
)  # fmt: skip


def _fits(kind: Kind, path: Path, head: bytes) -> bool:
    if not (kind.starts or kind.holds or kind.suffixes):
        return False
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n") if kind.starts else head
    if kind.starts and not (head.startswith(kind.starts) or body.startswith(kind.starts)):
        return False
    if kind.suffixes and path.suffix.lower() not in kind.suffixes:
        return False
    if not kind.holds:
        return True
    wide = [b"".join(bytes((c, 0)) for c in word) for word in kind.holds]
    return any(word in head for word in (*kind.holds, *wide))


def what_it_is(path: Path, head: bytes, technique: str | None) -> tuple[str, str]:
    """Return what a file is, in words, and what to do.

    Parameters
    ----------
    path : Path
    head : bytes
        Its beginning.
    technique : str or None
        Whose index names it.

    Returns
    -------
    found, advice : str
    """
    entry = TECHNIQUES.get(technique or "")
    usual = f"export {entry.export if entry else 'text with labels and units'} instead"
    for kind in KINDS:
        # A word of a vendor inside a text is no sign of its binary format.
        if (kind.starts or kind.suffixes or _binary(head)) and _fits(kind, path, head):
            return kind.name, kind.advice or usual
    if not head.strip(b"\0"):
        return "nothing but zero bytes: a copy that failed", "copy the file again"
    if _binary(head):
        return f"a binary file that starts with {head[:16]!r}", usual
    line = next((text for text in _lines(head) if text.strip()), "")
    return f"text that starts with {line[:60]!r}", f"{usual}, or {DESCRIBE}"


def is_certain(path: Path, head: bytes) -> bool:
    """Whether a file is of a kind that formats of another technique would take for theirs."""
    return any(kind.certain and _fits(kind, path, head) for kind in KINDS)


def _binary(head: bytes) -> bool:
    if is_utf16(head):
        return False
    return b"\0" in head[:4096] or len(re.findall(rb"[\x01-\x08\x0e-\x1f]", head[:4096])) > 8


def _lines(head: bytes) -> list[str]:
    encoding = "utf-16" if is_utf16(head) else "utf-8"
    return re.split(r"[\r\n]+", head[: 4096 // 2 * 2].decode(encoding, errors="replace"))
