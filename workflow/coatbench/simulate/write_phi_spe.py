"""PHI .spe and .pro files as a VersaProbe writes them: text header (CRLF), trace headers, 4-byte floats in counts/s."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .write_vamas import PHI_NAMES, SpectrumRecord
from .xps_surface import PHOTON_EV, TRANSMISSION


def write_spe(path: Path, sample: str, spectra: list[SpectrumRecord]) -> None:
    """Write all regions of one spot into one file."""
    traces = [_Trace("pnt", "sar", "c/s", len(s.rate_cps), 1, s.rate_cps) for s in spectra]
    _write(path, _header(path, sample, spectra, "SPECTRUM"), traces)


def write_pro(
    path: Path, sample: str, levels: list[list[SpectrumRecord]], sputter_time_s: list[float]
) -> None:
    """Write a depth profile: the regions of every level, all levels of a region in one trace."""
    first, n = levels[0], len(levels)
    traces = [
        _Trace(
            "pnt",
            "cyc",
            "c/s",
            len(s.rate_cps),
            n,
            np.concatenate([own[k].rate_cps for own in levels]),
        )
        for k, s in enumerate(first)
    ]
    times = np.tile(sputter_time_s, len(first))
    traces.append(_Trace("cyc", "reg", "s", n, len(first), times))
    areas = [own[k].rate_cps.sum() * abs(s.step_eV) for k, s in enumerate(first) for own in levels]
    traces.append(_Trace("cyc", "reg", "c/s * eV", n, len(first), np.array(areas)))
    _write(path, _header(path, sample, first, "DEPTHPRO"), traces)


class _Trace(NamedTuple):
    """One trace: what its fast and its slow index count, its unit, their numbers, and the data in that order."""

    fast: str
    slow: str
    unit: str
    n_fast: int
    n_slow: int
    data: np.ndarray


def _header(path: Path, sample: str, spectra: list[SpectrumRecord], kind: str) -> list[str]:
    n = len(spectra)
    header = [
        "SOFH",
        "Platform: PC",
        "Technique: XPS",
        "TechniqueEx: XPS",
        f"FileType:  {kind}",
        f"FileDesc: (1, {sample})",
        "SoftwareVersion: SS 3.3.3.2",
        "InstrumentModel: VersaProbe II",
        f"AcqFilename: C:\\Datafiles\\{path.name}",
        "FileDate: 2025 3 11",
        "AcqFileDate: 2025 3 11",
        "Institution: PHI",
        "Operator: ",
        f"ExperimentID: {sample}",
        "EnergyReference: none 0.0",
        "AnalyserWorkFcn: 4.190 eV",
        "SourceAnalyserAngle: 45.0 d",
        "IntensityRecal: no",
        f"IntensityCalCoeff: {TRANSMISSION[0]:.3f} {TRANSMISSION[1]:.3f}",
        "EnergyRecal: no",
        "XpsScanMode: scanned",
        "AnalyserMode: FAT",
        f"NoSpectralReg: {n}",
    ]
    for i, s in enumerate(spectra, 1):
        name = PHI_NAMES.get(s.region, s.region).replace(" ", "")
        start, end = s.start_eV, s.start_eV + s.step_eV * (len(s.rate_cps) - 1)
        header.append(
            f"SpectralRegDef: {i} 1 {name} {i} {len(s.rate_cps)} {s.step_eV:.4f} {start:.4f} {end:.4f} "
            f"{start:.4f} {end:.4f} {s.time_s:.6f} {s.pass_energy_eV:.2f} AREA"
        )
    return [
        *header,
        "NoSpatialArea: 1",
        f"XraySource: Al {PHOTON_EV:.1f} mono",
        "XrayPower: 50.00 W",
        "XrayBeamDiameter: 200.0 um",
        "XRayBeamVoltage: 17000.0 V",
        "EgunNeutMode: Neutralize",
        "EOFH",
    ]


def _write(path: Path, header: list[str], traces: list[_Trace]) -> None:
    text = "".join(f"{line}\r\n" for line in header).encode("latin-1")
    heads, data = [], []
    n = len(traces)
    offset = 16 + 96 * n
    for i, t in enumerate(traces, 1):
        values = np.asarray(t.data, "<f4").tobytes()
        heads.append(
            struct.pack("<8i4s", i, 1, 1, i, 1, t.n_fast, t.n_slow, 1, t.fast.encode())
            + struct.pack("<i4s3i12si4s", 1, t.slow.encode(), 0, 0, i, t.unit.encode(), 0, b"f4")
            + struct.pack("<5i", len(values), offset, 0, 0, 0)
        )
        data.append(values)
        offset += len(values)
    path.write_bytes(text + struct.pack("<4i", 1, n, 96 * n, 16) + b"".join(heads + data))
