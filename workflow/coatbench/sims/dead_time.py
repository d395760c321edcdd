"""Ions that arrive together are counted once: estimates of how many there were.

The detector registers at most one ion of a mass per primary-ion shot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    import numpy as np

    if shots < 1:
        raise ValueError("at least one shot per pixel")
    steps = shots / np.arange(shots, 0, -1.0)
    return np.concatenate([[0.0], np.cumsum(steps)])


def correct_spectrum(counts: np.ndarray, shots: float, dead_channels: int = 0) -> np.ndarray:
    """Correct a spectrum for dead time (Stephan, Zehnpfenning, Benninghoven, J. Vac. Sci. Technol. A 1994, 12, 405).

    Parameters
    ----------
    counts : numpy.ndarray
        Registered ions per time-of-flight channel, shape (n,).
    shots : float
        Primary-ion shots of the spectrum.
    dead_channels : int, optional
        Channels for which the detector is blind after an ion.

    Returns
    -------
    numpy.ndarray
        -N' ln(1 - counts / N'), with N' the shots in which the detector was not blind; NaN where every one of
        these registered an ion.
    """
    import numpy as np

    counts = np.asarray(counts, dtype=float)
    before = np.concatenate([[0.0], np.cumsum(counts)])
    index = np.arange(counts.size)
    blind = before[index] - before[np.maximum(index - dead_channels, 0)]
    ready = shots - blind
    return np.where(ready > 0, correct_peaks(counts, ready), np.nan)


def correct_peaks(counts: np.ndarray, shots: float | np.ndarray) -> np.ndarray:
    """Correct well separated peaks of a spectrum: -shots ln(1 - counts / shots); NaN where that cannot be."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = -shots * np.log1p(-np.asarray(counts, dtype=float) / shots)
    return np.where(np.isfinite(corrected), corrected, np.nan)
