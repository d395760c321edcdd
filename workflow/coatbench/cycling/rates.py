"""Rates, rate test, retention and fade of a long series of cycles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .record import CHARGE

if TYPE_CHECKING:
    from ..config_types import CyclingConfig

MAD_TO_SD = 1.4826
USUAL_C = (
    *(float(f"{1 / n:.3g}") for n in (100, 50, 40, 30, 25, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2)),
    *(1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0),
)


def recognise_rate(measured_C: float, rates_C: Sequence[float], tolerance: float) -> float:
    """Return the rate that a measured one stands for: one of the config, else a usual one, else itself to two digits.

    Usual are C/2, C/3 and so on, and whole multiples of 1C; C/3 is 0.333.

    Parameters
    ----------
    measured_C : float
        Current over mass and nominal capacity, 1/h.
    rates_C : sequence of float
        Rates of the protocols.
    tolerance : float
        Relative; covers the error of the mass and a rounded current.
    """
    if not measured_C > 0:
        return math.nan
    for known in (rates_C, USUAL_C):
        nearest = min(known, key=lambda r: abs(math.log(measured_C / r)), default=None)
        if nearest is not None and abs(measured_C / nearest - 1) <= tolerance:
            return float(nearest)
    return float(f"{measured_C:.2g}")


@dataclass(frozen=True)
class Series:
    """Discharge capacities over cycles, and which of them count.

    Attributes
    ----------
    cycle : (n,) int array
    charge, discharge : (n,) arrays
        mAh/g; NaN where a half cycle is missing.
    rate : (n,) array
        Recognised rate; NaN where unknown.
    left_out : (n,) bool array
        Interrupted, or not to be used.
    first : int
        Direction of the half cycle that a cycle begins with.
    """

    cycle: npt.NDArray
    charge: npt.NDArray
    discharge: npt.NDArray
    rate: npt.NDArray
    left_out: npt.NDArray
    first: int = CHARGE

    @property
    def put_in(self) -> npt.NDArray:
        """Capacities of the half cycles that come first: the charge, of an anode the discharge."""
        return self.charge if self.first == CHARGE else self.discharge

    @property
    def given_back(self) -> npt.NDArray:
        """Capacities of the half cycles that follow."""
        return self.discharge if self.first == CHARGE else self.charge

    @property
    def rate_changes(self) -> npt.NDArray:
        """Cycles whose rate differs from the one before: their efficiency mixes two rates."""
        changed = np.zeros(self.cycle.size, bool)
        changed[1:] = ~(self.rate[1:] == self.rate[:-1])
        return changed


@dataclass(frozen=True)
class Plan:
    """How the cycles of a long test divide: indices into a `Series`.

    `rate_test` are the cycles before the long-term ones; `reference` is the first long-term cycle.
    """

    rate_test: npt.NDArray
    long_term: npt.NDArray
    reference: int | None


def plan(series: Series, long_term_rate_C: float) -> Plan:
    """Divide a series into the rate test and the long-term cycles.

    The rate test ends with the last cycle that is faster than the long-term rate and stands before the
    longest run of cycles at that rate; the first cycle at that rate afterwards is the reference. Where none is
    faster, the rate test are the slower cycles before the first one at that rate.
    """
    n = series.cycle.size
    slow = np.isclose(series.rate, long_term_rate_C)
    if not slow.any():
        return Plan(np.arange(n), np.empty(0, int), None)
    edges = np.flatnonzero(np.diff(slow.astype(np.int8), prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    longest = int(starts[np.argmax(stops - starts)])
    faster = np.flatnonzero(series.rate[:longest] > 1.01 * long_term_rate_C)
    end_of_test = int(faster[-1]) + 1 if faster.size else 0
    reference = int(np.flatnonzero(slow[end_of_test:])[0]) + end_of_test
    long_term = np.flatnonzero(slow & (np.arange(n) >= reference))
    return Plan(np.arange(end_of_test or reference), long_term, reference)


def capacities_at_rates(series: Series, parts: Plan) -> dict[float, tuple[float, float, int]]:
    """Return mean discharge capacity, standard error and number of cycles at each rate of the rate test."""
    found: dict[float, tuple[float, float, int]] = {}
    for rate in sorted({float(r) for r in series.rate[parts.rate_test] if np.isfinite(r)}):
        pick = parts.rate_test[series.rate[parts.rate_test] == rate]
        pick = pick[~series.left_out[pick] & np.isfinite(series.discharge[pick])]
        if pick.size:
            values = series.discharge[pick]
            error = float(values.std(ddof=1) / np.sqrt(pick.size)) if pick.size > 1 else math.nan
            found[rate] = float(values.mean()), error, int(pick.size)
    return found


def cycle_noise(series: Series, parts: Plan, half_width: int) -> float:
    """Return the scatter of single long-term capacities around a robust local line (mAh/g)."""
    pick = _counted(series, parts)
    x, y = series.cycle[pick].astype(float), series.discharge[pick]
    if x.size < 5:
        return math.nan
    residual = np.empty(x.size)
    firsts = np.searchsorted(x, x - half_width)
    stops = np.searchsorted(x, x + half_width, side="right")
    for i, (first, stop) in enumerate(zip(firsts.tolist(), stops.tolist(), strict=True)):
        near = slice(first, stop)
        slope, intercept = _robust_line(x[near], y[near])
        residual[i] = y[i] - (intercept + slope * x[i])
    return float(MAD_TO_SD * np.median(np.abs(residual)))


def _counted(series: Series, parts: Plan) -> npt.NDArray:
    pick = parts.long_term
    return pick[~series.left_out[pick] & np.isfinite(series.discharge[pick])]


def _robust_line(x: npt.NDArray, y: npt.NDArray) -> tuple[float, float]:
    """Theil-Sen line: median of the pairwise slopes."""
    i, j = np.triu_indices(x.size, 1)
    gap = x[j] - x[i]
    slopes = (y[j] - y[i])[gap != 0] / gap[gap != 0]
    slope = float(np.median(slopes)) if slopes.size else 0.0
    return slope, float(np.median(y - slope * x))


def retentions(
    series: Series, parts: Plan, settings: CyclingConfig
) -> tuple[dict[str, tuple[float, int]], str]:
    """Return discharge capacity of the configured cycle over that of several references, in percent, and where each is.

    Keys: `retention_percent` (first long-term cycle after the rate test),
    `retention_vs_rate_test_percent` (last cycle of the rate test at the long-term rate),
    `retention_vs_first_cycle_percent` (first cycle of the file). The note says why there are none.
    """
    number = settings["retention_cycle"]
    at = np.flatnonzero(series.cycle == number)
    if not at.size or not np.isfinite(series.discharge[at[0]]):
        return {}, f"no complete cycle {number}: no retention"
    if series.left_out[at[0]]:
        return {}, f"cycle {number} was interrupted or is unusable: no retention"
    if parts.reference is None or at[0] not in parts.long_term:
        return {}, f"cycle {number} is not at {settings['long_term_rate_C']:g}C: no retention"
    in_test = parts.rate_test[
        np.isclose(series.rate[parts.rate_test], settings["long_term_rate_C"])
    ]
    references = {
        "retention_percent": parts.reference,
        "retention_vs_rate_test_percent": int(in_test[-1]) if in_test.size else None,
        "retention_vs_first_cycle_percent": 0,
    }
    value = series.discharge[at[0]]
    return {
        name: (float(100 * value / series.discharge[i]), i)
        for name, i in references.items()
        if i is not None and np.isfinite(series.discharge[i]) and not series.left_out[i]
    }, ""


def fade_fits(series: Series, parts: Plan) -> list[dict[str, Any]]:
    """Fit the fade of the long-term cycles: linear, square root (growing interphase), exponential.

    Each model has two parameters, Q = q0 f(n), n counted from the reference cycle; least squares; Akaike's
    criterion (small samples) tells which describes the fade best.
    """
    pick = _counted(series, parts)
    if pick.size < 10:
        return []
    from scipy.optimize import curve_fit  # costs a short cell's job more than its analysis

    n = (series.cycle[pick] - series.cycle[pick[0]]).astype(float)
    y = series.discharge[pick]
    models = {
        "linear": (lambda n, q0, k: q0 * (1 - k * n)),
        "square_root": (lambda n, q0, k: q0 * (1 - k * np.sqrt(n))),
        "exponential": (lambda n, q0, k: q0 * np.exp(-k * n)),
    }
    rows = []
    for name, model in models.items():
        (q0, k), covariance = curve_fit(model, n, y, p0=(y[0], 1e-3))
        squares = float(np.sum((y - model(n, q0, k)) ** 2))
        m, p = y.size, 3  # two parameters and the variance
        aic = m * math.log(max(squares, 1e-300) / m) + 2 * p + 2 * p * (p + 1) / (m - p - 1)
        q0_sd, k_sd = np.sqrt(np.diag(covariance))
        rows.append(
            {
                "model": name,
                "start_capacity_mAh_g": float(q0),
                "start_capacity_mAh_g_sd": float(q0_sd),
                "fade_constant": float(k),
                "fade_constant_sd": float(k_sd),
                "residual_mAh_g": math.sqrt(squares / (m - 2)),
                "aicc": aic,
                "n_cycles": int(m),
            }
        )
    best = min(rows, key=lambda r: r["aicc"])
    return [{**row, "best": row is best} for row in rows]


def mean_efficiency(series: Series) -> tuple[float, list[int]]:
    """Return the geometric mean Coulombic efficiency (percent) and the indices of the cycles that it counts.

    Left out: the first cycle, cycles whose rate differs from the one before, interrupted cycles and the
    ones after them. The mean is geometric since losses multiply.
    """
    ok = np.isfinite(series.charge) & np.isfinite(series.discharge) & ~series.rate_changes
    after = np.concatenate(([True], series.left_out[:-1]))
    ok &= ~series.left_out & ~after
    if not ok.any():
        return math.nan, []
    ratio = series.given_back[ok] / series.put_in[ok]
    return float(100 * np.exp(np.mean(np.log(ratio)))), np.flatnonzero(ok).tolist()
