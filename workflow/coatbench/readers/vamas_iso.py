"""VAMAS, ISO 14976: the strict grammar of the standard, in every dialect that XPS instruments write.

One value a line, no keys: a reader that loses its place reads garbage without noticing. So every count is
checked against what the file still holds, every number is parsed strictly, and the file must end where the
standard says. Dialects: PHI MultiPak (.npl: NUL in labels, binding energy, counts/s), Kratos (leading blank
lines, transmission as second variable), CasaXPS (IRREGULAR, regions and components in the comments).
Grammar: Dench, Hazell, Seah, Surf. Interface Anal. 13 (1988) 63.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ReadError, quote
from . import casaxps_comments
from .model import Export
from .text import number, read_text
from .vamas_cursor import Cursor
from .xps_block import (
    MAX_POINTS,
    UNKNOWN,
    UNNAMED,
    RawRegion,
    anode_energy,
    intensity_unit,
    make_block,
    region_name,
)

MAGIC = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
END = "end of experiment"
MODES = ("MAP", "MAPDP", "MAPSV", "MAPSVDP", "NORM", "SDP", "SDPSV", "SEM", "NOEXP")
MAPS = ("MAP", "MAPDP")
DEPTH = ("MAPDP", "MAPSVDP", "SDP", "SDPSV")
FIELDS = ("MAP", "MAPDP", "MAPSV", "MAPSVDP", "SEM")
LINESCANS = ("MAPSV", "MAPSVDP", "SEM")
SPECTRA = ("XPS", "UPS")
AUGER = (
    "AES dir",
    "AES diff",
)  # of the same layout: a block among others is left out, the rest is read
_COEFFICIENTS = re.compile(r"IntensityCalCoeff:\s*([\d.eE+-]+)\s+([\d.eE+-]+)")


@dataclass
class Header:
    """What stands before the blocks and decides how they read."""

    instrument: str
    mode: str
    scan: str
    variables: list[str]
    n_future_block: int
    n_blocks: int
    vendor: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Export:
    """Read all spectra of a VAMAS file.

    Returns
    -------
    Export
        One block per spectrum, in the order of the file (see `xps_block.make_block`). Further attributes:
        sample (as in the file), variables (experimental variables by name), technique, pass_energy_eV, transmission_coefficients (PHI: a, b; else None),
        casaxps (`casaxps_comments.CasaFit` or None).

    Raises
    ------
    ReadError
        Not the standard's grammar, cut, not spectra (maps, other techniques), or inclusion lists.
    """
    text = read_text(path)
    start = next((i for i, line in enumerate(text.lines) if line.strip()), 0)
    if text.lines[start].strip() != MAGIC:
        raise text.error(start, f"the line '{MAGIC}'", text.lines[start])
    cursor = Cursor(text, start + 1)
    header = _header(cursor)
    export = Export(Path(path), "VAMAS", "xps")
    for index in range(header.n_blocks):
        raw, where = _block(cursor, header, index, export.warnings)
        if raw.attrs["technique"] in SPECTRA:
            export.sets.append(make_block(raw, export.path, where, export.warnings))
        else:
            export.warnings.append(f"{where}: {raw.attrs['technique']}, no XPS: left out")
    if not export.sets:
        raise ReadError(export.path, "blocks", "a block of XPS or UPS", f"{header.n_blocks} others")
    _end(cursor, export.warnings)
    return export


def _header(c: Cursor) -> Header:
    institution, instrument, operator, experiment = c.lines(4, "the header")
    comment = c.lines(c.count("comment lines"), "the comment")
    mode = c.choice("experiment mode", MODES)
    scan = c.choice("scan mode", ("REGULAR", "IRREGULAR", "MAPPING"))
    if scan == "MAPPING":
        raise ReadError(c.text.path, c.where(), "spectra (REGULAR or IRREGULAR)", "MAPPING")
    if mode in (*MAPS, "NORM", "SDP"):
        c.value("the number of spectral regions")
    if mode in MAPS:
        for what in ("analysis positions", "x coordinates", "y coordinates"):
            c.value(f"the number of {what}")
    variables = [
        " ".join(c.lines(2, "an experimental variable")).strip()
        for _ in range(c.count("experimental variables", 2))
    ]
    raw = c.take("the number of included or excluded parameters").strip()
    if raw != "0":
        raise ReadError(
            c.text.path, c.where(), "no inclusion list (0)", quote(raw), "re-save it with CasaXPS"
        )
    c.lines(c.count("manually entered items"), "a manually entered item")
    c.lines(c.count("future upgrade entries"), "a future upgrade entry")
    n_future = c.count("future upgrade entries of a block")
    n_blocks = c.count("blocks", low=1)
    if n_blocks * 40 > c.left + 40:
        raise ReadError(
            c.text.path, c.where(), f"{n_blocks} blocks", f"{c.left} more lines in the file"
        )
    vendor = {
        "institution": institution.strip(),
        "operator": operator.strip(),
        "experiment": experiment.strip(),
        "comment": "; ".join(line.strip() for line in comment if line.strip()),
    }
    return Header(instrument.strip(), mode, scan, variables, n_future, n_blocks, vendor)


def _block(c: Cursor, h: Header, index: int, warnings: list[str]) -> tuple[RawRegion, str]:
    block_id, sample = (line.strip() for line in c.lines(2, f"block {index + 1} of {h.n_blocks}"))
    where = f"block {index + 1} ({block_id})" if block_id else f"block {index + 1}"
    date = _date([c.value("a part of the date") for _ in range(7)])
    comment = c.lines(c.count("comment lines of the block"), "the comment of the block")
    technique = c.take("the technique").strip()
    if technique not in (*SPECTRA, *AUGER):
        raise ReadError(c.text.path, c.where(), "the technique XPS or UPS", quote(technique))
    if h.mode in MAPS:
        c.lines(2, "a map coordinate")
    experiment = {name: c.take(f"the value of {name}").strip() for name in h.variables}
    source = c.take("the source").strip()
    if h.mode in DEPTH:
        c.lines(3, "the sputtering ion")
    photon = c.value("the photon energy")
    power = c.value("the source strength")
    beam = [c.value("the beam width") for _ in range(2)]
    if h.mode in FIELDS:
        c.lines(2, "the field of view")
    if h.mode in LINESCANS:
        c.lines(6, "the line scan")
    directions = c.lines(2, "the angles of the source")
    analyser_mode = c.take("the analyser mode").strip()
    pass_energy = c.value("the pass energy")
    c.lines(1, "the magnification")
    work_function = c.value("the work function")
    directions += c.lines(5, "target bias, analysis width and take-off angles")[3:]
    species, transition = c.lines(2, "species and transition")
    c.take("the charge of the detected particle")
    axis = _axis(c, h.scan)
    variables = [
        tuple(s.strip() for s in c.lines(2, "a corresponding variable"))
        for _ in range(c.count("corresponding variables", 2, low=1))
    ]
    c.take("the signal mode")
    dwell, scans = c.value("the collection time"), c.value("the number of scans")
    c.value("the time correction")
    if h.mode in DEPTH:
        c.lines(7, "the sputtering source")
    c.lines(3, "the tilt of the sample")
    n_additional = c.count("additional parameters", 3)
    additional = [c.lines(3, "an additional parameter") for _ in range(n_additional)]
    c.lines(h.n_future_block, "a future upgrade entry of the block")
    values = _values(c, variables, where, warnings)
    casa, notes = casaxps_comments.parse(comment)
    warnings.extend(f"{where}: {note}" for note in notes)
    if not math.isfinite(photon) or photon <= 0:
        photon = anode_energy(source)
        if math.isfinite(photon):
            warnings.append(
                f"{where}: photon energy not given; {photon:g} eV from the anode {source!r}"
            )
    energy, is_kinetic, values, variables = _energies(c, axis, variables, values, where)
    label, unit = variables[0]
    others = {name.lower(): k for k, (name, _) in enumerate(variables) if k}
    vendor = {
        **h.vendor,
        **experiment,
        **{name.strip(): value.strip() for name, _, value in additional},
        "block comment": "; ".join(line.strip() for line in comment if line.strip()),
        "source": source,
        "source power": f"{power:g} W",
        "beam": f"{beam[0]:g} x {beam[1]:g} um",
        "analyser mode": analyser_mode,
    }
    attrs: dict[str, Any] = {
        "instrument": h.instrument,
        "date": date,
        "sample": sample,
        "variables": _numbers(experiment),
        "technique": technique,
        "pass_energy_eV": pass_energy,
        "work_function_eV": work_function,
        "source_analyser_angle_deg": _angle_between(directions, vendor),
        "transmission_coefficients": _coefficients(comment),
        "casaxps": casa,
        "vendor": vendor,
    }
    name = region_name(species, transition)
    rate, factor = intensity_unit(label, unit)
    raw = RawRegion(
        name=name if name != UNNAMED else region_name(block_id),
        energy_eV=energy,
        is_kinetic=is_kinetic,
        intensity=values[:, 0],
        is_rate=rate,
        factor=factor,
        photon_energy_eV=photon,
        dwell_s=dwell if dwell > 0 else math.nan,
        n_scans=int(scans) if math.isfinite(scans) and 1 <= scans < 1e6 else 1,
        transmission=values[:, others["transmission"]] if "transmission" in others else None,
        attrs=attrs,
    )
    return raw, where


def _angle_between(directions: Sequence[str], vendor: Mapping[str, str]) -> float:
    """Return the angle between X-rays and analyser in degrees from polar and azimuthal angle of either; NaN where they say nothing.

    Programs that know none leave them open or write zeros; MultiPak writes 45 degrees on either side whatever the instrument.
    """
    try:
        a, b, c, d = (math.radians(float(x)) for x in directions)
    except ValueError:
        return math.nan
    if max(abs(a), abs(c)) > math.pi or a == c == 0 or "MultiPak" in " ".join(vendor.values()):
        return math.nan
    cosine = math.cos(a) * math.cos(c) + math.sin(a) * math.sin(c) * math.cos(b - d)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))


def _axis(c: Cursor, scan: str) -> tuple[str, float, float] | None:
    if scan != "REGULAR":
        return None
    label = c.take("the abscissa")
    c.take("the unit of the abscissa")
    start, step = c.value("the start of the abscissa"), c.value("the step of the abscissa")
    if not (math.isfinite(start) and math.isfinite(step)) or step == 0:
        raise ReadError(
            c.text.path, c.where(), "start and step of the abscissa", f"{start}, {step}"
        )
    return label.strip(), start, step


def _energies(
    c: Cursor,
    axis: tuple[str, float, float] | None,
    variables: list[tuple[str, ...]],
    values: np.ndarray,
    where: str,
) -> tuple[np.ndarray, bool, np.ndarray, list[tuple[str, ...]]]:
    """Return energies, whether they are kinetic, and the variables without the abscissa."""
    if axis is not None:
        label, start, step = axis
        # Rounding keeps 305 - 0.05 k at what the instrument meant.
        energy = np.round(start + step * np.arange(len(values)), 9)
    else:
        label = variables[0][0]
        energy, values, variables = values[:, 0], values[:, 1:], variables[1:]
        if not variables:
            raise ReadError(c.text.path, where, "an intensity beside the energy", "none")
    kind = label.lower()
    if "kinetic" not in kind and "binding" not in kind:
        raise ReadError(c.text.path, where, "kinetic or binding energy as abscissa", quote(label))
    return energy, "kinetic" in kind, values, variables


def _values(
    c: Cursor, variables: list[tuple[str, ...]], where: str, warnings: list[str]
) -> np.ndarray:
    """Read the ordinates as a (point, variable) array."""
    n_variables = len(variables)
    n = c.count("ordinate values", low=1)
    if n % n_variables or n > MAX_POINTS:
        raise ReadError(
            c.text.path,
            c.where(),
            f"a multiple of {n_variables} values (at most {MAX_POINTS})",
            str(n),
        )
    extremes = [
        (c.value("a smallest value"), c.value("a largest value")) for _ in range(n_variables)
    ]
    values = np.empty(n)
    for i in range(n):
        values[i] = number(c.take(f"value {i + 1} of {n}"), c.text.path, c.where(), "a number")
    table = values.reshape(-1, n_variables)
    if (np.abs(table) > UNKNOWN).any():
        raise ReadError(c.text.path, where, "known values", "1E+37, the sign for unknown")
    # A digit that was changed on the way shows here, in dialects that fill these lines in earnest.
    low, high = extremes[0]
    if n_variables == 1 and (low, high) not in ((0, 1), (0, 0)):
        found = table[:, 0].min(), table[:, 0].max()
        if not np.allclose((low, high), found, rtol=1e-4, equal_nan=True):
            warnings.append(
                f"{where}: declared extremes {low:g} to {high:g}, values {found[0]:g} to {found[1]:g}"
            )
    return table


def _end(c: Cursor, warnings: list[str]) -> None:
    if not any(line.strip(" \0\t") for line in c.text.lines[c.at :]):
        warnings.append(f"the last line '{END}' is missing; all blocks are complete")
        return
    last = c.take(f"'{END}'").strip()
    if last == END:
        rest = next(
            (i for i in range(c.at, len(c.text.lines)) if c.text.lines[i].strip(" \0\t")), None
        )
        if rest is not None:
            raise c.text.error(rest, f"nothing after '{END}'", c.text.lines[rest])
        return
    if last and END.startswith(last) and not c.text.ended and not c.left:
        warnings.append("1 incomplete last line dropped")
        return
    raise ReadError(c.text.path, c.where(), f"'{END}'", quote(last), "counts and lines disagree")


def _numbers(experiment: dict[str, str]) -> dict[str, float]:
    """Return the experimental variables that are numbers, by name and unit: sputter time, angle."""
    found = {}
    for name, text in experiment.items():
        try:
            found[name] = float(text)
        except ValueError:
            continue
    return found


def _date(parts: list[float]) -> str:
    """Return ISO 8601, empty where the file does not know it (zeros, -1, 1E+37)."""
    try:
        year, month, day, hour, minute, second = (int(p) for p in parts[:6])
        if min(hour, minute, second) < 0:
            return datetime.date(year, month, day).isoformat()
        return datetime.datetime(year, month, day, hour, minute, second).isoformat()
    except (ValueError, OverflowError):
        return ""


def _coefficients(comment: list[str]) -> tuple[float, float] | None:
    """Return PHI's a and b of the transmission function, where the comment gives them."""
    for line in comment:
        if match := _COEFFICIENTS.search(line):
            try:
                a, b = float(match[1]), float(match[2])
            except ValueError:
                return None
            return (a, b) if 0 < a < 1e6 and 0 <= b < 100 else None
    return None
