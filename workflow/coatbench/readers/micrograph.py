"""Micrographs and element maps: TIFF, Gatan .dm3/.dm4, Bruker .bcf.

TIFF is read with tifffile; the two vendors' binary formats need rosettasciio (GPL-3.0, optional). The size of
a pixel comes from the file where it states one. Where it does not, the image has pixel numbers instead
of nanometres, `pixel_size_nm` is NaN, and it is for the index to give it: a scale is never guessed, and a
burned-in scale bar is not read.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import ReadError
from .model import Export


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
        A .dm3, .dm4 or .bcf file without rosettasciio.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    if head[:2] in (b"II", b"MM"):
        from .micrograph_tiff import read_tiff

        return read_tiff(path)
    from .micrograph_vendor import read_bcf, read_dm

    return read_bcf(path) if head.startswith(b"AAMVHFSS") else read_dm(path, head)
