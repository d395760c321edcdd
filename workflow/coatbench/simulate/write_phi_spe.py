"""PHI .spe files as a VersaProbe writes them: text header (CRLF), trace headers, 4-byte floats in counts/s."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from .write_vamas import SpectrumRecord
from .xps_surface import PHOTON_EV, TRANSMISSION


def write_spe(path: Path, sample: str, spectra: list[SpectrumRecord]) -> None:
    """Write all regions of one spot into one file."""
    n = len(spectra)
    header = [
        "SOFH",
        "Platform: PC",
        "Technique: XPS",
        "TechniqueEx: XPS",
        "FileType:  SPECTRUM",
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
        name = s.region.replace(" ", "")
        start, end = s.start_eV, s.start_eV + s.step_eV * (len(s.rate_cps) - 1)
        header.append(
            f"SpectralRegDef: {i} 1 {name} {i} {len(s.rate_cps)} {s.step_eV:.4f} {start:.4f} {end:.4f} "
            f"{start:.4f} {end:.4f} {s.time_s:.6f} {s.pass_energy_eV:.2f} AREA"
        )
    header += [
        "NoSpatialArea: 1",
        f"XraySource: Al {PHOTON_EV:.1f} mono",
        "XrayPower: 50.00 W",
        "XrayBeamDiameter: 200.0 um",
        "XRayBeamVoltage: 17000.0 V",
        "EgunNeutMode: Neutralize",
        "EOFH",
    ]
    text = "".join(f"{line}\r\n" for line in header).encode("latin-1")
    traces, data = [], []
    offset = 16 + 96 * n
    for i, s in enumerate(spectra, 1):
        values = np.asarray(s.rate_cps, "<f4").tobytes()
        traces.append(
            struct.pack("<8i4s", i, 1, 1, i, 1, len(s.rate_cps), 1, 1, b"pnt")
            + struct.pack("<i4s3i4s3i4s", 1, b"sar", 0, 0, i, b"c/s", 0, 0, 0, b"f4")
            + struct.pack("<5i", len(values), offset, 0, 0, 0)
        )
        data.append(values)
        offset += len(values)
    path.write_bytes(text + struct.pack("<4i", 1, n, 96 * n, 16) + b"".join(traces + data))
