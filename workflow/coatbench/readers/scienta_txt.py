"""Scienta SES text: ``[Region n]`` with the axes, ``[Info n]`` with the settings, ``[Data n]`` with energy and one column per slice.

Slices (angles or places on the detector) are summed. Only whole numbers are counts: a detector read by a converter (``DetectorMode=ADC``)
and corrected images give numbers on no scale of counts: their statistics are not known, nor whether they are sums or means over
sweeps, so that regions do not compare. Layout read off the public examples
of pynxtools-xps (FAIRmat-NFDI).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError, quote
from .model import Export
from .text import MAX_BYTES, Text, integer, number, read_rows, read_text
from .xps_block import RawRegion, make_block, region_name

_SECTION = re.compile(r"\[(.+?)(?:\s+(\d+))?\]\s*")
AXIS = re.compile(r"(kinetic|binding) energy\s*\[(k?eV)\]", re.IGNORECASE)


def read(path: Path) -> Export:
    """Read all regions (see `xps_block.make_block`).

    Raises
    ------
    ReadError
        A section is absent, the first axis is no energy, a row has another number of columns than there are slices.
    """
    text = read_text(path, MAX_BYTES // 4)
    export = Export(Path(path), "Scienta SES text", "xps")
    sections: dict[tuple[str, str], tuple[int, int]] = {}
    heads = [(i, m) for i, line in enumerate(text.lines) if (m := _SECTION.fullmatch(line))]
    stops = [i for i, _ in heads][1:] + [len(text.lines)] * bool(heads)
    for (i, match), stop in zip(heads, stops, strict=True):
        sections[match[1], match[2] or ""] = i + 1, stop
    start, stop = sections.get(("Info", ""), (0, 0))
    n = integer(
        _settings(text, start, stop).get("Number of Regions", ""),
        text.path, "[Info]", "a number of regions", 1, 1000,
    )  # fmt: skip
    for k in range(1, n + 1):
        places = [sections.get((name, str(k))) for name in ("Region", "Info", "Data")]
        if None in places:
            found = f"{len(export.sets)} whole ones"
            raise ReadError(
                text.path,
                f"region {k} of {n}",
                "[Region], [Info] and [Data]",
                found,
                "export it again",
            )
        region, info, data = (p for p in places if p is not None)
        given = {**_settings(text, *info), **_settings(text, *region)}
        export.sets.append(_block(text, given, data, f"region {k}", export.warnings))
    return export


def _settings(text: Text, start: int, stop: int) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.lines[start:stop])
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def _block(
    text: Text, given: dict[str, str], data: tuple[int, int], where: str, warnings: list[str]
) -> Arrays:
    axis = energy_axis(given.get("Dimension 1 name", ""))
    if axis is None:
        found = quote(given.get("Dimension 1 name", "none"))
        raise ReadError(text.path, where, "kinetic or binding energy as dimension 1", found)
    if given.get("Dimension 3 name"):
        advice = "export one spectrum per file, or VAMAS"
        raise ReadError(text.path, where, "energy and at most slices", "a third dimension", advice)

    def value(name: str) -> float:
        return number(given[name], text.path, where, name) if given.get(name) else math.nan

    start, stop = data
    while stop > start and not text.lines[stop - 1].strip():
        stop -= 1
    slices = value("Dimension 2 size")
    n_slices = int(slices) if slices >= 1 else 1
    values, dropped = read_rows(text, start, stop, 1 + n_slices)
    if dropped:
        warnings.append("1 incomplete last line dropped")
    n = value("Dimension 1 size")
    if math.isfinite(n) and len(values) + dropped < n:
        raise ReadError(
            text.path, where, f"{n:g} rows", str(len(values)), "the file is cut; export it again"
        )
    kinetic, factor = axis
    return region_of(
        text.path, given, kinetic, factor * values[:, 0], values[:, 1:], where, warnings
    )


def energy_axis(label: str) -> tuple[bool, float] | None:
    """Tell from the label of an axis whether its energies are kinetic, and their factor to eV; None: no energies."""
    axis = AXIS.match(label)
    if axis is None:
        return None
    return axis[1].casefold() == "kinetic", 1000.0 if axis[2].casefold() == "kev" else 1.0


def region_of(
    path: Path,
    given: Mapping[str, str],
    kinetic: bool,
    energy_eV: np.ndarray,
    slices: np.ndarray,
    where: str,
    warnings: list[str],
) -> Arrays:
    """Return the block of a region that SES saved, in its text or as an Igor wave: slices (n, k) are summed.

    Raises
    ------
    ReadError
        A setting is no number, or `xps_block.make_block` refuses the region.
    """

    def value(name: str) -> float:
        return number(given[name], path, where, name) if given.get(name) else math.nan

    if slices.shape[1] > 1:
        warnings.append(f"{where}: {slices.shape[1]} slices summed")
    intensity = slices.sum(axis=1)
    whole = bool((intensity == intensity.round()).all())
    if not whole:
        warnings.append(f"{where}: intensities are no whole counts; their statistics are not known")
    # Of all sweeps and of all channels of the detector that saw an energy; the step time is that of one position.
    time_s = value("Time per Spectrum Channel")
    if not time_s > 0:
        time_s = value("Step Time") / 1000 * value("Number of Sweeps")
    raw = RawRegion(
        name=region_name(given.get("Region Name", "")),
        energy_eV=energy_eV,
        is_kinetic=kinetic,
        intensity=intensity,
        is_rate=False,
        photon_energy_eV=value("Excitation Energy"),
        dwell_s=time_s if whole else math.nan,
        attrs={
            "sample": given.get("Sample", ""),
            "technique": "XPS",
            "instrument": " ".join(("Scienta", given.get("Instrument", ""))).strip(),
            "date": given.get("Date", ""),
            "pass_energy_eV": value("Pass Energy"),
            "transmission_coefficients": None,
            "casaxps": None,
            "vendor": {k: v for k, v in given.items() if not k.endswith(" scale")},
        },
    )
    return make_block(raw, path, where, warnings)
