"""Binary exports, as far as their readers know them.

EC-Lab (.mpr): modules with a head, records of the columns that ids name. Neware (.ndax): an archive of blocks of 512 bytes.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

# Name in the text export: id of the column and type of the record; `mode` is the low bits of a byte of flags.
KINDS = {
    "mode": (1, "<u1"), "time/s": (4, "<f8"), "dq/mA.h": (7, "<f8"), "(Q-Qo)/mA.h": (13, "<f8"), "Ewe/V": (6, "<f4"),
    "Ns": (131, "<u2"), "Q charge/discharge/mA.h": (211, "<f8"), "half cycle": (212, "<u4"), "<I>/mA": (11, "<f8"),
    "freq/Hz": (32, "<f4"),
}  # fmt: skip
ACTIVE = 0x40  # another flag in the byte of the mode
STARTED = datetime(2024, 1, 15, 10, 41, 29, 886000) - datetime(1899, 12, 30)


def _module(short: str, version: int, content: bytes) -> bytes:
    name = short.encode()
    head = b"MODULE" + name.ljust(10) + name.ljust(25)
    return head + struct.pack("<II", len(content), version) + b"01/15/24" + content


def write_mpr(path: Path, columns: Mapping[str, np.ndarray], names: str = "") -> Path:
    """Write these columns; none named are all of them."""
    chosen = [n for n in (names.split(";") if names else columns) if n in KINDS]
    kinds = [KINDS[name] for name in chosen]
    rows = np.zeros(len(columns[chosen[0]]), [(n, t) for n, (_, t) in zip(chosen, kinds, strict=True)])  # fmt: skip
    for name in chosen:
        rows[name] = columns[name] + (ACTIVE if name == "mode" else 0)
    log = struct.pack("<d", STARTED / timedelta(days=1)).rjust(473, b"\0").ljust(600, b"\0")
    ids = struct.pack(f"<IB{len(chosen)}H", len(rows), len(chosen), *(i for i, _ in kinds))
    path.write_bytes(
        b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4) + _module("VMP Set", 0, bytes(60))
        + _module("VMP data", 2, ids.ljust(405, b"\0") + rows.tobytes())
        + _module("VMP LOG", 0, log)
    )  # fmt: skip
    return path


STEP_TYPES = {"CC_Chg": 1, "CC_DChg": 2, "Rest": 4, "CCCV_Chg": 7}
# The second version of `data.ndc`; currents in 1e-4 mA, as this range has them, charges in that and seconds.
NDC = np.dtype([
    ("", "V8"), ("index", "<u4"), ("cycle", "<u4"), ("step", "u1"), ("type", "u1"), ("", "V5"), ("ms", "<u8"), ("voltage", "<i4"),
    ("current", "<i4"), ("", "V4"), ("charge", "<i8"), ("discharge", "<i8"), ("energy", "<i8", 2), ("year", "<u2"), ("clock", "u1", 5),
    ("range", "<i4"), ("", "V8"),
])  # fmt: skip
RANGE, PER_MA, BLOCK_BYTES, HEAD_BYTES = 5, 1e4, 512, 5


def write_ndax(path: Path, time_s: np.ndarray, level_V: np.ndarray, current_mA: np.ndarray, charge_mAh: np.ndarray, step: np.ndarray, kinds: Sequence[str]) -> Path:  # fmt: skip
    """Write records of steps; time and the signed charge restart with every step."""
    rows = np.zeros(len(step), NDC)
    rows["index"], rows["step"], rows["range"] = np.arange(len(step)) + 1, step, RANGE
    rows["type"] = [STEP_TYPES[kind] for kind in kinds]
    rows["ms"], rows["voltage"] = np.rint(1e3 * time_s), np.rint(1e4 * level_V)
    rows["current"] = np.rint(PER_MA * current_mA)
    moved = np.rint(3600 * PER_MA * charge_mAh)
    rows["charge"], rows["discharge"] = moved.clip(0), -moved.clip(None, 0)
    rows["year"], rows["clock"] = 2024, (1, 15, 10, 41, 29)
    each = (BLOCK_BYTES - HEAD_BYTES - 1) // NDC.itemsize
    blocks = [bytes((1, 0, 2)).ljust(BLOCK_BYTES, b"\0")]
    blocks += [(bytes(HEAD_BYTES) + rows[i : i + each].tobytes()).ljust(BLOCK_BYTES, b"\0") for i in range(0, len(rows), each)]  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.ndc", b"".join(blocks))
        archive.writestr("VersionInfo.xml", "<root><config type='Version Info File'/></root>")
    return path


def neware_cell(path: Path, n: int = 60) -> tuple[Path, np.ndarray]:
    """Write a charge that is one step of constant current, then voltage, a rest and a discharge; return its signed charge too."""
    current = np.concatenate([np.full(n, 10.0), 10 * np.exp(-np.arange(n) / 20), np.zeros(n), np.full(n, -10.0)])  # fmt: skip
    level = np.concatenate([np.linspace(3.0, 3.7, n), np.full(n, 3.7), np.full(n, 3.65), np.linspace(3.6, 1.9, n)])  # fmt: skip
    step = np.repeat([1, 1, 2, 3], n)
    own = np.concatenate([np.cumsum(current[step == k] / 60) for k in (1, 2, 3)])
    time = np.concatenate([60.0 * (1 + np.arange((step == k).sum())) for k in (1, 2, 3)])
    kinds = np.repeat(["CCCV_Chg", "CCCV_Chg", "Rest", "CC_DChg"], n)
    return write_ndax(path, time, level, current, own, step, list(kinds)), own
