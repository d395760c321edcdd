"""IONTOF Qtac spectra as SurfaceLab exports them: two columns, energy in eV and intensity.

The instrument writes no header, or a few lines of which no public description exists; decimal point or
comma (German systems); CRLF. Channels stand in steps of constant width. Whether intensity means counts
or counts/nC is nowhere in the file: the index says it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError
from .model import Export
from .text import MAX_BYTES, Text, parse_number, read_rows, read_text, split

MAX_HEADER_LINES = 8
MIN_CHANNELS = 8
MAX_CHANNELS = 1_000_000
# Energies are written with a few decimals, so steps differ by their rounding; a lost or doubled line
# makes a step that is off by its whole width.
STEP_TOLERANCE = 0.25
# A cut line is the beginning of a row; what is none is damage, and damage is not dropped.
_ROW_BEGIN = re.compile(r"[0-9eE+\-., \t;]{0,80}")


def read(path: Path) -> Export:
    """Read one spectrum.

    Returns
    -------
    Export
        One block with dim `energy`: coordinate `energy_eV` (ascending) and variable `intensity`
        (attribute `units`: `as exported`; counts or counts/nC, which only the index knows).

    Raises
    ------
    ReadError
        Not two columns of finite numbers, too short, or energies that are not an even, rising or falling
        axis (a line is missing or doubled).
    """
    text = read_text(path, MAX_BYTES // 16)
    start = _first_row(text)
    stop = len(text.lines)
    while stop > start and not text.lines[stop - 1].strip():
        stop -= 1
    if stop - start > MAX_CHANNELS:
        raise ReadError(path, "file", f"at most {MAX_CHANNELS} channels", f"{stop - start} lines")
    separator = ";" if ";" in text.lines[start] else None
    values, dropped = read_rows(text, start, stop, n_columns=2, separator=separator)
    if dropped and not _ROW_BEGIN.fullmatch(text.lines[stop - 1]):
        raise text.error(stop - 1, "energy and intensity, or the beginning of such a line", text.lines[stop - 1])  # fmt: skip
    warnings = ["1 incomplete last line dropped"] if dropped else []
    energy, intensity = values[:, 0], values[:, 1]
    if len(energy) < MIN_CHANNELS:
        raise ReadError(path, "file", f"at least {MIN_CHANNELS} channels", str(len(energy)))
    _check_axis(text, start, energy)
    _check_header(text, start, energy)
    if energy[0] > energy[-1]:
        energy, intensity = energy[::-1], intensity[::-1]
    header = [line.strip() for line in text.lines[:start] if line.strip()]
    block = Arrays.of(
        {"intensity": ("energy", np.ascontiguousarray(intensity), {"units": "as exported"})},
        coords={"energy_eV": ("energy", np.ascontiguousarray(energy), {"units": "eV"})},
        attrs={
            "instrument": "IONTOF Qtac",
            "date": "",
            "vendor": {f"header line {i + 1}": line for i, line in enumerate(header)},
        },
    )
    return Export(Path(path), "Qtac ASCII", "leis", [block], warnings=warnings)


def _first_row(text: Text) -> int:
    """Return the index of the first line of two numbers; only a few header lines may stand before it."""
    for index, line in enumerate(text.lines):
        cells = split(line, ";" if ";" in line else None)
        if len(cells) == 2 and all(parse_number(cell) is not None for cell in cells):
            return index
        if index >= MAX_HEADER_LINES:
            raise text.error(
                index, f"energy and intensity after at most {MAX_HEADER_LINES} header lines", line
            )
    raise ReadError(text.path, "file", "lines of energy and intensity", "none")


def _check_axis(text: Text, start: int, energy: np.ndarray) -> None:
    if np.any(energy <= 0):
        index = int(np.argmax(energy <= 0))
        raise text.error(start + index, "an energy above 0 eV", text.lines[start + index])
    if odd := check_steps(energy):
        index, expected = odd
        raise text.error(
            start + index,
            expected,
            text.lines[start + index],
            "a line is missing or doubled; export it again",
        )


def check_steps(energy: np.ndarray) -> tuple[int, str] | None:
    """Return the first channel that is off an even axis, and what it should be; None if none is."""
    steps = np.diff(energy)
    step = float(np.median(steps))
    odd = np.abs(steps - step) > STEP_TOLERANCE * abs(step)
    if step and not odd.any():
        return None
    index = int(np.argmax(odd)) if step else 0
    return index + 1, f"the energy {energy[index] + step:g} eV (steps of {step:g} eV)"


def _check_header(text: Text, start: int, energy: np.ndarray) -> None:
    """Refuse a damaged first channel, which would pass for a header line and be lost without a word."""
    step = float(energy[1] - energy[0])
    for index, line in enumerate(text.lines[:start]):
        if "kev" in line.casefold():
            raise text.error(
                index, "energies in eV", line, "export in eV, or as a table with labels"
            )
        cells = split(line, ";" if ";" in line else None)
        first = parse_number(cells[0]) if cells else None
        before = None if first is None else (energy[0] - first) / step
        is_channel = before is not None and abs(before - (start - index)) < STEP_TOLERANCE
        garbled = not line.replace("\t", " ").isprintable()
        if garbled or is_channel or any(map(_is_no_number, cells)):
            raise text.error(index, "a header line, or energy and intensity", line)


def _is_no_number(cell: str) -> bool:
    """Whether a cell is what programs write for a number that is none, or one that overflows."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return parse_number(cell) is None
