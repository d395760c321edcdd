"""Relaxed potentials: what the cell shows a fixed time after the current stopped.

Time zero is the last driven record, so that the ohmic drop counts as relaxation. The value is interpolated
between records at rest; it is never extrapolated (a fit to the first half hour misses the value at one hour by
tens of millivolts) and never the first record of the next step, which has the ohmic rise in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..quality import Quality, doubtful
from .half_cycles import HalfCycle
from .record import Record

EARLY_S = (10.0, 60.0, 600.0)
# Two records may lie this far apart, or half of the time itself, for the potential between them to be interpolated.
WIDEST_GAP_S = 600.0


@dataclass(frozen=True)
class Relaxation:
    """Potentials after current interruption; None where the rest is too short.

    Attributes
    ----------
    potential_V : float or None
        At the configured time.
    early_V : dict of seconds to float or None
    slope_mV_h : float or None
        Drift at the configured time: how far from equilibrium the potential still is.
    rest_s : float
    note : str
        Empty if all is well.
    """

    potential_V: float | None
    early_V: dict[float, float | None]
    slope_mV_h: float | None
    rest_s: float
    note: str


def relax(data: Record, half: HalfCycle, after_s: float, slope_window_s: float) -> Relaxation:
    """Evaluate the rest after a half cycle.

    Parameters
    ----------
    data : Record
    half : HalfCycle
    after_s : float
        Time after the last driven record.
    slope_window_s : float
        Records within this time of `after_s` give the drift.
    """
    rows = np.concatenate(([half.last], half.resting(data)))
    time, voltage = data.time_s[rows], data.voltage_V[rows]
    known = np.isfinite(time) & np.isfinite(voltage)
    time, voltage = time[known] - time[known][:1], voltage[known]
    nothing = dict.fromkeys(EARLY_S)
    if time.size < 2:
        return Relaxation(None, nothing, None, 0.0, "no rest")
    if (np.diff(time) < 0).any():
        return Relaxation(None, nothing, None, 0.0, "time runs backwards at rest")
    rest = float(time[-1])

    def at(seconds: float) -> float | None:
        # The record at time zero is still driven: before the first one at rest nothing is known.
        if seconds > rest or seconds < time[1]:
            return None
        after = int(np.searchsorted(time, seconds))
        if time[after] > seconds and time[after] - time[after - 1] > max(
            WIDEST_GAP_S, 0.5 * seconds
        ):
            return None  # the rest was not recorded around that time
        return float(np.interp(seconds, time[1:], voltage[1:]))

    near = np.abs(time - after_s) <= slope_window_s
    near[0] = False
    slope = None
    if rest >= after_s and near.sum() >= 3 and np.ptp(time[near]) > 0:
        slope = float(np.polyfit(time[near] - after_s, voltage[near], 1)[0] * 3.6e6)
    note = "" if rest >= after_s else f"rest of {rest:.0f} s is shorter than {after_s:g} s"
    return Relaxation(at(after_s), {s: at(s) for s in EARLY_S}, slope, rest, note)


def judge(data: Record, half: HalfCycle, after_s: float) -> Quality:
    """Say whether a pulse of current moved the potential before it counted as relaxed."""
    rows = np.arange(half.last + 1, half.end)
    before = data.time_s[rows] - data.time_s[half.last] < after_s
    rest = half.resting(data)
    if not rest.size or data.time_s[rest[-1]] - data.time_s[half.last] < after_s:
        return Quality()
    if (data.sign[rows] != 0)[before].any():
        return doubtful(f"a pulse of current within the first {after_s:g} s of the rest")
    return Quality()


def columns(relaxation: Relaxation, name: str, voltage_sd_V: float) -> dict[str, Any]:
    """Return the table cells of a relaxation; `name` is charge or discharge."""
    known = relaxation.potential_V is not None
    return {
        f"relaxed_potential_{name}_V": relaxation.potential_V,
        f"relaxed_potential_{name}_V_sd": voltage_sd_V if known else None,
        **{f"potential_{s:g}s_after_{name}_V": v for s, v in relaxation.early_V.items()},
        f"drift_after_{name}_mV_h": relaxation.slope_mV_h,
        f"rest_after_{name}_s": relaxation.rest_s,
    }
