"""PHI .spe spectra (VersaProbe, Quantum): a text header, then binary traces.

After the line EOFH come four little-endian integers (group, traces, 96 x traces, 16), 96 bytes per trace and
the data in counts/s. Places of the data are taken from the offsets of each trace, never from its neighbour:
some instruments write extra bytes in between.
"""

from __future__ import annotations

import datetime
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReadError, quote
from .model import Export
from .text import decode, integer, number, read_bytes
from .xps_block import MAX_POINTS, RawRegion, make_block, region_name

if TYPE_CHECKING:
    import numpy as np

TRACE_BYTES = 96
TYPES = {b"f4": "<f4", b"f8": "<f8"}
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
    """Read all regions of a .spe file.

    Returns
    -------
    Export
        One block per region (see `xps_block.make_block`), binding energies from the region definitions.
        Further attributes: pass_energy_eV, transmission_coefficients (a, b or None), sample.

    Raises
    ------
    ReadError
        Header cut or contradicting the binary part, traces beyond the end of the file, not a spectrum.
    """
    import numpy as np

    path = Path(path)
    raw = read_bytes(path, 1 << 28)
    end = _EOFH.search(raw)
    if end is None:
        raise ReadError(
            path, "header", "its last line EOFH", "none", "the file is cut; export it again"
        )
    header, definitions = _header(decode(raw[: end.start()], path)[0], path)
    if header.get("FileType", "SPECTRUM") != "SPECTRUM":
        raise ReadError(path, "header", "FileType SPECTRUM", quote(header["FileType"]))
    data = raw[end.end() :]
    export = Export(path, "PHI SPE", "xps")
    source = header.get("XraySource", "")
    photon = _first_number(source)
    if not math.isfinite(photon):
        raise ReadError(path, "header", "XraySource with its energy in eV", quote(source))
    vendor = {k: v for k, v in header.items() if not k.startswith("Channel Info")}
    for index, definition in enumerate(definitions):
        where = f"region {definition.name}"
        intensity = _trace(data, index, len(definitions), definition, path, end.end())
        energy = definition.start_eV + definition.step_eV * np.arange(definition.n_points)
        attrs: dict[str, Any] = {
            "instrument": " ".join(
                part for part in ("PHI", header.get("InstrumentModel", "")) if part
            ),
            "date": _date(header.get("AcqFileDate") or header.get("FileDate", "")),
            "sample": header.get("FileDesc", ""),
            "technique": "XPS",
            "pass_energy_eV": definition.pass_energy_eV,
            "work_function_eV": _first_number(header.get("AnalyserWorkFcn", "")),
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
        export.sets.append(make_block(region, path, where, export.warnings))
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


def _trace(
    data: bytes, index: int, n_regions: int, region: RegionDefinition, path: Path, base: int
) -> np.ndarray:
    """Return the intensities of one trace from its own offset."""
    import numpy as np

    head = 16 + TRACE_BYTES * n_regions
    if len(data) < head:
        raise ReadError(
            path,
            f"byte {base}",
            f"{head} bytes of trace headers",
            f"{len(data)}",
            "the file is cut",
        )
    _, n_traces, size, _ = struct.unpack_from("<4i", data)
    if n_traces != n_regions or size != TRACE_BYTES * n_traces:
        raise ReadError(
            path,
            f"byte {base + 4}",
            f"{n_regions} traces of {TRACE_BYTES} bytes",
            f"{n_traces}, {size} bytes",
        )
    at = 16 + TRACE_BYTES * index
    (n_points,) = struct.unpack_from("<i", data, at + 0x14)
    unit = data[at + 0x38 : at + 0x3C].split(b"\0")[0]
    kind = data[at + 0x48 : at + 0x4C].split(b"\0")[0]
    length, offset = struct.unpack_from("<2i", data, at + 0x4C)
    where = f"byte {base + at} (region {region.name})"
    if n_points != region.n_points:
        raise ReadError(path, where, f"{region.n_points} points as in the header", str(n_points))
    if unit != b"c/s":
        raise ReadError(path, where, "the unit c/s", quote(unit))
    if kind not in TYPES:
        raise ReadError(path, where, "the type f4 or f8", quote(kind))
    dtype = np.dtype(TYPES[kind])
    if length != n_points * dtype.itemsize:
        raise ReadError(path, where, f"{n_points * dtype.itemsize} bytes of data", str(length))
    if offset < head or offset + length > len(data):
        raise ReadError(
            path,
            where,
            f"data at {offset} to {offset + length}",
            f"{len(data)} bytes after the header",
            "the file is cut; export it again",
        )
    with np.errstate(
        invalid="ignore"
    ):  # damaged bytes may be NaN of any kind; `make_block` refuses them
        return np.frombuffer(data, dtype, n_points, offset).astype(float)


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
