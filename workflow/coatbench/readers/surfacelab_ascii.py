"""SurfaceLab images as text: a folder with one file `<measurement> (<id>) - <label>.txt` per peak.

A region is the files of one measurement in a folder; id 0 is the total.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from ..spelling import composed
from .model import Export
from .sims_region import NO_COUNTS, NO_TOTAL, TOTAL_IMAGE, Channel, Region, Window, to_export
from .surfacelab_image import Image, Incomplete, read_image

FILE_NAME = re.compile(
    r"(?P<measurement>.*) \((?P<number>\d{1,9})\) - (?P<label>.*)\.txt", re.I | re.S
)
TOTAL_NUMBER = 0


def read(path: Path) -> Export:
    """Read one image file, or a folder with all images of a region.

    Raises
    ------
    ReadError
    """
    names = measurements(path)
    region = open_region(path, measurement=names[0] if len(names) > 1 else "")
    if len(names) > 1:
        region.warnings.append(
            f"{path.name}: {len(names)} measurements ({', '.join(names)}); {names[0]} is shown, the index's column "
            "measurement chooses"
        )
    return to_export(region)


def measurements(path: Path) -> list[str]:
    """Return the measurements whose images stand in a folder, in the order of their names."""
    if not path.is_dir():
        return []
    found = (FILE_NAME.fullmatch(name) for name in sorted(p.name for p in path.iterdir()))
    return list(dict.fromkeys(composed(match["measurement"]) for match in found if match))


def open_region(path: Path, windows: Sequence[Window] = (), measurement: str = "") -> Region:
    """Open a folder of images (or one image) and parse them.

    Parameters
    ----------
    path : Path
    windows : sequence of Window
        Not used: images have their own intervals.
    measurement : str, optional
        Which measurement of a folder that holds several: what stands before ` (<id>) - ` in the files' names.

    Raises
    ------
    ReadError
        No image, two measurements or one id twice in a folder, images of different size, or a damaged file.
    """
    files, warnings = _files(path, measurement)
    numbers = sorted(files)
    images = [n for n in numbers if n != TOTAL_NUMBER]
    first = files[numbers[0]][0]
    parsed = _filled(_images({n: files[n][0] for n in numbers}))
    shape = parsed[numbers[0]].values.shape
    for n in numbers:
        if parsed[n].values.shape != shape:
            _raise_other_raster(files[n][0], parsed[n].values.shape, first, shape)
        warnings += _dropped(files[n][0], parsed[n])
    if any(image.values.dtype.kind == "f" for image in parsed.values()):
        warnings.append(f"{path.name}: {NO_COUNTS}")
    total = parsed[TOTAL_NUMBER].values if TOTAL_NUMBER in parsed else None
    if total is None:
        warnings.append(f"{path.name}: no total image (id 0)")
    for image in parsed.values():
        if image.dropped is not None and total is not None:
            total[image.dropped] = 0  # a pixel without all its counts is left out
    return Region(
        path=path,
        format="SurfaceLab ASCII images",
        shape=(int(shape[0]), int(shape[1])),
        channels=[Channel(n, files[n][1]) for n in images],
        read_image=lambda i: parsed[images[i]].values,
        total=total,
        total_source=NO_TOTAL if total is None else TOTAL_IMAGE,
        attrs={"instrument": "IONTOF SurfaceLab", "date": "", "vendor": {}},
        warnings=warnings,
    )


def _raise_other_raster(
    file: Path, shape: tuple[int, ...], first: Path, first_shape: tuple[int, ...]
) -> None:
    """Blame the smaller of two rasters of one region: a file that was cut between two lines."""
    pairs = sorted(
        [(shape[0] * shape[1], file, shape), (first_shape[0] * first_shape[1], first, first_shape)]
    )
    (_, small, at), (_, large, other) = pairs
    raise ReadError(
        small, "raster", f"{other[1]} x {other[0]} pixels as in {large.name}", f"{at[1]} x {at[0]}",
        "the file is cut, or not of this region",
    )  # fmt: skip


def _images(files: dict[int, Path]) -> dict[int, Image]:
    """Parse the images of a region.

    Where one of them clearly leaves out pixels without counts, a few that are missing in another one were left out too.
    """
    parsed: dict[int, Image] = {}
    incomplete: dict[int, Incomplete] = {}
    for n, file in files.items():
        try:
            parsed[n] = read_image(file)
        except Incomplete as error:
            incomplete[n] = error
    if incomplete and all(image.first is not None for image in parsed.values()):
        raise next(iter(incomplete.values()))
    return {n: parsed.get(n) or read_image(file, sparse=True) for n, file in files.items()}


def _filled(images: dict[int, Image]) -> dict[int, Image]:
    """Bring images that leave out pixels to the raster of the region, which is that of a whole image or spans them all."""
    sparse = [image for image in images.values() if image.first is None]
    if not sparse:
        return images
    whole = next((image for image in images.values() if image.first is not None), None)
    if whole is not None:
        first, (ny, nx) = whole.first or 0, whole.values.shape
    else:
        first = int(not any(i.values[0].any() or i.values[:, 0].any() for i in sparse))
        ny, nx = (max(i.values.shape[k] for i in sparse) - first for k in (0, 1))

    def filled(image: Image) -> Image:
        if image.first is not None:
            return image
        values = image.values[first:, first:]
        if values.shape[0] > ny or values.shape[1] > nx:
            return Image(values, None)  # of another raster: told by whoever compares them
        return Image(np.pad(values, [(0, ny - values.shape[0]), (0, nx - values.shape[1])]), None)

    return {n: filled(image) for n, image in images.items()}


def _files(path: Path, measurement: str) -> tuple[dict[int, tuple[Path, str]], list[str]]:
    """Return {id: (file, label)} of a region, and what else stands in its folder."""
    if not path.is_dir():
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            return {1: (path, path.stem)}, [
                f"{path.name}: not named `<measurement> (<id>) - <label>.txt`; read as one image"
            ]
        return {int(match["number"]): (path, match["label"])}, []
    try:
        names = sorted(p.name for p in path.iterdir() if p.is_file())
    except OSError as error:
        raise ReadError(
            path, "folder", "a readable folder", error.strerror or "an error"
        ) from error
    files: dict[int, tuple[Path, str]] = {}
    warnings: list[str] = []
    found = measurements(path)
    if measurement and found and measurement not in found:
        raise ReadError(
            path, "column measurement", " or ".join(found), quote(measurement)
        )  # fmt: skip
    if len(found) > 1 and not measurement:
        raise ReadError(
            path, "folder", "images of one measurement", " and ".join(quote(m) for m in found[:3]),
            "name one in the index's column measurement (one row each)",
        )  # fmt: skip
    for name in names:
        match = FILE_NAME.fullmatch(name)
        if match is None:
            if name.lower().endswith(".txt"):
                warnings.append(f"{path.name}: {name} is not an image of the region; left out")
            continue
        if measurement and composed(match["measurement"]) != measurement:
            continue
        number = int(match["number"])
        if number in files:
            raise ReadError(
                path, name, f"one image with id {number}", f"also {files[number][0].name}",
                "keep one region per folder",
            )  # fmt: skip
        files[number] = (path / name, match["label"])
    if not files:
        raise ReadError(
            path, "folder", "images named `<measurement> (<id>) - <label>.txt`",
            f"{len(names)} other files",
        )  # fmt: skip
    return files, warnings


def _dropped(path: Path, image: Image) -> list[str]:
    if image.dropped is None:
        return []
    y, x = image.dropped
    return [f"{path.name}: last line incomplete, 1 row dropped: pixel ({x}, {y}) is left out"]
