"""Thousands of damaged XPS exports: each gives a sound dataset or one clear line."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from coatbench.readers import (
    casaxps_ascii,
    casaxps_report,
    phi_spe,
    scienta_txt,
    specs_xy,
    vamas_iso,
    xps_columns,
)
from coatbench.simulate.write_phi_spe import write_spe
from coatbench.simulate.write_vamas import SpectrumRecord, write_casaxps, write_multipak
from conftest import datasets
from fuzz.mutate import CASES, mutate, reads_or_refuses

FOLDER = Path(tempfile.mkdtemp(prefix="coatbench-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def records() -> list[SpectrumRecord]:
    rate = np.round(300 + 200 * np.exp(-(((np.arange(60) - 30) / 9) ** 2)))
    line = [("sulfide", 161.2, 1.3, 900.0, 1.16)]
    return [
        SpectrumRecord("S 2p", 166.0, -0.1, rate, 2.0, 29.35, line),
        SpectrumRecord("C 1s", 290.0, -0.1, rate + 50, 1.0, 29.35),
    ]


def columns(fitted: bool) -> bytes:
    """Two blocks of CasaXPS columns."""
    blocks = []
    names = ["S 2p", "S 2p"] if fitted else []
    for region in ("S2p", "C1s"):
        rows = [
            f"Cycle 0:a:{region}",
            "\tCharacteristic Energy eV\t1.486600e+003\tAcquisition Time s\t2.000000e+000",
        ]
        for key, value in (
            ("Name", "S 2p"), ("Position", "161.20"), ("FWHM", "1.30"), ("Area", "900.00"), ("Lineshape", "GL(30)"),
        ):  # fmt: skip
            rows.append("\t".join([key, "", *([value] * len(names)), ""]))
        left = ["K.E.", "Counts", *names, *(["Background", "Envelope"] if fitted else [])]
        right = ["B.E.", "CPS", *names, *(["Background CPS", "Envelope CPS"] if fitted else [])]
        rows.append("\t".join([*left, "", *right]))
        for k in range(30):
            counts = 400 + 7 * (k % 5)
            more = [counts] * (len(left) - 2)
            cells = [1320 + 0.1 * k, counts, *more]
            other = [1486.6 - cells[0], counts / 2, *(m / 2 for m in more)]
            rows.append("\t".join([*(f"{v:.6e}" for v in cells), "", *(f"{v:.6e}" for v in other)]))
        blocks += rows
    return "\r\n".join(blocks).encode() + b"\r\n"


@cache
def originals() -> dict[str, list[bytes]]:
    path = FOLDER / "a"
    found: dict[str, list[bytes]] = {"vamas": [], "spe": []}
    for writer, kind in ((write_multipak, "vamas"), (write_casaxps, "vamas"), (write_spe, "spe")):
        writer(path, "a", records())
        found[kind].append(path.read_bytes())
    found["casaxps"] = [columns(False), columns(True)]
    text = "\n".join(f"{170 - 0.1 * k:.1f}\t{400 + k}.0" for k in range(60))
    found["columns"] = [
        b"BE/eV\tPE: 20.0 eV\n" + text.encode(),
        b"BE/eV,InS2p_a\r\n" + text.replace("\t", ",").encode(),
    ]
    rows = "\n".join(f"{170 - 0.1 * k:.1f}  {400 + k}.0" for k in range(60))
    table = f"# Cycle: 0, Curve: 0, Scan: 0\n#\n# ColumnLabels: energy counts/s\n#\n{rows}\n"
    found["specs"] = [
        f"# Created by: SpecsLab Prodigy\n#   Energy Axis: Binding Energy\n#   Separate Scan Data: yes\n# Group: a\n#\n# Region: S2p\n"
        f"# Dwell Time: 0.1\n# Excitation Energy: 1486.6\n\n# Cycle: 0\n# Number of Scans: 1\n\n{table}\n{table}".encode()
    ]
    found["scienta"] = [
        f"[Info]\nNumber of Regions=0001\n\n[Region 1]\nRegion Name=S2p\nDimension 1 name=Binding Energy [eV]\nDimension 1 size=60\n\n"
        f"[Info 1]\nStep Time=200\nNumber of Sweeps=2\nExcitation Energy=1486.6\n\n[Data 1]\n{rows}\n".encode()
    ]
    found["report"] = [
        b"C:\\a.vms\t\r\n\r\nName\tPosition\tFWHM\tRaw Area\tArea/(RSF*T*MFP)\t%At Conc\tGoodness of Fit\t\r\n"
        b"S 2p\t161.2\t1.3\t900.1\t536.7\t41.89\t-1.#IND\t\r\nS 2p\t169.4\t1.5\t100.1\t59.6\t58.11\t-1.#IND\t\r\n\r\n"
    ]
    return found


READERS = {
    "vamas": vamas_iso.read,
    "spe": phi_spe.read,
    "casaxps": casaxps_ascii.read,
    "columns": xps_columns.read,
    "report": casaxps_report.read,
    "specs": specs_xy.read,
    "scienta": scienta_txt.read,
}


def sound(export) -> None:
    """What a block promises: finite numbers on a rising axis, counts and rates that agree."""
    assert export.sets
    for block in datasets(export):
        if "binding_energy_eV" not in block:  # a CasaXPS report: components, no spectrum
            assert np.isfinite(block["position_eV"].values).all()
            continue
        energy, rate = block["binding_energy_eV"].values, block["intensity_cps"].values
        assert len(energy) == len(rate) >= 3
        assert np.isfinite(energy).all() and np.isfinite(rate).all()
        assert (np.diff(energy) > 0).all()
        time_s = block.attrs["counting_time_s"]
        if np.isfinite(time_s):
            assert time_s > 0
            assert np.allclose(block["counts"].values, rate * time_s, rtol=1e-9)
        if "transmission" in block:
            assert (block["transmission"].values > 0).all()


@pytest.mark.parametrize("kind", READERS)
def test_undamaged_files_are_read(kind: str, tmp_path: Path) -> None:
    for raw in originals()[kind]:
        export = reads_or_refuses(READERS[kind], raw, tmp_path / "a")
        assert export is not None
        sound(export)


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_damaged_files_give_a_sound_export_or_one_line(kind: str, tmp_path: Path) -> None:
    files = originals()[kind]
    refused = 0
    for seed in range(CASES):
        export = reads_or_refuses(
            READERS[kind], mutate(files[seed % len(files)], seed), tmp_path / "a"
        )
        if export is None:
            refused += 1
        else:
            sound(export)
    assert 0.2 * CASES < refused < CASES
