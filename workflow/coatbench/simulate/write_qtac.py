"""Write a spectrum as SurfaceLab exports it from an IONTOF Qtac: two columns, TAB between, CRLF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_qtac(
    path: str | Path,
    energy_eV: np.ndarray,
    intensity: np.ndarray,
    *,
    header: Sequence[str] = (),
    decimal: str = ".",
) -> None:
    """Write energies with six decimals and intensities in the shortest form, as the instrument does.

    Parameters
    ----------
    path : path-like
    energy_eV, intensity : arrays of one length
    header : sequence of str
        Lines above the numbers; systems differ, most write none.
    decimal : str
        ``","`` on systems set to German.
    """
    rows = [f"{e:.6f}\t{i:g}" for e, i in zip(energy_eV, intensity, strict=True)]
    text = "".join(f"{row}\r\n" for row in [*header, *(r.replace(".", decimal) for r in rows)])
    Path(path).write_bytes(text.encode("latin-1"))
