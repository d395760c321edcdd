"""Savitzky-Golay smoothing and maxima with their prominence, on numpy alone.

scipy.signal has both, but takes longer to import than a cell takes to analyse, and its coefficients for
wide windows are wrong since version 1.17 (they sum to nearly 0, scipy issue 25133). The tests hold these
functions against it where it is right.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

COEFFICIENT_TOLERANCE = 1e-6


@lru_cache(maxsize=64)
def _projection(window: int, polyorder: int) -> npt.NDArray:
    """Return the (window, window) matrix that fits a polynomial to a window and evaluates it there."""
    half = window // 2
    # Scaled to [-1, 1]: powers of the bare index lose all digits in wide windows.
    basis = np.vander(np.arange(-half, half + 1) / half, polyorder + 1, increasing=True)
    orthogonal, _ = np.linalg.qr(basis)
    return np.asarray(orthogonal @ orthogonal.T)


def savgol(values: npt.NDArray, window: int, polyorder: int) -> npt.NDArray:
    """Smooth with a Savitzky-Golay filter; the ends are the polynomial of the first and last window.

    Savitzky and Golay, Anal. Chem. 1964, 36, 1627.

    Parameters
    ----------
    values : (n,) array
        Equally spaced, n at least `window`.
    window : int
        Odd number of points, more than `polyorder`.
    polyorder : int

    Raises
    ------
    ValueError
        An even or too small window, or coefficients that do not preserve a constant.
    """
    if window % 2 == 0:
        raise ValueError(f"a Savitzky-Golay window must be odd, not {window}")
    if not polyorder < window <= values.size:
        raise ValueError(
            f"a Savitzky-Golay window must have more than {polyorder} and at most {values.size} points, "
            f"not {window}"
        )
    fit = _projection(window, polyorder)
    half = window // 2
    total = float(fit[half].sum())
    if abs(total - 1.0) > COEFFICIENT_TOLERANCE:
        raise ValueError(
            f"Savitzky-Golay coefficients for window {window}, order {polyorder} sum to {total:.3g}, not 1"
        )
    smooth = np.empty(values.size)
    smooth[half : values.size - half] = np.convolve(values, fit[half][::-1], mode="valid")
    smooth[:half] = fit[:half] @ values[:window]
    smooth[values.size - half :] = fit[half + 1 :] @ values[-window:]
    return smooth


def maxima(values: npt.NDArray, least: float) -> tuple[npt.NDArray[np.intp], npt.NDArray]:
    """Return local maxima and how far they stand out.

    Parameters
    ----------
    values : (n,) array
    least : float
        Smaller prominences are left out.

    Returns
    -------
    position : (m,) int array
        Middle of a flat top; the ends of the array are no maxima.
    prominence : (m,) array
        Height over the higher one of the two lowest points that lie between the maximum and higher ground
        (or the end) on either side.
    """
    starts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    ends = np.append(starts[1:], values.size)
    level = values[starts]
    top = np.zeros(starts.size, bool)
    top[1:-1] = (level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])
    position = (starts[top] + ends[top] - 1) // 2
    prominence = np.empty(position.size)
    for k, i in enumerate(position.tolist()):
        higher = np.flatnonzero(values > values[i])
        at = int(np.searchsorted(higher, i))
        low = int(higher[at - 1]) + 1 if at else 0
        high = int(higher[at]) if at < higher.size else values.size
        prominence[k] = values[i] - max(values[low : i + 1].min(), values[i:high].min())
    keep = prominence >= least
    return position[keep], prominence[keep]
