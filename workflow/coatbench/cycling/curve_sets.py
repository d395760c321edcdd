"""What figures draw of a cell: dQ/dV, voltage profiles, relaxations, the whole record, as curve sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays
from .dqdv import Curve
from .half_cycles import Cycle, HalfCycle
from .record import NAMES, Record

# A profile has no detail that more points would show in print.
PROFILE_POINTS = 400
RECORD_POINTS = 1600

Chosen = list[tuple[int, HalfCycle]]


def differential(curves: Mapping[tuple[int, int], Curve]) -> Arrays:
    """Return dQ/dV curves on their common bins, NaN outside each; keys are (cycle, direction)."""
    if not curves:
        return Arrays.of({})
    bin_V = next(iter(curves.values())).bin_V
    firsts = [round(curve.potential_V[0] / bin_V - 0.5) for curve in curves.values()]
    lasts = [round(curve.potential_V[-1] / bin_V - 0.5) for curve in curves.values()]
    low, high = min(firsts), max(lasts)
    raw = np.full((len(curves), high - low + 1), np.nan)
    smooth = raw.copy()
    for i, (first, curve) in enumerate(zip(firsts, curves.values(), strict=True)):
        raw[i, first - low : first - low + curve.raw.size] = curve.raw
        smooth[i, first - low : first - low + curve.raw.size] = curve.smooth
    units = {"units": "mAh/(g V)"}
    return Arrays.of(
        {
            "dqdv_raw": (("curve", "potential"), raw, units),
            "dqdv": (("curve", "potential"), smooth, units),
        },
        coords={
            "potential_V": ("potential", (np.arange(low, high + 1) + 0.5) * bin_V, {"units": "V"}),
            "cycle": ("curve", [number for number, _ in curves]),
            "direction": ("curve", [NAMES[direction] for _, direction in curves]),
        },
        attrs={"bin_V": bin_V},
    )


def profiles(
    data: Record, cycles: Sequence[Cycle], mass_g: float, numbers: Sequence[int]
) -> Arrays:
    """Return voltage over capacity of the half cycles of these cycles."""

    def driven(half: HalfCycle) -> npt.NDArray[np.intp]:
        rows = np.arange(half.first, half.last + 1)
        return rows[data.sign[rows] == half.direction]

    def capacity(half: HalfCycle, rows: npt.NDArray[np.intp]) -> npt.NDArray:
        before = data.charge_Ah[half.first - 1] if half.first else 0.0
        return np.abs(data.charge_Ah[rows] - before) * 1e3 / mass_g

    return _ragged(data, _choose(cycles, numbers), driven, "capacity_mAh_g", "mAh/g", capacity)


def relaxations(data: Record, cycles: Sequence[Cycle], numbers: Sequence[int]) -> Arrays:
    """Return voltage over time after the current stopped, for the half cycles of these cycles."""

    def resting(half: HalfCycle) -> npt.NDArray[np.intp]:
        return np.concatenate(([half.last], half.resting(data)))

    def time(half: HalfCycle, rows: npt.NDArray[np.intp]) -> npt.NDArray:
        return np.asarray(data.time_s[rows] - data.time_s[half.last])

    chosen = [(n, half) for n, half in _choose(cycles, numbers) if half.resting(data).size > 1]
    return _ragged(data, chosen, resting, "time_s", "s", time)


def whole(data: Record) -> Arrays:
    """Return voltage and current over time of the whole record."""
    rows = _thin(np.arange(data.time_s.size), RECORD_POINTS)
    return Arrays.of(
        {
            "time_s": ("point", data.time_s[rows], {"units": "s"}),
            "voltage_V": ("point", data.voltage_V[rows], {"units": "V"}),
            "current_A": ("point", data.current_A[rows], {"units": "A"}),
        }
    )


def _choose(cycles: Sequence[Cycle], numbers: Sequence[int]) -> Chosen:
    return [
        (cycle.number, half) for cycle in cycles if cycle.number in numbers for half in cycle.halves
    ]


def _thin(rows: npt.NDArray[np.intp], most: int) -> npt.NDArray[np.intp]:
    """Return at most this many of the rows, evenly, with the first and the last."""
    if rows.size <= most:
        return rows
    return rows[np.unique(np.linspace(0, rows.size - 1, most).round().astype(int))]


def _ragged(
    data: Record,
    chosen: Chosen,
    rows_of: Callable[[HalfCycle], npt.NDArray[np.intp]],
    name: str,
    unit: str,
    abscissa: Callable[[HalfCycle, npt.NDArray[np.intp]], npt.NDArray],
) -> Arrays:
    """Return one line of voltage over something per half cycle, filled up with NaN."""
    if not chosen:
        return Arrays.of({})
    x = np.full((len(chosen), PROFILE_POINTS), np.nan)
    voltage = x.copy()
    for i, (_, half) in enumerate(chosen):
        rows = _thin(rows_of(half), PROFILE_POINTS)
        x[i, : rows.size] = abscissa(half, rows)
        voltage[i, : rows.size] = data.voltage_V[rows]
    return Arrays.of(
        {
            name: (("half", "point"), x, {"units": unit}),
            "voltage_V": (("half", "point"), voltage, {"units": "V"}),
        },
        coords={
            "cycle": ("half", [number for number, _ in chosen]),
            "direction": ("half", [NAMES[half.direction] for _, half in chosen]),
        },
    )
