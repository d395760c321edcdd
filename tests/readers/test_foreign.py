"""What a foreign file is, by its first bytes, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.errors import ReadError
from coatbench.readers import recognise
from coatbench.techniques import TECHNIQUES

ZIP = b"PK\x03\x04\x14\x00"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("name", "content", "technique", "found"),
    [
        ("x.vgd", OLE + wide("VGData"), "xps", "Thermo Avantage"),
        ("x.VGD", OLE, "xps", "Thermo Avantage binary (.vgd); export VAMAS or text with Avantage"),
        ("x.xls", OLE + wide("Workbook"), "cycling", "Excel workbook of the old kind"),
        ("x.dat", OLE, "tga_ms", "OLE2"),
        ("x.raw", b"SOFH\r\nTechnique: TOF-SIMS\r\n\0\0", "sims", "PHI ToF-SIMS raw"),
        ("x.itm", b"ITStrF01" + bytes(40), "sims", "IONTOF SurfaceLab raw"),
        ("x.grd", b"\1\0\0\0" * 20, "sims", "GRD event list without its properties"),
        ("x.bif3d", b"\0\0BIF3" + bytes(90), "sims", "BIF3D"),
        ("x.imzML", b'<?xml version="1.0"?>\n<mzML><cv id="IMS" fullName="imzML"/>', "leis", "imzML"),
        ("x.h5", b"\x89HDF\r\n\x1a\n" + bytes(30) + b"TofDAQ" + bytes(90), "sims", "Tofwerk"),
        ("x.h5", b"\x89HDF\r\n\x1a\n" + bytes(90), "sims", "an HDF5 file"),
        ("x.xlsx", ZIP + b"[Content_Types].xml" + bytes(60), "cycling", "Excel workbook (.xlsx)"),
        ("x.zip", ZIP + b"a.txt" + bytes(60), "leis", "a zip archive"),
        ("x.gz", b"\x1f\x8b\x08" + bytes(60), "cycling", "gzip"),
        ("x.pdf", b"%PDF-1.7\n%\xe2\xe3", "xps", "a PDF"),
        ("x.png", b"\x89PNG\r\n\x1a\n" + bytes(60), "stem", "PNG"),
        ("x.sle", b"SQLite format 3\0" + bytes(60), "xps", "SQLite"),
        ("x.res", b"\x00\x01\x00\x00Standard Jet DB\0", "xps", "Arbin RES"),
        ("x.tri", bytes(4) + b"TRIOS 5.1" + bytes(90), "tga_ms", "TRIOS"),
        ("x.tri", b"\x07\x08" + bytes(90), "tga_ms", "TRIOS"),
        ("x.bin", bytes(20) + b"METTLER TOLEDO" + bytes(90), "tga_ms", "STARe binary"),
        ("x.mps", b"EC-LAB SETTING FILE\r\n", "cycling", "settings"),
        ("x.csv", b"version https://git-lfs.github.com/spec/v1\n", "cycling", "pointer of Git LFS"),
        ("x.txt", bytes(4096), "cycling", "nothing but zero bytes"),
        ("x.bin", b"\x01\x02\x03\x00\x05" * 50, "leis", "a binary file"),
        ("x.txt", b"some words\nand more\n", "leis", "text that starts with 'some words'"),
        ("x.html", b"<!DOCTYPE html>\n<html>", "xps", "a web page"),
        ("x.txt", "\ufeffeinige Wörter\n".encode("utf-16-le"), "leis", "text that starts with"),
    ],
)  # fmt: skip
def test_a_foreign_file_is_named(
    tmp_path: Path, name: str, content: bytes, technique: str, found: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        recognise(path, technique)
    message = str(caught.value)
    assert found in message.split(", found ", 1)[1]
    assert "\n" not in message
    assert any(
        word in message
        for word in ("export", "save", "copy", "unpack", "fetch", "name", "download")
    )
    others = [t for t in TECHNIQUES if t != technique]
    assert not any(f" {t} " in message for t in others)


def test_another_techniques_export_is_sent_there(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("time_s,voltage_V,current_A\n0,3,0\n1,3,0\n")
    with pytest.raises(
        ReadError, match=r"coatbench cycling CSV \(cycling\); move its row to cycling"
    ):
        recognise(path, "tga_ms")
