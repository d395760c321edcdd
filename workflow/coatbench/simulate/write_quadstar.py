"""Write ion currents as Quadstar 422 "Convert to ASCII" does: tabs, CR line ends, tuned masses, own clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np


def tuned_mass(mz: int) -> float:
    """Peak position after tuning: it lies above the whole mass, the more so the heavier the ion.

    A line through positions of a real instrument: 14.13, 18.16, 28.19, 44.28.
    """
    return round(mz + 0.07 + 0.0048 * mz, 2)


def write_quadstar(
    path: Path,
    start: datetime,
    time_s: np.ndarray,
    mz: Sequence[int],
    current_A: np.ndarray,
    pressure_mbar: np.ndarray,
) -> None:
    """Write an export.

    Parameters
    ----------
    path : Path
        Where it goes.
    start : datetime
        Of the first cycle, on the spectrometer's clock.
    time_s : (n,) array
        Seconds since the first cycle.
    mz : sequence of int
        Nominal masses in the order of the channels (not necessarily ascending).
    current_A : (mz, n) array
    pressure_mbar : (n,) array
        A second datablock in the same table, behind a `Threshold` column.
    """
    n = time_s.size
    date = f"{start.day}-{start.month}-{start.year}"
    lines = [
        f"ASCII SAMPLE CYCLES :\t{path.stem}.mdc",
        f"DATE :\t{date}\tTIME :\t{start:%H:%M:%S}",
        f"CONVERTED CYCLES :\t{n}",
        "",
        f"Number of stored cycles\t{n}",
        "Printed start cycle\t1",
        f"Printed end cycle\t{n}",
        "Number of stored datablocks\t2",
        "",
        "Datablock 0\tIon Current\t[A]",
    ]
    names = [f"'0/{k}'" for k in range(len(mz))]
    for name, mass, row in zip(names, mz, current_A, strict=True):
        low, high = (_exponent(v, 2, 2) for v in (row.min(), row.max()))
        lines.append(f"{name}\t{tuned_mass(mass):.2f}\tmin:\t{low}\tmax:\t{high}\t")
    low, high = (_exponent(v, 2, 2) for v in (pressure_mbar.min(), pressure_mbar.max()))
    lines += ["Datablock 1\tAnalog Input\t[mbar]", f"'1/0'\tPKR\tmin:\t{low}\tmax:\t{high}\t"]
    names = [*names, "Threshold", "'1/0'"]
    lines += ["", "\t".join(["Cycle", "Date", "Time", "RelTime[s]", *names, ""])]
    for k in range(n):
        at = start + timedelta(seconds=float(time_s[k]))
        cells = [str(k + 1), f"{at.day}-{at.month}-{at.year}"]
        cells += [f"{at:%H:%M:%S}:{at.microsecond // 10000:02d}", f"{time_s[k]:.2f}"]
        cells += [_exponent(v, 5, 3) for v in current_A[:, k]]
        cells += ["0", _exponent(pressure_mbar[k], 5, 3)]
        lines.append("\t".join([*cells, ""]))
    lines.append("")
    path.write_bytes("\r".join(lines).encode("ascii"))  # CR alone


def _exponent(value: float, decimals: int, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{decimals}E}".partition("E")
    return f"{mantissa}E{exponent[0]}{exponent[1:]:0>{digits}}"
