"""Ions that arrive together are counted once: estimates of how many there were.

The detector registers at most one ion of a mass per primary-ion shot.
"""

from __future__ import annotations

import numpy as np


def harmonic_table(shots: int) -> np.ndarray:
    """Return the estimated ions of a pixel for 0 ... `shots` registered counts.

    With n shots and Poisson arrivals of mean m per pixel, c of n shots register. The usual -n ln(1 - c/n) is
    infinite at c = n and biased by several percent at n = 14; n (H_n - H_(n-c)), with harmonic numbers H, is
    finite and biased by less than 0.1 % up to one ion per shot: it is the mean of the c-th smallest of n
    standard exponential variables, and the rate at which c of n shots register is such a quantile.

    Returns
    -------
    numpy.ndarray
        Ions, shape (shots + 1,).
    """
    if shots < 1:
        raise ValueError("at least one shot per pixel")
    steps = shots / np.arange(shots, 0, -1.0)
    return np.concatenate([[0.0], np.cumsum(steps)])


def correct_peaks(counts: np.ndarray, shots: float | np.ndarray) -> np.ndarray:
    """Correct well separated peaks of a spectrum: -shots ln(1 - counts / shots); NaN where that cannot be.

    Stephan, Zehnpfenning, Benninghoven, J. Vac. Sci. Technol. A 1994, 12, 405.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = -shots * np.log1p(-np.asarray(counts, dtype=float) / shots)
    return np.where(np.isfinite(corrected), corrected, np.nan)
