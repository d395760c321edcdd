"""The compiled pass over the pixels of an image: sums of fragment / total, always in the order of the pixels."""

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
    counts, weights = image.ravel(), weight.ravel()
    ratio, squared, total, largest = 0.0, 0.0, 0.0, 0.0
    for p in range(counts.size):
        count = np.float64(counts[p])
        one = count * weights[p]
        ratio += one
        squared += one * one
        total += count
        largest = max(largest, count)
    return ratio, squared, total, largest
