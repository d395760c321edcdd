"""PHI .spe spectra and .pro depth profiles (VersaProbe, Quantum): a text header, then binary traces.

After the line EOFH come four little-endian integers (group, traces, 96 x traces, 16), 96 bytes per trace and
the data in counts/s. Places of the data are taken from the offsets of each trace, never from its neighbour:
some instruments write extra bytes in between. A profile has one trace per region with all of its cycles, and one
in seconds: the sputter time of each cycle and region.
"""

from __future__ import annotations

import datetime
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ReadError, quote
from .model import Export
from .text import decode, integer, number, read_bytes
from .xps_block import MAX_POINTS, RawRegion, make_block, region_name

TRACE_BYTES = 96
TYPES = {b"f4": "<f4", b"f8": "<f8"}
KINDS = ("SPECTRUM", "DEPTHPRO")
SPUTTER_TIME = "Sputter Time s"
_EOFH = re.compile(rb"(?m)^EOFH[ \t]*(?:\r\n|\n|\r)")


@dataclass(frozen=True)
class RegionDefinition:
    """One SpectralRegDef line: window, step and dwell as acquired."""

    name: str
    n_points: int
    step_eV: float
    start_eV: float
    end_eV: float
    dwell_s: float
    pass_energy_eV: float


def read(path: Path) -> Export:
    """Read all regions of a .spe or .pro file.

    Returns
    -------
    Export
        One block per region, and of a profile per region and cycle (see `xps_block.make_block`), binding energies from the region definitions.
        Further attributes: pass_energy_eV, transmission_coefficients (a, b or None), sample, variables (of a profile:
        the sputter time in s).

    Raises
    ------
    ReadError
        Header cut or contradicting the binary part, traces beyond the end of the file, not a spectrum.
    """
    path = Path(path)
    raw = read_bytes(path, 1 << 28)
    end = _EOFH.search(raw)
    if end is None:
        raise ReadError(
            path, "header", "its last line EOFH", "none", "the file is cut; export it again"
        )
    header, definitions = _header(decode(raw[: end.start()], path)[0], path)
    kind = header.get("FileType", "SPECTRUM")
    if kind not in KINDS:
        raise ReadError(path, "header", f"FileType {' or '.join(KINDS)}", quote(kind))
    data = raw[end.end() :]
    profile = kind == "DEPTHPRO"
    export = Export(path, "PHI PRO" if profile else "PHI SPE", "xps")
    traces = _traces(data, path, end.end())
    spectra = [t for t in traces if t.unit == "c/s"]
    if len(spectra) != len(definitions):
        n, found = len(definitions), len(spectra)
        raise ReadError(
            path, f"byte {end.end() + 4}", f"{n} traces in c/s", f"{found} of {len(traces)}"
        )
    times = _sputter_times(data, traces, len(definitions), path) if profile else None
    source = header.get("XraySource", "")
    photon = _first_number(source)
    if not math.isfinite(photon):
        raise ReadError(path, "header", "XraySource with its energy in eV", quote(source))
    vendor = {k: v for k, v in header.items() if not k.startswith("Channel Info")}
    for index, (definition, trace) in enumerate(zip(definitions, spectra, strict=True)):
        where = f"byte {end.end() + trace.at} (region {definition.name})"
        values = _values(data, trace, definition.n_points, where, path)
        if len(values) > 1 and times is None:
            raise ReadError(path, where, "one spectrum per region", f"{len(values)} cycles")
        energy = definition.start_eV + definition.step_eV * np.arange(definition.n_points)
        for cycle, intensity in enumerate(values):
            attrs: dict[str, Any] = {
                "instrument": " ".join(
                    part for part in ("PHI", header.get("InstrumentModel", "")) if part
                ),
                "date": _date(header.get("AcqFileDate") or header.get("FileDate", "")),
                "sample": header.get("FileDesc", ""),
                "technique": "XPS",
                "variables": {} if times is None else {SPUTTER_TIME: float(times[index, cycle])},
                "pass_energy_eV": definition.pass_energy_eV,
                "work_function_eV": _first_number(header.get("AnalyserWorkFcn", "")),
                "source_analyser_angle_deg": _first_number(header.get("SourceAnalyserAngle", "")),
                "transmission_coefficients": _coefficients(header.get("IntensityCalCoeff", "")),
                "casaxps": None,
                "vendor": vendor,
            }
            region = RawRegion(
                name=definition.name,
                energy_eV=np.round(energy, 9),
                is_kinetic=False,
                intensity=intensity,
                is_rate=True,
                photon_energy_eV=photon,
                dwell_s=definition.dwell_s,
                attrs=attrs,
            )
            export.sets.append(
                make_block(region, path, f"region {definition.name}", export.warnings)
            )
    export.warnings[:] = dict.fromkeys(export.warnings)  # not once more for every cycle
    return export


def _header(text: str, path: Path) -> tuple[dict[str, str], list[RegionDefinition]]:
    header: dict[str, str] = {}
    definitions = []
    for index, line in enumerate(re.split(r"\r\n|\r|\n", text)):
        key, _, value = line.partition(":")
        if key.strip() == "SpectralRegDef":
            definitions.append(_definition(value.split(), path, f"line {index + 1}"))
        else:
            header.setdefault(key.strip(), value.strip())
    if not definitions:
        raise ReadError(path, "header", "a line SpectralRegDef", "none")
    if "NoSpectralReg" in header:
        n = integer(
            header["NoSpectralReg"], path, "NoSpectralReg", "the number of regions", 1, 10_000
        )
        if n != len(definitions):
            raise ReadError(path, "header", f"{n} SpectralRegDef lines", str(len(definitions)))
    return header, definitions


