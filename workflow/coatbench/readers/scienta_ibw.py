"""Scienta SES region as an Igor binary wave (version 5): a header, the numbers, a note with the settings, units of data and axes.

Layout after WaveMetrics' Technical Note 003, read off the public examples of pynxtools-xps (FAIRmat-NFDI), whose text exports hold the same spectra.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from .model import Export
from .scienta_txt import energy_axis, region_of
from .text import MAX_BYTES, decode, read_bytes

_SIZES = struct.Struct(
    "<2h15i"
)  # version, checksum; bytes of wave, formula, note, unit of the data, units of 4 axes, ...
_WAVE = struct.Struct(
    "<12xih50x4i4d4d"
)  # points, type of number; points, step and start of each axis
_NUMBERS = {2: "<f4", 4: "<f8", 8: "<i1", 16: "<i2", 32: "<i4", 72: "<u1", 80: "<u2", 96: "<u4"}
_HEADER = 320  # bytes of the wave before its numbers


def read(path: Path) -> Export:
    """Read the region of a wave (see `scienta_txt.region_of`).

    Raises
    ------
    ReadError
        Cut, of another version, no spectrum, or no settings of SES in its note.
    """
    raw = read_bytes(path, MAX_BYTES // 4)
    if len(raw) < _SIZES.size + _HEADER or raw[:2] != b"\x05\x00":
        raise ReadError(path, "byte 0", "an Igor wave of version 5", f"{len(raw)} bytes")
    sizes = _SIZES.unpack_from(raw)
    wave, formula, note, unit, *axes = sizes[2:10]
    n, kind, *rest = _WAVE.unpack_from(raw, _SIZES.size)
    shape, steps, starts = [k for k in rest[:4] if k], rest[4:8], rest[8:12]
    start = _SIZES.size + _HEADER
    number = np.dtype(_NUMBERS.get(kind, "V1"))
    whole = _SIZES.size + wave + formula + note + unit + axes[0]
    if kind not in _NUMBERS or n < 2 or int(np.prod(shape)) != n or not 1 <= len(shape) <= 2:
        found = f"{n} numbers of type {kind} in {len(shape)} dimensions"
        raise ReadError(path, "header", "a spectrum, or one for every slice", found)
    if len(raw) < max(whole, start + n * number.itemsize):
        raise ReadError(path, "file", f"{whole} bytes", f"{len(raw)}", "it is cut; copy it again")
    at = _SIZES.size + wave + formula
    settings = decode(raw[at : at + note], path)[0]
    label = decode(raw[at + note + unit : at + note + unit + axes[0]], path)[0]
    axis = energy_axis(label)
    if axis is None:
        raise ReadError(path, "unit of the first axis", "kinetic or binding energy", quote(label))
    if "[SES]" not in settings:
        raise ReadError(path, "note", "the settings of SES", quote(settings[:40]))
    pairs = (line.partition("=") for line in re.split(r"\r\n|\r|\n", settings))
    given = {name.strip(): value.strip() for name, sign, value in pairs if sign}
    # The first axis runs fastest.
    slices = np.frombuffer(raw, number, n, start).astype(float).reshape(shape[::-1]).T
    kinetic, factor = axis
    energy = factor * (starts[0] + steps[0] * np.arange(shape[0]))
    export = Export(path, "Scienta SES wave", "xps")
    export.sets.append(
        region_of(
            path, given, kinetic, energy, slices.reshape(shape[0], -1), "wave", export.warnings
        )
    )
    return export
