"""Peaks and shoulders of dQ/dV, with what the choice of bins and windows does to them.

A feature is found on the main curve (the configured bin and window) and looked for again on curves of other
bins and windows: the scatter of its position is its uncertainty, and one that most of them do not show is
not there. A shoulder is a bulge over the chord between the two inflections beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from . import dqdv
from .half_cycles import HalfCycle
from .record import NAMES, Record
from .smoothing import maxima

if TYPE_CHECKING:
    from ..config_types import CyclingDqdv, FeatureConfig

MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Feature:
    """A peak or shoulder.

    Attributes
    ----------
    name : str
        `peak 1`, ... by potential, or the config's name of the range in which it lies.
    kind : str
        `peak` or `shoulder`.
    potential_V, potential_V_sd : float
    prominence, height : float
        mAh/(g V).
    seen_in : float
        Share of the curves of other bins and windows that show it too.
    """

    name: str
    kind: str
    potential_V: float
    potential_V_sd: float
    prominence: float
    height: float
    seen_in: float


@dataclass(frozen=True)
class _Bump:
    potential_V: float
    prominence: float
    height: float
    kind: str


def noise_of(curve: dqdv.Curve) -> float:
    """Return the noise of the smoothed curve, from what the filter took out (robustly)."""
    residual = curve.raw - curve.smooth
    return float(MAD_TO_SD * np.median(np.abs(residual - np.median(residual))))


def peaks(curve: dqdv.Curve, least: float) -> list[_Bump]:
    """Return maxima with at least this prominence; the position is that of the parabola through the top."""
    values = curve.smooth
    found, prominences = maxima(values, least)
    bumps = []
    for i, prominence in zip(found.tolist(), prominences.tolist(), strict=True):
        left, top, right = values[i - 1 : i + 2]
        bend = left - 2 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        position = curve.potential_V[i] + np.clip(shift, -0.5, 0.5) * curve.bin_V
        bumps.append(_Bump(float(position), prominence, float(top), "peak"))
    return bumps


def shoulders(curve: dqdv.Curve, least: float, low_V: float, high_V: float) -> list[_Bump]:
    """Return bulges on a flank within a range: convex stretches that rise over their chord by `least`.

    Parameters
    ----------
    curve : Curve
    least : float
        Height over the chord in mAh/(g V).
    low_V, high_V : float
        Where to look.
    """
    bend = np.gradient(np.gradient(curve.smooth))
    bumps = []
    bulge = bend < 0
    edges = np.flatnonzero(np.diff(bulge.astype(np.int8), prepend=0, append=0))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        first, last = max(start - 1, 0), min(stop, bulge.size - 1)
        if first == 0 or last == bulge.size - 1 or last - first < 3:
            continue
        values = curve.smooth[first : last + 1]
        chord = np.linspace(values[0], values[-1], values.size)
        over = values - chord
        top = int(np.argmax(over))
        position = float(curve.potential_V[first + top])
        if over[top] >= least and low_V <= position <= high_V:
            bumps.append(_Bump(position, float(over[top]), float(values[top]), "shoulder"))
    return bumps


def curves(
    data: Record, half: HalfCycle, mass_g: float, settings: CyclingDqdv
) -> tuple[dqdv.Curve | None, list[dqdv.Curve]]:
    """Return the main curve and those of the other bins and windows.

    Windows are given in volts; in bins they are the nearest odd number that the polynomial allows.
    """
    pairs, charge, total = dqdv.increments(data, half, mass_g, settings["skip_rows"])
    order = settings["polyorder"]

    def make(bin_V: float, window_V: float) -> dqdv.Curve | None:
        window = max(2 * round(0.5 * (window_V / bin_V - 1)) + 1, order + 1 + order % 2)
        return dqdv.curve(pairs, charge, total, bin_V, window, order)

    main = make(settings["bin_V"], settings["window_V"])
    others = [
        made
        for bin_V in settings["vary_bin_V"]
        for window_V in settings["vary_window_V"]
        if (made := make(bin_V, window_V)) is not None
    ]
    return main, others


def find(
    main: dqdv.Curve,
    others: Sequence[dqdv.Curve],
    direction: int,
    settings: CyclingDqdv,
    voltage_sd_V: float,
) -> list[Feature]:
    """Find the features of one half cycle, by potential.

    Parameters
    ----------
    main, others : Curve
        From `curves`.
    direction : int
        Of the half cycle; named ranges apply to one direction.
    settings : mapping
        `least_prominence_mAh_g_V`, `least_prominence_fraction` (of the highest point), `noise_factor`,
        `match_V`, `least_seen_in`, `named` (name: direction, low_V, high_V, least_prominence_mAh_g_V).
    voltage_sd_V : float
        Of the instrument; part of every position's uncertainty.
    """
    floor = settings["noise_factor"] * noise_of(main)
    least = max(
        settings["least_prominence_mAh_g_V"],
        settings["least_prominence_fraction"] * float(main.smooth.max()),
        floor,
    )
    named = {
        name: part
        for name, part in settings["named"].items()
        if part["direction"] == NAMES[direction]
    }

    def inside(bump: _Bump) -> str:
        return next(
            (n for n, r in named.items() if r["low_V"] <= bump.potential_V <= r["high_V"]), ""
        )

    found = [("", bump) for bump in peaks(main, least) if not inside(bump)]
    for name, part in named.items():
        limit = max(part["least_prominence_mAh_g_V"], floor)
        if (bump := _in_range(main, part, limit)) is not None:
            found.append((name, bump))
    features = []
    for name, bump in found:
        positions = [p for c in others if (p := _again(c, bump, settings["match_V"])) is not None]
        seen = len(positions) / len(others) if others else 1.0
        if seen < settings["least_seen_in"]:
            continue
        spread = float(np.std(positions, ddof=1)) if len(positions) > 1 else 0.0
        sd = float(np.sqrt(spread**2 + main.bin_V**2 / 12 + voltage_sd_V**2))
        features.append(
            Feature(name, bump.kind, bump.potential_V, sd, bump.prominence, bump.height, seen)
        )
    features.sort(key=lambda f: f.potential_V)
    # Only what is there has a number.
    number = count(1)
    return [f if f.name else replace(f, name=f"peak {next(number)}") for f in features]


def _in_range(curve: dqdv.Curve, part: FeatureConfig, least: float) -> _Bump | None:
    """Return the most prominent peak in a named range, else the highest shoulder."""
    low, high = part["low_V"], part["high_V"]
    bumps = [b for b in peaks(curve, least) if low <= b.potential_V <= high]
    bumps = bumps or shoulders(curve, least, low, high)
    return max(bumps, key=lambda b: b.prominence, default=None)


def _again(curve: dqdv.Curve, bump: _Bump, match_V: float) -> float | None:
    """Return where another curve shows the same feature: the nearest of its kind within `match_V`."""
    least = 0.5 * bump.prominence
    low, high = bump.potential_V - match_V, bump.potential_V + match_V
    bumps = [b for b in peaks(curve, least) if low <= b.potential_V <= high]
    if bump.kind == "shoulder" and not bumps:
        bumps = shoulders(curve, least, low, high)
    return min(
        (b.potential_V for b in bumps), key=lambda p: abs(p - bump.potential_V), default=None
    )


def main_peak(
    curve: dqdv.Curve, others: Sequence[dqdv.Curve], low_V: float, high_V: float
) -> tuple[float, float] | None:
    """Return position and its spread of the highest maximum within a range, or None if there is none."""

    def top(c: dqdv.Curve) -> float | None:
        bumps = [b for b in peaks(c, 0.0) if low_V <= b.potential_V <= high_V]
        return max(bumps, key=lambda b: b.height).potential_V if bumps else None

    position = top(curve)
    if position is None:
        return None
    positions: list[float] = [p for c in others if (p := top(c)) is not None]
    near = [p for p in positions if abs(p - position) < 0.05]
    spread = float(np.std(near, ddof=1)) if len(near) > 1 else 0.0
    return position, float(np.hypot(spread, curve.bin_V / np.sqrt(12)))


def as_array(values: Sequence[float | None]) -> npt.NDArray:
    """Return floats with NaN for None."""
    return np.array([np.nan if v is None else v for v in values], dtype=float)
