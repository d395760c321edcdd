"""Write a region as SurfaceLab's ASCII images: a folder, one file per peak, `x y I` per line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np


def write_surfacelab(
    folder: Path, measurement: str, images: Mapping[int, tuple[str, np.ndarray]]
) -> None:
    """Write images: {id: (label, counts (y, x))}; id 0 is the total. Line ends are CR LF."""
    folder.mkdir(parents=True, exist_ok=True)
    positions: list[bytes] = []
    for number, (label, counts) in images.items():
        ny, nx = counts.shape
        if len(positions) != ny * nx:
            positions = [b"%d %d " % (x, y) for y in range(ny) for x in range(nx)]
        texts = [b"%e\r\n" % value for value in range(int(counts.max()) + 1)]
        body = b"".join(
            [place + texts[c] for place, c in zip(positions, counts.ravel().tolist(), strict=True)]
        )
        header = f"# {measurement}\r\n# Ascii (X, Y, I)\r\n#\r\n".encode("latin-1")
        (folder / f"{measurement} ({number}) - {label}.txt").write_bytes(header + body)
