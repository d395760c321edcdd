"""EC-Lab's binary form (.mpr), as far as its readers know it: modules with a head, records of the columns that ids name."""

from __future__ import annotations

import struct
from collections.abc import Mapping
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
