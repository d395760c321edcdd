"""The compiled pass over the pixels of an image: sums of fragment / total, in a fixed order; and blocks of pixels."""

from __future__ import annotations

import numpy as np

from ..jit import compiled


@compiled
def ratio_sums(image: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float]:
    """Sum the ratios of an image to what it is divided by.

    Parameters
    ----------
    image : numpy.ndarray
        Counts of a fragment (y, x).
    weight : numpy.ndarray
        What the counts of each pixel are multiplied by (y, x), float64; 0 where there is no ratio.

    Returns
    -------
    ratio, squared, counts, largest : float
        Sums over pixels of counts * weight, of its square and of the counts; the most counts in a pixel.
    """
    # A sum per column first: an addition need not wait for the one before it. The order is that of the image, whoever sums.
    ny, nx = image.shape
    ratio, squared = np.zeros(nx), np.zeros(nx)
    total, largest = 0, image[0, 0]
    for y in range(ny):
        counts, weights = image[y], weight[y]
        for x in range(nx):
            one = counts[x] * weights[x]
            ratio[x] += one
            squared[x] += one * one
        for x in range(nx):  # a loop of its own: whole numbers in any order
            total += counts[x]
            largest = max(largest, counts[x])
    return ratio.sum(), squared.sum(), np.float64(total), np.float64(largest)


def block_sums(image: np.ndarray, step: int) -> np.ndarray:
    """Return an image summed in blocks of step x step pixels; those at the far edges may hold fewer.

    >>> block_sums(np.ones((3, 4)), 2).tolist()
    [[4.0, 4.0], [2.0, 2.0]]
    """
    if step == 1:
        return image
    rows = np.add.reduceat(image, np.arange(0, image.shape[0], step), axis=0, dtype=float)
    return np.add.reduceat(rows, np.arange(0, image.shape[1], step), axis=1)
