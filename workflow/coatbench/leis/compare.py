"""Compare spectra: one sample at two heating temperatures, all samples at one temperature."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import quality
from ..arrays import Arrays

Row = dict[str, Any]


def heating_ratios(windows: list[Row], dose_ratio_sd: float) -> list[Row]:
    """Ratio of each window between successive heating temperatures of one sample.

    Returns
    -------
    list of dict
        sample, window, from_degC, to_degC, ratio, ratio_sd, relative_change (of the ratio to the reference,
        which takes out what heating does to every sample alike), relative_change_sd; empty where a window that the
        spectra themselves end is not the same at both.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in (r for r in windows if quality.quality_of(r).usable):
        groups.setdefault((row["sample"], row["window"]), []).append(row)
    out = []
    for (sample, window), rows in groups.items():
        for low, high in itertools.pairwise(sorted(rows, key=_temperature)):
            value, sd, change, change_sd = (None,) * 4
            if same_window(high, low):
                value, sd = _quotient(high, low, "counts_per_nC", dose_ratio_sd)
                change, change_sd = _quotient(high, low, "relative_to_reference")
            out.append(
                {
                    "sample": sample,
                    "window": window,
                    "from_degC": _temperature(low),
                    "to_degC": _temperature(high),
                    "ratio": value,
                    "ratio_sd": sd,
                    "relative_change": change,
                    "relative_change_sd": change_sd,
                }
            )
    return out


def same_window(row: Row, other: Row) -> bool:
    """Tell whether two rows are sums over the same energies: others are not comparable."""
    return all(
        math.isclose(row[bound], other[bound], abs_tol=1e-6)
        for bound in ("energy_low_eV", "energy_high_eV")
    )


def _temperature(row: Row) -> float:
    return float(row["heating_temperature_degC"])


def _quotient(
    above: Row, below: Row, column: str, more_sd: float = 0.0
) -> tuple[float | None, float | None]:
    """Quotient of two cells; `more_sd` is a relative uncertainty that their own do not hold."""
    a, b = above.get(column), below.get(column)
    if a is None or not b:
        return None, None
    sds = (above.get(f"{column}_sd"), below.get(f"{column}_sd"))
    sd = None if None in sds else math.hypot(sds[0] / b, a * sds[1] / b**2, more_sd * a / b)
    return a / b, sd


def spread(
    curves: Mapping[str, Mapping[str, Arrays]],
    samples: Sequence[str],
    low: float,
    high: float,
    bin_eV: float,
) -> list[Row]:
    """How much the shapes of the samples' spectra differ at each heating temperature.

    Each spectrum is summed into bins and scaled to the same area over the range. The spread is the root
    mean square, over bins, of the standard deviation between samples relative to their mean, with the
    part that counting noise alone makes subtracted.

    `low` and `high` are the range in eV, `bin_eV` the width of the bins.

    Returns
    -------
    list of dict
        heating_temperature_degC, n_samples, energy_low_eV, energy_high_eV, spread, spread_sd (jackknife
        over samples; from three samples on), noise (what was subtracted). Temperatures with one sample
        have none.
    """
    groups = sorted(
        {group for sets in curves.values() for group in sets},
        key=lambda g: float(g.removeprefix("T")),
    )
    out = []
    for group in groups:
        own = [curves[s][group] for s in samples if group in curves[s]]
        shapes = [_shape(c, low, high, bin_eV) for c in own]
        covered = [s for s in shapes if s is not None]
        if len(covered) < 2:
            continue
        value, noise = _rms(covered)
        sd = None
        if len(covered) >= 3:
            left_out = [_rms(covered[:i] + covered[i + 1 :])[0] for i in range(len(covered))]
            n = len(left_out)
            mean = sum(left_out) / n
            sd = math.sqrt((n - 1) / n * sum((v - mean) ** 2 for v in left_out))
        out.append(
            {
                "heating_temperature_degC": float(group.removeprefix("T")),
                "n_samples": len(covered),
                "energy_low_eV": low,
                "energy_high_eV": high,
                "spread": value,
                "spread_sd": sd,
                "noise": noise,
            }
        )
    return out


def _shape(
    curve: Arrays, low: float, high: float, width: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Bin a spectrum and scale it to mean 1; None where it does not cover the range."""
    energy = np.asarray(curve["energy_eV"])
    if energy[0] > low or energy[-1] < high:
        return None
    edges = np.arange(low, high + 0.5 * width, width)
    total, _ = np.histogram(energy, edges, weights=np.asarray(curve["intensity"]))
    variance, _ = np.histogram(energy, edges, weights=np.asarray(curve["intensity_sd"]) ** 2)
    mean = total.mean()
    return (total / mean, variance / mean**2) if mean > 0 else None


def _rms(shapes: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    values = np.array([s for s, _ in shapes])
    noise = np.array([v for _, v in shapes]).mean(axis=0)
    mean = values.mean(axis=0)
    used = mean > 0
    between = values.var(axis=0, ddof=1)[used] / mean[used] ** 2
    counted = noise[used] / mean[used] ** 2
    return math.sqrt(max(0.0, float((between - counted).mean()))), math.sqrt(counted.mean())
