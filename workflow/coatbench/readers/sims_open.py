"""A ToF-SIMS region or spectrum of whichever format; nothing is loaded before it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from .recognise import recognise
from .sims_region import Region, Spectrum, Window

# Exports of every ion, or of a spectrum per pixel, which are binned into windows.
EVENT_MODULES = ("grd", "simsh5", "imzml")


def open_region(
    path: str | Path, windows: Sequence[Window] = (), format: str = "", measurement: str = ""
) -> Region:
    """Open a region of any ToF-SIMS format.

    Parameters
    ----------
    path : path-like
        A file, or a folder of images.
    windows : sequence of Window, optional
        What an event list is binned into; images have their own intervals.
    format : str, optional
        Name of the format as the index gives it; it wins over the content.
    measurement : str, optional
        Which measurement of a folder that holds several.

    Raises
    ------
    ReadError
        Unreadable, cut, or not ToF-SIMS.
    """
    entry = recognise(path, "sims", format)
    module = importlib.import_module(f".{entry.module}", __package__)
    more = {"measurement": measurement} if entry.module == "surfacelab_ascii" else {}
    region: Region = module.open_region(Path(path), windows, **more)
    return region


def read_spectrum(path: str | Path, format: str = "") -> Spectrum | None:
    """Read a spectrum of an export that has every ion, from pieces all along a large one; None where an export holds images.

    Raises
    ------
    ReadError
    """
    entry = recognise(path, "sims", format)
    if entry.module not in EVENT_MODULES:
        return None
    module = importlib.import_module(f".{entry.module}", __package__)
    spectrum: Spectrum | None = module.read_spectrum(Path(path))
    return spectrum
