"""The compiled pass over the pixels of one image: sums of fragment / total.

Sums run down the columns, four rows at a time, and then over the columns: an order that fills the processor's
vectors and spares its memory without being reordered by the compiler. So the same counts give the same bits however regions are
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
    whole = ny - ny % 4
    for y in range(0, whole, 4):
        for x in range(nx):
            v0 = np.float64(counts[y, x])
            v1 = np.float64(counts[y + 1, x])
            v2 = np.float64(counts[y + 2, x])
            v3 = np.float64(counts[y + 3, x])
            q0 = v0 * weight[y, x]
            q1 = v1 * weight[y + 1, x]
            q2 = v2 * weight[y + 2, x]
            q3 = v3 * weight[y + 3, x]
            ratio[x] += (q0 + q1) + (q2 + q3)
            squared[x] += (q0 * q0 + q1 * q1) + (q2 * q2 + q3 * q3)
            count[x] += (v0 + v1) + (v2 + v3)
            largest[x] = max(largest[x], max(max(v0, v1), max(v2, v3)))
    for y in range(whole, ny):
        for x in range(nx):
            v0 = np.float64(counts[y, x])
            q0 = v0 * weight[y, x]
            ratio[x] += q0
            squared[x] += q0 * q0
            count[x] += v0
            largest[x] = max(largest[x], v0)
    return ratio.sum(), squared.sum(), count.sum(), largest.max()


@compiled
def inverse(total: np.ndarray, weight: np.ndarray) -> tuple[int, float, float]:
    """Fill `weight` with 1 / total, 0 where there is no count.

    Parameters
    ----------
    total : numpy.ndarray
        Counts (y, x).
    weight : numpy.ndarray
        Filled, float64 (y, x).

    Returns
    -------
    filled : int
        Pixels with counts.
    weights, counts : float
        Sums over pixels of the weight and of the counts.
    """
    ny, nx = total.shape
    weights = np.zeros(nx)
    counts = np.zeros(nx)
    filled = np.zeros(nx)
    for y in range(ny):
        for x in range(nx):
            value = np.float64(total[y, x])
            some = value > 0
            one = 1.0 / value if some else 0.0
            weight[y, x] = one
            weights[x] += one
            counts[x] += value
            filled[x] += some
    return int(filled.sum()), weights.sum(), counts.sum()
