"""The compiled pass over the pixels of two images: sums of fragment / total.

Pixels are dealt to 32 sums in turn, four to each at a time, and the sums added at the end: an order that fills the
processor's vectors without being reordered by the compiler. So the same counts give the same bits however regions are
divided among jobs, blocks and threads. Two images share each weight that is fetched.
"""

from __future__ import annotations

import numpy as np

from ..jit import compiled

LANES = 32
AT_ONCE = 4


@compiled
def ratio_sums(a: np.ndarray, b: np.ndarray, weight: np.ndarray, sums: np.ndarray) -> None:
    """Sum the ratios of two images to the total; what comes out for one does not depend on the other.

    Parameters
    ----------
    a, b : numpy.ndarray
        Counts of a fragment (y, x).
    weight : numpy.ndarray
        1 / total of each pixel (y, x), float64; 0 where there is no count.
    sums : numpy.ndarray
        Filled, float64 (2, 4): sums over pixels of counts * weight, of its square and of the counts; the largest count.
    """
    pixels_a, pixels_b, weights = a.ravel(), b.ravel(), weight.ravel()
    ratio = np.zeros((4, LANES))  # of a and b, then squared
    # Whole numbers are added as such, which is fast; `_count` sees to sums that do not fit.
    count_a, count_b = np.zeros((2, LANES), a.dtype), np.zeros((2, LANES), b.dtype)
    n = a.size // (AT_ONCE * LANES)
    whole = n * AT_ONCE * LANES
    va = pixels_a[:whole].reshape((n, AT_ONCE, LANES))
    vb = pixels_b[:whole].reshape((n, AT_ONCE, LANES))
    w = weights[:whole].reshape((n, AT_ONCE, LANES))
    for k in range(n):
        for i in range(LANES):
            ratio_a, squared_a, sum_a, largest_a = _four(va, w, k, i)
            ratio_b, squared_b, sum_b, largest_b = _four(vb, w, k, i)
            ratio[0, i] += ratio_a
            ratio[1, i] += ratio_b
            ratio[2, i] += squared_a
            ratio[3, i] += squared_b
            count_a[0, i] += sum_a
            count_b[0, i] += sum_b
            count_a[1, i] = max(count_a[1, i], largest_a)
            count_b[1, i] = max(count_b[1, i], largest_b)
    for p in range(whole, a.size):
        i = p % LANES
        q_a, q_b = pixels_a[p] * weights[p], pixels_b[p] * weights[p]
        ratio[0, i] += q_a
        ratio[1, i] += q_b
        ratio[2, i] += q_a * q_a
        ratio[3, i] += q_b * q_b
        count_a[0, i] += pixels_a[p]
        count_b[0, i] += pixels_b[p]
        count_a[1, i] = max(count_a[1, i], pixels_a[p])
        count_b[1, i] = max(count_b[1, i], pixels_b[p])
    sums[0, 0], sums[1, 0], sums[0, 1], sums[1, 1] = (
        ratio[0].sum(), ratio[1].sum(), ratio[2].sum(), ratio[3].sum(),
    )  # fmt: skip
    sums[0, 2], sums[0, 3] = _count(pixels_a, count_a)
    sums[1, 2], sums[1, 3] = _count(pixels_b, count_b)


@compiled
def _four(v: np.ndarray, w: np.ndarray, k: int, i: int) -> tuple[float, float, float, float]:
    v0, v1, v2, v3 = v[k, 0, i], v[k, 1, i], v[k, 2, i], v[k, 3, i]
    q0, q1, q2, q3 = v0 * w[k, 0, i], v1 * w[k, 1, i], v2 * w[k, 2, i], v3 * w[k, 3, i]
    return (
        (q0 + q1) + (q2 + q3), (q0 * q0 + q1 * q1) + (q2 * q2 + q3 * q3),
        (v0 + v1) + (v2 + v3), max(max(v0, v1), max(v2, v3)),
    )  # fmt: skip


@compiled
def _count(pixels: np.ndarray, lanes: np.ndarray) -> tuple[float, float]:
    """Return the sum and the largest of an image, added again where 32 bits may not have held a lane's sum."""
    largest = np.float64(lanes[1].max())
    total = 0.0
    if largest * (pixels.size // LANES + 1) < 2.0**32:
        for i in range(LANES):
            total += lanes[0, i]
    else:
        for i in range(pixels.size):
            total += pixels[i]
    return total, largest


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
