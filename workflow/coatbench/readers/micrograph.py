"""Micrographs and element maps: TIFF, Gatan .dm3/.dm4, Bruker .bcf, Velox .emd, TIA .ser, .mrc, JEOL .pts.

TIFF is read with tifffile; the vendors' binary formats need rosettasciio (GPL-3.0, optional). The size of
a pixel comes from the file where it states one. Where it does not, the image has pixel numbers instead
of nanometres, `pixel_size_nm` is NaN, and it is for the index to give it: a scale is never guessed, and a
burned-in scale bar is not read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .model import Export
from .text import read_head

HEAD = 256
# How the formats begin that rosettasciio reads, besides those of Gatan.
VENDORS: dict[str, Callable[[bytes], bool]] = {
    "Bruker BCF": lambda head: head.startswith(b"AAMVHFSS"),
    "Velox EMD": lambda head: head.startswith(b"\x89HDF\r\n\x1a\n"),
    "TIA series": lambda head: head.startswith(b"II\x97\x01"),
    "MRC": lambda head: head[208:212] == b"MAP ",
    "JEOL PTS": lambda head: head.startswith(b"\x30\x01\x00\x00PTTDFIL"),
}


def read(path: Path) -> Export:
    """Read all images of one file.

    Returns
    -------
    Export
        One block per image with dims `y`, `x`, variable `intensity`, and coordinates `y_nm`, `x_nm` (pixel
        centres, from 0) where the file is calibrated. Attributes: `pixel_size_nm` (NaN without),
        `calibration` (where the scale stands in the file; empty without), `title`. A spectrum image has
        dims `y`, `x`, `energy`, variable `counts` and the coordinate `energy_keV`.

    Raises
    ------
    ReadError
        Damaged, cut, without an image, larger than memory allows, or in a compression that is not read.
    MissingExtraError
        A vendor's file without rosettasciio.
    """
    path = Path(path)
    head = read_head(path, HEAD)
    name = next((name for name, known in VENDORS.items() if known(head)), "")
    if not name and head[:2] in (b"II", b"MM"):
        from .micrograph_tiff import read_tiff

        return read_tiff(path)
    from .micrograph_vendor import read_vendor

    return read_vendor(path, name or "Gatan DM", head)
