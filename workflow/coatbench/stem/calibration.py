"""Where lines of a spectrum stand and how wide they are, from strong lines outside the window of an element."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from .lines import SECOND_LINE, SERIES, fwhm_keV

# What is known of any detector: zero and gain of its energy scale, widths relative to the table's.
ZERO_SD_KEV, GAIN_SD, WIDTH_SD = 0.003, 5e-4, 0.03
# No energy scale is straighter, and no width follows the table better.
BENT_KEV, UNEVEN = 0.0005, 0.01
STRONG = 15.0  # standard deviations of a line that calibrates
REACH, ROUNDS, MOST_REDUCED, LEAST_FREE = 1.3, 4, 1.6, 3


@dataclass(frozen=True)
class Calibration:
    """Shift in keV at an energy, and width relative to the table's, with standard uncertainties."""

    shift_keV: float
    shift_keV_sd: float
    wider: float
    wider_sd: float

    def trials(self) -> Iterator[tuple[tuple[float, float], float]]:
        """Shifts with widenings, and what chi-square each costs."""
        for a, b in product((0.5 * i for i in range(-6, 7)), (-2.0, -1.0, 0.0, 1.0, 2.0)):
            shift, wider = self.shift_keV + a * self.shift_keV_sd, self.wider + b * self.wider_sd
            yield (shift, wider), a * a + b * b


def shape(
    x: np.ndarray, series: str, energies: tuple[float, ...], shift_keV: float = 0.0, wider: float = 1.0, second: float = 1.0
) -> np.ndarray:  # fmt: skip
    """Lines of a series as a detector shows them, the first 1 high, the second `second` times as high as in the table."""
    total = np.zeros_like(x)
    for e, share in zip(energies, (1.0, second * SECOND_LINE[series]), strict=False):
        sigma = wider * fwhm_keV(e) / 2.3548
        total += share * np.exp(-0.5 * ((x - e - shift_keV) / sigma) ** 2)
    return total


def calibrate(energy: np.ndarray, counts: np.ndarray, low: float, high: float) -> Calibration:
    """Calibrate the stretch from `low` to `high` keV by the K lines outside of it; without any, by what is known of all detectors."""
    anchors = []
    for element, lines in SERIES["K"].items():
        line, width = lines[0], fwhm_keV(lines[0])
        inside = line + width > low and line - width < high
        if inside or not energy[0] + 2 * width < line < energy[-1] - 2 * width:
            continue
        core = abs(energy - line) <= 0.5 * width
        sides = (abs(energy - line) > 1.2 * width) & (abs(energy - line) <= 1.7 * width)
        if not sides.any():
            continue
        net = counts[core].sum() - core.sum() * counts[sides].mean()
        if net > STRONG * math.sqrt(max(counts[core].sum(), 1.0)):
            anchors.append((element, line, width))
    known = {e for e, _, _ in anchors}
    seen = [a for line in anchors if (a := _anchor(energy, counts, line, known))]
    at, shift, shift_sd, wider, wider_sd = np.array(seen, float).reshape(-1, 5).T
    # A straight scale through the anchors, with what is known of zero and gain before.
    weight = 1 / (shift_sd**2 + BENT_KEV**2)
    design = np.stack([np.ones_like(at), at])
    information = (design * weight) @ design.T + np.diag([ZERO_SD_KEV**-2, GAIN_SD**-2])
    covariance = np.linalg.inv(information)
    here = np.array([1.0, (low + high) / 2])
    own = 1 / (wider_sd**2 + UNEVEN**2)
    total = own.sum() + WIDTH_SD**-2
    return Calibration(
        float(here @ covariance @ ((design * weight) @ shift)),
        float(math.sqrt(here @ covariance @ here + BENT_KEV**2)),
        float(1 + (own * (wider - 1)).sum() / total),
        float(math.sqrt(1 / total + UNEVEN**2)),
    )


def _anchor(
    energy: np.ndarray, counts: np.ndarray, line: tuple[str, float, float], known: set[str]
) -> tuple[float, float, float, float, float] | None:
    """Energy of a line, its shift and widening with their uncertainties; None where something else is beside it."""
    element, at, width = line
    near = abs(energy - at) <= REACH * width
    x, y = energy[near], counts[near]
    others = [
        (series, table[other])
        for series, table in SERIES.items()
        for other in known & set(table)
        if (other, series) != (element, "K")
        and any(abs(e - at) < 2.2 * width for e in table[other])
    ]
    # As many channels as what is fitted, and some to judge it by: coarse ones show no shape.
    if x.size < 5 + len(others) + LEAST_FREE:
        return None
    weight = 1 / np.sqrt(np.maximum(np.convolve(y, np.ones(3) / 3, "same"), 1.0))
    own = SERIES["K"][element]
    shift, wider, step = 0.0, 1.0, 1e-4
    ramp = (x - x[0]) / (x[-1] - x[0])
    for _ in range(ROUNDS):
        base = shape(x, "K", own, shift, wider)
        columns = [
            base,
            (shape(x, "K", own, shift + step, wider) - base) / step,
            (shape(x, "K", own, shift, wider + step) - base) / step,
            1 - ramp, ramp, *(shape(x, s, e, shift, wider) for s, e in others),
        ]  # fmt: skip
        matrix = np.stack(columns, axis=1) * weight[:, None]
        found, _, rank, _ = np.linalg.lstsq(matrix, y * weight, rcond=None)
        if rank < matrix.shape[1] or found[0] <= 0:
            return None
        shift += float(np.clip(found[1] / found[0], -0.005, 0.005))
        wider += float(np.clip(found[2] / found[0], -0.05, 0.05))
    left = y * weight - matrix @ found
    reduced = float(left @ left) / (x.size - matrix.shape[1])
    if reduced > MOST_REDUCED or abs(shift) > 0.02 or abs(wider - 1) > 0.2:
        return None
    covariance = np.linalg.inv(matrix.T @ matrix) * max(1.0, reduced) / found[0] ** 2
    return at, shift, math.sqrt(covariance[1, 1]), wider, math.sqrt(covariance[2, 2])
