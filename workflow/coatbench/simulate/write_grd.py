"""Write a region as a GRD event list with its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_grd(
    path: Path,
    events: np.ndarray,
    *,
    resolution_px: int,
    field_of_view_m: float,
    scale_factor: float,
    offset: float,
    upper_mass_u: float,
    scans: int,
    polarity: str = "Negative",
) -> None:
    """Write events (n, 5): scan, shot, x, y, time-of-flight channel; and `<name>.properties.txt` beside them."""
    np.ascontiguousarray(events, dtype="<u4").tofile(path)
    properties = [
        ("Context.MassScale.SF", "float", f"{scale_factor!r}"),
        ("Context.MassScale.K0", "float", f"{offset!r}"),
        ("Registration.Raster.Resolution", "int", f"{resolution_px}"),
        ("Registration.Raster.FieldOfView", "float", f"{field_of_view_m!r}"),
        ("Registration.TimeResolution", "float", "5e-11"),
        ("Measurement.UpperMass", "float", f"{upper_mass_u!r}"),
        ("Measurement.ScanNumber", "int", f"{scans}"),
        ("Instrument.Analyzer_Polarity_Switch", "string", polarity),
    ]
    stem = path.name.removesuffix(".grd").removesuffix(".itm")
    lines = "".join(f"{name}\t{kind}\t{value}\r\n" for name, kind, value in properties)
    (path.parent / f"{stem}.properties.txt").write_bytes(lines.encode("latin-1"))
