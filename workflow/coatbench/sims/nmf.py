"""Pixels as sums of a few parts that are not negative: non-negative factorisation over the fragments that all samples have in common.

Counts are scaled for even Poisson noise: by the roots of the pixels' and of the fragments' means (Keenan and Kotula, Surf. Interface Anal.
2004, 36, 203). It works on the maps that are kept for figures, one sample at a time, so that memory does not grow with the study.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..curves import load_set
from ..errors import MissingExtraError
from ..quality import quality_of

FIT_PIXELS = 60_000  # at equal distances over all samples; the others are described by the parts that these give
ITERATIONS = 500


@dataclass
class Parts:
    """The parts of a study.

    Attributes
    ----------
    fragments : list of str
    loadings : numpy.ndarray
        (part, fragment) share of each fragment in a part's ions; rows sum to 1.
    maps : dict of sample to numpy.ndarray
        (part, y, x) share of the part in the pixel's ions of these fragments; NaN where there are none.
    shares : numpy.ndarray
        (part,) share of all ions.
    """

    fragments: list[str]
    loadings: np.ndarray
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    shares: np.ndarray = field(default_factory=lambda: np.zeros(0))


def factorise(
    curves: Sequence[str], regions: Sequence[Mapping[str, Any]], components: int, seed: int
) -> Parts | None:
    """Factorise the maps of all samples.

    Parameters
    ----------
    curves : sequence of str
        netCDF files with the set `maps`.
    regions : sequence of mapping
        Rows of sims_regions: which image is which fragment. Images without a group, and unusable ones, do not count.
    components : int
    seed : int

    Returns
    -------
    Parts or None
        None where fewer fragments than components are common to all samples.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    try:
        from sklearn.decomposition import NMF
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "sims", "sims.nmf_components") from error
    names = {
        (r["sample"], r["region"], int(r["number"])): r["fragment"]
        for r in regions
        if r["group"] and quality_of(r).usable
    }
    common: set[str] | None = None
    n_pixels = 0
    for _, found in _counts(curves, names):
        common = set(found) if common is None else common & set(found)
        n_pixels += next(iter(found.values())).size if found else 0
    fragments = [f for f in dict.fromkeys(names.values()) if f in (common or ())]
    if len(fragments) < components:
        return None
    step = max(1, -(-n_pixels // FIT_PIXELS))
    chosen = np.concatenate(
        [_matrix(found, fragments)[::step] for _, found in _counts(curves, names)]
    )
    chosen = chosen[chosen.sum(axis=1) > 0]
    of_fragment = np.sqrt(np.maximum(chosen.mean(axis=0), 1e-12))
    model = NMF(components, init="nndsvda", random_state=seed, max_iter=ITERATIONS, tol=1e-4)
    model.fit(chosen / _of_pixel(chosen) / of_fragment)
    unscaled = model.components_ * of_fragment
    sums = np.maximum(unscaled.sum(axis=1), 1e-300)
    parts = Parts(fragments, unscaled / sums[:, None])
    ions = np.zeros(components)
    for sample, found in _counts(curves, names):
        counts = _matrix(found, fragments)
        filled = counts.sum(axis=1) > 0
        scale = _of_pixel(counts[filled])
        scores = np.full((len(counts), components), np.nan)
        scores[filled] = model.transform(counts[filled] / scale / of_fragment) * scale * sums
        ions += np.nansum(scores, axis=0)
        with np.errstate(invalid="ignore"):
            share = scores / scores.sum(axis=1, keepdims=True)
        parts.maps[sample] = share.T.reshape(components, *next(iter(found.values())).shape)
    order = np.argsort(-ions, kind="stable")
    parts.loadings, parts.shares = parts.loadings[order], (ions / ions.sum())[order]
    parts.maps = {sample: maps[order] for sample, maps in parts.maps.items()}
    return parts


def _counts(
    curves: Sequence[str], names: Mapping[tuple[str, str, int], str]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Hand out (sample, {fragment: counts (y, x)}), one sample after the other."""
    for path in curves:
        maps: Arrays | None = load_set(path, "maps")
        if maps is None:
            continue
        sample, region = str(maps.attrs["sample"]), str(maps.attrs["region"])
        total = np.nan_to_num(maps["total_counts"])
        found = {
            names[key]: np.nan_to_num(maps["normalised_intensity"][i]) * total
            for i, number in enumerate(maps["number"])
            if (key := (sample, region, int(number))) in names
        }
        if found:
            yield sample, found


def _matrix(found: Mapping[str, np.ndarray], fragments: Sequence[str]) -> np.ndarray:
    return np.stack([found[f].ravel() for f in fragments], axis=1).astype(float)


def _of_pixel(counts: np.ndarray) -> np.ndarray:
    """Return the root of each pixel's mean, as a column."""
    return np.asarray(np.sqrt(counts.mean(axis=1, keepdims=True)))
