"""TIFF micrographs: pixels, and the scale from ImageJ, Gatan, FEI, TVIPS, JEOL, Zeiss or baseline tags."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError, quote
from .micrograph_block import image, in_nm
from .model import Export

if TYPE_CHECKING:
    import tifffile

MAX_BYTES = 1 << 30  # of images in memory
MAX_PAGES = 64
WHITE_IS_ZERO = 0  # photometric interpretation
# Deflate cannot shrink data further than about 1:1032.
MAX_COMPRESSION = 1100
# Baseline resolution is a print setting on most images (72 dpi: 0.35 mm). A micrograph's is far finer.
MAX_BASELINE_PIXEL_NM = 1000.0

Size = tuple[float, float] | None  # height and width of a pixel in nm


def read_tiff(path: Path) -> Export:
    """Read the images of a TIFF file (see `micrograph.read`); of a stack with one header the first."""
    import tifffile

    # Damaged tags are answered by our one line, not by tifffile's log as well.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        with tifffile.TiffFile(path) as file:
            return _read(path, file)
    except ReadError:
        raise
    except Exception as error:  # tifffile raises whatever its parsers stumble over
        raise ReadError(
            path, "TIFF structure", "a complete TIFF image", quote(f"{type(error).__name__}: {error}"),
            "export it again, uncompressed",
        ) from error  # fmt: skip


def _read(path: Path, file: tifffile.TiffFile) -> Export:
    warnings: list[str] = []
    blocks: list[Arrays] = []
    held = 0
    for page in file.pages[:MAX_PAGES]:
        whole: Any = page.aspage()  # a frame knows less of its tags
        _check_extent(path, whole)
        held += int(whole.nbytes)
        if held > MAX_BYTES:
            break
        blocks.append(_one(path, file, whole, warnings))
    if (n := _images(file)) > len(blocks):
        warnings.append(f"{n} images in the file; the first {len(blocks) if len(blocks) > 1 else 'one'} {'are' if len(blocks) > 1 else 'is'} read")  # fmt: skip
    return Export(path, "TIFF", "stem", blocks, warnings=list(dict.fromkeys(warnings)))


def _one(path: Path, file: tifffile.TiffFile, page: Any, warnings: list[str]) -> Arrays:
    pixels, note = _plane(path, page)
    if note:
        warnings.append(note)
    size, source = _calibration(file, page)
    tags = page.tags
    block = image(
        path,
        pixels,
        size,
        calibration=source,
        instrument=_text(tags.valueof("Make")) + " " + _text(tags.valueof("Model")),
        date=_text(tags.valueof("DateTime")),
        vendor={"software": _text(tags.valueof("Software"))},
    )
    block.attrs["instrument"] = block.attrs["instrument"].strip()
    return block


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip("\0 ")[:200]


def _images(file: tifffile.TiffFile) -> int:
    # ImageJ writes one header for a whole stack.
    declared = (file.imagej_metadata or {}).get("images", 1) if file.is_imagej else 1
    return max(int(declared), len(file.pages))


def _check_extent(path: Path, page: Any) -> None:
    """Hold what the header declares against the size of the file, before anything is allocated."""
    total = path.stat().st_size
    declared = int(page.nbytes)
    if declared <= 0 or page.dtype is None:
        raise ReadError(path, "TIFF header", "an image", f"shape {page.shape}")
    if declared > MAX_BYTES or declared > MAX_COMPRESSION * total:
        raise ReadError(
            path, "TIFF header", f"an image that {total} bytes can hold", f"{declared} bytes"
        )
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    end = max((offset + count for offset, count in segments), default=0)
    stored = sum(count for _, count in segments)
    # Strips hold exactly the image; tiles reach over its right and lower edge.
    wrong = page.compression == 1 and (stored < declared if page.is_tiled else stored != declared)
    if not segments or end > total or wrong:
        raise ReadError(
            path,
            "TIFF image data",
            f"{declared} bytes of pixels inside the file of {total}",
            f"{stored} bytes up to byte {end}",
            "the file is cut or damaged; copy it again",
        )


def _plane(path: Path, page: Any) -> tuple[np.ndarray, str]:
    """Return the image as (y, x); colours are averaged."""
    pixels: np.ndarray = page.asarray()
    axes = page.axes
    if axes == "YX" and page.photometric == WHITE_IS_ZERO and pixels.dtype.kind in "ub":
        white = (1 << page.bitspersample) - 1
        return (white - pixels.astype(np.int64)).astype(pixels.dtype), ""
    if axes == "YX":
        return pixels, ""
    if axes in ("YXS", "SYX") and pixels.shape[axes.index("S")] in (2, 3, 4):
        samples = np.moveaxis(pixels, axes.index("S"), 0)
        colours = samples[: 1 if len(samples) == 2 else 3]  # without transparency
        return colours.astype(np.float64).mean(axis=0), "a colour image: its channels are averaged"
    raise ReadError(path, "TIFF header", "an image with axes YX or colours", axes)


def _calibration(file: tifffile.TiffFile, page: Any) -> tuple[Size, str]:
    """Return the pixel size and the place it was found in; the most specific tags win."""
    sources: tuple[tuple[str, Callable[[tifffile.TiffFile, Any], Size]], ...] = (
        ("Gatan tags", _gatan),
        ("FEI tags", _fei),
        ("TVIPS tags", _tvips),
        ("JEOL magnification", _jeol),
        ("Zeiss tags", _zeiss),
        ("ImageJ", _imagej),
        ("TIFF resolution", _baseline),
    )
    for name, find in sources:
        try:
            size = find(file, page)
        except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError, AttributeError):
            continue  # a tag of another meaning; the next source may know
        if size:
            return size, name
    return None, ""


def _pair(y: float, unit_y: str, x: float, unit_x: str) -> Size:
    height, width = in_nm(float(y), unit_y), in_nm(float(x), unit_x)
    return (height, width) if height and width else None


def _gatan(file: tifffile.TiffFile, page: Any) -> Size:
    # Written by Digital Micrograph: 65003/65004 unit, 65009/65010 scale of x and y.
    tags = page.tags
    return _pair(tags[65010].value, str(tags[65004].value), tags[65009].value, str(tags[65003].value))  # fmt: skip


def _fei(file: tifffile.TiffFile, page: Any) -> Size:
    scan = (file.fei_metadata or {})["Scan"]
    return _pair(scan["PixelHeight"], "m", scan["PixelWidth"], "m")


def _tvips(file: tifffile.TiffFile, page: Any) -> Size:
    tvips = file.tvips_metadata or {}
    return _pair(tvips["PixelSizeY"], "nm", tvips["PixelSizeX"], "nm")


def _jeol(file: tifffile.TiffFile, page: Any) -> Size:
    # SightX: the magnification stands in an XML report, and belongs to the image at its stated resolution.
    text = str(page.tags["ImageDescription"].value)
    if "JEOL" not in text or "<TemReporter" not in text:
        return None
    match = re.search(r"<SelectorValue>\s*([0-9.eE+]+)\s*</SelectorValue>", text)
    unit = {2: "inch", 3: "cm"}[int(page.tags["ResolutionUnit"].value)]
    magnification = float(match[1]) if match else 0.0
    return _pair(
        1 / _rational(page, "YResolution") / magnification, unit,
        1 / _rational(page, "XResolution") / magnification, unit,
    )  # fmt: skip


ZEISS_WIDTH = 1024  # pixels; the width that the scale of the header belongs to


def _zeiss(file: tifffile.TiffFile, page: Any) -> Size:
    # SmartSEM: the fourth number is the pixel of an image 1024 wide, in m; the text names it with few digits.
    tags: Any = page.tags[34118].value
    size = float(tags[""][3]) * ZEISS_WIDTH / page.imagewidth
    named = tags.get("ap_image_pixel_size") or tags.get("ap_pixel_size")
    stated = in_nm(float(named[1]), str(named[2])) if named else None
    nm = in_nm(size, "m")
    if stated and (not nm or not 0.9 < stated / nm < 1.1):
        nm = stated  # a header that was edited; what the operator saw counts
    return (nm, nm) if nm else None


def _imagej(file: tifffile.TiffFile, page: Any) -> Size:
    unit = str((file.imagej_metadata or {})["unit"])
    return _pair(1 / _rational(page, "YResolution"), unit, 1 / _rational(page, "XResolution"), unit)


def _baseline(file: tifffile.TiffFile, page: Any) -> Size:
    unit = {2: "inch", 3: "cm"}[int(page.tags["ResolutionUnit"].value)]
    size = _pair(1 / _rational(page, "YResolution"), unit, 1 / _rational(page, "XResolution"), unit)
    return size if size and max(size) <= MAX_BASELINE_PIXEL_NM else None


def _rational(page: Any, tag: str) -> float:
    numerator, denominator = page.tags[tag].value
    return float(numerator) / float(denominator)
