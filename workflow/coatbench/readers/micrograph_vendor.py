"""Gatan .dm3/.dm4, Bruker .bcf, Velox .emd, TIA .ser, .mrc and JEOL .pts through rosettasciio (GPL-3.0-or-later, optional)."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..errors import MissingExtraError, ReadError, quote
from .micrograph_block import image, in_nm
from .model import Export

MAX_FILE_BYTES = 4 << 30
MAX_CUBE_BYTES = 1 << 30
SERIES_AXES, MAX_FRAMES = ("time", "stack", "z", "frame"), 64


# The module of rosettasciio that reads a format.
MODULES = {
    "Gatan DM": "digitalmicrograph",
    "Bruker BCF": "bruker",
    "Velox EMD": "emd",
    "TIA series": "tia",
    "MRC": "mrc",
    "JEOL PTS": "jeol",
}


def read_vendor(path: Path, name: str, head: bytes) -> Export:
    """Read a file of one of MODULES: its images, and spectrum images as counts per pixel and energy."""
    if (total := path.stat().st_size) > MAX_FILE_BYTES:
        raise ReadError(path, "file", f"at most {MAX_FILE_BYTES} bytes", f"{total} bytes")
    if name == "Gatan DM":
        _check_length(path, head, total)
    try:
        reader = import_module(f"rsciio.{MODULES[name]}").file_reader
    except ImportError as error:
        raise MissingExtraError("rosettasciio", "microscopy", f"{path}: reading {name} files") from error  # fmt: skip
    logging.getLogger("rsciio").setLevel(logging.CRITICAL)
    try:
        signals = list(reader(str(path)))
        blocks = [b for signal in signals for b in _blocks(path, signal, name)]
    except ReadError:
        raise
    except ModuleNotFoundError as error:
        # The spectra of a Velox file are a list of events, which takes one more package.
        raise ReadError(
            path, name, "the packages that rosettasciio reads it with", quote(str(error)),
            "pip install sparse, or export images and element maps as TIFF",
        ) from error  # fmt: skip
    except Exception as error:  # rosettasciio raises whatever its parsers stumble over
        raise ReadError(
            path, f"{name} structure", "a complete file", quote(f"{type(error).__name__}: {error}"),
            "export it again, or as TIFF",
        ) from error  # fmt: skip
    if not blocks:
        raise ReadError(path, name, "an image or a spectrum image", f"{len(signals)} other objects")
    return Export(path, name, "stem", blocks)


def _check_length(path: Path, head: bytes, total: int) -> None:
    """Refuse a Gatan file that is cut: version, then the length of what follows the 12 (.dm3) or 16 (.dm4) bytes of the header.

    Writers count a few bytes of the root differently; a cut file lacks far more.
    """
    width = 8 if head[3:4] == b"\x04" else 4
    declared = int.from_bytes(head[4 : 4 + width], "big")
    if not 0 < declared <= total:
        raise ReadError(
            path, "byte 4", f"a file of about {declared} bytes", f"{total} bytes",
            "the file is cut; copy it again",
        )  # fmt: skip


def _blocks(path: Path, signal: dict[str, Any], name: str) -> list[Arrays]:
    """Turn one signal into blocks: frames of a series are images of their own."""
    data, axes = signal["data"], signal["axes"]
    spectra = any(_is_energy(axis) for axis in axes)
    if data.ndim == 3 and str(axes[0].get("name", "")).lower() in SERIES_AXES and not spectra:
        frames = [dict(signal, data=frame, axes=axes[1:]) for frame in data[:MAX_FRAMES]]
    else:
        frames = [signal]
    return [b for frame in frames if (b := _block(path, frame, name)) is not None]


def _is_energy(axis: dict[str, Any]) -> bool:
    return str(axis["units"]).lower() in ("kev", "ev")


def _block(path: Path, signal: dict[str, Any], name: str) -> Arrays | None:
    """Turn one signal of rosettasciio into a block; None for what is no image."""
    data, axes = signal["data"], signal["axes"]
    general = signal.get("metadata", {}).get("General", {})
    sizes = [in_nm(float(a["scale"]), str(a["units"])) for a in axes]
    about: dict[str, Any] = {
        "title": str(general.get("title", "")),
        "date": str(general.get("date", "")),
        "calibration": name,
        "instrument": str(_microscope(signal.get("metadata", {}))),
    }
    if data.dtype.kind == "c":
        return None  # a Fourier transform, or two signals in one: no micrograph
    if data.ndim == 2:
        size = (sizes[0], sizes[1]) if sizes[0] and sizes[1] else None
        return image(path, data, size, **about)
    if data.ndim == 3 and _is_energy(axes[2]) and data.nbytes <= MAX_CUBE_BYTES:
        return _cube(path, data, sizes, axes[2], about)
    return None


def _cube(path: Path, data: Any, sizes: list[float | None], axis: dict[str, Any], about: dict[str, Any]) -> Arrays:  # fmt: skip
    size = (sizes[0], sizes[1]) if sizes[0] and sizes[1] else None
    # The plane only lends its coordinates and attributes.
    plane = image(path, np.zeros(data.shape[:2]), size, **about)
    coords = {n: (*plane.variables[n], plane.attrs_of(n)) for n in plane.coords}
    keV = 1e-3 if str(axis["units"]).lower() == "ev" else 1.0
    energy = keV * (float(axis["offset"]) + float(axis["scale"]) * np.arange(data.shape[2]))
    return Arrays.of(
        {"counts": (("y", "x", "energy"), data, {"units": "counts"})},
        {**coords, "energy_keV": ("energy", energy, {"units": "keV"})},
        plane.attrs,
    )


def _microscope(metadata: dict[str, Any]) -> str:
    instrument = metadata.get("Acquisition_instrument", {})
    for kind in ("TEM", "SEM"):
        if name := instrument.get(kind, {}).get("microscope"):
            return str(name)
    return ""
