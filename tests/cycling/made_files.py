"""Exports written for tests, and two of the demo study's by name."""

from __future__ import annotations

from pathlib import Path

MPT, KIT = "c400_P2_01_GCPL_CD2.mpt", "c400_S2_maccor.txt"


def write(folder: Path, content: bytes, name: str = "a.mpt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