def _definition(cells: list[str], path: Path, where: str) -> RegionDefinition:
    if len(cells) < 12:
        raise ReadError(path, where, "SpectralRegDef with 12 values", f"{len(cells)}")
    n_points = integer(cells[4], path, where, "the number of points", 3, MAX_POINTS)
    step, start, end = (number(cells[k], path, where, "an energy in eV") for k in (5, 6, 7))
    dwell = number(cells[10], path, where, "the dwell time in s")
    pass_energy = number(cells[11], path, where, "the pass energy in eV")
    # The survey of a VersaProbe declares the end of the sweep or 0; a narrow region must meet its end.
    last = start + step * (n_points - 1)
    if step == 0 or (abs(last - end) > 1.5 * abs(step)):
        raise ReadError(
            path,
            where,
            f"{n_points} points of {step:g} eV from {start:g} to {end:g} eV",
            f"{last:g} eV",
        )
    return RegionDefinition(
        _name(cells[2]), n_points, step, start, end, dwell if dwell > 0 else math.nan, pass_energy
    )


def _name(label: str) -> str:
    # PHI calls the survey "Su1s", as if Su were an element.
    return "Survey" if label.startswith("Su1s") else region_name(label)


@dataclass(frozen=True)
class Trace:
    """Where a trace lies: header and data in bytes after the text header, its two lengths, its type and unit."""

    at: int
    fast: int
    slow: int
    unit: str
    dtype: str
    length: int
    offset: int


def _traces(data: bytes, path: Path, base: int) -> list[Trace]:
    """Read the headers of all traces."""
    cut = "the file is cut; export it again"
    if len(data) < 16:
        raise ReadError(path, f"byte {base}", "16 bytes of trace counts", f"{len(data)}", cut)
    _, n, size, _ = struct.unpack_from("<4i", data)
    if not 1 <= n <= 10_000 or size != TRACE_BYTES * n:
        expected = f"traces of {TRACE_BYTES} bytes"
        raise ReadError(path, f"byte {base + 4}", expected, f"{n} traces, {size} bytes")
    head = 16 + size
    if len(data) < head:
        raise ReadError(path, f"byte {base}", f"{head} bytes of trace headers", f"{len(data)}", cut)
    found = []
    for k in range(n):
        at = 16 + TRACE_BYTES * k
        fast, slow = struct.unpack_from("<2i", data, at + 0x14)
        unit = data[at + 0x38 : at + 0x44].split(b"\0")[0].decode("latin-1")
        kind = data[at + 0x48 : at + 0x4C].split(b"\0")[0]
        length, offset = struct.unpack_from("<2i", data, at + 0x4C)
        where = f"byte {base + at}"
        if kind not in TYPES:
            raise ReadError(path, where, "the type f4 or f8", quote(kind))
        if offset < head or length < 0 or offset + length > len(data):
            held = f"{len(data)} bytes after the header"
            raise ReadError(path, where, f"data at {offset} to {offset + length}", held, cut)
        found.append(Trace(at, fast, max(slow, 1), unit, TYPES[kind], length, offset))
    return found


def _values(data: bytes, trace: Trace, n_points: int, where: str, path: Path) -> np.ndarray:
    """Return the numbers of a trace (slow, fast) from its own offset."""
    if trace.fast != n_points:
        raise ReadError(path, where, f"{n_points} points as in the header", str(trace.fast))
    dtype = np.dtype(trace.dtype)
    n = trace.fast * trace.slow
    if trace.length != n * dtype.itemsize:
        raise ReadError(path, where, f"{n * dtype.itemsize} bytes of data", str(trace.length))
    with np.errstate(
        invalid="ignore"
    ):  # damaged bytes may be NaN of any kind; `make_block` refuses them
        flat = np.frombuffer(data, dtype, n, trace.offset).astype(float)
    return flat.reshape(trace.slow, trace.fast)


def _sputter_times(data: bytes, traces: list[Trace], n_regions: int, path: Path) -> np.ndarray:
    """Return the sputter time of each region and cycle in s."""
    own = [t for t in traces if t.unit == "s" and t.slow == n_regions]
    if len(own) != 1:
        raise ReadError(path, "traces", "one with the sputter times in s", str(len(own)))
    times = _values(data, own[0], own[0].fast, f"byte {own[0].at}", path)
    if not np.isfinite(times).all():
        raise ReadError(path, "traces", "finite sputter times", "a value that is not finite")
    return np.abs(np.round(times, 6))  # -0 s before the first sputtering


def _first_number(text: str) -> float:
    match = re.search(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", text)
    return float(match.group()) if match else math.nan


def _coefficients(text: str) -> tuple[float, float] | None:
    cells = text.split()
    try:
        a, b = float(cells[0]), float(cells[1])
    except (IndexError, ValueError):
        return None
    return (a, b) if 0 < a < 1e6 and 0 <= b < 100 else None


def _date(text: str) -> str:
    try:
        return datetime.date(*(int(part) for part in text.split()[:3])).isoformat()
    except (TypeError, ValueError, OverflowError):
        return ""
