"""The compiled pass over the pixels of one image: sums of fragment / total.

Sums run down the columns, row after row, and then over the columns: an order that fills the processor's
vectors without being reordered by the compiler. So the same counts give the same bits however regions are
divided among jobs, blocks and threads.
"""

from __future__ import annotations

import numpy as np

from ..jit import compiled


@compiled
def ratio_sums(counts: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float]:
    """Sum an image's ratios to the total.

    Parameters
    ----------
    counts : numpy.ndarray
        Counts of a fragment (y, x).
    weight : numpy.ndarray
        1 / total of each pixel (y, x), float64; 0 where there is no count.

    Returns
    -------
    ratio, ratio_squared, count, largest : float
        Sums over pixels of counts * weight, of its square and of the counts; the largest count.
    """
    ny, nx = counts.shape
    ratio = np.zeros(nx)
    squared = np.zeros(nx)
    count = np.zeros(nx)
    largest = np.zeros(nx)
    for y in range(ny):
        for x in range(nx):
            value = np.float64(counts[y, x])
            quotient = value * weight[y, x]
            ratio[x] += quotient
            squared[x] += quotient * quotient
            count[x] += value
            largest[x] = max(largest[x], value)
    return ratio.sum(), squared.sum(), count.sum(), largest.max()
