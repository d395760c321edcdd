"""What a fit minimises: the sum of lines and backgrounds with its derivatives, and where the search begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .lines import Lines, Spectrum, cumulate
from .parameters import Parameters

MAX_EVALUATIONS = 400


class Problem:
    """Envelope and Jacobian of all spectra as functions of the free parameters."""

    def __init__(
        self, lines: Lines, spectra: Sequence[Spectrum], maps: Sequence[Parameters]
    ) -> None:
        self.lines, self.spectra, self.maps = lines, spectra, maps
        self.n_shared = maps[0].L.shape[1]
        self.y = np.concatenate([s.y - s.background for s in spectra])

    def __call__(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the envelope without static backgrounds (sum n,) and its derivative by q (sum n, k)."""
        values, jacobians = [], []
        extra = self.n_shared
        for spectrum, mapping in zip(self.spectra, self.maps, strict=True):
            own = q[: self.n_shared]
            slope = mapping.slope(own)
            value, columns, _ = self.parts(spectrum, mapping.values(own))
            if not spectrum.active:
                values.append(value)
                jacobians.append(columns @ slope)
                continue
            constant, step = q[extra], q[extra + 1]
            full = np.zeros((len(value), len(q)))
            full[:, : self.n_shared] = (columns + step * cumulate(spectrum.x, columns)) @ slope
            full[:, extra] = 1.0
            full[:, extra + 1] = rise = cumulate(spectrum.x, value)
            values.append(value + constant + step * rise)
            jacobians.append(full)
            extra += 2
        if len(values) == 1:
            return values[0], jacobians[0]
        return np.concatenate(values), np.concatenate(jacobians)

    def parts(self, spectrum: Spectrum, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sum of the lines (n,), its derivative by p (n, 3 m), and each component (n, m)."""
        m = self.lines.n
        area, position, fwhm = p[:m], p[m : 2 * m], p[2 * m :]
        phi, by_position, by_fwhm = self.lines.evaluate(spectrum.x, position, fwhm)
        columns = np.concatenate([phi, by_position * area, by_fwhm * area], axis=1)
        return phi @ area, columns, phi * area


def start_areas(lines: Lines, spectrum: Spectrum, p: np.ndarray) -> np.ndarray:
    """Return the non-negative areas that suit best at the start positions and widths."""
    from scipy.optimize import nnls

    m = lines.n
    phi, *_ = lines.evaluate(spectrum.x, p[m : 2 * m], p[2 * m :])
    signal = spectrum.y - spectrum.background
    if spectrum.active:
        signal = signal - signal.min()
    scale = max(float(np.abs(signal).max()), 1e-300)
    return np.asarray(nnls(phi, signal / scale)[0]) * scale


@dataclass(frozen=True)
class Start:
    """Start values and limits of all free parameters, those of active backgrounds last."""

    q: np.ndarray
    low: np.ndarray
    high: np.ndarray


def start(lines: Lines, spectra: Sequence[Spectrum], maps: Sequence[Parameters]) -> Start:
    """Return where a fit begins: positions and widths as configured, areas as they suit them."""
    q, low, high = maps[0].start.copy(), maps[0].low.copy(), maps[0].high.copy()
    for spectrum, mapping in zip(spectra, maps, strict=True):
        areas = start_areas(lines, spectrum, mapping.values(maps[0].start))
        # A component at exactly 0 has no position to fit.
        floor = 1e-3 * max(float(areas.max()), 1e-12)
        for j in range(lines.n):
            columns = np.flatnonzero(mapping.L[j])
            if len(columns) == 1:
                q[columns[0]] = max(areas[j], floor) / mapping.L[j, columns[0]]
    for spectrum in spectra:
        if spectrum.active:
            rise = float(spectrum.y[-3:].mean() - spectrum.y[:3].mean())
            total = max(float(np.trapezoid(spectrum.y - spectrum.y.min(), spectrum.x)), 1e-12)
            q = np.concatenate([q, [float(spectrum.y[:3].mean()), max(rise, 0.0) / total]])
            low, high = np.concatenate([low, [-np.inf, 0.0]]), np.concatenate([high, [np.inf, 1.0]])
    # Strictly inside: a trust region has no way out of a corner.
    span = np.where(np.isfinite(high - low), high - low, 1.0)
    return Start(np.clip(q, low + 1e-8 * span, high - 1e-8 * span), low, high)


def options(tolerance: float) -> dict[str, Any]:
    """Return the settings of `scipy.optimize.least_squares` that both ways share."""
    return {
        "x_scale": "jac",
        "ftol": tolerance,
        "xtol": 1e-10,
        "gtol": 1e-10,
        "max_nfev": MAX_EVALUATIONS,
    }
