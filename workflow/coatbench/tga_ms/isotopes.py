"""Are m/z 50 and 66 more than isotopologues of SO and SO2? Measured ratios against natural abundances.

One sulfur in 22 is 34S and one oxygen in 490 is 18O, so SO2 alone gives a signal at m/z 66 that is 4.9 % of the
one at 64. Only what exceeds it can speak of another species.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .event import Event
from .ions import Ions
from .smooth import smooth

if TYPE_CHECKING:
    from ..config_types import TgaMsConfig

# Abundances: IUPAC 2013 representative isotopic composition, Meija et al., Pure Appl. Chem. 88 (2016) 293.
S34_S32 = 0.0425 / 0.9499
O18_O16 = 0.00205 / 0.99757
# m/z 66 of SO2: one 34S, or one 18O in either place. m/z 50 of SO: one 34S or one 18O.
ISOTOPE_RATIOS = {(66, 64): S34_S32 + 2 * O18_O16, (50, 48): S34_S32 + O18_O16}


@dataclass(frozen=True)
class Window:
    """Points of the ion grid: the evolution [start, stop) and the quiet stretches beside it."""

    start: int
    stop: int
    before: int
    after: int


def ratios(ions: Ions, event: Event, config: TgaMsConfig) -> list[dict[str, Any]]:
    """Ratios of background-subtracted integrals over one evolution.

    Parameters
    ----------
    ions : Ions
    event : Event
        An evolution with a first deviation and an end, by default of m/z 64.

    Returns
    -------
    list of dict
        Rows of tga_ms_ratios without run and sample.
    """
    start, stop = (
        (event.time_s[p] - ions.grid.time_s[0]) / ions.grid.step_s
        for p in ("onset_first_deviation", "end")
    )
    window = Window(
        max(0, int(np.floor(start))),
        min(ions.grid.time_s.size, int(np.ceil(stop)) + 1),
        event.region.before,
        event.region.after,
    )
    rows = []
    for numerator, denominator in config["ratio_pairs"]:
        if numerator in ions.mz and denominator in ions.mz:
            row = _ratio(ions, numerator, denominator, window, config)
            edges = {
                "window_start_degC": event.value["onset_first_deviation"],
                "window_end_degC": event.value["end"],
            }
            rows.append({"numerator_mz": numerator, "denominator_mz": denominator} | edges | row)
    return rows


def _ratio(
    ions: Ions, numerator: int, denominator: int, window: Window, config: TgaMsConfig
) -> dict[str, Any]:
    top = ions.current_A[list(ions.mz).index(numerator)]
    bottom = ions.current_A[list(ions.mz).index(denominator)]
    quiet = max(4, ions.grid.points(config["baseline_K"]))
    weights = _integral_weights(ions.grid.time_s.size, window, quiet)
    value, noise_sd = _value_and_noise(
        top, bottom, weights, ions.grid.window(config["smoothing_window_K"])
    )
    # The background is a choice: other lengths of the stretches that it is fitted to.
    other = []
    for kelvin in config["baseline_K_choices"]:
        w = _integral_weights(ions.grid.time_s.size, window, max(4, ions.grid.points(kelvin)))
        other.append(float(w @ top) / float(w @ bottom))
    choice_sd = float(np.std(other, ddof=1)) if len(other) > 1 else 0.0
    slope = _slope_ratio(top, bottom, window)
    # Two estimates of one ratio: integrals feel the background, the slope feels a delay between channels.
    method_sd = abs(value - slope) / 12**0.5
    sd = float(np.sqrt(noise_sd**2 + choice_sd**2 + method_sd**2))
    sd = float(np.hypot(sd, config["mass_discrimination_sd"] * value))
    trend, trend_sd = _trend(top, bottom, window)
    isotope = ISOTOPE_RATIOS.get((numerator, denominator), float("nan"))
    residual = value - isotope
    residual_sd = float(np.hypot(sd, config["isotope_ratio_sd"]))
    fragment = config["fragment_ratios"].get(f"{numerator}/{denominator}", float("nan"))
    return {
        "ratio": value,
        "ratio_sd": sd,
        "isotope_ratio": isotope,
        "residual_ratio": residual,
        "residual_ratio_sd": residual_sd if np.isfinite(residual) else float("nan"),
        "fragment_ratio": fragment,
        "trend_percent": trend,
        "trend_percent_sd": trend_sd,
        "finding": _finding(residual, residual_sd, value, sd, fragment, config),
    }


def _integral_weights(n: int, window: Window, quiet: int) -> np.ndarray:
    """Weights w so that w @ y is the sum of y over the window above a line through the quiet stretches.

    An integral over a fitted background is linear in the signal, so its noise follows from its weights.
    """
    low, high = max(window.before, window.start - quiet), min(window.after + 1, window.stop + quiet)
    fitted = np.r_[low : window.start, window.stop : high]
    if fitted.size < 4:
        fitted = np.r_[
            max(0, window.start - 4) : window.start, window.stop : min(n, window.stop + 4)
        ]
    index = np.arange(window.start, window.stop)
    weights = np.zeros(n)
    weights[index] = 1.0
    if fitted.size >= 2:
        centre = fitted.mean()
        spread = float(np.sum((fitted - centre) ** 2)) or 1.0
        at = index.size / fitted.size + np.sum(index - centre) * (fitted - centre) / spread
        weights[fitted] -= at
    return weights


def _value_and_noise(
    top: np.ndarray, bottom: np.ndarray, weights: np.ndarray, window: int
) -> tuple[float, float]:
    value = float(weights @ top) / float(weights @ bottom)
    sds = []
    for row in (top, bottom):
        # What a fit through its neighbours misses, each where it stands: counting noise grows with the
        # current. The fit follows every point a little, by its central weight.
        residual = row - smooth(row, window)
        followed = float(smooth(np.eye(1, 2 * window + 1, window)[0], window)[window])
        variance = np.sum(weights**2 * residual**2) / (1 - followed)
        sds.append(float(np.sqrt(variance)) / abs(float(weights @ row)))
    return value, abs(value) * math.hypot(*sds)


def _slope_ratio(top: np.ndarray, bottom: np.ndarray, window: Window) -> float:
    """Slope of one current against the other within the window: blind to constant backgrounds."""
    x, y = bottom[window.start : window.stop], top[window.start : window.stop]
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y) / float(x @ x)


def _trend(top: np.ndarray, bottom: np.ndarray, window: Window) -> tuple[float, float]:
    """Change of the local ratio along the evolution, in percent of the ratio, with its uncertainty.

    A fragment keeps its ratio to its parent; a species of its own need not. Only points where the
    denominator is above a fifth of its peak count.
    """
    start, stop = window.start, window.stop
    if stop - start < 8:
        return float("nan"), float("nan")
    ramp = np.linspace(0, 1, stop - start)

    def net(row: np.ndarray) -> np.ndarray:
        # A chord between the ends of the window, each the mean of a few points.
        few = max(2, (stop - start) // 20)
        left = row[max(0, start - few) : start + few].mean()
        right = row[stop - few : stop + few].mean()
        return row[start:stop] - left - (right - left) * ramp

    x, y = net(bottom), net(top)
    strong = x > 0.2 * x.max()
    if strong.sum() < 8:
        return float("nan"), float("nan")
    local, weight, s = y[strong] / x[strong], x[strong] ** 2, ramp[strong]
    mean = float(np.average(local, weights=weight))
    centre = float(np.average(s, weights=weight))
    spread = float(np.sum(weight * (s - centre) ** 2))
    slope = float(np.sum(weight * (s - centre) * (local - mean))) / spread
    left_over = local - mean - slope * (s - centre)
    # Neighbouring points share the smoothing of the spectrometer: one in three is independent.
    scatter = float(np.sqrt(np.sum(weight * left_over**2) / np.sum(weight)))
    sd = scatter * float(np.sqrt(3 * np.sum(weight) / spread / strong.sum()))
    length = float(s[-1] - s[0])
    return 100 * slope * length / mean, 100 * sd * length / abs(mean)


def _finding(
    residual: float,
    residual_sd: float,
    value: float,
    sd: float,
    fragment: float,
    config: TgaMsConfig,
) -> str:
    """Say in words what the ratio is compatible with, at the stated significance."""
    k = config["finding_sigma"]
    if np.isfinite(residual):
        if residual > k * residual_sd:
            return "more than isotopologues: another species"
        if residual < -k * residual_sd:
            return "less than isotopologues: background or saturation"
        return "isotopologues explain it"
    if np.isfinite(fragment):
        fragment_sd = config["fragment_ratio_sd"] * fragment
        if abs(value - fragment) <= k * float(np.hypot(sd, fragment_sd)):
            return "fragmentation explains it"
        return "more than fragmentation" if value > fragment else "less than fragmentation"
    return ""
