"""Weights of fragments within their groups: equal, or from the first principal component.

The weighting by principal component analysis follows Hertle et al., ACS Appl. Mater. Interfaces 2024, 16, 9400, whose
scripts divide each fragment by its maximum. How loadings become weights is not published; the natural reading is taken:
the weight of a fragment is the magnitude of its loading on the first component. Because the scaling decides
much, every scaling is offered by name. `poisson`: Keenan and Kotula, Surf. Interface Anal. 2004, 36, 203.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EQUAL = "equal"
WEIGHTINGS = (EQUAL, "pca_none", "pca_max", "pca_autoscale", "pca_poisson")
# Those that the table of degradation always has; another one stands there when it is the headline.
STANDARD = (EQUAL, "pca_max", "pca_autoscale", "pca_poisson")


@dataclass(frozen=True)
class Components:
    """First two principal components of regions x fragments.

    Attributes
    ----------
    loadings : numpy.ndarray
        (2, fragment), oriented so that the loadings of each sum to at least 0: more of the fragments, a higher score.
    scores : numpy.ndarray
        (region, 2)
    explained : numpy.ndarray
        Fraction of the variance, (2,)
    """

    loadings: np.ndarray
    scores: np.ndarray
    explained: np.ndarray


def scaled(intensities: np.ndarray, weighting: str) -> np.ndarray:
    """Scale regions x fragments (any leading axes) and centre each fragment.

    `pca_none` leaves intensities as they are, `pca_max` divides by the fragment's maximum, `pca_autoscale` by its
    standard deviation, `pca_poisson` by the root of the region's mean times the fragment's mean, which makes counting
    noise even.
    """
    x = np.asarray(intensities, dtype=float)
    if weighting == "pca_none":
        by = np.ones(1)
    elif weighting == "pca_max":
        by = x.max(axis=-2, keepdims=True)
    elif weighting == "pca_autoscale":
        by = x.std(axis=-2, ddof=1, keepdims=True)
    elif weighting == "pca_poisson":
        by = np.sqrt(x.mean(axis=-1, keepdims=True) * x.mean(axis=-2, keepdims=True))
    else:
        raise ValueError(f"no such weighting: {weighting}")
    y = np.divide(x, by, out=np.zeros(x.shape), where=by > 0)
    return y - y.mean(axis=-2, keepdims=True)


def principal_components(intensities: np.ndarray, weighting: str) -> Components | None:
    """Return the first two components, or None where there are not enough regions or no differences."""
    x = scaled(intensities, weighting)
    if x.shape[0] < 3 or x.shape[1] < 2 or not np.any(x):
        return None
    _, singular, loadings = np.linalg.svd(x, full_matrices=False)
    loadings = loadings[:2] * np.where(loadings[:2].sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    return Components(loadings, x @ loadings.T, singular[:2] ** 2 / np.sum(singular**2))


def weights(intensities: np.ndarray, weighting: str) -> np.ndarray | None:
    """Return the weight of each fragment, summing to 1; None where a PCA cannot be made.

    Parameters
    ----------
    intensities : numpy.ndarray
        Regions x fragments, (..., n, k); leading axes are repetitions (of a bootstrap).
    weighting : str
        One of `WEIGHTINGS`.

    Returns
    -------
    numpy.ndarray or None
        (..., k)
    """
    x = np.asarray(intensities, dtype=float)
    k = x.shape[-1]
    if weighting == EQUAL:
        return np.full((*x.shape[:-2], k), 1.0 / k)
    y = scaled(x, weighting)
    if y.shape[-2] < 3 or k < 2 or not np.any(y):
        return None
    # Of k x k products only the largest eigenvector is needed: far quicker than a decomposition of all regions.
    _, vectors = np.linalg.eigh(np.swapaxes(y, -1, -2) @ y)
    magnitude = np.abs(vectors[..., -1])
    return magnitude / magnitude.sum(axis=-1, keepdims=True)
